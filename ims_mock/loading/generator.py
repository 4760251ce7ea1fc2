"""Seeded, believable images: a stream of them for catalogs, and a Faker provider for anyone's tests.

An image begins as one variety of what a region holds (:mod:`ims_mock.region`). Values that the caller fixes narrow the
region first, so what is drawn agrees with them; optional attributes then come as often as the table's ``share`` says.

The same seed gives the same bytes on every Python and with every Faker. So of ``random.Random`` only ``random()`` is
used, the one method whose sequence Python promises to keep, and of Faker only the base class and its generator.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Final, TypeVar

from faker.providers import BaseProvider

from ims_mock.auth.credentials import DEFAULT_PROJECT
from ims_mock.catalog.defaults import SERVICE_PROJECT
from ims_mock.catalog.image import image_id, random_uuid
from ims_mock.contract.fields import BY_NAME, FIELDS
from ims_mock.contract.operating_systems import SYSTEMS, system_of
from ims_mock.contract.values import LINK, parse_time, parse_wire_time, quoted
from ims_mock.loading import generator_data as region
from ims_mock.loading.generator_data import REGION, Draw, Pool, Values, Variety, share_of

T = TypeVar("T")


def _pick(draw: Draw, rows: Sequence[T]) -> T:
    return rows[int(draw() * len(rows))]


def _hex(draw: Draw) -> str:
    return f"{int(draw() * 2**48) << 80 | int(draw() * 2**48) << 32 | int(draw() * 2**32):032x}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


# --- what is fixed, and what follows from it ------------------------------------------------------

_DRAWN: Final = frozenset(name for axis in region.AXES for name in axis)
_VERSIONS: Final = {system.os_version.lower(): system.os_version for system in SYSTEMS}
_ON_MARKET: Final = ("__productcode", "__is_offshelved", "__account_code")
_ENTERPRISE: Final = ("enterprise_project_id", "_sys_enterprise_project_id")
_TWINS: Final = (_ENTERPRISE, _ENTERPRISE[::-1])
_ON_PRIVATE: Final = ("__backup_id", "__root_origin", "__system__cmkid", *_ENTERPRISE)
_ONCE_ACTIVE: Final = ("active_at", *region.STUB)


@dataclass(frozen=True)
class _Recipe:
    """What a caller fixes.

    Attributes:
        given: the values as given.
        known: the same as the table spells them.
        times: when an image was created, became active and last changed, where that is among them.
        latest: when the image is created at the latest.
        absent: the attributes that no image is to have.
        region: what agrees with them.
    """

    given: Values
    known: Values
    times: tuple[int | None, int | None, int | None]
    latest: int
    absent: frozenset[str]
    region: Pool[Variety]


def _spelled(name: str, value: object) -> object:
    """Write a value as the table does, whatever its case; unknown ones stay as they are."""
    if not isinstance(value, str) or name not in BY_NAME:
        return value
    if name == "__os_version":
        return _VERSIONS.get(value.lower(), value)
    row = BY_NAME[name]
    return next((one for one in (*row.values, *row.seen_values) if row.fold(one) == row.fold(value)), value)


def _audience_of(known: Values) -> Values:
    """Name the audience that other values speak of."""
    if any(name in known for name in _ON_MARKET):
        return {"__imagetype": "market"}
    if "members" in known:
        return {"__imagetype": "shared"}
    if known.get("owner") == SERVICE_PROJECT:
        return {"visibility": "public"}
    speaks = "owner" in known or known.get("status", "active") != "active" or any(name in known for name in _ON_PRIVATE)
    return {"__imagetype": "private"} if speaks else {}


def _recipe(fixed: Mapping[str, object]) -> _Recipe:
    """Work out once what fixed values mean for every image."""
    for name, value in fixed.items():
        if value is not None and name in BY_NAME and BY_NAME[name].type is LINK:
            raise ValueError(f"{name} is computed from the id and cannot be fixed; every other attribute can")
    given = {name: value for name, value in fixed.items() if value is not None}
    known = {name: _spelled(name, value) for name, value in given.items()}
    if any(name in known for name in _ONCE_ACTIVE):
        known.setdefault("status", "active")
    wanted: Values = {name: value for name, value in known.items() if name in _DRAWN and isinstance(value, str | int)}
    version = wanted.get("__os_version")
    if isinstance(version, str) and version not in _VERSIONS.values():
        system = system_of(version)
        del wanted["__os_version"]
        wanted = {"__platform": system.platform, "__os_type": system.os_type, "__os_bit": system.os_bit, **wanted}
    spoken_of = _audience_of(known)
    audience = {name: value for name, value in {**spoken_of, **wanted}.items() if name in region.AUDIENCE}
    if spoken_of and region.agreeing(audience, *(variety[0] for variety in REGION.rows)):
        wanted |= audience
    agreeing = region.region_with(tuple(sorted(wanted.items())))
    seconds = _seconds(known)
    times = (seconds.get("created_at"), seconds.get("active_at"), seconds.get("updated_at"))
    latest = min(_SPAN - _DAY, *seconds.values()) if seconds else _SPAN - _DAY
    return _Recipe(given, known, times, latest, frozenset(fixed) - frozenset(given), agreeing)


# --- where an image is in its life ----------------------------------------------------------------

_START: Final = datetime(2018, 1, 1)
_SPAN: Final = int((datetime(2023, 11, 13) - _START).total_seconds())
_FOR_EVER: Final = int((datetime(9999, 12, 31, 23, 59, 59) - _START).total_seconds())
_DAY: Final = 86_400
_DATES: Final = tuple((_START + timedelta(days=day)).date().isoformat() for day in range(_SPAN // _DAY))
_MINUTES: Final = tuple(f"T{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60))
_SECONDS: Final = tuple(f"{second:02}Z" for second in range(60))

_STATUSES: Final = Pool.of((94.9, "active"), (3.4, "queued"), (1.7, "saving"))  # of what is not public: three in ten
_WITHOUT_DATA: Final = ("queued", "saving", "killed", "uploading", "importing")


def _seconds(known: Values) -> dict[str, int]:
    """Read the fixed times as seconds since the start; one that cannot be read does not count."""
    seconds: dict[str, int] = {}
    for name in [name for name in ("created_at", "active_at", "updated_at") if name in known]:
        point = parse_time(str(known[name]))
        with suppress(ValueError):  # an offset may lead out of the years 1 to 9999
            if point:
                seconds[name] = int((parse_wire_time(point.second).replace(tzinfo=None) - _START).total_seconds())
    return seconds


def _wire(second: int) -> str:
    if 0 <= second < _SPAN:  # a fifth of what a datetime costs, three times an image
        return f"{_DATES[second // _DAY]}{_MINUTES[second % _DAY // 60]}{_SECONDS[second % 60]}"
    return f"{(_START + timedelta(seconds=min(second, _FOR_EVER))).isoformat()}Z"


def _live(image: Values, draw: Draw, recipe: _Recipe) -> None:
    """Fill in the status, the times, and what the status says of the data."""
    if "status" not in image:
        image["status"] = "active" if image["visibility"] == "public" else _STATUSES.draw(draw)
    created, active, updated = recipe.times
    if created is None:
        created = int(draw() * recipe.latest) if recipe.latest > 0 else recipe.latest
    if active is None:
        active = created + 60 + int(draw() * 9_000)
        active = active if updated is None else max(created, min(active, updated))
    if updated is None:
        rest, left = draw(), _SPAN - active
        updated = active + int(rest * rest * rest * (left if left > 60 else 60))
    image.setdefault("created_at", _wire(created))
    image.setdefault("updated_at", _wire(updated))
    fill = draw()
    size = str(int(3e8 + fill * fill * 1.2e10))
    if image["status"] in _WITHOUT_DATA:
        size = "0" if image["status"] == "queued" else size
        for name in region.STUB:
            if name not in recipe.known:
                del image[name]
    else:
        image.setdefault("active_at", _wire(active))
    image.setdefault("__image_size", size)


# --- whose an image is ----------------------------------------------------------------------------

_MEMBERSHIPS: Final = Pool.of((60, "accepted"), (25, "pending"), (15, "rejected"))


def _others(seed: int) -> tuple[str, ...]:
    return tuple(_digest(f"{seed}/project/{number}")[:32] for number in range(3))


def _tags(draw: Draw, count: int) -> list[str]:
    """Draw some tags, each with a key of its own."""
    first = int(draw() * len(region.TAGS))
    return [_pick(draw, region.TAGS[(first + 2 * step) % len(region.TAGS)]) for step in range(count)]


def _belong(image: Values, draw: Draw, project: str, others: Sequence[str]) -> None:
    """Fill in the owner, with whom it is shared, its tags, and what the market knows of it."""
    audience, is_open = image["__imagetype"], image["visibility"] == "public"
    if "owner" not in image:
        is_own = audience == "private" and draw() < 0.8
        image["owner"] = SERVICE_PROJECT if is_open else project if is_own else _pick(draw, others)
    if "members" not in image and not is_open and "shared" in (audience, image["visibility"]):
        guest, *more = (one for one in (project, *others) if one != image["owner"])
        guests = [guest, _pick(draw, more)] if draw() < 0.2 else [guest]
        image["members"] = {one: _MEMBERSHIPS.draw(draw) for one in guests}
    image.setdefault("tags", _tags(draw, 1 + int(draw() * 3)) if not is_open and draw() < 0.6 else [])
    if audience == "market":
        image.setdefault("__productcode", _hex(draw))
        image.setdefault("__is_offshelved", "true" if draw() < 0.05 else "false")
        image.setdefault("__account_code", _hex(draw)[:12].upper() if draw() < 0.3 else "")


# --- optional attributes and the name -------------------------------------------------------------

_Invent = Callable[[Draw, Values], str]

_SUFFIXES: Final = (
    ("__support_xen_hana", " for SAP HANA"),
    ("__support_xen_gpu_type", " with GPU"),
    ("__support_kvm_gpu_type", " with GPU"),
)


@lru_cache(maxsize=1024)
def _labels_of(system: str) -> tuple[str, str]:
    return system_of(system).labels


def _labels(image: Values) -> tuple[str, str]:
    """Give what an image carries in letters that a name may hold, in English and in Chinese."""
    version = image.get("__os_version")
    return _labels_of(str(version or f"{image.get('__platform') or image['__os_type']} {image['__os_bit']}bit"))


def _suffix(image: Values) -> str:
    """Give what a name says of what the image runs on."""
    for attribute, text in _SUFFIXES:
        if attribute in image:
            return text
    if image.get("__support_arm") == "true":
        return " with ARM"
    return " for BareMetal" if image["virtual_env_type"] == "Ironic" else ""


_WORDS: Final[Mapping[str, Callable[[Values, int], str]]] = {
    "os": lambda image, _: _labels(image)[0] + _suffix(image),
    "os_zh": lambda image, _: _labels(image)[1] + _suffix(image),
    "n": lambda _, number: str(1 + number % 20),
    "nn": lambda _, number: f"{1 + number % 20:02}",
    "hex": lambda _, number: f"{number:04x}",
    "date": lambda image, _: str(image["created_at"])[:10].replace("-", ""),
    "disk": lambda image, _: str(image["min_disk"]),
}
"""What stands in a name for each word in braces: it is made of the image and a number, and only where it is needed."""

_Pattern = tuple[str, tuple[Callable[[Values, int], str], ...]]


def _pattern(text: str) -> _Pattern:
    """Take a pattern apart: the text with gaps, and what fills them."""
    words = re.findall(r"\{(\w+)\}", text)
    return re.sub(r"\{\w+\}", "%s", text.replace("%", "%%")), tuple(_WORDS[word] for word in words)


_NAMES: Final = {key: tuple(map(_pattern, patterns)) for key, patterns in region.NAMES.items()}


def _name(draw: Draw, image: Values) -> str:
    patterns = _NAMES.get(str(image["virtual_env_type"])) or _NAMES.get(str(image["__imagetype"])) or _NAMES["private"]
    number = int(draw() * 65536)
    text, words = _pick(draw, patterns)
    return text % tuple([word(image, number) for word in words])


def _among(*values: str) -> _Invent:
    return lambda draw, _: _pick(draw, values)


def _some_uuid(draw: Draw, _: Values) -> str:
    return random_uuid(_hex(draw))


def _origin(draw: Draw, image: Values) -> str:
    parent = image.get("__originalimagename")
    if parent is None and draw() < 0.6:
        return f"instance,{random_uuid(_hex(draw))}"
    return f"image,{_pick(draw, region.REGION_NAMES)},{parent or random_uuid(_hex(draw))}"


def _parent(draw: Draw, image: Values) -> str:
    how, _, parent = str(image.get("__data_origin", "")).rpartition(",")
    return parent if how.startswith("image,") else random_uuid(_hex(draw))


def _enterprise(draw: Draw, _: Values) -> str:
    return "0" if draw() < 0.4 else random_uuid(_hex(draw))


def _location(draw: Draw, image: Values) -> str:
    name, stored = _pick(draw, region.REGION_NAMES), _hex(draw)
    return f"obs.{name}.myhuaweicloud.com:443:ims-{stored[:8]}:{stored[8:]}.{image['disk_format']}"


def _description(draw: Draw, image: Values) -> str:
    patterns = region.OPEN_DESCRIPTIONS if image["visibility"] == "public" else region.OWN_DESCRIPTIONS
    english, chinese = _labels(image)
    return _pick(draw, patterns).format(os=english, os_zh=chinese, n=1 + int(draw() * 12))


@dataclass(frozen=True)
class _Extra:
    """An optional attribute: its value, which images may carry it, and what must not stand beside it."""

    name: str
    invent: _Invent
    audiences: tuple[str, ...] = ("private", "shared", "market", "gold")
    purposes: tuple[str, ...] = ("FusionCompute", "Ironic", "DataImage", "IsoImage")
    without: tuple[str, ...] = ()


_MINE: Final = ("private", "shared")
_DISK: Final = ("FusionCompute", "Ironic", "DataImage")
_MADE: Final = (*_MINE, "market")

_EXTRAS: Final = (  # in an order in which each finds what it looks at
    _Extra("__root_origin", _among("file"), _MINE, without=("__backup_id", "__data_origin", "__originalimagename")),
    _Extra("__backup_id", _some_uuid, _MINE, _DISK, without=("__root_origin", "__data_origin", "__originalimagename")),
    _Extra("__data_origin", _origin, _MADE, _DISK, without=("__root_origin", "__backup_id")),
    _Extra("__originalimagename", _parent, _MADE, _DISK, without=("__root_origin", "__backup_id")),
    _Extra("__system__cmkid", _some_uuid, ("private",), _DISK, without=("members",)),
    _Extra("__sequence_num", _among("0"), _MINE, ("FusionCompute",)),
    _Extra("enterprise_project_id", _enterprise, _MINE, without=("_sys_enterprise_project_id",)),
    _Extra("__image_location", _location),
    _Extra("__description", _description),
)
_ELSEWHERE: Final = {name for pool in region.BUNDLES for row in pool.rows for name in row}.union(
    *region.AXES, (extra.name for extra in _EXTRAS)
)
_NEW: Final = tuple(  # a new optional attribute is a row of the table, and nothing here
    _Extra(row.name, _among(*row.values or ("sample",)))
    for row in FIELDS
    if row.share is not None and row.name not in _ELSEWHERE
)
_EXTRAS_OF: Final = {
    (audience, purpose): tuple(
        (share_of(one.name), one.name, one.invent, (one.name, *one.without))
        for one in (*_EXTRAS, *_NEW)
        if audience in one.audiences and purpose in one.purposes
    )
    for audience in BY_NAME["__imagetype"].values
    for purpose in BY_NAME["virtual_env_type"].values
}


def _enrich(image: Values, draw: Draw) -> None:
    """Add optional attributes, as often as the table's shares say."""
    for share, name, invent, rivals in _EXTRAS_OF.get((str(image["__imagetype"]), str(image["virtual_env_type"])), ()):
        if draw() < share and image.keys().isdisjoint(rivals):
            image[name] = invent(draw, image)
    for name, twin in _TWINS:
        if name in image:
            image.setdefault(twin, image[name])


