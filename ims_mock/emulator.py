"""Everything alive in one object, the catalog above all, with ``reset()``; it holds, it does not compute."""

from __future__ import annotations

from ims_mock.identity import Credentials
from ims_mock.loading import Loaded
from ims_mock.profile import DOCUMENTED, Profile
from ims_mock.tenancy import Caller, View


class Emulator:
    """One emulated service.

    Args:
        loaded: the catalogs it begins with.
        profile: how it answers.
        needs_credentials: whether requests without usable credentials are refused.

    Attributes:
        catalog: the images as they are now. A request takes it once and answers from it.
        identity: projects and credentials.
        clock: the emulator's time.
    """

    def __init__(self, loaded: Loaded, profile: Profile = DOCUMENTED, *, needs_credentials: bool = False) -> None:
        self._loaded = loaded
        self.profile = profile
        self.needs_credentials = needs_credentials
        self.reset()

    def reset(self) -> None:
        """Go back to the loaded catalog."""
        self.catalog = self._loaded.catalog
        self.identity = self._loaded.identity
        self.clock = self._loaded.clock

    @property
    def name(self) -> str:
        """The names of the loaded catalogs."""
        return self._loaded.name

    def caller(self, sent: Credentials) -> Caller:
        """Tell who is asking.

        Raises:
            RequestError: credentials are needed, and these are no use.
        """
        if self.needs_credentials:
            return self.identity.verified(sent, self.clock.wire())
        return self.identity.anyone(sent)

    def view(self, sent: Credentials, api_version: str) -> View:
        """Tell how the catalog looks to whoever is asking.

        Args:
            sent: the credentials of the request.
            api_version: the header ``X-Api-Version``; a first letter after ``M`` asks for Queens, anything else for
                Mitaka (the document compares whole values; that letters count in either case is assumed).

        Raises:
            RequestError: credentials are needed, and these are no use.
        """
        return View(self.caller(sent), self.profile, is_queens="M" < api_version.strip()[:1].upper() <= "Z")
