"""The tables as people read them: fields, parameters, departures and settings as text, JSON or Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ims_mock.catalog.cloudimages import CLOUDIMAGES
from ims_mock.contract.fields import FIELDS, PARAMETERS, Parameter
from ims_mock.contract.profiles import DEPARTURES
from ims_mock.faults.schema import KEYS
from ims_mock.journal.audit_rules import KINDS
from ims_mock.journal.findings import FINDINGS
from ims_mock.options import CATALOG, SETTINGS, Setting

Row = tuple[str, ...]

PARAMETER_HEADS: Row = ("parameter", "type", "documented values", "default", "rule", "evidence")
FIELD_HEADS: Row = (
    "field",
    "type",
    "documented values",
    "present",
    "filter",
    "sort",
    "evidence",
    "in cloudimages",
    "what it is",
)
DEPARTURE_HEADS: Row = ("departure", "documented", "glance")
REMARK_HEADS: Row = ("remark", "severity", "what it says", "cure")
FINDING_HEADS: Row = ("finding", "severity", "what it is", "source")
FAULT_HEADS: Row = ("key", "stands in", "legal", "what it does")
SETTING_HEADS: Row = ("option", "environment", "default", "commands", "what it is")


def parameter_rows(parameters: Iterable[Parameter] = PARAMETERS) -> list[Row]:
    """Give one row a query parameter."""
    return [
        (one.name, one.json_type, ", ".join(one.values), one.default, one.about, ", ".join(one.evidence))
        for one in parameters
    ]


def cloudimages_rows() -> list[Row]:
    """Give one row a query parameter that only the newer list has, or has otherwise."""
    return parameter_rows(CLOUDIMAGES.extras)


def field_rows() -> list[Row]:
    """Give one row an attribute of an image."""
    return [
        (
            one.name,
            one.kind.json_type + (" or null" if one.nullable else ""),
            ", ".join(one.values) + (f" (seen: {', '.join(one.seen_values)})" if one.seen_values else ""),
            one.present,
            one.filters or "",
            one.sorts or "",
            ", ".join(one.evidence),
            "yes" if one.in_cloudimages else "no",
            one.about,
        )
        for one in FIELDS
    ]


def departure_rows() -> list[Row]:
    """Give one row a departure of the documented profile from Glance."""
    return [(f"`{one.name}`", one.documented, one.glance) for one in DEPARTURES]


def fault_rows() -> list[Row]:
    """Give one row a key of a rule of faults."""
    return [(one.name, f"`{one.part}`" if one.part else "the rule itself", one.legal, one.about) for one in KEYS]


def remark_rows() -> list[Row]:
    """Give one row a remark of the audit of walks."""
    return [(one.name, one.severity, one.sentence, one.cure) for one in KINDS]


def finding_rows() -> list[Row]:
    """Give one row a kind of finding."""
    return [(one.name, one.severity, one.about, one.source) for one in FINDINGS]


def setting_rows() -> list[Row]:
    """Give one row a setting."""
    catalog = (CATALOG.metavar, CATALOG.variable, str(CATALOG.default), ", ".join(CATALOG.commands), CATALOG.about)
    return [
        catalog,
        *((one.flag, one.variable, str(one.default), ", ".join(one.commands), _with_choices(one)) for one in SETTINGS),
    ]


def _with_choices(setting: Setting) -> str:
    return f"{setting.about} One of {', '.join(setting.choices)}." if setting.choices else setting.about


def markdown(heads: Row, rows: Iterable[Row]) -> str:
    """Write a table in Markdown; wire names are put in backticks by the rows themselves, or in the first column."""
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in _coded(row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def text(heads: Row, rows: Sequence[Row]) -> str:
    """Write a table in columns for a terminal."""
    table = [heads, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in table)


def fields_reference(form: str) -> str:
    """Write all parameters, those of the newer list, and all fields.

    Args:
        form: ``table``, ``json`` or ``markdown``.
    """
    tables = {
        "parameters": (PARAMETER_HEADS, parameter_rows()),
        "cloudimages": (PARAMETER_HEADS, cloudimages_rows()),
        "fields": (FIELD_HEADS, field_rows()),
    }
    if form == "json":
        listed = {name: [dict(zip(heads, row, strict=True)) for row in rows] for name, (heads, rows) in tables.items()}
        return json.dumps(listed, ensure_ascii=False, indent=1) + "\n"
    write = markdown if form == "markdown" else text
    return "\n".join(write(heads, rows) for heads, rows in tables.values())


def _coded(row: Row) -> Row:
    first = row[0] if row[0].startswith("`") else f"`{row[0]}`"
    return (first, *row[1:])
