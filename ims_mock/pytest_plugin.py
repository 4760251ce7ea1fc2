"""The pytest plugin: the fixtures ``ims_mock_server`` and ``ims_mock``, and the marker ``ims_mock``.

Every run of pytest imports it wherever this package is installed, so it imports nothing but pytest until a test asks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest

from ims_mock.options import EmulatorOptions, options_of

if TYPE_CHECKING:
    from ims_mock.journal.coverage import Coverage
    from ims_mock.testing.mock import ImsMock
    from ims_mock.testing.requests import Found

_MARKED: Final = tuple(option.name for option in options_of(EmulatorOptions) if option.in_marker)
"""What the marker takes."""

_IN_FILES: Final = tuple(option for option in options_of(EmulatorOptions) if option.in_ini)
"""Options of an ini file, with the prefix ``ims_mock_``."""

_FORMS: Final = ("terminal", "markdown", "json")
"""How the coverage of the contract may be reported."""

_SENT: Final = "ims_mock_coverage"
"""Under this name a worker of pytest-xdist sends its coverage at its end."""

_COVERAGE: Final = pytest.StashKey["Coverage"]()
"""Under this key a session keeps what was exercised so far."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option and the settings of an ini file."""
    group = parser.getgroup("ims_mock", "the emulator of Huawei Cloud IMS")
    group.addoption(
        "--ims-mock-url",
        metavar="URL",
        help="a running ims-mock: tests get a sandbox on it in place of a server of their own (default: $IMS_MOCK_URL)",
    )
    group.addoption(
        "--ims-mock-report",
        metavar="FORM",
        choices=_FORMS,
        help=f"report what the tests exercised of the contract, and what never: {', '.join(_FORMS)}",
    )
    group.addoption(
        "--ims-mock-report-file",
        metavar="FILE",
        help="write that report into a file, and not at the end of the output",
    )
    for option in _IN_FILES:
        parser.addini(f"ims_mock_{option.name}", option.help, default=option.default)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and refuse what is no URL."""
    config.addinivalue_line("markers", f"ims_mock({'=…, '.join(_MARKED)}=…): what the emulator begins a test with")
    url = _url(config)
    if url and not url.startswith(("http://", "https://")):
        raise pytest.UsageError(f"--ims-mock-url or IMS_MOCK_URL is {url!r}; legal is http://HOST:PORT")
    if config.getoption("--ims-mock-report-file") and not config.getoption("--ims-mock-report"):
        raise pytest.UsageError(
            f"--ims-mock-report-file is given without --ims-mock-report; legal with it are {', '.join(_FORMS)}"
        )


def _url(config: pytest.Config) -> str:
    given = config.getoption("--ims-mock-url")
    return os.environ.get("IMS_MOCK_URL", "") if given is None else str(given)


@pytest.fixture(scope="session")
def ims_mock_server(pytestconfig: pytest.Config) -> Iterator[ImsMock]:
    """One emulator for the whole session, on a free port of its own."""
    from ims_mock.testing.mock import ImsMock

    sources = [one.strip() for one in str(pytestconfig.getini("ims_mock_catalog")).split(",")]
    catalog = [_found(one, [pytestconfig.rootpath]) for one in sources]
    options: dict[str, Any] = {one.name: str(pytestconfig.getini(f"ims_mock_{one.name}")) for one in _IN_FILES}
    options |= {"catalog": catalog, "url": _url(pytestconfig)}
    with _told("ims_mock", lambda: ImsMock(**options)) as server:
        yield server
        if pytestconfig.getoption("--ims-mock-report"):
            _told("--ims-mock-report", lambda: _collect(pytestconfig, server.coverage))


@pytest.fixture
def ims_mock(request: pytest.FixtureRequest, ims_mock_server: ImsMock) -> ImsMock:
    """The emulator of the session, as it was at first, or as the marker ``ims_mock`` says."""
    marked = _marked(request.node)
    _told("the marker ims_mock", lambda: ims_mock_server.begin(**marked))
    return ims_mock_server


def _marked(item: pytest.Item) -> dict[str, Any]:
    """Give what the markers of a test say; the nearest one wins."""
    marked: dict[str, Any] = {}
    for marker in item.iter_markers("ims_mock"):
        unknown = [*map(repr, marker.args), *(name for name in marker.kwargs if name not in _MARKED)]
        if unknown:
            _fail(f"the marker ims_mock does not know {', '.join(unknown)}; legal are {'=, '.join(_MARKED)}=")
        marked = {**marker.kwargs, **marked}
    if "catalog" in marked:
        near = [item.path.parent, item.config.rootpath]
        given = marked["catalog"]
        several = isinstance(given, Sequence) and not isinstance(given, str)
        marked["catalog"] = [_found(one, near) for one in given] if several else _found(given, near)
    return marked


def _found(source: Any, folders: Sequence[Path]) -> Any:
    """Look a catalog up in folders, one after the other; what is in none stays what it is, perhaps a bundled name."""
    if isinstance(source, Mapping):
        return source
    from ims_mock.loading.sources import bundled_catalogs

    if not isinstance(source, str | Path):
        _fail(f"the marker ims_mock has the catalog {source!r}; legal are a name, a path, a mapping, or a list of them")
    if source in bundled_catalogs():
        return source
    return next((path for folder in folders if (path := folder / source).exists()), source)


def _told(where: str, made: Callable[[], Any]) -> Any:
    """Have something made; what is wrong is told without a traceback, which would lead nowhere but here."""
    from ims_mock.loading.sources import CatalogError

    try:
        return made()
    except (CatalogError, ValueError, TypeError, OSError) as error:
        _fail(f"{where}: {error}")


def _fail(message: str) -> NoReturn:
    pytest.fail(message, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell of a failed test that looked at the requests which ones were the nearest to what it looked for."""
    report = yield
    if report.when == "call" and report.failed and (found := _looked_at(getattr(item, "funcargs", {}))) is not None:
        report.sections.append(("ims_mock requests", str(found)))
    return report


