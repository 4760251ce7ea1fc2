"""The pytest plugin, in suites of its own, each in a process of its own."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import make_app
from readme import readme_suites

from ims_mock.journal.coverage import Coverage
from ims_mock.server.server import BackgroundServer

pytest_plugins = ["pytester"]

README = Path(__file__).parent.parent.parent / "README.md"

HEAVY = ("flask", "werkzeug", "marshmallow", "faker", "yaml", "waitress", "click", "ims_mock.testing.mock")


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Each suite loads the plugins that it names, and starts a server of its own, whatever the caller has set."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("IMS_MOCK_URL", raising=False)


@pytest.fixture
def run(pytester):
    """Write a suite and run it, with the plugin and others."""

    def run(suite, *arguments, plugins=()):
        pytester.makepyfile(suite)
        loaded = [word for plugin in ("ims_mock.pytest_plugin", *plugins) for word in ("-p", plugin)]
        return pytester.runpytest_subprocess("-W", "error", *loaded, *arguments)

    return run


@pytest.mark.parametrize(("name", "suite"), readme_suites(), ids=lambda one: one.partition("\n")[0])
def test_a_suite_of_the_readme_passes(run, name, suite):
    """Word for word."""
    run(suite).assert_outcomes(passed=suite.count("def test_"))


def test_importing_it_imports_nothing_heavy():
    """Every run of pytest pays for it, wherever this package is installed."""
    code = "import sys, ims_mock.pytest_plugin; print([name for name in sys.argv[1:] if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_each_test_begins_anew(run):
    """Whatever the test before it left behind; the server stays the same."""
    suite = """
        import json, urllib.request, pytest

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


def test_the_marker_says_what_a_test_begins_with(run):
    """And where a reset leads back to; of several the nearest counts, word by word."""
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


def test_a_catalog_is_looked_up_beside_the_test_then_in_the_rootdir(pytester, run):
    """From wherever pytest is started; those of the ini file in the rootdir."""
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


WRONG = {
    "catalgo='empty'": "does not know catalgo; legal are catalog=, generate=, seed=, profile=, auth=",
    "'empty'": "does not know 'empty'; legal are catalog=, generate=, seed=, profile=, auth=",
    "catalog='emtpy'": "emtpy: no such file, folder or bundled catalog; did you mean empty?",
    "catalog=5": "the marker ims_mock has the catalog 5; legal are a name, a path, a mapping, or a list of them",
    "catalog={'images': [{'min_disk': 'x'}]}": "catalog: images[0].min_disk: 'x' is not a whole number",
    "profile='real'": "legal are documented and glance",
    "profile=5": "profile is 5; legal is a text",
    "auth='yes'": "auth is 'yes'; legal are off and on",
    "findings='loud'": "findings is 'loud'; legal are lenient, warn and strict",
    "findings_ignore='old-speling'": "names no finding 'old-speling'; did you mean old-spelling?",
    "generate='5'": "generate is '5'; legal are whole numbers from 0",
    "seed=None": "seed is None; legal are whole numbers from 0",
}


def test_a_wrong_marker_is_named(run):
    """In one line that says what is legal, without a traceback; other tests go on."""
    marked = "".join(
        f"@pytest.mark.ims_mock({marker})\ndef test_{number}(ims_mock): pass\n" for number, marker in enumerate(WRONG)
    )
    result = run(f"import pytest\n{marked}def test_after(ims_mock): assert len(ims_mock.images) == 63")
    result.assert_outcomes(errors=len(WRONG), passed=1)
    output = result.stdout.str()
    for words in WRONG.values():
        assert words in output
    assert "Traceback" not in output
    assert "pytest_plugin.py" not in output


