"""Lint checks of images: values that no real image would have. Catalogs with such images are used with warnings."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ims_mock.catalog.attribute_defaults import PUBLIC_TYPES
from ims_mock.contract import fields
from ims_mock.contract.fields import BY_NAME, FIELDS, KNOWN_NAMES
from ims_mock.contract.values import Value
from ims_mock.loading.schema import MEMBERS
from ims_mock.text import quoted

Values = Mapping[str, Value | None]


@dataclass(frozen=True)
class Check:
    """One lint check: an attribute, a warning that follows its value if it has one, and whether an image deserves it."""

    name: str
    message: str
    fails: Callable[[Values], bool]


EXCLUSIONS: Final = (
    ("__support_xen_gpu_type", ("__support_xen", "__support_kvm")),
    ("__support_kvm_gpu_type", ("__support_xen", "__support_kvm")),
    ("__support_xen_hana", ("__support_xen", "__support_kvm")),
    ("__support_kvm_infiniband", ("__support_xen",)),
)
"""Attributes, each with others that no image has at the same time."""

_MAX_NAMES: Final = 500  # different unknown names that are compared with known ones, which is slow
_SHORT_NAME: Final = 5  # the length of names in which two swapped letters or a wrong one are a large part
_QUEENS_VALUES: Final = {"visibility": ("community",)}  # of Glance's release Queens; the service does not document them
_VERSION_PREFIXES: Final = {
    "windows": ("windows",), "ubuntu": ("ubuntu",), "red hat": ("redhat", "red hat"), "suse": ("suse",),
    "centos": ("centos",), "debian": ("debian",), "opensuse": ("opensuse",), "oracle linux": ("oracle",),
    "fedora": ("fedora",), "coreos": ("coreos",), "euleros": ("euleros",), "openeuler": ("openeuler",),
}  # fmt: skip
"""How the ``__os_version`` of an image begins, by its ``__platform``; all in lower case."""


class Spelling(dict[str, str | None]):
    """The known names that unknown ones most likely mean, for the first few hundred different ones."""

    def __missing__(self, name: str) -> str | None:
        if len(self) >= _MAX_NAMES:
            return None
        self[name] = fields.nearest(name, {*KNOWN_NAMES, MEMBERS}, cutoff=0.75 if len(name) <= _SHORT_NAME else 0.8)
        return self[name]


def lint(values: Values, spelling: Spelling | None = None) -> Iterator[tuple[str, str]]:
    """Return an attribute and a warning for everything about an image that no real one would have.

    Its values include defaults and free properties. ``spelling`` finds similar names; the images of a load share it.
    """
    spelling = Spelling() if spelling is None else spelling
    for field in FIELDS:
        value, known = values.get(field.name), (*field.known_values, *_QUEENS_VALUES.get(field.name, ()))
        if known and isinstance(value, str) and value.lower() not in map(str.lower, known):
            yield field.name, f"{quoted(value)} is not one of {', '.join(known)}"
    for name in (name for name in values if name not in BY_NAME):
        if isinstance(values[name], list | dict):
            yield name, "is a list or a mapping, and clients expect text; it is kept"
        if name in KNOWN_NAMES:
            continue
        if similar := spelling[name]:
            yield name, f"is not a known attribute; did you mean {similar}?"
        elif name.startswith("__"):
            yield name, "is not an attribute in the document"
    for check in CHECKS:
        if check.fails(values):
            value = values.get(check.name)
            yield check.name, check.message if value is None else f"{quoted(value)} {check.message}"


def _is(values: Values, name: str, *wanted: str) -> bool:
    return _text(values, name).lower() in wanted


def _has(values: Values, name: str) -> bool:
    return values.get(name) is not None


def _text(values: Values, name: str) -> str:
    return str(values.get(name) or "")


def is_open(values: Values) -> bool:
    """Return whether an image is a gold or market image, which everybody sees."""
    return _is(values, "__imagetype", *PUBLIC_TYPES)


def _disagree(values: Values, name: str, value: str, other: str, other_value: str) -> bool:
    """Return whether only one of two attributes has a value that belongs to a value of the other one."""
    return _has(values, name) and _has(values, other) and _is(values, name, value) != _is(values, other, other_value)


def _has_version_of_other_platform(values: Values) -> bool:
    platform = BY_NAME["__platform"].fold(_text(values, "__platform"))
    version = _text(values, "__os_version").lower()
    return bool(version) and platform in _VERSION_PREFIXES and not version.startswith(_VERSION_PREFIXES[platform])


def _has_version_of_other_bits(values: Values) -> bool:
    bits = re.search(r"(32|64)[ -]?bit", _text(values, "__os_version"))
    return bits is not None and _has(values, "__os_bit") and bits[1] != values.get("__os_bit")


def _has_bad_image_size(values: Values) -> bool:
    size = _text(values, "__image_size")
    is_number = size.isascii() and size.isdecimal()
    return not is_number or (not size.strip("0") and not _is(values, "status", "queued", "saving"))


def _has_bad_features(values: Values) -> bool:
    try:
        return not isinstance(json.loads(_text(values, "__os_feature_list")), dict)
    except (ValueError, RecursionError):
        return True


def _if_set(name: str, message: str, fails: Callable[[Values], bool]) -> Check:
    """Return a check of images that have an attribute."""
    return Check(name, message, lambda values: _has(values, name) and fails(values))


def _value(name: str, message: str, is_plausible: Callable[[Any], bool]) -> Check:
    return _if_set(name, message, lambda values: not is_plausible(values[name]))


def _exclusion(name: str, others: tuple[str, ...]) -> Check:
    message = f"cannot be combined with {' or '.join(others)}"
    return _if_set(name, message, lambda values: any(_has(values, other) for other in others))


CHECKS: Final = (
    Check("visibility", "is not public, as on every gold or market image", lambda one: is_open(one) and not _is(one, "visibility", "public")),
    Check("visibility", "does not suit a private or shared image", lambda one: _is(one, "__imagetype", "private", "shared") and _is(one, "visibility", "public")),
    Check("protected", "is not true, as on every gold or market image", lambda one: is_open(one) and one.get("protected") is not True),
    Check("__productcode", "belongs to market images only", lambda one: bool(_text(one, "__productcode")) and not _is(one, "__imagetype", "market")),
    Check("__is_offshelved", "belongs to market images only", lambda one: _text(one, "__is_offshelved") not in ("", "false") and not _is(one, "__imagetype", "market")),
    Check("virtual_env_type", "does not match disk_format: IsoImage and iso belong together", lambda one: _disagree(one, "virtual_env_type", "isoimage", "disk_format", "iso")),
    *(_exclusion(name, others) for name, others in EXCLUSIONS),
    Check("hw_firmware_type", "is not uefi, as on every ARM image; add hw_firmware_type: uefi", lambda one: _is(one, "__support_arm", "true") and not _is(one, "hw_firmware_type", "uefi")),
    _if_set("__support_kvm", "cannot be combined with __support_arm", lambda one: _is(one, "__support_arm", "true")),
    Check("__os_type", "does not match __platform", lambda one: _disagree(one, "__platform", "windows", "__os_type", "windows")),
    Check("__os_version", "does not begin with the name of its __platform", _has_version_of_other_platform),
    Check("__os_bit", "does not match the bits in __os_version", _has_version_of_other_bits),
    _if_set("active_at", "belongs to images that have been active only", lambda one: _is(one, "status", "queued", "saving")),
    _if_set("updated_at", "is before created_at", lambda one: _text(one, "updated_at") < _text(one, "created_at")),
    _value("tags", f"contains a tag of more than {fields.TAG_LENGTH} characters", lambda tags: all(len(tag) <= fields.TAG_LENGTH for tag in tags)),
    *(_if_set(name, "belongs to images with data only", lambda one: _is(one, "status", "queued")) for name in ("checksum", "size")),
    _if_set("__image_size", "is not a decimal number above 0 (0 while queued)", _has_bad_image_size),
    _if_set("__os_feature_list", "is not a JSON object", _has_bad_features),
    _value("name", f"is not 1 to {fields.NAME_LENGTH} letters, digits, '-', '.', '_' or spaces (not at the ends)", lambda name: fields.is_name(name) and 1 <= len(name) <= fields.NAME_LENGTH),
    _value("__description", f"is longer than {fields.DESCRIPTION_LENGTH} characters or contains <, > or a carriage return", lambda text: len(text) <= fields.DESCRIPTION_LENGTH and bool(re.fullmatch(fields.DESCRIPTION_PATTERN, text))),
    _if_set("min_disk", "is not 1 to 1024 GB", lambda one: not (0 if _is(one, "disk_format", "iso") else 1) <= int(str(one["min_disk"])) <= 1024),
)
"""The relations between attributes that hold for every real image."""
