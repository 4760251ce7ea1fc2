"""Lint checks of images: values that no real image would have. Catalogs with such images are used with warnings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class LintWarning:
    """A value that no real image would have: the attribute, and what is implausible about it."""

    name: str
    message: str


@dataclass(frozen=True)
class Check:
    """One lint check.

    Attributes:
        name: The attribute that the warning is about.
        message: The warning, which follows the value of the attribute if it has one.
        fails: Returns whether an image is implausible.
    """

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

_EXTRA_NAMES: Final = frozenset(extra.name for extra in CLOUDIMAGES.extras)
"""Attributes that the document does not describe but ``/v2/cloudimages`` filters by."""

_VERSION_PREFIXES: Final = {
    "windows": ("windows",), "ubuntu": ("ubuntu",), "red hat": ("redhat", "red hat"), "suse": ("suse",),
    "centos": ("centos",), "debian": ("debian",), "opensuse": ("opensuse",), "oracle linux": ("oracle",),
    "fedora": ("fedora",), "coreos": ("coreos",), "euleros": ("euleros",), "openeuler": ("openeuler",),
}  # fmt: skip
"""How the ``__os_version`` of an image begins, by its ``__platform``; all in lower case."""


def lint(values: Values) -> Iterator[LintWarning]:
    """Return a warning for everything about an image that no real one would have.

    Args:
        values: The values of the image, including defaults and free properties.
    """
    for field in FIELDS:
        value, documented = values.get(field.name), (*field.values, *field.seen_values)
        if field.values and isinstance(value, str) and value.lower() not in map(str.lower, documented):
            yield LintWarning(field.name, f"{quoted(value)} is not one of {', '.join(documented)}")
    for name in values:
        if name not in BY_NAME:
            similar = nearest(name)
            if similar:
                yield LintWarning(name, f"is not a known attribute; did you mean {similar}?")
            elif name.startswith("__") and name not in _EXTRA_NAMES:
                yield LintWarning(name, "is not an attribute in the document")
    for check in CHECKS:
        if check.fails(values):
            value = values.get(check.name)
            yield LintWarning(check.name, check.message if value is None else f"{quoted(value)} {check.message}")


def _is(values: Values, name: str, *wanted: str) -> bool:
    return _text(values, name).lower() in wanted


def _has(values: Values, name: str) -> bool:
    return values.get(name) is not None


def _text(values: Values, name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _is_open(values: Values) -> bool:
    return _is(values, "__imagetype", "gold", "market")


def _has_no_data(values: Values) -> bool:
    return _is(values, "status", "queued")


def _mixes_iso(values: Values) -> bool:
    if not (_has(values, "virtual_env_type") and _has(values, "disk_format")):
        return False
    return _is(values, "virtual_env_type", "isoimage") != _is(values, "disk_format", "iso")


def _mixes_windows(values: Values) -> bool:
    if not (_has(values, "__platform") and _has(values, "__os_type")):
        return False
    return _is(values, "__platform", "windows") != _is(values, "__os_type", "windows")


def _version_of_other_platform(values: Values) -> bool:
    platform = BY_NAME["__platform"].fold(_text(values, "__platform"))
    version = _text(values, "__os_version").lower()
    return bool(version) and platform in _VERSION_PREFIXES and not version.startswith(_VERSION_PREFIXES[platform])


def _version_of_other_bits(values: Values) -> bool:
    bits = re.search(r"(32|64)[ -]?bit", _text(values, "__os_version"))
    return bits is not None and _has(values, "__os_bit") and bits[1] != values.get("__os_bit")


def _has_long_tag(values: Values) -> bool:
    tags = values.get("tags")
    return isinstance(tags, tuple) and any(len(tag) > TAG_LENGTH for tag in tags)


def _has_bad_image_size(values: Values) -> bool:
    if not _has(values, "__image_size"):
        return False
    size = _text(values, "__image_size")
    is_number = size.isascii() and size.isdecimal()
    return not is_number or (not size.strip("0") and not _is(values, "status", "queued", "saving"))


def _has_bad_features(values: Values) -> bool:
    if not _has(values, "__os_feature_list"):
        return False
    try:
        return not isinstance(json.loads(_text(values, "__os_feature_list")), dict)
    except (ValueError, RecursionError):
        return True


def _has_bad_name(values: Values) -> bool:
    name = _text(values, "name")
    return _has(values, "name") and not (is_name(name) and 1 <= len(name) <= NAME_LENGTH)


def _has_bad_description(values: Values) -> bool:
    description = _text(values, "__description")
    return len(description) > DESCRIPTION_LENGTH or not is_description(description)


def _has_bad_min_disk(values: Values) -> bool:
    size = values.get("min_disk")
    return isinstance(size, int) and not 1 <= size <= 1024


def _exclusion(name: str, others: tuple[str, ...]) -> Check:
    return Check(
        name,
        f"cannot be combined with {' or '.join(others)}",
        lambda values: _has(values, name) and any(_has(values, other) for other in others),
    )


def _only_on_market(name: str) -> Check:
    return Check(
        name,
        "belongs to market images only",
        lambda values: _has(values, name) and not _is(values, "__imagetype", "market"),
    )


def _only_with_data(name: str) -> Check:
    return Check(name, "belongs to images with data only", lambda values: _has(values, name) and _has_no_data(values))


CHECKS: Final = (
    Check("visibility", "is not public, as on every gold or market image",
          lambda values: _is_open(values) and not _is(values, "visibility", "public")),
    Check("visibility", "does not suit a private or shared image",
          lambda values: _is(values, "__imagetype", "private", "shared") and _is(values, "visibility", "public")),
    Check("protected", "is not true, as on every gold or market image",
          lambda values: _is_open(values) and values.get("protected") is not True),
    _only_on_market("__productcode"),
    _only_on_market("__is_offshelved"),
    Check("virtual_env_type", "does not match disk_format: IsoImage and iso belong together", _mixes_iso),
    *(_exclusion(name, others) for name, others in EXCLUSIONS),
    Check("hw_firmware_type", "is not uefi, as on every ARM image",
          lambda values: _is(values, "__support_arm", "true") and not _is(values, "hw_firmware_type", "uefi")),
    Check("__support_kvm", "cannot be combined with __support_arm",
          lambda values: _is(values, "__support_arm", "true") and _has(values, "__support_kvm")),
    Check("__os_type", "does not match __platform", _mixes_windows),
    Check("__os_version", "does not begin with the name of its __platform", _version_of_other_platform),
    Check("__os_bit", "does not match the bits in __os_version", _version_of_other_bits),
    Check("active_at", "belongs to images that have been active only",
          lambda values: _has(values, "active_at") and _is(values, "status", "queued", "saving")),
    Check("updated_at", "is before created_at",
          lambda values: _has(values, "updated_at") and _text(values, "updated_at") < _text(values, "created_at")),
    Check("tags", f"contains a tag of more than {TAG_LENGTH} characters", _has_long_tag),
    _only_with_data("checksum"),
    _only_with_data("size"),
    Check("__image_size", "is not a decimal number above 0 (0 while queued)", _has_bad_image_size),
    Check("__os_feature_list", "is not a JSON object", _has_bad_features),
    Check("name", f"is not 1 to {NAME_LENGTH} letters, digits, '-', '.', '_' or spaces (not at the ends)",
          _has_bad_name),
    Check("__description", f"is longer than {DESCRIPTION_LENGTH} characters or contains <, > or a carriage return",
          _has_bad_description),
    Check("min_disk", "is not 1 to 1024 GB", _has_bad_min_disk),
)  # fmt: skip
"""The relations between attributes that hold for every real image."""
