"""The documentation site: it builds without warnings and loads nothing from other hosts."""

import os
import re
import subprocess
import sys

import pytest
from docs_pages import PAGES, ROOT

pytest.importorskip("mkdocs")
pytest.importorskip("material")
pytest.importorskip("mkdocstrings")
pytest.importorskip("mkdocs_click")

pytestmark = pytest.mark.slow
LOADED = re.compile(r"<(?:audio|embed|iframe|img|object|script|source|video)\b[^>]*?(?:src|data)=[\"']?([^\"' >]+)")
LINKED = re.compile(r"<link\b[^>]*?rel=[\"']?(?!canonical|next|prev)[^>]*?href=[\"']?([^\"' >]+)")
IMPORTED = re.compile(r"(?:@import\s+|url\()[\"']?([^\"')]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site and return its directory."""
    directory = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(directory)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    return directory


def test_every_page_is_built(site):
    assert len(list(site.rglob("index.html"))) == len(PAGES)


def test_no_placeholder_or_role_is_left(site):
    for path in site.rglob("*.html"):
        text = path.read_text()
        assert "<!-- table:" not in text
        assert not re.search(r":(?:class|data|func|meth):", text), path


def test_nothing_loads_from_other_hosts(site):
    loaded = [
        (path.name, target)
        for path in site.rglob("*")
        if path.suffix in (".html", ".css")
        for pattern in ((LOADED, LINKED) if path.suffix == ".html" else (IMPORTED,))
        for target in pattern.findall(path.read_text())
    ]
    assert len(loaded) > len(PAGES)
    assert [one for one in loaded if re.match(r"(?:https?:)?//", one[1])] == []
