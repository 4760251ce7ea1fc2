"""The wheel, in an environment of its own: the suite of somebody who has only read the README."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from readme import readme_suites

ROOT = Path(__file__).parent.parent.parent
SUITE = Path(__file__).parent.parent / "downstream"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("git"), reason="git says what belongs to us")]


def called(*command, cwd):
    """Run a command that succeeds, as far from this checkout as can be."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "IMS_"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=inherited, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An environment with nothing but pytest and the wheel."""
    source, dist, environment = (tmp_path_factory.mktemp(name) for name in ("source", "dist", "environment"))
    for name in filter(None, called("git", "ls-files", "-z", cwd=ROOT).split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    called(sys.executable, "-m", "build", "--wheel", "--outdir", dist, source, cwd=source)
    called(sys.executable, "-m", "venv", environment, cwd=source)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    called(python, "-m", "pip", "install", "-q", *dist.iterdir(), "pytest>=8.0", cwd=environment)
    return python


def test_a_suite_written_from_the_readme_passes(python, tmp_path):
    """Ten tests that use what the README says, and nothing else."""
    shutil.copy(SUITE / "suite.py", tmp_path / "test_suite.py")
    shutil.copy(SUITE / "team.yaml", tmp_path / "team.yaml")
    assert " 10 passed" in called(python, "-m", "pytest", "-W", "error", cwd=tmp_path)


def test_the_suite_of_the_readme_passes(python, tmp_path):
    """Word for word."""
    name, text = readme_suites()[0]
    (tmp_path / name).write_text(text)
    assert " 3 passed" in called(python, "-m", "pytest", "-W", "error", cwd=tmp_path)


def test_the_plugin_is_found_and_left_out_by_its_name(python, tmp_path):
    """As with any other plugin; left out it is not even imported."""
    (tmp_path / "test_it.py").write_text("import sys\ndef test_it(): assert 'ims_mock' not in sys.modules\n")
    assert "1 passed" in called(python, "-m", "pytest", "-p", "no:ims_mock", cwd=tmp_path)
    assert "ims_mock_server" in called(python, "-m", "pytest", "--fixtures", cwd=tmp_path)
