"""The emulator: catalog, credentials, clock, journal and faults, with reset and snapshots.

What a reset restores is one immutable :class:`~ims_mock.loading.loader.LoadedCatalog`, which every change replaces.
Writers take turns. Readers need no lock: a request that keeps the value it started with sees all of a change or none.
An image or a snapshot that does not exist, and a snapshot too many, is a :class:`RequestError`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, Final

from ims_mock.auth.credentials import CredentialStore, SandboxCredentials
from ims_mock.auth.rate_limit import RateLimit
from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image
from ims_mock.catalog.query import parse
from ims_mock.clock import Clock
from ims_mock.contract.profiles import Profile
from ims_mock.errors import RequestError
from ims_mock.faults.rules import FaultRules
from ims_mock.journal.coverage import CoverageRecorder
from ims_mock.journal.findings import parse_ignored
from ims_mock.journal.journal import Journal
from ims_mock.loading.dump import with_runtime_state
from ims_mock.loading.loader import LoadedCatalog, load, view_of_lists
from ims_mock.loading.sources import CatalogProblem, Source
from ims_mock.openapi.operations import ENDPOINTS
from ims_mock.options import AppOptions, EmulatorOptions
from ims_mock.text import counted, escaped, quoted
from ims_mock.writes.lifecycle import KeptUploads

MAX_SNAPSHOTS: Final = 1_000

_HOST_NAME: Final = re.compile(r"[a-z0-9._-]{1,253}")


def check_options(options: AppOptions) -> None:
    """Check the options whose legal values other packages define; raise ``ValueError`` if one is invalid."""
    Profile.parse(options.profile)
    parse_ignored(options.findings_ignore)
    parse_hosts(options.allowed_hosts)
    if options.throttle:
        RateLimit(options.throttle)


def parse_hosts(text: str) -> frozenset[str]:
    """Parse host names, separated by commas; raise ``ValueError`` if one is invalid. Case does not matter."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    for name in names:
        if not _HOST_NAME.fullmatch(name):
            raise ValueError(f"Invalid allowed_hosts {quoted(name)}. Use host names without scheme and port.")
    return frozenset(names)


def load_options(options: EmulatorOptions, **more: Any) -> LoadedCatalog:
    """Load the catalogs and generated images that options ask for; ``more`` are further arguments of ``load``."""
    return load(options.sources, generate=options.generate, seed=options.seed, project=options.project, **more)


def count_listed(state: LoadedCatalog, profile: Profile) -> int:
    """Return the number of images that unauthenticated requests find in the list, page by page."""
    query = parse("", view_of_lists(state.credentials, profile))
    return state.catalog.ordering(query.sort).counts(query.conditions)[-1][1]


def describe(state: LoadedCatalog, profile: Profile) -> str:
    """Return a phrase with the size of a catalog: ``3 images, 2 listed for project ID (NAME)``."""
    images, listed = counted(len(state.catalog), "image"), count_listed(state, profile)
    return escaped(f"{images}, {listed} listed for project {state.credentials.default_project} ({state.name})")


