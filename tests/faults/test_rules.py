"""The rules of faults: which requests they take, how often, and how they are read."""

import json
import re
import threading
from collections import Counter

import pytest

from ims_mock.faults.rules import MOST_RULES, Faults, flat
from ims_mock.faults.schema import EFFECT, KEYS, MATCH, RULE, Asked, part_of

REFUSE = {"effect": {"status": 503}}


def asked(method="GET", path="/v2/images", query="", page=1, **headers):
    """Make a request as rules look at it."""
    return Asked(method, path, query, lambda name: headers.get(name.lower().replace("-", "_"), ""), lambda: page)


def hits(rule, *requests, seed=0):
    """Tell which of some requests a rule takes."""
    faults = Faults(seed)
    made = faults.add({**REFUSE, **rule})
    taken = [faults.chosen(request) is made for request in requests]
    assert made.hits == sum(taken)
    return taken


MATCHES = [
    ("method", "get", asked(), asked("POST")),
    ("path", "/v2/images", asked(), asked(path="/v2/images/")),
    ("path", "/v2/images/*", asked(path="/v2/images/a/file"), asked()),
    ("path", "/v?/[x]*", asked(path="/v?/[x]\ny"), asked(path="/v2/x")),
    ("path", "*", asked(path=""), None),
    ("query", {"limit": 2, "a b": "é"}, asked(query="a+b=%C3%A9&x=y&limit=2"), asked(query="limit=2")),
    ("query", {"tag": "b"}, asked(query="tag=a&tag=b"), asked(query="tag=a")),
    ("query", {}, asked(), None),
    ("header", {"X-Project-Id": "p"}, asked(x_project_id="p"), asked(x_project_id="q")),
    ("page", 2, asked(page=2), asked(page=0)),
]


@pytest.mark.parametrize(("name", "value", "fits", "other"), MATCHES)
def test_a_rule_takes_what_matches(name, value, fits, other):
    """And nothing else."""
    rule = {"match": {name: value}, "times": None}
    assert hits(rule, fits, other or fits) == [True, other is None]


def test_all_of_a_match_must_fit():
    """Each key narrows it."""
    rule = {"match": {"path": "/v2/images", "page": 2}, "times": None}
    assert hits(rule, asked(page=2), asked(page=1), asked(path="/", page=2)) == [True, False, False]


def test_nth_counts_what_matches_the_rest():
    """Requests that do not match are none of them."""
    rule = {"match": {"method": "GET", "nth": 2}, "times": None}
    assert hits(rule, asked(), asked("POST"), asked(), asked(), asked()) == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("rule", "taken"),
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
def test_a_rule_counts(rule, taken):
    """Once unless it is told, and after as many as it spares."""
    assert hits(rule, *[asked()] * 4) == taken


def test_the_same_seed_gives_the_same_faults():
    """Another seed gives others, and about as many as the probability says."""
    rule = {"probability": 0.3, "times": None}
    requests = [asked()] * 1000
    first = hits(rule, *requests, seed=7)
    assert first == hits(rule, *requests, seed=7)
    assert first != hits(rule, *requests, seed=8)
    assert 240 < sum(first) < 360


def test_chances_begin_anew_when_the_rules_are_cleared():
    """The same rules, added again, take the same requests."""
    faults = Faults(3)

    def run():
        faults.clear()
        faults.add({"probability": 0.5, "times": None, "effect": {"delay": [0, 10]}})
        found = [faults.chosen(asked()) for _ in range(50)]
        return [rule and rule.seconds() for rule in found]

    assert run() == run()


def test_the_first_rule_that_takes_a_request_counts():
    """One that is used up, spares the request, or is not lucky leaves it to the next; the others do not count it."""
    faults = Faults()
    used, spared, unlucky, late, last = (
        faults.add({**REFUSE, **rule})
        for rule in ({}, {"after": 2}, {"probability": 0}, {"match": {"nth": 2}}, {"times": None})
    )
    assert [faults.chosen(asked()) for _ in range(5)] == [used, last, late, spared, last]
    assert [rule.hits for rule in faults.rules()] == [1, 1, 0, 1, 2]
    assert unlucky.hits == 0


