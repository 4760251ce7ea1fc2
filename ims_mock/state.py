"""What an emulator holds, replaced as one value: its catalog, its projects and credentials, and its clock.

Of two changes at the same time none is lost; whoever reads takes no lock, and sees all of a change or nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Any, Final

from ims_mock.auth.credentials import CredentialStore, SandboxCredentials
from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image
from ims_mock.clock import Clock
from ims_mock.errors import RequestError
from ims_mock.loading.dump import Masks, with_runtime_state
from ims_mock.loading.loader import LoadedCatalog, load
from ims_mock.loading.sources import Source

MOST_SNAPSHOTS: Final = 1_000


class State:
    """The state of an emulator, which begins with loaded catalogs.

    Args:
        loaded: what it begins with.
        own: what opens it besides, whatever catalog it has.

    Attributes:
        loaded: what a reset goes back to.
        held: what it holds at the moment.
        life: another object after each replacement: what takes long tells by it that it is out of date.
    """

    def __init__(self, loaded: LoadedCatalog, own: SandboxCredentials | None = None) -> None:
        self._own = own
        self.loaded = self.held = self._opened(loaded)
        self.life = object()
        self._snapshots: dict[str, LoadedCatalog] = {}
        self._lock = Lock()

    @property
    def catalog(self) -> Catalog:
        """The images as they are now. A request takes it once and answers from it."""
        return self.held.catalog

    @property
    def credentials(self) -> CredentialStore:
        """Projects and credentials."""
        return self.held.credentials

    @property
    def clock(self) -> Clock:
        """The emulator's time."""
        return self.held.clock

    @property
    def seed(self) -> int:
        """What the ids of new images are made from."""
        return self.held.seed

    @property
    def name(self) -> str:
        """The names of the loaded catalogs."""
        return self.held.name

    # --- all of it

    def replace(self, loaded: LoadedCatalog) -> None:
        """Go on with other catalogs, with their projects, credentials and clock; a reset goes back all the same."""
        with self._lock:
            self.held, self.life = self._opened(loaded), object()

    def go_back(self, loaded: LoadedCatalog) -> None:
        """Go back to what was held before."""
        with self._lock:
            self.held, self.life = loaded, object()

    def reload(self, loaded: LoadedCatalog) -> None:
        """Go on with other catalogs, to which a reset goes back from now on."""
        with self._lock:
            self.loaded = self.held = self._opened(loaded)
            self.life = object()

    def add(self, *sources: Source, masks: Masks | None = None) -> LoadedCatalog:
        """Add what catalogs hold, and give all there is then; writes wait meanwhile, reads do not.

        Args:
            sources: as :func:`ims_mock.loading.load` takes them.
            masks: those that secrets may be given as.

        Raises:
            CatalogError: with every problem; nothing is added.
        """
        with self._lock:
            self.held = self._opened(load(sources, seed=self.seed, base=self.held, masks=masks))
            return self.held

    def snapshot(self, name: str) -> None:
        """Keep all of it under a name, in place of what was kept under that before; a reset forgets none.

        Raises:
            RequestError: there are too many.
        """
        with self._lock:
            if name not in self._snapshots and len(self._snapshots) >= MOST_SNAPSHOTS:
                raise RequestError("snapshots", legal=f"at most {MOST_SNAPSHOTS}")
            self._snapshots[name] = self.held

    def restore(self, name: str) -> None:
        """Go back to a snapshot.

        Raises:
            RequestError: there is none of this name.
        """
        self.go_back(self._snapshot(name))

    def forget(self, name: str) -> None:
        """Forget a snapshot.

        Raises:
            RequestError: there is none of this name.
        """
        with self._lock:
            self._snapshot(name)
            del self._snapshots[name]

    @property
    def snapshots(self) -> tuple[str, ...]:
        """The names of the snapshots, in the order in which they were first taken."""
        return tuple(self._snapshots)

    def _snapshot(self, name: str) -> LoadedCatalog:
        found = self._snapshots.get(name)
        if found is None:
            raise RequestError("snapshot", "the snapshot", name, ", ".join(self._snapshots) or "none, as yet")
        return found

    def _opened(self, loaded: LoadedCatalog) -> LoadedCatalog:
        return replace(loaded, credentials=loaded.credentials.with_sandbox(self._own)) if self._own else loaded

    # --- images, and the clock

    def write(self, made: Callable[[Catalog], Image]) -> Image:
        """Add an image, or change one, and give it.

        Args:
            made: gives the image as it shall be, out of the catalog as it is; what it raises leaves that unchanged.
        """
        with self._lock:
            image = made(self.catalog)
            if self.catalog.get(image.id) is not image:
                self.held = replace(self.held, catalog=self.catalog.with_image(image))
            return image

    def edit(self, edited: Callable[[Catalog], Catalog]) -> None:
        """Change the catalog in any way.

        Args:
            edited: gives the catalog as it shall be, out of the one that is.
        """
        with self._lock:
            self.held = replace(self.held, catalog=edited(self.catalog))

    def put(self, image_id: str, entry: Mapping[str, Any]) -> Image:
        """Put an image in the place of the one with its id, if there is one, whose data stays.

        Args:
            image_id: its id.
            entry: its values as a catalog file has them.

        Raises:
            CatalogError: with every problem; nothing is changed.
        """
        with self._lock:
            old = self.catalog.get(image_id)
            others = replace(self.held, catalog=self.catalog.without(image_id))
            loaded = load([{"images": [{**entry, "id": image_id}]}], base=others)
            image = loaded.catalog.get(image_id)
            assert image  # it was loaded just now
            if old:
                image = with_runtime_state(image, old)
            self.held = replace(self.held, catalog=self.catalog.with_image(image))
            return image

    def remove(self, image_id: str) -> None:
        """Take an image away, with its record.

        Raises:
            RequestError: there is none with this id.
        """
        with self._lock:
            if self.catalog.get(image_id) is None:
                raise RequestError("image", "the image", image_id)
            self.held = replace(self.held, catalog=self.catalog.without(image_id))

    def move_clock(self, moved: Callable[[Clock], Clock]) -> Clock:
        """Set the clock, and give it."""
        with self._lock:
            self.held = replace(self.held, clock=moved(self.clock))
            return self.clock
