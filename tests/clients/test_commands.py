"""The commands ``glance`` and ``openstack`` over a socket."""

import json
import subprocess
import sysconfig
from types import SimpleNamespace

import pytest
from clients.region import DATA, IDS, PROFILES, A, B, served

PASSWORD = {
    "OS_IDENTITY_API_VERSION": "3",
    "OS_USERNAME": "ann",
    "OS_PASSWORD": "secret",
    "OS_USER_DOMAIN_NAME": "team",
    "OS_PROJECT_NAME": "cn-north-4",
    "OS_PROJECT_DOMAIN_NAME": "team",
    "OS_REGION_NAME": "cn-north-4",
}
CLOUDS = """
clouds:
  theirs:
    region_name: cn-east-3
    auth: {{auth_url: "{url}/v3", username: bob, password: secret, user_domain_name: team, project_id: {project}}}
"""


def shell(command, home, environment):
    """Return a function that runs a command without other variables and returns the lines it prints, or its errors."""
    scripts = sysconfig.get_path("scripts")
    usual = {"HOME": str(home), "PATH": scripts, "PYTHONUTF8": "1"}
    usual["XDG_CACHE_HOME"] = str(home.parent / "cache")  # shared, because filling it takes long
    settings = {"cwd": home, "env": {**usual, **environment}, "stdin": subprocess.DEVNULL, "timeout": 60}

    def run(*words, fails=False):
        done = subprocess.run([f"{scripts}/{command}", *words], capture_output=True, text=True, **settings)
        if fails:
            assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (1, "", False), done
            return done.stderr
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.splitlines()

    return run


@pytest.fixture(params=PROFILES)
def team(request, tmp_path):
    with served(request.param) as url:
        (tmp_path / "data").write_bytes(DATA)
        (tmp_path / "clouds.yaml").write_text(CLOUDS.format(url=url, project=B))
        login = {"OS_AUTH_URL": f"{url}/v3", **PASSWORD}
        yield SimpleNamespace(url=url, profile=request.param, home=tmp_path, login=login)


# --- glance


@pytest.fixture
def glance(team):
    pytest.importorskip("glanceclient")
    return shell("glance", team.home, team.login)


def rows(lines):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][1:]


def listed(glance, *words):
    return [identity for identity, *_ in rows(glance("image-list", *words))]


def test_glance_lists_pages_and_filters(glance):
    assert listed(glance, "--page-size", "2", "--sort", "created_at:desc") == IDS
    what = ("--property-filter", "__os_type=Linux", "--tag", "env=test", "--visibility", "private")
    assert listed(glance, *what) == [IDS[3]]


def test_glance_covers_the_life_of_an_image(glance, team):
    theirs = shell("glance", team.home, {"OS_IMAGE_URL": team.url, "OS_AUTH_TOKEN": "of-b"})
    what = ("--disk-format", "raw", "--container-format", "bare", "--min-disk", "40", "--property", "a=b")
    image = dict(rows(glance("image-create", "--name", "new", *what, "--file", "data")))
    assert (image["status"], image["size"], image["min_disk"], image["a"]) == ("active", str(len(DATA)), "40", "b")
    one = image["id"]
    image = dict(rows(glance("image-update", "--name", "newer", "--property", "c=d", "--remove-property", "a", one)))
    assert (image["name"], image["c"], image.get("a")) == ("newer", "d", None)
    glance("image-tag-update", one, "k=v")
    assert dict(rows(glance("image-show", one)))["tags"] == '["k=v"]'
    assert rows(glance("member-create", one, B)) == [[one, B, "pending"]]
    assert rows(theirs("member-update", one, B, "accepted")) == [[one, B, "accepted"]]
    assert listed(theirs) == [one]
    theirs("image-download", "--file", "copy", one)
    assert (team.home / "copy").read_bytes() == DATA
    glance("image-delete", one)
    assert one in glance("image-show", one, fails=True)


def test_glance_fails_with_the_message_of_the_service(glance, team):
    assert "colour" in glance("image-list", "--sort", "colour:asc", fails=True)
    # The documented gateway puts a string where the command expects an object.
    message = glance("--os-image-url", team.url, "--os-auth-token", "wrong", "image-list", fails=True)
    assert ("'str' object" if team.profile == "documented" else "Invalid") in message


# --- openstack


LIST = ("image", "list", "-f", "value", "-c", "ID")


@pytest.fixture
def openstack(team):
    pytest.importorskip("openstackclient")
    return shell("openstack", team.home, team.login)


def shown(lines):
    return json.loads("\n".join(lines))


def test_openstack_lists_pages_and_filters(openstack):
    first = openstack(*LIST, "--limit", "2", "--sort", "created_at:desc")
    rest = openstack(*LIST, "--sort", "created_at:desc", "--marker", first[-1])
    assert (first, rest) == (IDS[:2], IDS[2:])
    what = ("--name", "image 2", "--property", "__os_type=Linux", "--tag", "env=test", "--private")
    assert openstack(*LIST, *what) == [IDS[3]]


def test_openstack_covers_the_life_of_an_image(openstack, team):
    theirs = shell("openstack", team.home, {"OS_CLOUD": "theirs"})
    what = ("--disk-format", "raw", "--min-disk", "40", "--property", "a=b", "--tag", "one", "--file", "data")
    image = shown(openstack("image", "create", "-f", "json", *what, "new"))
    assert (image["status"], image["size"], image["tags"]) == ("active", len(DATA), ["one"])
    openstack("image", "set", "--name", "newer", "--property", "c=d", "--tag", "two", "--min-ram", "512", "new")
    openstack("image", "unset", "--property", "a", "--tag", "one", "newer")
    image = shown(openstack("image", "show", "-f", "json", "newer"))
    assert (image["tags"], image["min_disk"], image["min_ram"]) == (["two"], 40, 512)
    assert (image["properties"]["c"], image["properties"].get("a")) == ("d", None)
    assert openstack("image", "add", "project", "-f", "value", "-c", "status", "newer", B) == ["pending"]
    theirs("image", "set", "--accept", "--project", B, image["id"])
    theirs("image", "save", "--file", "copy", "newer")
    assert (team.home / "copy").read_bytes() == DATA
    openstack("image", "delete", "newer")
    assert "newer" in openstack("image", "show", "newer", fails=True)
    assert "colour" in openstack(*LIST, "--sort", "colour:asc", fails=True)


@pytest.mark.parametrize("team", ["documented"], indirect=True)
def test_openstack_issues_a_token_and_lists_the_service_catalog(openstack, team):
    token = shown(openstack("token", "issue", "-f", "json"))
    assert token["project_id"] == A
    catalog = openstack("catalog", "list", "-f", "value", "-c", "Name", "-c", "Type")
    assert catalog == ["glance image", "keystone identity"]
    way = {"OS_AUTH_TYPE": "token", "OS_AUTH_URL": f"{team.url}/v3", "OS_PROJECT_ID": A, "OS_TOKEN": token["id"]}
    assert shell("openstack", team.home, way)(*LIST) == IDS[::-1]
    assert "401" in openstack("--os-password", "wrong", *LIST, fails=True)
