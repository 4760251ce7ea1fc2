"""Verifications of emulators in other profiles, and of endpoints that answer in ways of their own."""

import json
import time
from collections import Counter
from dataclasses import replace

import pytest
from verifying import InProcess, verified, with_body

from ims_mock.contract.profiles import DEPARTURES
from ims_mock.endpoint.comparison import PARTS
from ims_mock.endpoint.credentials import Credentials
from ims_mock.endpoint.evidence import Report
from ims_mock.endpoint.questions import QUESTIONS, RULE, VALUES, Question, Request, Sample
from ims_mock.endpoint.reading import Reading
from ims_mock.endpoint.transport import EndpointError
from ims_mock.endpoint.verify import AGREES, CANNOT_TELL, DIFFERS, MAX_REQUESTS

pytestmark = pytest.mark.slow

GLANCE = "tests/data/glance-queens/catalog.json"
NAMES = [departure.name for departure in DEPARTURES]
NOT_VISIBLE = {
    "documented": {"dead-images-on-request", "service-rules"},
    "glance": {"service-rules", "bare-time", "shared-through-membership"},
}
"""The departures that no list shows: images that are not listed cannot be asked for, and nothing is written. Queens
accepts a time without an operator anyway, and what it shows as shared is stored so."""

BY_NAME = {question.name: question for question in QUESTIONS}
FOREIGN = "3a3e8c2f-1c51-4bd4-a1fc-6f0ecb1d2f10"
"""An image that belongs to another project."""


def outcomes(rows, outcome):
    return {name for name, row in rows.items() if row.outcome == outcome}


def departures(rows):
    return {name for row in rows.values() for name in row.departures}


def test_the_table_names_departures_and_parts():
    assert len(QUESTIONS) >= 50
    assert len(BY_NAME) == len(QUESTIONS)
    assert {one.departure for one in QUESTIONS} - {""} == {*NAMES} - {"service-rules"}
    assert {part for one in QUESTIONS for part in one.compare} == {*PARTS}
    assert {one.after for one in QUESTIONS} - {""} <= {*BY_NAME}


@pytest.mark.parametrize(
    ("catalog", "profile", "version"),
    [
        *((one, "documented", "") for one in ("default", "edge-cases", "document-sample", "empty")),
        *((one, "glance", version) for one in ("default", GLANCE) for version in ("", "Q")),
        (GLANCE, "documented", "Q"),
    ],
)
def test_the_same_profile_has_no_difference(catalog, profile, version):
    rows, verification = verified(InProcess(catalog, profile=profile, api_version=version), profile)
    assert outcomes(rows, DIFFERS) == set()
    assert verification.matching_profile == profile


def test_the_default_catalog_makes_every_question_decidable():
    catalog = {"images": [{"id": FOREIGN, "owner": "another"}]}
    rows, _ = verified(InProcess("default", catalog), foreign=FOREIGN)
    assert outcomes(rows, CANNOT_TELL) == {"shared-shown", "unregistered-hidden"}
    rows, _ = verified(InProcess("default", profile="documented,-registered-only,-shared-through-membership"))
    assert {"shared-shown", "unregistered-hidden"} <= outcomes(rows, DIFFERS)


def test_a_foreign_image_that_the_endpoint_does_not_know_tells_nothing():
    rows, _ = verified(InProcess(), foreign=FOREIGN, questions=[BY_NAME["marker-forbidden"]])
    assert rows["marker-forbidden"].outcome == CANNOT_TELL
    assert rows["marker-forbidden"].why == "the endpoint answers as for an image that does not exist"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("base", "sign", "version"), [("documented", "-", ""), ("glance", "+", "Q")])
def test_one_departure_is_reported_and_no_other(base, sign, version, name):
    switched = f"{base},{sign}{name}"
    rows, verification = verified(InProcess("default", profile=switched, api_version=version), base)
    found = set() if name in NOT_VISIBLE[base] else {name}
    assert departures(rows) == found
    assert verification.matching_profile == (switched if found else base)
    assert all(row.departures for row in rows.values() if row.outcome == DIFFERS)
    assert all(row.outcome != AGREES for row in rows.values() if BY_NAME[row.name].departure in found)


