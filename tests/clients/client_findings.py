"""The findings of real clients: those that the guide documents, and those that the journal has."""

import re

from docs_pages import PAGES

from ims_mock.journal.findings import INFO

PROVOKED = {"credentials", "undocumented-value"}  # findings that the tests of clients cause on purpose
AGENTS = {  # the part of User-Agent that identifies a client
    "huaweicloud-usdk": "huaweicloudsdkims",
    "openstacksdk": "openstacksdk",
    "glanceclient": "python-glanceclient",
}


def documented_findings():
    """Return the pairs of client and finding in the table of the guide."""
    _, _, section = PAGES["guides/findings.md"].partition("## Findings of real clients\n")
    rows = re.findall(r"^\| (`.*?) \| `([^`]+)` \|", section.partition("\n## ")[0], re.MULTILINE)
    return {(client, finding) for clients, finding in rows for client in re.findall(r"`([^`]+)`", clients)}


def findings(app):
    """Yield the client, name and severity of each finding in the journal; an unknown client has an empty name."""
    for entry in app.extensions["ims_mock"].journal.entries():
        agent = entry.headers.get("user-agent", "")
        client = next((name for mark, name in AGENTS.items() if mark in agent), "")
        for finding in entry.findings:
            yield client, finding.name, finding.severity


def undocumented_findings(app):
    """Return the pairs of client and finding that the guide does not document."""
    return {
        (client, name)
        for client, name, severity in findings(app)
        if name not in PROVOKED and (client, name) not in documented_findings() and (client or severity != INFO)
    }
