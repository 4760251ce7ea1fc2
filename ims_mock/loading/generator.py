"""The generator of plausible images: a seeded stream for catalogs, and a Faker provider for any test suite.

An image starts as a variant drawn from :mod:`ims_mock.loading.generator_data`. Values that the caller fixes restrict
the variants first, so that what is drawn agrees with them. Optional attributes are added last, with the frequency
``share`` of the attribute table.

A seed gives the same images on every version of Python and Faker. Therefore only ``random.Random.random()`` is used,
the one method whose sequence Python guarantees, and of Faker only the base class and its generator.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Final, TypeVar

from faker.providers import BaseProvider

from ims_mock.auth.credentials import DEFAULT_PROJECT
from ims_mock.catalog.attribute_defaults import SERVICE_PROJECT
from ims_mock.catalog.image import image_id, random_uuid
from ims_mock.contract.fields import BY_NAME, FIELDS, Field
from ims_mock.contract.operating_systems import SYSTEMS, system_of
from ims_mock.contract.values import BOOLEAN, INTEGER, LINK, LIST, TIME, ValueType, parse_wire_time, read_time
from ims_mock.loading import generator_data as data
from ims_mock.loading.generator_data import Choices, Random, Values, Variant
from ims_mock.text import quoted

T = TypeVar("T")


def _pick(random: Random, rows: Sequence[T]) -> T:
    return rows[int(random() * len(rows))]


def _hex(random: Random) -> str:
    return f"{int(random() * 2**48) << 80 | int(random() * 2**48) << 32 | int(random() * 2**32):032x}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


# --- fixed values and what follows from them

_DRAWN: Final = frozenset(name for group in data.GROUPS for name in group)
_VERSIONS: Final = {system.os_version.lower(): system.os_version for system in SYSTEMS}
_OF_MARKET_IMAGES: Final = ("__productcode", "__is_offshelved", "__account_code")
_ENTERPRISE_PROJECT: Final = ("enterprise_project_id", "_sys_enterprise_project_id")
_OF_PRIVATE_IMAGES: Final = ("__backup_id", "__root_origin", "__system__cmkid", *_ENTERPRISE_PROJECT)
_OF_ACTIVE_IMAGES: Final = ("active_at", *data.STORED_DATA)


class _Constraints:
    """The values that a caller fixes, and what follows from them."""

    def __init__(self, fixed: Mapping[str, object]) -> None:
        self.given: Values = {name: value for name, value in fixed.items() if value is not None}
        self.absent = fixed.keys() - self.given.keys()
        for name in self.given:
            if name in BY_NAME and BY_NAME[name].type is LINK:
                raise ValueError(f"{name} is computed from the id and cannot be fixed. Use any other attribute.")
        self.known = {name: _documented_spelling(name, value) for name, value in self.given.items()}
        if any(name in self.known for name in _OF_ACTIVE_IMAGES):
            self.known.setdefault("status", "active")
        self.variants = _agreeing_variants(self.known)
        self.times = _fixed_times(self.known)


def _documented_spelling(name: str, value: object) -> object:
    """Return a value as the attribute table spells it; unknown values are returned unchanged."""
    if not isinstance(value, str) or name not in BY_NAME:
        return value
    if name == "__os_version":
        return _VERSIONS.get(value.lower(), value)
    field = BY_NAME[name]
    return next((one for one in field.known_values if field.fold(one) == field.fold(value)), value)


def _agreeing_variants(known: Values) -> Choices[Variant]:
    wanted: Values = {name: value for name, value in known.items() if name in _DRAWN and isinstance(value, str | int)}
    version = wanted.get("__os_version")
    if isinstance(version, str) and version not in _VERSIONS.values():
        del wanted["__os_version"]
        wanted = {**data.system_values(system_of(version)), **wanted}
    implied = _implied_type(known)
    image_type = {name: value for name, value in {**implied, **wanted}.items() if name in data.IMAGE_TYPE}
    if implied and data.matching_rows(image_type, *(variant[0] for variant in data.VARIANTS.rows)):
        wanted |= image_type
    return data.variants_with(wanted)


def _implied_type(known: Values) -> Values:
    """Return the image type or visibility that other attributes imply, if any."""
    if any(name in known for name in _OF_MARKET_IMAGES):
        return {"__imagetype": "market"}
    if "members" in known:
        return {"__imagetype": "shared"}
    if known.get("owner") == SERVICE_PROJECT:
        return {"visibility": "public"}
    is_active = known.get("status", "active") == "active"
    is_private = "owner" in known or not is_active or any(name in known for name in _OF_PRIVATE_IMAGES)
    return {"__imagetype": "private"} if is_private else {}


# --- status and times

_TIMES: Final = ("created_at", "active_at", "updated_at")
_START: Final = datetime(2018, 1, 1)
_END: Final = int((datetime(2023, 11, 13) - _START).total_seconds())
_LAST_SECOND: Final = int((datetime(9999, 12, 31, 23, 59, 59) - _START).total_seconds())

_STATUSES: Final = Choices((94.9, "active"), (3.4, "queued"), (1.7, "saving"))  # of images that are not public
_STATUSES_WITHOUT_DATA: Final = ("queued", "saving", "killed", "uploading", "importing")


def _fixed_times(known: Values) -> dict[str, int]:
    """Return the fixed times in seconds since the start. Values that are not times are ignored."""
    seconds: dict[str, int] = {}
    for name in known.keys() & {*_TIMES}:
        with suppress(ValueError):
            time = parse_wire_time(read_time(known[name])).replace(tzinfo=None)
            seconds[name] = int((time - _START).total_seconds())
    return seconds


def _wire_time(second: int) -> str:
    return f"{(_START + timedelta(seconds=min(second, _LAST_SECOND))).isoformat()}Z"


def _add_status(image: Values, random: Random, constraints: _Constraints) -> None:
    """Add the status, the times and the size, and remove the stored data of images without data."""
    if "status" not in image:
        image["status"] = "active" if image["visibility"] == "public" else _STATUSES.draw(random)
    created, active, updated = (constraints.times.get(name) for name in _TIMES)
    if created is None:
        latest = min([_END - 86_400, *constraints.times.values()])
        created = int(random() * latest) if latest > 0 else latest
    if active is None:
        active = created + 60 + int(random() * 9_000)
        active = active if updated is None else max(created, min(active, updated))
    if updated is None:
        delay = random()
        updated = active + int(delay * delay * delay * max(_END - active, 60))  # pow() differs between platforms
    image.setdefault("created_at", _wire_time(created))
    image.setdefault("updated_at", _wire_time(updated))
    fraction = random()
    size = "0" if image["status"] == "queued" else str(int(3e8 + fraction * fraction * 1.2e10))
    if image["status"] in _STATUSES_WITHOUT_DATA:
        for name in {*data.STORED_DATA} - constraints.known.keys():
            del image[name]
    else:
        image.setdefault("active_at", _wire_time(active))
    image.setdefault("__image_size", size)


# --- owner, members and tags

_MEMBER_STATUSES: Final = Choices((60, "accepted"), (25, "pending"), (15, "rejected"))


def _other_projects(seed: int) -> tuple[str, ...]:
    return tuple(_digest(f"{seed}/project/{number}")[:32] for number in range(3))


def _tags(random: Random, count: int) -> list[str]:
    first = int(random() * len(data.TAGS))
    return [_pick(random, data.TAGS[(first + 2 * step) % len(data.TAGS)]) for step in range(count)]


def _add_owner(image: Values, random: Random, project: str, others: Sequence[str]) -> None:
    """Add the owner, the members, the tags and the attributes of market images."""
    image_type, is_public = image["__imagetype"], image["visibility"] == "public"
    if "owner" not in image:
        is_own = image_type == "private" and random() < 0.8
        image["owner"] = SERVICE_PROJECT if is_public else project if is_own else _pick(random, others)
    if "members" not in image and not is_public and "shared" in (image_type, image["visibility"]):
        member, *further = (one for one in (project, *others) if one != image["owner"])
        members = [member, _pick(random, further)] if random() < 0.2 else [member]
        image["members"] = {one: _MEMBER_STATUSES.draw(random) for one in members}
    image.setdefault("tags", _tags(random, 1 + int(random() * 3)) if not is_public and random() < 0.6 else [])
    if image_type == "market":
        image.setdefault("__productcode", _hex(random))
        image.setdefault("__is_offshelved", "true" if random() < 0.05 else "false")
        image.setdefault("__account_code", _hex(random)[:12].upper() if random() < 0.3 else "")


def _system_labels(image: Values) -> tuple[str, str]:  # in English and in Chinese
    version = image.get("__os_version")
    return system_of(str(version or f"{image.get('__platform') or image['__os_type']} {image['__os_bit']}bit")).labels


def _name_suffix(image: Values) -> str:
    if "__support_xen_hana" in image:
        return " for SAP HANA"
    if "__support_xen_gpu_type" in image or "__support_kvm_gpu_type" in image:
        return " with GPU"
    if image.get("__support_arm") == "true":
        return " with ARM"
    return " for BareMetal" if image["virtual_env_type"] == "Ironic" else ""


def _name(random: Random, image: Values) -> str:
    by_environment, by_type = (data.NAMES.get(str(image[name])) for name in ("virtual_env_type", "__imagetype"))
    number = int(random() * 65536)
    pattern = _pick(random, by_environment or by_type or data.NAMES["private"])
    english, chinese = (label + _name_suffix(image) for label in _system_labels(image))
    date = str(image["created_at"])[:10].replace("-", "")
    return pattern.format(
        os=english, os_zh=chinese, n=1 + number % 20, number=number, date=date, disk=image["min_disk"]
    )


_MakeValue = Callable[[Random, Values], object]


def _among(*values: str) -> _MakeValue:
    return lambda random, _: _pick(random, values)


def _sample(field: Field) -> _MakeValue:
    """Return a function that makes values for an attribute that the generator knows nothing else about."""
    pick = _among(*field.values or ("sample",))
    by_type: dict[ValueType, _MakeValue] = {
        INTEGER: lambda random, _: int(random() * 64),
        BOOLEAN: lambda random, _: random() < 0.5,
        TIME: lambda _, image: image["created_at"],
        LIST: lambda random, image: [pick(random, image)],
    }
    return by_type.get(field.type, pick)


def _make_uuid(random: Random, _: Values) -> str:
    return random_uuid(_hex(random))


def _enterprise_project(random: Random, image: Values) -> str:
    return "0" if random() < 0.4 else _make_uuid(random, image)


def _data_origin(random: Random, image: Values) -> str:
    parent = image.get("__originalimagename")
    if parent is None and random() < 0.6:
        return f"instance,{_make_uuid(random, image)}"
    return f"image,{_pick(random, data.REGION_NAMES)},{parent or _make_uuid(random, image)}"


def _original_image(random: Random, image: Values) -> str:
    kind, _, parent = str(image.get("__data_origin", "")).rpartition(",")
    return parent if kind.startswith("image,") else _make_uuid(random, image)


def _location(random: Random, image: Values) -> str:
    region, key = _pick(random, data.REGION_NAMES), _hex(random)
    return f"obs.{region}.myhuaweicloud.com:443:ims-{key[:8]}:{key[8:]}.{image['disk_format']}"


def _description(random: Random, image: Values) -> str:
    patterns = data.PUBLIC_DESCRIPTIONS if image["visibility"] == "public" else data.PRIVATE_DESCRIPTIONS
    english, chinese = _system_labels(image)
    return _pick(random, patterns).format(os=english, os_zh=chinese, n=1 + int(random() * 12))


@dataclass(frozen=True)
class _Optional:
    """An optional attribute: which images may have it, its value, and the attributes that exclude it."""

    name: str
    make: _MakeValue
    image_types: tuple[str, ...] = ("private", "shared", "market", "gold")
    environments: tuple[str, ...] = ("FusionCompute", "Ironic", "DataImage", "IsoImage")
    excludes: tuple[str, ...] = ()


_OWN: Final = ("private", "shared")
_OWN_OR_MARKET: Final = (*_OWN, "market")
_DISK: Final = ("FusionCompute", "Ironic", "DataImage")
_IMPORTED: Final = ("__root_origin", "__backup_id")
_DERIVED: Final = ("__data_origin", "__originalimagename")

_KNOWN_OPTIONALS: Final = (
    _Optional("__root_origin", _among("file"), _OWN, excludes=("__backup_id", *_DERIVED)),
    _Optional("__backup_id", _make_uuid, _OWN, _DISK, excludes=("__root_origin", *_DERIVED)),
    _Optional("__data_origin", _data_origin, _OWN_OR_MARKET, _DISK, excludes=_IMPORTED),
    _Optional("__originalimagename", _original_image, _OWN_OR_MARKET, _DISK, excludes=_IMPORTED),
    _Optional("__system__cmkid", _make_uuid, ("private",), _DISK, excludes=("members",)),
    _Optional("__sequence_num", _among("0"), _OWN, ("FusionCompute",)),
    _Optional("enterprise_project_id", _enterprise_project, _OWN, excludes=("_sys_enterprise_project_id",)),
    _Optional("__image_location", _location),
    _Optional("__description", _description),
)
_INDEPENDENT: Final = {name for choices in data.INDEPENDENT["FusionCompute"] for row in choices.rows for name in row}
_MADE_HERE: Final = frozenset(
    {"id", "name", "owner", "status", "tags", "__image_size", *_TIMES, *_OF_MARKET_IMAGES, *_ENTERPRISE_PROJECT}
)
_OPTIONALS: Final = (
    *_KNOWN_OPTIONALS,
    *(  # a new attribute needs no more than its row in the table
        _Optional(field.name, _sample(field))
        for field in FIELDS
        if field.type is not LINK
        and field.share != 0
        and field.name not in _MADE_HERE | _DRAWN | _INDEPENDENT | {optional.name for optional in _KNOWN_OPTIONALS}
    ),
)
"""The optional attributes, those that others depend on first."""


def _add_optionals(image: Values, random: Random) -> None:
    image_type, environment = image["__imagetype"], image["virtual_env_type"]
    for optional in _OPTIONALS:
        is_possible = image_type in optional.image_types and environment in optional.environments
        is_drawn = is_possible and random() < data.share_of(optional.name)
        if is_drawn and image.keys().isdisjoint((optional.name, *optional.excludes)):
            image[optional.name] = optional.make(random, image)
    for name, copied in (_ENTERPRISE_PROJECT, _ENTERPRISE_PROJECT[::-1]):
        if name in image:
            image.setdefault(copied, image[name])


def _image(random: Random, constraints: _Constraints, image_id: str, project: str, others: Sequence[str]) -> Values:
    image: Values = {"id": image_id, "name": ""}
    for choices in constraints.variants.draw(random):
        image |= choices.draw(random)
    image |= constraints.known
    for choices in data.INDEPENDENT.get(str(image["virtual_env_type"]), data.INDEPENDENT["DataImage"]):
        image |= choices.draw(random)
    image |= constraints.known
    _add_status(image, random, constraints)
    _add_owner(image, random, project, others)
    _add_optionals(image, random)
    if "name" not in constraints.known:
        image["name"] = _name(random, image)
    for name, value in constraints.given.items():
        image[name] = list(value) if isinstance(value, tuple) else deepcopy(value)  # images share no mutable values
    for name in constraints.absent:
        image.pop(name, None)
    return image


def generate(
    count: int, seed: int, *, first: int = 0, project: str, fixed: Mapping[str, object] = MappingProxyType({})
) -> Iterator[Values]:
    """Return a stream of plausible images in the form of a catalog file, including all defaults.

    Args:
        count: The number of images.
        seed: Any integer. The same seed gives the same images, whatever ``count`` and ``first`` are.
        first: The index of the first image in the whole catalog, which the ids are derived from.
        project: The owner of most private images, and a member of images that other projects share.
        fixed: Values that every image has, by attribute; other values follow from them. ``None`` removes an attribute
            and changes nothing else. Contradictory values are kept as given.

    Returns:
        Dictionaries that share nothing. Shared images have ``members``, a mapping of projects to member statuses.

    Raises:
        ValueError: A computed link is fixed.
    """
    constraints = _Constraints(fixed)
    # the seed is hashed because Random(-7) has the same sequence as Random(7)
    draw, others = random.Random(int(_digest(f"{seed}/values"), 16)).random, _other_projects(seed)
    return (_image(draw, constraints, image_id(seed, index), project, others) for index in range(first, first + count))


class ImageProvider(BaseProvider):
    """A Faker provider of images: ``fake.add_provider(ImageProvider)``, then ``fake.image()``.

    It replaces Faker's own ``image``, which returns pictures.
    """

    def image(self, *, project: str = DEFAULT_PROJECT, **fixed: object) -> Values:
        """Return a plausible image with fixed values as :func:`generate` does, without ``members`` unless fixed."""
        draw = self.generator.random.random
        image = _image(draw, _Constraints(fixed), random_uuid(_hex(draw)), project, _other_projects(0))
        if "members" not in fixed:
            image.pop("members", None)
        return image

    def image_name(self) -> str:
        """Return the name of a plausible image, in English or Chinese."""
        return str(self.image()["name"])

    def image_os_version(self, platform: str | None = None) -> str:
        """Return a documented ``__os_version``, optionally of one platform; without any, it is a ``ValueError``."""
        fold = BY_NAME["__platform"].fold
        versions = [one.os_version for one in SYSTEMS if platform is None or fold(one.platform) == fold(platform)]
        if not versions:
            legal = ", ".join(dict.fromkeys(one.platform for one in SYSTEMS))
            raise ValueError(f"Invalid platform {quoted(platform)}: no documented version. Use one of {legal}.")
        return _pick(self.generator.random.random, versions)

    def image_tag(self) -> str:
        """Return one tag: usually ``key=value``, sometimes ``key.value`` or ``key``."""
        return _tags(self.generator.random.random, 1)[0]
