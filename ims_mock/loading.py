"""Catalog files become a catalog: found, read, checked, completed and merged, with every problem reported at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from ims_mock.catalog import Catalog
from ims_mock.clock import Clock
from ims_mock.completing import completed
from ims_mock.fields import FIELDS
from ims_mock.identity import DEFAULT_PROJECT, Identity, Key, Project, Token, User
from ims_mock.image import Image, Shapes, in_table_order
from ims_mock.kinds import TIME, ago, moment, printable, shown, wire_time
from ims_mock.reading import Text, UnreadableError, line_of
from ims_mock.sections import MEMBERS, plain_image, plain_sections

Source = str | Path | Mapping[str, object]
Place = tuple[str | int, ...]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

SUFFIXES: Final = (".yaml", ".yml", ".json")
_TIMES: Final = tuple(one.name for one in FIELDS if one.kind is TIME)
_STEP: Final = 500


@dataclass(frozen=True)
class Trouble:
    """One problem of a catalog: ``file:line: path: message``; a warning when the catalog is served all the same."""

    file: str
    line: int
    path: str
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        place = f" {self.path}:" if self.path else ""
        return f"{where}:{place} {'warning: ' if self.is_warning else ''}{self.message}"


class CatalogError(Exception):
    """Catalogs that can not be served, with everything that is wrong in them."""

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        super().__init__("\n".join(map(str, troubles)))
        self.troubles = tuple(troubles)


@dataclass(frozen=True)
class Loaded:
    """What catalog files hold once they are merged.

    Attributes:
        name: the names of the catalogs, as they were given.
        catalog: the images.
        identity: projects and credentials.
        clock: the clock, standing still when a catalog says so.
        warnings: what is odd about the images.
    """

    name: str
    catalog: Catalog
    identity: Identity
    clock: Clock
    warnings: tuple[Trouble, ...]


@dataclass
class _File:
    """One catalog on its way: where it comes from, its text if it has one, and what it holds."""

    name: str
    text: Text | None = None
    is_bundled: bool = False
    raw: Any = None
    values: dict[str, Any] = field(default_factory=dict)
    images: list[tuple[int, dict[str, Any], bool]] = field(default_factory=list)  # place, values, are all right

    @cached_property
    def _lines(self) -> Mapping[Place, int]:
        return self.text.lines() if self.text else {}

    def trouble(self, path: Place, message: str, *, is_warning: bool = False) -> Trouble:
        """Make a problem of this file, with the line of the value it is about."""
        line = line_of(path, self._lines) if self.text else 0
        return Trouble(self.name, line, _written(path), message, is_warning)


def bundled() -> list[str]:
    """Name the bundled catalogs."""
    return sorted(one.stem for one in _bundled_files())


def _bundled_files() -> list[Path]:
    """Find the bundled files: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent
    folder = next(path for path in (package / "fixtures", package.parent / "fixtures") if path.is_dir())
    return [path for path in folder.iterdir() if path.suffix in SUFFIXES]


def load(
    sources: Sequence[Source] = ("default",),
    *,
    more: int = 0,
    seed: int = 0,
    project: str = "",
    is_thorough: bool = False,
    progress: Progress | None = None,
) -> Loaded:
    """Load catalogs and merge them in the order given.

    Args:
        sources: bundled names, paths of files or folders, or the structure of a file as a mapping.
        more: this many generated images besides.
        seed: what absent ids and the further images are made from.
        project: whose eyes an anonymous caller has; empty leaves it to the catalogs.
        is_thorough: whether bundled catalogs are warned about as well; their oddities are known.
        progress: told now and then how far loading has come.

    Raises:
        CatalogError: with every problem of every catalog.
    """
    told = progress or _untold
    opened = [one for source in sources for one in _opened(source)]
    troubles = [trouble for one in opened for trouble in _read(one, told)]
    clock = _clock(opened)
    for one in opened:
        troubles += _check(one, clock, told)
    identity = _identity(opened, project, troubles)
    builder = _Builder(opened, identity.project, seed, more, told, is_thorough=is_thorough)
    images = list(builder.images())
    troubles += builder.troubles
    if not all(trouble.is_warning for trouble in troubles):
        raise CatalogError(troubles)
    names = ", ".join(source if isinstance(source, str) else getattr(source, "name", "inline") for source in sources)
    return Loaded(names, Catalog(images), identity, clock, tuple(troubles))


def _untold(_: str, __: int, ___: int) -> None:
    """Take news of the progress for which nobody asked."""


# --- finding and reading --------------------------------------------------------------------------


