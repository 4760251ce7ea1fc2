"""JSON Schemas of the API, derived from the tables: the published ones, and the bodies of requests and responses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from ims_mock.auth.login import METHODS
from ims_mock.contract.fields import FIELDS, MEMBER_STATUSES, TAG_LENGTH, Field
from ims_mock.contract.profiles import DEPARTURES, Profile
from ims_mock.contract.published_schema import CONSTRAINTS, UNUSED_PROPERTIES, UUID_PATTERN
from ims_mock.contract.values import BOOLEAN, INTEGER, LINK, LIST, MAX_NAME, TIME, ValueType
from ims_mock.faults.schema import EFFECT, rule_schema
from ims_mock.journal.audit_rules import AUDIT_RULES, ERROR, INFO
from ims_mock.journal.findings import FINDINGS_BY_NAME, SEVERITIES
from ims_mock.journal.records import HEADERS
from ims_mock.loading.schema import (
    ATTRIBUTE_TYPES,
    CREDENTIAL_KEYS,
    GENERATE_KEYS,
    MEMBERS,
    PROJECT_KEYS,
    SCALAR_KEYS,
    EntryKey,
)
from ims_mock.loading.sources import bundled_catalogs
from ims_mock.options import MAX_GENERATED, SandboxOptions, options_of
from ims_mock.writes.json_patch import MEDIA_TYPES, patch_schema
from ims_mock.writes.validation import FREE_VALUE, attribute_schemas

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_INTEGER: Final[Schema] = {"type": "integer"}
_NUMBER: Final[Schema] = {"type": "number"}
_BOOLEAN: Final[Schema] = {"type": "boolean"}
_NULL: Final[Schema] = {"type": "null"}
_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"]}
_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": MAX_NAME}
_MEMBER_STATUS: Final[Schema] = {"enum": [*MEMBER_STATUSES]}
_WIRE_TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
_MICROSECONDS: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$"}
_CALENDAR_SECONDS: Final = (datetime.max - datetime.min).total_seconds()

_ATTRIBUTE_TYPES: Final[Mapping[ValueType, Schema]] = {
    INTEGER: _INTEGER,
    BOOLEAN: _BOOLEAN,
    TIME: {"type": "string", "pattern": "^[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}Z$"},
    LIST: {"type": "array", "items": {"type": "string", "maxLength": TAG_LENGTH}},
}
"""The schema of an attribute in responses by its type; all others are text."""


# --- building blocks


def reference(name: str) -> Schema:
    """Return a reference to a schema of the OpenAPI document."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Mapping[str, Schema], *optional: str, **keywords: Any) -> Schema:
    """Return the schema of an object whose properties are required unless they are named as optional."""
    required = [name for name in properties if name not in optional]
    needed = {"required": required} if required else {}
    return {"type": "object", "properties": dict(properties), **needed, **keywords}


def _closed(properties: Mapping[str, Schema], *optional: str, **keywords: Any) -> Schema:
    """Return the schema of an object that has no other properties."""
    return _object(properties, *optional, additionalProperties=False, **keywords)


def _all_optional(properties: Mapping[str, Schema], **keywords: Any) -> Schema:
    """Return the schema of an object in which each property may be missing or null."""
    return _closed({name: _nullable(schema) for name, schema in properties.items()}, *properties, **keywords)


def _each(names: str, schema: Schema = _TEXT) -> dict[str, Schema]:
    """Return properties with the same schema, by their space-separated names."""
    return dict.fromkeys(names.split(), schema)


def _array(items: Schema, **keywords: Any) -> Schema:
    return {"type": "array", "items": items, **keywords}


def _enum(values: Iterable[str]) -> Schema:
    return {"enum": [*values]}


def _range(minimum: int, maximum: int) -> Schema:
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, _NULL]}


_QUERY: Final[Schema] = _array(_array(_TEXT, minItems=2, maxItems=2))


# --- attributes of images


def _attribute(field: Field, keywords: Mapping[str, Any]) -> Schema:
    """Return the schema of an attribute.

    Attributes that are shown as ``null`` may be ``null`` in the published schema too, as in Glance's: glanceclient
    refuses to change an image that violates its schema.
    """
    schema = {**keywords, "description": field.description}
    if field.is_read_only:
        schema["readOnly"] = True
    if field.is_nullable:
        schema["type"] = [schema["type"], "null"]
    return schema


def image_schema() -> Schema:
    """Return the schema of an image in a list."""
    properties = {field.name: _attribute(field, _ATTRIBUTE_TYPES.get(field.type, _TEXT)) for field in FIELDS}
    always = [one.name for one in FIELDS if one.type in (LINK, LIST) or one.is_nullable or one.name == "id"]
    return {
        "name": "image",
        "type": "object",
        "properties": properties,
        "required": always,
        "additionalProperties": _TEXT,
    }


