"""``ims-mock verify`` and what uses its reports."""

import json
import os
import runpy
import sys

import pytest
from docs_pages import PAGES, ROOT, block_after
from helpers import make_app, over_socket
from rogue import response, rogue
from serving import COMMAND, LINUX, refusal, run, run_measured, run_process, started
from verifying import InProcess, verified

from ims_mock.contract.profiles import DEPARTURES
from ims_mock.endpoint.endpoint import connect
from ims_mock.endpoint.evidence import Report, evidence_tables
from ims_mock.endpoint.questions import QUESTIONS
from ims_mock.options import RemoteOptions

pytestmark = pytest.mark.slow

QUICK = ("--yes", "--pace", "0")
CREDENTIALS = {
    "same": {"ACCESS_KEY": "IMSMOCKACCESSKEY00001", "SECRET_KEY": "ims-mock-secret-key"},
    "other": {"TOKEN": "ims-mock-token"},
}
KEYS = {"endpoint", "date", "profile", "api_version", "images", "requests", "matching_profile", "rows"}
ROW_KEYS = {"name", "outcome", "departures", "there", "here", "why"}
merged = runpy.run_path(str(ROOT / "scripts" / "merge_reports.py"))["merged"]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Reports as ``verify`` writes them, one of each outcome of the command."""
    found = {}
    for name, profile in {"same": "documented", "other": "documented,-full-last-page,-dotted-tags"}.items():
        path = tmp_path_factory.mktemp("reports") / f"{name}.json"
        with over_socket(make_app(profile=profile, auth="on")) as ask:
            credentials = {f"IMS_MOCK_REMOTE_{name}": value for name, value in CREDENTIALS[name].items()}
            done = run("verify", ask.url, *QUICK, "--output", path, IMS_MOCK_FORMAT="json", **credentials)
            found[name] = path, done, ask.url
    return found


def test_json_report_has_all_results(reports):
    path, done, url = reports["other"]
    assert (done.returncode, done.stdout) == (1, "")
    report = json.loads(path.read_text())
    assert report.keys() == KEYS
    assert all(row.keys() == ROW_KEYS for row in report["rows"])
    assert [row["name"] for row in report["rows"]] == [question.name for question in QUESTIONS]
    assert (report["endpoint"], report["images"]) == (url.removeprefix("http://"), 55)
    assert report["matching_profile"] == "documented,-dotted-tags,-full-last-page"
    assert {row["name"]: row["departures"] for row in report["rows"] if row["outcome"] == "differs"} == {
        "full-last-page": ["full-last-page"],
        "tag-dotted": ["dotted-tags"],
    }
    assert "Read 55 images. Verifying them sends at most 120 requests, 0 s apart." in done.stderr


def test_status_is_0_if_nothing_differs(reports):
    path, done, _ = reports["same"]
    assert (done.returncode, done.stdout) == (0, "")
    report = Report.read(path.read_text())
    assert report.matching_profile == "documented"
    untold = {row.name for row in report.rows if row.outcome == "cannot tell"}
    assert untold == {"marker-forbidden", "shared-shown", "unregistered-hidden"}


def test_markdown_report_shows_both_answers():
    with over_socket(make_app(profile="documented,-full-last-page")) as ask:
        done = run("verify", ask.url, *QUICK, "--format", "markdown", "--only", "limit-zero, full-last-page")
    assert done.returncode == 1
    assert 'endpoint: [{"next": true}]\n  emulator: [{"next": false}]' in done.stdout
    assert "--profile documented,-full-last-page" in done.stdout
    assert "tag-dotted" not in done.stdout
    assert "\x1b" not in done.stdout


def test_printed_report_is_that_of_the_guide():
    page = PAGES["guides/verify.md"]
    printed = block_after(page, "<!-- verify -->", "text")
    with over_socket(make_app(profile="documented,-full-last-page")) as ask:
        done = run("verify", ask.url, *QUICK, "--only", "full-last-page,limit-zero,tag-dotted")
    assert (done.returncode, "\x1b" in done.stdout) == (1, False)
    assert done.stdout.splitlines()[1:] == printed.splitlines()[1:]
    host, date, profile = done.stdout.splitlines()[0].split(", ")
    assert (host, len(date), profile) == (ask.url.removeprefix("http://"), len("2026-12-01"), "profile documented")


def test_rules_are_those_of_the_profile():
    names = ("--only", "full-last-page,limit-zero,error-query-code")
    with over_socket(make_app(profile="glance")) as ask:
        done = run("verify", ask.url, *QUICK, "--profile", "glance", *names)
    assert done.returncode == 0
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert "agrees       not so: a last page that is exactly full has no `next`" in rows["full-last-page"]
    assert "agrees       `limit=0` returns no images and no `next`" in rows["limit-zero"]
    assert "cannot tell  the rule is part of the departure error-body" in rows["error-query-code"]


def test_identities_are_replaced_unless_they_are_kept():
    ids = [f"5d1f8c3e-0000-4000-8000-00000000000{number}" for number in (1, 2)]
    private = {"id": ids[0], "name": "acme payroll", "created_at": "2020-01-01T00:00:00Z"}
    catalog = {"images": [private, {**private, "id": ids[1], "name": "acme_PAYROLL"}]}
    question = ("--only", "enumeration-case,fields,order-default,platform-spelling,unregistered-hidden")
    app = make_app(catalog, {"images": [{**private, "id": "x" * 8, "__isregistered": "false"}]}, profile="glance")
    with over_socket(app) as ask:
        shown = run("verify", ask.url, *QUICK, *question, "--format", "json").stdout
        kept = run("verify", ask.url, *QUICK, *question, "--keep-identities", "--format", "json").stdout
    assert ids[0] in kept
    assert [one for one in (ids[0], "acme") if one in shown] == []
    assert json.loads(kept)["matching_profile"] == json.loads(shown)["matching_profile"]


def test_texts_are_shortened_after_identities_are_replaced():
    body = b'{"images": [], "first": "/v2/images?x=%s"}' % (b" acme payroll" * 9_000)
    listed = response(b'{"images": [{"id": "a", "owner": "p", "name": "acme payroll"}]}')
    with rogue(lambda server, _: response(body) if "%20a" in server.targets[-1] else listed) as server:
        done = run("verify", server.url, *QUICK, "--project", "p", "--only", "links-encoding", "--format", "json")
    (row,) = json.loads(done.stdout)["rows"]
    assert 100 < len(row["there"][0]["raw-links"]["first"]) < 300
    assert "acme" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "there is no terminal. Use --yes."),
        (["--only", "limit-zreo"], "Invalid --only 'limit-zreo'. Did you mean limit-zero?"),
        (["--only", ","], "Invalid --only ''. Use "),
        (["--pace", "nan"], "nan is not in the range"),
        (["--yes", "--profile", "documented,-nosuch"], "unknown departure '-nosuch'"),
        (["--format", "yaml"], "Invalid --format 'yaml'. Use one of terminal, markdown, json."),
    ],
)
def test_wrong_usage_sends_nothing(arguments, words):
    with rogue(lambda *_: response()) as server:
        assert words in refusal(run("verify", server.url, *arguments), 2)
        assert server.heads == []


def test_a_foreign_image_must_not_be_seen():
    with over_socket(make_app({"project": "p", "images": [{"id": "own"}]})) as ask:
        done = run("verify", ask.url, *QUICK, "--project", "p", "--foreign-image", "own", IMS_MOCK_REMOTE_TOKEN="t")
    assert "Invalid --foreign-image 'own': the project sees it." in refusal(done, 2)


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 2)])
def test_on_a_terminal_it_asks(answer, status, monkeypatch, tmp_path):
    (tmp_path / "answer").write_text(answer)
    with over_socket(make_app()) as ask, (tmp_path / "answer").open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        monkeypatch.setattr("ims_mock.cli.verify.is_interactive", lambda: True)
        done = run("verify", ask.url, "--only", "limit-zero")
    assert done.returncode == status
    assert "sends at most 5 requests, 0.5 s apart.\nContinue? [y/N]: " in done.stderr


@LINUX
@pytest.mark.parametrize("arguments", [("verify", "--only", "limit-zero", *QUICK), ("record",)], ids=" ".join)
def test_a_result_that_cannot_be_written_is_status_4(arguments):
    with over_socket(make_app()) as ask:
        done = run_process(*arguments, ask.url, "--output", "/dev/full")
        assert done.returncode == 4
        assert done.stderr.endswith("ims-mock: cannot write /dev/full: No space left on device\n")
        reading, writing = os.pipe()
        os.close(reading)
        with started(*arguments, ask.url, command=COMMAND, stdout=writing) as process:
            os.close(writing)
            assert process.wait(20) == 4


@pytest.mark.parametrize(
    ("command", "function", "goal"),
    [
        (("record",), "endpoint.endpoint.connect", "the login was answered"),
        (("record",), "cli.record.read", "all images were read"),
        (("verify", *QUICK), "endpoint.endpoint.connect", "the login was answered"),
        (("verify", *QUICK), "cli.record.read", "all images were read"),
        (("verify", *QUICK), "endpoint.verify.sleep", "all questions were asked"),
    ],
)
def test_an_interruption_is_an_error(command, function, goal, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"ims_mock.{function}", interrupt)
    with over_socket(make_app()) as ask:
        done = run(command[0], ask.url, *command[1:])
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.endswith(f"ims-mock: Interrupted before {goal}.\n")


LISTS, BUSY = response(b'{"images": []}'), response(b"{}", "503 Slow down", "Retry-After: 0")


@pytest.mark.parametrize(
    ("first", "later", "words"),
    [
        (response(b"{}", "401 Unauthorized"), None, "is answered with status 401"),
        (LISTS, BUSY, "No question was answered: the endpoint answers with status 503 again and again"),
        (LISTS, response(b"<html>"), "No question was answered: the endpoint answers with no JSON object"),
    ],
    ids=["at once", "busy after the reading", "HTML after the reading"],
)
def test_an_endpoint_that_cannot_be_used_is_status_3(first, later, words):
    with rogue(lambda _, number: first if number <= 5 else later) as server:
        done = run("verify", server.url, *QUICK, "--project", "p", "--only", "limit-zero")
    assert (done.returncode, words in done.stderr.splitlines()[-1]) == (3, True)


# --- what uses reports


def large_answers(_, number):
    images = [{"id": f"{index}-{number}-{'x' * 70}", "owner": "p"} for index in range(3 if number <= 5 else 33_000)]
    return response(json.dumps({"images": images}))


@LINUX
def test_large_answers_take_little_memory_and_make_a_short_report(tmp_path):
    with rogue(large_answers) as server:
        path = tmp_path / "r.json"
        done = run_measured("verify", server.url, *QUICK, "--project", "p", "--format", "json", "--output", path)
    assert done.returncode == 1, done.stderr
    assert path.stat().st_size < 50_000
    assert Report.read(path.read_bytes()).summary.startswith("agrees: ")


@LINUX
def test_ten_thousand_images_take_little_memory(tmp_path):
    with over_socket(make_app("large")) as ask:
        assert run_measured("verify", ask.url, *QUICK, "--output", tmp_path / "report").returncode == 0


def test_fields_shows_the_results_beside_the_tables(reports):
    path, _, url = reports["other"]
    tables = json.loads(run("fields", "--format", "json", "--evidence", path).stdout)
    assert [*tables] == ["parameters", "cloudimages", "fields", "departures", "questions"]
    title = Report.read(path.read_text()).title
    assert title.startswith(url.removeprefix("http://"))
    limit = next(row for row in tables["parameters"] if row["parameter"] == "limit")
    assert "limit-zero" in limit[title].partition("agrees: ")[2]
    cells = {row["departure"].strip("`"): row[title] for row in tables["departures"]}
    assert (cells["full-last-page"], cells["service-rules"]) == ("differs: full-last-page", "")
    assert len(cells) == len(DEPARTURES)
    assert len(tables["questions"]) == len(QUESTIONS)
    for form in ("table", "markdown"):
        assert "differs: full-last-page" in run("fields", "--format", form, "--evidence", path).stdout


@pytest.mark.parametrize(("text", "words"), [(b"{", " in JSON"), (b"\xff", " in JSON"), (b"[]", ": endpoint is null")])
def test_other_files_are_no_evidence(tmp_path, text, words):
    path, words = tmp_path / "report.json", f"this is not a report of ims-mock verify{words}"
    assert "No such file or directory" in refusal(run("fields", "--evidence", path), 1)
    path.write_bytes(text)
    assert words in refusal(run("fields", "--evidence", path), 1)
    with pytest.raises(ValueError, match=words):
        merged("", [path])


ROW = {"name": "percent", "outcome": "agrees", "departures": [], "why": ""}
WRONG = [
    ({"endpoint": "a | <b>"}, 'endpoint is "a | <b>"'),
    ({"endpoint": "__a__"}, 'endpoint is "__a__"'),
    ({"endpoint": "[a][b]"}, 'endpoint is "[a][b]"'),
    ({"endpoint": "\ud800"}, "endpoint is "),
    ({"date": "2026-12-01\n# x"}, "date is "),
    ({"date": "not a date"}, 'date is "not a date"'),
    ({"api_version": "`"}, 'api_version is "`"'),
    ({"images": "many"}, 'images is "many"'),
    ({"requests": -1}, "requests is -1"),
    ({"matching_profile": None}, "matching_profile is null"),
    ({"matching_profile": "documented,-nosuch"}, 'matching_profile is "documented,-nosuch"'),
    ({"profile": "documented,\n-dotted-tags"}, "profile is "),
    ({"rows": {}}, "rows is {}"),
    ({"rows": ["percent"]}, "name of row 1 is null"),
    ({"rows": [{**ROW, "name": "nosuch"}]}, 'name of row 1 is "nosuch"'),
    ({"rows": [ROW, {**ROW, "departures": None}]}, "departures of row 2 is null"),
    ({"rows": [{**ROW, "departures": ["|"]}]}, 'departures of row 1 is ["|"]'),
    ({"rows": [{**ROW, "departures": "abc"}]}, 'departures of row 1 is "abc"'),
    ({"rows": [{**ROW, "outcome": "perhaps"}]}, 'outcome of row 1 is "perhaps"'),
    ({"rows": [ROW, ROW]}, "percent has 2 rows"),
]


@pytest.mark.parametrize(("change", "words"), WRONG, ids=str)
def test_a_report_has_nothing_that_no_verification_writes(reports, change, words):
    report = json.loads(reports["other"][0].read_text()) | change
    with pytest.raises(ValueError, match="this is not a report of ims-mock verify: ") as wrong:
        Report.read(json.dumps(report))
    assert words in str(wrong.value)


@pytest.mark.parametrize(
    "endpoint", ["ims.cn-north-4.myhuaweicloud.com", "my_glance:9292", "[::1]:80", "[fe80::1%25e0]"]
)
@pytest.mark.parametrize("version", ["", "queens", "v2/~q", "Q-1_2:3+4."])
def test_every_endpoint_and_version_can_be_read_from_a_report(endpoint, version):
    report = Report(endpoint, "2026-12-01", "documented", version, 0, 1, "documented", ())
    connect(RemoteOptions(url=f"http://{endpoint}", token="t", api_version=version))
    assert Report.read(report.text("json")) == report


@pytest.mark.parametrize(("there", "here"), [("glance", "documented"), ("documented", "glance")])
def test_reports_about_the_other_profile_can_be_read(tmp_path, there, here):
    path = tmp_path / "report.json"
    with over_socket(make_app(profile=there)) as ask:
        options = ("--profile", here, "--api-version", "Q/2", "--format", "json", "--output", path)
        assert run("verify", ask.url, *QUICK, *options).returncode == 1
    report = Report.read(path.read_text())
    assert len(report.matching_profile) > 200
    assert f"{report.title}" in run("fields", "--format", "markdown", "--evidence", path).stdout
    assert f"`--profile {report.matching_profile}`" in merged(PAGES["explanation/accuracy.md"], [path])


def test_reports_of_users_are_merged_into_the_accuracy_page(reports):
    page = PAGES["explanation/accuracy.md"]
    assert merged(page, (ROOT / "docs" / "reports").glob("*.json")) == page
    text = merged(page, [path for path, *_ in reports.values()])
    assert "differs: 2, cannot tell: " in text
    assert "`--profile documented,-dotted-tags,-full-last-page`" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| `full-last-page` |")]
    assert row.endswith("| agrees | differs |")
    assert merged(text, []) == page


@pytest.mark.parametrize(
    ("there", "here", "outcome"),
    [
        ("documented", "documented", "agrees"),
        ("documented,-full-last-page", "documented", "differs"),
        ("glance", "glance", "differs"),
        ("glance,+full-last-page", "glance", "agrees"),
    ],
)
def test_tables_show_whether_the_endpoint_follows_the_rule(there, here, outcome):
    asked = [question for question in QUESTIONS if question.name in ("full-last-page", "limit-zero")]
    rows, _ = verified(InProcess(profile=there), here, asked)
    report = Report("h", "2026-12-01", here, "", 1, 1, here, tuple(rows.values()))
    cells = {row[0]: row[-1] for row in evidence_tables([report])["questions"].rows}
    assert (cells["full-last-page"], cells["limit-zero"], cells["percent"]) == (outcome, "agrees", "not asked")
    assert Report.read(report.text("json")).text("terminal") == report.text("terminal")
