"""The JSON Schema of catalog files, derived from the tables of attributes and of keys."""

from collections.abc import Mapping
from typing import Final

from ims_mock.contract.fields import FIELDS, MEMBER_STATUSES, Field
from ims_mock.contract.values import BOOLEAN, HEADER, INTEGER, LINK, LIST, TIME, ValueType
from ims_mock.loading.schema import (
    CREDENTIAL_KEYS,
    ENVELOPE_KEYS,
    GENERATE_KEYS,
    MEMBERS,
    PROJECT_KEYS,
    SCALAR_KEYS,
    SECTIONS,
    EntryKey,
)
from ims_mock.openapi.json_schema import (
    BOOL,
    INT,
    SCALAR,
    STRING,
    Schema,
    array,
    closed_object,
    nullable,
    optional_object,
)
from ims_mock.options import MAX_GENERATED

MEMBER_STATUS: Final[Schema] = {"enum": [*MEMBER_STATUSES]}

_AGE: Final[Schema] = {**STRING, "format": "time-or-age", "description": "A time, or an age such as `3 days ago`."}
_STORED: Final[Mapping[ValueType, Schema]] = {  # by type; the values of all others are scalars
    INTEGER: {"anyOf": [INT | {"minimum": -(2**63), "maximum": 2**63 - 1}, STRING | {"pattern": "^[+-]?[0-9]{1,18}$"}]},
    BOOLEAN: {"anyOf": [BOOL, {"type": "string", "pattern": "^(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"}]},
    TIME: {"anyOf": [_AGE, INT | {"minimum": 1000, "maximum": 9999}]},
    LIST: array(SCALAR),
    HEADER: SCALAR | {"pattern": r"^[^\x00-\x1f\x7f]*$"},
}
_CREDENTIALS: Final = {
    "tokens": "Tokens that are accepted without a login.",
    "keys": "Access keys; a key with several entries can use several projects.",
    "users": "Users who can log in; a user with several entries can use several projects.",
}

SINGLE_IMAGE: Final[Schema] = {"required": ["id"], "properties": dict.fromkeys(SECTIONS, False)}
"""The schema of a catalog that is one image instead of a mapping with sections."""


def catalog_schema() -> Schema:
    """Return the JSON Schema of a catalog file."""
    image = stored_image()
    for field in FIELDS:
        if field.known_values:
            image["properties"][field.name]["examples"] = [*field.known_values]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Catalog of ims-mock",
        "if": SINGLE_IMAGE,
        "then": {"$ref": "#/$defs/Image"},
        "else": {"$ref": "#/$defs/Catalog"},
        "$defs": {"Catalog": catalog_sections({"$ref": "#/$defs/Image"}), "Image": image},
    }


def stored_image() -> Schema:
    """Return the schema of an image in a catalog file, where ``null`` means no value and no default."""
    named = {"type": "object", "propertyNames": {"minLength": 1}}
    members = nullable(named | {"additionalProperties": MEMBER_STATUS})
    members["description"] = "The projects that the image is shared with, each with the status of its membership."
    properties = {field.name: _stored_attribute(field) for field in FIELDS} | {MEMBERS: members}
    return named | {"properties": properties, "additionalProperties": True}


def _stored_attribute(field: Field) -> Schema:
    if field.type is LINK:
        return {"description": f"{field.description} It is computed; any other value is ignored with a warning."}
    schema = _STORED.get(field.type, SCALAR)
    limit = {"maxLength": field.max_length} if field.max_length else {}
    return (schema if field.name == "id" else nullable(schema)) | limit | {"description": field.description}


def catalog_sections(image: Schema) -> Schema:
    """Return the schema of a catalog file, given a reference to that of an image."""
    generate = _entry(GENERATE_KEYS, set=image | {"description": "Attributes of every generated image."})
    generate["properties"]["count"] |= INT | {"minimum": 0, "maximum": MAX_GENERATED}
    del generate["properties"]["count"]["anyOf"]
    credentials = {name: array(_entry(keys), description=_CREDENTIALS[name]) for name, keys in CREDENTIAL_KEYS.items()}
    sections = {
        **_entry(SCALAR_KEYS)["properties"],
        "projects": array(_entry(PROJECT_KEYS), description="Projects with names. Any other id is a project as well."),
        "credentials": closed_object(credentials, *credentials, description="Tokens, access keys and users."),
        "defaults": image | {"description": "Attributes of every image that does not have them itself."},
        "images": array(image, description="The images."),
        "generate": array(generate, description="Images that are generated from a seed."),
        **{name: {"description": text} for name, text in ENVELOPE_KEYS.items()},
    }
    return optional_object(sections, dependentRequired={key: ["images"] for key in ENVELOPE_KEYS})


def _entry(keys: Mapping[str, EntryKey], **more: Schema) -> Schema:
    optional = [name for name, key in keys.items() if not key.is_required]
    properties = {name: _STORED.get(key.type, SCALAR) | {"description": key.description} for name, key in keys.items()}
    return closed_object(properties | more, *optional, *more)