# --- the schemas under /v2/schemas


def _published_attribute(field: Field) -> Schema:
    keywords = _ATTRIBUTE_TYPES[LIST] if field.type is LIST else {"type": field.type.json_type}
    schema = _attribute(field, {**keywords, **CONSTRAINTS.get(field.name, {})})
    if not field.is_column and field.type is not LINK:
        schema["is_base"] = False
    return schema


def _links(**names: str) -> list[Schema]:
    return [{"rel": rel, "href": f"{{{name}}}"} for rel, name in names.items()]


_IMAGE: Final[Schema] = {
    "name": "image",
    "properties": {field.name: _published_attribute(field) for field in FIELDS} | UNUSED_PROPERTIES,
    "additionalProperties": _TEXT,
    "links": _links(self="self", enclosure="file", describedby="schema"),
}
_MEMBER_PROPERTIES: Final[dict[str, Schema]] = {
    "member_id": {**_TEXT, "description": "Project the image is shared with."},
    "image_id": {**_TEXT, "pattern": UUID_PATTERN, "description": "Id of the image."},
    "status": {**_TEXT, "enum": ["pending", "accepted", "rejected"], "description": "The member's decision."},
    "created_at": {**_TEXT, "readOnly": True, "description": "When the image was shared, UTC."},
    "updated_at": {**_TEXT, "readOnly": True, "description": "When the membership last changed, UTC."},
    "schema": {**_TEXT, "readOnly": True},
}
_MEMBER: Final[Schema] = {"name": "member", "properties": _MEMBER_PROPERTIES}

PUBLISHED: Final[dict[str, Schema]] = {
    "image": _IMAGE,
    "images": {
        "name": "images",
        "properties": {"images": _array(_IMAGE), **_each("first next schema")},
        "links": _links(first="first", next="next", describedby="schema"),
    },
    "member": _MEMBER,
    "members": {
        "name": "members",
        "properties": {"members": _array(_MEMBER), "schema": _TEXT},
        "links": _links(describedby="schema"),
    },
}
"""The schemas that the service publishes, by their name in the path."""


# --- bodies of requests and responses


def body_schemas(profile: Profile) -> dict[str, Schema]:
    """Return the schema of each body by its name.

    Args:
        profile: The profile, which decides what clients may write.
    """
    return {**_image_bodies(profile), **_identity_bodies(), **_control_bodies(), "Document": {"type": "object"}}


def error_schemas() -> dict[str, Schema]:
    """Return the schema of each error body by its name."""
    request_id = {**_TEXT, "pattern": "^[0-9a-f]{32}$"}
    return {
        "ServiceError": _closed({"error": _closed(_each("code message"))}),
        "GatewayError": _closed({**_each("error_msg error_code"), "request_id": request_id}),
        "IdentityError": _closed({"error": _closed({"code": _INTEGER, **_each("message title")})}),
        "GlanceError": _closed(_each("message code title")),
    }


def _image_bodies(profile: Profile) -> dict[str, Schema]:
    image = image_schema()
    del image["name"]
    if "service-rules" not in profile:
        for field in FIELDS:
            if field.type is TIME and not field.is_column:  # clients may write any text
                del image["properties"][field.name]["pattern"]
    narrow = {field.name: image["properties"][field.name] for field in FIELDS if field.in_cloudimages}
    written = {"type": "object", "propertyNames": _NAME, "additionalProperties": dict(FREE_VALUE)}
    old_patch, patch = (patch_schema(media_type, profile) for media_type in MEDIA_TYPES)
    link = _object(_each("rel href"))
    membership = {**_MEMBER_PROPERTIES, "image_id": _TEXT}  # the ids in a catalog file need not be UUIDs
    return {
        "Image": image,
        "Images": _object({"images": _array(reference("Image")), **_each("first next schema")}, "next"),
        "CloudImages": _object({"images": _array({**image, "properties": narrow})}),
        "NewImage": written | {"properties": attribute_schemas(profile)},
        "Patch": patch,
        "OldPatch": old_patch,
        "Deletion": _object({"delete_backup": _BOOLEAN}, "delete_backup"),
        "Data": {"description": "The bytes of the image file."},
        "Member": _object(membership),
        "Members": _object({"members": _array(reference("Member")), "schema": _TEXT}),
        "Offer": _object({"member": {**_NAME, "description": "Id of the project the image is shared with."}}),
        "Decision": _object({"status": _MEMBER_STATUS}),
        "Versions": _object({"versions": _array(_object({**_each("id status"), "links": _array(link)}))}),
        "Schema": _object({"name": _TEXT, "properties": {"type": "object"}}),
    }


