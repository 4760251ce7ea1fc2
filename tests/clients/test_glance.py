"""The command ``glance``, unmodified, over a socket: it does all it can with images."""

from types import SimpleNamespace

import pytest
from clients.commands import Shell, logged_in
from clients.region import DATA, OURS, PROFILES, B, served

pytest.importorskip("glanceclient")


@pytest.fixture(params=PROFILES)
def team(request, tmp_path):
    """Both projects log in: ours with a password, theirs with a token and a URL."""
    with served(request.param) as url:
        ours = Shell("glance", tmp_path, logged_in(url))
        theirs = Shell("glance", tmp_path, {"OS_IMAGE_URL": url, "OS_AUTH_TOKEN": "of-b"})
        yield SimpleNamespace(url=url, profile=request.param, ours=ours, theirs=theirs, home=tmp_path)


def rows(lines):
    """Read the table that the command prints: its rows, the head aside."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][1:]


def listed(shell, *words):
    """List images: their ids, in order."""
    return [identity for identity, *_ in rows(shell("image-list", *words))]


def test_it_lists_every_image_once(team):
    """In order, two a page."""
    assert listed(team.ours, "--page-size", "2", "--sort", "created_at:desc") == OURS


def test_it_filters(team):
    """By property, tag and visibility at once."""
    what = ("--property-filter", "__os_type=Linux", "--tag", "env=test", "--visibility", "private")
    assert listed(team.ours, *what) == [OURS[3]]


def test_it_does_all_it_can_with_an_image(team):
    """Created with data, changed, tagged, shared and accepted, downloaded, deleted, and then not found."""
    (team.home / "data").write_bytes(DATA)
    what = ("--disk-format", "raw", "--container-format", "bare", "--min-disk", "40", "--property", "a=b")
    image = dict(rows(team.ours("image-create", "--name", "new", *what, "--file", "data")))
    assert (image["status"], image["size"], image["min_disk"], image["a"]) == ("active", str(len(DATA)), "40", "b")
    one = image["id"]
    image = dict(rows(team.ours("image-update", "--name", "newer", "--property", "c=d", "--remove-property", "a", one)))
    assert (image["name"], image["c"], image.get("a")) == ("newer", "d", None)
    team.ours("image-tag-update", one, "k=v")
    assert dict(rows(team.ours("image-show", one)))["tags"] == '["k=v"]'
    assert rows(team.ours("member-create", one, B)) == [[one, B, "pending"]]
    assert rows(team.theirs("member-update", one, B, "accepted")) == [[one, B, "accepted"]]
    assert listed(team.theirs) == [one]
    team.theirs("image-download", "--file", "copy", one)
    assert (team.home / "copy").read_bytes() == DATA
    team.ours("image-delete", one)
    assert one in team.ours.refused("image-show", one)


def test_it_says_what_is_wrong_and_fails(team):
    """In the words of whoever refuses.

    The body in which the vendor's gateway refuses a token it can not read, and complains of that.
    """
    assert "colour" in team.ours.refused("image-list", "--sort", "colour:asc")
    complaint = team.ours.refused("--os-image-url", team.url, "--os-auth-token", "wrong", "image-list")
    assert ("'str' object" if team.profile == "documented" else "Invalid") in complaint
