"""The catalog loader: parses, validates, completes and merges catalogs, and reports every problem at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from ims_mock.auth.credentials import DEFAULT_PROJECT, AccessKey, CredentialStore, Project, Token, User
from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.defaults import with_defaults
from ims_mock.catalog.image import Image, Membership, image_id
from ims_mock.catalog.visibility import Caller, IsVisible, View
from ims_mock.clock import Clock
from ims_mock.contract.fields import FIELDS
from ims_mock.contract.profiles import DOCUMENTED, Profile
from ims_mock.contract.values import LIST, TIME, parse_wire_time
from ims_mock.loading.contents import (
    PROGRESS_STEP,
    Contents,
    Progress,
    missing_pages,
    parse,
    validate_images,
    validate_sections,
)
from ims_mock.loading.dump import Masks, dump_credentials
from ims_mock.loading.lint import Spelling, is_open, lint
from ims_mock.loading.parser import ValuePath
from ims_mock.loading.published import UNSET, as_shared
from ims_mock.loading.schema import CREDENTIAL_KEYS, MEMBERS
from ims_mock.loading.sources import UNNAMED, CatalogFile, CatalogProblem, Problems, Source, format_path, open_source
from ims_mock.text import quoted

MAX_REPEATED_CHARACTERS: Final = 2**26
"""The characters that defaults, or the values of generated images, may amount to in all images together."""

_FREE_CHARACTERS: Final = 1024
"""Defaults of this length may be repeated in any number of images, which take more memory themselves."""

_LISTS: Final = frozenset(field.name for field in FIELDS if field.type is LIST)
_HIDDEN: Final = "{} is a project that no section names, and project {} does not see its image; add it to projects"
_NO_OWNER: Final = "has no value, and project {} does not list the image; leave it out to have an owner"
_NO_ID: Final = "has no value; leave it out to have an id generated"


@dataclass(frozen=True)
class LoadedCatalog:
    """The merged contents of one or more catalogs.

    Attributes:
        name: The names of the catalogs as they were given.
        clock: The clock, frozen if a catalog says so.
        warnings: What no real image would show, by file and line.
        seed: The seed that absent ids are derived from.
    """

    name: str
    catalog: Catalog
    credentials: CredentialStore
    clock: Clock
    warnings: tuple[CatalogProblem, ...]
    seed: int = 0


def load(
    sources: Sequence[Source] = ("default",),
    *,
    generate: int = 0,
    seed: int = 0,
    project: str = "",
    shown_to: str = "",
    base: LoadedCatalog | None = None,
    lint_bundled: bool = False,
    max_images: int = sys.maxsize,
    progress: Progress | None = None,
    unmask: Callable[[str], str] | None = None,
) -> LoadedCatalog:
    """Load catalogs and merge them in the order given.

    Args:
        sources: Bundled names, paths of files or folders, or the structures or texts of catalogs.
        generate: The number of generated images to add.
        seed: The seed of absent ids and of generated images.
        project: The project of unauthenticated requests; if empty, the catalogs decide.
        shown_to: The project that published responses were shown to, if nothing in the catalogs tells.
        base: A loaded catalog to add to. Images without a time are then created now.
        lint_bundled: Whether to check bundled catalogs for implausible images as well.
        max_images: The number of images that the catalogs may have, written or generated.
        progress: Called now and then with the progress of loading.
        unmask: Returns the secret that a mask stands for, and other texts unchanged; a ``ValueError`` is a problem. By
            default every mask is one.

    Raises:
        CatalogError: Every problem of every catalog, up to a limit.
    """
    report = progress or (lambda *_: None)
    files = [file for source in sources for file in open_source(source)]
    problems = Problems(files)
    parsed = [parse(file, report, problems) for file in files]
    problems.add(*missing_pages(file for file, _ in parsed))
    clock = _clock((raw for _, raw in parsed), base.clock if base else Clock())
    contents = [validate_sections(file, raw, clock, problems) for file, raw in parsed]
    _check_size(contents, max_images, problems)
    contents = [validate_images(content, report, problems) for content in contents]
    unmask = unmask or Masks().unmasker(())
    problems.add(*(problem for content in contents for problem in _unmask(content, unmask)))
    present = [Contents(CatalogFile(UNNAMED, {}), dump_credentials(base.credentials))] if base else []
    credentials, owner = _credentials([*present, *contents], project, shown_to, problems)
    now = clock.wire() if base else ""
    builder = _ImageBuilder(base, credentials, owner, seed, now, lint_bundled, report, problems)
    images = list(builder.build(contents, generate))
    problems.refuse_errors()
    if base:
        name, catalog = base.name, base.catalog.with_images(images)
    else:
        name = ", ".join(source if isinstance(source, str) else getattr(source, "name", "inline") for source in sources)
        catalog = Catalog(images)
    return LoadedCatalog(name, catalog, credentials, clock, problems.sorted(problems.warnings), seed)


def view_of_lists(credentials: CredentialStore, profile: Profile) -> View:
    """Return the view that decides which images are listed for the default project: without ``X-Api-Version``."""
    return View(Caller(credentials.default_project), profile, is_queens=False)


# --- the catalogs as a whole


def _clock(parsed: Iterable[Any], clock: Clock) -> Clock:
    """Return the clock of the last catalog that has one, else the given one."""
    for raw in parsed:
        with suppress(ValueError):  # absent, or reported by the validation
            clock = Clock(parse_wire_time(str(TIME.read(raw.get("clock") if isinstance(raw, Mapping) else None))))
    return clock


def _check_size(contents: Iterable[Contents], max_images: int, problems: Problems) -> None:
    """Reject catalogs with too many images, or whose images would be much larger than their text."""
    total = 0
    for content in contents:
        sections = content.sections
        rows: list[tuple[ValuePath, ValuePath, Any, int]] = [
            (("images",), ("defaults",), sections.get("defaults", ""), len(sections["images"]))
        ]
        for index, section in enumerate(sections.get("generate", ())):
            path = ("generate", index)
            rows.append(((*path, "count"), (*path, "set"), section.get("set", ""), section["count"]))
        for counted, repeated, values, count in rows:
            total += count
            if count and total > max_images:
                message = f"{total} images would be loaded; at most {max_images} are allowed"
                problems.add(content.file.problem(counted, message))
                problems.refuse_errors()  # validating or building so many images takes long
            length = len(str(values))
            if length > _FREE_CHARACTERS and length * count > MAX_REPEATED_CHARACTERS:
                message = f"{length} characters would be repeated in {count} images; shorten the values"
                problems.add(content.file.problem(repeated, message))
                problems.refuse_errors()


def _unmask(contents: Contents, unmask: Callable[[str], str]) -> Iterator[CatalogProblem]:
    """Replace the masks of secrets by the secrets."""
    for section, entries in contents.sections.get("credentials", {}).items():
        secret_keys = [name for name, key in CREDENTIAL_KEYS[section].items() if key.is_secret]
        for index, entry in enumerate(entries):
            for name in entry.keys() & secret_keys:
                try:
                    entry[name] = unmask(entry[name])
                except ValueError as error:
                    yield contents.file.problem(("credentials", section, index, name), str(error))


# --- projects and credentials


def _credentials(
    contents: Sequence[Contents], project: str, shown_to: str, problems: Problems
) -> tuple[CredentialStore, str]:
    """Return the projects and credentials, and the owner of images without one: the project that the catalogs name.

    ``project`` is the project of unauthenticated requests, and the owner if the catalogs name none; it may be empty.
    ``shown_to`` is as in :func:`load`.
    """

    def merged(
        entry_type: Callable[..., Any],
        path: tuple[str, ...],
        identity: tuple[str, ...],
        holder: tuple[str, ...] = (),
        secret: tuple[str, ...] = (),
    ) -> list[Any]:
        """Return the entries of a section. An entry with the same identity must have the same values.

        All entries of the holder of a secret must have the same secret.
        """
        found: dict[Hashable, Any] = {}
        secrets: dict[Hashable, Any] = {}
        for content in contents:
            entries: Any = content.sections
            for step in path:
                entries = entries.get(step, {})
            for index, values in enumerate(entries):
                entry = entry_type(**values)
                key, owner, own = (tuple(getattr(entry, one) for one in names) for names in (identity, holder, secret))
                if found.setdefault(key, entry) != entry or secrets.setdefault(owner, own) != own:
                    problems.add(content.file.problem((*path, index), "is repeated with other values"))
        return list(found.values())

    projects = merged(Project, ("projects",), ("id",))
    tokens = merged(Token, ("credentials", "tokens"), ("token",))
    secret = ("secret", "security_token", "expires")
    keys = merged(AccessKey, ("credentials", "keys"), ("access", "project"), ("access",), secret)
    users = merged(User, ("credentials", "users"), ("domain", "name", "project"), ("domain", "name"), ("password",))
    named = [content.sections["project"] for content in contents if content.sections.get("project")]
    own_project = named[-1] if named else projects[0].id if projects else ""
    for content in contents:
        if not own_project and any(map(content.is_published, content.images)):
            own_project = content.shown_to or project or shown_to
    default_project = project or own_project or DEFAULT_PROJECT
    return CredentialStore(default_project, projects, tokens, keys, users), own_project or default_project


# --- images


def image_from_entry(entry: Mapping[str, Any]) -> Image:
    """Return the image of an entry of a catalog file, which has its defaults already."""
    values = {
        name: tuple(value) if name in _LISTS else value
        for name, value in entry.items()
        if value is not None and name != MEMBERS
    }
    return Image(values, memberships(entry))


def memberships(entry: Mapping[str, Any]) -> dict[str, Membership]:
    """Return the members of an entry of a catalog file."""
    return {project: Membership(status) for project, status in (entry.get(MEMBERS) or {}).items()}


@dataclass
class _ImageBuilder:
    """Builds the images of all catalogs. Its fields are the arguments of :func:`load`, if not described here.

    Attributes:
        credentials: The projects and credentials.
        owner: The owner of images without one.
        now: The default creation time; if empty, it is derived from the index of the image.
        problems: The problems of the catalogs; receives those of images.
    """

    base: LoadedCatalog | None
    credentials: CredentialStore
    owner: str
    seed: int
    now: str
    lint_bundled: bool
    report: Progress
    problems: Problems
    _total: int = 0
    _taken: dict[str, str] = field(default_factory=dict)  # ids with the descriptions of their images

    def __post_init__(self) -> None:
        self._index = len(self.base.catalog) if self.base else 0
        self._spelling = Spelling()
        known = self.credentials
        rows: tuple[Token | AccessKey | User, ...] = (*known.tokens, *known.keys, *known.users)
        self._known_projects = {self.owner, *known.projects, *(row.project for row in rows)}
        self._view = view_of_lists(known, DOCUMENTED)

    def build(self, contents: Sequence[Contents], generate: int) -> Iterator[Image]:
        """Build the images of each catalog, then those that it generates, and finally further generated ones.

        If there are errors already, nothing is generated.
        """
        can_generate = not self.problems.errors
        counts = [
            len(one.images) + sum(entry["count"] for entry in one.sections.get("generate", ())) for one in contents
        ]
        self._total = self._index + sum(counts) + generate
        for content in contents:
            yield from self._written_images(content)
            for index, section in enumerate(content.sections.get("generate", ())):
                if can_generate and section["count"]:
                    yield from self._generated_section(content.file, index, section)
                else:
                    self._lint_values(content.file, ("generate", index, "set"), section.get("set", {}))
        for image in self._generated(generate if can_generate else 0, self.seed, {}):
            if not self._is_taken(image.id):
                yield image

    def _written_images(self, content: Contents) -> Iterator[Image]:
        defaults, file = content.sections.get("defaults", {}), content.file
        found_in_defaults: set[tuple[str, str]] = set()
        if all(image.is_complete for image in content.images):
            self._lint_values(file, ("defaults",), defaults)
        for index, image in enumerate(content.images):
            self._skip_taken_ids(self.seed)
            given: Mapping[str, Any] = {**(UNSET if image.is_complete else {}), **defaults, **image.values}
            path: ValuePath = ("images", index)
            if content.is_published(image):
                given, warning = as_shared(given, content.shown_to or self.owner)
                if warning:
                    self.problems.add(file.problem((*path, "visibility"), warning, is_warning=True))
            values = with_defaults(given, self._index, project=self.owner, seed=self.seed, now=self.now)
            built = image_from_entry(values)
            attributes = {} if image.is_complete else {name: values[name] for name in values if name != MEMBERS}
            defaulted = defaults.keys() - image.values.keys()
            self._lint(file, path, attributes, built, defaulted, found_in_defaults)
            if not values["id"]:
                self.problems.add(file.problem((*path, "id"), _NO_ID))
                continue
            self._count()
            description = f"{file.name}: {format_path(path)}"
            if self._take_id(str(values["id"]), description, file, (*path, "id")) and image.is_valid:
                yield built

    def _lint(
        self,
        file: CatalogFile,
        path: ValuePath,
        values: Mapping[str, Any],
        image: Image | None,
        defaulted: Set[str] = frozenset(),
        found_in_defaults: set[tuple[str, str]] | None = None,
    ) -> None:
        """Add the warnings about values of an image, if the service did not show them, and whether it is hidden.

        Args:
            file: The catalog.
            path: The path of the image.
            values: The values to check.
            image: The image, if it may be hidden.
            defaulted: The attributes that it has from ``defaults``, where each warning is added once.
            found_in_defaults: The warnings about defaults so far.
        """
        if file.is_bundled and not self.lint_bundled:
            return
        found = found_in_defaults if found_in_defaults is not None else set()
        warnings = lint(values, self._spelling)
        if image is not None and not is_open(values) and (message := self._hidden(image)):
            warnings = chain(warnings, [("owner", message)])
        while not self.problems.has_all_warnings and (warning := next(warnings, None)):
            name, message = warning
            if name not in defaulted:
                self.problems.add(file.problem((*path, name), message, is_warning=True))
            elif warning not in found:
                found.add(warning)
                self.problems.add(file.problem(("defaults", name), message, is_warning=True))

    def _lint_values(self, file: CatalogFile, path: ValuePath, given: Mapping[str, Any]) -> None:
        """Add the warnings about values that no image has so far."""
        if given and not self.problems.has_all_warnings and not (file.is_bundled and not self.lint_bundled):
            values = with_defaults(given, self._index, project=self.owner, seed=self.seed, now=self.now)
            for name, message in lint(values, self._spelling):
                if name in given:
                    self.problems.add(file.problem((*path, name), message, is_warning=True))

    def _hidden(self, image: Image) -> str:
        """Return a warning if the default project does not list an image of an unknown project in any list."""
        owner, project = image.get("owner"), self._view.caller.project
        is_listed = IsVisible(self._view, "all").matches(image)
        if is_listed or owner in self._known_projects or image.visibility == "community":
            return ""
        return _NO_OWNER.format(project) if owner is None else _HIDDEN.format(quoted(owner), project)

    def _generated_section(self, file: CatalogFile, index: int, section: Mapping[str, Any]) -> Iterator[Image]:
        path: ValuePath = ("generate", index, "set")
        fixed = section.get("set", {})
        if not fixed.get("id", "generated"):
            self.problems.add(file.problem((*path, "id"), _NO_ID))
            return
        for number, image in enumerate(self._generated(section["count"], section.get("seed", self.seed), fixed)):
            if number == 0 and fixed:  # all have the same fixed values
                self._lint(file, path, image.values, image if "owner" in fixed else None)
            if not self._take_id(image.id, f"generated image {self._index - 1}", file, (*path, "id")):
                return
            yield image

    def _generated(self, count: int, seed: int, fixed: Mapping[str, object]) -> Iterator[Image]:
        if not count:
            return
        from ims_mock.loading.generator import generate  # imports Faker, which most emulators do not need

        self._skip_taken_ids(seed)
        for entry in generate(count, seed, first=self._index, project=self.owner, fixed=fixed):
            self._count()
            yield image_from_entry(entry)

    def _count(self) -> None:
        self._index += 1
        if self._index % PROGRESS_STEP == 0:
            self.report("building images", self._index, self._total)

    def _take_id(self, wanted: str, description: str, file: CatalogFile, path: ValuePath) -> bool:
        """Reserve the id of an image; if another image has it, report that and return false."""
        if self._is_taken(wanted):
            other = self._taken.get(wanted, "an image of the catalog that is added to")
            self.problems.add(file.problem(path, f"{quoted(wanted)} is also the id of {other}"))
            return False
        self._taken[wanted] = description
        return True

    def _is_taken(self, wanted: str) -> bool:
        return wanted in self._taken or bool(self.base and self.base.catalog.get(wanted))

    def _skip_taken_ids(self, seed: int) -> None:
        """Advance to an index whose derived id is free; images may have been removed from the catalog added to."""
        while self.base is not None and self._is_taken(image_id(seed, self._index)):
            self._index += 1
