"""What the README says real clients do that the document does not have, and what they did."""

import re
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from ims_mock.journal.findings import INFO

README = Path(__file__).parent.parent.parent / "README.md"

PROVOKED = frozenset({"credentials", "undocumented-value"})
"""What the tests of clients provoke on purpose."""

AGENTS = {
    "huaweicloud-usdk": "huaweicloudsdkims",
    "openstacksdk": "openstacksdk",
    "glanceclient": "python-glanceclient",
}
"""What stands in the ``User-Agent`` of a client."""


def true_findings() -> set[tuple[str, str]]:
    """Give each client of the README's table with each of its findings."""
    text = README.read_text()
    chapter = re.search(r"### Findings of real clients\n(.*?)\n## ", text, re.DOTALL)[1]
    rows = re.findall(r"^\| (`.*?) \| `([^`]+)` \|", chapter, re.MULTILINE)
    return {(client, finding) for clients, finding in rows for client in re.findall(r"`([^`]+)`", clients)}


def findings(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Give what clients did: which client, the finding, and its severity; whoever is no client of these is nobody."""
    for entry in app.extensions["ims_mock"].journal.entries():
        agent = entry.headers.get("user-agent", "")
        client = next((name for mark, name in AGENTS.items() if mark in agent), "")
        for finding in entry.findings:
            yield client, finding.name, finding.severity


def untold(app: Flask) -> set[tuple[str, str]]:
    """Give what clients did that the README does not tell."""
    return {
        (client, name)
        for client, name, severity in findings(app)
        if name not in PROVOKED and (client, name) not in true_findings() and (client or severity != INFO)
    }
