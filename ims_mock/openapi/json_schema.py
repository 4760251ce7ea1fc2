"""Building blocks of JSON Schemas."""

from collections.abc import Mapping
from typing import Any, Final

Schema = dict[str, Any]

STRING: Final[Schema] = {"type": "string"}
INT: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "number"}
BOOL: Final[Schema] = {"type": "boolean"}
NULL: Final[Schema] = {"type": "null"}
SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"]}


def object_schema(properties: Mapping[str, Schema], *optional: str, **keywords: Any) -> Schema:
    """Return the schema of an object whose properties are required unless they are named as optional."""
    required = [name for name in properties if name not in optional]
    needed = {"required": required} if required else {}
    return {"type": "object", "properties": dict(properties), **needed, **keywords}


def closed_object(properties: Mapping[str, Schema], *optional: str, **keywords: Any) -> Schema:
    """Return the schema of an object that has no other properties."""
    return object_schema(properties, *optional, additionalProperties=False, **keywords)


def optional_object(properties: Mapping[str, Schema], **keywords: Any) -> Schema:
    """Return the schema of an object in which each property may be missing or null."""
    return closed_object({name: nullable(schema) for name, schema in properties.items()}, *properties, **keywords)


def each(names: str, schema: Schema = STRING) -> dict[str, Schema]:
    """Return properties with the same schema, by their space-separated names."""
    return dict.fromkeys(names.split(), schema)


def array(items: Schema, **keywords: Any) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items, **keywords}


def nullable(schema: Schema) -> Schema:
    """Return the schema of a value that may be null."""
    return {"anyOf": [schema, NULL]}


def reference(name: str) -> Schema:
    """Return a reference to a schema of the OpenAPI document."""
    return {"$ref": f"#/components/schemas/{name}"}
