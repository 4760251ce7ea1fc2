"""Hooks of MkDocs: put the generated reference tables into the pages.

A line ``<!-- table: NAME -->`` is replaced by the table of that name. The tables come from the code, so no copy of them
is committed.
"""

from __future__ import annotations

import re
from typing import Any

from ims_mock.openapi.tables import TABLES

_PLACEHOLDER = re.compile(r"^<!-- table: ([\w-]+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return the page with its tables."""
    return _PLACEHOLDER.sub(lambda match: TABLES[match[1]].markdown(), markdown)
