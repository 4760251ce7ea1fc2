"""The OpenAPI document, made from the tables: operations, parameters, bodies, and every way to be refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from itertools import count
from typing import Any, Final

from ims_mock import __version__
from ims_mock.contract.parameters import Parameter
from ims_mock.contract.profiles import Profile
from ims_mock.contract.values import TIME
from ims_mock.errors import Problem
from ims_mock.openapi.operations import CONTROL, IDENTITY, JSON, OPERATIONS, SERVICE, Operation, possible
from ims_mock.openapi.payloads import reference, schemas

VERSION: Final = "3.1.0"

_Said = dict[str, Any]

_TAGS: Final = {
    SERVICE: "The image service, behind its gateway.",
    IDENTITY: "The identity service, as far as clients of images need it.",
    CONTROL: "The emulator itself: never authenticated, and no part of the emulated service.",
}
_SCHEMES: Final = {
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token", "description": "A token of the catalog, or one that was issued."},
    "signature": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`, beside X-Sdk-Date, as the vendor's SDKs sign with an access key."},
}  # fmt: skip
_HEADERS: Final = {
    "X-Project-Id": "The project whose eyes the caller has; it must be one that the credentials open.",
    "X-Api-Version": "A first letter after M asks for the release Queens of Glance, anything else for Mitaka.",
}
_REQUEST_ID: Final = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
_CHECKED_BY: Final = {"integer": "integers-are-checked", "boolean": "booleans-ignore-case"}
"""The departures without which filters of a type refuse nothing."""

_TOKEN: Final = {"type": "string", "pattern": "\\S"}
_ID: Final = {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}


def document(
    profile: Profile, *, needs_credentials: bool = False, has_control: bool = True, server: str = "/"
) -> _Said:
    """Describe an emulator.

    Args:
        profile: how it answers.
        needs_credentials: whether requests without usable credentials are refused.
        has_control: whether it has the control paths.
        server: the URL under which it answers, relative to that of the document.
    """
    rows = [one for one in OPERATIONS if has_control or not one.path.startswith("/_ims/")]
    refusals = _Shared()
    paths: dict[str, _Said] = {}
    for one in rows:
        said = _operation(one, rows, profile, needs_credentials=needs_credentials)
        said["responses"] |= refusals.of(one.part, _refusals(one, profile))
        paths.setdefault(one.path, {})[one.method.lower()] = said
    return {
        "openapi": VERSION,
        "info": {
            "title": "ims-mock",
            "version": __version__,
            "summary": "An offline emulator of Huawei Cloud IMS (Image Management Service).",
            "description": f"Profile {profile.label}. Beyond what is described here, a fault on purpose may refuse any "
            "request but those to the control paths with any status and code.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas(profile) | _errors(),
            "responses": refusals.named,
            "headers": {
                "X-Request-Id": {
                    "description": "The id of the request.",
                    "required": True,
                    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                }
            },
            "securitySchemes": _SCHEMES,
        },
    }


def written(profile: Profile, **options: Any) -> str:
    """Write the document as JSON, the same bytes for the same emulator.

    Args:
        profile: how it answers.
        options: as :func:`document` takes them.
    """
    return json.dumps(document(profile, **options), ensure_ascii=False, indent=1) + "\n"


def _operation(one: Operation, rows: Iterable[Operation], profile: Profile, *, needs_credentials: bool) -> _Said:
    said: _Said = {"operationId": one.name, "tags": [one.part], "summary": one.about}
    if parameters := [*_parameters(one, profile)]:
        said["parameters"] = parameters
    if one.bodies and (one.needs_body or one.part == CONTROL or "service-rules" in profile):
        content = {media_type: {"schema": reference(name)} for media_type, name in one.bodies.items()}
        said["requestBody"] = {"required": one.needs_body, "content": content}
    said["responses"] = _successes(one, rows)
    ways: list[_Said] = [{name: []} for name in _SCHEMES]
    said["security"] = [] if one.is_open or one.part == CONTROL else ways if needs_credentials else [*ways, {}]
    return said


# --- what is asked --------------------------------------------------------------------------------


def _parameters(one: Operation, profile: Profile) -> Iterator[_Said]:
    for name in _varying(one.path):
        schema = {"type": "string", "enum": [*one.legal]} if one.legal else _ID
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for parameter in one.parameters:
        yield _parameter(parameter, profile)
    for name, about in one.headers.items():
        yield {"name": name, "in": "header", "description": about, "required": True, "schema": _TOKEN}
    if one.part != CONTROL and not one.is_open:
        for name, about in _HEADERS.items():
            if one.part == SERVICE or name == "X-Project-Id":
                yield {"name": name, "in": "header", "description": about, "schema": {"type": "string"}}


def _varying(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _parameter(one: Parameter, profile: Profile) -> _Said:
    schema = _value(one, profile)
    if one.is_repeatable:
        schema = {"type": "array", "items": schema}
    if one.default:
        default = int(one.default) if one.json_type == "integer" else one.default
        schema["default"] = [default] if one.is_repeatable else default
    said = {"name": one.name, "in": "query", "description": one.description, "schema": schema}
    if values := [value for value in one.values if not value.endswith(":")]:
        said["examples"] = {
            value: {"value": [value] if one.is_repeatable else _typed(value, schema)} for value in values
        }
    return said


def _value(one: Parameter, profile: Profile) -> _Said:
    """Describe the value of a parameter; documented ones are all that is legal only where others are refused."""
    departure = _CHECKED_BY.get(one.json_type) if one.field else None
    if not one.is_checked or (departure and departure not in profile):
        return {"type": "string"}
    if one.field and one.field.operators:
        operator = f"(?:{'|'.join(TIME.operators)}):"
        may_be_bare = f"(?:{operator})?" if "bare-time" in profile else operator
        return {"type": "string", "format": "time-filter", "pattern": f"^{may_be_bare}[1-9][0-9]{{3}}"}
    schema: _Said = {"type": one.json_type}
    if one.pattern:
        schema["pattern"] = one.pattern
    elif one.values and one.json_type == "string":
        schema["enum"] = [*one.values, *one.undocumented_values]
    if one.name == "marker":
        schema["format"] = "image-id"
    if one.name == "limit":
        schema["minimum"] = 0
    return schema


def _typed(value: str, schema: _Said) -> object:
    return value == "true" if schema["type"] == "boolean" else value


# --- what is answered -----------------------------------------------------------------------------


def _successes(one: Operation, rows: Iterable[Operation]) -> dict[str, _Said]:
    headers = {
        name: {"description": about, "required": True, "schema": {"type": "string"}}
        for name, about in one.answer_headers.items()
    }
    answers = {}
    for status, name in one.answers.items():
        said: _Said = {"description": HTTPStatus(status).phrase, "headers": _REQUEST_ID | headers}
        if name:
            said["content"] = {media_type: {"schema": reference(name)} for media_type in one.media_types}
        if links := _links(one, rows):
            said["links"] = links
        answers[str(status)] = said
    return answers


def _links(one: Operation, rows: Iterable[Operation]) -> _Said:
    """Tell what can be asked next, with what the answer gives."""
    return {
        other.name: {
            "operationId": other.name,
            "parameters": {name: f"$response.body#{one.gives[name]}" for name in varying},
        }
        for other in rows
        if other.part == one.part and (varying := _varying(other.path)) and one.gives.keys() >= set(varying)
    }


class _Shared:
    """The refusals of all operations, each described once.

    Attributes:
        named: the descriptions, each under its name.
    """

    def __init__(self) -> None:
        self.named: dict[str, _Said] = {}

    def of(self, part: str, refusals: Mapping[str, _Said]) -> dict[str, _Said]:
        """Give references to refusals.

        Args:
            part: who refuses.
            refusals: the descriptions, by status.
        """
        return {status: {"$ref": self._reference(f"{part}-{status}", said)} for status, said in refusals.items()}

    def _reference(self, beginning: str, said: _Said) -> str:
        names = (f"{beginning}-{number}" for number in count(1))
        name = next(name for name in names if self.named.setdefault(name, said) == said)
        return f"#/components/responses/{name}"


def _refusals(one: Operation, profile: Profile) -> dict[str, _Said]:
    """Describe every refusal: its status, its codes, and its shape, which is that of whoever refuses."""
    is_usual = one.part == SERVICE and ("error-body" in profile or one.has_usual_shape)
    by_status: dict[int, list[Problem]] = {}
    for problem in possible(one):
        status = problem.status if is_usual else problem.glance_status or problem.status
        by_status.setdefault(status, []).append(problem)
    return {
        str(status): {
            "description": _about(problems, HTTPStatus(status), with_codes=is_usual),
            "headers": _REQUEST_ID | _refusal_headers(one, problems),
            "content": _usual(problems) if is_usual else _keystone() if one.part != SERVICE else _glance(),
        }
        for status, problems in sorted(by_status.items())
    }


def _refusal_headers(one: Operation, problems: Iterable[Problem]) -> _Said:
    is_patch = one.method == "PATCH" and one.part == SERVICE and any(each.name == "media-type" for each in problems)
    schema = {"type": "string", "enum": [", ".join(one.bodies)]}
    return {"Accept-Patch": {"description": "What is legal.", "required": True, "schema": schema}} if is_patch else {}


def _about(problems: Iterable[Problem], status: HTTPStatus, *, with_codes: bool) -> str:
    """Say what a status means, by code where there are codes."""
    lines: dict[str, list[str]] = {}
    for problem in problems:
        meaning = problem.meaning.partition(":")[0].partition("{")[0].strip()
        lines.setdefault(problem.code if with_codes else "", []).append(meaning)
    told = [
        (f"`{code}`: " if code else "") + "; ".join(dict.fromkeys(filter(None, meanings)))
        for code, meanings in lines.items()
    ]
    return f"{status.phrase}. " + "  \n".join(told)


def _usual(problems: Iterable[Problem]) -> _Said:
    """Describe refusals of the service and of the gateway, each with the codes that are possible."""
    shapes = []
    for name, is_of_gateway in (("ServiceError", False), ("GatewayError", True)):
        codes = list(dict.fromkeys(one.code for one in problems if one.is_of_gateway is is_of_gateway))
        if codes:
            limited: _Said = {"properties": {"error_code": {"enum": codes}}}
            if not is_of_gateway:
                limited = {"properties": {"error": {"properties": {"code": {"enum": codes}}}}}
            shapes.append({"allOf": [reference(name), limited]})
    return {JSON: {"schema": shapes[0] if len(shapes) == 1 else {"oneOf": shapes}}}


def _keystone() -> _Said:
    return {JSON: {"schema": reference("IdentityError")}}


def _glance() -> _Said:
    text = {"schema": {"type": "string"}}
    return {"text/plain": text, JSON: {"schema": reference("GlanceError")}, "text/html": text}


def _errors() -> dict[str, _Said]:
    text = {"type": "string"}
    return {
        "ServiceError": _closed(error=_closed(code=text, message=text)),
        "GatewayError": _closed(error_msg=text, error_code=text, request_id={"type": "string", "pattern": "^[0-9a-f]{32}$"}),
        "IdentityError": _closed(error=_closed(code={"type": "integer"}, message=text, title=text)),
        "GlanceError": _closed(message=text, code=text, title=text),
    }  # fmt: skip


def _closed(**properties: _Said) -> _Said:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