def _opened(source: Source) -> Iterator[_File]:
    """Find what a source stands for: one file, or each of a folder's."""
    if isinstance(source, Mapping):
        yield _File("catalog", raw=source)
        return
    path = Path(source)
    if isinstance(source, str) and path.suffix not in SUFFIXES and path.name == source and source in bundled():
        file = next(one for one in _bundled_files() if one.stem == source)
        yield _File(source, Text(file.read_bytes(), is_json=file.suffix == ".json"), is_bundled=True)
        return
    paths = [path]
    try:
        if path.is_dir():
            paths = sorted(one for one in path.iterdir() if one.suffix in SUFFIXES and one.is_file())
            if not paths:
                nothing = f"the folder holds no file that ends in {', '.join(SUFFIXES)}"
                raise CatalogError([Trouble(str(path), 0, "", nothing)])
        for one in paths:
            yield _File(str(one), Text(one.read_bytes(), is_json=one.suffix == ".json"))
    except FileNotFoundError:
        near = difflib.get_close_matches(str(source), bundled(), 1)
        hint = f"did you mean {near[0]}?" if near else f"bundled are {', '.join(bundled())}"
        raise CatalogError([Trouble(str(source), 0, "", f"no such file, folder or bundled catalog; {hint}")]) from None
    except OSError as error:
        raise CatalogError([Trouble(str(source), 0, "", f"cannot be read: {error.strerror}")]) from None


def _read(one: _File, told: Progress) -> Iterator[Trouble]:
    if one.text is None:
        return
    try:
        one.raw = one.text.value(lambda line, height: told(f"reading {one.name}", line, height))
    except UnreadableError as error:
        yield Trouble(one.name, error.line, "", str(error))
    if one.raw is None:  # nothing but comments: everything in a catalog is optional
        one.raw = {}


def _clock(opened: Iterable[_File]) -> Clock:
    """Make the clock: the last catalog that has one says where it stands still."""
    frozen = None
    for one in opened:
        with suppress(ValueError):  # absent, or refused with the other sections
            frozen = moment(str(TIME.read(one.raw.get("clock") if isinstance(one.raw, Mapping) else None)))
    return Clock(frozen)


def _check(one: _File, clock: Clock, told: Progress) -> Iterator[Trouble]:
    """Check one catalog and convert its values; an image that is wrong is left out."""
    raw = _with_times(one.raw, clock)
    problems: list[tuple[Place, str]] = []
    sections = plain_sections(raw)
    if sections is None:
        sections, problems = _thoroughly(raw, is_image=False)
    one.values = sections
    yield from (one.trouble(path, message) for path, message in problems)
    images = raw.get("images") if isinstance(raw, Mapping) else None
    if images is not None and not isinstance(images, list | tuple):
        yield one.trouble(("images",), f"{shown(images)} is not a list of images")
        images = None
    for place, image in enumerate(images or ()):
        if place % _STEP == 0:
            told(f"checking {one.name}", place, len(images or ()))
        values, problems = plain_image(image), []
        if values is None:
            values, problems = _thoroughly(image, is_image=True)
        yield from (one.trouble(("images", place, *path), message) for path, message in problems)
        one.images.append((place, values, not problems))


def _thoroughly(raw: object, *, is_image: bool) -> tuple[dict[str, Any], list[tuple[Place, str]]]:
    """Read by the schema what is not plainly right, with every problem; most starts do without marshmallow."""
    from ims_mock.schema import ShapeError, read_image, read_sections

    try:
        return (read_image if is_image else read_sections)(raw), []
    except ShapeError as error:
        wrong = {path[0] for path, _ in error.problems if path}
        right = {name: value for name, value in error.valid.items() if isinstance(name, str) and name not in wrong}
        return right if is_image else {}, error.problems


def _with_times(raw: Any, clock: Clock) -> Any:
    """Turn ``3 days ago`` into the time it is by the clock, wherever a time stands."""
    if isinstance(raw, list | tuple):
        return [_with_times(one, clock) for one in raw]
    if not isinstance(raw, Mapping):
        return raw
    changed = {}
    for name, value in raw.items():
        if isinstance(value, list | tuple | Mapping) and name not in (MEMBERS, "tags"):
            changed[name] = _with_times(value, clock)
        elif isinstance(value, str) and name in (*_TIMES, "expires"):
            back = ago(value)
            if back is not None:
                with suppress(OverflowError):  # before the year 1: refused as the text it is
                    changed[name] = wire_time(clock.now() - back)
    return {**raw, **changed} if changed else raw


# --- merging --------------------------------------------------------------------------------------


