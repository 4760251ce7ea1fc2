"""Recordings of real Glance: profile ``glance`` agrees with them, ``documented`` differs by named departures only."""

import json
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
from helpers import in_process, link, make_app

from ims_mock.contract.profiles import DEPARTURES, DOCUMENTED, GLANCE, Profile

DATA = Path(__file__).parent.parent / "data"
RELEASES = {"glance-queens": {"X-Api-Version": "Q"}, "glance-mitaka": {}}
WITHDRAWN = "edbc7e5c-1760-5a9c-b73a-8cd95585f92c"
ADMIN_OF_A = "aaaa1111aaaa4c1cb661a6ca845e000a:admin"
SENTENCE = re.compile(r"\d+ [^\n]+\n\n(.*?)\s*\Z", re.DOTALL)


def recordings(release):
    """Yield the recorded requests of a release, each with its response."""
    for line in (DATA / release / "requests.jsonl").read_text().splitlines():
        row = json.loads(line)
        row |= {"headers": row["headers"] or {}, "walk": (row.get("walk") or {}).get("pages")}
        query = row["path"].partition("?")[2]
        yield SimpleNamespace(**row, release=release, query=query, label=f"{release}-{row['n']}")


def is_list(one):
    return one.path.partition("?")[0] == "/v2/images"


ALL = [one for release in RELEASES for one in recordings(release)]

EXEMPTIONS = {  # the recordings that are not compared, and why
    "an error of Glance itself": lambda one: one.status >= 500,
    "other paths and odd methods": lambda one: one.group == "http" and not (one.method == "GET" and is_list(one)),
    "an old query parser took ; for a separator": lambda one: ";" in one.query,
    "an attribute of Glance's database layer": lambda one: "__tablename__" in one.query,
    "a catalog cannot hold a withdrawn membership": lambda one: (
        one.release == "glance-mitaka" and WITHDRAWN in (one.ids or ())
    ),
}
COMPARED = [one for one in ALL if not any(holds(one) for holds in EXEMPTIONS.values())]

GROUPS = sorted({(one.release, one.group) for one in COMPARED})
in_groups = pytest.mark.parametrize(("release", "group"), GROUPS)


def compared(release, group):
    return [one for one in COMPARED if (one.release, one.group) == (release, group)]


@cache
def served(release):
    app = make_app(str(DATA / release / "catalog.json"), profile="glance", auth="on")
    return app.extensions["ims_mock"], in_process(app)


def send(one, profile=GLANCE, path=None, token=None):
    emulator, ask = served(one.release)
    emulator.profile = profile
    headers = {**one.headers, **RELEASES[one.release]}
    if token or one.token:
        headers["X-Auth-Token"] = token or one.token
    return ask(path or one.path, headers, one.method)


def differences(one, response):
    """Return the differences between a response and the recorded one."""
    if response.status != one.status:
        return [f"status {response.status}, recorded {one.status}: {response.text[:200]}"]
    if one.ids is not None:
        links = [name for name in ("first", "next") if link(response.json.get(name)) != link(getattr(one, name))]
        return links if response.ids == one.ids else ["ids", *links]
    if one.error and response.headers["Content-Type"] != one.content_type:
        return [f"Content-Type {response.headers['Content-Type']}, recorded {one.content_type}"]
    if one.error and one.content_type.startswith("text/plain"):
        sentence = SENTENCE.match(one.error)[1]
        return [] if sentence in response.text else [f"{response.text!r} lacks {sentence!r}"]
    if one.error and response.text != one.error:
        return [f"{response.text!r}, recorded {one.error!r}"]
    return []


@in_groups
def test_glance_profile_agrees_with_the_recordings(release, group):
    wrong = {one.label: found for one in compared(release, group) if (found := differences(one, send(one)))}
    assert wrong == {}


@pytest.mark.parametrize("one", [one for one in COMPARED if one.walk], ids=lambda one: one.label)
def test_glance_profile_pages_as_recorded(one):
    pages, target = [], one.path
    while target:
        response = send(one, path=target)
        pages.append(response.ids)
        target = response.json.get("next")
    assert pages == one.walk


@pytest.mark.parametrize("why", EXEMPTIONS)
def test_every_exemption_is_needed(why):
    assert any(EXEMPTIONS[why](one) for one in ALL)


@pytest.mark.parametrize("one", [one for one in ALL if one.status >= 500], ids=lambda one: one.label)
@pytest.mark.parametrize("profile", [GLANCE, DOCUMENTED], ids=lambda profile: profile.label)
def test_emulator_answers_where_glance_has_an_internal_error(one, profile):
    assert send(one, profile).status < 500


def values(one, *names):
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
    "absent-base-properties": lambda one: False,  # the recordings have the ids of a page alone
    "service-rules": lambda one: False,  # the recorded requests only read
    "error-body": lambda one: one.status >= 400,
}
"""For each departure, the requests whose response it may change."""


def without(departures):
    return Profile.parse(",".join(["documented", *(f"-{name}" for name in sorted(departures))]))


def touched(one):
    return frozenset(name for name, touches in TOUCHES.items() if touches(one))


@in_groups
def test_documented_profile_differs_by_named_departures_only(release, group):
    answers = [(one, send(one, without(touched(one)))) for one in compared(release, group)]
    wrong = {one.label: found for one, response in answers if (found := differences(one, response))}
    assert wrong == {}


@pytest.mark.slow
@in_groups
@pytest.mark.parametrize("way", ["registered in the query", "as admin"])
def test_documented_profile_differs_by_named_departures_only_for_registered_images(release, group, way):
    for one in filter(is_list, compared(release, group)):
        path, token = one.path, ADMIN_OF_A if way == "as admin" else None
        if not token and not values(one, "__isregistered"):
            path = f"{one.path}{'&' if '?' in one.path else '?'}__isregistered=true"
        departures = touched(one) - {"registered-only"}
        expected, response = send(one, GLANCE, path, token), send(one, without(departures), path, token)
        assert response.status == expected.status, one.label
        if response.status == 200:
            page, usual = response.json, expected.json
            assert (response.ids, link(page["first"])) == (expected.ids, link(usual["first"])), one.label
            if "full-last-page" in departures or "next" in page:
                assert link(page.get("next")) == link(usual.get("next")), one.label


@pytest.mark.parametrize("name", [departure.name for departure in DEPARTURES])
def test_every_departure_changes_a_recording(name):
    profile = Profile.parse(f"glance,+{name}")
    if not any(TOUCHES[name](one) for one in COMPARED):
        pytest.skip("no recorded request is affected; it has tests of its own")
    assert any(TOUCHES[name](one) and differences(one, send(one, profile)) for one in COMPARED)
