"""Hooks of MkDocs: put the generated reference tables into the pages.

A line ``<!-- table: NAME -->`` is replaced by the table of that name. The tables come from the code, so no copy of them
is committed.
"""

from __future__ import annotations

import re
from typing import Any

from ims_mock.conformance.reports import scenario_table
from ims_mock.endpoint.evidence import evidence_tables
from ims_mock.openapi.tables import TABLES

ALL_TABLES = {**TABLES, "questions": evidence_tables([])["questions"], "scenarios": scenario_table()}
"""Each table by name."""

_PLACEHOLDER = re.compile(r"^<!-- table: ([\w-]+) -->$", re.MULTILINE)
_ROLE = re.compile(r":(?:class|data|func|meth):<code>(?:[\w.]+\.)?(\w+)</code>")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return the page with its tables."""
    return _PLACEHOLDER.sub(lambda match: ALL_TABLES[match[1]].markdown(), markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Return the page with the roles of docstrings, such as ``:class:``, as plain names."""
    return _ROLE.sub(r"<code>\1</code>", html)