def test_rules_are_told_with_their_hits():
    """As they were given, completed; and nobody changes them by what is told."""
    faults = Faults()
    given = {"match": {"path": "/v2/*", "header": {"X-Auth-Token": "secret", "Accept": "a"}}, "effect": {"delay": 0}}
    made = faults.add(given)
    faults.chosen(asked(path="/v2/", x_auth_token="secret", accept="a"))
    told = made.as_json()
    assert (
        json.loads(json.dumps(told))
        == told
        == {
            "id": "1",
            "match": {"path": "/v2/*", "header": {"X-Auth-Token": "<6 characters>", "Accept": "a"}},
            "times": 1,
            "after": 0,
            "probability": 1.0,
            "effect": {"delay": 0},
            "hits": 1,
        }
    )
    told["match"]["header"].clear()
    given["match"]["path"] = ""
    assert made.as_json()["match"] == {"path": "/v2/*", "header": {"X-Auth-Token": "<6 characters>", "Accept": "a"}}


def test_rules_are_removed_by_their_ids():
    """The ids of the others stay."""
    faults = Faults()
    for _ in range(3):
        faults.add(REFUSE)
    assert [faults.remove("2"), faults.remove("2"), faults.remove("x")] == [True, False, False]
    assert [rule.id for rule in faults.rules()] == ["1", "3"]
    assert faults.add(REFUSE).id == "4"
    faults.clear()
    assert (faults.rules(), faults.add(REFUSE).id) == ((), "1")


def test_there_is_room_for_so_many_rules():
    """No client fills the memory with them."""
    faults = Faults()
    for _ in range(MOST_RULES):
        faults.add(REFUSE)
    with pytest.raises(ValueError, match=f"there are {MOST_RULES} rules already"):
        faults.add(REFUSE)


def test_requests_at_the_same_time_are_counted_one_by_one():
    """A rule for so many takes so many."""
    faults, found = Faults(), Counter()
    rules = [faults.add({**REFUSE, "times": 100}), faults.add({**REFUSE, "times": 50})]

    def ask():
        for _ in range(50):
            found[faults.chosen(asked())] += 1

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [rule.hits for rule in rules] == [100, 50]


# --- how rules are read ---------------------------------------------------------------------------

