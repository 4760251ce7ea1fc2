"""The pytest plugin, used by test suites of their own."""

import re
from pathlib import Path

import pytest
from docs_pages import SUITES, TYPED_SUITE
from helpers import make_app, over_socket

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]


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
