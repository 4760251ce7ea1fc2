"""Adapters with one mistake each fail the scenarios about it, and no other ``must``; processes fail one scenario.

The reference adapter passes every scenario, with the command that the guide shows.
"""

import json
import sys
from contextlib import closing
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import serving
from docs_pages import ROOT

from ims_mock.conformance.adapter import python_command
from ims_mock.conformance.runner import Runner, select

pytestmark = pytest.mark.slow

TWO_PAGES = (
    "default-one-more exact-multiple limit-above-cap filter-over-pages tags-over-pages escape-tags "
    "sort-status-asc ahead-removed"
)
THREE_PAGES = (
    "two-a-page page-of-one no-limit-230 walk-1001 default-order sort-name-* sort-created-at-asc sort-id-desc "
    "sort-size-* sort-disk-* sort-ties-* sort-two-keys escape-over-pages next-absolute behind-added ahead-added"
)
UNREADABLE = "page-?-truncated page-2-html* page-2-not-utf-8 page-?-empty-body"
REJECTED = "error-* page-2-503-once page-2-429-once page-2-500-for-ever page-2-401-expired marker-deleted"

MUSTS = {
    "correct": "",
    "stops_early": f"{TWO_PAGES} {THREE_PAGES} page-2-* page-3-* marker-deleted",
    "takes_a_short_page_for_the_last": "limit-above-cap",
    "swallows_errors": f"{REJECTED} {UNREADABLE} page-2-dropped-*",
    "ignores_status": REJECTED,
    "reports_a_wrong_status": REJECTED,
    "hides_the_status": "",
    "accepts_any_body": f"{UNREADABLE} page-2-dropped-before",
    "accepts_truncated_pages": "page-?-truncated",
    "forgets_filters": "filter-over-pages tags-over-pages escape-over-pages escape-tags",
    "forgets_the_order": "sort-*",
    "sorts_by_id": "sort-*",
    "does_not_escape": "escape-[!bq]*",
    "keeps_the_last_value": "sort-two-keys tags-over-pages",
    "retries_for_ever": "error-429-for-ever error-503-for-ever",
    "ignores_retry_after": "",
    "begins_again": "page-2-503-once page-2-429-once page-2-401-expired marker-deleted",
    "loops": f"{THREE_PAGES} page-3-truncated",
    "prints": "",
    "knows_no_sort": "",
}
"""The ``must`` scenarios that each adapter fails, as patterns."""

SHOULDS = {
    "correct": "page-2-*-retried next-loops next-repeats moved-ahead",
    "ignores_retry_after": "page-2-429-[wh]* page-2-dropped-once-retried next-loops next-repeats moved-ahead",
    "hides_the_status": "page-2-*-retried next-loops next-repeats moved-ahead",
}
"""The same for ``should``."""


def run(command, scenarios, timeout=30.0):
    """Return the results of scenarios by name."""
    with closing(Runner(command, timeout=timeout)) as runner:
        return {scenario.name: runner.run(scenario) for scenario in scenarios}


def failed(results):
    return {name for name, one in results.items() if one.outcome == "failed"}


def matching(patterns, scenarios):
    return {one.name for one in scenarios if any(fnmatchcase(one.name, pattern) for pattern in patterns.split())}


def run_function(monkeypatch, name, scenarios):
    monkeypatch.chdir(Path(__file__).parent)
    return run(python_command(f"broken:{name}"), scenarios)


@pytest.mark.parametrize("name", MUSTS)
def test_adapter_fails_the_scenarios_about_its_mistake(monkeypatch, name):
    scenarios = select("documented", level="must")
    assert failed(run_function(monkeypatch, name, scenarios)) == matching(MUSTS[name], scenarios)


@pytest.mark.parametrize("name", SHOULDS)
def test_adapter_lacks_good_behaviour(monkeypatch, name):
    scenarios = [one for one in select("documented") if one.level == "should"]
    assert failed(run_function(monkeypatch, name, scenarios)) == matching(SHOULDS[name], scenarios)


