"""Fault rules: which requests they select and count, and how they are parsed."""

import json
import re
from collections import Counter

import pytest
from helpers import in_threads

from ims_mock.faults.rules import MAX_RULES, FaultCandidate, FaultRules, rule_from_keywords

EFFECT = {"effect": {"status": 503}}


def request(method="GET", path="/v2/images", query="", page=1, **headers):
    return FaultCandidate(
        method, path, query, lambda name: headers.get(name.lower().replace("-", "_"), ""), lambda: page
    )


def selected(rule, *requests, seed=0):
    rules = FaultRules(seed)
    added = rules.add({**EFFECT, **rule})
    found = [rules.select(one) is added for one in requests]
    assert added.hits == sum(found)
    return found


@pytest.mark.parametrize(
    ("key", "value", "matching", "other"),
    [
        ("method", "get", request(), request("POST")),
        ("path", "/v2/images", request(), request(path="/v2/images/")),
        ("path", "/v2/images/*", request(path="/v2/images/a/file"), request()),
        ("path", "/v?/[x]*", request(path="/v?/[x]\ny"), request(path="/v2/x")),
        ("path", "*", request(path=""), None),
        ("query", {"limit": 2, "a b": "é"}, request(query="a+b=%C3%A9&x=y&limit=2"), request(query="limit=2")),
        ("query", {"tag": "b"}, request(query="tag=a&tag=b"), request(query="tag=a")),
        ("query", {}, request(), None),
        ("header", {"X-Project-Id": "p"}, request(x_project_id="p"), request(x_project_id="q")),
        ("page", 2, request(page=2), request(page=0)),
    ],
)
def test_match_key_selects_requests(key, value, matching, other):
    rule = {"match": {key: value}, "times": None}
    assert selected(rule, matching, other or matching) == [True, other is None]


def test_all_match_keys_must_match():
    rule = {"match": {"path": "/v2/images", "page": 2}, "times": None}
    assert selected(rule, request(page=2), request(page=1), request(path="/", page=2)) == [True, False, False]


def test_nth_counts_only_requests_that_match_the_other_keys():
    rule = {"match": {"method": "GET", "nth": 2}, "times": None}
    requests = [request(), request("POST"), request(), request(), request()]
    assert selected(rule, *requests) == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [True, False, False, False]),
        ({"times": 2}, [True, True, False, False]),
        ({"times": None}, [True] * 4),
        ({"after": 1}, [False, True, False, False]),
        ({"after": 2, "times": None}, [False, False, True, True]),
        ({"probability": 0}, [False] * 4),
        ({"probability": 1, "times": None}, [True] * 4),
    ],
)
def test_rule_keys_limit_how_often_a_fault_occurs(rule, expected):
    assert selected(rule, *[request()] * 4) == expected


def test_the_seed_determines_which_requests_fail():
    rule = {"probability": 0.3, "times": None}
    requests = [request()] * 1000
    first = selected(rule, *requests, seed=7)
    assert first == selected(rule, *requests, seed=7)
    assert first != selected(rule, *requests, seed=8)
    assert 240 < sum(first) < 360


def test_random_numbers_repeat_after_clear():
    rules = FaultRules(3)

    def delays():
        rules.clear()
        rules.add({"probability": 0.5, "times": None, "effect": {"delay": [0, 10]}})
        found = [rules.select(request()) for _ in range(50)]
        return [rule and rule.delay_seconds() for rule in found]

    assert delays() == delays()


def test_first_applicable_rule_wins_and_hides_the_request_from_later_rules():
    rules = FaultRules()
    once, skipping, never, second, always = (
        rules.add({**EFFECT, **rule})
        for rule in ({}, {"after": 2}, {"probability": 0}, {"match": {"nth": 2}}, {"times": None})
    )
    assert [rules.select(request()) for _ in range(5)] == [once, always, second, skipping, always]
    assert [rule.hits for rule in rules.rules] == [1, 1, 0, 1, 2]
    assert never.hits == 0


def test_rule_as_json_is_complete_and_redacted():
    rules = FaultRules()
    given = {"match": {"path": "/v2/*", "header": {"X-Auth-Token": "secret", "Accept": "a"}}, "effect": {"delay": 0}}
    rule = rules.add(given)
    rules.select(request(path="/v2/", x_auth_token="secret", accept="a"))
    shown = rule.as_json()
    match = {"path": "/v2/*", "header": {"X-Auth-Token": "<6 characters>", "Accept": "a"}}
    counts = {"times": 1, "after": 0, "probability": 1.0}
    assert shown == {"id": "1", "match": match, **counts, "effect": {"delay": 0}, "hits": 1}
    assert json.loads(json.dumps(shown)) == shown
    shown["match"]["header"].clear()
    given["match"]["path"] = ""
    assert rule.as_json()["match"] == match


