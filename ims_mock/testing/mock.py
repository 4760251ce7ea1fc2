"""The emulator in a test's hand: one object to arrange it, to ask it, and to look at what it was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from ims_mock.contract.values import parse_wire_time, quoted, read_time
from ims_mock.emulator import check_options
from ims_mock.options import AppOptions, MockOptions, convert, keywords_of_method
from ims_mock.testing.backend import Service
from ims_mock.testing.complaining import complaint
from ims_mock.testing.requests import Requests, written

if TYPE_CHECKING:
    from types import TracebackType

    from werkzeug.test import Client

    from ims_mock.faults.rules import FaultRule
    from ims_mock.journal.audit_rules import Audit
    from ims_mock.journal.coverage import Coverage
    from ims_mock.journal.findings import Finding
    from ims_mock.loading.sources import Source


class ImsMock:
    """An emulator that listens on a free port of this machine until it is closed; ``with`` closes it.

    The options are keywords: ``ImsMock("default", generate=100, auth="on")``. The parameters and their defaults are
    derived from :class:`ims_mock.options.MockOptions`. With ``url``, a sandbox on that running server is used.

    Attributes:
        requests: what it was asked, in order.
        faults: what goes wrong on purpose.
        clock: its time.

    Raises:
        CatalogError: If a catalog is invalid.
        TypeError: If there is no option of a name.
        ValueError: If the value of an option is invalid.
        ConnectionError: If nothing answers at ``url``.
    """

    @keywords_of_method(MockOptions)
    def __init__(self, options: MockOptions) -> None:
        check_options(convert(options, AppOptions))
        self._options = options
        self._service = _service(options)
        self._numbers = count(1)
        self.requests = Requests(self._service.requests, self._service.forget_requests)
        self.faults = Faults(self._service)
        self.clock = Hand(self._service)

    def __enter__(self) -> ImsMock:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ImsMock {self.url}>"

    def close(self) -> None:
        """Stop listening."""
        self._service.close()

    def begin(self, **changes: Any) -> None:
        """Start again, without snapshots; a reset leads back to here.

        Args:
            changes: Options that differ from those the object was made with; ``url`` stays.

        Raises:
            TypeError: If there is no option of a name.
            ValueError: If the value of an option is invalid.
        """
        options = replace(self._options, **changes) if changes else self._options
        check_options(convert(options, AppOptions))
        self._service.restart(options)
        self.requests.found = None

    def reset(self) -> None:
        """Go back to what it began with: images, credentials and time; faults and requests are forgotten."""
        self._service.reset()
        self.requests.found = None

    # --- where it is, and who asks

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return self._service.url

    @property
    def port(self) -> int:
        """The port."""
        return self._service.port

    @property
    def project(self) -> str:
        """Whose eyes a caller without credentials has."""
        return self._service.owner().project

    @property
    def token(self) -> str:
        """A token of that project; empty when the catalog has none."""
        return self._service.owner().token

    @property
    def access_key(self) -> str:
        """An access key of that project; empty when the catalog has none."""
        return self._service.owner().access_key

    @property
    def secret_key(self) -> str:
        """The secret of the access key."""
        return self._service.owner().secret_key

    @property
    def client(self) -> Client:
        """A client of the web framework's, which asks without a socket: ``client.get("/v2/images").json``."""
        return self._service.client()

    # --- the walks through its lists

    @property
    def walks(self) -> list[Audit]:
        """The walks through lists among the requests, in the order in which they began, with remarks."""
        return self._service.walks()

    def assert_walked_everything(self, path: str = "", **query: Any) -> None:
        """Assert that each walk through a list went to its last page, without a mistake.

        Args:
            path: of the walks that are looked at, or a pattern of it with ``*``; empty for any.
            query: parameters of their first pages by name, as :meth:`Requests.matching` takes them. Where there are
                any, or a path, there must be such a walk.

        Raises:
            AssertionError: with the requests of each walk that went wrong, and what is wrong with it.
        """
        if wrong := complaint(self.walks, path, query):
            raise AssertionError(wrong)

    # --- what clients did wrong

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What clients did that the document does not have, request by request, since the journal was cleared."""
        return tuple(finding for entry in self._service.requests() for finding in entry.findings)

    def assert_no_findings(self) -> None:
        """Fail when clients did what the document does not have; mere infos fail nothing.

        Raises:
            AssertionError: they did; the message shows each request with its findings and their cures.
        """
        __tracebackhide__ = True
        from ims_mock.journal.findings import told  # many tests do without

        if wrong := told((written(entry), entry.findings) for entry in self._service.requests()):
            raise AssertionError(wrong)

    @property
    def coverage(self) -> Coverage:
        """What was exercised of the contract since this object was made; a reset forgets nothing of it."""
        return self._service.coverage()

    # --- its images

    @property
    def images(self) -> list[dict[str, Any]]:
        """Every image as it is stored, whoever may see it."""
        return self._service.images()

    def load(self, catalog: Source) -> None:
        """Put a catalog in the place of the one there is; a reset still leads back to what was there at first.

        Args:
            catalog: a bundled name, the path of a file or folder, or the structure of a file as a mapping.

        Raises:
            CatalogError: with every problem.
        """
        self._service.load(catalog)

    def add(self, image: Mapping[str, Any]) -> dict[str, Any]:
        """Add an image, with what every real one has filled in, and give it as it is stored.

        Args:
            image: its attributes, as in a catalog file.

        Raises:
            CatalogError: with every problem.
        """
        return self._service.add({"images": [image]})[0]

    def generate(self, count: int, *, seed: int = 0, **fixed: Any) -> list[dict[str, Any]]:
        """Add generated images, and give them as they are stored.

        Args:
            count: how many.
            seed: the same one gives the same images.
            fixed: values that each gets, by wire name; the others follow from them.

        Raises:
            CatalogError: with every problem.
        """
        return self._service.add({"generate": [{"count": count, "seed": seed, "set": fixed}]})

    def snapshot(self) -> str:
        """Keep images, credentials and time as they are, and give the name to restore them by."""
        name = f"test-{next(self._numbers)}"
        self._service.snapshot(name)
        return name

    def restore(self, name: str) -> None:
        """Go back to a snapshot.

        Args:
            name: what :meth:`snapshot` gave.

        Raises:
            ValueError: it is none.
        """
        self._service.restore(name)


def _service(options: MockOptions) -> Service:
    """Return a server in this process, or a sandbox on another; only what is needed is imported."""
    if options.url:
        from ims_mock.testing.remote import Remote

        return Remote(options.url, options)
    from ims_mock.testing.local import Local

    return Local(options)


class Faults:
    """What goes wrong on purpose: the rules in their order, the first that matches wins."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __iter__(self) -> Iterator[FaultRule]:
        return iter(self._service.faults())

    def __len__(self) -> int:
        return len(self._service.faults())

    def add(self, **rule: Any) -> FaultRule:
        """Let something go wrong.

        Args:
            rule: what is matched, how often, and what becomes of it, side by side: ``page=2, times=3, status=503``.

        Raises:
            ValueError: it is no such rule; the message says what is legal.
        """
        from ims_mock.faults.rules import rule_from_keywords  # many tests do without

        return self._service.add_fault(rule_from_keywords(**rule))

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._service.forget_faults()


class Hand:
    """The hand on the emulator's clock."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def now(self) -> datetime:
        """The emulator's time, in UTC."""
        return self._service.now()

    def set(self, time: str | datetime | None) -> None:
        """Let the time stand still.

        Args:
            time: where, such as ``2030-01-01T00:00:00Z``; ``None`` lets the real time run again.

        Raises:
            ValueError: it is no time.
        """
        self._service.set_clock(_instant(time))

    def advance(self, by: float | timedelta) -> None:
        """Move the time on.

        Args:
            by: how far, in seconds; a negative one moves it back.

        Raises:
            ValueError: it would leave the years 1 to 9999.
        """
        try:
            self._service.advance(by if isinstance(by, timedelta) else timedelta(seconds=by))
        except OverflowError:
            raise ValueError(f"{by} seconds lead out of the years 1 to 9999") from None


def _instant(time: str | datetime | None) -> datetime | None:
    if time is None or isinstance(time, datetime):
        return time
    try:
        return parse_wire_time(read_time(time))
    except ValueError:
        raise ValueError(f"{quoted(time)} is no time; legal is a time such as 2030-01-01T00:00:00Z") from None
