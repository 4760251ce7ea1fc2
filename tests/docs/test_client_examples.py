"""The code blocks of the guide to clients, run against an emulator that requires credentials."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from docs_pages import PAGES, block_after
from helpers import make_app, over_socket

GUIDE = PAGES["guides/clients.md"]
BASE = "http://127.0.0.1:9292"

pytestmark = pytest.mark.clients


@pytest.fixture
def run(tmp_path):
    """Run a code block of the guide next to its ``clouds.yaml``, and return what it prints."""
    with over_socket(make_app("default", auth="on")) as ask:

        def printed(command, language, heading):
            block = block_after(GUIDE, f"\n## {heading} ✓\n", language)
            scripts = Path(sys.executable).parent
            environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
            environment = {name: value for name, value in environment.items() if not name.startswith("OS_")}
            clouds = block_after(GUIDE, "A `clouds.yaml`", "yaml")
            (tmp_path / "clouds.yaml").write_text(clouds.replace(BASE, ask.url))
            done = subprocess.run(
                [*command, block.replace(BASE, ask.url)], cwd=tmp_path, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield printed


def names(count=2):
    """Return the names of the first images of the list."""
    client = make_app("default").test_client()
    return [image["name"] for image in client.get(f"/v2/images?limit={count}").json["images"]]


def test_huaweicloudsdkims(run):
    pytest.importorskip("huaweicloudsdkims")
    assert run([sys.executable, "-c"], "python", "Huawei Cloud SDK for Python").strip() == repr(names())


def test_openstacksdk(run):
    pytest.importorskip("openstack")
    assert run([sys.executable, "-c"], "python", "OpenStack").strip() == repr(names())


def test_openstack_command(run):
    pytest.importorskip("openstackclient")
    printed = run(["sh", "-c"], "sh", "OpenStack").splitlines()
    assert len(printed) == 2
    assert set(printed) <= set(names(1000))


def test_glance_command(run):
    pytest.importorskip("glanceclient")
    printed = run(["sh", "-c"], "sh", "The glance command")
    assert printed.count("\n| ") - 1 == 2


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl(run):
    printed = run(["sh", "-c"], "sh", "curl")
    (listed,) = re.findall(r'\{"images": \[.*', printed)
    assert re.findall(r'"(?:name|status|visibility|__platform|size)": "?([^",]+)', listed) == [
        "mine", "active", "shared", "20", "CentOS",
    ]  # fmt: skip
    assert printed.count('"status":"accepted"') == 1


def test_credentials_are_those_of_the_default_catalog():
    store = make_app("default").extensions["ims_mock"].credentials
    project, key, user = store.default_project, store.keys[0], store.users[0]
    assert set(re.findall(r"[0-9a-f]{32}", GUIDE)) == {project, store.keys[1].project}
    assert set(re.findall(r"IMSMOCKACCESSKEY\d+", GUIDE)) == {key.access}
    for known in (key.secret, user.name, user.password, user.domain, store.project(project).name):
        assert known in GUIDE
