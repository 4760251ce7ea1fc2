"""``ImsMock``: the emulator as an object that tests control and inspect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

from werkzeug.test import Client

from ims_mock.catalog.explain import Explanation
from ims_mock.catalog.image import IMAGES_PATH
from ims_mock.contract.values import parse_wire_time, read_time
from ims_mock.emulator import check_options
from ims_mock.journal.coverage import Coverage
from ims_mock.journal.findings import Finding, explain_findings
from ims_mock.journal.walks import Walk
from ims_mock.loading.sources import Source
from ims_mock.options import AppOptions, EmulatorOptions, MockOptions, convert, given_keywords, keywords_of_method
from ims_mock.testing.faults import Faults
from ims_mock.testing.local import Local
from ims_mock.testing.remote import Remote
from ims_mock.testing.requests import RequestPattern, Requests, describe_requests, explain_walks, format_request
from ims_mock.text import counted, quoted


class ImsMock:
    """An emulator that listens on a free port until it is closed; also a context manager.

    The options are keywords, with the defaults of :class:`ims_mock.options.MockOptions`:
    ``ImsMock("default", generate=100, auth="on")``. With ``url`` it is a sandbox on that running server.

    What ``ims-mock check`` warns about in a catalog or in an image that is added is a :class:`ims_mock.CatalogWarning`.

    Attributes:
        url: The base URL without a trailing slash.

    Raises:
        CatalogError: A catalog is invalid.
        TypeError: An option does not exist.
        ValueError: The value of an option is invalid, or the server cannot create a sandbox.
        ConnectionError: Nothing answers at ``url``.
    """

    @keywords_of_method(MockOptions)
    def __init__(self, options: MockOptions) -> None:
        check_options(convert(options, AppOptions))
        self._options = options
        self._backend = Remote(options.url, options) if options.url else Local(options)
        self._snapshot_numbers = count(1)
        self.url, self.port = self._backend.url, self._backend.port
        self.requests = Requests(self._backend.control)
        self.faults = Faults(self._backend.control, self.requests)
        self.clock = MockClock(self._backend)

    def __enter__(self) -> ImsMock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ImsMock {self.url}>"

    def close(self) -> None:
        """Stop the emulator."""
        self._backend.close()

    @given_keywords(EmulatorOptions)
    def begin(self, changes: Mapping[str, Any]) -> None:
        """Start again without snapshots. :meth:`reset` then restores this state.

        The keywords are options that differ from those of the constructor, with the same errors; ``url`` cannot change.
        """
        options = replace(self._options, **changes)
        check_options(convert(options, AppOptions))
        self._forget()
        self._backend.restart(options if changes else None)

    def reset(self) -> None:
        """Restore the loaded catalogs and clock; clear journal, faults and rate limit. Snapshots and coverage stay."""
        self._forget()
        self._backend.reset()

    def _forget(self) -> None:
        self.faults.detach()
        self.requests.last_match = None

    # --- credentials

    @property
    def project(self) -> str:
        """The project of unauthenticated requests."""
        return self._backend.credentials()["project"]

    @property
    def token(self) -> str:
        """A token for the project; empty if the catalog has none."""
        return self._backend.credentials()["token"]

    @property
    def access_key(self) -> str:
        """An access key for the project; empty if the catalog has none."""
        return self._backend.credentials()["access_key"]

    @property
    def secret_key(self) -> str:
        """The secret of the access key."""
        return self._backend.credentials()["secret_key"]

    @property
    def client(self) -> Client:
        """A test client, as in ``client.get("/v2/images").get_json()``."""
        return self._backend.client()

    # --- images

    @property
    def images(self) -> list[dict[str, Any]]:
        """All images as stored."""
        return self._backend.images()

    def load(self, catalog: Source) -> None:
        """Replace the catalog by a bundled name, the path of a file or directory, or the content of a file.

        :meth:`reset` still restores the catalogs of the options. An invalid catalog is a ``CatalogError``, and anything
        else a ``TypeError``.
        """
        self._backend.load(catalog)

    def add(self, image: Mapping[str, Any]) -> dict[str, Any]:
        """Add an image with attributes as in a catalog file, and return it as stored, with default values.

        An invalid image is a ``CatalogError``, one that is no mapping a ``TypeError``.
        """
        if not isinstance(image, Mapping):
            raise TypeError(f'Invalid image {quoted(image)}. Use a mapping of attributes such as {{"name": "a"}}.')
        return self._backend.add({"images": [image]})[0]

    def generate(self, count: int, *, seed: int = 0, **fixed: Any) -> list[dict[str, Any]]:
        """Add generated images with ``fixed`` attributes, and return them as stored; the seed determines the others.

        An invalid argument is a ``CatalogError``.
        """
        return self._backend.add({"generate": [{"count": count, "seed": seed, "set": fixed}]})

    def snapshot(self) -> str:
        """Save images, credentials and clock, and return a name for :meth:`restore`."""
        name = f"test-{next(self._snapshot_numbers)}"
        self._backend.control("POST", "snapshots", {"name": name})
        return name

    def restore(self, name: str) -> None:
        """Restore a snapshot; raise ``ValueError`` if it does not exist."""
        names = self._backend.control("GET", "snapshots")["snapshots"]
        if name not in names:
            legal = f": {', '.join(names)}" if names else "; there is none yet"
            raise ValueError(f"Invalid snapshot {quoted(name)}. Use a name that snapshot() has returned{legal}.")
        self._backend.control("POST", f"snapshots/{quote(name, safe='')}/restore")

    def explain(self, query: str = "", *, image: str | None = None, path: str = IMAGES_PATH) -> Explanation:
        """Explain which images a list query returns to unauthenticated requests; its text fits an assertion message.

        Args:
            query: The query string, as in ``__platform=CentOS&limit=2``. If the list rejects it, its message is that of
                a ``ValueError``.
            image: The id of an image, to explain why the query returns it or does not.
            path: The path of the list.
        """
        given = {"query": query, "path": path} | ({} if image is None else {"image": image})
        return Explanation.read(self._backend.control("GET", f"explain?{urlencode(given)}"))

    # --- what clients did

    @property
    def walks(self) -> list[Walk]:
        """The audited walks through lists, in the order they started."""
        return [Walk.read(one) for one in self._backend.control("GET", "walks")["walks"]]

    def assert_walked_everything(self, path: str = "", **query: Any) -> None:
        """Assert that each recorded walk through a list reached the last page without a mistake.

        With a path, in which ``*`` matches any characters, or with parameters as in :meth:`Requests.matching`, only
        walks are checked whose first page has them, and there must be such a walk. Without, the assertion also passes
        if no request for a list was recorded; ``assert ims_mock.walks`` fails then. The message shows the requests of
        each wrong walk and how to correct it; if no walk matches, the URL that the client must use.
        """
        __tracebackhide__ = True
        if message := explain_walks(self.walks, RequestPattern(path, query=query), self.url):
            raise AssertionError(message)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all recorded requests."""
        return tuple(finding for entry in self.requests for finding in entry.findings)

    def assert_no_findings(self) -> None:
        """Assert that no recorded request has a finding, except for those of severity ``info``.

        The message shows each request with its findings and how to correct it.
        """
        __tracebackhide__ = True
        if message := explain_findings((format_request(entry), entry.findings) for entry in self.requests):
            raise AssertionError(message)

    def describe_requests(self) -> str:
        """Return a text about the latest requests: their responses, findings, and faults that never occurred.

        The pytest plugin adds it to the report of a failed test.
        """
        faults = {fault.id: str(fault) for fault in self.faults}
        text = describe_requests(self.requests[:], faults, self.walks, self.url)
        health, catalog = self._backend.control("GET", "health"), ""
        if not health["listed"]:
            catalog = f"the catalog has {counted(health['images'], 'image')}, 0 listed for project {health['project']}"
        texts = (self.requests.last_match, text, catalog, self.faults.explain_no_hits())
        return "\n".join(str(text) for text in texts if text is not None and str(text))

    @property
    def coverage(self) -> Coverage:
        """What requests covered of the contract since this object was created; a reset does not clear it."""
        return Coverage.read(self._backend.control("GET", "coverage"))


