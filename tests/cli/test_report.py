import json
import re
from pathlib import Path

import pytest
import requests
from serving import refusal, run, serving

from ims_mock.journal.coverage import Coverage

pytestmark = pytest.mark.slow  # starts processes

HINT = "Use the URL of a running ims-mock with the control API."


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


def test_report_needs_the_control_api():
    with serving("empty", "--control", "off") as server:
        line = refusal(run("report", "--url", server.url), 1)
        assert f"{server.url} answers with 404. {HINT}" in line


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://[::1"])
def test_unreachable_server_is_one_line_and_status_1(url):
    line = refusal(run("report", "--url", url), 1)
    assert f"{url} does not report its coverage: " in line
    assert line.endswith(HINT)


def test_other_server_is_one_line_and_status_1(failing_port):
    assert f"http://127.0.0.1:{failing_port} " in refusal(run("report", "--port", failing_port), 1)
