"""The README: it is short, and its commands and examples work as printed."""

import os
import re
import shutil
import subprocess
import time

import pytest
from docs_pages import README, ROOT, block_after
from serving import free_port

TEXT = README.read_text()


def test_it_fits_on_one_screen():
    lines = TEXT.splitlines()
    assert len(lines) <= 200
    assert len(TEXT) <= 14_000
    assert max(map(len, lines)) <= 400


def matches(shown, printed):
    """Return whether a text is as shown; white space does not count, and an ellipsis stands for anything."""
    parts = ["".join(part.split()) for part in shown.split("…")]
    return re.fullmatch(".*".join(map(re.escape, parts)), "".join(printed.split()), re.DOTALL)


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("git") and shutil.which("curl")), reason="needs git and curl")
def test_commands_work_in_a_fresh_copy(tmp_path):
    """The block after "Set up and serve" starts a server, which answers the one after "Ask it" as shown."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    port = free_port()
    environment = {**os.environ, "IMS_MOCK_PORT": str(port)}
    environment.pop("PYTHONPATH", None)
    command = ["sh", "-c", f"{block_after(TEXT, 'Set up and serve')} & echo $!; wait"]
    options = {"cwd": tmp_path, "env": environment, "stdout": subprocess.PIPE, "text": True}
    server = subprocess.Popen(command, **options, start_new_session=True)
    try:
        ready = next(line for line in server.stdout if line.startswith("ims-mock "))
        assert ready.endswith(f" on http://127.0.0.1:{port}\n")
        request = block_after(TEXT, "Ask it").replace(":9292", f":{port}")
        asked = subprocess.run(["sh", "-c", request], capture_output=True, text=True, check=True)
        assert matches(block_after(TEXT, "Ask it", "json"), asked.stdout)
    finally:
        os.killpg(server.pid, 15)
        began = time.monotonic()
        server.communicate()
        assert time.monotonic() - began < 5
