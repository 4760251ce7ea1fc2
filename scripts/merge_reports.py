"""Merge the reports of ``ims-mock verify`` in ``docs/reports/`` into the accuracy page: one column per report."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from ims_mock.endpoint.evidence import Report, evidence_tables

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "explanation" / "accuracy.md"
_SECTION = re.compile(r"(<!-- reports: [^>]*-->\n).*?(<!-- /reports -->)", re.DOTALL)


def merged(page: str, paths: Iterable[Path]) -> str:
    """Return the page with a table of the reports.

    Raises:
        ValueError: A file is not a report.
    """
    reports = []
    for path in sorted(paths):
        try:
            reports.append(Report.read(path.read_bytes()))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    text = "No report has been contributed yet.\n"
    if reports:
        found = [f"{one.title}. {one.summary}; matching: `--profile {one.matching_profile}`" for one in reports]
        text = "".join(f"* {one}.\n" for one in found) + f"\n{evidence_tables(reports)['questions'].markdown()}"
    return _SECTION.sub(lambda match: f"{match[1]}{text}{match[2]}", page)


if __name__ == "__main__":
    try:
        PAGE.write_text(merged(PAGE.read_text(encoding="utf-8"), (DOCS / "reports").glob("*.json")), encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.exit(str(error))