@pytest.mark.parametrize(("there", "here", "sign"), [("glance", "documented", "-"), ("documented", "glance", "+")])
def test_the_other_profile_is_recognized(there, here, sign):
    endpoint = InProcess("default", profile=there)
    rows, verification = verified(endpoint, here)
    found = {*NAMES} - {"service-rules"} - ({"dead-images-on-request"} if there == "glance" else set())
    assert departures(rows) == found
    assert verification.matching_profile == ",".join([here, *(f"{sign}{name}" for name in sorted(found))])
    assert endpoint.requests <= MAX_REQUESTS
    again, _ = verified(InProcess("default", profile=there), verification.matching_profile)
    assert outcomes(again, DIFFERS) == set()


# --- what departures do not explain


def altered(alter, part=""):
    """Return a function that alters lists with a text in their targets; it gets and returns the JSON body."""

    def change(answer, _):
        return with_body(answer, alter(answer.json)) if answer.status == 200 and part in answer.target else answer

    return change


def with_images(alter, part=""):
    return altered(lambda body: {**body, "images": alter(body["images"])}, part)


def no_image(body):
    return {name: value for name, value in body.items() if name != "next"} | {"images": []}


def number_as_text(body):
    images = body.get("images", [body])
    return {**body, "images": [{**image, "min_disk": str(image["min_disk"])} for image in images]}


def status(code, body, part):
    return lambda answer, _: with_body(answer, body, code) if part in answer.target else answer