class MockClock:
    """The clock of an emulator."""

    def __init__(self, backend: Local | Remote) -> None:
        self._backend = backend

    @property
    def now(self) -> datetime:
        """The emulator's time in UTC."""
        return self._backend.now()

    def set(self, time: str | datetime | None) -> None:
        """Freeze the clock at a time such as ``2030-01-01T00:00:00Z``; ``None`` returns to the real time.

        What is not a time is a ``ValueError``.
        """
        try:
            instant = time if time is None or isinstance(time, datetime) else parse_wire_time(read_time(time))
        except ValueError:
            legal = "a time such as 2030-01-01T00:00:00Z, a datetime or None"
            raise ValueError(f"Invalid time {quoted(time)}. Use {legal}.") from None
        self._backend.set_clock(instant)

    def advance(self, by: float | timedelta) -> None:
        """Move the clock by a duration, in seconds if it is a number; a negative one moves it back.

        Anything else is a ``TypeError``, and a time outside the years 1 to 9999 a ``ValueError``.
        """
        if not isinstance(by, int | float | timedelta) or by != by:  # a NaN differs from itself
            raise TypeError(f"Invalid duration {quoted(by)}. Use a number of seconds or a timedelta.")
        try:
            self._backend.advance_clock(by if isinstance(by, timedelta) else timedelta(seconds=by))
        except OverflowError:
            raise ValueError(f"Invalid duration {by}: it leaves the years 1 to 9999.") from None
