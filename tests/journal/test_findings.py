"""Findings: what causes each, and how they are reported."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from helpers import in_process, make_app, send_json, shared_app
from hypothesis import given, settings
from hypothesis import strategies as st
from login_helpers import login_body, post_login

from ims_mock.contract.parameters import PARAMETERS
from ims_mock.contract.values import TIME
from ims_mock.journal.documented import DocumentedRequest
from ims_mock.journal.findings import FINDINGS, FINDINGS_BY_NAME, INFO, MAX_FINDINGS, explain_findings, findings_of
from ims_mock.web.recording import MAX_FINDING_CHARACTERS, MAX_FINDING_HEADERS

PROJECT, OTHER = "p" * 32, "q" * 32
IMAGE = "00000001-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
CATALOG = {
    "project": PROJECT,
    "clock": "2030-01-01T00:00:00Z",
    "credentials": {
        "tokens": [
            {"token": "good", "project": PROJECT},
            {"token": "old", "project": PROJECT, "expires": "2020-01-01T00:00:00Z"},
            {"token": "reads", "project": PROJECT, "roles": ["reader"]},
            {"token": "rules", "project": PROJECT, "roles": ["admin"]},
        ],
        "keys": [{"access": "ak", "secret": "sk", "project": PROJECT}],
        "users": [{"name": "tester", "password": "secret", "project": PROJECT}],
    },
    "images": [{"id": IMAGE, "owner": PROJECT, "tags": ["a=b"]}],
}
LIST, NEWER = "/v2/images", "/v2/cloudimages"
QUEENS, RULES, THERE = {"X-Api-Version": "Queens"}, {"X-Auth-Token": "rules"}, {"X-Project-Id": OTHER}
WHEN = "2018-09-06T14:03:27Z"


class Case(NamedTuple):
    """A request with a finding, and a similar request without it."""

    finding: str
    wrong: str
    right: str
    says: str
    wrong_headers: Mapping[str, str] | None = None
    right_headers: Mapping[str, str] | None = None
    wrong_method: str = "GET"
    right_method: str = "GET"


CASES = (
    Case("undocumented-parameter", f"{LIST}?imagetype=gold", f"{LIST}?__imagetype=gold", "did you mean __imagetype?"),
    Case("undocumented-parameter", f"{LIST}?Limit=5", f"{LIST}?limit=5", "did you mean limit?"),
    Case("undocumented-parameter", f"{LIST}?tags=a", f"{LIST}?tag=a", "write tag=KEY=VALUE"),
    Case("undocumented-parameter", f"{LIST}?changes-since=x", f"{LIST}?updated_at=gte:{WHEN}", "gte:TIME"),
    Case("undocumented-parameter", f"{LIST}?architecture=arm", f"{NEWER}?architecture=arm", f"send it to {NEWER}"),
    Case("undocumented-parameter", f"{LIST}?__support_arm=true", f"{LIST}?__support_kvm=true", "only Glance filters"),
    Case("undocumented-parameter", f"{LIST}?size_min=5", f"{LIST}?min_disk=50", "remove it"),
    Case("undocumented-parameter", "/v2/schemas/image?x=1", "/v2/schemas/image", "no parameter for this path"),
    Case("undocumented-parameter", f"{LIST}/{IMAGE}/members?limit=2", f"{LIST}/{IMAGE}/members", "for this path"),
    Case("undocumented-value", f"{LIST}?__os_type=Linus", f"{LIST}?__os_type=Linux", "did you mean Linux?"),
    Case("undocumented-value", f"{LIST}?status=", f"{LIST}?status=active", "one of queued"),
    Case("undocumented-value", f"{LIST}?protected=1", f"{LIST}?protected=true", "true, false"),
    Case("undocumented-value", f"{LIST}?limit=-1", f"{LIST}?limit=0", "not a whole number from 0"),
    Case("undocumented-value", f"{LIST}?min_disk=40.0", f"{LIST}?min_disk=40", "not a whole number from 0"),
    Case("undocumented-value", f"{LIST}?visibility=community", f"{LIST}?visibility=public", "not a documented value"),
    Case("undocumented-value", f"{LIST}?name=a:b", f"{LIST}?name=a-b", "write name=eq:a:b"),
    Case("undocumented-value", f"{LIST}?created_at=on:2018", f"{LIST}?created_at=eq:{WHEN}", "gt, gte"),
    Case("undocumented-value", f"{NEWER}?architecture=risc", f"{NEWER}?architecture=arm", "x86 or arm"),
    Case("undocumented-value", f"{NEWER}?enterprise_project_id=1", f"{NEWER}?enterprise_project_id={IMAGE}", "UUID"),
    Case("value-case", f"{LIST}?__os_type=linux", f"{LIST}?__os_type=Linux", "write __os_type=Linux"),
    Case("value-case", f"{LIST}?protected=True", f"{LIST}?protected=true", "write protected=true"),
    Case("value-case", f"{LIST}?sort_key=id&sort_dir=DESC", f"{LIST}?sort_key=id&sort_dir=desc", "write sort_dir=desc"),
    Case("value-case", f"{NEWER}?architecture=ARM", f"{NEWER}?architecture=arm", "write architecture=arm"),
    Case("old-spelling", f"{LIST}?__platform=RedHat", f"{LIST}?__platform=Red+Hat", "write __platform=Red Hat"),
    Case("beyond-document", f"{LIST}?status=in:active,queued", f"{LIST}?status=active", "only Glance knows"),
    Case("beyond-document", f"{LIST}?name=eq:a", f"{LIST}?name=a", "only Glance knows"),
    Case("beyond-document", f"{LIST}?name=eq:a:b", f"{LIST}?name=a", "nothing else finds a value with a colon"),
    Case("beyond-document", f"{LIST}?sort_key=updated_at", f"{LIST}?sort_key=created_at", "only Glance knows"),
    Case("beyond-document", f"{LIST}?visibility=shared&member_status=all", f"{LIST}?visibility=shared&member_status=pending", "only Glance knows"),
    Case("beyond-document", f"{LIST}?disk_format=vmdk", f"{LIST}?disk_format=raw", "only the published schema lists"),
    Case("beyond-document", f"{LIST}?__platform=openEuler", f"{LIST}?__platform=EulerOS", "only real responses show"),
    Case("repeated-parameter", f"{LIST}?limit=2&limit=2", f"{LIST}?tag=a&tag=b", "send limit once"),
    Case("repeated-parameter", f"{LIST}?__os_bit=32&__os_bit=64", f"{LIST}?__os_bit=32&min_disk=64", "sent 2 times, and only the last value counts"),
    Case("repeated-parameter", f"{LIST}?created_at=gte:2020-01-01T00:00:00Z&created_at=lt:2021-01-01T00:00:00Z", f"{LIST}?created_at=gte:2020-01-01T00:00:00Z", "send one bound of a range as created_at, and check the other one in the client"),
    Case("limit-above-cap", f"{LIST}?limit=1001", f"{LIST}?limit=1000", "counts as 1000"),
    Case("limit-above-cap", f"{NEWER}?limit=2000", f"{NEWER}?limit=1000", "counts as 1000"),
    Case("sort-dir-alone", f"{LIST}?sort_dir=asc", f"{LIST}?sort_dir=asc&sort_key=created_at", "send a sort_key"),
    Case("legacy-sort", f"{LIST}?sort=name:asc", f"{LIST}?sort_key=name&sort_dir=asc", "write sort_key=KEY"),
    Case("member-status-alone", f"{LIST}?member_status=pending", f"{LIST}?member_status=pending&visibility=shared&__imagetype=shared", "send visibility=shared"),
    Case("dotted-tag", f"{LIST}?tag=a.b", f"{LIST}?tag=a=b.c", "write tag=a=b"),
    Case("time-format", f"{LIST}?created_at=gt:2018-09", f"{LIST}?created_at=gt:2018-09-01+00:00:00", "write the time"),
    Case("time-format", f"{LIST}?updated_at=lt:2018-09-06t14:03:27z", f"{LIST}?updated_at=lt:{WHEN}", ""),
    Case("time-without-operator", f"{LIST}?created_at={WHEN}", f"{LIST}?created_at=eq:{WHEN}", "write created_at=eq:TIME"),
    Case("unregistered", f"{LIST}?__isregistered=false", f"{LIST}?__isregistered=true", "credentials of an admin"),
    Case("unregistered", f"{LIST}?__isregistered=false", f"{LIST}?__isregistered=false", "", None, RULES ),
    Case("never-together", f"{LIST}?__support_kvm_gpu_type=P4&__support_kvm=true", f"{LIST}?__support_kvm_gpu_type=P4", "remove __support_kvm"),
    Case("never-together", f"{LIST}?__support_xen_gpu_type=M60_vGPU&__support_kvm=true", f"{LIST}?__support_xen=true&__support_kvm=true", "no image has both"),
    Case("deprecated-path", f"{LIST}/{IMAGE}", LIST, "the vendor recommends GET /v2/cloudimages?id=ID"),
    Case("deprecated-path", f"{LIST}/{IMAGE}/tags/x", f"{LIST}/{IMAGE}", "", None, None, "PUT", "DELETE"),
    Case("deprecated-path", "/v1.1/images/detail", NEWER, "GET /v2/cloudimages"),
    Case("credentials", LIST, LIST, "token-unknown", {"X-Auth-Token": "other"}, {"X-Auth-Token": "good"}),
    Case("credentials", LIST, LIST, "token-expired", {"X-Auth-Token": "old"}),
    Case("credentials", LIST, LIST, "authorization", {"Authorization": "SDK-HMAC-SHA256 x"}),
    Case("credentials", LIST, LIST, "other-project", {"X-Auth-Token": "good", **THERE}, THERE),
    Case("credentials", f"{LIST}/x", f"{LIST}/x", "read-only", {"X-Auth-Token": "reads"}, {"X-Auth-Token": "good"}, "DELETE", "DELETE"),
    Case("one-profile", f"{LIST}?name=100%", f"{LIST}?name=100%25", "write %25"),
    Case("one-profile", f"{LIST}?status=deleted", f"{LIST}?status=saving", "never lists such images"),
    Case("one-profile", f"{LIST}?visibility=community", f"{LIST}?visibility=shared", "Mitaka rejects", QUEENS, QUEENS),
    Case("one-profile", f"{LIST}?is_public=1", f"{LIST}?visibility=public", "only Mitaka knows is_public"),
)  # fmt: skip


def of(target, headers=None, method="GET", **options):
    app = shared_app(CATALOG, **options)
    in_process(app)(target, headers, method)
    (entry,) = app.extensions["ims_mock"].journal.entries()
    assert all(finding.request == entry.number for finding in entry.findings)
    return entry.findings


def names_of(findings):
    return [one.name for one in findings]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.finding} {case.wrong}")
def test_request_has_the_finding(case, profile):
    findings = of(case.wrong, case.wrong_headers, case.wrong_method, profile=profile)
    (finding,) = (one for one in findings if one.name == case.finding)
    assert case.says in f"{finding.message}; {finding.cure}"
    assert finding.severity == FINDINGS_BY_NAME[case.finding].severity
    assert min(len(finding.message), len(finding.cure)) > 9


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.finding} {case.right}")
def test_similar_correct_request_has_no_finding(case, profile):
    findings = of(case.right, case.right_headers, case.right_method, profile=profile)
    assert case.finding not in names_of(findings)
    assert all(one.severity == INFO for one in findings)


def test_each_finding_has_a_case():
    assert [row.name for row in FINDINGS] == list(dict.fromkeys(case.finding for case in CASES))
    assert {row.severity for row in FINDINGS} == {"error", "warning", "info"}
    assert len(FINDINGS_BY_NAME) == len(FINDINGS)
    assert all(case.wrong != case.right or case.wrong_headers != case.right_headers for case in CASES)


def values(parameter):
    if parameter.field is not None and parameter.field.type is TIME:
        return [f"{operator}{WHEN}" for operator in parameter.values]
    return parameter.values or (["40"])


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda one: one.name)
def test_documented_values_have_no_findings(parameter):
    beside = {"sort_dir": "&sort_key=name", "member_status": "&visibility=shared"}.get(parameter.name, "")
    for path in (LIST, NEWER):
        for value in values(parameter):
            request = DocumentedRequest("GET", path, f"{parameter.name}={value.replace(' ', '+')}{beside}")
            assert [one for one in findings_of(request) if one.severity != INFO] == [], value


OUTSIDE = ("/?limit=x", "/versions?x=1", "/v3?x=1", "/v3/projects?name=cn-north-4", "/nowhere?x=1")
RECIPES = (
    "__imagetype=gold&visibility=public&protected=true",
    f"owner={PROJECT}",
    *(f"member_status={one}&visibility=shared&__imagetype=shared" for one in ("accepted", "rejected", "pending")),
)


@pytest.mark.parametrize("target", [*(f"{LIST}?{recipe}" for recipe in RECIPES), *OUTSIDE])
def test_documented_recipes_and_other_paths_have_no_findings(target):
    assert of(target) == ()


def test_control_requests_have_no_findings():
    app = make_app(CATALOG, findings="strict")
    assert in_process(app)("/_ims/requests?since=0&path=x").status == 200


def test_rejected_request_has_findings():
    assert names_of(of(f"{LIST}?sort_dir=DESC&limt=5")) == ["undocumented-parameter", "value-case", "sort-dir-alone"]
    assert "undocumented-parameter" in names_of(of(f"{LIST}/nosuch?x=1"))
    assert names_of(of(LIST, {"X-Auth-Token": "other"}, auth="on")) == ["credentials"]


SIGNED = "SDK-HMAC-SHA256 Access={}, SignedHeaders=host;x-sdk-date, Signature=0"
OLD = {"X-Sdk-Date": "20200101T000000Z"}


@pytest.mark.parametrize(
    ("headers", "message", "cure"),
    [
        ({"X-Auth-Token": "x"}, "a token (token-unknown): X-Auth-Token is unknown", "ims_mock.token"),
        ({"X-Auth-Token": "old"}, "a token (token-expired): X-Auth-Token has expired", "emulator's clock"),
        ({"X-Auth-Token": "good", **THERE}, "a token (other-project): X-Project-Id, or the", "ims_mock.project"),
        ({"Authorization": SIGNED.format("x")}, "a signature (key-unknown): the access key is", "ims_mock.secret_key"),
        ({"Authorization": SIGNED.format("ak")}, "a signature (signature): the signature is wrong", "with --auth on"),
        ({"Authorization": SIGNED.format("ak"), **OLD}, "a signature (signature-expired): X-", "clock"),
        ({}, "this request (token-missing): a request has no credentials", "as X-Auth-Token, or sign"),
    ],
)
def test_rejected_credentials_have_a_cure_for_their_error(headers, message, cure):
    (finding,) = of(LIST, {"X-Sdk-Date": "20300101T000000Z", "Host": "h", **headers}, auth="on")
    assert f"--auth on rejects {message}" in finding.message
    assert cure in finding.cure


def test_unscoped_token_is_a_finding():
    app = make_app(CATALOG)
    ask = in_process(app)
    answer = post_login(ask, login_body("unscoped", user="tester", password="secret", domain={"name": "testdomain"}))
    ask(LIST, {"X-Auth-Token": answer.headers["X-Subject-Token"]})
    entry = app.extensions["ims_mock"].journal.entries()[-1]
    assert names_of(entry.findings) == ["credentials"]
    assert "no-project" in entry.findings[0].message


def test_secrets_are_redacted():
    said = repr(of(f"{LIST}?token=hush-hush", {"X-Auth-Token": "hush-hush"}))
    assert "hush" not in said
    assert "undocumented-parameter" in said


def test_number_and_length_of_findings_are_limited():
    findings = of(f"{LIST}?" + "&".join(f"x{number}=" for number in range(2000)))
    assert len(findings) == MAX_FINDINGS
    assert len(of(f"{LIST}?{'x' * 20_000}=1")[0].message) < 200


@pytest.mark.parametrize("names", [("created_at", "updated_at"), ("updated_at", "created_at")])
def test_findings_of_one_rule_are_in_query_order(names):
    findings = of(f"{LIST}?{'&'.join(f'{name}={WHEN}' for name in names)}")
    assert [one.message.split()[0] for one in findings if one.name == "time-without-operator"] == list(names)


NAMES = st.sampled_from([one.name for one in PARAMETERS]) | st.text(max_size=9)
VALUES = st.sampled_from(["gt:2018", "in:", "true", "RedHat", ":", "a.b", "9" * 99, "community"]) | st.text(max_size=9)
METHODS = st.sampled_from(["GET", "POST", "DELETE"])
PATHS = st.sampled_from([LIST, NEWER, f"{LIST}/", f"{LIST}/x", "/v2/schemas/image", ""])


@settings(max_examples=100, deadline=None)
@given(METHODS, PATHS, st.lists(st.tuples(NAMES, VALUES), max_size=6), st.booleans())
def test_random_requests_have_valid_findings(method, path, pairs, is_queens):
    for finding in findings_of(DocumentedRequest(method, path, urlencode(pairs), is_queens)):
        assert finding.severity == FINDINGS_BY_NAME[finding.name].severity
        assert "\n" not in finding.message


WRONG = f"{LIST}?limt=5&__platform=RedHat"
HEADER = "X-IMS-Mock-Finding"


def headers_of(app, target, headers=()):
    return app.test_client().get(target, headers=dict(headers)).headers.getlist(HEADER)


def test_lenient_reports_findings_in_the_journal_only():
    app = make_app(CATALOG)
    assert headers_of(app, WRONG) == []
    told = in_process(app)("/_ims/requests").json["requests"][0]["findings"]
    assert [one["name"] for one in told] == ["undocumented-parameter", "old-spelling"]
    assert told[0] == {
        "name": "undocumented-parameter",
        "severity": "warning",
        "message": "limt is not a documented parameter of GET /v2/images",
        "cure": "did you mean limit?",
        "request": 1,
    }


def test_warn_adds_one_header_per_finding(profile):
    app = make_app(CATALOG, findings="warn", profile=profile)
    assert headers_of(app, WRONG) == [
        "undocumented-parameter: limt is not a documented parameter of GET /v2/images; did you mean limit?",
        "old-spelling: __platform is 'RedHat', an older spelling; write __platform=Red Hat",
    ]
    assert app.test_client().get(WRONG).data == make_app(CATALOG, profile=profile).test_client().get(WRONG).data
    assert headers_of(app, f"{LIST}/{IMAGE}")[0].startswith("deprecated-path: ")
    assert headers_of(app, LIST) == headers_of(app, "/_ims/health") == []


def test_headers_are_short_ascii_and_limited():
    app = make_app(CATALOG, findings="warn")
    told = headers_of(app, f"{LIST}?镜像=1&" + "&".join(f"{'x' * 70}{number}=" for number in range(50)))
    assert len(told) == MAX_FINDING_HEADERS + 1
    assert told[-1] == "31 more are in the journal"
    assert all(one.isascii() and one.isprintable() and len(one) <= MAX_FINDING_CHARACTERS for one in told)


def test_strict_rejects_and_lists_findings(profile):
    app = shared_app(CATALOG, findings="strict", profile=profile)
    answer = in_process(app)(f"{WRONG}&status=deleted")
    assert answer.status == 400
    message = answer.json["error"]["message"] if profile == "documented" else answer.text
    for words in ("undocumented-parameter: limt is not", "did you mean limit?", "old-spelling: ", "Red Hat"):
        assert words in message
    assert "one-profile" not in message
    (entry,) = app.extensions["ims_mock"].journal.entries()
    assert names_of(entry.findings) == ["undocumented-parameter", "old-spelling", "one-profile"]


def test_strict_rejects_before_any_change():
    ask = in_process(shared_app(CATALOG, findings="strict"))
    assert ask(f"{LIST}/{IMAGE}?force=1", method="DELETE").status == 400
    assert ask(f"{LIST}/{IMAGE}").status == 200
    assert ask(f"{LIST}/{IMAGE}/tags/new", method="PUT").status == 204
    assert ask(f"{LIST}/{IMAGE}", method="DELETE").status == 204


def test_strict_checks_credentials_first():
    ask = in_process(make_app(CATALOG, findings="strict", auth="on"))
    assert ask(WRONG).status == 401
    assert ask(WRONG, {"X-Auth-Token": "other"}).status == 401
    assert ask(WRONG, {"X-Auth-Token": "good"}).status == 400
    assert in_process(make_app(CATALOG, findings="strict"))(LIST, {"X-Auth-Token": "other"}).status == 400


@pytest.mark.parametrize("mode", ["lenient", "warn", "strict"])
def test_ignored_findings_are_not_reported(mode):
    app = make_app(CATALOG, findings=mode, findings_ignore="undocumented-parameter, old-spelling")
    answer = app.test_client().get(WRONG)
    assert (answer.status_code, answer.headers.getlist(HEADER)) == (200, [])
    assert app.extensions["ims_mock"].journal.entries()[0].findings == ()


@pytest.mark.parametrize(
    ("options", "statuses"),
    [
        ({}, [400, 200]),
        ({"findings": "warn"}, [200, 200]),
        ({"findings_ignore": ""}, [400, 400]),
        ({"findings_ignore": "undocumented-parameter"}, [200, 400]),
    ],
)
def test_sandbox_has_its_own_mode_and_ignored_findings(options, statuses):
    ask = in_process(shared_app(CATALOG, findings="strict", findings_ignore="old-spelling"))
    made = send_json(ask, "POST", "/_ims/sandboxes", options).json
    queries = ("x=1", "__platform=RedHat")
    assert [ask(f"/_ims/sandboxes/{made['id']}{LIST}?{query}").status for query in queries] == statuses


def test_explanation_shows_request_finding_and_cure():
    slight, serious = of(f"{LIST}/{IMAGE}"), of(WRONG)
    assert explain_findings([("GET /v2/images", ()), ("GET one", slight)]) == ""
    assert explain_findings([("GET one", slight), ("GET wrong", serious)]).splitlines() == [
        "there are 2 findings:",
        "  GET wrong",
        "    warning undocumented-parameter: limt is not a documented parameter of GET /v2/images",
        "      cure: did you mean limit?",
        "    warning old-spelling: __platform is 'RedHat', an older spelling",
        "      cure: write __platform=Red Hat",
    ]
