"""Recordings of real Glance, replayed: one profile answers as recorded, the documented one departs by name only."""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from helpers import in_process, link, make_app

from ims_mock.contract.profiles import DEPARTURES, DOCUMENTED, GLANCE, Profile

DATA = Path(__file__).parent.parent / "data"
RELEASES = {"glance-queens": {"X-Api-Version": "Q"}, "glance-mitaka": {}}
WITHDRAWN = "edbc7e5c-1760-5a9c-b73a-8cd95585f92c"
ADMIN_OF_A = "aaaa1111aaaa4c1cb661a6ca845e000a:admin"
SENTENCE = re.compile(r"\d+ [^\n]+\n\n(.*?)\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Recorded:
    """One recorded question with its answer."""

    release: str
    n: int
    group: str
    method: str
    path: str
    token: str | None
    headers: dict = field(hash=False)
    status: int
    content_type: str | None
    ids: list | None = field(hash=False)
    first: str | None
    next: str | None
    error: str | None
    walk: list | None = field(hash=False)

    def __str__(self):
        return f"{self.release}-{self.n}"

    @property
    def query(self):
        """The query string as it was sent."""
        return self.path.partition("?")[2]


def recorded(release):
    """Read the recordings of one release."""
    for line in (DATA / release / "requests.jsonl").read_text().splitlines():
        row = json.loads(line)
        walk = (row.pop("walk", None) or {}).get("pages")
        del row["body"]
        yield Recorded(release=release, walk=walk, **{**row, "headers": row["headers"] or {}})


ALL = [one for release in RELEASES for one in recorded(release)]

EXEMPTIONS = {
    "an error of Glance itself": lambda one: one.status >= 500,
    "other paths, odd methods and unusual Accept headers": lambda one: (
        one.group == "http" and not (one.method == "GET" and one.path.split("?")[0] == "/v2/images" and not one.headers)
    ),
    "an old query parser took ; for a separator": lambda one: ";" in one.query,
    "an attribute of Glance's database layer": lambda one: "__tablename__" in one.query,
    "a catalog cannot hold a withdrawn membership": lambda one: (
        one.release == "glance-mitaka" and WITHDRAWN in (one.ids or ())
    ),
}
"""The closed list: what is not compared, and why."""

COMPARED = [one for one in ALL if not any(holds(one) for holds in EXEMPTIONS.values())]


@cache
def served(release):
    """Serve the recorded catalog with authentication on."""
    app = make_app(str(DATA / release / "catalog.json"), profile="glance", auth="on")
    return app.extensions["ims_mock"], in_process(app)


def asked(one, profile=GLANCE, path=None, token=None):
    """Ask the recorded question of the emulator."""
    emulator, ask = served(one.release)
    emulator.profile = profile
    headers = {**one.headers, **RELEASES[one.release]}
    if token or one.token:
        headers["X-Auth-Token"] = token or one.token
    return ask(path or one.path, headers, one.method)


def differences(one, answer):
    """Name what an answer has otherwise than the recorded one."""
    if answer.status != one.status:
        return [f"status {answer.status}, recorded {one.status}: {answer.text[:200]}"]
    if one.ids is not None:
        body = answer.json
        return [
            *(["ids"] if answer.ids != one.ids else []),
            *(name for name in ("first", "next") if link(body.get(name)) != link(getattr(one, name))),
        ]
    if one.error and (one.content_type or "").startswith("text/plain"):
        sentence = SENTENCE.match(one.error)[1]
        return [] if sentence in answer.text else [f"{answer.text!r} is without {sentence!r}"]
    return []


@pytest.mark.parametrize("one", COMPARED, ids=str)
def test_glance_profile_answers_as_recorded(one):
    """Status, ids in order, links and error sentences are those of real Glance."""
    assert differences(one, asked(one)) == []


@pytest.mark.parametrize("one", [one for one in COMPARED if one.walk], ids=str)
def test_glance_profile_walks_as_recorded(one):
    """Following ``next`` gives the recorded pages."""
    pages, target = [], one.path
    while target:
        answer = asked(one, path=target)
        pages.append(answer.ids)
        target = answer.json.get("next")
    assert pages == one.walk


@pytest.mark.parametrize("why", EXEMPTIONS)
def test_every_exemption_is_needed(why):
    """An exemption that no recording needs would hide what it was not made for."""
    assert any(EXEMPTIONS[why](one) for one in ALL)


@pytest.mark.parametrize("one", [one for one in ALL if one.status >= 500], ids=str)
@pytest.mark.parametrize("profile", [GLANCE, DOCUMENTED], ids=lambda profile: profile.label)
def test_where_glance_fails_the_emulator_answers(one, profile):
    """A list or a 4xx, never a 5xx."""
    assert asked(one, profile).status < 500


def values(one, *names):
    """Give every value of some parameters of a recorded question."""
    return [value for name, value in parse_qsl(one.query, keep_blank_values=True, encoding="latin-1") if name in names]


TIMES = ("created_at", "updated_at")
ENUMERATED = ("status", "visibility", "container_format", "disk_format")

TOUCHES = {
    "full-last-page": lambda one: one.next is not None,
    "repeated-parameters-in-links": lambda one: (
        len({p.partition("=")[0] for p in one.query.split("&")}) < one.query.count("&") + 1
    ),
    "repeated-single-values": lambda one: any(
        len(values(one, name)) > 1 for name in ("limit", "marker", "member_status", "visibility")
    ),
    "registered-only": lambda one: True,
    "bare-time": lambda one: any(value[:1].isdigit() for value in values(one, *TIMES)),
    "lower-case-time": lambda one: any(re.search("[0-9][tz]", value) for value in values(one, *TIMES)),
    "enumerations-ignore-case": lambda one: (
        any(value != value.lower() for value in values(one, *ENUMERATED)) or "__" in one.query
    ),
    "booleans-ignore-case": lambda one: bool(values(one, "protected")),
    "integers-are-checked": lambda one: bool(values(one, "min_disk", "min_ram", "size", "virtual_size")),
    "stray-percent": lambda one: re.search(r"%(?![0-9A-Fa-f]{2})", one.query) is not None,
    "empty-visibility": lambda one: "" in values(one, "visibility"),
    "dotted-tags": lambda one: any("=" in value for value in values(one, "tag")),
    "dead-images-on-request": lambda one: any(
        "deleted" in value or "killed" in value for value in values(one, "status")
    ),
    "shared-through-membership": lambda one: bool(values(one, "visibility", "member_status", "__imagetype")),
    "service-rules": lambda one: False,  # the recorded questions only read
    "error-body": lambda one: one.status >= 400,
}
"""For each departure, which questions it can answer otherwise, told from the question alone."""


def without(departures):
    """Make the documented profile without some departures."""
    return Profile(
        ",".join(["documented", *(f"-{name}" for name in sorted(departures))]), DOCUMENTED.departures - departures
    )


@pytest.mark.parametrize("one", COMPARED, ids=str)
def test_documented_profile_departs_by_name_only(one):
    """Switching off the departures that a question touches restores the recorded answer."""
    touched = frozenset(name for name, touches in TOUCHES.items() if touches(one))
    assert differences(one, asked(one, without(touched))) == []


@pytest.mark.parametrize("one", COMPARED, ids=str)
@pytest.mark.parametrize("way", ["registered in the query", "as admin"])
def test_documented_profile_departs_by_name_only_among_registered(one, way):
    """The same where registered-only changes nothing: the filter is already in the query, or the caller is an admin."""
    if one.path.split("?")[0] != "/v2/images":
        pytest.skip("no question to the list")
    path, token = one.path, None
    if way == "as admin":
        token = ADMIN_OF_A
    elif not values(one, "__isregistered"):
        path = f"{one.path}{'&' if '?' in one.path else '?'}__isregistered=true"
    touched = frozenset(name for name, touches in TOUCHES.items() if touches(one)) - {"registered-only"}
    expected, answer = asked(one, GLANCE, path, token), asked(one, without(touched), path, token)
    assert answer.status == expected.status
    if answer.status == 200:
        assert (answer.ids, link(answer.json["first"])) == (expected.ids, link(expected.json["first"]))
        if "full-last-page" in touched or "next" in answer.json:
            assert link(answer.json.get("next")) == link(expected.json.get("next"))


@pytest.mark.parametrize("name", [departure.name for departure in DEPARTURES])
def test_every_departure_shows_in_the_recordings(name):
    """Switching one departure on changes some recorded answer, so the table lists nothing idle."""
    profile = Profile(f"glance,+{name}", frozenset({name}))
    if not any(TOUCHES[name](one) for one in COMPARED):
        pytest.skip("no recorded question touches it; tests of its own show it")
    assert any(TOUCHES[name](one) and differences(one, asked(one, profile)) for one in COMPARED)
