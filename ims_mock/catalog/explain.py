"""Explanations: why a list query returns an image, or does not."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.filters import Condition, Equals
from ims_mock.catalog.image import Image
from ims_mock.catalog.query import ListQuery, SortKey, registered
from ims_mock.catalog.visibility import View
from ims_mock.contract.fields import BY_NAME, KNOWN_NAMES, nearest
from ims_mock.contract.values import INTEGER, TIME, ValueType
from ims_mock.text import Table, escaped

_DIRECTIONS: Final[Mapping[ValueType, tuple[str, str]]] = {
    TIME: ("earliest first", "latest first"),
    INTEGER: ("smallest first", "largest first"),
}
"""The two directions of a sort by a type of value; others are ascending or descending."""


@dataclass(frozen=True)
class ConditionCount:
    """One condition of a list query.

    Attributes:
        condition: The condition as a sentence.
        alone: The number of images that match it.
        together: The number of images that match it and all conditions before it.
    """

    condition: str
    alone: int
    together: int


@dataclass(frozen=True)
class ImageExplanation:
    """Why a list query returns one image, or does not.

    Attributes:
        listed: Whether one of the pages has the image.
        position: Its index among all listed images, from 0; ``None`` if it is not listed.
        page: The page that has it, from 1; ``None`` if it is not listed or the limit is 0.
        because: What excludes it: for each condition that it does not match, what it has instead and what is required.
    """

    id: str
    listed: bool
    position: int | None
    page: int | None
    because: tuple[str, ...]

    def __str__(self) -> str:
        if not self.listed:
            reasons = "".join(f"\n  {escaped(reason)}" for reason in self.because)
            return f"image {escaped(self.id)} is not listed:{reasons}"
        page = "on no page because the limit is 0" if self.page is None else f"on page {self.page}"
        return f"image {escaped(self.id)} is listed at position {self.position} (from 0), {page}"


@dataclass(frozen=True)
class Explanation:
    """How a list query selects images from a catalog; its text is the same for people.

    Attributes:
        conditions: The conditions of the query and of the service, in the order in which they are counted.
        order: The order of the images, in words.
        total: The number of images in the catalog.
        listed: The number of images that match all conditions, whatever ``limit`` and ``marker`` are.
        image: The explanation for one image, if one was named.
    """

    conditions: tuple[ConditionCount, ...]
    order: str
    total: int
    listed: int
    image: ImageExplanation | None = None

    def __str__(self) -> str:
        rows = tuple((str(one.alone), str(one.together), escaped(one.condition)) for one in self.conditions)
        counts = Table(("alone", "together", "condition"), rows).text()
        image = f"\n{self.image}" if self.image else ""
        return f"{self.listed} of {self.total} images are listed, {self.order}\n{counts.rstrip()}{image}"

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as JSON shows it."""
        return asdict(self)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Explanation":
        """Return the explanation that :meth:`as_json` has written."""
        conditions = tuple(ConditionCount(**one) for one in data["conditions"])
        image = data["image"] and ImageExplanation(**{**data["image"], "because": tuple(data["image"]["because"])})
        return cls(**{**data, "conditions": conditions, "image": image})


def explain(catalog: Catalog, query: ListQuery, view: View, image_id: str | None = None) -> Explanation:
    """Explain how a list query selects images, and why it returns the one with an id or does not.

    The marker of the query is only checked; it must be an image that the caller sees.
    """
    catalog.marker(query, view)
    counts = catalog.ordering(query.sort).counts(query.conditions)
    conditions = tuple(
        ConditionCount(_sentence(condition, view) + _hint(condition, alone), alone, together)
        for condition, (alone, together) in zip(query.conditions, counts, strict=True)
    )
    image = None if image_id is None else _explain_image(catalog, query, view, image_id)
    return Explanation(conditions, _order(query.sort), len(catalog), counts[-1][1], image)


def exclusions(query: ListQuery, view: View, image: Image) -> tuple[str, ...]:
    """Return what excludes an image from a list: what it has instead and what is required, for each such condition."""
    return tuple(
        f"{condition.actual(image)}; required: {_sentence(condition, view)}"
        for condition in query.conditions
        if not condition.matches(image)
    )


def _explain_image(catalog: Catalog, query: ListQuery, view: View, image_id: str) -> ImageExplanation:
    image = catalog.get(image_id)
    because = ("no image has this id",) if image is None else exclusions(query, view, image)
    if image is None or because:
        return ImageExplanation(image_id, listed=False, position=None, page=None, because=because)
    position = catalog.ordering(query.sort).position(query.conditions, image)
    page = position // query.limit + 1 if query.limit else None
    return ImageExplanation(image_id, listed=True, position=position, page=page, because=())


def _sentence(condition: Condition, view: View) -> str:
    is_added = view.needs_registered and condition == registered(view)
    return f"{condition}{', which the service adds for ordinary callers' * is_added}"


def _hint(condition: Condition, alone: int) -> str:
    """Return a question about a filter by a property that no image has, if its name is like that of an attribute."""
    name = condition.name if isinstance(condition, Equals) and not alone else ""
    near = nearest(name) if name and name not in KNOWN_NAMES else None
    return f"; did you mean {near}?" if near else ""


def _order(sort: tuple[SortKey, ...]) -> str:
    """Return a sort in words."""
    keys = []
    for name, is_descending in sort:
        directions = _DIRECTIONS.get(BY_NAME[name].type, ("ascending", "descending"))
        keys.append(f"{name} ({directions[is_descending]})")
    return f"sorted by {', then '.join(keys)}"
