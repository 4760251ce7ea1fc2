"""A JSON-patch document becomes a changed image: all of its operations are done, or none.

Two formats are known (the document, Glance): ``…-v2.1-json-patch`` writes ``{"op": "replace", "path": "/name",
"value": …}``, the older ``…-v2.0-json-patch`` writes ``{"replace": "/name", "value": …}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ims_mock.catalog.image import Image
from ims_mock.catalog.visibility import View
from ims_mock.contract.fields import BY_NAME
from ims_mock.contract.profiles import Profile
from ims_mock.contract.values import MAX_NAME, Value, printable
from ims_mock.errors import RequestError
from ims_mock.json_body import Part
from ims_mock.writes.permissions import must_own
from ims_mock.writes.validation import FREE_VALUE, Writer, attribute_schemas

_OLD: Final = "application/openstack-images-v2.0-json-patch"
_NEW: Final = "application/openstack-images-v2.1-json-patch"
MEDIA_TYPES: Final = (_OLD, _NEW)

_OPERATIONS: Final = ("add", "remove", "replace")
_NO_ESCAPE: Final = re.compile("~(?![01])")


@dataclass(frozen=True)
class Operation:
    """One operation: what is done to which attribute, and its new value where there is one."""

    act: str
    name: str
    value: Value | None
    is_strict: bool
    """Whether adding what is there already is a conflict, as in the older format."""


def parsed(body: Part, media_type: str, view: View) -> tuple[Operation, ...]:
    """Read a patch and check it as far as that goes without the image.

    Args:
        body: the document.
        media_type: one of :data:`MEDIA_TYPES`.
        view: who writes.

    Raises:
        RequestError: it is no patch, or one of attributes or values that the caller can not set.
    """
    if not isinstance(body.value, list):
        raise _refused(
            body, "is no list", "a list of operations", "Request body must be a JSON array of operation objects."
        )
    writer = Writer(view)
    return tuple(_operation(part, media_type, writer) for part in body.items("a list of operations"))


def _operation(part: Part, media_type: str, writer: Writer) -> Operation:
    if not isinstance(part.value, dict):
        raise _refused(part, "is no object", "an object", "Operations must be JSON objects.")
    act, path = _newer(part) if media_type == _NEW else _older(part)
    name = _attribute(part, path)
    writer.refuse_name(name)
    if name == "id":
        raise RequestError("read-only-attribute", "the attribute", name)
    value = None
    if act != "remove":
        if "value" not in part.value:
            says = f'Operation "{act}" requires a member named "value".'
            raise _refused(part, "has no value", f'an operation "{act}" with a value', says)
        value = writer.value(name, part.part("value"))
    return Operation(act, name, value, is_strict=media_type == _OLD)


def _newer(part: Part) -> tuple[str, object]:
    """Give what is done, and where, of an operation in the newer format."""
    for name in ("op", "path"):
        if name not in part.value:
            says = f"Unable to find '{name}' in JSON Schema change"
            raise _refused(part, f"has no {name}", "an object with op, path and value", says)
    if part.value["op"] not in _OPERATIONS:
        legal = f"one of {', '.join(_OPERATIONS)}"
        raise _refused(part.part("op"), "is no operation", legal, f"Operation must be {legal}.")
    return part.value["op"], part.value["path"]


def _older(part: Part) -> tuple[str, object]:
    """Give what is done, and where, of an operation in the older format."""
    named = [act for act in _OPERATIONS if act in part.value]
    if len(named) != 1:
        word = "only one" if named else "exactly one"
        says = f'Operation objects must contain {word} member named "add", "remove", or "replace".'
        raise _refused(part, f"names {len(named)} operations", f"exactly one of {', '.join(_OPERATIONS)}", says)
    return named[0], part.value[named[0]]


def _attribute(part: Part, path: object) -> str:
    """Read the pointer to an attribute: ``/name``, with ``~1`` for a slash and ``~0`` for a tilde in it."""
    legal = "a slash and the name of one attribute"
    if not isinstance(path, str):
        raise _refused(part, "has a path that is no text", legal, "Pointer must be a string.")
    Part(path, part.path).text()  # half a character is none
    problem = ""
    if not path.startswith("/"):
        problem = 'does not start with "/".'
    elif "//" in path:
        problem = 'contains adjacent "/".'
    elif len(path) > 1 and path.endswith("/"):
        problem = 'end with "/".'
    elif not path[1:].strip():
        problem = "does not contains valid token."
    elif _NO_ESCAPE.search(path):
        problem = 'contains "~" not part of a recognized escape sequence.'
    if problem:
        raise _refused(part, f"has the path {printable(path)}", legal, f"Pointer `{path}` {problem}")
    if "/" in path[1:]:
        says = f"Invalid JSON pointer for this resource: '{path}'"
        raise _refused(part, f"has the path {printable(path)}", legal, says)
    return path[1:].replace("~1", "/").replace("~0", "~")


def _refused(part: Part, what: str, legal: str, says: str) -> RequestError:
    return RequestError("patch", legal=legal, what=f"{part.path} {what}", says=says)


# --- as a JSON Schema -----------------------------------------------------------------------------


def patch_schema(media_type: str, profile: Profile) -> dict[str, Any]:
    """Describe a patch, as far as that is no question of who writes, and to which image.

    Args:
        media_type: one of :data:`MEDIA_TYPES`.
        profile: decides which values are legal.
    """
    values = {
        name: {word: said for word, said in schema.items() if word != "description"}
        for name, schema in attribute_schemas(profile).items()
    }
    own = {name: schema for name, schema in values.items() if schema != FREE_VALUE and name != "id"}
    paths = "|".join(own)
    any_path = {"type": "string", "pattern": rf"^/(?=[\s\S]*\S)(?:[^/~]|~[01]){{1,{MAX_NAME}}}$"}
    free_path = {"type": "string", "pattern": rf"^/(?!(?:{paths})$)(?=[\s\S]*\S)(?:[^/~]|~[01]){{1,{MAX_NAME}}}$"}
    sets: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = [
        *(({"const": f"/{name}"}, schema) for name, schema in own.items()),
        (free_path, FREE_VALUE),
    ]
    items = [
        one
        for path, value in sets
        for one in _operation_schemas(media_type, ("add", "replace"), {"path": path, "value": dict(value)})
    ]
    items += _operation_schemas(media_type, ("remove",), {"path": any_path})
    return {"type": "array", "items": {"anyOf": items}}


def _operation_schemas(media_type: str, acts: tuple[str, ...], holds: dict[str, Any]) -> list[dict[str, Any]]:
    """Describe one kind of operation; in the older format each act has a name of its own for the path."""
    if media_type == _NEW:
        properties = {"op": {"enum": [*acts]}, **holds}
        return [{"type": "object", "required": [*properties], "properties": properties}]
    path, *value = holds
    return [
        {
            "type": "object",
            "required": [act, *value],
            "properties": {
                act: holds[path],
                **{name: holds[name] for name in value},
                **{other: False for other in _OPERATIONS if other != act},
            },
        }
        for act in acts
    ]


# --- doing it -------------------------------------------------------------------------------------


def patched(image: Image, operations: tuple[Operation, ...], view: View, now: str) -> Image:
    """Do every operation, one after the other; without any, the image stays as it is.

    Args:
        image: one that the caller sees.
        operations: what is to be done.
        view: who writes.
        now: the time, in wire format.

    Raises:
        RequestError: one of them can not be done; then none is.
    """
    if not operations:
        return image
    writer = Writer(view)
    values: dict[str, Value | None] = dict(image.values)
    for one in operations:
        must_own(image, view, f"modify '{one.name}' on this image.")
        _check(one, values, image, view)
        writer.refuse_service_value(one.name, one.value, image.get(one.name))
        values[one.name] = one.value
    return image.with_values({**values, "updated_at": now})


def _check(one: Operation, values: dict[str, Value | None], image: Image, view: View) -> None:
    """Check that an operation can be done to what the operations before it have left."""
    field = BY_NAME.get(one.name)
    is_base = field is not None and field.is_column
    is_there = is_base or values.get(one.name) is not None
    if one.act == "remove" and is_base:
        raise RequestError("attribute-removed", "the attribute", one.name)
    if one.act != "add" and not is_there:
        raise RequestError("property-missing", "the property", one.name, "add, or a property of the image")
    if one.act == "add" and one.is_strict and is_there:
        raise RequestError("property-present", "the property", one.name, "replace")
    if one.name == "owner" and not view.caller.is_admin:
        raise RequestError("owner-change", "owner", str(one.value), str(image.get("owner")))
    if one.name in ("container_format", "disk_format") and image.text("status").lower() != "queued":
        raise RequestError("format-change", "the attribute", one.name, "to change it before data is uploaded")