ROOM = "legal is a whole number from"
WRONG = [
    ([], "the rule is a list; legal is a mapping with match, effect, times, after, probability"),
    ({}, "effect is empty; legal are delay, catalog, status, "),
    ({"effect": []}, "effect is a list; legal is a mapping with delay, "),
    ({"match": "x", **REFUSE}, "match is 'x'; legal is a mapping with method, path, "),
    ({"matches": {}, **REFUSE}, "matches is unknown; did you mean match"),
    ({"status": 503}, "status is unknown; did you mean effect.status?"),
    ({"effect": {"page": 2}}, "effect.page is unknown; did you mean match.page?"),
    ({"match": {"zzz": 1}, **REFUSE}, "match.zzz is unknown; legal are method, path, query, header, page, nth"),
    ({"match": {"page": 0}, **REFUSE}, f"match.page is 0; {ROOM} 1"),
    ({"match": {"nth": 1.5}, **REFUSE}, f"match.nth is 1.5; {ROOM} 1"),
    ({"match": {"page": True}, **REFUSE}, f"match.page is True; {ROOM} 1"),
    ({"match": {"query": ["a"]}, **REFUSE}, "match.query is a list; legal is a mapping of names to texts"),
    ({"match": {"query": {"a": None}}, **REFUSE}, "match.query is a mapping; legal is a mapping of names to texts"),
    ({"match": {"path": 5}, **REFUSE}, "match.path is 5; legal is a path such as /v2/images; * stands for anything"),
    ({"times": 0, **REFUSE}, f"times is 0; {ROOM} 1, or null for ever"),
    ({"after": -1, **REFUSE}, f"after is -1; {ROOM} 0"),
    ({"probability": 1.1, **REFUSE}, "probability is 1.1; legal is a number from 0 to 1"),
    ({"probability": float("nan"), **REFUSE}, "probability is nan; legal is a number from 0 to 1"),
    ({"effect": {"status": 200}}, "effect.status is 200; legal is a status that HTTP knows, 400 to 599"),
    ({"effect": {"status": 599}}, "effect.status is 599; legal is"),
    ({"effect": {"code": "IMG.0001"}}, "effect.code stands alone; legal is code beside status"),
    ({"effect": {"message": "x"}}, "effect.message stands alone; legal is message beside status"),
    ({"effect": {"status": 503, "next": "loop"}}, "effect.status stands beside next; legal is one of them"),
    ({"effect": {"delay": -1}}, "effect.delay is -1; legal is seconds from 0 to 600, or [least, most]"),
    ({"effect": {"delay": [3, 1]}}, "effect.delay is a list; legal is seconds"),
    ({"effect": {"delay": [1]}}, "effect.delay is a list; legal is seconds"),
    ({"effect": {"drop": "after"}}, "effect.drop is 'after'; legal is before or middle"),
    ({"effect": {"body": ["empty"]}}, "effect.body is a list; legal is truncated, garbage, empty, html"),
    ({"effect": {"next": "again"}}, "effect.next is 'again'; legal is missing, null, absolute, loop, repeated"),
    ({"effect": {"content_type": "a\r\nb"}}, "effect.content_type is 'a\\r\\nb'; legal is a text of one line"),
    ({"effect": {"headers": {"A": "b\nc"}}}, "effect.headers is a mapping; legal is a mapping of names to texts of"),
    ({"effect": {"headers": {"a b": "c"}}}, "effect.headers is a mapping; legal is"),
    ({"effect": {"headers": {"Transfer-Encoding": "chunked"}}}, "effect.headers is a mapping; legal is"),
    ({"effect": {"headers": {"content-length": "5"}}}, "effect.headers is a mapping; legal is"),
    ({"effect": {"catalog": "x"}}, "effect.catalog is 'x'; legal is a mapping with delete, add and update"),
    ({"effect": {"catalog": {}}}, "effect.catalog is a mapping; legal is a mapping with delete, add and update"),
    ({"effect": {"catalog": {"remove": "x"}}}, "effect.catalog is a mapping; legal is a mapping with delete, add"),
    ({"effect": {"catalog": {"delete": 5}}}, "effect.catalog.delete is 5; legal is an image's id, or marker"),
    ({"effect": {"catalog": {"add": []}}}, "effect.catalog.add is a list; legal is an image"),
    ({"effect": {"catalog": {"add": {"min_disk": "x"}}}}, "effect.catalog.add.min_disk 'x' is not a whole number"),
    ({"effect": {"catalog": {"update": {"a": 5}}}}, "effect.catalog.update.a is not a mapping of names to values"),
    ({"effect": {"catalog": {"update": {"a": {"id": "b"}}}}}, "effect.catalog.update.a.id can not be updated"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "words"), WRONG)
def test_a_wrong_rule_is_refused(rule, words):
    """The message names the path, the value and what is legal; no number is lost to it."""
    faults = Faults()
    with pytest.raises(ValueError, match=f"^{re.escape(words)}"):
        faults.add(rule)
    assert faults.add(REFUSE).id == "1"


def test_keys_side_by_side_find_their_parts():
    """Each key of the table belongs to one part."""
    assert flat(path="/", page=2, status=503, headers={"a": "b"}, times=2) == {
        "match": {"path": "/", "page": 2},
        "effect": {"status": 503, "headers": {"a": "b"}},
        "times": 2,
    }
    with pytest.raises(ValueError, match=r"statuss is unknown; did you mean status\?"):
        flat(statuss=503)


def test_the_table_names_each_key_once():
    """Keys side by side would not be told apart otherwise."""
    names = [key.name for key in KEYS]
    assert sorted(names) == sorted(set(names))
    assert sum(len(part_of(part)) for part in (MATCH, RULE, EFFECT)) == len(KEYS)
