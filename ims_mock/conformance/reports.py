"""The reports of a run: text for a terminal, Markdown, JSON and JUnit XML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

from ims_mock.conformance.expectations import FAILED, OUTCOMES, PASSED, UNSUPPORTED
from ims_mock.conformance.runner import BASELINE, Result
from ims_mock.conformance.scenario import MUST, SHOULD
from ims_mock.text import Table, counted, escaped


@dataclass(frozen=True)
class Report:
    """The results of a run.

    Attributes:
        adapter: The adapter as it was given.
        profile: The profile.
        baseline: The result of the baseline scenario, which may not be among the results.
        results: The results in the order of the table.
    """

    adapter: str
    profile: str
    baseline: Result
    results: Sequence[Result]

    @property
    def is_success(self) -> bool:
        """Whether a scenario passed and no ``must`` failed."""
        return bool(self._count(PASSED)) and not self._count(FAILED, MUST)

    def _count(self, outcome: str, level: str = "") -> int:
        found = Counter((one.verdict.outcome, one.scenario.level) for one in self.results)
        return sum(count for (one, its), count in found.items() if one == outcome and level in ("", its))

    @property
    def summary(self) -> str:
        """One sentence with the numbers of outcomes."""
        failed = self._count(FAILED)
        levels = f" ({self._count(FAILED, MUST)} must, {self._count(FAILED, SHOULD)} should)" if failed else ""
        counts = f"{self._count(PASSED)} passed, {failed} failed{levels}, {self._count(UNSUPPORTED)} unsupported"
        return f"{counted(len(self.results), 'scenario')}: {counts}"

    @property
    def warning(self) -> str:
        """What to look at first; empty if the baseline passed."""
        if self.baseline.verdict.outcome == PASSED:
            return ""
        why = f"The baseline scenario {BASELINE.name} failed: {self.baseline.verdict.why}."
        return f"{why} Correct that first; other failures may follow from it."

    def _with(self, outcome: str) -> Iterator[Result]:
        return (one for one in self.results if one.verdict.outcome == outcome)


def explain(result: Result) -> str:
    """Return everything about a failed scenario, in lines."""
    scenario = result.scenario
    facts = {
        "query": scenario.target,
        "expected": str(scenario.expected),
        "actual": result.actual,
        "reason": f"{scenario.reason} ({scenario.source})",
    }
    lines = [result.verdict.why, *(f"{name + ':':<10}{text}" for name, text in facts.items()), result.requests]
    if result.stderr:
        lines += ["the end of standard error:", *(f"  {escaped(line)}" for line in result.stderr.splitlines())]
    return "\n".join(lines)


def terminal(report: Report) -> str:
    """Return the report as text."""
    lines = [f"conformance of {escaped(report.adapter)}, profile {report.profile}", ""]
    for one in report._with(FAILED):
        lines += [f"FAILED {one.scenario.level} {one.scenario.name}", *_indented(explain(one)), ""]
    for title, outcome in (("unsupported", UNSUPPORTED), ("remarks", PASSED)):
        found = [
            f"  {one.scenario.name}: {escaped(one.verdict.why)}" for one in report._with(outcome) if one.verdict.why
        ]
        lines += [f"{title}:", *found, ""] if found else []
    lines += [report.warning] if report.warning else []
    return "\n".join([*lines, report.summary]) + "\n"


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]


def markdown(report: Report) -> str:
    """Return the report in Markdown."""
    rows = [
        (one.scenario.name, one.scenario.group, one.scenario.level, one.verdict.outcome, escaped(one.verdict.why))
        for one in report.results
    ]
    table = Table(("scenario", "group", "level", "outcome", "why"), tuple(rows)).markdown()
    head = f"# Conformance of `{escaped(report.adapter)}`, profile {report.profile}\n\n{report.summary}\n"
    parts = [head, *([report.warning + "\n"] if report.warning else []), table]
    for one in report._with(FAILED):
        parts.append(f"## {one.scenario.name} ({one.scenario.level})\n\n```text\n{explain(one)}\n```\n")
    return "\n".join(parts)


def as_json(report: Report) -> str:
    """Return the report in JSON."""
    body = {
        "adapter": report.adapter,
        "profile": report.profile,
        "baseline": report.warning,
        "scenarios": [_result(one) for one in report.results],
        **{outcome: report._count(outcome) for outcome in OUTCOMES},
    }
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def _result(result: Result) -> dict[str, Any]:
    scenario, verdict = result.scenario, result.verdict
    row = {
        "name": scenario.name,
        "group": scenario.group,
        "level": scenario.level,
        "outcome": verdict.outcome,
        "why": verdict.why,
        "seconds": round(result.seconds, 3),
        "reason": scenario.reason,
        "source": scenario.source,
        "query": scenario.query,
        "expected": str(scenario.expected),
        "actual": result.actual,
    }
    return row | ({"requests": result.requests, "stderr": result.stderr} if verdict.outcome == FAILED else {})


def junit(report: Report) -> str:
    """Return the report as JUnit XML. A failed ``should`` is a skipped test case, because it fails no build."""
    cases = ElementTree.Element("testsuite", name=f"ims-mock conformance, profile {report.profile}")
    skipped = 0
    for one in report.results:
        scenario, verdict = one.scenario, one.verdict
        case = ElementTree.SubElement(
            cases, "testcase", classname=f"conformance.{scenario.group}", name=scenario.name, time=f"{one.seconds:.3f}"
        )
        if verdict.outcome == FAILED and scenario.level == MUST:
            ElementTree.SubElement(case, "failure", message=escaped(verdict.why)).text = _printable(explain(one))
        elif verdict.outcome != PASSED:
            skipped += 1
            ElementTree.SubElement(case, "skipped", message=f"{verdict.outcome}: {escaped(verdict.why)}")
    counts = {"tests": len(report.results), "failures": report._count(FAILED, MUST), "errors": 0, "skipped": skipped}
    cases.attrib.update({name: str(count) for name, count in counts.items()})
    root = ElementTree.Element("testsuites")
    root.append(cases)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _printable(text: str) -> str:
    """Escape control characters, which XML does not allow, in every line."""
    return "\n".join(map(escaped, text.split("\n")))


REPORTS: Final = {"terminal": terminal, "markdown": markdown, "json": as_json, "junit": junit}
"""The formats of a report."""