def _identity_bodies() -> dict[str, Schema]:
    links = _object({"self": _TEXT, **_each("next previous", {"type": ["string", "null"]})}, "next", "previous")
    named = _object(_each("id name"))
    in_domain = {**_each("id name"), "domain": named}
    endpoint = _object(_each("id interface region region_id url"))
    services = _array(_object({**_each("id type name"), "endpoints": _array(endpoint)}))
    project = _object(
        {**_each("id name domain_id parent_id description"), **_each("is_domain enabled", _BOOLEAN), "links": links}
    )
    domain = _object({**_each("id name description"), "enabled": _BOOLEAN, "links": _object({"self": _TEXT})})
    token = {
        "methods": _array(_TEXT),
        "user": _object({**in_domain, "password_expires_at": _TEXT}),
        **_each("issued_at expires_at", _MICROSECONDS),
        "audit_ids": _array(_TEXT),
        "project": _object(in_domain),
        "domain": named,
        "roles": _array(named),
        "catalog": services,
    }
    version = {
        **_each("id status updated"),
        "links": _array(_object(_each("rel href"))),
        "media-types": _array(_object(_each("base type"))),
    }
    return {
        "Identity": _object({"version": _object(version)}),
        "Login": _login(),
        "Token": _object({"token": _object(token, "project", "domain", "roles", "catalog")}),
        "Services": _object({"catalog": services, "links": links}),
        "Projects": _object({"projects": _array(project), "links": links}),
        "Project": _object({"project": project}),
        "Domains": _object({"domains": _array(domain), "links": links}),
    }


def _named(**properties: Schema) -> Schema:
    """Return the schema of a user, project or domain in a login: it has an id or a name."""
    text = {"type": ["string", "null"], "maxLength": MAX_NAME}
    ways = [{"properties": {name: _NAME}, "required": [name]} for name in ("id", "name")]
    return {"type": "object", "properties": {"id": text, "name": text, **properties}, "anyOf": ways}


def _login() -> Schema:
    domain = _named()
    project = _named(domain=_nullable(domain))
    user = _named(domain=_nullable(domain), password=_TEXT) | {
        "required": ["password"],
        "anyOf": [
            {"properties": {"id": _NAME}, "required": ["id"]},
            {"properties": {"name": _NAME, "domain": domain}, "required": ["name", "domain"]},
        ],
    }
    password = {"password": _object({"user": user})}
    token = {"token": _object({"id": _TEXT})}
    methods = [
        ({"const": METHODS[0]}, password),
        ({"const": METHODS[1]}, token),
        (_TEXT, password | token),
        ({"type": "string", "not": _enum(METHODS)}, {}),
    ]
    identity = [_object({"methods": _array(method, minItems=1), **proofs}) for method, proofs in methods]
    scope = [
        _NULL,
        {"const": "unscoped"},
        _object({"project": project}),
        _object({"project": _NULL, "domain": domain}, "project"),
    ]
    return _object({"auth": _object({"identity": {"anyOf": identity}, "scope": {"anyOf": scope}}, "scope")})


def _control_bodies() -> dict[str, Schema]:
    stored, rule = _stored_image(), rule_schema()
    to_store = stored | {"properties": {**stored["properties"], "id": False}}
    update = {"type": "object", "additionalProperties": reference("ImageToStore")}
    change = {"delete": _TEXT, "add": reference("StoredImage"), "update": update}
    rule["properties"][EFFECT]["properties"]["catalog"] |= _closed(change, *change, minProperties=1)
    fault = {"id": _TEXT, **rule["properties"], "hits": _INTEGER}
    group = _object({"name": _TEXT, **_each("items never", _array(_TEXT))})
    return {
        "Health": _object({**_each("status version catalog"), "images": _INTEGER, "project": _TEXT}),
        "Catalog": _catalog(),
        "StoredImage": stored,
        "ImageToStore": to_store,
        "Loaded": _object({"images": _INTEGER, "warnings": _array(_TEXT)}),
        "Clock": _object({"now": _WIRE_TIME, "is_frozen": _BOOLEAN, "ahead_seconds": _INTEGER}),
        "ClockSetting": _clock_setting(),
        "Snapshot": _object({"name": _NAME}),
        "Snapshots": _object({"snapshots": _array(_TEXT)}),
        "NewFault": rule,
        "Fault": rule | {"properties": fault, "required": [*fault]},
        "Faults": _object({"faults": _array(reference("Fault"))}),
        "Requests": _object({"requests": _array(_request())}),
        "Walks": _object({"walks": _array(_walk())}),
        "Coverage": _object({**_each("exercised total", _INTEGER), "groups": _array(group)}),
        "NewSandbox": _new_sandbox(),
        "Sandbox": _object({**_each("id url token access_key secret_key project"), "expires": _NUMBER}),
    }


