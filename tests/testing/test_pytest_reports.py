"""What the pytest plugin reports: the requests of failed tests, and the coverage of the contract."""

import json
import re
from pathlib import Path

import pytest
from docs_pages import PAGES, SUITES, block_after
from helpers import make_app, over_socket

from ims_mock.journal.coverage import Coverage

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]


def test_failed_assertion_shows_the_nearest_requests(run, target):
    suite = """
        from urllib.request import urlopen

        def test_it(ims_mock):
            ims_mock.faults.add(path="/v2/images", page=2, status=503)
            urlopen(ims_mock.url + "/v2/images?limit=5&name=a")
            ims_mock.client.get("/v2/images?limit=all&imagetype=gold")
            assert ims_mock.requests.matching("/v2/images", limit=5, name="b")
    """
    shown = re.search(r"<!-- failure -->\n```text\n(.*?)```", PAGES["guides/pytest.md"], re.DOTALL)[1].splitlines()
    assert len(shown) > 15
    result = run(suite, *target)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([re.sub("^-+|-+$", "*", line) for line in shown])


def test_explanation_in_an_assertion_message_is_as_documented(run):
    suite = re.search(r"<!-- explain -->\n```python\n(.*?)```", PAGES["guides/pytest.md"], re.DOTALL)[1]
    shown = block_after(PAGES["guides/pytest.md"], "<!-- explanation -->", "text")
    result = run(suite)
    result.assert_outcomes(failed=1)
    assert shown in result.stdout.str()


SECTION = re.compile(r"-+ ims_mock requests -+\n(.*?)\n(?=[_=-]{3})", re.DOTALL)


@pytest.mark.parametrize("plugins", [[], ["pytest_flask.plugin"], pytest.param(["xdist"], marks=pytest.mark.slow)])
def test_every_failure_shows_the_requests_of_its_test(run, plugins):
    suite = """
        import flask, pytest

        @pytest.fixture
        def app():
            return flask.Flask("own")

        @pytest.fixture
        def broken(ims_mock):
            ims_mock.client.get("/v2/images/setup")
            raise RuntimeError

        @pytest.fixture
        def ending_badly(ims_mock):
            yield
            ims_mock.client.get("/v2/images/teardown")
            raise RuntimeError

        def test_setup(broken): pass
        def test_teardown(ending_badly): pass
        def test_error(ims_mock): ims_mock.client.get("/v2/images/error"); 1 / 0
        def test_failure_and_teardown(ims_mock, ending_badly): ims_mock.client.get("/v2/images/both"); assert 0
        def test_on_request(request): request.getfixturevalue("ims_mock").client.get("/v2/images/late"); assert 0
        def test_server(ims_mock_server): ims_mock_server.reset(); assert 0
        @pytest.mark.xfail(strict=True)
        def test_expected(ims_mock): ims_mock.client.get("/v2/images/expected")
        @pytest.mark.ims_mock(auht="on")
        def test_marker(ims_mock): pass
        def test_unrelated(): assert 0
    """
    result = run(suite, *(["-n", "2"] if "xdist" in plugins else []), "--tb=short", plugins=plugins)
    result.assert_outcomes(failed=6, passed=1, errors=4)
    sections = SECTION.findall(result.stdout.str())
    shown = [re.findall(r"/v2/images/(\w+) -> 404 IMG.0027", section) for section in sections]
    assert sorted(shown) == [[], ["both"], ["error"], ["expected"], ["late"], ["setup"], ["teardown"]]
    assert any(section.startswith("0 requests recorded; the client must use http") for section in sections)


@pytest.mark.parametrize(
    ("sabotage", "error"),
    [
        ("ims_mock.describe_requests = lambda: 1 / 0", "ZeroDivisionError"),
        ("urlopen(Request(ims_mock.url, method='DELETE'))", "ValueError: Sandbox"),
    ],
)
def test_section_never_hides_the_failure(run, server, sabotage, error):
    suite = f"""
        from urllib.request import Request, urlopen

        def test_it(ims_mock):
            {sabotage}
            assert "what matters" == ""
    """
    result = run(suite, "--ims-mock-url", server)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*'what matters' == ''", "*ims_mock requests*", f"cannot be read: {error}*"])


SUITE = """
    import pytest

    @pytest.mark.parametrize("value", ["active", "queued", "saving"])
    def test_it(ims_mock, value):
        assert ims_mock.client.get(f"/v2/images?status={value}").status_code == 200
        ims_mock.reset()

    @pytest.mark.ims_mock(catalog="empty", auth="on")
    def test_marked(ims_mock):
        assert ims_mock.client.get("/v2/images").status_code == 401

    def test_server(ims_mock_server):
        assert ims_mock_server.client.get("/versions").status_code == 200
"""
HEADING = r"=+ ims_mock coverage of the contract =+\n"


def reported(result):
    return re.findall(HEADING + r"(.*)\n=", result.stdout.str(), re.DOTALL)[0].strip()


def covered(report, group):
    return list(Coverage.read(json.loads(report)).covered(group))


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_coverage_is_reported_once_for_all_workers(run, workers):
    plugins, arguments = (["xdist"], ["-n", str(workers)]) if workers else ([], [])
    result = run(SUITE, "--ims-mock-report=json", *arguments, plugins=plugins)
    result.assert_outcomes(passed=5)
    report = reported(result)
    assert covered(report, "values") == ["status=queued", "status=saving", "status=active"]
    assert covered(report, "errors of lists") == ["401"]
    assert covered(report, "endpoints") == ["GET /v2/images", "GET /versions"]
    assert result.stdout.str().count("coverage of the contract") == 1


def test_coverage_of_a_sandbox_is_reported_and_added_to_the_server(run):
    app = make_app("empty")
    app.test_client().get("/v2/images?status=killed")
    with over_socket(app) as ask:
        result = run(SUITE, "--ims-mock-report=json", "--ims-mock-url", ask.url)
    result.assert_outcomes(passed=5)
    values = covered(reported(result), "values")
    assert values == ["status=queued", "status=saving", "status=active"]
    on_server = app.extensions["ims_mock"].coverage_recorder.coverage().covered("values")
    assert set(on_server) == {*values, "status=killed"}


def test_report_is_written_to_a_file(run):
    result = run(SUITE, "--ims-mock-report=json", "--ims-mock-report-file=report.json")
    assert reported(result) == "written to report.json"
    assert covered(Path("report.json").read_text(), "errors of lists") == ["401"]
    result = run(SUITE, "--ims-mock-report=json", "--ims-mock-report-file=absent/report.json")
    result.assert_outcomes(passed=5)
    assert reported(result) == "cannot write absent/report.json: No such file or directory"


def test_report_without_an_emulator_says_so(run):
    result = run("def test_it(): pass", "--ims-mock-report=terminal")
    assert reported(result) == "no test used the fixtures ims_mock and ims_mock_server"
    assert "coverage of the contract" not in run("def test_it(ims_mock): pass").stdout.str()


def test_report_has_forms_for_people(run):
    assert "| `values` | 3 of " in reported(run(SUITE, "--ims-mock-report=markdown"))
    text = reported(run(SUITES["guides/pytest.md"], "--ims-mock-report=terminal"))
    shown = re.search(r"<!-- coverage -->\n```text\n(.*?)```", PAGES["guides/coverage.md"], re.DOTALL)[1]
    parts = [part.strip("\n") for part in shown.split("…\n")]
    assert [text.count(part) for part in parts] == [1] * len(parts)