# --- images ---------------------------------------------------------------------------------------

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


def _image(draw: Draw, recipe: _Recipe, identity: str, project: str, others: Sequence[str]) -> Values:
    """Draw one image."""
    audience, purpose, hardware, system, stub = recipe.region.draw(draw)
    image: Values = {
        "id": identity,
        "name": "",
        **audience.draw(draw),
        **purpose.draw(draw),
        **hardware.draw(draw),
        **system.draw(draw),
        **stub.draw(draw),
        **recipe.known,
    }
    for pool in region.BUNDLES_OF.get(str(image["virtual_env_type"]), region.BUNDLES[:1]):
        image |= pool.draw(draw)
    image |= recipe.known
    _live(image, draw, recipe)
    _belong(image, draw, project, others)
    _enrich(image, draw)
    if "name" not in recipe.known:
        image["name"] = _name(draw, image)
    for name, value in recipe.given.items():
        image[name] = list(value) if isinstance(value, tuple) else copy(value)  # no two images share a list
    for name in recipe.absent:
        image.pop(name, None)
    return image


def _stream(numbers: range, seed: int, project: str, recipe: _Recipe) -> Iterator[Values]:
    # hashed, because Random(-7) draws what Random(7) does
    draw, others = random.Random(int(_digest(f"{seed}/values"), 16)).random, _others(seed)
    for number in numbers:
        yield _image(draw, recipe, image_id(seed, number), project, others)


