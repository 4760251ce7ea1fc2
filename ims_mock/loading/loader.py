"""The catalog loader: parses, validates, completes and merges catalogs, and reports every problem at once."""

import sys
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from ims_mock.auth.credentials import DEFAULT_PROJECT, AccessKey, CredentialStore, Project, Token, User
from ims_mock.catalog.attribute_defaults import with_defaults
from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image, Membership, image_id
from ims_mock.catalog.visibility import Caller, IsVisible, View
from ims_mock.clock import Clock
from ims_mock.contract.fields import FIELDS
from ims_mock.contract.profiles import DOCUMENTED, Profile
from ims_mock.contract.values import LIST
from ims_mock.loading.contents import PROGRESS_STEP, Contents, Progress
from ims_mock.loading.dump import Masks, dump_credentials
from ims_mock.loading.lint import Spelling, is_open, lint
from ims_mock.loading.parser import ValuePath
from ims_mock.loading.published import MORE_PAGES, UNSET, as_shared, list_of
from ims_mock.loading.schema import MEMBERS
from ims_mock.loading.sources import UNNAMED, CatalogFile, CatalogProblem, Problems, Source, format_path, open_source
from ims_mock.text import quoted

MAX_REPEATED_CHARACTERS: Final = 2**26  # of defaults, or of the values of generated images, in all images together
_FREE_CHARACTERS: Final = 1024  # may be repeated in any number of images, which take more memory themselves
_LISTS: Final = frozenset(field.name for field in FIELDS if field.type is LIST)
_HIDDEN: Final = "{} is a project that no section names, and project {} does not see its image; add it to projects"
_NO_OWNER: Final = "has no value, and project {} does not list the image; leave it out to have an owner"
_NO_ID: Final = "has no value; leave it out to have an id generated"


@dataclass(frozen=True)
class LoadedCatalog:
    """The merged contents of one or more catalogs."""

    name: str  # the names of the catalogs as they were given
    catalog: Catalog
    credentials: CredentialStore
    clock: Clock  # frozen if a catalog says so
    warnings: tuple[CatalogProblem, ...]  # what no real image would show, by file and line
    seed: int = 0  # of absent ids


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
    contents = [Contents(file, problems, report) for file in files]
    _warn_of_missing_pages(contents)
    clock = base.clock if base else Clock()
    for content in contents:
        clock = content.clock(clock)
    for content in contents:
        content.validate_sections(clock)
    total = generate + _count_images(contents, max_images, problems)
    for content in contents:
        content.validate_images()
        content.unmask(unmask or Masks().unmasker(()))
    present = Contents(CatalogFile(UNNAMED, {}), problems, report)
    present.sections = dump_credentials(base.credentials) if base else {}
    credentials, owner = _credentials([present, *contents], project, shown_to)
    builder = _ImageBuilder(base, credentials, owner, seed, clock.wire() if base else "", lint_bundled)
    images: list[Image] = []
    for image in builder.build(contents, generate, can_generate=not problems.errors):
        images.append(image)
        if len(images) % PROGRESS_STEP == 0:
            report("building images", len(images), total)
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


def _warn_of_missing_pages(contents: Iterable[Contents]) -> None:
    """Warn about every published list whose last page is not among the catalogs."""
    last_pages = {list_of(one.links): one for one in sorted(contents, key=lambda one: "next" not in one.links)}
    for content in last_pages.values():
        if "next" in content.links:
            content.warn(("next",), MORE_PAGES)


def _count_images(contents: Iterable[Contents], max_images: int, problems: Problems) -> int:
    """Return the number of images; reject too many, and those that would be much larger than the text of catalogs."""
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
            length = len(str(values))
            if count and total > max_images:
                content.error(counted, f"{total} images would be loaded; at most {max_images} are allowed")
            elif length > _FREE_CHARACTERS and length * count > MAX_REPEATED_CHARACTERS:
                content.error(repeated, f"{length} characters would be repeated in {count} images; shorten the values")
            else:
                continue
            problems.refuse_errors()  # validating or building so many images takes long
    return total


