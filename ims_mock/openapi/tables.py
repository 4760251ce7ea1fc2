"""Reference tables: the tables of the code as rows of text, for documents and terminals."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ims_mock.catalog.cloudimages import CLOUDIMAGES
from ims_mock.contract.fields import FIELDS, OTHER_PROPERTIES, Field
from ims_mock.contract.parameters import PARAMETERS, Parameter
from ims_mock.contract.profiles import DEPARTURES
from ims_mock.errors import PROBLEMS
from ims_mock.faults.key_types import RuleKey
from ims_mock.faults.rules import RULE_KEYS
from ims_mock.journal.findings import FINDINGS
from ims_mock.journal.walks import AUDIT_RULES
from ims_mock.loading.schema import MEMBERS
from ims_mock.openapi.catalog_file import catalog_schema
from ims_mock.openapi.json_schema import SCALAR, Schema
from ims_mock.openapi.operations import OPERATIONS
from ims_mock.options import OPTIONS, AppOptions, MockOptions, Option, options_of
from ims_mock.text import Row, Table, json_text


def _table(heads: str, rows: Iterable[Row]) -> Table:
    return Table(tuple(heads.split(" | ")), tuple(rows))


def _parameters(parameters: Iterable[Parameter]) -> Table:
    rows = (
        (one.name, one.json_type, ", ".join(one.values), one.default, one.description, ", ".join(one.evidence))
        for one in parameters
    )
    return _table("parameter | type | documented values | default | rule | evidence", rows)


def _field(field: Field) -> Row:
    more = {"seen": field.seen_values}
    more["schema"] = tuple(one for one in field.known_values if one not in (*field.values, *field.seen_values))
    others = [f" ({source}: {', '.join(values)})" for source, values in more.items() if values]
    return (
        field.name,
        field.type.json_type + (" or null" if field.is_nullable else ""),
        ", ".join(field.values) + "".join(others),
        field.present,
        field.filterable or "",
        field.sortable or "",
        ", ".join(field.evidence),
        "yes" if field.in_images else "no",
        "yes" if field.in_cloudimages else "no",
        field.description,
    )


def _option(option: Option) -> Row:
    choices = f" One of {', '.join(option.choices)}." if option.choices else ""
    commands = ", ".join(option.commands)
    return (option.flag, option.variable, option.shown_default, commands, option.help + choices)


def _fault(key: RuleKey) -> Row:
    return (key.name, f"`{key.section}`" if key.section else "the rule itself", key.type.legal, key.description)


def _keywords(options: Any) -> Table:
    rows = (
        (one.name, f"`{one.default!r}`", "" if one.is_argument or one.legal == "a text" else one.legal, one.help)
        for one in options_of(options)
    )
    return _table("keyword | default | legal | what it is", rows)


def _catalog_keys() -> Iterator[Row]:
    """Yield path, type, necessity and description of each key; attributes of images have a table of their own."""
    schema = catalog_schema()
    yield from _keys(schema["$defs"]["Catalog"], "")
    members = schema["$defs"]["Image"]["properties"][MEMBERS]
    yield f"images[].{MEMBERS}", _type(members), "", members["description"]


def _keys(schema: Schema, prefix: str) -> Iterator[Row]:
    for name, value in schema.get("properties", {}).items():
        required = "yes" if name in schema.get("required", ()) else ""
        inner = _first_choice(value)
        yield f"{prefix}{name}", _type(value), required, value.get("description") or inner.get("description", "")
        yield from _keys(inner, f"{prefix}{name}.")
        yield from _keys(inner.get("items", {}), f"{prefix}{name}[].")


def _first_choice(schema: Schema) -> Schema:
    while "anyOf" in schema:
        schema = schema["anyOf"][0]
    return schema


def _type(schema: Schema) -> str:
    """Return the type of a value in the words of the reference."""
    inner = _first_choice(schema)
    if "format" in inner:
        return "time"
    if inner.get("type") == SCALAR["type"]:
        return "text"
    kind = inner.get("type", "object" if "$ref" in inner else "")
    return {"array": "list", "integer": "whole number", "object": "mapping"}.get(kind, "any")


TABLES: Final = {
    "operations": _table("method and path | status | what it does", ((f"{one.method} {one.path}", ", ".join(map(str, one.responses)), one.summary) for one in OPERATIONS if not one.path.startswith("/_ims/"))),
    "parameters": _parameters(PARAMETERS),
    "cloudimages": _parameters(CLOUDIMAGES.extras),
    "fields": _table("field | type | documented values | present | filter | sort | evidence | in images | in cloudimages | what it is", map(_field, FIELDS)),
    "other-properties": _table("property | evidence", OTHER_PROPERTIES.items()),
    "departures": _table("departure | documented | glance", ((f"`{one.name}`", one.documented, one.glance) for one in DEPARTURES)),
    "errors": _table("error | status | code | status of Glance, if different | when | message", ((one.name, str(one.status), one.code, str(one.glance_status or ""), one.when, one.summary.replace("\n", " ")) for one in PROBLEMS)),
    "catalog-keys": _table("key | type | required | what it is", _catalog_keys()),
    "findings": _table("finding | severity | what it is | source", ((one.name, one.severity, one.about, one.source) for one in FINDINGS)),
    "faults": _table("key | stands in | legal | what it does", map(_fault, RULE_KEYS)),
    "remarks": _table("remark | severity | what it says | cure", ((one.name, one.severity, one.sentence, one.cure) for one in AUDIT_RULES)),
    "app-options": _keywords(AppOptions),
    "mock-options": _keywords(MockOptions),
    "settings": _table("option | environment | default | commands | what it is", map(_option, OPTIONS)),
}  # fmt: skip


def fields_reference(form: str, others: Mapping[str, Table] | None = None) -> str:
    """Return the query parameters of both lists and all fields, as ``table``, ``json`` or ``markdown``.

    The other tables replace these or follow them, by name.
    """
    tables = {**{name: TABLES[name] for name in ("parameters", "cloudimages", "fields")}, **(others or {})}
    if form == "json":
        named = {name: [dict(zip(one.heads, row, strict=True)) for row in one.rows] for name, one in tables.items()}
        return json_text(named)
    return "\n".join(table.markdown() if form == "markdown" else table.text() for table in tables.values())
