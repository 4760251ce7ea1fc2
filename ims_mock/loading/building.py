"""The images of all catalogs, numbered through: completed, made, and checked for what is odd about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image, Membership, image_id
from ims_mock.contract.values import quoted
from ims_mock.loading.defaults import completed
from ims_mock.loading.sections import MEMBERS
from ims_mock.loading.sources import CatalogFile, Place, Trouble, written

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

STEP: Final = 500
"""How many images are made between two pieces of news."""

_EMPTY: Final = "virtual_size"
"""The attribute that is generated without a value."""

_NO_ID: Final = "has no value; leave it out to have one made"

_Where = int | tuple[CatalogFile, int]
"""Where an image comes from: the number of a generated one, or the file of a written one and its place there."""


class Before(NamedTuple):
    """What images are added to.

    Attributes:
        catalog: the images there are; the numbers go on after them.
        now: the time an absent ``created_at`` gets, in wire format.
    """

    catalog: Catalog
    now: str


class Builder:
    """Makes the images of all catalogs, numbered through, and collects what is odd or wrong about them."""

    def __init__(
        self,
        opened: Sequence[CatalogFile],
        project: str,
        seed: int,
        more: int,
        told: Progress,
        *,
        is_thorough: bool,
        is_generating: bool,
        before: Before | None = None,
    ) -> None:
        self.troubles: list[Trouble] = []
        self._is_thorough = is_thorough
        self._is_generating = is_generating
        self._opened = opened
        self._project = project
        self._seed = seed
        self._more = more
        self._told = told
        self._where: dict[str, _Where] = {}  # but for generated images with ids that nothing else can have
        self._given_ids = frozenset(
            str(values.get("id"))
            for one in opened
            for values in (one.values.get("defaults", {}), *(given for _, given, _ in one.images))
        )
        self._before = before
        self._number = len(before.catalog) if before else 0
        self._total = (
            self._number
            + more
            + sum(
                len(one.images) + sum(section["count"] for section in one.values.get("generate", ())) for one in opened
            )
        )

    def images(self) -> Iterator[Image]:
        """Make every image: each catalog's own, then what it generates, then the further ones."""
        for one in self._opened:
            yield from self._given(one)
            for place, section in enumerate(one.values.get("generate", ())):
                wanted = (section["count"], section.get("seed", self._seed), section.get("set", {}))
                if not wanted[2].get("id", "made"):
                    self.troubles.append(one.trouble(("generate", place, "set", "id"), _NO_ID))
                    continue
                for image in self._generated(*wanted):
                    if image is None:
                        message = f"{quoted(wanted[2].get('id'))} is the id of another image as well"
                        self.troubles.append(one.trouble(("generate", place, "set", "id"), message))
                        break
                    yield image
        yield from filter(None, self._generated(self._more, self._seed, {}))

    def _given(self, one: CatalogFile) -> Iterator[Image]:
        defaults, now = one.values.get("defaults", {}), self._before.now if self._before else ""
        is_doubted = self._is_thorough or not one.is_bundled
        for place, given, is_right in one.images:
            self._skip_taken(self._seed)
            laid = {**defaults, **given} if defaults else given
            values: dict[str, Any] = completed(laid, self._number, project=self._project, seed=self._seed, now=now)
            members = values.pop(MEMBERS, None)
            path = ("images", place)
            if is_doubted:
                self._doubt(one, path, values)
            if not values["id"]:
                self.troubles.append(one.trouble((*path, "id"), _NO_ID))
                continue
            self._count()
            if not self._take(values["id"], (one, place)):
                message = f"{quoted(values['id'])} is the id of {self._holder(values['id'])} as well"
                self.troubles.append(one.trouble((*path, "id"), message))
            elif is_right:
                kept = {name: value for name, value in values.items() if value is not None}
                yield self._image(kept, members)

    def _image(self, values: Mapping[str, Any], members: Any) -> Image:
        shared = {project: Membership(status) for project, status in (members or {}).items()}
        return Image(values, shared)

    def _doubt(self, one: CatalogFile, path: Place, values: Mapping[str, Any]) -> None:
        """Warn about what no real image would show."""
        from ims_mock.loading.lint import doubts  # the catalogs of most starts are bundled, and known

        for doubt in doubts(values):
            self.troubles.append(one.trouble((*path, doubt.name), doubt.message, is_warning=True))

    def _generated(self, count: int, seed: int, fixed: Mapping[str, object]) -> Iterator[Image | None]:
        """Generate images; ``None`` stands for one whose id is taken."""
        if not count or not self._is_generating:
            return
        from ims_mock.loading.generator import generate  # with Faker a heavy import, which most starts do without

        self._skip_taken(seed)
        may_be_taken = "id" in fixed or self._before is not None
        for generated in generate(count, seed, first=self._number, project=self._project, fixed=fixed):
            values: dict[str, Any] = generated
            if "tags" in values:
                values["tags"] = tuple(values["tags"])
            if _EMPTY in values and values[_EMPTY] is None:
                del values[_EMPTY]
            self._count()
            identity = values["id"]
            if (may_be_taken or identity in self._given_ids) and not self._take(identity, self._number - 1):
                yield None
            else:
                members = values.pop(MEMBERS) if MEMBERS in values else None
                yield self._image(values, members)

    def _count(self) -> None:
        self._number += 1
        if self._number % STEP == 0:
            self._told("making images", self._number, self._total)

    def _take(self, wanted_id: str, where: _Where) -> bool:
        """Take an id for an image, unless another has it."""
        if self._is_taken(wanted_id):
            return False
        self._where[wanted_id] = where
        return True

    def _holder(self, taken_id: str) -> str:
        """Say which image has an id."""
        where = self._where.get(taken_id)
        if where is None:
            return "an image that is there already"
        if isinstance(where, int):
            return f"generated image {where}"
        one, place = where
        return f"{one.name}: {written(('images', place))}"

    def _is_taken(self, taken_id: str) -> bool:
        return taken_id in self._where or bool(self._before and self._before.catalog.get(taken_id))

    def _skip_taken(self, seed: int) -> None:
        """Go on to the first number whose id is free: of the images that are added to, some may have been removed."""
        while self._before and self._is_taken(image_id(seed, self._number)):
            self._number += 1
