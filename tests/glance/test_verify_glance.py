"""``ims-mock verify`` explains every difference between a real Glance and the emulator."""

import json
import re

import real_glance
from docs_pages import PAGES
from serving import run

from ims_mock.contract.profiles import DEPARTURES

DATED = dict(re.findall(r"^\| `([\w-]+)` \| (\d{4}-\d\d-\d\d) \|", PAGES["explanation/accuracy.md"], re.MULTILINE))
"""The questions that Glance answers otherwise than Queens did, with the day on which that was seen."""

NOT_VISIBLE = {"bare-time", "dead-images-on-request", "dotted-tags", "service-rules", "shared-through-membership"}
"""Departures that cannot be seen: Queens accepts times without an operator; no image has a tag in the old form; what is
listed as shared is stored so in Queens, deleted images are not listed, and nothing is written."""


def verify(glance, profile):
    token = {"IMS_MOCK_REMOTE_TOKEN": real_glance.token(real_glance.PROJECT)}
    options = ("--profile", profile, "--api-version", "Q", "--format", "json", "--yes", "--pace", "0.001")
    done = run("verify", glance, *options, "--project", real_glance.PROJECT, **token)
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout)


def test_every_difference_from_queens_is_dated(glance):
    report = verify(glance, "glance")
    differing = {row["name"]: row["departures"] for row in report["rows"] if row["outcome"] == "differs"}
    assert differing == {name: [] for name in DATED}
    assert len(DATED) >= 5
    assert report["matching_profile"] == "glance"


def test_departures_are_named(glance):
    report = verify(glance, "documented")
    named = {name for row in report["rows"] for name in row["departures"]}
    assert named == {departure.name for departure in DEPARTURES} - NOT_VISIBLE
    assert report["matching_profile"] == ",".join(["documented", *(f"-{name}" for name in sorted(named))])
    unexplained = {row["name"] for row in report["rows"] if row["outcome"] == "differs" and not row["departures"]}
    assert unexplained == {*DATED}