RULES = {
    "request-id": lambda answer, _: replace(answer, headers={"x-openstack-request-id": "req-1"}),
    "default-limit": with_images(lambda images: images[:20]),
    "limit-zero": altered(lambda body: {**body, "next": "/v2/images?limit=0"}, "limit=0"),
    "limit-large": status(400, {"error": {"code": "IMG.0017", "message": "too large"}}, "limit=1001"),
    "limit-text-like": status(200, {"images": []}, "limit=1_0"),
    "marker-last": with_images(lambda _: [{"id": "x"}], "marker="),
    "marker-left": status(404, {"error": {"code": "IMG.0027", "message": "gone"}}, "marker="),
    "error-query-code": status(400, {"error": {"code": "IMG.0001", "message": "x"}}, "sort_key=nosuch"),
    "error-image": status(404, {"error": {"code": "IMG.0144", "message": "x"}}, "/v2/images/"),
    "links-encoding": altered(lambda body: {**body, "first": body["first"].replace("+", "%20")}, "%20a"),
    "links-order": altered(lambda body: {**body, "first": "/v2/images?sort_key=name"}, "sort_dir=asc&sort_key=name"),
    "order-default": with_images(lambda images: images[::-1], "limit=1000"),
    "order-name": with_images(lambda images: images[::-1], "sort_key=name"),
    "walk-size": with_images(lambda images: images[1:], "sort_key=size&limit="),
    "name-exact": with_images(lambda _: [{"id": "x"}], "name="),
    "tags-all": altered(no_image, "tag="),
    "unregistered-asked": with_images(lambda _: [{"id": "x"}], "__isregistered=false"),
    "shared-pending": altered(no_image, "member_status"),
    "fields": altered(number_as_text),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_that_the_endpoint_does_not_follow_is_a_difference_without_explanation(name):
    rows, verification = verified(InProcess(), alter=RULES[name], questions=[BY_NAME[name]])
    row = rows[name]
    assert (row.outcome, row.departures) == (DIFFERS, ())
    assert row.why == "no 3 departures or fewer explain it"
    assert row.there != row.here
    assert verification.matching_profile == "documented"


@pytest.mark.parametrize(
    ("missing", "query", "why", "is_sure"),
    [
        ("booleans-ignore-case,-stray-percent", "name=%z&protected=1", "booleans-ignore-case with stray-percent", True),
        ("bare-time", "created_at=2020-01-01t00:00:00z", "bare-time, or by lower-case-time", False),
    ],
)
def test_all_smallest_explanations_are_named(missing, query, why, is_sure):
    question = Question("new", RULE, "a rule", (Request(query),), ("ids",))
    profile = f"documented,-{missing}"
    rows, verification = verified(InProcess(profile=profile), questions=[question])
    assert rows["new"].why == f"explained by the departure {why}"
    assert verification.matching_profile == (profile if is_sure else "documented")


def test_an_order_that_depends_on_fractions_of_a_second_is_no_difference():
    def with_fractions(answer, _):
        if "created_at=eq:" in answer.target:
            return with_body(answer, no_image(answer.json))
        if answer.status != 200 or "images" not in answer.json:
            return answer
        images = answer.json["images"]
        for first in range(len(images) - 1):  # in the opposite order of ids
            if images[first].get("created_at") == images[first + 1].get("created_at"):
                images[first : first + 2] = images[first : first + 2][::-1]
        return with_body(answer, {**answer.json, "images": images})

    names = ["whole-seconds", "order-default", "order-ties", "marker-position"]
    questions = [BY_NAME[name] for name in names]
    rows, _ = verified(InProcess(), alter=with_fractions, questions=questions)
    assert [rows[name].outcome for name in names] == [DIFFERS, AGREES, CANNOT_TELL, CANNOT_TELL]
    assert rows["order-ties"].why == "the answers to whole-seconds differ"
    rows, _ = verified(InProcess(), alter=with_fractions, questions=questions[1:])
    assert outcomes(rows, DIFFERS) == {"order-default", "order-ties"}


# --- what the answers do not tell


def nested(depth):
    return [] if depth == 1 else [nested(depth - 1)]


def html(code):
    page = {"headers": {"content-type": "text/html"}, "body": b"<html><head><title>Blocked</title></head></html>"}
    return lambda answer, _: replace(answer, status=code, **page) if "%zz" in answer.target else answer


def large(**image):
    return altered(lambda body: {**body, "images": [{"id": "x", **image}]}, "limit=0")


def changing(answer, number):
    return with_body(answer, {"images": [{"id": str(number)}]}) if "limit=0" in answer.target else answer


def broken(answer, _):
    if "limit=0" in answer.target:
        raise EndpointError("http://x does not answer.")
    return answer


UNTOLD = {
    "firewall with the same status": ("percent", html(400), "the body of the error is not JSON"),
    "firewall with another status": ("percent", html(403), "the body of the error is not JSON"),
    "HTML instead of a list": ("percent", html(200), "the endpoint answers with no JSON object"),
    "redirect": ("limit-zero", status(302, {}, "limit=0"), "the endpoint answers with the status 302"),
    "failure": ("limit-zero", status(500, {}, "limit=0"), "the endpoint answers with the status 500"),
    "nested": ("limit-zero", large(x=nested(900)), "the endpoint answers with no JSON object"),
    "long text": ("limit-zero", large(x="x" * 5_000_000), "the answer has more than 4 MB or 100000 JSON values"),
    "many values": ("limit-zero", large(x=[0] * 100_000), "the answer has more than 4 MB or 100000 JSON values"),
    "busy": ("limit-zero", status(503, {}, "limit=0"), "the endpoint answers with status 503 again and again"),
    "changing": ("limit-zero", changing, "the answer changed when it was asked again"),
    "broken": ("limit-zero", broken, "http://x does not answer."),
    "header without effect": ("api-version", status(400, {}, "community"), "the header seems to have no effect"),
    "no credentials needed": ("error-credentials", status(200, {"images": []}, "limit=1"), "asks for no credentials"),
}


@pytest.mark.parametrize(("question", "alter", "words"), UNTOLD.values(), ids=UNTOLD)
def test_an_answer_that_tells_nothing_has_a_reason(question, alter, words):
    rows, verification = verified(InProcess(), alter=alter, questions=[BY_NAME[question]])
    assert rows[question].outcome == CANNOT_TELL
    assert words in rows[question].why
    assert verification.matching_profile == "documented"


ODD = [
    *(b"", b"null", b"[]", b"{}", b'{"images": 1}', b'{"images": [1]}', b'{"images": [{}], "next": 3}', b"[" * 5000),
    b'{"images": [{"id": []}], "first": {}, "next": "?"}',
    b'{"images": [{"id": "\\ud800\\r\\n", "created_at": 1}], "next": 1}',
    *(b'{"error": []}', b'{"error": {"code": {}}}', b"<title>\xff</title>"),
]


@pytest.mark.parametrize("code", [200, 204, 302, 400, 403, 500])
def test_odd_answers_are_no_failure(code, monkeypatch):
    monkeypatch.setattr("ims_mock.endpoint.verify.MAX_SWITCHES", 1)  # nothing explains them

    def odd(answer, number):
        return replace(answer, status=code, body=ODD[number % len(ODD)], headers={})

    rows, verification = verified(InProcess(), alter=odd)
    report = Report("h", "d", "documented", "", 1, 1, verification.matching_profile, tuple(rows.values()))
    for form in ("terminal", "markdown", "json"):
        assert report.text(form).encode()


@pytest.mark.parametrize(
    ("code", "requests", "why"),
    [
        (401, 12, "the credentials are not accepted any more"),
        (503, 13, "3 requests in a row failed: the endpoint answers with status 503 again and again"),
    ],
)
def test_an_endpoint_that_stops_answering_ends_the_questions(code, requests, why):
    endpoint = InProcess()
    rows, _ = verified(endpoint, alter=lambda answer, number: with_body(answer, {}, code) if number > 10 else answer)
    assert endpoint.requests == requests
    assert Counter(row.why for row in rows.values())[why] > 40
    assert outcomes(rows, DIFFERS) == set()


@pytest.mark.parametrize("is_signed", [True, False])
def test_a_signature_that_is_rejected_for_one_request_tells_nothing(is_signed):
    endpoint = InProcess()
    if is_signed:
        endpoint.credentials = Credentials(access="IMSMOCKACCESSKEY00001", secret="ims-mock-secret-key")
    rows, _ = verified(endpoint, alter=status(401, {}, "%zz"), questions=[BY_NAME["percent"]])
    found = (CANNOT_TELL, "the signature of this request is rejected") if is_signed else (DIFFERS, rows["percent"].why)
    assert (rows["percent"].outcome, rows["percent"].why) == found


# --- requests


def test_answers_that_tell_nothing_are_not_asked_for_again():
    endpoint = InProcess()
    rows, _ = verified(endpoint, alter=lambda answer, _: with_body(answer, {}, 500))
    assert outcomes(rows, CANNOT_TELL) == {*rows}
    assert len({*endpoint.targets}) <= endpoint.requests <= len({*endpoint.targets}) + 4  # with other headers


@pytest.mark.parametrize(
    ("systems", "found"),
    [
        ("LLWWLL", "__os_type=L&marker=2"),
        ("WLWWWW", "__os_type=W&marker=1"),
        ("LLLWWW", None),
        (20_000 * "L", None),
    ],
    ids=["LLWWLL", "WLWWWW", "LLLWWW", "20,000 L"],
)
def test_a_marker_outside_a_filter_is_found_in_little_time(systems, found):
    images = [{"id": str(number), "__os_type": system} for number, system in enumerate(systems)]
    started = time.perf_counter()
    assert VALUES["splitting"][0](Sample(Reading(listed=images))) == found
    assert time.perf_counter() - started < 5


def test_requests_are_planned_and_limited():
    endpoint = InProcess()
    _, verification = verified(endpoint, questions=[])
    plan = verification.plan(QUESTIONS)
    assert len({*endpoint.targets}) == 0
    assert plan == MAX_REQUESTS
    assert verification.plan([BY_NAME["limit-zero"]]) == 2 + 3
    rows, _ = verified(endpoint, limit=20)
    assert endpoint.requests <= 20
    assert rows["fields"].why == "the limit of 20 requests is reached"


def test_only_differing_answers_are_asked_again():
    endpoint = InProcess(profile="documented,-full-last-page")
    verified(endpoint)
    again = {target: count for target, count in Counter(endpoint.targets).items() if count > 1}
    (target,) = [one for one in again if "name=" in one]
    assert again[target] == 2
    assert {*again} - {target} <= {"/v2/images?limit=abc", "/v2/images?limit=1", "/v2/images?visibility=community"}


def test_all_questions_send_get_requests_for_paths_of_the_service():
    endpoint = InProcess()
    verified(endpoint)
    assert all(target.startswith("/v2/") for target in endpoint.targets)
    assert json.dumps(endpoint.targets).isascii()
