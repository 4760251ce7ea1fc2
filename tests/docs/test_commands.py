"""Commands and outputs on the pages of the documentation: they work and look as printed."""

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime, timezone

import pytest
import requests
from docs_pages import PAGES, block_after
from helpers import in_process, make_app, over_socket
from serving import put, run, serving

from ims_mock import ImsMock
from ims_mock.auth import signature as signing

BASE = "http://127.0.0.1:9292"
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")


def shell(block, url, **options):
    """Run a block of commands against a server, and return what it prints; a failed request is an error."""
    commands = block.replace(BASE, url).replace("curl -s", "curl -sS --fail-with-body")
    done = subprocess.run(["sh", "-e", "-c", commands], capture_output=True, text=True, **options)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


@needs_curl
def test_first_requests_of_the_guides_find_images():
    with over_socket(make_app("default")) as ask:
        for page in ("quickstart.md", "guides/authentication.md"):
            assert json.loads(shell(first_curl(page), ask.url))["images"]
        assert "requests" in json.loads(shell(first_curl("troubleshooting.md"), ask.url))


def first_curl(page):
    """Return the first line of a page that calls curl."""
    return re.search(r"^curl -s.*$", PAGES[page], re.MULTILINE)[0]


@needs_curl
def test_clock_example_advances_the_clock():
    with over_socket(make_app({"clock": "2030-01-01T00:00:00Z"})) as ask:
        shell(block_after(PAGES["guides/authentication.md"], "So a test can let a token expire"), ask.url)
        assert ask("/_ims/clock").json["now"] == "2030-01-02T01:00:00Z"


def test_message_about_an_incomplete_walk_is_as_printed():
    with ImsMock({"images": [{"id": name} for name in "abcde"]}) as ims:
        ims.client.get(ims.client.get("/v2/images?limit=2").json["next"])
        with pytest.raises(AssertionError) as failed:
            ims.assert_walked_everything()
    assert str(failed.value) == block_after(PAGES["guides/journal.md"], "<!-- walks -->", "text")


def test_output_of_check_is_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put("broken.yaml", "images:\n- name: one\n  min_disk: forty\n- name: two\n  __platfrom: CentOS\n")
    put("hidden.yaml", "images:\n- name: one\n- {name: two, owner: bbbb2222}\n")
    for text in ("`ims-mock check` reports", "a summary counts"):
        command, *shown = block_after(PAGES["guides/catalogs.md"], text, "console").splitlines()
        program, name, *arguments = command.removeprefix("$ ").split()
        assert (program, name) == ("ims-mock", "check")
        assert run(name, *arguments).stdout.splitlines() == shown


def test_recorded_catalog_starts_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    guide = PAGES["guides/recording.md"]
    commands = [line.split() for line in block_after(guide, "# Use your region's").splitlines()]
    (_, variable), (_, record, url, *output), check, _ = commands
    shown = block_after(guide, "The file starts with", "yaml").replace("2026-12-01", f"{datetime.now(timezone.utc):%F}")
    with over_socket(make_app("default")) as ask:
        done = run(record, ask.url, *output, **{variable.rstrip("=."): "ims-mock-token"})
        shown = shown.replace(url.removeprefix("https://"), ask.url.removeprefix("http://"))
    assert done.returncode == run(*check[1:]).returncode == 0
    assert (tmp_path / output[1]).read_text().startswith(shown)


def test_command_that_generates_images_works():
    program, *arguments = block_after(PAGES["guides/generated-images.md"], "the command line").split()
    assert program == "ims-mock"
    images = json.loads(run(*arguments).stdout)["images"]
    assert [image["__platform"] for image in images] == ["CentOS"] * 3


def test_command_that_prints_the_openapi_document_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program, *arguments = block_after(PAGES["reference/control-api.md"], "## OpenAPI").split()
    assert (program, run(*arguments).returncode) == ("ims-mock", 0)
    assert json.loads((tmp_path / arguments[-1]).read_text())["openapi"].startswith("3.1")


def test_rejected_signature_is_explained_as_printed():
    shown = json.loads(block_after(PAGES["guides/authentication.md"], "<!-- refusal -->", "json"))
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


