"""Pytest plugin: the fixtures ``ims_mock_server`` and ``ims_mock``, the marker ``ims_mock`` and a coverage report.

Every run of pytest imports it if this package is installed. It therefore imports the emulator and its libraries when
a test uses a fixture.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from ims_mock.options import MockOptions, options_of

if TYPE_CHECKING:
    from ims_mock.journal.coverage import Coverage
    from ims_mock.testing.mock import ImsMock

_IN_MARKER: Final = tuple(option.name for option in options_of(MockOptions) if option.in_marker)
_IN_INI: Final = tuple(option for option in options_of(MockOptions) if option.in_ini)

_REPORTS: Final = ("terminal", "markdown", "json")
_MARKER: Final = "the marker ims_mock"
_SERVER: Final = pytest.StashKey["ImsMock"]()
_COVERAGE: Final = pytest.StashKey["Coverage"]()
_XDIST_KEY: Final = "ims_mock_coverage"  # under which a worker of pytest-xdist sends its coverage to the controller
_HAS_REQUESTS: Final = pytest.StashKey[bool]()
"""Whether the recorded requests are those of a test; if it is not set, the fixtures of the test say so."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the command-line and ini options."""
    group = parser.getgroup("ims_mock", "emulator of Huawei Cloud IMS")
    url_help = "use a sandbox on this running ims-mock instead of starting a server (default: $IMS_MOCK_URL)"
    group.addoption("--ims-mock-url", metavar="URL", help=url_help)
    report_help = f"report what the tests covered of the contract, as {', '.join(_REPORTS)}"
    group.addoption("--ims-mock-report", metavar="FORM", choices=_REPORTS, help=report_help)
    group.addoption("--ims-mock-report-file", metavar="FILE", help="write the report to a file instead of the terminal")
    conformance_help = "also run the conformance scenarios with this adapter of an SDK"
    group.addoption("--ims-mock-conformance", metavar="MODULE:FUNCTION", help=conformance_help)
    for option in _IN_INI:
        parser.addini(f"ims_mock_{option.name}", option.help, default=option.default)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker and check the command-line options."""
    config.addinivalue_line("markers", f"ims_mock({'=…, '.join(_IN_MARKER)}=…): options of the emulator for a test")
    url = _url(config)
    if url and not url.startswith(("http://", "https://")):
        raise pytest.UsageError(f"Invalid --ims-mock-url or IMS_MOCK_URL {url!r}. Use http://HOST:PORT.")
    if config.getoption("--ims-mock-report-file") and not config.getoption("--ims-mock-report"):
        use = f"Use that with {', '.join(_REPORTS)}."
        raise pytest.UsageError(f"Invalid --ims-mock-report-file: it needs --ims-mock-report. {use}")
    if target := config.getoption("--ims-mock-conformance"):
        from ims_mock.conformance.adapter import python_command

        try:
            python_command(target)
        except ValueError as error:
            raise pytest.UsageError(f"--ims-mock-conformance: {error}") from None


def _url(config: pytest.Config) -> str:
    given = config.getoption("--ims-mock-url")
    return os.environ.get("IMS_MOCK_URL", "") if given is None else str(given)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add the conformance scenarios, so that ``-k`` selects among them as well."""
    if target := session.config.getoption("--ims-mock-conformance"):
        from ims_mock.conformance.pytest_items import scenario_items

        items += scenario_items(session, target)


# --- fixtures


@pytest.fixture(scope="session")
def ims_mock_server(pytestconfig: pytest.Config) -> Iterator[ImsMock]:
    """One emulator for the whole session, on a free port."""
    from ims_mock.testing.mock import ImsMock

    options: dict[str, Any] = {one.name: str(pytestconfig.getini(f"ims_mock_{one.name}")) for one in _IN_INI}
    names = [name.strip() for name in options["catalog"].split(",")]
    directories = [pytestconfig.rootpath, Path.cwd()]
    options["catalog"] = [_resolve(name, directories, "the ini option ims_mock_catalog") for name in names]
    with _errors_without_traceback("ims_mock"):
        server = ImsMock(**options, url=_url(pytestconfig))
    pytestconfig.stash[_SERVER] = server
    with server:
        yield server
        if pytestconfig.getoption("--ims-mock-report"):
            with _errors_without_traceback("--ims-mock-report"):
                _add_coverage(pytestconfig, server.coverage)


@pytest.fixture
def ims_mock(request: pytest.FixtureRequest, ims_mock_server: ImsMock) -> ImsMock:
    """The emulator of the session, started again with the options of the marker ``ims_mock``.

    On a running server (``IMS_MOCK_URL``) its ``url`` has a path, which is lost if a client resolves the link to the
    next page with ``urljoin``: append the link to the URL.
    """
    request.node.stash[_HAS_REQUESTS] = False  # those of the test before are still recorded
    options = _marker_options(request.node)
    with _errors_without_traceback(_MARKER):
        ims_mock_server.begin(**options)
    request.node.stash[_HAS_REQUESTS] = True
    return ims_mock_server


