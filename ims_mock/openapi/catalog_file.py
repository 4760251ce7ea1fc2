"""The JSON Schema of a catalog file, for editors and validators, and its keys as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from ims_mock.contract.fields import FIELDS, MEMBER_STATUSES, Field
from ims_mock.contract.values import BOOLEAN, INTEGER, LINK, LIST, TIME, ValueType
from ims_mock.loading.schema import CREDENTIAL_KEYS, GENERATE_KEYS, MEMBERS, PROJECT_KEYS, SCALAR_KEYS, EntryKey
from ims_mock.openapi.json_schema import (
    BOOL,
    NULL,
    SCALAR,
    Schema,
    array,
    closed_object,
    enum,
    integer_range,
    nullable,
    optional_object,
)
from ims_mock.options import MAX_GENERATED
from ims_mock.text_tables import Row

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MEMBER_STATUS: Final = enum(MEMBER_STATUSES)

_TIME: Final[Schema] = {
    "type": "string", "format": "time-or-age", "description": "A time, or an age such as `3 days ago`.",
}  # fmt: skip
_VALUES: Final[Mapping[ValueType, Schema]] = {
    INTEGER: {"anyOf": [integer_range(-(2**63), 2**63 - 1), {"type": "string", "pattern": "^[+-]?[0-9]{1,18}$"}]},
    BOOLEAN: {"anyOf": [BOOL, {"type": "string", "pattern": "^(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"}]},
    TIME: {"anyOf": [_TIME, integer_range(1000, 9999)]},
    LIST: array(SCALAR),
}
"""The schema of a value by its type; all others are scalars."""

_CREDENTIALS: Final = {
    "tokens": "Tokens that are accepted without a login.",
    "keys": "Access keys; a key with several entries can use several projects.",
    "users": "Users who can log in; a user with several entries can use several projects.",
}


def catalog_schema() -> Schema:
    """Return the JSON Schema of a catalog file."""
    image = stored_image_schema()
    for field in FIELDS:
        if examples := (*field.values, *field.seen_values):
            image["properties"][field.name]["examples"] = [*examples]
    sections = sections_schema({"$ref": "#/$defs/Image"})
    return {"$schema": DIALECT, "title": "Catalog of ims-mock", **sections, "$defs": {"Image": image}}


def catalog_schema_json() -> str:
    """Return the JSON Schema of a catalog file as text."""
    return json.dumps(catalog_schema(), ensure_ascii=False, indent=1) + "\n"


def stored_image_schema() -> Schema:
    """Return the schema of an image in a catalog file, where ``null`` means no value and no default."""
    members = {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": MEMBER_STATUS}
    about_members = "The projects that the image is shared with, each with the status of its membership."
    return {
        "type": "object",
        "properties": {
            **{field.name: _attribute(field) for field in FIELDS},
            MEMBERS: nullable(members) | {"description": about_members},
        },
        "propertyNames": {"minLength": 1},
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    }


def _attribute(field: Field) -> Schema:
    if field.type is LINK:
        return NULL | {"description": f"{field.description} It is computed and cannot be set."}
    schema = _VALUES.get(field.type, SCALAR)
    return (schema if field.name == "id" else nullable(schema)) | {"description": field.description}


def sections_schema(image: Schema) -> Schema:
    """Return the schema of a catalog file, given a reference to that of an image."""
    generate = _entry(GENERATE_KEYS, set=image | {"description": "Attributes of every generated image."})
    generate["properties"]["count"] |= integer_range(0, MAX_GENERATED)
    del generate["properties"]["count"]["anyOf"]
    credentials = {name: array(_entry(keys), description=_CREDENTIALS[name]) for name, keys in CREDENTIAL_KEYS.items()}
    sections = {
        **_entry(SCALAR_KEYS)["properties"],
        "projects": array(_entry(PROJECT_KEYS), description="Projects with names. Any other id is a project as well."),
        "credentials": closed_object(credentials, *credentials, description="Tokens, access keys and users."),
        "defaults": image | {"description": "Attributes of every image that does not have them itself."},
        "images": array(image, description="The images."),
        "generate": array(generate, description="Images that are generated from a seed."),
    }
    return optional_object(sections)


def _entry(keys: Mapping[str, EntryKey], **more: Schema) -> Schema:
    """Return the schema of an entry in a section."""
    optional = [name for name, key in keys.items() if not key.is_required]
    properties = {name: _VALUES.get(key.type, SCALAR) | {"description": key.description} for name, key in keys.items()}
    return closed_object(properties | more, *optional, *more)


# --- the table of keys


def catalog_keys() -> Iterator[Row]:
    """Yield path, type, necessity and description of each key; attributes of images have a table of their own."""
    schema = catalog_schema()
    yield from _keys(schema, "")
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
    return {"array": "list", "integer": "whole number"}.get(inner.get("type", ""), "mapping")
