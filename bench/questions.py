"""THE TABLE of questions: every kind of query that is measured, one row each, drawn anew for every request.

Whatever is asked for is drawn from what the list itself has shown, so that the same questions are asked through every
door; no two requests of a kind need be alike, and an answer that was kept helps nobody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from urllib.parse import urlencode

from ims_mock.fields import MEMBER_STATUSES, SORT_KEYS
from ims_mock.listing import CLOUDIMAGES, IMAGES

Ask = Callable[[str], bytes]
"""Asks for a path with its query, and gives the body of the answer."""

LEARNED_PAGES: Final = 4
AGAIN: Final = 200
"""So many markers are asked again and again, with other limits, by the kind that shows what was shown before."""


@dataclass(frozen=True)
class Facts:
    """What is known of a catalog.

    Attributes:
        images: some of its images, any as likely as any other.
        tags: those they have.
    """

    images: list[dict[str, Any]]
    tags: list[str]

    @classmethod
    def learned(cls, ask: Ask) -> Facts:
        """Look at the first images by their ids, which are random."""
        target, images = f"{IMAGES.path}?sort_key=id&sort_dir=asc&limit=1000", []
        for _ in range(LEARNED_PAGES):
            page = json.loads(ask(target))
            images += page["images"]
            target = page.get("next", "")
            if not target:
                break
        return cls(images, sorted({tag for image in images for tag in image["tags"]}))


Draw = Callable[[Random, Facts], dict[str, Any]]
"""Draws the parameters of a question."""


@dataclass(frozen=True)
class Kind:
    """A kind of query.

    Attributes:
        name: what people call it.
        cost: what a page takes once orders and lists are there; n is the number of images.
        draw: draws the parameters of one.
        path: the list that is asked.
        is_bounded: whether a page takes as long whatever the catalog holds, as the documentation says.
        is_drawn: whether it is in the picture.
        again: whether what it asks for has been shown before.
    """

    name: str
    cost: str
    draw: Draw
    path: str = IMAGES.path
    is_bounded: bool = True
    is_drawn: bool = False
    again: bool = False

    def target(self, random: Random, facts: Facts) -> str:
        """Draw a question, as a path with its query."""
        return f"{self.path}?{urlencode(self.draw(random, facts))}"

    def covering(self, facts: Facts) -> Iterator[str]:
        """Ask for all that a kind shows again."""
        yield from (f"{self.path}?marker={image['id']}&limit=40" for image in facts.images[:AGAIN])


_COMMON: Final = (
    ("visibility", "public"), ("status", "active"), ("protected", "true"), ("min_ram", "0"), ("disk_format", "zvhd2"),
    ("container_format", "bare"), ("__os_type", "Linux"), ("__os_bit", "64"), ("__imagetype", "gold"),
    ("virtual_env_type", "FusionCompute"),
)  # fmt: skip
_DEFAULT_ORDER: Final[tuple[dict[str, Any], ...]] = (
    {}, {"sort_key": "created_at"}, {"sort_dir": "desc"}, {"sort_key": "created_at", "sort_dir": "desc"},
    {"sort": "created_at:desc"},
)  # fmt: skip
_DETAILS: Final = ("__imagetype", "__os_type", "__platform", "__os_bit", "disk_format", "status", "min_disk")
_MEMBERSHIPS: Final = (*MEMBER_STATUSES, "all")
_OF_LINUX: Final = ("CentOS", "Ubuntu", "Debian", "Fedora", "CoreOS", "EulerOS", "SUSE", "OpenSUSE")


def _page(random: Random) -> dict[str, Any]:
    """Draw a limit about the default one, and the default order or not a word of it."""
    return {"limit": random.randrange(15, 36)} | random.choice(_DEFAULT_ORDER)


def _image(random: Random, facts: Facts) -> dict[str, Any]:
    return random.choice(facts.images)


def _default(random: Random, _: Facts) -> dict[str, Any]:
    statuses = random.choice(({}, *({"member_status": status} for status in _MEMBERSHIPS)))
    return _page(random) | statuses


def _common(random: Random, _: Facts) -> dict[str, Any]:
    return dict([random.choice(_COMMON)]) | _page(random)


def _rare(random: Random, facts: Facts) -> dict[str, Any]:
    name = random.choice(("name", "id"))
    return {name: _image(random, facts)[name]}


def _nothing(random: Random, _: Facts) -> dict[str, Any]:
    text = f"{random.getrandbits(64):x}"
    return random.choice(({"name": text}, {"tag": text}, {"id": text}, {"owner": text}, {f"of_{text}": "1"}))


def _several(random: Random, facts: Facts) -> dict[str, Any]:
    image = _image(random, facts)
    return {name: image[name] for name in random.sample(_DETAILS, 3) if name in image}


def _excluding(random: Random, _: Facts) -> dict[str, Any]:
    return {"__os_type": "Windows", "__platform": random.choice(_OF_LINUX)} | _page(random)


def _marker(random: Random, facts: Facts) -> dict[str, Any]:
    return {"marker": _image(random, facts)["id"]}


def _shown(random: Random, facts: Facts) -> dict[str, Any]:
    return {"marker": random.choice(facts.images[:AGAIN])["id"]} | _page(random)


def _time(name: str, **others: str) -> Draw:
    """Draw any second of the day of an image, so that however few there are hardly a question comes twice."""

    def draw(random: Random, facts: Facts) -> dict[str, Any]:
        minutes, second = divmod(random.randrange(24 * 60 * 60), 60)
        moment = f"{_image(random, facts)[name][:10]}T{minutes // 60:02}:{minutes % 60:02}:{second:02}Z"
        return {name: f"{random.choice(('gt', 'gte', 'lt', 'lte'))}:{moment}", **others}

    return draw


def _tag(random: Random, facts: Facts) -> dict[str, Any]:
    return {"tag": random.choice(facts.tags)} | _page(random)


def _shared(random: Random, _: Facts) -> dict[str, Any]:
    return {"visibility": "shared", "member_status": random.choice(_MEMBERSHIPS)} | _page(random)


def _sorted(key: str) -> Draw:
    def draw(random: Random, facts: Facts) -> dict[str, Any]:
        marker = _marker(random, facts) if random.random() < 0.5 else {}
        way = random.choice(("asc", "desc"))
        return {"sort_key": key, "sort_dir": way, "limit": random.randrange(15, 36)} | marker

    return draw


_BLOCKS: Final = "limit + n / 4,096"

KINDS: Final = (
    Kind("default page", "limit", _default, is_drawn=True),
    Kind("common filter", "limit", _common, is_drawn=True),
    Kind("rare filter", "matches", _rare, is_drawn=True),
    Kind("no match", "constant", _nothing, is_drawn=True),
    *(Kind(f"sorted by {key}", "log n + limit", _sorted(key), is_drawn=key == "name") for key in SORT_KEYS),
    Kind("deep marker", "log n + limit", _marker, is_drawn=True),
    Kind("deep marker, images shown before", "log n + limit", _shown, again=True),
    Kind("time range", "log n + limit", _time("created_at"), is_drawn=True),
    Kind("time range in its own order", "log n + limit", _time("updated_at", sort_key="updated_at")),
    Kind("time range in another order", "limit + n / 1,024", _time("updated_at"), is_bounded=False),
    Kind("tag", "limit", _tag, is_drawn=True),
    Kind("shared with me", "limit", _shared, is_drawn=True),
    Kind("three filters", _BLOCKS, _several, is_bounded=False),
    Kind(
        "filters that exclude each other",
        _BLOCKS,
        _excluding,
        is_bounded=False,
        is_drawn=True,
    ),
    Kind("newer list", "log n + limit", lambda random, facts: _marker(random, facts) | {"limit": 25}, CLOUDIMAGES.path),
)