class Emulator:
    """One emulated service. An invalid value of an option is a ``ValueError``."""

    state: LoadedCatalog

    def __init__(
        self,
        initial: LoadedCatalog,  # the state that a reset restores
        options: AppOptions = AppOptions(),  # noqa: B008 - frozen
        sandbox_credentials: SandboxCredentials | None = None,  # of a sandbox: valid with every catalog
        server: "Emulator | None" = None,  # of a sandbox: its server's, which collects coverage and uploads
    ) -> None:
        self._lock = Lock()
        self._sandbox_credentials = sandbox_credentials
        self._snapshots: dict[str, LoadedCatalog] = {}
        self.generation = 0  # changes when the state is replaced as a whole; an upload in progress is then out of date
        shared_recorder = server.coverage_recorder if server else None
        self.coverage_recorder: CoverageRecorder = CoverageRecorder(ENDPOINTS, shared_recorder)
        self.uploads: KeptUploads = server.uploads if server else KeptUploads(options.keep_data)
        self.journal = Journal(options.journal)
        self.throttle = RateLimit(options.throttle) if options.throttle else None
        self._configure(initial, options)
        self.replace(initial)

    def _configure(self, initial: LoadedCatalog, options: AppOptions) -> None:
        self.initial = initial
        self.faults = FaultRules(initial.seed)
        self.options = options
        self.profile = Profile.parse(options.profile)
        self.needs_credentials = options.auth == "on"
        self.allowed_hosts = parse_hosts(options.allowed_hosts)
        self.ignored_findings = self.journal.ignored = parse_ignored(options.findings_ignore)

    @property
    def catalog(self) -> Catalog:
        """The current images. A request reads this once."""
        return self.state.catalog

    @property
    def credentials(self) -> CredentialStore:
        """Projects and credentials."""
        return self.state.credentials

    @property
    def clock(self) -> Clock:
        """The emulator's clock."""
        return self.state.clock

    @property
    def all_credentials(self) -> list[CredentialStore]:
        """Projects and credentials of the current state, of the initial one, and of all snapshots."""
        return [one.credentials for one in (self.state, self.initial, *list(self._snapshots.values()))]

    # --- the state as a whole

    def reset(self) -> None:
        """Restore the initial state, and clear the journal, the faults and the throttle."""
        self.replace(self.initial)
        self.journal.clear()
        self.faults.clear()
        if self.throttle:
            self.throttle.clear()

    def restart(self, initial: LoadedCatalog, options: AppOptions) -> None:
        """Start again without snapshots; coverage and the limits of throttle and journal stay."""
        with self._lock:
            self._snapshots.clear()
        self._configure(initial, options)
        self.reset()

    def reload(self, initial: LoadedCatalog) -> None:
        """Replace the state and the initial state."""
        self.initial = initial
        self.replace(initial)

    def replace(self, state: LoadedCatalog) -> None:
        """Replace the state; a reset still restores the initial one."""
        with self._lock:
            self.state = self._with_sandbox_credentials(state)
            self.generation += 1

    def add(self, *sources: Source, **more: Any) -> LoadedCatalog:
        """Add catalogs, loaded with ``more`` arguments, and return the state. An invalid one is a ``CatalogError``."""
        with self._lock:
            loaded = load(sources, seed=self.state.seed, base=self.state, **more)
            self.state = self._with_sandbox_credentials(loaded)
            return self.state

    def _with_sandbox_credentials(self, loaded: LoadedCatalog) -> LoadedCatalog:
        if self._sandbox_credentials is None:
            return loaded
        return replace(loaded, credentials=loaded.credentials.with_sandbox(self._sandbox_credentials))

    # --- snapshots

    @property
    def snapshots(self) -> tuple[str, ...]:
        """Names of the snapshots, in the order in which they were first taken."""
        return tuple(self._snapshots)

    def snapshot(self, name: str) -> None:
        """Store the state under a name, in place of an earlier snapshot of this name. A reset keeps snapshots."""
        with self._lock:
            if name not in self._snapshots and len(self._snapshots) >= MAX_SNAPSHOTS:
                raise RequestError("snapshots", legal=f"at most {MAX_SNAPSHOTS}")
            self._snapshots[name] = self.state

    def restore(self, name: str) -> None:
        """Replace the state with a snapshot, which must exist."""
        self.replace(self._find_snapshot(name))

    def delete_snapshot(self, name: str) -> None:
        """Delete a snapshot, which must exist."""
        with self._lock:
            self._find_snapshot(name)
            del self._snapshots[name]

    def _find_snapshot(self, name: str) -> LoadedCatalog:
        found = self._snapshots.get(name)
        if found is None:
            raise RequestError("snapshot", "the snapshot", name, " or ".join(self._snapshots))
        return found

    # --- images and the clock

    def write_image(self, make: Callable[[Catalog], Image]) -> Image:
        """Add or replace the image that a function makes, given the current catalog, and return it."""
        with self._lock:
            image = make(self.catalog)
            if self.catalog.get(image.id) is not image:
                self._set(catalog=self.catalog.with_image(image))
            return image

    def edit_catalog(self, edit: Callable[[Catalog], Catalog]) -> None:
        """Replace the catalog by the one that a function makes of it."""
        with self._lock:
            self._set(catalog=edit(self.catalog))

    def put_image(self, image_id: str, values: Mapping[str, Any]) -> tuple[Image, Sequence[CatalogProblem]]:
        """Add an image of a catalog file, or replace the one with this id except for its data; return it with warnings.

        If it is invalid, the error is a ``CatalogError`` and nothing changes.
        """
        with self._lock:
            old = self.catalog.get(image_id)
            others = replace(self.state, catalog=self.catalog.without(image_id))
            loaded = load([{"images": [{**values, "id": image_id}]}], base=others)
            image = loaded.catalog.get(image_id)
            assert image is not None
            if old:
                image = with_runtime_state(image, old)
            self._set(catalog=self.catalog.with_image(image))
            return image, loaded.warnings

    def find_image(self, image_id: str) -> Image:
        """Return an image in any state, which must exist."""
        image = self.catalog.get(image_id)
        if image is None:
            raise RequestError("image", "the image", image_id)
        return image

    def remove_image(self, image_id: str) -> None:
        """Remove an image with its record, which must exist."""
        self.edit_catalog(lambda catalog: catalog.without(self.find_image(image_id).id))

    def change_clock(self, change: Callable[[Clock], Clock]) -> Clock:
        """Replace the clock, and return the new one."""
        with self._lock:
            self._set(clock=change(self.clock))
            return self.clock

    def _set(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
