"""Draw the picture of the README: ``python scripts/terminal_picture.py docs/images/terminal.svg``.

The script runs the real program. It serves the bundled catalog, sends a query with curl, and runs a test that fails
because its client misspells a parameter.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

WIDTH = 120
TEST = """from urllib.request import urlopen

def test_public_images(ims_mock):
    urlopen(f"{ims_mock.url}/v2/images?imagetype=gold&limit=2")
    ims_mock.assert_no_findings()
"""
QUERY = "curl -s 'http://127.0.0.1:9292/v2/images?__imagetype=gold&__platform=CoreOS&limit=1'"
SUMMARY = (
    """ | python -c 'import json, sys; [print(i["name"], i["__os_version"]) for i in json.load(sys.stdin)["images"]]'"""
)

# rich's template loads a font from another host; this one uses the fonts of the reader.
SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: \
{char_height}px; line-height: {line_height}px; }} .{unique_id}-title {{ display: none }} {styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>{lines}</defs>{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def main(output: str) -> None:
    """Run the commands and write the picture."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    ims_mock = [sys.executable, "-m", "ims_mock"]
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "test_client.py").write_text(TEST)
        server = subprocess.Popen([*ims_mock, "serve"], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout
            _show(console, "ims-mock serve &", server.stdout.readline())
            found = subprocess.run(QUERY + SUMMARY, shell=True, capture_output=True, text=True, check=True)
            _show(console, f"{QUERY} | …", found.stdout)
        finally:
            server.terminate()
            server.wait()
        _show(console, "cat test_client.py", TEST)
        command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:randomly", "test_client.py"]
        result = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        lines = [line for line in result.stdout.splitlines() if line.startswith(("E ", "1 failed"))]
        _show(console, "pytest -q test_client.py", "\n".join(lines))
    console.save_svg(output, title="", theme=MONOKAI, code_format=SVG)


def _show(console: Console, command: str, output: str) -> None:
    console.print(Text(f"$ {command}", style="bold green"))
    console.print(Text(output.rstrip()))


if __name__ == "__main__":
    main(sys.argv[1])