@pytest.mark.parametrize(
    ("adapter", "scenario", "outcome", "why"),
    [
        ("hides_the_status", "error-404", "passed", "the error has no status"),
        ("knows_no_sort", "sort-name-asc", "unsupported", "the SDK cannot sort"),
        ("supports_nothing", "one-image", "failed", "a list without parameters must be supported"),
        ("supports_nothing", "two-a-page", "unsupported", "not implemented"),
        ("returns_images", "one-image", "failed", "images[0] is an object, not a text; return the id of the image: "),
        ("returns_nothing", "empty-list", "failed", "images is null, not a list: "),
        ("stops_early", "two-a-page", "failed", "returned a list that is silently incomplete: 3 images missing, 3 4 5"),
        ("stops_early", "page-2-503-once", "failed", "silently incomplete"),
        ("ignores_limit", "page-2-503-once", "failed", "did not request page 2, where the fault of this scenario is"),
        ("asks_twice", "two-a-page", "failed", "sent more than 4 requests for the list"),
        ("asks_twice", "one-image", "passed", ""),
        ("repeats_a_page", "two-a-page", "failed", "requested a page again that it had received"),
        ("retries_for_ever", "error-503-for-ever", "failed", "more than 10 requests for the list in a row"),
        ("ignores_retry_after", "page-2-429-waited", "failed", "after the 429, earlier than its Retry-After says"),
        ("reports_a_wrong_status", "error-404", "failed", "reported the status 418 instead of 404"),
        ("swallows_errors", "error-404", "failed", "returned no images without an error"),
        ("sorts_by_id", "sort-name-asc", "failed", "returned the images in another order"),
        ("begins_again", "page-2-503-once", "failed", "returned images more than once: 1 2"),
        ("forgets_filters", "filter-over-pages", "failed", "returned images that do not match: 4 6 8"),
    ],
)
def test_verdict_says_what_is_wrong(monkeypatch, adapter, scenario, outcome, why):
    (result,) = run_function(monkeypatch, adapter, select("documented", only=[scenario])).values()
    assert result.outcome == outcome
    assert why in result.why
    assert bool(why) == bool(result.why)


PROCESSES = {
    "banner": "the answer is not JSON; print logs to standard error: Welcome!",
    "nested": "the answer is not JSON; print logs to standard error: [[[",
    "not-utf-8": "the answer is not UTF-8; write ASCII with \\u escapes: ",
    "no-id": "the answer has no id; repeat that of the request, 2: ",
    "wrong-id": "the answer has not the id of the request, 2; write one line per request: ",
    "text-id": "the answer has not the id of the request, 2; ",
    "list": "the answer is a list, not an object: []",
    "objects": "images[0] is an object, not a text; return the id of the image: ",
    "null": "images is null, not a list: ",
    "both": "the answer must have id and one of images, error, unsupported: ",
    "neither": "the answer must have id and one of images, error, unsupported: ",
    "text-status": "error.status is a text; use an integer or null: ",
    "unknown-key": "error has the unknown key 'statuscode'; use status, code, message: ",
    "long": "the answer is longer than 1048576 bytes: ",
    "exits": "the adapter exited with status 3 instead of answering",
    "leaves-a-child": "the adapter exited with status 4 instead of answering",
    "killed": "the adapter was killed by signal 9 instead of answering",
    "unflushed": "no answer within 5 s, but at the end of standard input: flush standard output after each line",
    "hangs": "no answer within 5 s",
}


@serving.POSIX
@pytest.mark.parametrize("how", PROCESSES)
def test_process_that_breaks_the_protocol_fails_only_that_scenario(monkeypatch, how):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    scenarios = select("documented", only=["one-image", "empty-list", "exact-multiple"])
    results = run([sys.executable, str(Path(__file__).parent / "broken.py"), how], scenarios, timeout=5)
    assert failed(results) == {"empty-list"}
    result = results["empty-list"]
    assert result.why.startswith(PROCESSES[how])
    assert (result.actual, result.requests) == ("no valid answer", "no request arrived")
    assert result.stderr == ("the licence has expired" if how == "exits" else "")


@pytest.mark.parametrize("profile", ["documented", "glance"])
def test_reference_adapter_passes_every_scenario(monkeypatch, profile):
    monkeypatch.chdir(ROOT / "examples" / "adapters" / "python")
    done = serving.run("conformance", "adapter:list_images", "--format", "json", "--profile", profile)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert [one for one in report["scenarios"] if (one["outcome"], one["why"]) != ("passed", "")] == []
    assert report["passed"] == len(report["scenarios"]) > 100