_ENTRIES: Final[Mapping[tuple[str, ...], tuple[Callable[..., Any], Callable[[Any], Mapping[Hashable, object]]]]] = {
    ("projects",): (Project, lambda one: {one.id: one}),
    ("credentials", "tokens"): (Token, lambda one: {one.token: one}),
    ("credentials", "keys"): (
        AccessKey,
        lambda one: {(one.access, one.project): one, one.access: (one.secret, one.security_token, one.expires)},
    ),
    ("credentials", "users"): (
        User,
        lambda one: {(one.domain, one.name, one.project): one, (one.domain, one.name): one.password},
    ),
}
"""The type of the entries of each section, and what an entry says of which keys; no other may say otherwise."""


def _credentials(contents: Sequence[Contents], project: str, shown_to: str) -> tuple[CredentialStore, str]:
    """Return the projects and credentials, and the owner of images without one: the project that the catalogs name.

    ``project`` is the project of unauthenticated requests, and the owner if the catalogs name none; it may be empty.
    ``shown_to`` is as in :func:`load`.
    """
    merged: list[list[Any]] = []
    for path, (entry_type, said_by) in _ENTRIES.items():
        entries: dict[Any, None] = {}
        said: dict[Hashable, object] = {}
        for content in contents:
            rows: Any = content.sections
            for step in path:
                rows = rows.get(step, {})
            for index, values in enumerate(rows):
                entry = entry_type(**values)
                entries[entry] = None
                if any(said.setdefault(key, value) != value for key, value in said_by(entry).items()):
                    content.error((*path, index), "is repeated with other values")
        merged.append(list(entries))
    projects, tokens, keys, users = merged
    named = [content.sections["project"] for content in contents if content.sections.get("project")]
    own_project = named[-1] if named else projects[0].id if projects else ""
    for content in contents:
        if not own_project and any(map(content.is_published, content.images)):
            own_project = content.shown_to or project or shown_to
    default_project = project or own_project or DEFAULT_PROJECT
    return CredentialStore(default_project, projects, tokens, keys, users), own_project or default_project


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
    """Builds the images of all catalogs. Some fields are arguments of :func:`load`."""

    base: LoadedCatalog | None
    credentials: CredentialStore
    owner: str  # of images without one
    seed: int
    now: str  # the default creation time; if empty, it is derived from the index of the image
    lint_bundled: bool
    _taken: dict[str, str] = field(default_factory=dict)  # ids with the descriptions of their images
    _spelling: Spelling = field(default_factory=Spelling)

    def __post_init__(self) -> None:
        self._index = len(self.base.catalog) if self.base else 0
        known = self.credentials
        rows: tuple[Token | AccessKey | User, ...] = (*known.tokens, *known.keys, *known.users)
        self._known_projects = {self.owner, *known.projects, *(row.project for row in rows)}
        self._view = view_of_lists(known, DOCUMENTED)

    def build(self, contents: Iterable[Contents], generate: int, *, can_generate: bool) -> Iterator[Image]:
        """Build the images of each catalog, then those that it generates, and finally further generated ones."""
        for content in contents:
            yield from self._written_images(content)
            for index, section in enumerate(content.sections.get("generate", ())):
                path, fixed = ("generate", index, "set"), section.get("set", {})
                if can_generate and section["count"]:
                    yield from self._generated_section(content, path, fixed, section)
                else:
                    self._lint(content, path, self._with_defaults(fixed), only=fixed)
        for image in self._generated(generate if can_generate else 0, self.seed, {}):
            if not self._is_taken(image.id):
                yield image

    def _written_images(self, content: Contents) -> Iterator[Image]:
        defaults = content.sections.get("defaults", {})
        if all(image.is_complete for image in content.images):
            self._lint(content, ("defaults",), self._with_defaults(defaults), only=defaults)
        for index, image in enumerate(content.images):
            self._skip_taken_ids(self.seed)
            given: Mapping[str, Any] = {**(UNSET if image.is_complete else {}), **defaults, **image.values}
            path: ValuePath = ("images", index)
            if content.is_published(image):
                given, warning = as_shared(given, content.shown_to or self.owner)
                if warning:
                    content.warn((*path, "visibility"), warning)
            values = self._with_defaults(given)
            built = image_from_entry(values)
            attributes = {} if image.is_complete else {name: values[name] for name in values if name != MEMBERS}
            self._lint(content, path, attributes, image=built, defaulted=defaults.keys() - image.values.keys())
            if not values["id"]:
                content.error((*path, "id"), _NO_ID)
                continue
            self._index += 1
            if self._take_id(built.id, f"{content.file.name}: {format_path(path)}", content, path):
                yield built

    def _with_defaults(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return with_defaults(given, self._index, project=self.owner, seed=self.seed, now=self.now)

    def _lint(
        self,
        content: Contents,
        path: ValuePath,
        values: Mapping[str, Any],
        *,
        image: Image | None = None,
        only: Container[str] | None = None,
        defaulted: Container[str] = (),
    ) -> None:
        """Add the warnings about the attributes of an image, or ``only`` about some.

        ``image`` is given if it may be hidden; it has the ``defaulted`` attributes from ``defaults``.
        """
        if content.file.is_bundled and not self.lint_bundled:
            return
        hidden = self._hidden(image) if image and not is_open(values) else ()
        for name, message in chain(lint(values, self._spelling), hidden):
            if only is None or name in only:
                content.warn(("defaults", name) if name in defaulted else (*path, name), message)

    def _hidden(self, image: Image) -> Iterator[tuple[str, str]]:
        """Yield a warning if the default project does not list an image of an unknown project in any list."""
        owner, project = image.get("owner"), self._view.caller.project
        is_listed = IsVisible(self._view, "all").matches(image)
        if not (is_listed or owner in self._known_projects or image.visibility == "community"):
            yield "owner", _NO_OWNER.format(project) if owner is None else _HIDDEN.format(quoted(owner), project)

    def _generated_section(
        self, content: Contents, path: ValuePath, fixed: Mapping[str, Any], section: Mapping[str, Any]
    ) -> Iterator[Image]:
        if not fixed.get("id", "generated"):
            content.error((*path, "id"), _NO_ID)
            return
        for number, image in enumerate(self._generated(section["count"], section.get("seed", self.seed), fixed)):
            if number == 0 and fixed:  # all have the same fixed values
                self._lint(content, path, image.values, image=image if "owner" in fixed else None)
            if not self._take_id(image.id, f"generated image {self._index - 1}", content, path):
                return
            yield image

    def _generated(self, count: int, seed: int, fixed: Mapping[str, object]) -> Iterator[Image]:
        if not count:
            return
        from ims_mock.loading.generator import generate  # imports Faker, which most emulators do not need

        self._skip_taken_ids(seed)
        for entry in generate(count, seed, first=self._index, project=self.owner, fixed=fixed):
            self._index += 1
            yield image_from_entry(entry)

    def _take_id(self, wanted: str, description: str, content: Contents, path: ValuePath) -> bool:
        """Reserve the id of an image; if another image has it, report that and return false."""
        if self._is_taken(wanted):
            other = self._taken.get(wanted, "an image of the catalog that is added to")
            content.error((*path, "id"), f"{quoted(wanted)} is also the id of {other}")
            return False
        self._taken[wanted] = description
        return True

    def _is_taken(self, wanted: str) -> bool:
        return wanted in self._taken or bool(self.base and self.base.catalog.get(wanted))

    def _skip_taken_ids(self, seed: int) -> None:
        """Advance to an index whose derived id is free; images may have been removed from the catalog added to."""
        while self.base is not None and self._is_taken(image_id(seed, self._index)):
            self._index += 1