def _identity(opened: Sequence[_File], project: str, troubles: list[Trouble]) -> Identity:
    """Merge projects and credentials; what is given twice must be given alike."""

    def every(made_of: Callable[..., Any], key: Callable[[Any], object], *path: str) -> list[Any]:
        found: dict[object, Any] = {}
        for one in opened:
            entries: Any = one.values
            for step in path:
                entries = entries.get(step, {})
            for place, entry in enumerate(entries or ()):
                made = made_of(**entry)
                if found.setdefault(key(made), made) != made:
                    troubles.append(one.trouble((*path, place), "is given before, with other values"))
        return list(found.values())

    projects = every(Project, lambda one: one.id, "projects")
    tokens = every(Token, lambda one: one.token, "credentials", "tokens")
    keys = every(Key, lambda one: one.access, "credentials", "keys")
    users = every(User, lambda one: (one.domain, one.name), "credentials", "users")
    named = [one.values["project"] for one in opened if one.values.get("project")]
    whose = project or (named[-1] if named else projects[0].id if projects else DEFAULT_PROJECT)
    return Identity(whose, projects, tokens, keys, users)


class _Builder:
    """Makes the images of all catalogs, numbered through, and collects what is odd or wrong about them."""

    def __init__(
        self, opened: Sequence[_File], project: str, seed: int, more: int, told: Progress, *, is_thorough: bool
    ) -> None:
        self.troubles: list[Trouble] = []
        self._is_thorough = is_thorough
        self._opened = opened
        self._project = project
        self._seed = seed
        self._more = more
        self._told = told
        self._shapes = Shapes()
        self._where: dict[str, str] = {}
        self._number = 0
        self._total = more + sum(
            len(one.images) + sum(section["count"] for section in one.values.get("generate", ())) for one in opened
        )

    def images(self) -> Iterator[Image]:
        """Make every image: each catalog's own, then what it generates, then the further ones."""
        for one in self._opened:
            yield from self._written(one)
            for place, section in enumerate(one.values.get("generate", ())):
                wanted = (section["count"], section.get("seed", self._seed), section.get("set", {}))
                for image in self._generated(*wanted):
                    if image is None:
                        message = f"{shown(wanted[2].get('id'))} is the id of another image as well"
                        self.troubles.append(one.trouble(("generate", place, "set", "id"), message))
                        break
                    yield image
        yield from filter(None, self._generated(self._more, self._seed, {}))

    def _written(self, one: _File) -> Iterator[Image]:
        defaults = one.values.get("defaults", {})
        for place, given, is_right in one.images:
            values = completed({**defaults, **given}, self._number, project=self._project, seed=self._seed)
            path = ("images", place)
            if self._is_thorough or not one.is_bundled:
                self._doubt(one, path, values)
            if not values["id"]:
                self.troubles.append(one.trouble((*path, "id"), "has no value; leave it out to have one made"))
                continue
            image = self._image(values, f"{one.name}: {_written(path)}")
            if image is None:
                message = f"{shown(values['id'])} is the id of {self._where[str(values['id'])]} as well"
                self.troubles.append(one.trouble((*path, "id"), message))
            elif is_right:
                yield image

    def _doubt(self, one: _File, path: Place, values: Mapping[str, Any]) -> None:
        """Warn about what no real image would show."""
        from ims_mock.plausibility import doubts  # the catalogs of most starts are bundled, and known

        attributes = {name: value for name, value in values.items() if name != MEMBERS}
        self.troubles += [
            one.trouble((*path, doubt.name), doubt.message, is_warning=True) for doubt in doubts(attributes)
        ]

    def _generated(self, count: int, seed: int, fixed: Mapping[str, object]) -> Iterator[Image | None]:
        """Generate images; ``None`` stands for one whose id is taken."""
        if not count:
            return
        from ims_mock.generating import generate  # with Faker a heavy import, which most starts do without

        for values in generate(count, seed, first=self._number, project=self._project, fixed=fixed):
            tags: Any = values["tags"]
            yield self._image({**values, "tags": tuple(tags)}, f"generated image {self._number}")

    def _image(self, values: Mapping[str, Any], where: str) -> Image | None:
        """Make one image; ``None`` when its id is taken."""
        self._number += 1
        if self._number % _STEP == 0:
            self._told("making images", self._number, self._total)
        if str(values["id"]) in self._where:
            return None
        self._where[str(values["id"])] = where
        kept = in_table_order({name: value for name, value in values.items() if value is not None and name != MEMBERS})
        return self._shapes.image(kept, values.get(MEMBERS) or {})


def _written(path: Iterable[str | int]) -> str:
    """Write a path as people do: ``images[3].min_disk``."""
    text = ""
    for step in path:
        name = printable(str(step))
        text += f"[{step}]" if isinstance(step, int) else f".{name}" if text else name
    return text
