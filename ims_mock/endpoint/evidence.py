"""Evidence: the report of a verification, and the tables of the emulator's rules with the results beside them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ims_mock.contract.profiles import DEPARTURES, Profile
from ims_mock.endpoint.questions import QUESTIONS, Question
from ims_mock.endpoint.verify import CANNOT_TELL, DIFFERS, OUTCOMES, Row
from ims_mock.openapi.tables import TABLES
from ims_mock.text import Table, escaped


@dataclass(frozen=True)
class Report:
    """The results of a verification.

    Attributes:
        endpoint: The name of the host.
        date: The day, in UTC.
        profile: The profile of the emulator.
        api_version: The value of ``X-Api-Version``; empty for none.
        images: The number of images that were read.
        requests: The number of requests, without those that read the images.
        matching_profile: The profile in which the emulator answers as the endpoint does.
        rows: The results of the questions.
    """

    endpoint: str
    date: str
    profile: str
    api_version: str
    images: int
    requests: int
    matching_profile: str
    rows: tuple[Row, ...]

    @classmethod
    def read(cls, text: str) -> Report:
        """Return the report that was written as JSON; raise ``ValueError`` if the text is something else."""
        try:
            data = {one.name: json.loads(text)[one.name] for one in fields(cls)}
            report = cls(**{**data, "rows": tuple(Row(**row) for row in data["rows"])})
            Profile.parse(report.profile)
            texts = [report.endpoint, report.date, report.api_version, *(row.name for row in report.rows)]
            if all(isinstance(one, str) for one in texts) and {row.outcome for row in report.rows} <= {*OUTCOMES}:
                return report
        except (ValueError, LookupError, TypeError, RecursionError):
            pass
        raise ValueError("this is not a report of ims-mock verify in JSON")

    @property
    def title(self) -> str:
        """The endpoint, the day, the profile and the version."""
        version = f", X-Api-Version {self.api_version}" if self.api_version else ""
        return f"{self.endpoint}, {self.date}, profile {self.profile}{version}"

    def text(self, form: str) -> str:
        """Return the report as ``terminal``, ``markdown`` or ``json``."""
        if form == "json":
            return json.dumps(asdict(self), indent=1) + "\n"
        is_markdown = form == "markdown"
        counts = Counter(row.outcome for row in self.rows)
        summary = ", ".join(f"{outcome}: {counts[outcome]}" for outcome in OUTCOMES)
        rules = self._rules()
        cells = tuple(
            (one.name, one.outcome, one.why if one.outcome == CANNOT_TELL else rules.get(one.name, ""))
            for one in self.rows
        )
        table = Table(("question", "outcome", "rule, or why it cannot tell"), cells)
        code = "`" if is_markdown else ""
        parts = [
            f"{'# ' * is_markdown}{self.title}\n",
            f"{self.images} images, {self.requests} requests. {summary}.\n",
            table.markdown() if is_markdown else table.text(),
        ]
        for row in (one for one in self.rows if one.outcome == DIFFERS):
            sides = f"  endpoint: {_compact(row.there)}\n  emulator: {_compact(row.here)}\n"
            block = f"\n```text\n{sides}```\n" if is_markdown else sides
            parts.append(f"{'## ' * is_markdown}{row.name}: {row.why}\n{block}")
        parts.append(f"matching profile: {code}--profile {self.matching_profile}{code}\n")
        return "\n".join(parts)

    def _rules(self) -> dict[str, str]:
        """Return the rules that agree if answers do, by question: without a departure, the opposite of its rule."""
        missing = {one.name for one in DEPARTURES} - Profile.parse(self.profile).departures
        return {one.name: f"not so: {one.claim}" if one.departure in missing else one.claim for one in QUESTIONS}


def _compact(value: Any) -> str:
    return escaped(json.dumps(value, ensure_ascii=False))


def evidence_tables(reports: Sequence[Report]) -> dict[str, Table]:
    """Return the tables of parameters, departures and questions, with a column for each report."""

    def beside(table: Table, subjects: Callable[[Question], Iterable[str]]) -> Table:
        rows = []
        for row in table.rows:
            asked = {question.name for question in QUESTIONS if row[0].strip("`") in subjects(question)}
            rows.append((*row, *(_outcomes(report, asked) for report in reports)))
        return Table((*table.heads, *(report.title for report in reports)), tuple(rows))

    questions = tuple((one.name, one.tests, one.claim) for one in QUESTIONS)
    return {
        "parameters": beside(TABLES["parameters"], _parameters),
        "departures": beside(TABLES["departures"], lambda question: [question.departure]),
        "questions": beside(Table(("question", "tests", "rule"), questions), lambda question: [question.name]),
    }


def _parameters(question: Question) -> list[str]:
    return [name for one in question.requests for name in re.findall(r"(?:^|[&?])(\w+)=", one.target)]


def _outcomes(report: Report, asked: Iterable[str]) -> str:
    rows = [row for row in report.rows if row.name in asked]
    found = {outcome: [row.name for row in rows if row.outcome == outcome] for outcome in OUTCOMES}
    return "; ".join(f"{outcome}: {', '.join(names)}" for outcome, names in found.items() if names)
