"""The command ``openstack`` of python-openstackclient over a socket."""

import json
from types import SimpleNamespace

import pytest
from clients.commands import Shell, password_environment
from clients.region import DATA, IDS, PROFILES, A, B, served

pytest.importorskip("openstackclient")

CLOUDS = """
clouds:
  theirs:
    region_name: cn-east-3
    auth: {{auth_url: "{url}/v3", username: bob, password: secret, user_domain_name: team, project_id: {project}}}
"""


@pytest.fixture(params=PROFILES)
def team(request, tmp_path):
    with served(request.param) as url:
        (tmp_path / "clouds.yaml").write_text(CLOUDS.format(url=url, project=B))
        ours = Shell("openstack", tmp_path, password_environment(url))
        theirs = Shell("openstack", tmp_path, {"OS_CLOUD": "theirs"})
        yield SimpleNamespace(url=url, ours=ours, theirs=theirs, home=tmp_path)


LIST = ("image", "list", "-f", "value", "-c", "ID")


def shown(lines):
    return json.loads("\n".join(lines))


def test_paging_returns_every_image_once(team):
    pages = [team.ours(*LIST, "--limit", "2", "--sort", "created_at:desc")]
    while len(pages[-1]) == 2:
        pages.append(team.ours(*LIST, "--limit", "2", "--sort", "created_at:desc", "--marker", pages[-1][-1]))
    assert pages == [IDS[:2], IDS[2:4], IDS[4:]]


def test_filters(team):
    assert team.ours(*LIST, "--name", "image 2", "--property", "__os_type=Linux", "--tag", "env=test", "--private") == [
        IDS[3]
    ]


def test_commands_cover_the_life_of_an_image(team):
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
    assert "newer" in team.ours.failure("image", "show", "newer")


def test_command_fails_with_the_message_of_the_service(team):
    assert "colour" in team.ours.failure(*LIST, "--sort", "colour:asc")


@pytest.mark.parametrize("team", ["documented"], indirect=True)
def test_token_issue_and_catalog_list(team):
    token = shown(team.ours("token", "issue", "-f", "json"))
    assert token["project_id"] == A
    catalog = team.ours("catalog", "list", "-f", "value", "-c", "Name", "-c", "Type")
    assert catalog == ["glance image", "keystone identity"]
    way = {"OS_AUTH_TYPE": "token", "OS_AUTH_URL": f"{team.url}/v3", "OS_PROJECT_ID": A, "OS_TOKEN": token["id"]}
    assert Shell("openstack", team.home, way)(*LIST) == IDS[::-1]
    assert "401" in team.ours.failure("--os-password", "wrong", *LIST)