def _looked_at(known: Mapping[str, Any]) -> Found | None:
    """Give what a test looked for last; a suite may have fixtures of these names that give something else."""
    for name in ("ims_mock", "ims_mock_server"):
        found = getattr(getattr(known.get(name), "requests", None), "found", None)
        if found is not None:
            from ims_mock.testing.requests import Found

            if isinstance(found, Found):
                return found
    return None


# --- the report of what was exercised -------------------------------------------------------------


def _collect(config: pytest.Config, coverage: Coverage) -> None:
    """Add what an emulator was asked to what the session knows."""
    known = config.stash.get(_COVERAGE, None)
    config.stash[_COVERAGE] = known.merged(coverage) if known else coverage


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send from a worker of pytest-xdist what its tests exercised."""
    known = session.config.stash.get(_COVERAGE, None)
    sent = getattr(session.config, "workeroutput", None)
    if known and sent is not None:
        sent[_SENT] = known.as_json()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker has sent; one that broke down has sent nothing."""
    sent = getattr(node, "workeroutput", {}).get(_SENT)
    if sent:
        from ims_mock.journal.coverage import Coverage

        _collect(node.config, Coverage.read(sent))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Report what was exercised, once for all workers."""
    form = config.getoption("--ims-mock-report")
    if not form or hasattr(config, "workerinput"):
        return
    terminalreporter.section("ims_mock coverage of the contract")
    known = config.stash.get(_COVERAGE, None)
    if known is None:
        terminalreporter.write_line("no test used the fixtures ims_mock and ims_mock_server")
        return
    text = _written(known, form)
    path = config.getoption("--ims-mock-report-file")
    if not path:
        terminalreporter.write(text)
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        terminalreporter.write_line(f"cannot write {path}: {error.strerror}", red=True)
    else:
        terminalreporter.write_line(f"written to {path}")


def _written(coverage: Coverage, form: str) -> str:
    if form == "json":
        import json

        return json.dumps(coverage.as_json(), indent=1) + "\n"
    return coverage.report("markdown" if form == "markdown" else "table")
