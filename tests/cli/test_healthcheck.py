import json
import time

import pytest
from serving import CERT, KEY, refusal, run, serving

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


def test_server_without_control_api_is_healthy():
    with serving("empty", "--control", "off") as server:
        done = run("healthcheck", "--port", server.port)
        assert (done.returncode, done.stdout) == (0, f"{server.url} answers with 404\n")


REASONS = {
    "connection refused": ("http://127.0.0.1:1", ""),
    "not a URL with a host": ("nonsense", "http://", "http://:1", "file:///etc"),
    "invalid ipv6 url": ("http://[::1",),
    "nonnumeric port: 'b'": ("http://a:b",),
}


@pytest.mark.parametrize(("url", "reason"), [(url, reason) for reason, urls in REASONS.items() for url in urls])
def test_unreachable_server_is_one_line_and_status_1(url, reason):
    line = refusal(run("healthcheck", "--url", url, "--port", 1), 1)
    hint = "Use http://HOST:PORT of a running ims-mock."
    assert line == f"ims-mock: {url or 'http://127.0.0.1:1'} does not answer: {reason}. {hint}"


def test_other_server_is_status_1_within_seconds(failing_port):
    started = time.monotonic()
    done = run("healthcheck", "--port", failing_port)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len((done.stdout + done.stderr).splitlines()) == 1
    assert time.monotonic() - started < 15