def generate(
    count: int, seed: int, *, first: int = 0, project: str, fixed: Mapping[str, object] = _NOTHING
) -> Iterator[Values]:
    """Stream believable images in the form of a catalog file, every default filled in.

    Args:
        count: how many.
        seed: any whole number; the same one gives the same images, whatever ``count`` and ``first`` are.
        first: the running number of the first image in the whole catalog; the ids are made from it and the seed.
        project: owner of most private images, and member of what others share.
        fixed: values that every image has, by wire name; the others follow from them. ``None`` leaves the attribute
            out and changes nothing else. Values that contradict one another are kept as given.

    Returns:
        Dicts of their own, in which ``virtual_size`` is an explicit ``None`` and ``tags`` a list; shared images have
        ``members`` (project to ``accepted``, ``pending`` or ``rejected``).

    Raises:
        ValueError: a negative count, or a computed link among the fixed values.
    """
    if count < 0:
        raise ValueError(f"count is {quoted(count)}; legal are whole numbers from 0")
    return _stream(range(first, first + count), seed, project, _recipe(fixed))


class ImageProvider(BaseProvider):
    """A Faker provider of images: ``fake.add_provider(ImageProvider)``, then ``fake.image()``.

    It takes the place of Faker's own ``image``, which draws pictures.
    """

    def image(self, *, project: str = DEFAULT_PROJECT, **fixed: object) -> Values:
        """Give one believable image as a dict with wire names, as :func:`generate` does, but without ``members``.

        Args:
            project: owner of most private images.
            fixed: values by wire name, from which the others follow; ``None`` leaves an attribute out.

        Raises:
            ValueError: a computed link among the fixed values.
        """
        draw = self.generator.random.random
        image = _image(draw, _recipe(fixed), random_uuid(_hex(draw)), project, _others(0))
        if "members" not in fixed:  # an image does not show with whom it is shared
            image.pop("members", None)
        return image

    def image_name(self) -> str:
        """Give the name of a believable image, English or Chinese."""
        return str(self.image()["name"])

    def image_os_version(self, platform: str | None = None) -> str:
        """Give a documented ``__os_version``, of one platform if wanted.

        Raises:
            ValueError: no documented version is of this platform.
        """
        fold = BY_NAME["__platform"].fold
        versions = [one.os_version for one in SYSTEMS if platform is None or fold(one.platform) == fold(platform)]
        if not versions:
            legal = ", ".join(dict.fromkeys(one.platform for one in SYSTEMS))
            raise ValueError(f"platform {quoted(platform)} has no documented version; legal are {legal}")
        return _pick(self.generator.random.random, versions)

    def image_tag(self) -> str:
        """Give one tag: mostly ``key=value``, sometimes ``key.value`` or ``key``."""
        return _tags(self.generator.random.random, 1)[0]
