"""JSON Schemas, derived from the tables: images, published schemas, and bodies of requests and responses."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ims_mock.auth.login import METHODS
from ims_mock.contract.fields import FIELDS, PUBLISHED_CONSTRAINTS, TAG_LENGTH, UUID_PATTERN, Field
from ims_mock.contract.profiles import DEPARTURES, Profile
from ims_mock.contract.values import BOOLEAN, INTEGER, LINK, LIST, MAX_NAME, TIME, ValueType
from ims_mock.faults.key_types import EFFECT
from ims_mock.faults.rules import rule_schema
from ims_mock.journal.findings import ERROR, FINDINGS_BY_NAME, INFO, SEVERITIES
from ims_mock.journal.journal import HEADERS
from ims_mock.journal.walks import AUDIT_RULES
from ims_mock.loading.sources import bundled_catalogs
from ims_mock.openapi.catalog_file import MEMBER_STATUS, SINGLE_IMAGE, catalog_sections, stored_image
from ims_mock.openapi.json_schema import (
    BOOL,
    INT,
    NULL,
    NUMBER,
    STRING,
    Schema,
    array,
    closed_object,
    each,
    nullable,
    object_schema,
    optional_object,
    reference,
)
from ims_mock.options import SandboxOptions, options_of
from ims_mock.writes.json_patch import MEDIA_TYPES, patch_schema
from ims_mock.writes.validation import FREE_VALUE, attribute_schemas

_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": MAX_NAME}
_WIRE_TIME: Final[Schema] = {"type": "string", "pattern": "^[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}Z$"}
_MICROSECONDS: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$"}
REQUEST_ID: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_CALENDAR_SECONDS: Final = (datetime.max - datetime.min).total_seconds()

_QUERY: Final[Schema] = array(array(STRING, minItems=2, maxItems=2))

_ATTRIBUTE_TYPES: Final[Mapping[ValueType, Schema]] = {  # by type; all other attributes are text in responses
    INTEGER: INT,
    BOOLEAN: BOOL,
    TIME: _WIRE_TIME,
    LIST: array({"type": "string", "maxLength": TAG_LENGTH}),
}


# --- attributes of images


def _attribute(field: Field, keywords: Mapping[str, Any]) -> Schema:
    """Return the schema of an attribute; glanceclient refuses to change an image with an unexpected ``null``."""
    schema = {**keywords, "description": field.description}
    if field.is_read_only:
        schema["readOnly"] = True
    if field.is_nullable:
        schema["type"] = [schema["type"], "null"]
    return schema


def image_schema() -> Schema:
    """Return the schema of an image in either list. Clients write only text as free properties; catalogs have more."""
    properties = {field.name: _attribute(field, _ATTRIBUTE_TYPES.get(field.type, STRING)) for field in FIELDS}
    always = [one.name for one in FIELDS if one.type in (LINK, LIST) or one.is_nullable or one.name == "id"]
    return {"type": "object", "properties": properties, "required": always, "additionalProperties": True}


# --- the schemas under /v2/schemas

_UNUSED_PROPERTIES: Final[dict[str, Schema]] = {  # no image of this service has them
    **each("kernel_id ramdisk_id", {**STRING, "pattern": UUID_PATTERN, "is_base": False}),
    **each("instance_uuid os_distro os_version architecture", {**STRING, "is_base": False}),
    "direct_url": STRING,
    "locations": array(object_schema({"url": {**STRING, "maxLength": 255}, "metadata": {"type": "object"}})),
}


def _published_attribute(field: Field, *, is_nullable: bool) -> Schema:
    keywords = _ATTRIBUTE_TYPES[LIST] if field.type is LIST else {"type": field.type.json_type}
    schema = _attribute(field, {**keywords, **PUBLISHED_CONSTRAINTS.get(field.name, {})})
    if is_nullable:
        schema["type"] = ["null", schema["type"]]
        if "enum" in schema:
            schema["enum"] = [None, *schema["enum"]]
    if not field.is_column and field.type is not LINK:
        schema["is_base"] = False
    return schema


def _links(**names: str) -> list[Schema]:
    return [{"rel": rel, "href": f"{{{name}}}"} for rel, name in names.items()]


_MEMBER_PROPERTIES: Final[dict[str, Schema]] = {
    "member_id": {**STRING, "description": "Project the image is shared with."},
    "image_id": {**STRING, "pattern": UUID_PATTERN, "description": "Id of the image."},
    "status": {**STRING, "enum": ["pending", "accepted", "rejected"], "description": "The member's decision."},
    "created_at": {**STRING, "readOnly": True, "description": "When the image was shared, UTC."},
    "updated_at": {**STRING, "readOnly": True, "description": "When the membership last changed, UTC."},
    "schema": {**STRING, "readOnly": True},
}
_MEMBER: Final[Schema] = {"name": "member", "properties": _MEMBER_PROPERTIES}

PUBLISHED: Final = ("image", "images", "member", "members")  # the names of the schemas that the service publishes


def published_schemas(profile: Profile) -> dict[str, Schema]:
    """Return the schemas that the service publishes, by their name in the path."""
    has_nulls = "absent-base-properties" not in profile
    attributes = {
        one.name: _published_attribute(one, is_nullable=has_nulls and one.is_null_in_glance)
        for one in FIELDS
        if one.in_images
    }
    image = {
        "name": "image",
        "properties": attributes | _UNUSED_PROPERTIES,
        "additionalProperties": STRING,
        "links": _links(self="self", enclosure="file", describedby="schema"),
    }
    images = {
        "name": "images",
        "properties": {"images": array(image), **each("first next schema")},
        "links": _links(first="first", next="next", describedby="schema"),
    }
    members = {
        "name": "members",
        "properties": {"members": array(_MEMBER), "schema": STRING},
        "links": _links(describedby="schema"),
    }
    return {"image": image, "images": images, "member": _MEMBER, "members": members}


# --- bodies of requests and responses


def body_schemas(profile: Profile) -> dict[str, Schema]:
    """Return the schema of each body by its name; the profile decides what clients may write."""
    documents = each("Document CatalogSchema", {"type": "object"})
    return _image_bodies(profile) | _identity_bodies() | _control_bodies() | documents


def error_schemas() -> dict[str, Schema]:
    """Return the schema of each error body by its name."""
    return {
        "ServiceError": closed_object({"error": closed_object(each("code message"))}),
        "GatewayError": closed_object({**each("error_msg error_code"), "request_id": REQUEST_ID}),
        "IdentityError": closed_object({"error": closed_object({"code": INT, **each("message title")})}),
        "GlanceError": closed_object(each("message code title")),
    }


def _image_bodies(profile: Profile) -> dict[str, Schema]:
    image = image_schema()
    if "service-rules" not in profile:
        for field in FIELDS:
            if field.type is TIME and not field.is_column:  # clients may write any text
                del image["properties"][field.name]["pattern"]
    attributes = image["properties"]
    older = {field.name: attributes[field.name] for field in FIELDS if field.in_images}
    newer = image | {"properties": {field.name: attributes[field.name] for field in FIELDS if field.in_cloudimages}}
    image = image | {"properties": older}
    if "absent-base-properties" not in profile:
        nulls = {field.name: nullable(attributes[field.name]) for field in FIELDS if field.is_null_in_glance}
        image = image | {"properties": older | nulls, "required": [*image["required"], *nulls]}
    written = {"type": "object", "propertyNames": _NAME, "additionalProperties": dict(FREE_VALUE)}
    old_patch, patch = (patch_schema(media_type, profile) for media_type in MEDIA_TYPES)
    link = object_schema(each("rel href"))
    membership = {**_MEMBER_PROPERTIES, "image_id": STRING}  # the ids in a catalog file need not be UUIDs
    return {
        "Image": image,
        "Images": object_schema({"images": array(reference("Image")), **each("first next schema")}, "next"),
        "CloudImages": object_schema({"images": array(newer)}),
        "NewImage": written | {"properties": attribute_schemas(profile)},
        "Patch": patch,
        "OldPatch": old_patch,
        "Deletion": object_schema({"delete_backup": BOOL}, "delete_backup"),
        "Data": {"description": "The bytes of the image file."},
        "Member": object_schema(membership),
        "Members": object_schema({"members": array(reference("Member")), "schema": STRING}),
        "Offer": object_schema({"member": {**_NAME, "description": "Id of the project the image is shared with."}}),
        "Decision": object_schema({"status": MEMBER_STATUS}),
        "Versions": object_schema({"versions": array(object_schema({**each("id status"), "links": array(link)}))}),
        "Schema": object_schema({"name": STRING, "properties": {"type": "object"}}),
    }


def _identity_bodies() -> dict[str, Schema]:
    links = object_schema({"self": STRING, **each("next previous", {"type": ["string", "null"]})}, "next", "previous")
    named = object_schema(each("id name"))
    in_domain = {**each("id name"), "domain": named}
    endpoint = object_schema(each("id interface region region_id url"))
    services = array(object_schema({**each("id type name"), "endpoints": array(endpoint)}))
    flags = each("is_domain enabled", BOOL)
    project = object_schema({**each("id name domain_id parent_id description"), **flags, "links": links})
    domain = object_schema({**each("id name description"), "enabled": BOOL, "links": object_schema({"self": STRING})})
    token = {
        "methods": array(STRING),
        "user": object_schema({**in_domain, "password_expires_at": STRING}),
        **each("issued_at expires_at", _MICROSECONDS),
        "audit_ids": array(STRING),
        "project": object_schema(in_domain),
        "domain": named,
        "roles": array(named),
        "catalog": services,
    }
    about = {"links": array(object_schema(each("rel href"))), "media-types": array(object_schema(each("base type")))}
    version = each("id status updated") | about
    return {
        "Identity": object_schema({"version": object_schema(version)}),
        "Login": _login(),
        "Token": object_schema({"token": object_schema(token, "project", "domain", "roles", "catalog")}),
        "Services": object_schema({"catalog": services, "links": links}),
        "Projects": object_schema({"projects": array(project), "links": links}),
        "Project": object_schema({"project": project}),
        "Domains": object_schema({"domains": array(domain), "links": links}),
    }


def _named(**properties: Schema) -> Schema:
    """Return the schema of a user, project or domain in a login: it has an id or a name."""
    text = {"type": ["string", "null"], "maxLength": MAX_NAME}
    ways = [{"properties": {name: _NAME}, "required": [name]} for name in ("id", "name")]
    return {"type": "object", "properties": {"id": text, "name": text, **properties}, "anyOf": ways}


def _login() -> Schema:
    domain = _named()
    project = _named(domain=nullable(domain))
    by_id = {"properties": {"id": _NAME}, "required": ["id"]}
    by_name = {"properties": {"name": _NAME, "domain": domain}, "required": ["name", "domain"]}
    user = _named(domain=nullable(domain), password=STRING) | {"required": ["password"], "anyOf": [by_id, by_name]}
    password = {"password": object_schema({"user": user})}
    token = {"token": object_schema({"id": STRING})}
    methods = [
        ({"const": METHODS[0]}, password),
        ({"const": METHODS[1]}, token),
        (STRING, password | token),
        ({"type": "string", "not": {"enum": [*METHODS]}}, {}),
    ]
    identity = [object_schema({"methods": array(method, minItems=1), **proofs}) for method, proofs in methods]
    scoped = [object_schema({"project": project}), object_schema({"project": NULL, "domain": domain}, "project")]
    scope = [NULL, {"const": "unscoped"}, *scoped]
    return object_schema({"auth": object_schema({"identity": {"anyOf": identity}, "scope": {"anyOf": scope}}, "scope")})


def _control_bodies() -> dict[str, Schema]:
    stored, rule, warnings = stored_image(), rule_schema(), {"warnings": array(STRING)}
    to_store = stored | {"properties": {**stored["properties"], "id": False}}
    update = {"type": "object", "additionalProperties": reference("ImageToStore")}
    change = {"delete": STRING, "add": reference("StoredImage"), "update": update}
    rule["properties"][EFFECT]["properties"]["catalog"] |= closed_object(change, *change, minProperties=1)
    fault = {"id": STRING, **rule["properties"], "hits": INT}
    group = object_schema({"name": STRING, **each("items never", array(STRING))})
    return {
        "ControlLinks": object_schema({"links": {"type": "object", "additionalProperties": STRING}}),
        "Health": object_schema({**each("status version catalog"), "images": INT, "listed": INT, "project": STRING}),
        "Catalog": catalog_sections(reference("StoredImage")),
        "CatalogOrImage": {"anyOf": [reference("Catalog"), {"allOf": [reference("StoredImage"), SINGLE_IMAGE]}]},
        "StoredImage": stored,
        "ImageToStore": to_store,
        "LoadedImage": stored | {"properties": stored["properties"] | warnings},
        "Loaded": object_schema({"images": INT, **warnings}),
        "Clock": object_schema({"now": _WIRE_TIME, "is_frozen": BOOL, "ahead_seconds": INT}),
        "ClockSetting": _clock_setting(),
        "Snapshot": object_schema({"name": _NAME}),
        "Snapshots": object_schema({"snapshots": array(STRING)}),
        "NewFault": rule,
        "Fault": rule | {"properties": fault, "required": [*fault]},
        "Faults": object_schema({"faults": array(reference("Fault"))}),
        "Explanation": _explanation(),
        "Requests": object_schema({"requests": array(_request())}),
        "Walks": object_schema({"walks": array(_walk())}),
        "Coverage": object_schema({**each("exercised total", INT), "groups": array(group)}),
        "NewSandbox": _new_sandbox(),
        "Sandboxes": object_schema(
            {"sandboxes": array(object_schema({"id": STRING, **each("age_seconds unused_seconds expires", NUMBER)}))}
        ),
        "Sandbox": object_schema({**each("id url token access_key secret_key project"), "expires": NUMBER, **warnings}),
    }


def _clock_setting() -> Schema:
    instant = {"format": "instant", "description": "A time in whole seconds such as 2018-09-06T14:03:27Z."}
    duration = {"format": "span", "description": "A duration such as PT1H or -P1DT30M."}
    seconds = {**NUMBER, "minimum": -_CALENDAR_SECONDS, "maximum": _CALENDAR_SECONDS}
    properties = {"now": nullable(STRING | instant), "runs": BOOL, "advance": {"anyOf": [seconds, STRING | duration]}}
    return closed_object(
        properties,
        *properties,
        oneOf=[{"required": ["now"]}, {"required": ["advance"]}],
        dependentSchemas={"runs": {"properties": {"now": STRING}, "required": ["now"]}},
    )


def _explanation() -> Schema:
    numbers = each("position page", {"type": ["integer", "null"]})
    image = object_schema({"id": STRING, "listed": BOOL, **numbers, "because": array(STRING)})
    condition = object_schema({"condition": STRING, **each("alone together", INT)})
    counts = each("total listed", INT)
    return object_schema({"conditions": array(condition), "order": STRING, **counts, "image": nullable(image)})


def _walk() -> Schema:
    step = {**each("number status images", INT), **each("method path target"), "query": _QUERY}
    kind = {"name": {"enum": [rule.name for rule in AUDIT_RULES]}, "severity": {"enum": [ERROR, INFO]}}
    remark = {**each("sentence cure cause"), **kind, "requests": array(INT), "images": array(STRING)}
    parts = {"steps": array(object_schema(step)), "remarks": array(object_schema(remark))}
    counts = each("number pages images", INT)
    return object_schema({**each("path project"), **counts, "query": _QUERY, "is_whole": BOOL, **parts})


def _request() -> Schema:
    kind = {"name": {"enum": [*FINDINGS_BY_NAME]}, "severity": {"enum": [*SEVERITIES]}}
    finding = object_schema({**each("message cure"), **kind, "request": INT})
    sent = {"query": _QUERY, "headers": closed_object(dict.fromkeys(HEADERS, STRING), *HEADERS)}
    texts = each("time method path target project credentials refusal code message fault")
    numbers = each("number status walk page", INT)
    found = {"ids": array(STRING), "findings": array(finding)}
    return object_schema({**texts, **numbers, "seconds": NUMBER, **sent, **found})


def _new_sandbox() -> Schema:
    finding = f"(?:{'|'.join(FINDINGS_BY_NAME)})"
    switch = f"[+-](?:{'|'.join(departure.name for departure in DEPARTURES)})"
    properties: dict[str, Schema] = {option.name: option.json_schema() for option in options_of(SandboxOptions)}
    properties["catalog"] = {"anyOf": [{"enum": [*bundled_catalogs()]}, reference("CatalogOrImage")]}
    properties["profile"]["pattern"] = f"^(?:documented|glance)(?:,{switch})*$"
    properties["findings_ignore"]["pattern"] = f"^(?:{finding}(?:,{finding})*)?$"
    return optional_object(properties)