def _marker_options(item: pytest.Item) -> dict[str, Any]:
    """Return the options of all markers of a test. For each option the closest marker wins."""
    options: dict[str, Any] = {}
    for marker in item.iter_markers("ims_mock"):
        unknown = [*map(repr, marker.args), *(name for name in marker.kwargs if name not in _IN_MARKER)]
        if unknown:
            legal = "=, ".join(_IN_MARKER)
            pytest.fail(f"Unknown argument of {_MARKER}: {', '.join(unknown)}. Use {legal}=.", pytrace=False)
        options = {**marker.kwargs, **options}
    if "catalog" in options:
        given = options["catalog"]
        sources = given if isinstance(given, list | tuple) else [given]
        directories = [item.path.parent, item.config.rootpath, Path.cwd()]
        options["catalog"] = [_resolve(source, directories, _MARKER) for source in sources]
    return options


def _resolve(source: Any, directories: Sequence[Path], context: str) -> Any:
    """Return the path of a catalog in the first directory that has it; bundled names and mappings as they are."""
    from ims_mock.loading.sources import bundled_catalogs, open_source

    if isinstance(source, Mapping) or source in bundled_catalogs():
        return source
    if not isinstance(source, str | Path):
        legal = "a name, a path, a mapping, or a list of them"
        pytest.fail(f"Invalid catalog {source!r} of {_MARKER}. Use {legal}.", pytrace=False)
    if found := next((path for directory in directories if (path := directory / source).exists()), None):
        return found
    searched = "" if Path(source).is_absolute() else f"; searched {', '.join(dict.fromkeys(map(str, directories)))}"
    with _errors_without_traceback(context, searched):
        next(open_source(source))
    return source


@contextmanager
def _errors_without_traceback(context: str, addition: str = "") -> Iterator[None]:
    """Turn errors of the emulator into a failure whose message is all that the test author needs."""
    from ims_mock.loading.sources import CatalogError, CatalogWarning

    try:
        yield
    except (CatalogError, CatalogWarning, ValueError, TypeError, OSError) as error:
        raise pytest.fail.Exception(f"{context}: {error}{addition}", pytrace=False) from None


# --- failed tests


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the latest requests to the report of a failed test, and hide frames of this package from its traceback."""
    if call.excinfo and not item.config.getoption("fulltrace"):
        _hide_own_frames(call.excinfo)
    report = yield
    server, has_fixture = item.config.stash.get(_SERVER, None), "ims_mock_server" in getattr(item, "fixturenames", ())
    if server and report.failed and item.stash.get(_HAS_REQUESTS, has_fixture):
        item.stash[_HAS_REQUESTS] = False  # one section is enough if the teardown fails, too
        try:
            text = server.describe_requests()
        except Exception as error:  # nothing may hide why the test failed
            text = f"cannot be read: {type(error).__name__}: {error}"
        report.sections.append(("ims_mock requests", text))
    return report


def _hide_own_frames(failure: pytest.ExceptionInfo[BaseException]) -> None:
    """Remove the frames of this package below the test from an error that tells what the test did wrong.

    Other errors may be bugs of this package.
    """
    own, step = str(Path(__file__).parent) + os.sep, failure.tb
    # compared by name: this module imports none of them
    errors = ("AssertionError", "CatalogError", "CatalogWarning", "IndexError", "ValueError", "TypeError", "OSError")
    if not any(base.__name__ in errors for base in failure.type.__mro__):
        return
    while following := step.tb_next:
        if following.tb_frame.f_code.co_filename.startswith(own):
            step.tb_next = following.tb_next
        else:
            step = following


# --- coverage report


def _add_coverage(config: pytest.Config, coverage: Coverage) -> None:
    collected = config.stash.get(_COVERAGE, None)
    config.stash[_COVERAGE] = collected.merged(coverage) if collected else coverage


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the coverage of a worker of pytest-xdist to the controller."""
    collected = session.config.stash.get(_COVERAGE, None)
    output = getattr(session.config, "workeroutput", None)
    if collected and output is not None:
        output[_XDIST_KEY] = collected.as_json()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the coverage that a worker of pytest-xdist has sent; a crashed worker has sent nothing."""
    if sent := getattr(node, "workeroutput", {}).get(_XDIST_KEY):
        from ims_mock.journal.coverage import Coverage

        _add_coverage(node.config, Coverage.read(sent))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print or write the coverage report, once for all workers."""
    form = config.getoption("--ims-mock-report")
    if not form or hasattr(config, "workerinput"):
        return
    terminalreporter.section("ims_mock coverage of the contract")
    collected = config.stash.get(_COVERAGE, None)
    if collected is None:
        terminalreporter.write_line("no test used the fixtures ims_mock and ims_mock_server")
        return
    text = json.dumps(collected.as_json(), indent=1) + "\n" if form == "json" else collected.report(form)
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
