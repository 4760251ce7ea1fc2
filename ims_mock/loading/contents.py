"""The contents of one catalog file: parsed, validated and converted, with every problem reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

from ims_mock.clock import Clock
from ims_mock.contract.fields import FIELDS
from ims_mock.contract.values import TIME, parse_age, wire_time
from ims_mock.loading.parser import ParseError
from ims_mock.loading.published import (
    LINKS,
    MORE_PAGES,
    is_single_image,
    list_of,
    project_shown_to,
    without_envelope,
    without_links,
)
from ims_mock.loading.schema import CREDENTIAL_KEYS, SchemaError, read_image, read_sections
from ims_mock.loading.sources import CatalogFile, CatalogProblem, Problems
from ims_mock.text import quoted

Progress = Callable[[str, int, int], None]
"""Called now and then with what is being done, how much of it is done, and how much there is."""

PROGRESS_STEP: Final = 500
"""The number of images between two calls of the progress callback."""

_TIMES: Final = frozenset({"expires"}.union(field.name for field in FIELDS if field.type is TIME))
_NESTED: Final = frozenset({"images", "defaults", "generate", "set", "credentials", *CREDENTIAL_KEYS})
"""The keys whose values are, or contain, mappings with times."""


class Entry(NamedTuple):
    """An image of a file.

    Attributes:
        values: Its valid values.
        is_valid: Whether all its values are valid.
        is_complete: Whether it is as a response showed it, with its links.
    """

    values: dict[str, Any]
    is_valid: bool
    is_complete: bool


@dataclass(frozen=True)
class Contents:
    """The validated contents of a file."""

    file: CatalogFile
    sections: Mapping[str, Any]  # the valid ones; images as they are written
    images: Sequence[Entry] = ()

    def is_published(self, image: Entry) -> bool:
        """Return whether an image is from a response, even if some of its attributes were removed from the file."""
        return image.is_complete or self.file.is_published

    @cached_property
    def shown_to(self) -> str:
        """The project that a published response was shown to; empty if the file does not tell."""
        published = filter(self.is_published, self.images)
        return self.sections.get("project") or project_shown_to(image.values for image in published)


def parse(file: CatalogFile, report: Progress, problems: Problems) -> tuple[CatalogFile, Any]:
    """Return a file with what is known once it is parsed, and its values as a catalog, also of a published response."""
    try:
        file, raw = file.parse(lambda line, lines: report(f"reading {file.name}", line, lines))
    except ParseError as error:
        problems.add(CatalogProblem(file.name, error.line, "", str(error)))
        return file, {}
    if is_single_image(raw):
        file, raw = replace(file, is_published=True, root=("images", 0)), {"images": [raw]}
    catalog, warnings, has_envelope = without_envelope(raw)
    if has_envelope:
        links = {} if warnings else {name: raw[name] for name in LINKS if raw.get(name)}
        file = replace(file, is_published=True, links=links)
    problems.add(*(file.problem((name,), message, is_warning=True) for name, message in warnings))
    return file, catalog


def missing_pages(files: Iterable[CatalogFile]) -> Iterator[CatalogProblem]:
    """Return a warning for every published list whose last page is not among the files."""
    last = {list_of(file.links): file for file in sorted(files, key=lambda file: "next" not in file.links)}
    for file in last.values():
        if "next" in file.links:
            yield file.problem(("next",), MORE_PAGES, is_warning=True)


def validate_sections(file: CatalogFile, raw: Any, clock: Clock, problems: Problems) -> Contents:
    """Validate one catalog, except for its images, and convert its values."""
    sections: dict[str, Any] = {}
    try:
        sections = read_sections(_with_absolute_times(raw, clock))
    except SchemaError as error:
        problems.add(*(file.problem(path, message) for path, message in error.problems))
        sections = dict(error.valid)
    images = sections.setdefault("images", [])
    if not isinstance(images, list | tuple):
        problems.add(file.problem(("images",), f"{quoted(images)} is not a list of images"))
        sections["images"] = []
    return Contents(file, sections)


def validate_images(content: Contents, report: Progress, problems: Problems) -> Contents:
    """Validate the images of a catalog and convert their values."""
    file, images, entries = content.file, content.sections["images"], []
    for index, image in enumerate(images):
        if index % PROGRESS_STEP == 0:
            report(f"validating {file.name}", index, len(images))
        path = ("images", index)
        values, warnings, is_complete = without_links(image)
        problems.add(*(file.problem((*path, name), message, is_warning=True) for name, message in warnings))
        try:
            entries.append(Entry(read_image(values), True, is_complete))
        except SchemaError as error:
            problems.add(*(file.problem((*path, *inner), message) for inner, message in error.problems))
            entries.append(Entry(dict(error.valid), False, is_complete))
    return replace(content, images=entries)


def _with_absolute_times(raw: Any, clock: Clock) -> Any:
    """Return plain values with relative times, such as ``3 days ago``, made absolute."""
    if isinstance(raw, list | tuple):
        return [_with_absolute_times(value, clock) for value in raw]
    if not isinstance(raw, Mapping):
        return raw
    changes = {}
    for name, value in raw.items():
        if name in _NESTED:
            changes[name] = _with_absolute_times(value, clock)
        elif isinstance(value, str) and name in _TIMES and (age := parse_age(value)) is not None:
            with suppress(OverflowError):  # before the year 1: reported by the validation
                changes[name] = wire_time(clock.now() - age)
    return {**raw, **changes} if changes else raw
