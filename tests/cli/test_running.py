import json
import re
import time
from pathlib import Path

import pytest
import requests
from rogue import response, rogue
from serving import CERT, KEY, refusal, run, serving

from ims_mock.journal.coverage import Coverage

pytestmark = pytest.mark.slow  # starts processes


def test_server_is_found_by_the_options_of_serve_or_by_url_but_not_by_proxies():
    with serving() as server:
        port, dead = str(server.port), "http://127.0.0.1:1"
        for done in (
            run("healthcheck", IMS_MOCK_PORT=port),
            run("healthcheck", IMS_MOCK_PORT=port, IMS_MOCK_HOST="0.0.0.0"),
            run("healthcheck", "--port", port, IMS_MOCK_PORT="1"),
            run("healthcheck", IMS_MOCK_URL=server.url, IMS_MOCK_PORT="1"),
            run("healthcheck", "--url", server.url + "/", IMS_MOCK_URL=dead),
            run("healthcheck", IMS_MOCK_PORT=port, http_proxy=dead, https_proxy=dead, all_proxy=dead),
        ):
            assert (done.returncode, done.stderr) == (0, "")
            answer = json.loads(done.stdout)
            assert (answer["status"], answer["images"]) == ("ok", server.images)


def test_any_certificate_is_accepted():
    environment = {"IMS_MOCK_TLS_CERT": CERT, "IMS_MOCK_TLS_KEY": KEY, "IMS_MOCK_HOST": "0.0.0.0"}
    with serving(**environment) as server:
        port = str(server.port)
        for done in (
            run("healthcheck", IMS_MOCK_PORT=port, **environment),
            run("healthcheck", "--tls-cert", CERT, "--port", port),
            run("healthcheck", "--url", f"https://localhost:{port}"),
        ):
            assert (done.returncode, done.stderr) == (0, "")
            assert json.loads(done.stdout)["images"] == server.images
        assert "does not answer: " in refusal(run("healthcheck", "--port", port), 1)


def test_report_shows_what_requests_to_server_and_sandboxes_covered():
    with serving("empty") as server:
        server.ask("/v2/images?status=active")
        sandbox = requests.post(f"{server.url}/_ims/sandboxes", timeout=10).json()
        requests.get(f"{sandbox['url']}/v2/images?status=queued", timeout=10)
        text = run("report", IMS_MOCK_PORT=str(server.port))
        assert (text.returncode, text.stderr) == (0, "")
        assert re.match(r"6 of \d+ ", text.stdout)
        assert "values: status=saving, deleted, killed; " in text.stdout
        found = json.loads(run("report", "--url", server.url + "/", "--format", "json").stdout)
        assert found == requests.get(f"{server.url}/_ims/coverage", timeout=10).json()
        done = run("report", "--port", server.port, "--format", "markdown", "--output", "report.md")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert re.search(r"\| `values` \| 2 of \d+ \| ", Path("report.md").read_text())
        inside = json.loads(run("report", "--url", sandbox["url"], "--format", "json").stdout)
        assert Coverage.read(inside).covered("values") == ("status=queued",)


HINTS = {
    "healthcheck": ("does not answer", "Use http://HOST:PORT of a running ims-mock."),
    "report": ("does not report its coverage", "Use the URL of a running ims-mock with the control API."),
}
REASONS = {
    "connection refused": ("http://127.0.0.1:1", ""),
    "not a URL with a host": ("nonsense", "http://", "http://:1", "file:///etc"),
    "invalid ipv6 url": ("http://[::1",),
    "nonnumeric port: 'b'": ("http://a:b",),
}


def test_only_a_report_needs_the_control_api():
    with serving("empty", "--control", "off") as server:
        done = run("healthcheck", "--port", server.port)
        assert (done.returncode, done.stdout) == (0, f"{server.url} answers with 404\n")
        line = refusal(run("report", "--url", server.url), 1)
        assert line == f"ims-mock: {server.url} answers with 404. {HINTS['report'][1]}"


@pytest.mark.parametrize("command", HINTS)
@pytest.mark.parametrize(("url", "reason"), [(url, reason) for reason, urls in REASONS.items() for url in urls])
def test_unreachable_server_is_one_line_and_status_1(command, url, reason):
    line, (what, hint) = refusal(run(command, "--url", url, "--port", 1), 1), HINTS[command]
    assert line == f"ims-mock: {url or 'http://127.0.0.1:1'} {what}: {reason}. {hint}"


WRONG = {
    "error": lambda *_: response(b"", "503 Service Unavailable"),
    "no JSON": lambda *_: response(b"hello"),
    "no HTTP": lambda *_: b"\0\0\0 what?\r\n\r\n",
    "silence": lambda server, _: b"" if server.released.wait(10) else b"late",
}


@pytest.mark.parametrize("write", WRONG.values(), ids=WRONG)
def test_other_server_is_one_line_and_status_1_within_seconds(write):
    with rogue(write) as server:
        assert f"{server.url} " in refusal(run("report", "--url", server.url), 1)
        started = time.monotonic()
        done = run("healthcheck", "--url", server.url)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert len((done.stdout + done.stderr).splitlines()) == 1
    assert time.monotonic() - started < 15
