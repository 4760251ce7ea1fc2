"""Everything alive in one object, the catalog above all, with ``reset()``; it holds, it does not compute."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from ims_mock.catalog import Catalog
from ims_mock.clock import Clock
from ims_mock.credentials import Credentials
from ims_mock.identity import Verdict
from ims_mock.image import Image, Shapes
from ims_mock.loading import Loaded
from ims_mock.profile import DOCUMENTED, Profile
from ims_mock.settings import KEPT_BYTES
from ims_mock.tenancy import Caller, View

if TYPE_CHECKING:
    from ims_mock.throttle import Throttle


def throttle_of(policy: str) -> Throttle | None:
    """Make the throttle of an emulator.

    Args:
        policy: requests and seconds that one address may send, ``5/10``; empty for none.

    Raises:
        ValueError: it is written otherwise; the message says what is legal.
    """
    if not policy:
        return None
    from ims_mock.throttle import Throttle  # most emulators do without

    return Throttle(policy)


class Emulator:
    """One emulated service.

    Args:
        loaded: the catalogs it begins with.
        profile: how it answers.
        needs_credentials: whether requests without usable credentials are refused.
        throttle: counts the requests of each address, where they are limited.
        kept_bytes: how many bytes of the data of one image are kept.

    Attributes:
        catalog: the images as they are now. A request takes it once and answers from it.
        identity: projects and credentials.
        clock: the emulator's time.
        life: another object after each reset: what takes long tells by it that it is out of date.
    """

    def __init__(
        self,
        loaded: Loaded,
        profile: Profile = DOCUMENTED,
        *,
        needs_credentials: bool = False,
        throttle: Throttle | None = None,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self._loaded = loaded
        self.kept_bytes = kept_bytes
        self.shapes = Shapes()
        self.throttle = throttle
        self._lock = Lock()
        self.profile = profile
        self.needs_credentials = needs_credentials
        self.reset()

    def reset(self) -> None:
        """Go back to the loaded catalog."""
        with self._lock:
            self.catalog = self._loaded.catalog
            self.identity = self._loaded.identity
            self.clock = self._loaded.clock
            self.life = object()
        if self.throttle:
            self.throttle.forget()

    def write(self, made: Callable[[Catalog], Image]) -> Image:
        """Add an image, or change one, and give it; of two writes at the same time none is lost.

        Args:
            made: gives the image as it shall be, out of the catalog as it is; what it raises leaves that unchanged.
        """
        with self._lock:
            image = made(self.catalog)
            if self.catalog.image(image.id) is not image:
                self.catalog = self.catalog.with_image(image)
            return image

    def move_clock(self, moved: Callable[[Clock], Clock]) -> Clock:
        """Set the clock, and give it; of two moves at the same time none is lost."""
        with self._lock:
            self.clock = moved(self.clock)
            return self.clock

    @property
    def seed(self) -> int:
        """What the ids of new images are made from."""
        return self._loaded.seed

    @property
    def name(self) -> str:
        """The names of the loaded catalogs."""
        return self._loaded.name

    def verdict(self, sent: Credentials) -> Verdict:
        """Tell what the credentials of a request are worth, without refusing anything."""
        return self.identity.judged(sent, self.clock.now(), is_explained=self.needs_credentials)

    def admitted(self, verdict: Verdict, *, needs_project: bool = True, writes: bool = False) -> Caller:
        """Let a request in.

        Args:
            verdict: what its credentials are worth.
            needs_project: whether it is about the images of a project.
            writes: whether it changes something.

        Raises:
            RequestError: credentials are needed, and these are no use for this.
        """
        if self.needs_credentials:
            refusal = verdict.refused(needs_project=needs_project, writes=writes)
            if refusal:
                raise refusal
        return verdict.caller

    def view(self, caller: Caller, api_version: str) -> View:
        """Tell how the catalog looks to a caller.

        Args:
            caller: who is asking.
            api_version: the header ``X-Api-Version``; a first letter after ``M`` asks for Queens, anything else for
                Mitaka (the document compares whole values; that letters count in either case is assumed).
        """
        return View(caller, self.profile, is_queens="M" < api_version.strip()[:1].upper() <= "Z")
