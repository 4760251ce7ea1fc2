"""python-openstackclient, the command ``openstack``, unmodified, over a socket: it does all it can with images."""

import json
from types import SimpleNamespace

import pytest
from clients.commands import Shell, logged_in
from clients.region import DATA, OURS, PROFILES, A, B, served

pytest.importorskip("openstackclient")

CLOUDS = """
clouds:
  theirs:
    region_name: cn-east-3
    auth: {{auth_url: "{url}/v3", username: bob, password: secret, user_domain_name: team, project_id: {project}}}
"""


@pytest.fixture(params=PROFILES)
def team(request, tmp_path):
    """Both projects log in: ours by the environment, theirs by a file of clouds."""
    with served(request.param) as url:
        (tmp_path / "clouds.yaml").write_text(CLOUDS.format(url=url, project=B))
        ours = Shell("openstack", tmp_path, logged_in(url))
        theirs = Shell("openstack", tmp_path, {"OS_CLOUD": "theirs"})
        yield SimpleNamespace(url=url, ours=ours, theirs=theirs, home=tmp_path)


LIST = ("image", "list", "-f", "value", "-c", "ID")


def shown(lines):
    """Read the JSON that a command prints."""
    return json.loads("\n".join(lines))


def test_it_lists_every_image_once(team):
    """Two at a time, by the marker: of itself the command pages on no further, whatever its help says."""
    pages = [team.ours(*LIST, "--limit", "2", "--sort", "created_at:desc")]
    while len(pages[-1]) == 2:
        pages.append(team.ours(*LIST, "--limit", "2", "--sort", "created_at:desc", "--marker", pages[-1][-1]))
    assert pages == [OURS[:2], OURS[2:4], OURS[4:]]


def test_it_filters(team):
    """By name, property, tag and visibility at once."""
    assert team.ours(*LIST, "--name", "image 2", "--property", "__os_type=Linux", "--tag", "env=test", "--private") == [
        OURS[3]
    ]


def test_it_does_all_it_can_with_an_image(team):
    """Created with data, changed, shared and accepted, saved, deleted, and then not found."""
    (team.home / "data").write_bytes(DATA)
    what = ("--disk-format", "raw", "--min-disk", "40", "--property", "a=b", "--tag", "one", "--file", "data")
    image = shown(team.ours("image", "create", "-f", "json", *what, "new"))
    assert (image["status"], image["size"], image["tags"]) == ("active", len(DATA), ["one"])
    team.ours("image", "set", "--name", "newer", "--property", "c=d", "--tag", "two", "--min-ram", "512", "new")
    team.ours("image", "unset", "--property", "a", "--tag", "one", "newer")
    image = shown(team.ours("image", "show", "-f", "json", "newer"))
    assert (image["tags"], image["min_disk"], image["min_ram"]) == (["two"], 40, 512)
    assert (image["properties"]["c"], image["properties"].get("a")) == ("d", None)
    assert team.ours("image", "add", "project", "-f", "value", "-c", "status", "newer", B) == ["pending"]
    team.theirs("image", "set", "--accept", "--project", B, image["id"])
    team.theirs("image", "save", "--file", "copy", "newer")
    assert (team.home / "copy").read_bytes() == DATA
    team.ours("image", "delete", "newer")
    assert "newer" in team.ours.refused("image", "show", "newer")


def test_it_says_what_is_wrong_and_fails(team):
    """In the words of whoever refuses."""
    assert "colour" in team.ours.refused(*LIST, "--sort", "colour:asc")


@pytest.mark.parametrize("team", ["documented"], indirect=True)
def test_it_shows_the_token_and_the_service_catalog(team):
    """Which are the same in every profile; and the token logs in, as a wrong password does not."""
    token = shown(team.ours("token", "issue", "-f", "json"))
    assert token["project_id"] == A
    catalog = team.ours("catalog", "list", "-f", "value", "-c", "Name", "-c", "Type")
    assert catalog == ["glance image", "keystone identity"]
    way = {"OS_AUTH_TYPE": "token", "OS_AUTH_URL": f"{team.url}/v3", "OS_PROJECT_ID": A, "OS_TOKEN": token["id"]}
    assert Shell("openstack", team.home, way)(*LIST) == OURS[::-1]
    assert "401" in team.ours.refused("--os-password", "wrong", *LIST)
