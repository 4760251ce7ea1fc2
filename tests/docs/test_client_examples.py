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

from ims_mock.auth.credentials import stable_id
from scripts.report_card import missing_tools

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
            command = [*command, block.replace(BASE, ask.url)]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield printed


def names(count=2):
    """Return the names of the first images of the list."""
    client = make_app("default").test_client()
    return [image["name"] for image in client.get(f"/v2/images?limit={count}").json["images"]]


@pytest.mark.parametrize(
    ("module", "heading"), [("huaweicloudsdkims", "Huawei Cloud SDK for Python"), ("openstack", "OpenStack")]
)
def test_python_sdks(run, module, heading):
    pytest.importorskip(module)
    assert run([sys.executable, "-c"], "python", heading).strip() == repr(names())


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


POM = """
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <properties>
    <maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies><dependency>
    <groupId>com.huaweicloud.sdk</groupId><artifactId>huaweicloud-sdk-ims</artifactId><version>3.1.143</version>
  </dependency></dependencies>
</project>
"""
SDKS = [
    pytest.param(
        "java", "java", "src/main/java/Main.java",
        "mvn -q -B compile dependency:build-classpath -Dmdep.outputFile=path >&2 && "
        "java -cp target/classes:$(cat path) Main 2>errors",
        id="java",
    ),
    pytest.param("go", "go", "main.go", "go mod init example && go mod tidy && go run .", id="go"),
    pytest.param(
        "node", "js", "main.js",
        "npm install --silent @huaweicloud/huaweicloud-sdk-core@3.1.211 uuid@9 >&2 && node main.js",
        id="node",
    ),
]  # fmt: skip


@pytest.mark.sdks
@pytest.mark.parametrize(("program", "language", "file", "command"), SDKS)
def test_sdks_in_other_languages(tmp_path, program, language, file, command):
    if missing := missing_tools(command):
        pytest.skip(f"needs {' and '.join(missing)}")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "pom.xml").write_text(POM)
    with over_socket(make_app("default", auth="on")) as ask:
        (tmp_path / file).write_text(block_after(GUIDE, f"## {program.title()}\n", language).replace(BASE, ask.url))
        done = subprocess.run(["sh", "-e", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-2:] == names()


def test_credentials_are_those_of_the_default_catalog():
    store = make_app("default").extensions["ims_mock"].credentials
    project, key, user = store.default_project, store.keys[0], store.users[0]
    domain = stable_id("domain", user.domain)
    assert set(re.findall(r"[0-9a-f]{32}", GUIDE)) == {domain, *(key.project for key in store.keys)}
    assert set(re.findall(r"IMSMOCKACCESSKEY\d+", GUIDE)) == {key.access}
    names = (user.name, user.password, user.domain, store.project(project).name)
    for known in (key.secret, *names, *(one.token for one in store.tokens)):
        assert f"`{known}`" in GUIDE
