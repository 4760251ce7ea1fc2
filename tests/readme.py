"""Access to the code blocks of the README, which the tests run.

Run as a program, it rewrites the generated tables and the sample response of the README.
"""

from __future__ import annotations

import re
from pathlib import Path

from helpers import in_process, make_app

from ims_mock.openapi.tables import TABLES

README = Path(__file__).parent.parent / "README.md"
ANSWER = re.compile(r"(<!-- answer -->\n```json\n)(.*?)(```\n)", re.DOTALL)
QUESTION = re.compile(r"curl -s '(http://127\.0\.0\.1:9292([^']+))'")


def chapter(name: str) -> str:
    """Return a chapter of the README without its heading."""
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", README.read_text(), re.DOTALL | re.MULTILINE)
    assert found, f"the README has no chapter {name!r}"
    return found[1]


def block_after(text: str, sentence: str, language: str = "sh") -> str:
    """Return the first code block of a language that follows a sentence."""
    found = re.search(rf"```{language}\n(.*?)```", text[text.index(sentence) :], re.DOTALL)
    assert found, f"no {language} block follows {sentence!r}"
    return found[1].strip()


def readme_suites() -> list[tuple[str, str]]:
    """Return the file name and the text of each test module in the README."""
    return re.findall(r"<!-- suite: (\S+) -->\n```python\n(.*?)```", README.read_text(), re.DOTALL)


def updated(text: str) -> str:
    """Return a text of the README with current tables and the current response to its first request."""
    for name, table in TABLES.items():
        before, rest = text.split(f"<!-- table: {name} -->\n", 1)
        text = f"{before}<!-- table: {name} -->\n\n{table.markdown()}\n{rest[rest.index('<!-- end -->') :]}"
    found = QUESTION.search(text)
    assert found, "the README has no request"
    response = in_process(make_app("default"))(found[2]).text
    return ANSWER.sub(lambda match: f"{match[1]}{response}\n{match[3]}", text)


if __name__ == "__main__":
    README.write_text(updated(README.read_text()))
