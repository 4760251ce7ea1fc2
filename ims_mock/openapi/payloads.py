"""The bodies of requests and answers as JSON Schemas, made from the tables; each has a name in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ims_mock.auth.login import METHODS
from ims_mock.contract.fields import FIELDS, MEMBER_STATUSES
from ims_mock.contract.profiles import DEPARTURES, Profile
from ims_mock.contract.values import BOOLEAN, INTEGER, LIST, MAX_NAME, TIME, ValueType
from ims_mock.faults.schema import EFFECT, rule_schema
from ims_mock.journal.audit_rules import ERROR, INFO, KINDS
from ims_mock.journal.findings import BY_ROW, SEVERITIES
from ims_mock.journal.notes import HEADERS
from ims_mock.loading.sections import CREDENTIALS, GENERATE, IMAGE, MEMBERS, PROJECT, SINGLE, Key
from ims_mock.loading.sources import bundled
from ims_mock.openapi.schemas import json_schema, member
from ims_mock.options import MAX_GENERATED, SandboxOptions, options_of
from ims_mock.writes.json_patch import MEDIA_TYPES, patch_schema
from ims_mock.writes.validation import FREE_VALUE, attribute_schemas

Schema = dict[str, Any]

NEW_IMAGE, PATCH, OLD_PATCH, DELETION, DATA = "NewImage", "Patch", "OldPatch", "Deletion", "Data"
IMAGE_BODY, IMAGES, CLOUDIMAGES, MEMBER, MEMBER_LIST, OFFER, DECISION = (
    "Image", "Images", "CloudImages", "Member", "Members", "Offer", "Decision",
)  # fmt: skip
VERSIONS, SCHEMA, DOCUMENT = "Versions", "Schema", "Document"
IDENTITY, LOGIN, TOKEN, SERVICES, PROJECTS, ONE_PROJECT, DOMAINS = (
    "Identity", "Login", "Token", "Services", "Projects", "Project", "Domains",
)  # fmt: skip
HEALTH, CATALOG, STORED, PUT_IMAGE, LOADED, CLOCK, CLOCK_SETTING, SNAPSHOT, SNAPSHOTS = (
    "Health", "Catalog", "StoredImage", "ImageToStore", "Loaded", "Clock", "ClockSetting",
    "Snapshot", "Snapshots",
)  # fmt: skip
NEW_FAULT, FAULT, FAULTS, REQUESTS, WALKS, COVERAGE, NEW_SANDBOX, SANDBOX = (
    "NewFault", "Fault", "Faults", "Requests", "Walks", "Coverage", "NewSandbox", "Sandbox",
)  # fmt: skip

_TEXT: Final[Schema] = {"type": "string"}
_WHOLE: Final[Schema] = {"type": "integer"}
_BOOLEAN: Final[Schema] = {"type": "boolean"}
_NOTHING: Final[Schema] = {"type": "null"}
_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"]}
_WIRE_TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
_MICROSECONDS: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$"}
_STATUS: Final[Schema] = {"enum": [*MEMBER_STATUSES]}
_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": MAX_NAME}


def schemas(profile: Profile) -> dict[str, Schema]:
    """Describe every body.

    Args:
        profile: decides what clients may write.
    """
    return {**_of_images(profile), **_of_identity(), **_of_control(), DOCUMENT: {"type": "object"}}


def reference(name: str) -> Schema:
    """Refer to a body of the document by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Mapping[str, Schema], *optional: str, **more: Any) -> Schema:
    """Describe an object with members that it always has, but for the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), **({"required": required} if required else {}), **more}


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, _NOTHING]}


# --- images ---------------------------------------------------------------------------------------


def _of_images(profile: Profile) -> dict[str, Schema]:
    image, written = json_schema(), {"type": "object", "propertyNames": _NAME, "additionalProperties": dict(FREE_VALUE)}
    del image["name"]
    if "service-rules" not in profile:
        for field in FIELDS:
            if field.type is TIME and not field.is_column:  # a free property to Glance
                del image["properties"][field.name]["pattern"]
    left_out = {field.name for field in FIELDS if not field.in_cloudimages}
    newer = {name: one for name, one in image["properties"].items() if name not in left_out}
    links = {"first": _TEXT, "next": _TEXT, "schema": _TEXT}
    version = _object({"id": _TEXT, "status": _TEXT, "links": _list(_object({"rel": _TEXT, "href": _TEXT}))})
    old, new = MEDIA_TYPES
    membership = {name: {**one} for name, one in member()["properties"].items()}
    del membership["image_id"]["pattern"]  # a catalog may give its images other ids
    return {
        IMAGE_BODY: image,
        IMAGES: _object({"images": _list(reference(IMAGE_BODY)), **links}, "next"),
        CLOUDIMAGES: _object({"images": _list({**image, "properties": newer})}),
        NEW_IMAGE: written | {"properties": attribute_schemas(profile)},
        PATCH: patch_schema(new, profile),
        OLD_PATCH: patch_schema(old, profile),
        DELETION: _object({"delete_backup": _BOOLEAN}, "delete_backup"),
        DATA: {"description": "The bytes of the image file."},
        MEMBER: _object(membership),
        MEMBER_LIST: _object({"members": _list(reference(MEMBER)), "schema": _TEXT}),
        OFFER: _object({"member": {**_NAME, "description": "Id of the project that the image is offered to."}}),
        DECISION: _object({"status": _STATUS}),
        VERSIONS: _object({"versions": _list(version)}),
        SCHEMA: _object({"name": _TEXT, "properties": {"type": "object"}}),
    }


# --- the identity service -------------------------------------------------------------------------


def _of_identity() -> dict[str, Schema]:
    link = {"type": ["string", "null"]}
    links = _object({"self": _TEXT, "next": link, "previous": link}, "next", "previous")
    named = _object({"id": _TEXT, "name": _TEXT})
    in_domain = _object({"id": _TEXT, "name": _TEXT, "domain": named})
    project = _object(
        {
            **dict.fromkeys(("id", "name", "domain_id", "parent_id", "description"), _TEXT),
            **dict.fromkeys(("is_domain", "enabled"), _BOOLEAN),
            "links": links,
        }
    )
    endpoint = _object(dict.fromkeys(("id", "interface", "region", "region_id", "url"), _TEXT))
    services = _list(_object({"id": _TEXT, "type": _TEXT, "name": _TEXT, "endpoints": _list(endpoint)}))
    user = {**in_domain["properties"], "password_expires_at": _TEXT}
    token = {
        "methods": _list(_TEXT),
        "user": _object(user),
        "issued_at": _MICROSECONDS,
        "expires_at": _MICROSECONDS,
        "audit_ids": _list(_TEXT),
        "project": in_domain,
        "domain": named,
        "roles": _list(named),
        "catalog": services,
    }
    domain = _object(
        {"id": _TEXT, "name": _TEXT, "description": _TEXT, "enabled": _BOOLEAN, "links": _object({"self": _TEXT})}
    )
    version = _object(
        {
            **dict.fromkeys(("id", "status", "updated"), _TEXT),
            "links": _list(_object({"rel": _TEXT, "href": _TEXT})),
            "media-types": _list(_object({"base": _TEXT, "type": _TEXT})),
        }
    )
    return {
        IDENTITY: _object({"version": version}),
        LOGIN: _login(),
        TOKEN: _object({"token": _object(token, "project", "domain", "roles", "catalog")}),
        SERVICES: _object({"catalog": services, "links": links}),
        PROJECTS: _object({"projects": _list(project), "links": links}),
        ONE_PROJECT: _object({"project": project}),
        DOMAINS: _object({"domains": _list(domain), "links": links}),
    }


def _named(inside: Schema | None = None) -> Schema:
    """Describe what names a user, a project or a domain: an id, or a name and perhaps the domain around it."""
    text, given = {"type": ["string", "null"], "maxLength": MAX_NAME}, {**_NAME}
    return {
        "type": "object",
        "properties": {"id": text, "name": text, **({"domain": _or_null(inside)} if inside else {})},
        "anyOf": [{"properties": {name: given}, "required": [name]} for name in ("id", "name")],
    }


def _login() -> Schema:
    domain = _named()
    project, user = _named(domain), _named(domain)
    user["properties"]["password"] = _TEXT
    user["required"] = ["password"]
    user["anyOf"] = [
        {"properties": {"id": _NAME}, "required": ["id"]},
        {"properties": {"name": _NAME, "domain": domain}, "required": ["name", "domain"]},
    ]
    proofs = {"password": _object({"user": user}), "token": _object({"id": _TEXT})}
    password, token = METHODS
    others = _list({"type": "string", "not": {"enum": [*METHODS]}}, minItems=1)

    def identity(methods: Schema, *needed: str) -> Schema:
        return _object({"methods": methods, **{name: proofs[name] for name in needed}})

    return _object(
        {
            "auth": _object(
                {
                    "identity": {
                        "anyOf": [
                            identity(_list({"const": password}, minItems=1), password),
                            identity(_list({"const": token}, minItems=1), token),
                            identity(_list(_TEXT, minItems=1), password, token),
                            identity(others),
                        ]
                    },
                    "scope": {
                        "anyOf": [
                            _NOTHING,
                            {"const": "unscoped"},
                            _object({"project": project}),
                            _object({"project": _NOTHING, "domain": domain}, "project"),
                        ]
                    },
                },
                "scope",
            )
        }
    )


# --- the control paths ----------------------------------------------------------------------------


def _of_control() -> dict[str, Schema]:
    clock = {"now": _WIRE_TIME, "is_frozen": _BOOLEAN, "ahead_seconds": _WHOLE}
    rule, stored = rule_schema(), _entry(IMAGE, {"id": _SCALAR, MEMBERS: _or_null(_MEMBERS)})
    put = stored | {"properties": {**stored["properties"], "id": False}}
    rule["properties"][EFFECT]["properties"]["catalog"] |= _change()
    fault = rule | {
        "properties": {"id": _TEXT, **rule["properties"], "hits": _WHOLE},
        "required": ["id", *rule["properties"], "hits"],
    }
    return {
        HEALTH: _object({"status": _TEXT, "version": _TEXT, "catalog": _TEXT, "images": _WHOLE, "project": _TEXT}),
        CATALOG: _catalog(),
        STORED: stored,
        PUT_IMAGE: put,
        LOADED: _object({"images": _WHOLE, "warnings": _list(_TEXT)}),
        CLOCK: _object(clock),
        CLOCK_SETTING: _clock_setting(),
        SNAPSHOT: _object({"name": _NAME}),
        SNAPSHOTS: _object({"snapshots": _list(_TEXT)}),
        NEW_FAULT: rule,
        FAULT: fault,
        FAULTS: _object({"faults": _list(reference(FAULT))}),
        REQUESTS: _object({"requests": _list(_request())}),
        WALKS: _object({"walks": _list(_walk())}),
        COVERAGE: _object(
            {
                "exercised": _WHOLE,
                "total": _WHOLE,
                "groups": _list(_object({"name": _TEXT, "items": _list(_TEXT), "never": _list(_TEXT)})),
            }
        ),
        NEW_SANDBOX: _new_sandbox(),
        SANDBOX: _object(
            {
                **dict.fromkeys(("id", "url", "token", "access_key", "secret_key", "project"), _TEXT),
                "expires": {"type": "number"},
            }
        ),
    }


_MEMBERS: Final[Schema] = {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": _STATUS}
_INSTANT: Final[Schema] = {
    "type": "string",
    "format": "instant",
    "description": "A time in whole seconds such as 2018-09-06T14:03:27Z.",
}
_TIME_TEXT: Final[Schema] = {
    "type": "string",
    "format": "time-or-age",
    "description": "Such a time, or `3 days ago`.",
}
_CALENDAR_SECONDS: Final = (datetime.max - datetime.min).total_seconds()
_YEAR: Final[Schema] = {"type": "integer", "minimum": 1000, "maximum": 9999}
_OF_KIND: Final[Mapping[ValueType, Schema]] = {
    INTEGER: {
        "anyOf": [
            {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
            {"type": "string", "pattern": "^[+-]?[0-9]{1,18}$"},
        ]
    },
    BOOLEAN: {"anyOf": [_BOOLEAN, {"type": "string", "pattern": "^(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"}]},
    TIME: {"anyOf": [_TIME_TEXT, _YEAR]},
    LIST: _list(_SCALAR),
}
"""What a catalog file may hold for each kind of value; anything else is taken as it is written."""


def _entry(kinds: Mapping[str, ValueType], more: Mapping[str, Schema]) -> Schema:
    """Describe an image as a catalog file has it; an attribute that is null has no value and no default."""
    properties = {name: _or_null(_OF_KIND.get(kind, _SCALAR)) for name, kind in kinds.items()}
    for field in FIELDS:
        if field.filterable is None:  # a link, which follows from the id
            properties[field.name] = _NOTHING
    free = {"type": ["string", "number", "boolean", "null"]}
    return {
        "type": "object",
        "properties": {**properties, **more},
        "propertyNames": {"minLength": 1},
        "additionalProperties": free,
    }


def _row(keys: Mapping[str, Key]) -> Schema:
    properties = {name: _OF_KIND.get(key.type, _SCALAR) for name, key in keys.items()}
    optional = [name for name, key in keys.items() if not key.is_required]
    return _object(properties, *optional, additionalProperties=False)


def _catalog() -> Schema:
    image = reference(STORED)
    generate = _row(GENERATE)
    generate["properties"] = {**generate["properties"], "count": _number(0, MAX_GENERATED), "set": image}
    sections = {
        **_row(SINGLE)["properties"],
        "projects": _list(_row(PROJECT)),
        "credentials": _object(
            {name: _list(_row(keys)) for name, keys in CREDENTIALS.items()}, *CREDENTIALS, additionalProperties=False
        ),
        "defaults": image,
        "images": _list(image),
        "generate": _list(generate),
    }
    return {
        "type": "object",
        "properties": {name: _or_null(one) for name, one in sections.items()},
        "additionalProperties": False,
    }


def _change() -> Schema:
    """Describe what somebody else does to the catalog."""
    update = {"type": "object", "additionalProperties": reference(PUT_IMAGE)}
    change = {"delete": _TEXT, "add": reference(STORED), "update": update}
    return _object(change, *change, additionalProperties=False, minProperties=1)


def _number(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _clock_setting() -> Schema:
    seconds = {"type": "number", "minimum": -_CALENDAR_SECONDS, "maximum": _CALENDAR_SECONDS}
    span = {"type": "string", "format": "span", "description": "A duration such as PT1H or -P1DT30M."}
    return {
        "type": "object",
        "properties": {"now": _or_null(_INSTANT), "runs": _BOOLEAN, "advance": {"anyOf": [seconds, span]}},
        "additionalProperties": False,
        "oneOf": [{"required": ["now"]}, {"required": ["advance"]}],
        "dependentSchemas": {"runs": {"properties": {"now": _TEXT}, "required": ["now"]}},
    }


_QUERY: Final[Schema] = _list(_list(_TEXT, minItems=2, maxItems=2))


def _walk() -> Schema:
    texts, numbers = ("path", "project"), ("number", "pages", "images")
    step: dict[str, Schema] = {
        **dict.fromkeys(("number", "status", "images"), _WHOLE),
        **dict.fromkeys(("method", "path"), _TEXT),
        "query": _QUERY,
    }
    remark: dict[str, Schema] = {
        **dict.fromkeys(("sentence", "cure"), _TEXT),
        "name": {"enum": [kind.name for kind in KINDS]},
        "severity": {"enum": [ERROR, INFO]},
        "requests": _list(_WHOLE),
        "images": _list(_TEXT),
    }
    return _object(
        {
            **dict.fromkeys(texts, _TEXT),
            **dict.fromkeys(numbers, _WHOLE),
            "query": _QUERY,
            "is_whole": _BOOLEAN,
            "steps": _list(_object(step)),
            "remarks": _list(_object(remark)),
        }
    )


def _request() -> Schema:
    texts = ("time", "method", "path", "project", "credentials", "refusal", "fault")
    named = {"name": {"enum": [*BY_ROW]}, "severity": {"enum": [*SEVERITIES]}}
    return _object(
        {
            **dict.fromkeys(texts, _TEXT),
            **dict.fromkeys(("number", "status", "walk", "page"), _WHOLE),
            "seconds": {"type": "number"},
            "query": _QUERY,
            "headers": _object(dict.fromkeys(HEADERS, _TEXT), *HEADERS, additionalProperties=False),
            "ids": _list(_TEXT),
            "findings": _list(_object({**dict.fromkeys(("message", "cure"), _TEXT), **named, "request": _WHOLE})),
        }
    )


def _new_sandbox() -> Schema:
    finding = f"(?:{'|'.join(BY_ROW)})"
    switch = f"[+-](?:{'|'.join(departure.name for departure in DEPARTURES)})"
    properties: dict[str, Schema] = {option.name: option.json_schema() for option in options_of(SandboxOptions)}
    properties["catalog"] = {"anyOf": [{"enum": [*bundled()]}, reference(CATALOG)]}
    properties["profile"]["pattern"] = f"^(?:documented|glance)(?:,{switch})*$"
    properties["findings_ignore"]["pattern"] = f"^(?:{finding}(?:,{finding})*)?$"
    return {
        "type": "object",
        "properties": {name: _or_null(one) for name, one in properties.items()},
        "additionalProperties": False,
    }
