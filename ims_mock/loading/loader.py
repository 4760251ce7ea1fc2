"""Catalog files become a catalog: found, read, checked, completed and merged, with every problem reported at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from ims_mock.auth.credentials import DEFAULT_PROJECT, AccessKey, CredentialStore, Project, User
from ims_mock.auth.tokens import Token
from ims_mock.catalog.catalog import Catalog
from ims_mock.clock import Clock
from ims_mock.contract.fields import FIELDS
from ims_mock.contract.values import TIME, parse_age, parse_wire_time, quoted, wire_time
from ims_mock.loading.building import STEP, Before, Builder, Progress
from ims_mock.loading.dump import Masks, filed_identity
from ims_mock.loading.parser import UnreadableError
from ims_mock.loading.sections import CREDENTIALS, MEMBERS, plain_image, plain_sections
from ims_mock.loading.sources import UNNAMED, CatalogError, CatalogFile, Place, Source, Trouble, opened

_TIMES: Final = tuple(one.name for one in FIELDS if one.type is TIME)


class Loaded(NamedTuple):
    """What catalog files hold once they are merged.

    Attributes:
        name: the names of the catalogs, as they were given.
        catalog: the images.
        credentials: projects and credentials.
        clock: the clock, standing still when a catalog says so.
        warnings: what is odd about the images.
        seed: what absent ids are made from.
    """

    name: str
    catalog: Catalog
    credentials: CredentialStore
    clock: Clock
    warnings: tuple[Trouble, ...]
    seed: int = 0


def load(
    sources: Sequence[Source] = ("default",),
    *,
    more: int = 0,
    seed: int = 0,
    project: str = "",
    is_thorough: bool = False,
    progress: Progress | None = None,
    onto: Loaded | None = None,
    masks: Masks | None = None,
) -> Loaded:
    """Load catalogs and merge them in the order given.

    Args:
        sources: bundled names, paths of files or folders, or the structure of a file as a mapping or a text.
        more: this many generated images besides.
        seed: what absent ids and the further images are made from.
        project: whose eyes an anonymous caller has; empty leaves it to the catalogs.
        is_thorough: whether bundled catalogs are warned about as well; their oddities are known.
        progress: told now and then how far loading has come.
        onto: what they are added to; images without a time are then made now.
        masks: those that secrets may be given as.

    Raises:
        CatalogError: with every problem of every catalog.
    """
    told = progress or _untold
    files = [one for source in sources for one in opened(source)]
    troubles = [trouble for one in files for trouble in _read(one, told)]
    clock = _clock(files, onto.clock if onto else Clock())
    for one in files:
        troubles += _check(one, clock, told)
        troubles += _lift(one, masks) if masks else ()
    present = [CatalogFile(UNNAMED, values=filed_identity(onto.credentials))] if onto else []
    identity, owner = _identity([*present, *files], project, troubles)
    before = Before(onto.catalog, clock.wire()) if onto else None
    builder = Builder(
        files,
        owner,
        seed,
        more,
        told,
        is_thorough=is_thorough,
        is_generating=not troubles,
        before=before,
    )
    images = list(builder.images())
    troubles += builder.troubles
    if not all(trouble.is_warning for trouble in troubles):
        order = {one.name: place for place, one in enumerate(files)}
        raise CatalogError(sorted(troubles, key=lambda trouble: (order[trouble.file], trouble.line)))
    if onto:
        catalog = onto.catalog.with_images(images)
        return onto._replace(catalog=catalog, credentials=identity, clock=clock, warnings=tuple(troubles), seed=seed)
    catalog = Catalog(images)
    names = ", ".join(source if isinstance(source, str) else getattr(source, "name", "inline") for source in sources)
    return Loaded(names, catalog, identity, clock, tuple(troubles), seed)


def _untold(_: str, __: int, ___: int) -> None:
    """Take news of the progress for which nobody asked."""


def _read(one: CatalogFile, told: Progress) -> Iterator[Trouble]:
    if one.text is None:
        return
    try:
        one.raw = one.text.value(lambda line, height: told(f"reading {one.name}", line, height))
    except UnreadableError as error:
        yield Trouble(one.name, error.line, "", str(error))
    if one.raw is None:  # nothing but comments: everything in a catalog is optional
        one.raw = {}


def _clock(files: Iterable[CatalogFile], clock: Clock) -> Clock:
    """Make the clock: the last catalog that has one says where it stands still."""
    for one in files:
        with suppress(ValueError):  # absent, or refused with the other sections
            clock = Clock(
                parse_wire_time(str(TIME.read(one.raw.get("clock") if isinstance(one.raw, Mapping) else None)))
            )
    return clock


def _check(one: CatalogFile, clock: Clock, told: Progress) -> Iterator[Trouble]:
    """Check one catalog and convert its values; an image that is wrong is left out."""
    raw, images = one.raw, None
    if isinstance(raw, Mapping):
        images = raw.get("images")
        raw = {name: value for name, value in raw.items() if name != "images"}
    raw = _with_times(raw, clock)
    problems: list[tuple[Place, str]] = []
    sections = plain_sections(raw)
    if sections is None:
        sections, problems = _thoroughly(raw, is_image=False)
    one.values = sections
    yield from (one.trouble(path, message) for path, message in problems)
    if images is not None and not isinstance(images, list | tuple):
        yield one.trouble(("images",), f"{quoted(images)} is not a list of images")
        images = None
    for place, image in enumerate(images or ()):
        if place % STEP == 0:
            told(f"checking {one.name}", place, len(images or ()))
        values, problems = _plainly(image, clock), []
        if values is None:
            values, problems = _thoroughly(_with_times(image, clock), is_image=True)
        yield from (one.trouble(("images", place, *path), message) for path, message in problems)
        one.images.append((place, values, not problems))
    one.raw = None  # all that is needed of it is read


def _plainly(image: object, clock: Clock) -> dict[str, Any] | None:
    """Read an image that is plainly right, perhaps once its times are those they are by the clock."""
    if isinstance(image, Mapping) and "expires" in image:  # any text is right there
        image = _with_times(image, clock)
    values = plain_image(image)
    return values if values is not None else plain_image(_with_times(image, clock))


def _thoroughly(raw: object, *, is_image: bool) -> tuple[dict[str, Any], list[tuple[Place, str]]]:
    """Read by the schema what is not plainly right, with every problem; most starts do without marshmallow."""
    from ims_mock.loading.schema import ShapeError, read_image, read_sections

    try:
        return (read_image if is_image else read_sections)(raw), []
    except ShapeError as error:
        wrong = {path[0] for path, _ in error.problems if path}
        right = {name: value for name, value in error.valid.items() if isinstance(name, str) and name not in wrong}
        return right if is_image else {}, error.problems


def _lift(one: CatalogFile, masks: Masks) -> Iterator[Trouble]:
    """Put the secrets of a catalog in the place of their masks."""
    for kind, entries in one.values.get("credentials", {}).items():
        for place, entry in enumerate(entries):
            for name in entry:
                try:
                    entry[name] = masks.lifted(entry[name]) if CREDENTIALS[kind][name].is_secret else entry[name]
                except ValueError as error:
                    yield one.trouble(("credentials", kind, place, name), str(error))


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
            back = parse_age(value)
            if back is not None:
                with suppress(OverflowError):  # before the year 1: refused as the text it is
                    changed[name] = wire_time(clock.now() - back)
    return {**raw, **changed} if changed else raw


# --- merging --------------------------------------------------------------------------------------


def _identity(files: Sequence[CatalogFile], project: str, troubles: list[Trouble]) -> tuple[CredentialStore, str]:
    """Merge projects and credentials, and tell whose images without an owner are.

    What is given twice must be given alike; keys and users may open several projects, with one secret. A project asked
    for is whose eyes an anonymous caller has; it owns nothing in catalogs that name a project of their own.
    """

    def every(
        made_of: Callable[..., Any],
        key: Callable[[Any], tuple[str, ...]],
        *path: str,
        shared: Callable[[Any], object] = lambda _: None,
    ) -> list[Any]:
        found: dict[object, Any] = {}
        common: dict[object, object] = {}  # what all the rows of one owner must agree on; the key ends with the project
        for one in files:
            entries: Any = one.values
            for step in path:
                entries = entries.get(step, {})
            for place, entry in enumerate(entries or ()):
                made = made_of(**entry)
                *owner, _ = row = key(made)
                is_same = common.setdefault(tuple(owner), shared(made)) == shared(made)
                if found.setdefault(row, made) != made or not is_same:
                    troubles.append(one.trouble((*path, place), "is given before, with other values"))
        return list(found.values())

    projects = every(Project, lambda one: (one.id, ""), "projects")
    tokens = every(Token, lambda one: (one.token, ""), "credentials", "tokens")
    keys = every(
        AccessKey,
        lambda one: (one.access, one.project),
        "credentials",
        "keys",
        shared=lambda one: (one.secret, one.security_token, one.expires),
    )
    users = every(
        User, lambda one: (one.domain, one.name, one.project), "credentials", "users", shared=lambda one: one.password
    )
    named = [one.values["project"] for one in files if one.values.get("project")]
    own = named[-1] if named else projects[0].id if projects else ""
    store = CredentialStore(project or own or DEFAULT_PROJECT, projects, tokens, keys, users)
    return store, own or project or DEFAULT_PROJECT
