"""The examples in ``examples/`` work."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from serving import run, serving

pytestmark = pytest.mark.slow  # starts processes

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
CATALOGS = sorted(path for path in EXAMPLES.rglob("*.yaml") if not {"compose.yaml", "node_modules"} & {*path.parts})


def test_pytest_project_passes(tmp_path):
    project = shutil.copytree(EXAMPLES / "pytest-project", tmp_path / "project")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "ims_mock"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    result = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert "3 passed" in result.stdout, result.stdout + result.stderr


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
def test_node_tests_pass():
    folder = EXAMPLES / "compose-node"
    with serving(str(folder / "catalogs")) as server:
        environment = {"IMS_MOCK_URL": server.url, "PATH": str(Path(shutil.which("node")).parent)}
        result = subprocess.run(["node", "--test"], cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.name)
def test_catalogs_have_no_problems(path):
    checked = run("check", path)
    assert "no problems" in checked.stdout, checked.stdout
