"""The contents of one catalog: parsed, validated and converted, with every problem reported."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, Final, NamedTuple

from ims_mock.clock import Clock
from ims_mock.contract.fields import FIELDS
from ims_mock.contract.values import TIME, parse_age, parse_wire_time, read_time, wire_time
from ims_mock.loading.parser import CatalogText, ParseError, ValuePath
from ims_mock.loading.published import LINKS, is_single_image, project_shown_to, without_envelope, without_links
from ims_mock.loading.schema import CREDENTIAL_KEYS, STOP_AFTER, SchemaError, read_image, read_sections
from ims_mock.loading.sources import CatalogFile, CatalogProblem, Problems, format_path
from ims_mock.text import quoted

Progress = Callable[[str, int, int], None]
"""Called now and then with what is being done, how much of it is done, and how much there is."""

PROGRESS_STEP: Final = 500  # images between two calls
_TIMES: Final = frozenset({"expires"}.union(field.name for field in FIELDS if field.type is TIME))
_NESTED: Final = frozenset({"images", "defaults", "generate", "set", "credentials", *CREDENTIAL_KEYS})
"""The keys whose values are, or contain, mappings with times."""


class Entry(NamedTuple):
    """The valid values of an image, and whether it is as a response showed it, with its links."""

    values: dict[str, Any]
    is_complete: bool


class Contents:
    """The contents of one catalog, which is parsed at once, and validated by its methods in their order."""

    def __init__(self, file: CatalogFile, problems: Problems, report: Progress) -> None:
        self.file, self._problems, self._report = file, problems, report
        self._line_of: Callable[[ValuePath], int] = lambda _: 0
        self._warned: set[tuple[ValuePath, str]] = set()
        raw: Any = file.content if isinstance(file.content, Mapping) else self._parse(file.content)
        self._root: ValuePath = ("images", 0) if is_single_image(raw) else ()
        self.raw, odd_keys, has_envelope = without_envelope({"images": [raw]} if self._root else raw)
        self._is_response = bool(self._root) or has_envelope
        # the links of a published list to its pages, if they fit it
        self.links = {name: raw[name] for name in LINKS if raw.get(name)} if has_envelope and not odd_keys else {}
        self.sections: dict[str, Any] = {}  # the valid sections; images as they are written
        self.images: Sequence[Entry] = ()
        for name, message in odd_keys:
            self.warn((name,), message)

    def _parse(self, text: CatalogText) -> Any:
        name = self.file.name
        try:
            document = text.parse(lambda line, lines: self._report(f"reading {name}", line, lines))
        except ParseError as error:
            self._problems.add(CatalogProblem(name, error.line, "", str(error)))
            return {}
        self._line_of = document.line_of
        return document.value if document.line_of(()) else {}  # an empty text is an empty catalog

    def error(self, path: ValuePath, message: str) -> None:
        """Add an error at the path of a value."""
        self._add(path, message, is_warning=False)

    def warn(self, path: ValuePath, message: str) -> None:
        """Add a warning at the path of a value, once: a default is found again in every image."""
        if len(self._problems.warnings) < STOP_AFTER and (path, message) not in self._warned:
            self._warned.add((path, message))
            self._add(path, message, is_warning=True)

    def _add(self, path: ValuePath, message: str, *, is_warning: bool) -> None:
        if path[: len(self._root)] == self._root:
            path = path[len(self._root) :]
        self._problems.add(CatalogProblem(self.file.name, self._line_of(path), format_path(path), message, is_warning))

    def clock(self, other: Clock) -> Clock:
        """Return the frozen clock of the catalog, else the other one."""
        given = self.raw.get("clock") if isinstance(self.raw, Mapping) else None
        with suppress(ValueError):  # absent, or reported by the validation
            return Clock(parse_wire_time(read_time(given)))
        return other

    def validate_sections(self, clock: Clock) -> None:
        """Validate the catalog, except for its images, and convert its values."""
        try:
            self.sections = read_sections(_with_absolute_times(self.raw, clock))
        except SchemaError as error:
            for path, message in error.problems:
                self.error(path, message)
            self.sections = dict(error.valid)
        images = self.sections.setdefault("images", [])
        if not isinstance(images, list | tuple):
            self.error(("images",), f"{quoted(images)} is not a list of images")
            self.sections["images"] = []

    def validate_images(self) -> None:
        """Validate the images and convert their values."""
        images, entries = self.sections["images"], []
        for index, image in enumerate(images):
            if index % PROGRESS_STEP == 0:
                self._report(f"validating {self.file.name}", index, len(images))
            path = ("images", index)
            values, odd_links, is_complete = without_links(image)
            for name, message in odd_links:
                self.warn((*path, name), message)
            try:
                valid = read_image(values)
            except SchemaError as error:
                for inner, message in error.problems:
                    self.error((*path, *inner), message)
                valid = dict(error.valid)
            entries.append(Entry(valid, is_complete))
        self.images = entries

    def unmask(self, unmask: Callable[[str], str]) -> None:
        """Replace the masks of secrets by the secrets."""
        for section, entries in self.sections.get("credentials", {}).items():
            secret_keys = [name for name, key in CREDENTIAL_KEYS[section].items() if key.is_secret]
            for index, entry in enumerate(entries):
                for name in entry.keys() & secret_keys:
                    try:
                        entry[name] = unmask(entry[name])
                    except ValueError as error:
                        self.error(("credentials", section, index, name), str(error))

    def is_published(self, image: Entry) -> bool:
        """Return whether an image is from a response, even if some of its attributes were removed from the file."""
        return image.is_complete or self._is_response

    @cached_property
    def shown_to(self) -> str:
        """The project that a published response was shown to; empty if the catalog does not tell."""
        published = filter(self.is_published, self.images)
        return self.sections.get("project") or project_shown_to(image.values for image in published)


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
