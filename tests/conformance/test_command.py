"""The command, its reports, and the scenarios as test items of pytest."""

import json
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from serving import refusal, run

from ims_mock.conformance.scenarios import SCENARIOS

pytest_plugins = ["pytester"]

ONLY = ("--only", "one-image,two-a-page,sort-name-asc,error-404")


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.chdir(Path(__file__).parent)


def report(form, adapter="knows_no_sort", *arguments):
    return run("conformance", f"broken:{adapter}", *ONLY, "--format", form, *arguments)


def test_json_has_every_scenario():
    done = report("json", "stops_early")
    body = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert [one["name"] for one in body["scenarios"]] == ["one-image", "two-a-page", "sort-name-asc", "error-404"]
    counts = {name: body[name] for name in ("adapter", "profile", "baseline", "passed", "failed", "unsupported")}
    assert counts == {"adapter": "broken:stops_early", "profile": "documented", "baseline": "passed"} | {
        "passed": 2, "failed": 2, "unsupported": 0,
    }  # fmt: skip
    row = body["scenarios"][1]
    assert (row["level"], row["outcome"], row["group"]) == ("must", "failed", "paging")
    assert (row["expected"], row["actual"], row["query"]) == ("1 2 3 4 5", "1 2", {"limit": "2"})
    assert "GET /v2/images?limit=2 -> 200, 2 images" in row["requests"]


def test_text_explains_failures_and_names_what_is_unsupported():
    done = report("terminal", "stops_early")
    for line in (
        "FAILED must two-a-page",
        "  query:    limit=2",
        "  expected: 1 2 3 4 5",
        "  actual:   1 2",
        "  reason:   The pages follow each other by the link `next`; each is requested once. (the document)",
        "4 scenarios: 2 passed, 2 failed, 0 unsupported; failed: 2 must, 0 should",
    ):
        assert line in done.stdout.splitlines()
    done = report("terminal")
    assert done.returncode == 0
    assert "unsupported:\n  sort-name-asc: the SDK cannot sort\n" in done.stdout


def test_markdown_has_a_table_and_each_failure(tmp_path):
    done = report("markdown", "stops_early", "--output", tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text()
    assert (done.returncode, done.stdout) == (1, "")
    assert "| `one-image` | paging | must | passed |  |" in text
    assert "## two-a-page (must)\n\n```text\nreturned a list that is silently incomplete" in text


def test_junit_counts_unsupported_and_should_as_skipped():
    suite = ElementTree.fromstring(report("junit").stdout)[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "0", "1")
    assert [case.get("name") for case in suite if case.find("skipped") is not None] == ["sort-name-asc"]
    suite = ElementTree.fromstring(report("junit", "stops_early").stdout)[0]
    assert suite.get("failures") == "2"
    assert "GET /v2/images" in suite[1][0].text
    done = run("conformance", "broken:correct", "--only", "moved-ahead,two-a-page", "--format", "junit")
    assert done.returncode == 0
    assert ElementTree.fromstring(done.stdout)[0].get("skipped") == "1"


def test_failed_baseline_is_named_even_if_it_is_not_selected():
    done = run("conformance", "broken:returns_nothing", "--only", "error-404")
    assert done.returncode == 0
    assert "The baseline one-image failed (images is null, not a list: " in done.stdout


def test_no_passed_scenario_is_no_success():
    assert run("conformance", "broken:knows_no_sort", "--only", "sort-name-asc").returncode == 1


def test_list_needs_no_adapter():
    lines = run("conformance", "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [one.name for one in SCENARIOS]
    musts = run("conformance", "--list", "--level", "must", "--skip", "one-image").stdout.splitlines()
    assert len(musts) == sum(one.level == "must" for one in SCENARIOS) - 1
    glance = run("conformance", "--list", "--profile", "glance").stdout
    assert "tags-over-pages" not in glance


def test_names_are_unique_and_at_least_75():
    assert max(Counter(one.name for one in SCENARIOS).values()) == 1
    assert len(SCENARIOS) >= 75


PYTHON = sys.executable


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Use either MODULE:FUNCTION or --command."),
        (("a:b", "--command", "cat"), "Use either MODULE:FUNCTION or --command."),
        (("adapter",), "Invalid adapter 'adapter'. Use MODULE:FUNCTION such as adapter:list_images."),
        (("--command", "no-such-program x"), "Invalid --command 'no-such-program x': there is no such program."),
        (("--command", "a 'b"), 'Invalid --command "a \'b": No closing quotation.'),
        (("a:b", "--only", "two"), "Invalid --only or --skip: there is no scenario 'two'; --list prints their names."),
        (("a:b", "--only", ","), "Invalid --only or --skip: there is no scenario ''"),
        (("a:b", "--timeout", "nan"), "nan is not in the range 0.001<=x<=3600."),
        (("a:b", "--only", "one-image", "--skip", "one-image"), "No scenario is left."),
        (("a:b", "--profile", "glance,-dotted-tags"), "Invalid --profile 'glance,-dotted-tags'. Use one of documented"),
        (("a:b", "--format", "yaml"), "Use one of terminal, markdown, json, junit."),
    ],
    ids=str,
)
def test_wrong_usage(arguments, words):
    assert words in refusal(run("conformance", *arguments), 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere:f",), "cannot import nowhere:f: ModuleNotFoundError: No module named 'nowhere'"),
        (("broken:nothing",), "cannot import broken:nothing: AttributeError: module 'broken' has no attribute"),
        (("--command", f"{PYTHON} -c 'exit(\"no licence\")'"), "Standard error: no licence"),
    ],
    ids=str,
)
def test_adapter_that_never_starts_ends_the_run(arguments, words):
    line = refusal(run("conformance", *arguments), 1)
    assert line.startswith("ims-mock: the adapter exited with status 1 instead of answering, 3 times before any ")
    assert words in line


