"""The README: its tables are current, and its code blocks and commands work as printed."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from helpers import in_process, make_app, over_socket
from readme import ANSWER, README, block_after, chapter, updated
from serving import serving

from ims_mock import ImsMock
from ims_mock.auth import signature as signing
from ims_mock.faults.rules import FaultRules, rule_from_keywords
from ims_mock.loading.loader import load
from ims_mock.loading.sources import bundled_catalogs

ROOT = Path(__file__).parent.parent.parent


def test_tables_and_sample_response_are_current():
    text = README.read_text()
    assert updated(text) == text, "run: python tests/readme.py"


def test_first_screen_has_the_essentials():
    screen = "\n".join(README.read_text().splitlines()[:50])
    for words in ("ims-mock serve", "curl -s", "<!-- answer -->", "pytest", "not affiliated with Huawei", "2023-11-13",
                  "/v2/cloudimages"):  # fmt: skip
        assert words in screen


def test_internal_links_have_a_heading():
    text = README.read_text()
    anchors = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^#+ (.+)$", text, re.M)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_contents_list_every_chapter_in_order():
    names = re.findall(r"^## (.*)", README.read_text(), re.MULTILINE)
    assert ["Contents", *re.findall(r"^- \[(.*?)\]", chapter("Contents"), re.MULTILINE)] == names


def test_python_blocks_run():
    text = re.sub("## Point your client here.*?\n## ", "", README.read_text(), flags=re.DOTALL)
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        subprocess.run([sys.executable, "-c", block], check=True, cwd="/")


def test_yaml_example_loads_without_warnings(tmp_path):
    path = tmp_path / "example.yaml"
    path.write_text(block_after(README.read_text(), "### The catalog file", "yaml"))
    loaded = load([str(path)])
    assert (len(loaded.catalog), loaded.warnings) == (41, ())


def test_fault_rules_are_valid():
    text = README.read_text()
    rules = [json.loads(one) for one in re.findall(r"<!-- rule -->\n```json\n(.*?)```", text, re.DOTALL)]
    assert [FaultRules().add(rule).id for rule in rules] == ["1", "1"]
    (keys,) = re.findall(r"`faults\.add\((path=.*?)\)`", text)
    assert eval(f"rule_from_keywords({keys})", {"rule_from_keywords": rule_from_keywords}) == rules[0]


def test_message_about_an_incomplete_walk_is_as_printed():
    with ImsMock({"images": [{"id": name} for name in "abcde"]}) as ims:
        ims.client.get(ims.client.get("/v2/images?limit=2").json["next"])
        with pytest.raises(AssertionError) as failed:
            ims.assert_walked_everything()
    assert str(failed.value) == block_after(README.read_text(), "<!-- walks -->", "text")


def test_output_of_check_is_as_printed(tmp_path):
    shown = block_after(README.read_text(), "`ims-mock check` reports", "console").splitlines()
    path = tmp_path / "broken.yaml"
    path.write_text("images:\n- name: one\n  min_disk: forty\n- name: two\n  __platfrom: CentOS\n")
    done = subprocess.run(
        [sys.executable, "-m", "ims_mock", "check", "broken.yaml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == shown[1:]


def test_refusal_of_a_signature_is_as_printed():
    shown = json.loads(block_after(README.read_text(), "<!-- refusal -->", "json"))
    project, date = "7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e", "20250102T030405Z"
    key = {"access": "AK", "secret": "SK", "project": project}
    ask = in_process(make_app({"clock": "2025-01-02T03:04:05Z", "credentials": {"keys": [key]}}, auth="on"))
    headers = {"host": "127.0.0.1:9292", "x-sdk-date": date}
    query = "name=CentOS%207.3&limit=2"
    sent = signing.SignedRequest("GET", "/v2/images", query, headers, lambda: b"", 0)
    wrong = replace(signing.canonical_request(sent, sorted(headers)), query=query)
    signature = wrong.signature(date, "SK")
    authorization = f"SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature={signature}"
    answer = ask(f"/v2/images?{query}", {**headers, "Authorization": authorization}).json
    assert {**answer, "request_id": "…"} == shown


def test_login_example_works():
    command = block_after(README.read_text(), "knows is the caller's own project under that name.")
    sent = command.partition("-d '")[2].rstrip("'").encode()
    for source in ("default", "empty"):
        ask = in_process(make_app(source, auth="on"))
        answer = ask("/v3/auth/tokens", {"Content-Type": "application/json"}, "POST", sent)
        assert answer.status == 201
        assert ask("/v2/images", {"X-Auth-Token": answer.headers["X-Subject-Token"]}).status == 200


def test_every_control_path_is_documented_once():
    text = README.read_text()
    chapter = text[text.index("## Control") : text.index("### Snapshots")]
    paths = []
    for rule in make_app("empty").url_map.iter_rules():
        path = re.sub("<(?:path:)?(?:[a-z]+_)?([a-z]+)>", "{\\1}", rule.rule)
        if path.startswith("/_ims/"):
            paths += [f"{method} {path.removeprefix('/_ims/')}" for method in rule.methods - {"HEAD", "OPTIONS"}]
    rows = "".join(re.findall(r"^\| (`[A-Z]+ [^|]+) \|", chapter, re.M))
    assert sorted(re.findall(r"`([^`]+)`", rows)) == sorted(paths)


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl to ask with")
def test_control_examples_work_as_printed():
    text = README.read_text()
    snapshots, sandboxes = text[text.index("### Snapshots") :].split("### Sandboxes")
    app = make_app("default")
    with over_socket(app) as ask:

        def printed(chapter):
            block = re.search(r"```sh\n(.*?)```", chapter, re.DOTALL)[1]
            commands = block.replace("http://127.0.0.1:9292", ask.url).replace("curl -s", "curl -sS --fail-with-body")
            done = subprocess.run(["sh", "-e", "-c", commands], capture_output=True, text=True)
            assert (done.returncode, done.stderr) == (0, ""), done.stdout
            return done.stdout

        first = printed(snapshots)
        assert '"images":104' in first
        assert '"images":63' in first.splitlines()[-1]
        second = printed(sandboxes)
        assert second.count('"name": "mine"') == 2
        assert '"images":2' in second
        assert len(app.extensions["ims_mock.sandboxes"]) == 0
        shown = json.loads(block_after(text, "<!-- sandbox -->", "json"))
        assert ask("/_ims/sandboxes", method="POST").json.keys() == shown.keys()


def test_local_stand_in_works_as_printed(tmp_path):
    text = chapter("Local stand-in")
    catalog, command = block_after(text, "", "yaml"), block_after(text, "see every request")
    shown = [line.split(" ", 1)[1] for line in block_after(text, "With `--watch`", "console").splitlines()]
    (tmp_path / "team.yaml").write_text(catalog)
    question = re.search(r"'http://127.0.0.1:9292(.*)'", text)[1]
    program, name, *arguments = command.split()
    assert (program, name) == ("ims-mock", "serve")
    with serving(*arguments, cwd=tmp_path) as server:
        assert [image["name"] for image in json.loads(server.ask(question)[2])["images"]] == ["build agent"]
        (tmp_path / "team.yaml").write_text(catalog.replace("count: 30", "count: thirty"))
        told = [server.process.stderr.readline() for _ in range(3)][1:]
        assert [line.split(" ", 1)[1].rstrip() for line in told] == shown
        assert server.ask(question)[0] == 200


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl to make a certificate with")
def test_certificate_example_is_served_and_trusted(tmp_path):
    command = block_after(README.read_text(), "One for this machine is")
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True)
    files = [str(tmp_path / name) for name in ("cert.pem", "key.pem")]
    with serving("empty", "--tls-cert", files[0], "--tls-key", files[1]) as server:
        for host in ("localhost", "127.0.0.1"):
            answer = requests.get(f"https://{host}:{server.port}/_ims/health", verify=files[0], timeout=10)
            assert answer.status_code == 200


def test_every_bundled_catalog_is_documented():
    text = README.read_text()
    for name in bundled_catalogs():
        assert f"| `{name}` |" in text
    assert f"| {len(load(['default']).catalog)} hand-written images" in text


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("git"), reason="git makes the fresh copy")
def test_first_command_works_in_a_fresh_copy(tmp_path):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = README.read_text()
    environment = {**os.environ, "IMS_MOCK_PORT": str(port)}
    environment.pop("PYTHONPATH", None)
    command = ["sh", "-c", f"{block_after(text, 'Set up and serve')} & echo $!; wait"]
    server = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        ready = next(line for line in server.stdout if line.startswith("ims-mock "))
        assert ready.endswith(f" images (default) on http://127.0.0.1:{port}\n")
        question = block_after(text, "Ask it").replace(":9292", f":{port}")
        if not shutil.which("curl"):
            pytest.skip("no curl to ask with")
        asked = subprocess.run(["sh", "-c", question], capture_output=True, text=True, check=True)
        assert json.loads(asked.stdout) == json.loads(ANSWER.search(text)[2])
    finally:
        os.killpg(server.pid, 15)
        began = time.monotonic()
        server.communicate()
        assert time.monotonic() - began < 5


if __name__ == "__main__":
    README.write_text(updated(README.read_text()))
