"""The command ``glance`` over a socket."""

from types import SimpleNamespace

import pytest
from clients.commands import Shell, password_environment
from clients.region import DATA, IDS, PROFILES, B, served

pytest.importorskip("glanceclient")


@pytest.fixture(params=PROFILES)
def team(request, tmp_path):
    with served(request.param) as url:
        ours = Shell("glance", tmp_path, password_environment(url))
        theirs = Shell("glance", tmp_path, {"OS_IMAGE_URL": url, "OS_AUTH_TOKEN": "of-b"})
        yield SimpleNamespace(url=url, profile=request.param, ours=ours, theirs=theirs, home=tmp_path)


def rows(lines):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][1:]


def listed(shell, *words):
    return [identity for identity, *_ in rows(shell("image-list", *words))]


def test_paging_returns_every_image_once(team):
    assert listed(team.ours, "--page-size", "2", "--sort", "created_at:desc") == IDS


def test_filters(team):
    what = ("--property-filter", "__os_type=Linux", "--tag", "env=test", "--visibility", "private")
    assert listed(team.ours, *what) == [IDS[3]]


def test_commands_cover_the_life_of_an_image(team):
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
    assert one in team.ours.failure("image-show", one)


def test_command_fails_with_the_message_of_the_service(team):
    assert "colour" in team.ours.failure("image-list", "--sort", "colour:asc")
    # The documented gateway puts a string where the command expects an object.
    message = team.ours.failure("--os-image-url", team.url, "--os-auth-token", "wrong", "image-list")
    assert ("'str' object" if team.profile == "documented" else "Invalid") in message
