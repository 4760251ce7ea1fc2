"""Evidence: the report of a verification, and the tables of the emulator's rules with the results beside them."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Final

from ims_mock.contract.profiles import DOCUMENTED, Profile
from ims_mock.endpoint.endpoint import API_VERSION
from ims_mock.endpoint.questions import QUESTIONS, Question
from ims_mock.endpoint.verify import AGREES, CANNOT_TELL, DIFFERS, OUTCOMES, Row
from ims_mock.openapi.tables import TABLES
from ims_mock.text import Table, counted, escaped, printable

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+(%\w+)?\]|[A-Za-z0-9][\w-]*(\.[A-Za-z0-9][\w-]*)*\.?)(:\d+)?", re.ASCII)

_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "endpoint": _HOST.fullmatch,
    "date": lambda day: date.fromisoformat(day).isoformat() == day,
    "api_version": lambda version: version == "" or API_VERSION.fullmatch(version),
    **dict.fromkeys(("images", "requests"), lambda count: type(count) is int and count >= 0),
    **dict.fromkeys(("profile", "matching_profile"), lambda text: text.isprintable() and Profile.parse(text)),
    "rows": lambda rows: isinstance(rows, list),
}
"""What is true of the parts of a report. Markdown takes none of its texts for markup."""

_ROW_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "name": [question.name for question in QUESTIONS].__contains__,
    "outcome": OUTCOMES.__contains__,
    "departures": lambda names: isinstance(names, list) and {*names} <= DOCUMENTED.departures,
    "why": lambda why: isinstance(why, str),
}


def _problems(data: Any) -> Iterator[str]:
    """Yield what a report cannot have; what follows the first problem may fail."""
    yield from _wrong_parts(data, _CHECKS)
    for number, row in enumerate(data["rows"], 1):
        yield from _wrong_parts(row, _ROW_CHECKS, f" of row {number}")
    names = Counter(row["name"] for row in data["rows"])
    yield from (f"{name} has {count} rows" for name, count in names.items() if count > 1)


def _wrong_parts(found: Any, checks: Mapping[str, Callable[[Any], object]], where: str = "") -> Iterator[str]:
    for name, is_valid in checks.items():
        value = found.get(name) if isinstance(found, dict) else None
        with suppress(ValueError, TypeError, AttributeError):
            if is_valid(value):
                continue
        yield f"{name}{where} is {printable(json.dumps(value))}"


@dataclass(frozen=True)
class Report:
    """The results of a verification on a day in UTC.

    The requests that read the images do not count. In the matching profile the emulator answers as the endpoint does.
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
    def read(cls, text: str | bytes) -> "Report":
        """Return the report that was written as JSON; raise ``ValueError`` if the text is something else."""
        try:
            data = json.loads(text)
            problem = next(_problems(data), "")
        except (ValueError, RecursionError):
            raise ValueError("this is not a report of ims-mock verify in JSON") from None
        if problem:
            raise ValueError(f"this is not a report of ims-mock verify: {problem}")
        rows = ({one.name: row.get(one.name) for one in fields(Row)} for row in data["rows"])
        found = tuple(Row(**{**row, "departures": tuple(row["departures"])}) for row in rows)
        return cls(**{one.name: data[one.name] for one in fields(cls)} | {"rows": found})

    @property
    def title(self) -> str:
        """The endpoint, the day, the profile and the version."""
        version = f", X-Api-Version {self.api_version}" if self.api_version else ""
        return f"{self.endpoint}, {self.date}, profile {self.profile}{version}"

    @property
    def summary(self) -> str:
        """The number of questions with each outcome."""
        counts = Counter(row.outcome for row in self.rows)
        return ", ".join(f"{outcome}: {counts[outcome]}" for outcome in OUTCOMES)

    def text(self, form: str) -> str:
        """Return the report as ``terminal``, ``markdown`` or ``json``."""
        if form == "json":
            return json.dumps(asdict(self), indent=1) + "\n"
        is_markdown = form == "markdown"
        rules = {one.name: f"{'not so: ' * self._is_opposite(one)}{one.claim}" for one in QUESTIONS}
        cells = (
            (one.name, one.outcome, one.why if one.outcome == CANNOT_TELL else rules.get(one.name, ""))
            for one in self.rows
        )
        table = Table(("question", "outcome", "rule, or why it cannot tell"), tuple(cells))
        code = "`" if is_markdown else ""
        parts = [
            f"{'# ' * is_markdown}{self.title}\n",
            f"{counted(self.images, 'image')}, {counted(self.requests, 'request')}. {self.summary}.\n",
            table.markdown() if is_markdown else table.text(),
        ]
        for row in (one for one in self.rows if one.outcome == DIFFERS):
            there, here = (escaped(json.dumps(view, ensure_ascii=False)) for view in (row.there, row.here))
            sides = f"  endpoint: {there}\n  emulator: {here}\n"
            block = f"\n```text\n{sides}```\n" if is_markdown else sides
            parts.append(f"{'## ' * is_markdown}{row.name}: {row.why}\n{block}")
        parts.append(f"matching profile: {code}--profile {self.matching_profile}{code}\n")
        return "\n".join(parts)

    def _is_opposite(self, question: Question) -> bool:
        """Return whether the profile has the opposite of a question's rule, because it lacks the departure."""
        return bool(question.departure) and question.departure not in Profile.parse(self.profile)

    def outcomes(self) -> dict[str, str]:
        """Return whether the endpoint agrees with the rule of each question, also if the profile has the opposite."""
        found = {row.name: row.outcome for row in self.rows}
        departures = {row.name: row.departures for row in self.rows}
        for question in QUESTIONS:
            if question.name in found and self._is_opposite(question):
                is_rule = question.departure in departures[question.name]
                opposite = {AGREES: DIFFERS, DIFFERS: AGREES if is_rule else DIFFERS}
                found[question.name] = opposite.get(found[question.name], found[question.name])
        return found


def evidence_tables(reports: Sequence[Report]) -> dict[str, Table]:
    """Return the tables of parameters, departures and questions, with a column for each report."""
    found = [report.outcomes() for report in reports]

    def beside(table: Table, cell: Callable[[str, dict[str, str]], str]) -> Table:
        rows = ((*row, *(cell(row[0].strip("`"), outcomes) for outcomes in found)) for row in table.rows)
        return Table((*table.heads, *(report.title for report in reports)), tuple(rows))

    def of_subject(subjects: Callable[[Question], Iterable[str]]) -> Callable[[str, dict[str, str]], str]:
        def cell(subject: str, outcomes: dict[str, str]) -> str:
            names = [question.name for question in QUESTIONS if subject in subjects(question)]
            groups = {one: ", ".join(name for name in names if outcomes.get(name) == one) for one in OUTCOMES}
            return "; ".join(f"{one}: {names}" for one, names in groups.items() if names)

        return cell

    questions = tuple((one.name, one.tests, one.claim, _asked(one), ", ".join(one.compare)) for one in QUESTIONS)
    heads = ("question", "tests", "rule", "requests", "compared")
    return {
        "parameters": beside(TABLES["parameters"], of_subject(_parameters)),
        "departures": beside(TABLES["departures"], of_subject(lambda question: [question.departure])),
        "questions": beside(Table(heads, questions), lambda name, outcomes: outcomes.get(name, "not asked")),
    }


def _asked(question: Question) -> str:
    targets = dict.fromkeys(one.target for one in question.requests)
    return ", ".join(f"`{one}`" if one else "no query" for one in targets)


def _parameters(question: Question) -> list[str]:
    return [name for one in question.requests for name in re.findall(r"(?:^|[&?])(\w+)=", one.target)]
