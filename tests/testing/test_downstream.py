"""The wheel in an environment of its own, used by the test suites of the documentation."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from docs_pages import SUITES

ROOT = Path(__file__).parent.parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("git"), reason="git lists the files of the source distribution"),
]


def run(*command, cwd):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "IMS_"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=inherited, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    source, dist, environment = (tmp_path_factory.mktemp(name) for name in ("source", "dist", "environment"))
    for name in filter(None, run("git", "ls-files", "-z", cwd=ROOT).split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    run(sys.executable, "-m", "build", "--wheel", "--outdir", dist, source, cwd=source)
    run(sys.executable, "-m", "venv", environment, cwd=source)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(python, "-m", "pip", "install", "-q", *dist.iterdir(), "pytest>=8.0", cwd=environment)
    return python


def test_documented_suites_pass(python, tmp_path):
    for number, suite in enumerate(SUITES.values()):
        (tmp_path / f"test_{number}.py").write_text(suite)
    count = sum(suite.count("def test_") for suite in SUITES.values())
    assert f" {count} passed" in run(python, "-m", "pytest", "-W", "error", cwd=tmp_path)


def test_wheel_has_the_control_page(python, tmp_path):
    script = """
import ims_mock
client = ims_mock.create_app("empty").test_client()
for path in ("", "pages/faults", "pages/static/page.css", "pages/static/page.js", "pages/static/icon.svg"):
    print(client.get(f"/_ims/{path}", headers={"Accept": "text/html"}, buffered=True).status_code)
"""
    assert run(python, "-c", script, cwd=tmp_path).split() == ["200"] * 5


def test_plugin_is_registered_and_can_be_disabled_by_name(python, tmp_path):
    (tmp_path / "test_it.py").write_text("import sys\ndef test_it(): assert 'ims_mock' not in sys.modules\n")
    assert "1 passed" in run(python, "-m", "pytest", "-p", "no:ims_mock", cwd=tmp_path)
    assert "ims_mock_server" in run(python, "-m", "pytest", "--fixtures", cwd=tmp_path)
