"""The reports of a run: text for a terminal, Markdown, JSON and JUnit XML."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

from ims_mock.conformance.expectations import FAILED, OUTCOMES, PASSED, UNSUPPORTED
from ims_mock.conformance.runner import BASELINE, Result, query_text
from ims_mock.conformance.scenarios import LEVELS, MUST, SCENARIOS
from ims_mock.text import Table, counted, escaped, json_text


@dataclass(frozen=True)
class Report:
    """The results of a run; that of the baseline scenario may not be among the others."""

    adapter: str
    profile: str
    baseline: Result
    results: Sequence[Result]

    def having(self, outcome: str, *levels: str) -> list[Result]:
        """Return the results with an outcome, of these levels or of all."""
        found = (one for one in self.results if one.outcome == outcome)
        return [one for one in found if one.scenario.level in (levels or LEVELS)]

    @property
    def is_success(self) -> bool:
        """Whether a scenario passed and no ``must`` failed."""
        return bool(self.having(PASSED)) and not self.having(FAILED, MUST)

    @property
    def title(self) -> str:
        """The adapter and the profile."""
        return f"Conformance of {escaped(self.adapter)}, profile {self.profile}"

    @property
    def summary(self) -> str:
        """The numbers of outcomes, and what to look at first if the baseline failed."""
        counts = ", ".join(f"{len(self.having(outcome))} {outcome}" for outcome in OUTCOMES)
        levels = ", ".join(f"{len(self.having(FAILED, level))} {level}" for level in LEVELS)
        summary = f"{counted(len(self.results), 'scenario')}: {counts}; failed: {levels}"
        if self.baseline.outcome == PASSED:
            return summary
        why = escaped(self.baseline.why)
        return f"{summary}\nThe baseline {BASELINE.name} failed ({why}): other failures may follow from that."


def _terminal(report: Report) -> str:
    lines = [report.title, ""]
    for one in report.having(FAILED):
        lines += [f"FAILED {one.scenario.level} {one.scenario.name}"]
        lines += [*(f"  {line}" for line in one.explain().splitlines()), ""]
    for title, outcome in (("unsupported", UNSUPPORTED), ("remarks", PASSED)):
        found = [f"  {one.scenario.name}: {escaped(one.why)}" for one in report.having(outcome) if one.why]
        lines += [f"{title}:", *found, ""] if found else []
    return "\n".join([*lines, report.summary, ""])


def _markdown(report: Report) -> str:
    rows = [
        (one.scenario.name, one.scenario.group, one.scenario.level, one.outcome, escaped(one.why))
        for one in report.results
    ]
    table = Table(("scenario", "group", "level", "outcome", "why"), tuple(rows)).markdown()
    parts = [f"# {report.title}", report.summary, table]
    for one in report.having(FAILED):
        parts += [f"## {one.scenario.name} ({one.scenario.level})", f"```text\n{one.explain()}\n```"]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _json(report: Report) -> str:
    body: dict[str, Any] = {"adapter": report.adapter, "profile": report.profile, "baseline": report.baseline.outcome}
    body["scenarios"] = [_row(one) for one in report.results]
    body |= {outcome: len(report.having(outcome)) for outcome in OUTCOMES}
    return json_text(body)


def _row(result: Result) -> dict[str, Any]:
    """Return a scenario in JSON; only a failed one has its requests and its output."""
    row = {name: getattr(result.scenario, name) for name in ("name", "group", "level", "reason", "source", "query")}
    row |= {"outcome": result.outcome, "why": result.why, "seconds": round(result.seconds, 3)}
    row |= {"expected": str(result.scenario.expected), "actual": result.actual}
    return row | ({"requests": result.requests, "stderr": result.stderr} if result.outcome == FAILED else {})


def _junit(report: Report) -> str:
    """Return JUnit XML. A failed ``should`` is a skipped test case, because it fails no build."""
    root = ElementTree.Element("testsuites")
    failed = report.having(FAILED, MUST)
    skipped = len(report.results) - len(failed) - len(report.having(PASSED))
    counts = {"tests": len(report.results), "failures": len(failed), "errors": 0, "skipped": skipped}
    suite = ElementTree.SubElement(root, "testsuite", {"name": report.title})
    suite.attrib |= {name: str(count) for name, count in counts.items()}
    for one in report.results:
        name = {"classname": f"conformance.{one.scenario.group}", "name": one.scenario.name}
        case = ElementTree.SubElement(suite, "testcase", {**name, "time": f"{one.seconds:.3f}"})
        message = f"{one.outcome}: {escaped(one.why)}"
        if one in failed:
            ElementTree.SubElement(case, "failure", message=message).text = one.explain()
        elif one.outcome != PASSED:
            ElementTree.SubElement(case, "skipped", message=message)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


REPORTS: Final = {"terminal": _terminal, "markdown": _markdown, "json": _json, "junit": _junit}


def scenario_table() -> Table:
    """Return the reference table of all scenarios."""
    rows = []
    for one in SCENARIOS:
        profiles = "" if one.profiles == BASELINE.profiles else f" Profile {', '.join(one.profiles)} only."
        reason = f"{one.reason}{profiles}"
        rows.append((one.name, one.group, one.level, query_text(one), str(one.expected), reason, one.source))
    return Table(("scenario", "group", "level", "query", "expected", "reason", "source"), tuple(rows))
