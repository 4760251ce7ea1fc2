"""What a scenario is: a catalog, faults, a query, and what the SDK must return and may request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

from ims_mock.contract.values import wire_time
from ims_mock.faults.keys import rule_from_keywords
from ims_mock.text import printable

MUST, SHOULD = LEVELS = ("must", "should")

DOCUMENT: Final = "the document"
GLANCE: Final = "Glance"
PLAIN: Final = "plain correctness"
CLIENT: Final = "good client behaviour"

PROJECT: Final = "7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e"
OTHER_PROJECT: Final = "9a33910460594866894a3c4ac24fe675"

MAX_STALLED: Final = 10
"""The most requests for a list in a row that show the client no image that it has not seen."""

_NEWEST: Final = 1577838800  # 2020-01-01T00:33:20Z

Query = Mapping[str, str | Sequence[str]]
Entries = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Expected:
    """What the SDK must do.

    Attributes:
        images: The numbers of the images to return, in this order; ``None`` if it must report an error.
        optional: The numbers of images that may be returned as well, once and anywhere.
        errors: The statuses of an error that it may report, an empty set for any; ``None`` if it must not.
    """

    images: tuple[int, ...] | None = None
    optional: tuple[int, ...] = ()
    errors: frozenset[int] | None = None

    def or_error(self, *statuses: int) -> Expected:
        """Return the same, but an error with one of the statuses, or with any, is right as well."""
        return Expected(self.images, self.optional, frozenset(statuses))

    def __str__(self) -> str:
        texts = []
        if self.images is not None:
            texts += [numbers(self.images)] + ([f"with or without {numbers(self.optional)}"] if self.optional else [])
        if self.errors is not None:
            statuses = f" {' or '.join(map(str, sorted(self.errors)))}" if self.errors else ""
            texts.append(f"{'or ' if texts else ''}an error{statuses}")
        return " ".join(texts)


@dataclass(frozen=True)
class Scenario:
    """One row of the table.

    Attributes:
        group: What it is about.
        name: Its name.
        level: :data:`MUST` for the document and plain correctness, :data:`SHOULD` for good client behaviour.
        images: The images of the catalog.
        query: The query.
        expected: What the SDK must do.
        reason: Why, in one sentence.
        source: Where that is from.
        faults: The fault rules, each of which the SDK must meet.
        most: The largest number of requests for a list; 0 for no limit but that of progress.
        pause: The seconds after a 429 without a request for a list.
        has_wrong_credentials: Whether the service rejects all credentials that the SDK is given.
        repeats: Whether the SDK may request a page twice that it has received.
        profiles: The profiles that it applies to.
    """

    group: str
    name: str
    level: str
    images: Entries
    query: Query
    expected: Expected
    reason: str
    source: str
    faults: tuple[Mapping[str, Any], ...] = ()
    most: int = 0
    pause: float = 0.0
    has_wrong_credentials: bool = False
    repeats: bool = True
    profiles: tuple[str, ...] = ("documented", "glance")

    @property
    def target(self) -> str:
        """The query as text."""
        pairs = [(name, one) for name, value in self.query.items() for one in values(value)]
        return printable(", ".join(f"{name}={value}" for name, value in pairs), 400) or "no parameters"


def values(value: str | Sequence[str]) -> Sequence[str]:
    """Return the values of a parameter."""
    return [value] if isinstance(value, str) else value


# --- the catalog: image N has the Nth id and was created N seconds before a fixed time


def image_id(number: int) -> str:
    """Return the id of an image. Ids rise in the default order of the list, which begins with the newest image."""
    return f"{number:08d}-0000-4000-8000-{number:012d}"


def image(number: int, **attributes: Any) -> dict[str, Any]:
    """Return an image of a catalog; attributes that are ``None`` are left to their defaults."""
    given = {name: value for name, value in attributes.items() if value is not None}
    return {"id": image_id(number), "name": f"image {number}", "created_at": time_of(number), **given}


def images(count: int, **attributes: Sequence[Any]) -> Entries:
    """Return images from number 1 on; each attribute has one value per image."""
    rows = [{name: column[index] for name, column in attributes.items()} for index in range(count)]
    return [image(index + 1, **row) for index, row in enumerate(rows)]


def time_of(number: int) -> str:
    """Return when an image was created, in wire format."""
    return wire_time(datetime.fromtimestamp(_NEWEST - number, timezone.utc))


def number_of(identifier: str) -> int:
    """Return the number of the image with an id; 0 for any other text."""
    tail = identifier[-12:]
    number = int(tail) if tail.isdecimal() and tail.isascii() else 0
    return number if identifier == image_id(number) else 0


def numbers(shown: Sequence[int | str]) -> str:
    """Return numbers of images as text, longer runs shortened: ``1…25 27``."""
    runs: list[list[int | str]] = []
    for one in shown:
        last = runs[-1][-1] if runs else None
        if isinstance(one, int) and isinstance(last, int) and one == last + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    texts = [f"{run[0]}…{run[-1]}" if len(run) > 5 else " ".join(map(str, run)) for run in runs]
    return " ".join(texts) if texts else "no images"


# --- expectations and faults, as the table writes them


def lists(*shown: int) -> Expected:
    """Expect exactly these images, in this order."""
    return Expected(tuple(shown))


def around(*stable: int, optional: tuple[int, ...]) -> Expected:
    """Expect these images in this order, and perhaps the optional ones, while the catalog changes."""
    return Expected(tuple(stable), optional)


def fails(*statuses: int) -> Expected:
    """Expect an error with one of the statuses."""
    return Expected().or_error(*statuses)


def fault(times: int | None = None, **keys: Any) -> dict[str, Any]:
    """Return a fault rule for requests of the list, for ever if it has no number of times."""
    return rule_from_keywords(path="/v2/*images", times=times, **keys)