def test_rule_that_locks_an_access_key_applies_after_five_requests():
    rule = json.loads(block_after(PAGES["guides/fault-injection.md"], "## A locked access key", "json"))
    app = make_app(auth="on")
    app.extensions["ims_mock"].faults.add(rule)
    answers = [in_process(app)("/v2/images", {"X-Auth-Token": "wrong"}).json["error_msg"] for _ in range(7)]
    detail = [answer.removeprefix("Incorrect IAM authentication information: ") for answer in answers]
    assert detail == ["decrypt token fail"] * 5 + ["AK access failed to reach the limit,forbidden"] * 2


@pytest.mark.parametrize("source", ["default", "empty"])
def test_login_example_works(source):
    command = block_after(PAGES["guides/authentication.md"], "the caller's own project under that name.")
    sent = command.partition("-d '")[2].rstrip("'").encode()
    ask = in_process(make_app(source, auth="on"))
    answer = ask("/v3/auth/tokens", {"Content-Type": "application/json"}, "POST", sent)
    assert answer.status == 201
    assert ask("/v2/images", {"X-Auth-Token": answer.headers["X-Subject-Token"]}).status == 200


@needs_curl
def test_snapshot_example_works():
    with over_socket(make_app("default")) as ask:
        printed = shell(block_after(PAGES["guides/catalogs.md"], "A snapshot is"), ask.url)
    assert '"images":104' in printed
    assert '"images":63' in printed.splitlines()[-1]


@needs_curl
def test_explanation_is_as_printed():
    text = PAGES["reference/control-api.md"]
    with over_socket(make_app("default")) as ask:
        printed = json.loads(shell(block_after(text, "## Explain"), ask.url))
    assert printed == json.loads(block_after(text, "<!-- explanation -->", "json"))
    program, *arguments = shlex.split(block_after(text, "The same in the terminal"))
    done = run(*arguments)
    assert (program, done.returncode) == ("ims-mock", 0)
    assert all(condition["condition"] in done.stdout for condition in printed["conditions"])


@needs_curl
def test_sandbox_example_works():
    app, text = make_app("default"), PAGES["guides/sandboxes.md"]
    with over_socket(app) as ask:
        printed = shell(block_after(text, "## Options"), ask.url)
        assert printed.count('"name": "mine"') == 2
        assert '"images":2' in printed
        assert len(app.extensions["ims_mock.sandboxes"]) == 0
        shown = json.loads(block_after(text, "<!-- sandbox -->", "json"))
        assert ask("/_ims/sandboxes", method="POST").json.keys() == shown.keys()


def test_wrong_file_is_not_reloaded_and_is_reported_as_printed(tmp_path, monkeypatch):
    text = PAGES["guides/docker-and-ci.md"]
    shown = [line.split(" ", 1)[1] for line in block_after(text, "A wrong file is reported", "console").splitlines()]
    program, name, *arguments = block_after(text, "## Reloading").split()
    assert (program, name) == ("ims-mock", "serve")
    catalog = "images:\n  - name: build agent\n    __imagetype: private\ngenerate:\n  - count: 30\n    seed: 7\n"
    (tmp_path / "team.yaml").write_text(catalog)
    monkeypatch.chdir(tmp_path)
    with serving(*arguments) as server:
        (tmp_path / "team.yaml").write_text(catalog.replace("count: 30", "count: thirty"))
        reported = [server.process.stderr.readline() for _ in shown]
        assert [line.split(" ", 1)[1].rstrip() for line in reported] == shown
        assert server.ask("/v2/images")[0] == 200


def test_log_of_a_request_is_as_printed():
    shown = block_after(PAGES["guides/docker-and-ci.md"], "## The log", "console").splitlines()
    varying = re.compile(r"^\S+Z|\d+\.\d ms|\b[0-9a-f]{32}\b")
    with serving("--log-level", "info") as server:
        for line in shown:
            server.ask(re.search(r"GET (\S+)", line)[1])
            assert varying.sub("…", server.process.stderr.readline().rstrip()) == varying.sub("…", line)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_certificate_example_is_served_and_trusted(tmp_path):
    command = block_after(PAGES["guides/docker-and-ci.md"], "A certificate for this machine")
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True)
    files = [str(tmp_path / name) for name in ("cert.pem", "key.pem")]
    with serving("empty", "--tls-cert", files[0], "--tls-key", files[1]) as server:
        for host in ("localhost", "127.0.0.1"):
            answer = requests.get(f"https://{host}:{server.port}/_ims/health", verify=files[0], timeout=10)
            assert answer.status_code == 200