def test_an_interruption_is_no_success(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ims_mock.conformance.adapter.Adapter.ask", interrupt)
    line = refusal(run("conformance", "broken:correct", *ONLY), 1)
    assert line == "ims-mock: Interrupted before all scenarios had run."


@pytest.mark.parametrize(
    ("body", "actual"),
    [
        ("sys.stdin.read(); raise Broken('no input')", "error without a status Broken: no input"),
        ("subprocess.run(['cat']); raise Broken('empty')", "error without a status Broken: empty"),
        ("error = Broken(); error.status = HTTPStatus.NOT_FOUND; raise error", "error 404 Broken"),
        ("raise Unprintable", "error without a status Unprintable, whose text raises ValueError"),
    ],
)
def test_difficult_python_sdks(body, actual, tmp_path, monkeypatch):
    (tmp_path / "difficult.py").write_text(
        "import subprocess, sys\nfrom http import HTTPStatus\n"
        "class Broken(Exception): pass\n"
        "class Unprintable(Exception):\n    def __str__(self): raise ValueError\n"
        f"def list_images(service, query):\n    {body}\n"
    )
    monkeypatch.chdir(tmp_path)
    done = run("conformance", "difficult:list_images", "--only", "error-404", "--timeout", "10", "--format", "json")
    assert json.loads(done.stdout)["scenarios"][0]["actual"] == actual


def test_scenarios_are_test_items(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.chdir(Path(__file__).parent)
    loaded = ("-p", "ims_mock.pytest_plugin", "-p", "no:cacheprovider", "--rootdir", pytester.path, "-c", "/dev/null")
    chosen = ("-k", "two-a-page or sort-name-asc or moved-ahead or error-404", pytester.path)
    adapter = ("--ims-mock-conformance", "broken:knows_no_sort")
    pytester.runpytest_inprocess(*loaded, *adapter, *chosen).assert_outcomes(passed=2, skipped=2)
    adapter = ("--ims-mock-conformance", "broken:stops_early")
    ran = pytester.runpytest_inprocess(*loaded, *adapter, *chosen)
    ran.assert_outcomes(passed=1, failed=2, xfailed=1)
    ran.stdout.fnmatch_lines(["expected: 1 2 3 4 5", "actual:   1 2", "*FAILED *conformance::two-a-page*"])
    ran.stdout.fnmatch_lines([f"collected {len(SCENARIOS)} items / {len(SCENARIOS) - 4} deselected / 4 selected"])
    ran = pytester.runpytest_inprocess(*loaded, "--ims-mock-conformance", "adapter")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
