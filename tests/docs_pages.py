"""Access to the pages of the documentation and to their code blocks, which the tests run."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path.read_text() for path in sorted(DOCS.rglob("*.md"))}
"""The text of each page by its path."""


def block_after(text: str, sentence: str, language: str = "sh") -> str:
    """Return the first code block of a language that follows a sentence."""
    found = re.search(rf"```{language}\n(.*?)```", text[text.index(sentence) :], re.DOTALL)
    assert found, f"no {language} block follows {sentence!r}"
    return found[1].strip()


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return {
        re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", head).strip().lower())
        for head in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


_SUITE = re.compile(r"<!-- suite: \S+ -->\n```python\n(.*?)```", re.DOTALL)
_TEXTS = {**PAGES, "README.md": README.read_text()}
SUITES = {page: found[1] for page, text in _TEXTS.items() if (found := _SUITE.search(text))}
"""The test module of each page that has one, and that of the README."""

PYTEST_EXAMPLES = re.findall(r"```python\n(.*?)```", PAGES["guides/pytest.md"], re.DOTALL)
"""The Python code of the page about pytest."""

TYPED_SUITE = block_after(PAGES["guides/pytest.md"], "## Types", "python")
"""The test module with annotations."""
