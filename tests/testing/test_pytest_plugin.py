"""The pytest plugin, used by test suites of their own; with other plugins in a process of their own."""

import json
import re
from pathlib import Path

import pytest
from docs_pages import PAGES, SUITES, TYPED_SUITE, block_after
from helpers import make_app, over_socket

from ims_mock.journal.coverage import Coverage

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _isolated(monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("IMS_MOCK_URL", raising=False)


@pytest.fixture
def run(pytester):
    def run(suite, *arguments, plugins=()):
        pytester.makepyfile(suite)
        loaded = [word for plugin in ("ims_mock.pytest_plugin", *plugins) for word in ("-p", plugin)]
        runpytest = pytester.runpytest_subprocess if plugins else pytester.runpytest_inprocess
        return runpytest("-W", "error", *loaded, *arguments)

    return run


@pytest.fixture
def url():
    with over_socket(make_app("empty")) as ask:
        yield ask.url


@pytest.fixture(params=["local", "remote"])
def target(request):
    """The arguments of pytest for an emulator of its own, and for a running server."""
    return ["--ims-mock-url", request.getfixturevalue("url")] if request.param == "remote" else []


@pytest.mark.parametrize("suite", [*SUITES.values(), TYPED_SUITE], ids=[*SUITES, "types"])
def test_documented_suite_passes(run, suite):
    run(suite).assert_outcomes(passed=suite.count("def test_"))


def test_every_test_starts_with_the_first_state(run):
    suite = """
        import urllib.request, pytest

        seen = []

        @pytest.mark.parametrize("round_", range(3))
        def test_it(ims_mock, ims_mock_server, round_):
            assert ims_mock is ims_mock_server
            seen.append(ims_mock.url)
            assert len(set(seen)) == 1
            assert (len(ims_mock.images), len(ims_mock.requests), len(ims_mock.faults)) == (63, 0, 0)
            ims_mock.faults.add(path="/v2/images", status=503, times=None)
            ims_mock.load("empty")
            ims_mock.clock.set("2030-01-01T00:00:00Z")
            with pytest.raises(urllib.error.HTTPError, match="503"):
                urllib.request.urlopen(ims_mock.url + "/v2/images")
            assert ims_mock.clock.now.year == 2030
            assert len(ims_mock.requests) == 1
    """
    run(suite).assert_outcomes(passed=3)


def test_closest_marker_wins_for_each_option(run):
    suite = """
        import pytest

        def test_before(ims_mock):
            assert len(ims_mock.images) == 63

        @pytest.mark.ims_mock(catalog="empty", auth="on")
        class TestMarked:
            @pytest.mark.ims_mock(generate=5, seed=7)
            def test_marked(self, ims_mock):
                assert len(ims_mock.images) == 5
                ims_mock.load("edge-cases")
                ims_mock.reset()
                assert len(ims_mock.images) == 5
                assert ims_mock.client.get("/v2/images").status_code == 401
                allowed = {"X-Auth-Token": ims_mock.token}
                assert ims_mock.client.get("/v2/images", headers=allowed).status_code == 200

            @pytest.mark.ims_mock(catalog={"images": [{"id": "a"}]}, profile="glance")
            def test_nearest(self, ims_mock):
                assert [image["id"] for image in ims_mock.images] == ["a"]
                assert ims_mock.client.get("/v2/images").mimetype == "text/plain"

            @pytest.mark.ims_mock(catalog=["empty", "document-sample"])
            def test_several(self, ims_mock):
                assert len(ims_mock.images) == 3

        def test_after(ims_mock):
            assert len(ims_mock.images) == 63
            assert ims_mock.client.get("/v2/images").status_code == 200
    """
    run(suite).assert_outcomes(passed=5)


def test_catalog_is_found_beside_the_test_then_in_the_rootdir(pytester, run):
    pytester.makeini("[pytest]\nims_mock_catalog = document-sample, both.yaml\nims_mock_profile = glance")
    pytester.makefile(".yaml", both="images: [{id: root}]", root="images: [{id: root}]")
    folder = pytester.mkdir("folder")
    (folder / "both.yaml").write_text("images: [{id: beside}]")
    (folder / "test_beside.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('id', [\n"
        "    pytest.param('beside', marks=pytest.mark.ims_mock(catalog='both.yaml')),\n"
        "    pytest.param('root', marks=pytest.mark.ims_mock(catalog='root.yaml')),\n"
        "    pytest.param('root', marks=pytest.mark.ims_mock(catalog='../both.yaml')),\n"
        "])\n"
        "def test_it(ims_mock, id):\n"
        "    assert [image['id'] for image in ims_mock.images] == [id]\n"
    )
    suite = """
        def test_it(ims_mock):
            assert len(ims_mock.images) == 4
            assert ims_mock.client.get("/v2/images?visibility=x").mimetype == "text/plain"
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(pytester.mkdir("elsewhere"))
        run(suite, "-c", "../tox.ini", "..").assert_outcomes(passed=4)


INVALID = {
    "catalgo='empty'": "Unknown argument of the marker ims_mock: catalgo. Use catalog=, generate=, seed=, profile=",
    "'empty'": "Unknown argument of the marker ims_mock: 'empty'. Use catalog=, generate=, seed=, profile=",
    "catalog='emtpy'": "emtpy: no such file, folder or bundled catalog; did you mean empty?",
    "catalog=5": "Invalid catalog 5 of the marker ims_mock. Use a name, a path, a mapping, or a list of them.",
    "catalog={'images': [{'min_disk': 'x'}]}": "catalog: images[0].min_disk: 'x' is not a whole number",
    "profile='real'": "Invalid profile 'real'. Use 'documented' or 'glance'.",
    "findings_ignore='old-speling'": "no finding 'old-speling'. Did you mean old-spelling?",
    "generate='5'": "Invalid generate '5'. Use a whole number from 0",
}


def test_invalid_marker_fails_its_test_without_traceback(run):
    marked = "".join(
        f"@pytest.mark.ims_mock({marker})\ndef test_{number}(ims_mock): pass\n" for number, marker in enumerate(INVALID)
    )
    result = run(f"import pytest\n{marked}def test_after(ims_mock): assert len(ims_mock.images) == 63")
    result.assert_outcomes(errors=len(INVALID), passed=1)
    output = result.stdout.str()
    for message in INVALID.values():
        assert message in output
    assert "Traceback" not in output
    assert "During handling" not in output
    assert "pytest_plugin.py" not in output


@pytest.mark.parametrize(
    ("ini", "message"),
    [
        ("ims_mock_catalog = nosuch.yaml", "ims_mock_catalog: nosuch.yaml: no such file, folder or bundled catalog"),
        ("ims_mock_profile = real", "Invalid profile 'real'. Use 'documented' or 'glance'."),
    ],
)
def test_invalid_ini_option_fails_tests_that_use_the_fixture(pytester, run, ini, message):
    pytester.makeini(f"[pytest]\n{ini}")
    result = run("def test_it(ims_mock): pass\ndef test_other(): pass")
    result.assert_outcomes(errors=1, passed=1)
    report, _, _ = result.stdout.str().partition("short test summary info")
    assert report.count(message) == 1
    assert "pytest_plugin.py" not in result.stdout.str()


def test_missing_catalog_is_reported_with_the_directories_that_were_searched(pytester, run):
    folder = pytester.mkdir("folder")
    (folder / "test_it.py").write_text(
        "import pytest\n@pytest.mark.ims_mock(catalog='nosuch.yaml')\ndef test_it(ims_mock): pass"
    )
    output = run("", "--rootdir", str(pytester.path), "folder").stdout.str()
    assert f"are default, document-sample, edge-cases, empty, large; searched {folder}, {pytester.path}\n" in output


def test_running_server_is_used_through_a_sandbox(run, monkeypatch):
    suite = """
        import pytest

        def test_before(ims_mock):
            assert "/_ims/sandboxes/" in ims_mock.url
            assert len(ims_mock.images) == 63

        @pytest.mark.ims_mock(catalog="here.yaml", auth="on")
        def test_marked(ims_mock):
            assert [image["name"] for image in ims_mock.images] == ["here"]
            assert ims_mock.client.get("/v2/images").status_code == 401

        def test_after(ims_mock):
            assert len(ims_mock.images) == 63
            assert ims_mock.client.get("/v2/images").status_code == 200
    """
    Path("here.yaml").write_text("images: [{name: here}]")
    with over_socket(make_app("empty")) as ask:
        run(suite, "--ims-mock-url", ask.url).assert_outcomes(passed=3)
        monkeypatch.setenv("IMS_MOCK_URL", ask.url)
        run(suite).assert_outcomes(passed=3)
    result = run(suite)
    result.assert_outcomes(errors=3)
    assert "ims_mock: " in result.stdout.str()
    assert f"{ask.url}/_ims/sandboxes does not answer" in result.stdout.str()
    assert "remote.py" not in result.stdout.str()


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
def test_section_never_hides_the_failure(run, url, sabotage, error):
    suite = f"""
        from urllib.request import Request, urlopen

        def test_it(ims_mock):
            {sabotage}
            assert "what matters" == ""
    """
    result = run(suite, "--ims-mock-url", url)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*'what matters' == ''", "*ims_mock requests*", f"cannot be read: {error}*"])


def test_own_frames_are_hidden_from_mistakes_of_a_test(run, target):
    calls = {
        'load("nosuch")': "nosuch: no such file",
        'add({"min_disk": "x"})': "'x' is not a whole number",
        "faults.add(status=7)": "Invalid effect.status: got 7.",
        "faults.add(statuss=503)": "unexpected keyword argument 'statuss'. Did you mean status?",
        'begin(auht="on")': "unexpected keyword argument 'auht'. Did you mean auth?",
        'clock.set("x")': "Invalid time 'x'.",
        'restore("nosuch")': "Invalid snapshot 'nosuch'.",
        "requests[0]": "list index out of range",
        'assert_walked_everything("/v2/images")': "there was no walk",
    }
    tests = "".join(f"def test_{number}(ims_mock): ims_mock.{call}\n" for number, call in enumerate(calls))
    output = run(tests, *target).stdout.str()
    for message in calls.values():
        assert message in output
    assert not re.findall(r"ims_mock/\w+.*\.py:\d+", output)
    assert "mock.py" in run(tests, "--full-trace", *target).stdout.str()


def test_warning_about_a_catalog_points_to_the_test_and_can_be_an_error(run):
    suite = """
        import pytest

        def test_add(ims_mock):
            ims_mock.add({"min_disk": 0})

        @pytest.mark.ims_mock(catalog={"images": [{"min_disk": 0}]})
        def test_marker(ims_mock): pass
    """
    shown = run(suite, "-W", "default::ims_mock.CatalogWarning")
    shown.assert_outcomes(passed=2, warnings=2)
    shown.stdout.fnmatch_lines(["*.py:4: CatalogWarning: catalog: images?0?.min_disk: warning: 0 is not 1 to 1024 GB"])
    failed = run(suite, "-W", "error::ims_mock.CatalogWarning")
    failed.assert_outcomes(failed=1, errors=1)
    assert not re.findall(r"ims_mock/\w+.*\.py:\d+", failed.stdout.str())
    run(suite, "-W", "ignore::ims_mock.CatalogWarning").assert_outcomes(passed=2, warnings=0)


def test_frames_stay_if_the_error_may_be_a_bug(run):
    suite = """
        def test_it(ims_mock, monkeypatch):
            monkeypatch.setattr("ims_mock.testing.mock.read_time", lambda _: {}["bug"])
            ims_mock.clock.set("x")
    """
    assert "mock.py" in run(suite).stdout.str()


def test_other_fixture_of_the_same_name_is_left_alone(run):
    suite = """
        from unittest.mock import MagicMock

        import pytest

        @pytest.fixture(params=["text", None, MagicMock()])
        def ims_mock(request, ims_mock_server):
            return request.param

        def test_it(ims_mock, ims_mock_server):
            assert ims_mock_server.requests.matching("/v2/images")
    """
    run(suite).assert_outcomes(failed=3)


def test_pytest_flask_keeps_its_own_application(run):
    suite = """
        import flask, pytest

        @pytest.fixture
        def app():
            app = flask.Flask("own")
            app.add_url_rule("/", view_func=lambda: "own")
            return app

        def test_it(client, ims_mock):
            assert ims_mock.client.get("/v2/images").status_code == 200
            assert client.get("/").text == "own"
    """
    run(suite, plugins=["pytest_flask.plugin"]).assert_outcomes(passed=1)


def test_server_answers_while_an_asyncio_test_waits(run):
    suite = """
        import asyncio, pytest

        @pytest.mark.asyncio
        async def test_it(ims_mock):
            reader, writer = await asyncio.open_connection("127.0.0.1", ims_mock.port)
            writer.write(b"GET /v2/images?limit=1 HTTP/1.0\\r\\nHost: a\\r\\n\\r\\n")
            assert (await reader.readline()).endswith(b"200 OK\\r\\n")
            writer.close()
            await writer.wait_closed()
    """
    scope = "asyncio_default_fixture_loop_scope=function"
    run(suite, "-o", scope, plugins=["pytest_asyncio.plugin"]).assert_outcomes(passed=1)


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


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--ims-mock-report=html", "*invalid choice: 'html'*"),
        ("--ims-mock-report-file=a", "*it needs --ims-mock-report. Use that with terminal, markdown, json."),
        ("--ims-mock-url=a:1", "ERROR: Invalid --ims-mock-url or IMS_MOCK_URL 'a:1'. Use http://HOST:PORT."),
    ],
)
def test_invalid_option_is_a_usage_error(run, option, message):
    result = run("def test_it(): pass", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_report_has_forms_for_people(run):
    assert "| `values` | 3 of " in reported(run(SUITE, "--ims-mock-report=markdown"))
    text = reported(run(SUITES["guides/pytest.md"], "--ims-mock-report=terminal"))
    shown = re.search(r"<!-- coverage -->\n```text\n(.*?)```", PAGES["guides/coverage.md"], re.DOTALL)[1]
    parts = [part.strip("\n") for part in shown.split("…\n")]
    assert [text.count(part) for part in parts] == [1] * len(parts)


# --- workers of pytest-xdist, in random order


XDIST_SUITE = """
    import pytest
    import requests


    @pytest.mark.parametrize("number", range(400))
    def test_it(ims_mock, number):
        assert (len(ims_mock.images) > 7, len(ims_mock.faults), len(ims_mock.requests)) == (True, 0, 0)
        names = sorted(f"{number}-{index}" for index in range(number % 7))
        broken = (500, 502, 503)[number % 3]
        ims_mock.load({"images": [{"name": name} for name in names]})
        ims_mock.faults.add(path="/v2/images", nth=2, status=broken)
        answers = [requests.get(f"{ims_mock.url}/v2/images", {"__test": value}) for value in (number, None, None)]
        assert [answer.status_code for answer in answers] == [200, broken, 200]
        first, _, last = [sorted(image["name"] for image in one.json().get("images", [])) for one in answers]
        assert (first, last) == ([], names)
        assert [entry.status for entry in ims_mock.requests] == [200, broken, 200]
        assert len(ims_mock.requests.matching("/v2/images", __test=number)) == 1
        assert [rule.hits for rule in ims_mock.faults] == [1]
"""


@pytest.mark.parametrize("is_remote", [False, True])
def test_each_worker_has_its_own_server_or_sandbox(run, is_remote):
    app = make_app("document-sample")
    catalog = app.extensions["ims_mock"].catalog
    with over_socket(app) as ask:
        url = ["--ims-mock-url", ask.url] if is_remote else []
        result = run(XDIST_SUITE, "-n", "4", "-q", *url, plugins=["xdist", "pytest_randomly"])
    result.assert_outcomes(passed=400)
    assert app.extensions["ims_mock"].catalog is catalog
    assert len(app.extensions["ims_mock.sandboxes"]) == 0
