"""What the object in a test's hand asks of an emulator, whether that runs in this process or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from werkzeug.test import Client

    from ims_mock.faults.rules import FaultRule
    from ims_mock.journal.audit_rules import Audit
    from ims_mock.journal.coverage import Coverage
    from ims_mock.journal.notes import Entry
    from ims_mock.loading.sources import Source
    from ims_mock.options import EmulatorOptions


class Owner(NamedTuple):
    """Whose eyes a caller without credentials has, and the credentials to be it; empty where a catalog has none."""

    project: str
    token: str
    access_key: str
    secret_key: str


def stored(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give an image as a test looks at it: what a catalog file would have, without what has no value."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in entry.items() if value is not None
    }


class Service(Protocol):
    """An emulator that a test arranges and looks at; :class:`Local` and :class:`Remote` are such.

    Attributes:
        url: its base URL, without a slash at the end.
        port: the port of that.
    """

    url: str
    port: int

    def restart(self, options: EmulatorOptions) -> None:
        """Start again with these options."""

    def reset(self) -> None:
        """Go back to what it began with."""

    def close(self) -> None:
        """End it."""

    def owner(self) -> Owner:
        """Tell whose eyes a caller without credentials has."""

    def images(self) -> list[dict[str, Any]]:
        """Give every image as it is stored."""

    def load(self, source: Source) -> None:
        """Put another catalog in the place of the one there is."""

    def add(self, structure: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Add what a catalog holds to what there is, and give the images that are new."""

    def snapshot(self, name: str) -> None:
        """Keep the state it is in under a name."""

    def restore(self, name: str) -> None:
        """Go back to the state that was kept under a name."""

    def add_fault(self, rule: Mapping[str, Any]) -> FaultRule:
        """Let something go wrong."""

    def faults(self) -> list[FaultRule]:
        """Give the rules of what goes wrong, with their hits."""

    def forget_faults(self) -> None:
        """Let nothing go wrong any more."""

    def requests(self) -> list[Entry]:
        """Give the requests it got, in their order."""

    def walks(self) -> list[Audit]:
        """Give the walks through lists, audited."""

    def forget_requests(self) -> None:
        """Forget the requests it got."""

    def coverage(self) -> Coverage:
        """Tell what was exercised of the contract."""

    def set_clock(self, instant: datetime | None) -> None:
        """Let the clock stand still at an instant, or tell the real time."""

    def advance(self, by: timedelta) -> None:
        """Move the clock on."""

    def now(self) -> datetime:
        """Tell its time."""

    def client(self) -> Client:
        """Give a client in this process."""
