"""What makes an image believable: one row a rule; a catalog that breaks one is warned about and served all the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ims_mock.catalog.cloudimages import CLOUDIMAGES
from ims_mock.contract.fields import (
    BY_NAME,
    DESCRIPTION_LENGTH,
    FIELDS,
    NAME_LENGTH,
    TAG_LENGTH,
    is_description,
    is_name,
    nearest,
)
from ims_mock.contract.values import Value, quoted

Values = Mapping[str, Value | None]

_ASKED_FOR: Final = frozenset(extra.name for extra in CLOUDIMAGES.extras)
"""What the document does not name, and its newer list finds images by."""

_FIRST_WORD: Final = {
    "windows": ("windows",), "ubuntu": ("ubuntu",), "red hat": ("redhat", "red hat"), "suse": ("suse",),
    "centos": ("centos",), "debian": ("debian",), "opensuse": ("opensuse",), "oracle linux": ("oracle",),
    "fedora": ("fedora",), "coreos": ("coreos",), "euleros": ("euleros",), "openeuler": ("openeuler",),
}  # fmt: skip


@dataclass(frozen=True)
class Doubt:
    """One thing that no real image would show: the attribute, and what is odd about it."""

    name: str
    message: str


@dataclass(frozen=True)
class Rule:
    """One rule of a believable image: the attribute it warns at, what it says, and when it is broken.

    A rule that ``reads`` only attributes with few values among many images is asked once about the same ones.
    """

    name: str
    says: str
    is_broken: Callable[[Values], bool]
    reads: tuple[str, ...] = ()


_AUDIENCE: Final = ("__imagetype", "visibility", "protected", "virtual_env_type", "disk_format")
_SYSTEM: Final = ("__platform", "__os_type", "__os_version", "__os_bit")
_HARDWARE: Final = (
    "__support_kvm", "__support_xen", "__support_kvm_gpu_type", "__support_xen_gpu_type", "__support_xen_hana",
    "__support_kvm_infiniband", "__support_arm", "hw_firmware_type",
)  # fmt: skip


def _is(values: Values, name: str, *wanted: str) -> bool:
    value = values.get(name)
    return isinstance(value, str) and value.lower() in wanted


def _has(values: Values, name: str) -> bool:
    return values.get(name) is not None


def _text(values: Values, name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _tags(values: Values) -> tuple[str, ...]:
    value = values.get("tags")
    return value if isinstance(value, tuple) else ()


def _is_open(values: Values) -> bool:
    return _is(values, "__imagetype", "gold", "market")


def _iso_disagrees(values: Values) -> bool:
    if not (_has(values, "virtual_env_type") and _has(values, "disk_format")):
        return False
    return _is(values, "virtual_env_type", "isoimage") != _is(values, "disk_format", "iso")


def _bits_disagree(values: Values) -> bool:
    bits = re.search(r"(32|64)[ -]?bit", _text(values, "__os_version"))
    return bool(bits) and _has(values, "__os_bit") and bits is not None and bits[1] != values.get("__os_bit")


def _version_disagrees(values: Values) -> bool:
    platform = BY_NAME["__platform"].fold(_text(values, "__platform"))
    version = _text(values, "__os_version").lower()
    return bool(version) and platform in _FIRST_WORD and not version.startswith(_FIRST_WORD[platform])


def _is_no_json(values: Values) -> bool:
    return _has(values, "__os_feature_list") and not _is_object(_text(values, "__os_feature_list"))


@lru_cache(maxsize=256)  # images have few lists of features
def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _is_odd_size(values: Values) -> bool:
    size = values.get("__image_size")
    if not isinstance(size, str):
        return False
    is_queued = _is(values, "status", "queued", "saving")
    return not (size.isascii() and size.isdecimal()) or (size.strip("0") == "" and not is_queued)


EXCLUDES: Final = (
    ("__support_xen_gpu_type", ("__support_xen", "__support_kvm")),
    ("__support_kvm_gpu_type", ("__support_xen", "__support_kvm")),
    ("__support_xen_hana", ("__support_xen", "__support_kvm")),
    ("__support_kvm_infiniband", ("__support_xen",)),
)
"""What no image has together: an attribute, and those that it excludes."""


def _excludes(name: str, *others: str) -> Rule:
    return Rule(name, f"stands beside {' or '.join(others)}, which it excludes",
                lambda values: _has(values, name) and any(_has(values, other) for other in others), _HARDWARE)  # fmt: skip


RULES: Final = (
    Rule("visibility", "is not public on a gold or market image", lambda v: _is_open(v) and not _is(v, "visibility", "public"), _AUDIENCE),
    Rule("visibility", "is public on a private or shared image", lambda v: _is(v, "__imagetype", "private", "shared") and _is(v, "visibility", "public"), _AUDIENCE),
    Rule("protected", "is not true on a gold or market image", lambda v: _is_open(v) and v.get("protected") is not True, _AUDIENCE),
    Rule("__productcode", "stands on an image that is not of the market", lambda v: _has(v, "__productcode") and not _is(v, "__imagetype", "market")),
    Rule("__is_offshelved", "stands on an image that is not of the market", lambda v: _has(v, "__is_offshelved") and not _is(v, "__imagetype", "market")),
    Rule("virtual_env_type", "and disk_format disagree: IsoImage and iso belong together", _iso_disagrees, _AUDIENCE),
    *(_excludes(name, *others) for name, others in EXCLUDES),
    Rule("hw_firmware_type", "is not uefi on an ARM image", lambda v: _is(v, "__support_arm", "true") and not _is(v, "hw_firmware_type", "uefi"), _HARDWARE),
    Rule("__support_kvm", "stands on an ARM image", lambda v: _is(v, "__support_arm", "true") and _has(v, "__support_kvm"), _HARDWARE),
    Rule("__os_type", "and __platform disagree about Windows", lambda v: _has(v, "__platform") and _has(v, "__os_type") and _is(v, "__platform", "windows") != _is(v, "__os_type", "windows"), _SYSTEM),
    Rule("__os_version", "does not begin with the name of its __platform", _version_disagrees, _SYSTEM),
    Rule("__os_bit", "and the bits in __os_version disagree", _bits_disagree, _SYSTEM),
    Rule("active_at", "stands on an image that never was active", lambda v: _has(v, "active_at") and _is(v, "status", "queued", "saving")),
    Rule("updated_at", "lies before created_at", lambda v: _has(v, "updated_at") and _text(v, "updated_at") < _text(v, "created_at")),
    Rule("tags", f"holds a tag of more than {TAG_LENGTH} characters", lambda v: any(len(tag) > TAG_LENGTH for tag in _tags(v))),
    Rule("checksum", "stands on an image without data", lambda v: _has(v, "checksum") and _is(v, "status", "queued")),
    Rule("size", "stands on an image without data", lambda v: _has(v, "size") and _is(v, "status", "queued")),
    Rule("__image_size", "is not a decimal number above 0 (0 while queued)", _is_odd_size),
    Rule("__os_feature_list", "is not the JSON text of an object", _is_no_json),
    Rule("name", f"is not 1 to {NAME_LENGTH} letters, digits, '-', '.', '_' or spaces, none of them at an end",
         lambda v: _has(v, "name") and not (is_name(_text(v, "name")) and 1 <= len(_text(v, "name")) <= NAME_LENGTH)),
    Rule("__description", f"is longer than {DESCRIPTION_LENGTH} characters, or holds <, > or a carriage return",
         lambda v: len(_text(v, "__description")) > DESCRIPTION_LENGTH or not is_description(_text(v, "__description"))),
    Rule("min_disk", "is not 1 to 1024 GB", lambda v: isinstance(v.get("min_disk"), int) and not 1 <= int(str(v["min_disk"])) <= 1024),
)  # fmt: skip
"""The invariants of a believable image, each at the attribute that is warned about."""

_ENUMERATED: Final = {field.name: frozenset(map(str.lower, (*field.values, *field.seen_values))) for field in FIELDS if field.values}
_GROUPS: Final = (_AUDIENCE, _SYSTEM, _HARDWARE, tuple(name for name in _ENUMERATED if name not in (*_AUDIENCE, *_SYSTEM, *_HARDWARE)))
_OTHERS: Final = tuple(rule.is_broken for rule in RULES if not rule.reads)


def doubts(values: Values) -> Iterator[Doubt]:
    """Name everything about an image that no real one would show.

    Args:
        values: the image's values with all defaults filled in, free properties included.
    """
    return iter(()) if is_plainly_believable(values) else all_doubts(values)


def is_plainly_believable(values: Values) -> bool:
    """Whether there is certainly nothing odd about an image, found out quickly."""
    return (
        values.keys() <= BY_NAME.keys()
        and all(_do_agree(names, tuple(map(values.get, names))) for names in _GROUPS)
        and not any(is_broken(values) for is_broken in _OTHERS)
    )


@lru_cache(maxsize=8192)
def _do_agree(names: tuple[str, ...], given: tuple[Value | None, ...]) -> bool:
    """Whether nothing is odd about attributes that have few values among many images."""
    values = dict(zip(names, given, strict=True))
    are_legal = all(_is_legal(name, value) for name, value in values.items())
    return are_legal and not any(rule.is_broken(values) for rule in RULES if rule.reads == names)


def _is_legal(name: str, value: Value | None) -> bool:
    return name not in _ENUMERATED or not isinstance(value, str) or value.lower() in _ENUMERATED[name]


def all_doubts(values: Values) -> Iterator[Doubt]:
    """Ask every rule about an image."""
    for name in _ENUMERATED:
        value = values.get(name)
        if not _is_legal(name, value):
            field = BY_NAME[name]
            yield Doubt(name, f"{quoted(value)} is not one of {', '.join((*field.values, *field.seen_values))}")
    for name in values:
        if name not in BY_NAME:
            near = nearest(name)
            if near:
                yield Doubt(name, f"is no known attribute; did you mean {near}?")
            elif name.startswith("__") and name not in _ASKED_FOR:
                yield Doubt(name, "is no attribute that the document names")
    for rule in RULES:
        if rule.is_broken(values):
            value = values.get(rule.name)
            yield Doubt(rule.name, rule.says if value is None else f"{quoted(value)} {rule.says}")