_FILE_TYPES: Final[Mapping[ValueType, Schema]] = {
    INTEGER: {"anyOf": [_range(-(2**63), 2**63 - 1), {"type": "string", "pattern": "^[+-]?[0-9]{1,18}$"}]},
    BOOLEAN: {"anyOf": [_BOOLEAN, {"type": "string", "pattern": "^(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"}]},
    TIME: {
        "anyOf": [
            {"type": "string", "format": "time-or-age", "description": "A time, or an age such as `3 days ago`."},
            _range(1000, 9999),
        ]
    },
    LIST: _array(_SCALAR),
}
"""The schema of a value in a catalog file by its type; all others are scalars."""


def _stored_image() -> Schema:
    """Return the schema of an image in a catalog file, where ``null`` means no value and no default."""
    attributes = {name: _nullable(_FILE_TYPES.get(kind, _SCALAR)) for name, kind in ATTRIBUTE_TYPES.items()}
    computed = {field.name: _NULL for field in FIELDS if field.type is LINK}
    members = {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": _MEMBER_STATUS}
    return {
        "type": "object",
        "properties": {**attributes, **computed, "id": _SCALAR, MEMBERS: _nullable(members)},
        "propertyNames": {"minLength": 1},
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    }


def _entry(keys: Mapping[str, EntryKey], **more: Schema) -> Schema:
    """Return the schema of an entry in a section of a catalog file."""
    optional = [name for name, key in keys.items() if not key.is_required]
    return _closed({name: _FILE_TYPES.get(key.type, _SCALAR) for name, key in keys.items()} | more, *optional, *more)


def _catalog() -> Schema:
    image, numbers = reference("StoredImage"), _range(0, MAX_GENERATED)
    generate = _entry(GENERATE_KEYS, set=image)
    generate["properties"]["count"] = numbers
    credentials = {name: _array(_entry(keys)) for name, keys in CREDENTIAL_KEYS.items()}
    return _all_optional(
        {
            **_entry(SCALAR_KEYS)["properties"],
            "projects": _array(_entry(PROJECT_KEYS)),
            "credentials": _closed(credentials, *credentials),
            "defaults": image,
            "images": _array(image),
            "generate": _array(generate),
        }
    )


def _clock_setting() -> Schema:
    instant = {"format": "instant", "description": "A time in whole seconds such as 2018-09-06T14:03:27Z."}
    duration = {"format": "span", "description": "A duration such as PT1H or -P1DT30M."}
    seconds = {**_NUMBER, "minimum": -_CALENDAR_SECONDS, "maximum": _CALENDAR_SECONDS}
    properties = {
        "now": _nullable(_TEXT | instant),
        "runs": _BOOLEAN,
        "advance": {"anyOf": [seconds, _TEXT | duration]},
    }
    return _closed(
        properties,
        *properties,
        oneOf=[{"required": ["now"]}, {"required": ["advance"]}],
        dependentSchemas={"runs": {"properties": {"now": _TEXT}, "required": ["now"]}},
    )


def _walk() -> Schema:
    step = {**_each("number status images", _INTEGER), **_each("method path"), "query": _QUERY}
    remark = {
        **_each("sentence cure"),
        "name": _enum(kind.name for kind in AUDIT_RULES),
        "severity": _enum((ERROR, INFO)),
        "requests": _array(_INTEGER),
        "images": _array(_TEXT),
    }
    return _object(
        {
            **_each("path project"),
            **_each("number pages images", _INTEGER),
            "query": _QUERY,
            "is_whole": _BOOLEAN,
            "steps": _array(_object(step)),
            "remarks": _array(_object(remark)),
        }
    )


def _request() -> Schema:
    finding = {
        **_each("message cure"),
        "name": _enum(FINDINGS_BY_NAME),
        "severity": _enum(SEVERITIES),
        "request": _INTEGER,
    }
    return _object(
        {
            **_each("time method path project credentials refusal fault"),
            **_each("number status walk page", _INTEGER),
            "seconds": _NUMBER,
            "query": _QUERY,
            "headers": _closed(dict.fromkeys(HEADERS, _TEXT), *HEADERS),
            "ids": _array(_TEXT),
            "findings": _array(_object(finding)),
        }
    )


def _new_sandbox() -> Schema:
    finding = f"(?:{'|'.join(FINDINGS_BY_NAME)})"
    switch = f"[+-](?:{'|'.join(departure.name for departure in DEPARTURES)})"
    properties: dict[str, Schema] = {option.name: option.json_schema() for option in options_of(SandboxOptions)}
    properties["catalog"] = {"anyOf": [_enum(bundled_catalogs()), reference("Catalog")]}
    properties["profile"]["pattern"] = f"^(?:documented|glance)(?:,{switch})*$"
    properties["findings_ignore"]["pattern"] = f"^(?:{finding}(?:,{finding})*)?$"
    return _all_optional(properties)