@pytest.mark.parametrize(
    ("ini", "words"),
    [
        ("ims_mock_catalog = nosuch.yaml", "nosuch.yaml: no such file, folder or bundled catalog"),
        ("ims_mock_profile = real", "legal are documented and glance"),
        ("ims_mock_findings = loud", "legal are lenient, warn and strict"),
        ("ims_mock_findings_ignore = x", "findings-ignore names no finding 'x'; legal are undocumented-parameter"),
    ],
)
def test_a_wrong_setting_is_named(pytester, run, ini, words):
    """By the tests that need it, and by no others."""
    pytester.makeini(f"[pytest]\n{ini}")
    result = run("def test_it(ims_mock): pass\ndef test_other(): pass")
    result.assert_outcomes(errors=1, passed=1)
    assert words in result.stdout.str()
    assert "pytest_plugin.py" not in result.stdout.str()


def test_a_running_server_takes_the_place_of_ones_own(run, monkeypatch):
    """Named by the environment or the option; markers count there too, and catalogs are looked up here."""
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
    server = BackgroundServer(make_app("empty"))
    try:
        run(suite, "--ims-mock-url", server.url).assert_outcomes(passed=3)
        monkeypatch.setenv("IMS_MOCK_URL", server.url)
        run(suite).assert_outcomes(passed=3)
    finally:
        server.close()
    result = run(suite)
    result.assert_outcomes(errors=3)
    assert "ims_mock: " in result.stdout.str()
    assert f"{server.url}/_ims/sandboxes does not answer" in result.stdout.str()
    assert "remote.py" not in result.stdout.str()


def test_a_wrong_url_is_a_wrong_call(run):
    """Before anything is run."""
    result = run("def test_it(): pass", "--ims-mock-url", "localhost:9292")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --ims-mock-url or IMS_MOCK_URL is 'localhost:9292'; legal is http://HOST:PORT"]
    )


def test_a_failed_assertion_on_the_requests_explains_itself(run):
    """In its own line, and in a section that names the nearest requests and how they differ."""
    suite = """
        from urllib.request import urlopen

        def test_it(ims_mock):
            urlopen(ims_mock.url + "/v2/images?limit=25")
            urlopen(ims_mock.url + "/v2/images?limit=5&name=a")
            assert ims_mock.requests.matching("/v2/images", limit=5, name="b")
    """
    result = run(suite)
    result.assert_outcomes(failed=1)
    shown = re.search(r"<!-- failure -->\n```text\n(.*?)```", README.read_text(), re.DOTALL)[1].splitlines()
    assert len(shown) == 7
    result.stdout.fnmatch_lines([re.sub("^-+|-+$", "*", line) for line in shown])


def test_a_fixture_of_the_same_name_may_give_something_else(run):
    """A test with it that fails is told of like any other."""
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


@pytest.mark.parametrize("plugins", [["pytest_flask.plugin"], []])
def test_it_gets_along_with_pytest_flask(run, plugins):
    """Its fixtures stay those of the suite's own application; none of them is needed."""
    suite = """
        import flask, pytest

        @pytest.fixture
        def app():
            app = flask.Flask("own")
            app.add_url_rule("/", view_func=lambda: "own")
            return app

        def test_it(request, ims_mock):
            assert ims_mock.client.get("/v2/images").status_code == 200
            if request.config.pluginmanager.has_plugin("pytest_flask.plugin"):
                assert request.getfixturevalue("client").get("/").text == "own"
    """
    run(suite, plugins=plugins).assert_outcomes(passed=1)