def test_ids_are_unique_until_all_rules_are_cleared():
    rules = FaultRules()
    for _ in range(3):
        rules.add(EFFECT)
    assert [rules.remove("2"), rules.remove("2"), rules.remove("x")] == [True, False, False]
    assert [rule.id for rule in rules.rules] == ["1", "3"]
    assert rules.add(EFFECT).id == "4"
    rules.clear()
    assert (rules.rules, rules.add(EFFECT).id) == ((), "1")


def test_number_of_rules_is_limited():
    rules = FaultRules()
    for _ in range(MAX_RULES):
        rules.add(EFFECT)
    with pytest.raises(ValueError, match=f"There are {MAX_RULES} rules already"):
        rules.add(EFFECT)


def test_concurrent_requests_are_counted_exactly():
    rules, found = FaultRules(), Counter()
    added = [rules.add({**EFFECT, "times": 100}), rules.add({**EFFECT, "times": 50})]

    def send():
        for _ in range(50):
            found[rules.select(request())] += 1

    in_threads(4, send)
    assert [rule.hits for rule in added] == [100, 50]


TEXTS = "Use a mapping of names to texts"
NOT_TEXT = "is not text. Use a text, a number, true or false."
HALF = r"'\ud800' holds half a character (a lone surrogate); legal is Unicode text."
CHANGE = "got a mapping. Use a mapping with delete, add, update."


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ([], "Invalid rule: got a list. Use a mapping with match, effect, times, after, probability."),
        ({}, "Invalid effect: it is empty. Use at least one of delay, catalog, status, "),
        ({"effect": []}, "Invalid effect: got a list. Use a mapping with delay, "),
        ({"match": "x", **EFFECT}, "Invalid match: got 'x'. Use a mapping with method, path, "),
        ({"matches": {}, **EFFECT}, "Unknown key matches. Did you mean match?"),
        ({"status": 503}, "Unknown key status. Did you mean effect.status?"),
        ({"effect": {"page": 2}}, "Unknown key effect.page. Did you mean match.page?"),
        ({"match": {"zzz": 1}, **EFFECT}, "Unknown key match.zzz. Use one of method, path, query, header, page, nth."),
        ({"match": {"page": 0}, **EFFECT}, "Invalid match.page: got 0. Use an integer from 1."),
        ({"match": {"nth": 1.5}, **EFFECT}, "Invalid match.nth: got 1.5. Use an integer from 1."),
        ({"match": {"page": True}, **EFFECT}, "Invalid match.page: got True. Use an integer from 1."),
        ({"match": {"query": ["a"]}, **EFFECT}, f"Invalid match.query: got a list. {TEXTS}."),
        ({"match": {"query": {"a": None}}, **EFFECT}, f"Invalid match.query.a: None {NOT_TEXT}"),
        ({"match": {"path": 5}, **EFFECT}, "Invalid match.path: got 5. Use a path such as /v2/images; * matches any"),
        ({"times": 0, **EFFECT}, "Invalid times: got 0. Use an integer from 1, or null for no limit."),
        ({"after": -1, **EFFECT}, "Invalid after: got -1. Use an integer from 0."),
        ({"probability": 1.1, **EFFECT}, "Invalid probability: got 1.1. Use a number from 0 to 1."),
        ({"probability": float("nan"), **EFFECT}, "Invalid probability: got nan. Use a number from 0 to 1."),
        ({"effect": {"status": 200}}, "Invalid effect.status: got 200. Use a status code of HTTP from 400 to 599."),
        ({"effect": {"status": 599}}, "Invalid effect.status: got 599. Use"),
        ({"effect": {"code": "IMG.0001"}}, "Invalid effect.code: it needs status. Use both or none of them."),
        ({"effect": {"message": "x"}}, "Invalid effect.message: it needs status."),
        ({"effect": {"status": 503, "next": "loop"}}, "Invalid effect.status: it excludes next. Use only one"),
        ({"effect": {"delay": -1}}, "Invalid effect.delay: got -1. Use seconds from 0 to 600, or [minimum, maximum]."),
        ({"effect": {"delay": [3, 1]}}, "Invalid effect.delay: got a list. Use seconds"),
        ({"effect": {"delay": [1]}}, "Invalid effect.delay: got a list. Use seconds"),
        ({"effect": {"drop": "after"}}, "Invalid effect.drop: got 'after'. Use before, middle."),
        ({"effect": {"body": ["empty"]}}, "Invalid effect.body: got a list. Use truncated, garbage, empty, html."),
        ({"effect": {"next": "x"}}, "Invalid effect.next: got 'x'. Use missing, null, absolute, loop, repeated."),
        ({"effect": {"content_type": "a\r\nb"}}, "Invalid effect.content_type: got 'a\\r\\nb'. Use a text of one line"),
        ({"effect": {"headers": {"A": "b\nc"}}}, "Invalid effect.headers.A: got 'b\\nc'. Use a text of one line"),
        ({"effect": {"headers": {"a b": "c"}}}, "Invalid effect.headers: 'a b' is not the name of a header. Use let"),
        ({"effect": {"headers": {"Upgrade": "x"}}}, "Invalid effect.headers: the server sets Upgrade itself. Use "),
        ({"effect": {"headers": {"content-length": "5"}}}, "Invalid effect.headers: the server sets content-length"),
        ({"\ud800": 1, **EFFECT}, "Unknown key \\ud800. Use one of match, effect"),
        ({"match": {"\ud800": 1}, **EFFECT}, "Unknown key match.\\ud800. Use one of method"),
        ({"match": {"query": {"\ud800": "x"}}, **EFFECT}, f"Invalid match.query name: {HALF}"),
        ({"match": {"query": {"a": "\ud800"}}, **EFFECT}, f"Invalid match.query.a: {HALF}"),
        ({"match": {"query": {"": "x"}}, **EFFECT}, f"Invalid match.query: invalid name ''. {TEXTS}."),
        ({"match": {"header": {5: "x"}}, **EFFECT}, f"Invalid match.header: invalid name 5. {TEXTS}."),
        ({"match": {"method": "\ud800"}, **EFFECT}, f"Invalid match.method: {HALF}"),
        ({"effect": {"headers": {"A": ["b"]}}}, f"Invalid effect.headers.A: a list {NOT_TEXT}"),
        ({"match": {"header": {"\ud800": "x"}}, **EFFECT}, f"Invalid match.header name: {HALF}"),
        ({"effect": {"k" * 100_000: 1}}, f"Unknown key effect.{'k' * 73}…. Use one of delay"),
        ({"effect": {"catalog": {"delete": "\ud800"}}}, "Invalid effect.catalog: got the id '\\ud800'. Use Unicode"),
        ({"effect": {"catalog": {"update": {"\ud800": {}}}}}, "Invalid effect.catalog: got the id '\\ud800'. Use"),
        ({"effect": {"catalog": {"update": {"a": {"\ud800": "x"}}}}}, "Invalid effect.catalog.update.a.\\ud800: "),
        ({"effect": {"catalog": {"add": {"checksum": "\r\n"}}}}, "Invalid effect.catalog.add.checksum: "),
        ({"effect": {"catalog": "x"}}, "Invalid effect.catalog: got 'x'. Use a mapping with delete, add, update."),
        ({"effect": {"catalog": {}}}, f"Invalid effect.catalog: {CHANGE}"),
        ({"effect": {"catalog": {"remove": "x"}}}, f"Invalid effect.catalog: {CHANGE}"),
        ({"effect": {"catalog": {"delete": 5}}}, "Invalid effect.catalog.delete: got 5. Use the id of an image, or"),
        ({"effect": {"catalog": {"add": []}}}, "Invalid effect.catalog.add: got a list. Use an image."),
        ({"effect": {"catalog": {"add": {"id": None}}}}, "Invalid effect.catalog.add.id: has no value. Leave it out"),
        ({"effect": {"catalog": {"add": {"id": ""}}}}, "Invalid effect.catalog.add.id: has no value. Leave it out"),
        ({"effect": {"catalog": {"add": {"min_disk": "x"}}}}, "Invalid effect.catalog.add.min_disk: "),
        ({"effect": {"catalog": {"add": {"id": "a", "self": "x"}}}}, "Invalid effect.catalog.add.self: is computed"),
        ({"effect": {"catalog": {"update": {"a": 5}}}}, "Invalid effect.catalog.update.a: "),
        ({"effect": {"catalog": {"update": {"a": {"id": "b"}}}}}, "Invalid effect.catalog.update.a.id: the id of an"),
    ],
)
def test_invalid_rule_is_rejected_and_uses_up_no_id(rule, message):
    rules = FaultRules()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        rules.add(rule)
    assert rules.add(EFFECT).id == "1"


def test_keywords_are_sorted_into_their_sections():
    assert rule_from_keywords(path="/", page=2, status=503, headers={"a": "b"}, times=2) == {
        "match": {"path": "/", "page": 2},
        "effect": {"status": 503, "headers": {"a": "b"}},
        "times": 2,
    }
