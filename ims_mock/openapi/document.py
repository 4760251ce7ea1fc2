"""The OpenAPI document, derived from the tables of operations, parameters and errors."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from itertools import count
from typing import Any, Final

from ims_mock import __version__
from ims_mock.contract.parameters import ALL, Parameter
from ims_mock.contract.profiles import Profile
from ims_mock.contract.values import TIME
from ims_mock.errors import Problem
from ims_mock.openapi.json_schema import STRING, reference
from ims_mock.openapi.operations import CONTROL, IDENTITY, JSON, OPERATIONS, SERVICE, Operation, is_glance_format
from ims_mock.openapi.schemas import REQUEST_ID, body_schemas, error_schemas

VERSION: Final = "3.1.0"

Node = dict[str, Any]  # an object of the document
_TAGS: Final = {
    SERVICE: "The image service behind its gateway.",
    IDENTITY: "The part of the identity service that clients of the image service use.",
    CONTROL: "The emulator itself: never authenticated, and not part of the emulated service.",
}
_KEY: Final = {"type": "apiKey", "in": "header"}
_SIGNATURE: Final = (
    "`SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`, together with X-Sdk-Date: a request signed with an "
    "access key, as the vendor's SDKs send it."
)
_SECURITY_SCHEMES: Final = {
    "token": {**_KEY, "name": "X-Auth-Token", "description": "A token of the catalog, or one that was issued."},
    "signature": {**_KEY, "name": "Authorization", "description": _SIGNATURE},
}
_OPTIONAL_HEADERS: Final = {
    "X-Project-Id": "The caller's project; it must be one that the credentials give access to.",
    "X-Api-Version": "A first letter after M selects Glance Queens, any other Glance Mitaka.",
}
_REQUEST_ID: Final = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
_PLAIN: Final = {"schema": STRING}
_KEYSTONE_ERROR: Final = {JSON: {"schema": reference("IdentityError")}}
_GLANCE_ERROR: Final = {"text/plain": _PLAIN, JSON: {"schema": reference("GlanceError")}, "text/html": _PLAIN}
_CONVERTERS: Final[dict[str, Callable[[str], object]]] = {"boolean": "true".__eq__, "integer": int}
# The departures that make filters of a type reject illegal values
_CHECKED_BY: Final = {"integer": "integers-are-checked", "boolean": "booleans-ignore-case"}


def document(profile: Profile, *, needs_credentials: bool = False, has_control: bool = True, server: str = "/") -> Node:
    """Return the document of an emulator; ``server`` is its URL, relative to that of the document."""
    operations = [one for one in OPERATIONS if has_control or not one.path.startswith("/_ims/")]
    paths: dict[str, Node] = {}
    errors: dict[str, Node] = {}
    for one in operations:
        node = _operation(one, operations, profile, needs_credentials=needs_credentials)
        for status, error in _errors(one, profile).items():
            node["responses"][status] = _shared(errors, f"{one.service}-{status}", error)
        paths.setdefault(one.path, {})[one.method.lower()] = node
    return {
        "openapi": VERSION,
        "info": {
            "title": "ims-mock",
            "version": __version__,
            "summary": "An offline emulator of Huawei Cloud IMS (Image Management Service).",
            "description": f"Profile {profile.label}. In addition, an injected fault may answer any request, except "
            "those of the control API, with any status and code.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": description} for name, description in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": body_schemas(profile) | error_schemas(),
            "responses": errors,
            "headers": {"X-Request-Id": _required("The id of the request.", REQUEST_ID)},
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _operation(one: Operation, others: Iterable[Operation], profile: Profile, *, needs_credentials: bool) -> Node:
    node: Node = {"operationId": one.id, "tags": [one.service], "summary": one.summary}
    if parameters := [*_parameters(one, profile)]:
        node["parameters"] = parameters
    if one.bodies and (one.is_body_required or one.service == CONTROL or "service-rules" in profile):
        node["requestBody"] = {"required": one.is_body_required, "content": _content(one.bodies)}
    node["responses"] = _successes(one, others)
    schemes: list[Node] = [{name: []} for name in _SECURITY_SCHEMES]
    is_open = one.is_public or one.service == CONTROL
    node["security"] = [] if is_open else schemes if needs_credentials else [*schemes, {}]
    return node


def _content(bodies: Mapping[str, str]) -> Node:
    return {media_type: {"schema": reference(name)} for media_type, name in bodies.items()}


def _parameters(one: Operation, profile: Profile) -> Iterator[Node]:
    any_id = {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}
    for name in one.path_parameters:
        schema: Node = {"type": "string", "enum": [*one.path_values]} if one.path_values else any_id
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for parameter in one.parameters:
        yield _parameter(parameter, profile)
    for name, description in one.headers.items():
        schema = {"type": "string", "pattern": "\\S"}
        yield {"name": name, "in": "header", "description": description, "required": True, "schema": schema}
    if one.service != CONTROL and not one.is_public:
        for name, description in _OPTIONAL_HEADERS.items():
            if one.service == SERVICE or name == "X-Project-Id":
                yield {"name": name, "in": "header", "description": description, "schema": STRING}


def _parameter(one: Parameter, profile: Profile) -> Node:
    schema = _value_schema(one, profile)
    convert = _CONVERTERS.get(schema["type"], str)

    def converted(value: str) -> object:
        return [convert(value)] if one.repeated == ALL else convert(value)

    node: Node = {"name": one.name, "in": "query", "description": one.description, "schema": schema}
    if one.repeated == ALL:
        node["schema"] = {"type": "array", "items": schema}
    if one.default:
        node["schema"]["default"] = converted(one.default)
    if values := [value for value in one.values if not value.endswith(":")]:  # others are operators of times
        node["examples"] = {value: {"value": converted(value)} for value in values}
    return node


def _value_schema(one: Parameter, profile: Profile) -> Node:
    """Return the schema of a value. Documented values are an enum only if others are rejected."""
    departure = _CHECKED_BY.get(one.json_type) if one.field else None
    if not one.is_checked or (departure and departure not in profile):
        return {"type": "string"}
    if one.field and one.field.operators:
        operator = f"(?:{'|'.join(TIME.operators)}):"
        optional = f"(?:{operator})?" if "bare-time" in profile else operator
        return {"type": "string", "format": "time-filter", "pattern": f"^{optional}[1-9][0-9]{{3}}"}
    schema: Node = {"type": one.json_type}
    if one.pattern:
        schema["pattern"] = one.pattern
    elif one.values and one.json_type == "string":
        schema["enum"] = [*one.values, *one.undocumented_values]
        if one.name == "visibility" and "empty-visibility" not in profile:
            schema["enum"].append("")
    if one.name == "marker":
        schema["format"] = "image-id"
    if one.name == "limit":
        schema["minimum"] = 0
    return schema


def _successes(one: Operation, others: Iterable[Operation]) -> dict[str, Node]:
    headers = {name: _required(description, STRING) for name, description in one.response_headers.items()}
    links = {
        other.id: {
            "operationId": other.id,
            "parameters": {name: f"$response.body#{one.links[name]}" for name in other.path_parameters},
        }
        for other in others
        if other.service == one.service and other.path_parameters and one.links.keys() >= {*other.path_parameters}
    }
    responses = {}
    for status, name in one.responses.items():
        node: Node = {"description": HTTPStatus(status).phrase, "headers": _REQUEST_ID | headers}
        if name:
            node["content"] = _content(dict.fromkeys(one.response_types, name))
        if links:
            node["links"] = links
        responses[str(status)] = node
    return responses


def _shared(responses: dict[str, Node], prefix: str, node: Node) -> Node:
    """Return a reference to a response that operations share, and add it unless there is an equal one."""
    names = (f"{prefix}-{number}" for number in count(1))
    name = next(name for name in names if responses.setdefault(name, node) == node)
    return {"$ref": f"#/components/responses/{name}"}


def _errors(one: Operation, profile: Profile) -> dict[str, Node]:
    has_codes = one.service == SERVICE and not is_glance_format(profile, one.path)
    by_status: dict[int, list[Problem]] = {}
    for problem in one.problems:
        status = problem.status if has_codes else problem.glance_status or problem.status
        by_status.setdefault(status, []).append(problem)
    content = _GLANCE_ERROR if one.service == SERVICE else _KEYSTONE_ERROR
    if one.has_list_errors:
        names = ("IdentityError", "ServiceError", "GatewayError", "GlanceError")
        content = _GLANCE_ERROR | {JSON: {"schema": {"anyOf": [reference(name) for name in names]}}}
    return {
        str(status): {
            "description": _description(problems, HTTPStatus(status), has_codes=has_codes),
            "headers": _REQUEST_ID | _error_headers(one, problems),
            "content": _coded_content(problems) if has_codes else content,
        }
        for status, problems in sorted(by_status.items())
    }


def _error_headers(one: Operation, problems: Iterable[Problem]) -> Node:
    if one.method != "PATCH" or one.service != SERVICE or all(each.name != "media-type" for each in problems):
        return {}
    schema = {"type": "string", "enum": [", ".join(one.bodies)]}
    return {"Accept-Patch": _required("The supported media types.", schema)}


def _required(description: str, schema: Node) -> Node:
    return {"description": description, "required": True, "schema": schema}


def _description(problems: Iterable[Problem], status: HTTPStatus, *, has_codes: bool) -> str:
    """Return the meanings of a status, grouped by code if there are codes."""
    meanings: dict[str, dict[str, None]] = {}
    for problem in problems:
        meaning = problem.summary.partition("\n")[0]
        meanings.setdefault(f"`{problem.code}`: " if has_codes else "", {}).setdefault(meaning)
    return f"{status.phrase}. " + "  \n".join(code + "; ".join(filter(None, group)) for code, group in meanings.items())


def _coded_content(problems: Iterable[Problem]) -> Node:
    """Return the content of errors of the service and the gateway, limited to the codes that are possible."""
    schemas = []
    for name, is_of_gateway in (("ServiceError", False), ("GatewayError", True)):
        codes = list(dict.fromkeys(one.code for one in problems if one.is_of_gateway is is_of_gateway))
        if codes:
            code = {"enum": codes}
            error = {"error_code": code} if is_of_gateway else {"error": {"properties": {"code": code}}}
            schemas.append({"allOf": [reference(name), {"properties": error}]})
    return {JSON: {"schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas}}}