def test_it_gets_along_with_pytest_asyncio(run):
    """A test that waits is answered: the server has a thread of its own."""
    suite = """
        import asyncio, urllib.request, pytest

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


def test_unittest_gets_it_too(run):
    """Through a fixture that the class uses."""
    suite = """
        import unittest, pytest

        class TestIt(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _ims(self, ims_mock):
                self.ims = ims_mock

            @pytest.mark.ims_mock(catalog="empty")
            def test_it(self):
                self.assertEqual(self.ims.images, [])
    """
    run(suite).assert_outcomes(passed=1)


# --- the report of what was exercised -------------------------------------------------------------

EXERCISING = """
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
    """Give the report at the end of a run."""
    return re.findall(HEADING + r"(.*)\n=", result.stdout.str(), re.DOTALL)[0].strip()


def exercised(report, group):
    """Give what was exercised of a group, by a report in JSON."""
    return list(Coverage.read(json.loads(report)).exercised(group))


@pytest.mark.parametrize("workers", [0, 3])
def test_what_the_tests_exercised_is_reported(run, workers):
    """Across resets, markers and workers, once."""
    plugins, arguments = (["xdist"], ["-n", str(workers)]) if workers else ([], [])
    result = run(EXERCISING, "--ims-mock-report=json", *arguments, plugins=plugins)
    result.assert_outcomes(passed=5)
    says = reported(result)
    assert exercised(says, "values") == ["status=queued", "status=saving", "status=active"]
    assert exercised(says, "errors of lists") == ["401"]
    assert exercised(says, "endpoints") == ["GET /versions", "GET /v2/images"]
    assert result.stdout.str().count("coverage of the contract") == 1


def test_what_the_tests_exercised_on_a_running_server_is_reported(run):
    """That of the sandbox alone; it adds to the server's."""
    app = make_app("empty")
    app.test_client().get("/v2/images?status=killed")
    server = BackgroundServer(app)
    try:
        result = run(EXERCISING, "--ims-mock-report=json", "--ims-mock-url", server.url)
    finally:
        server.close()
    result.assert_outcomes(passed=5)
    values = exercised(reported(result), "values")
    assert values == ["status=queued", "status=saving", "status=active"]
    told = app.extensions["ims_mock"].exercised.coverage().exercised("values")
    assert set(told) == {*values, "status=killed"}


@pytest.mark.parametrize(
    ("form", "words"), [("terminal", "never exercised:\n"), ("markdown", "| `values` | 3 of 56 | ")]
)
def test_the_report_may_be_for_people(run, form, words):
    """In a terminal, or in Markdown."""
    text = reported(run(EXERCISING, f"--ims-mock-report={form}"))
    assert re.match(r"\d+ of 198 exercised ", text)
    assert words in text


def test_the_report_may_go_to_a_file(run):
    """One that cannot be written is named, and the tests count all the same."""
    result = run(EXERCISING, "--ims-mock-report=json", "--ims-mock-report-file=report.json")
    assert reported(result) == "written to report.json"
    assert exercised(Path("report.json").read_text(), "errors of lists") == ["401"]
    result = run(EXERCISING, "--ims-mock-report=json", "--ims-mock-report-file=absent/report.json")
    result.assert_outcomes(passed=5)
    assert reported(result) == "cannot write absent/report.json: No such file or directory"


def test_without_an_emulator_there_is_nothing_to_report(run):
    """Which is said."""
    result = run("def test_it(): pass", "--ims-mock-report=terminal")
    assert reported(result) == "no test used the fixtures ims_mock and ims_mock_server"
    assert "coverage of the contract" not in run("def test_it(ims_mock): pass").stdout.str()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--ims-mock-report=html", "*invalid choice: 'html'*"),
        ("--ims-mock-report-file=a", "*without --ims-mock-report; legal with it are terminal, markdown, json"),
    ],
)
def test_a_wrong_report_is_a_wrong_call(run, option, words):
    """Before anything is run."""
    result = run("def test_it(): pass", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([words])


def test_the_report_of_the_readme_is_true(run):
    """Of the module that the README shows, shortened."""
    text = reported(run(readme_suites()[0][1], "--ims-mock-report=terminal"))
    shown = re.search(r"<!-- coverage -->\n```text\n(.*?)```", README.read_text(), re.DOTALL)[1]
    parts = [part.strip("\n") for part in shown.split("…\n")]
    assert [text.count(part) for part in parts] == [1] * len(parts)
