"""The README's chapter for clients: what it prints is run as it stands, against an emulator that needs credentials."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import make_app, over_socket

README = Path(__file__).parent.parent.parent / "README.md"
CHAPTER = re.search("## Point your client here\n(.*?)\n## ", README.read_text(), re.DOTALL)[1]
BASE = "http://127.0.0.1:9292"


@pytest.fixture
def run(tmp_path):
    """Run a block of the chapter beside its ``clouds.yaml``, and give what it prints."""
    with over_socket(make_app("default", auth="on")) as ask:

        def printed(command, language, sentence):
            block = re.search(rf"```{language}\n(.*?)```", CHAPTER[CHAPTER.index(sentence) :], re.DOTALL)[1]
            scripts = Path(sys.executable).parent
            environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
            environment = {name: value for name, value in environment.items() if not name.startswith("OS_")}
            clouds = re.search(r"```yaml\n(.*?)```", CHAPTER, re.DOTALL)[1]
            (tmp_path / "clouds.yaml").write_text(clouds.replace(BASE, ask.url))
            done = subprocess.run(
                [*command, block.replace(BASE, ask.url)], cwd=tmp_path, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield printed


def names(count=2):
    """Give the names of the first images, as the project of the chapter sees them."""
    client = make_app("default").test_client()
    return [image["name"] for image in client.get(f"/v2/images?limit={count}").json["images"]]


def test_the_vendors_sdk(run):
    """It signs, and lists."""
    pytest.importorskip("huaweicloudsdkims")
    assert run([sys.executable, "-c"], "python", "**Huawei Cloud SDK for Python**").strip() == repr(names())


def test_openstacksdk(run):
    """It logs in by clouds.yaml, and lists."""
    pytest.importorskip("openstack")
    assert run([sys.executable, "-c"], "python", "**OpenStack**").strip() == repr(names())


def test_the_openstack_command(run):
    """It does, too; it sorts by name."""
    pytest.importorskip("openstackclient")
    printed = run(["sh", "-c"], "sh", "**OpenStack**").splitlines()
    assert len(printed) == 2
    assert set(printed) <= set(names(1000))


def test_the_glance_command(run):
    """With a token."""
    pytest.importorskip("glanceclient")
    printed = run(["sh", "-c"], "sh", "**The `glance` command**")
    assert printed.count("\n| ") - 1 == 2


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl(run):
    """All that a shared image goes through; its member finds it in the list."""
    printed = run(["sh", "-c"], "sh", "**curl**")
    (listed,) = re.findall(r'\{"images": \[.*', printed)
    assert re.findall(r'"(?:name|status|visibility|__platform|size)": "?([^",]+)', listed) == [
        "mine", "active", "shared", "20", "CentOS",
    ]  # fmt: skip
    assert printed.count('"status":"accepted"') == 1


def test_every_client_is_told_the_same():
    """The credentials of the chapter are those of the catalog, wherever they stand."""
    store = make_app("default").extensions["ims_mock"].credentials
    project, key, user = store.default_project, store.keys[0], store.users[0]
    assert set(re.findall(r"[0-9a-f]{32}", CHAPTER)) == {project, store.keys[1].project}
    assert set(re.findall(r"IMSMOCKACCESSKEY\d+", CHAPTER)) == {key.access}
    for known in (key.secret, user.name, user.password, user.domain, store.project(project).name):
        assert known in CHAPTER
