"""JSON Patch: a document of operations changes the attributes of an image, all of them or none.

There are two formats (the document, Glance). ``…-v2.1-json-patch`` has ``{"op": "replace", "path": "/name", "value":
…}``, the older ``…-v2.0-json-patch`` has ``{"replace": "/name", "value": …}``. A patch that is malformed or not allowed
raises :class:`RequestError`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ims_mock.catalog.image import Image
from ims_mock.catalog.visibility import View
from ims_mock.contract.fields import BY_NAME
from ims_mock.contract.profiles import Profile
from ims_mock.contract.values import MAX_NAME, Value
from ims_mock.errors import RequestError
from ims_mock.json_body import JsonValue
from ims_mock.text import printable
from ims_mock.writes import validation

_OLD: Final = "application/openstack-images-v2.0-json-patch"
_NEW: Final = "application/openstack-images-v2.1-json-patch"
MEDIA_TYPES: Final = (_OLD, _NEW)

_OPERATIONS: Final = ("add", "remove", "replace")
_NO_ESCAPE: Final = re.compile("~(?![01])")


@dataclass(frozen=True)
class Operation:
    """One operation of a patch: ``add``, ``remove`` or ``replace`` an attribute."""

    op: str
    name: str
    value: Value | None
    is_strict: bool  # whether adding an existing attribute is a conflict, as in the older format


def parse_patch(body: JsonValue, media_type: str, view: View) -> tuple[Operation, ...]:
    """Parse a patch of one of :data:`MEDIA_TYPES` and make the checks that do not depend on the image."""
    legal = "a list of operations"
    if not isinstance(body.value, list):
        raise _refused(body, "is not a list", legal, "Request body must be a JSON array of operation objects.")
    return tuple(_operation(part, media_type, view) for part in body.items(legal))


def _operation(part: JsonValue, media_type: str, view: View) -> Operation:
    if not isinstance(part.value, dict):
        raise _refused(part, "is not an object", "an object", "Operations must be JSON objects.")
    op, path = _new_format(part) if media_type == _NEW else _old_format(part)
    name = _attribute(part, path)
    validation.check_name(name)
    if name == "id":
        raise RequestError("read-only-attribute", "the attribute", name)
    value = None
    if op != "remove":
        if "value" not in part.value:
            glance = f'Operation "{op}" requires a member named "value".'
            raise _refused(part, "has no value", f'an operation "{op}" with a value', glance)
        value = validation.parse_value(view, name, part.member("value"))
    return Operation(op, name, value, is_strict=media_type == _OLD)


def _new_format(part: JsonValue) -> tuple[str, object]:
    for name in ("op", "path"):
        if name not in part.value:
            glance = f"Unable to find '{name}' in JSON Schema change"
            raise _refused(part, f"has no {name}", "an object with op, path and value", glance)
    if part.value["op"] not in _OPERATIONS:
        legal = f"one of {', '.join(_OPERATIONS)}"
        raise _refused(part.member("op"), "is not an operation", legal, f"Operation must be {legal}.")
    return part.value["op"], part.value["path"]


def _old_format(part: JsonValue) -> tuple[str, object]:
    named = [op for op in _OPERATIONS if op in part.value]
    if len(named) != 1:
        word = "only one" if named else "exactly one"
        glance = f'Operation objects must contain {word} member named "add", "remove", or "replace".'
        raise _refused(part, f"names {len(named)} operations", f"exactly one of {', '.join(_OPERATIONS)}", glance)
    return named[0], part.value[named[0]]


def _attribute(part: JsonValue, path: object) -> str:
    """Return the attribute that a pointer names: ``/name``, with ``~1`` for a slash and ``~0`` for a tilde."""
    legal = "a slash and the name of one attribute"
    if not isinstance(path, str):
        raise _refused(part, "has a path that is not a text", legal, "Pointer must be a string.")
    JsonValue(path, part.path).text()  # rejects lone surrogates
    problem, shown = "", printable(path, MAX_NAME)
    if not path.startswith("/"):
        problem = f'Pointer `{shown}` does not start with "/".'
    elif "//" in path:
        problem = f'Pointer `{shown}` contains adjacent "/".'
    elif len(path) > 1 and path.endswith("/"):
        problem = f'Pointer `{shown}` end with "/".'
    elif not path[1:].strip():
        problem = f"Pointer `{shown}` does not contains valid token."
    elif _NO_ESCAPE.search(path):
        problem = f'Pointer `{shown}` contains "~" not part of a recognized escape sequence.'
    elif "/" in path[1:]:
        problem = f"Invalid JSON pointer for this resource: '{shown}'"
    if problem:
        raise _refused(part, f"has the path {printable(path)}", legal, problem)
    return path[1:].replace("~1", "/").replace("~0", "~")


def _refused(part: JsonValue, what: str, legal: str, glance: str) -> RequestError:
    return RequestError("patch", legal=legal, what=f"{part.path} {what}", says=glance)


# --- JSON Schema


def patch_schema(media_type: str, profile: Profile) -> dict[str, Any]:
    """Return the JSON Schema of a patch, apart from rules that depend on the caller or the image."""
    values = {
        name: {keyword: value for keyword, value in schema.items() if keyword != "description"}
        for name, schema in validation.attribute_schemas(profile).items()
    }
    own = {name: schema for name, schema in values.items() if schema != validation.FREE_VALUE and name != "id"}
    name_pattern = rf"(?=[\s\S]*\S)(?:[^/~]|~[01]){{1,{MAX_NAME}}}$"
    free_path = {"type": "string", "pattern": f"^/(?!(?:{'|'.join(own)})$){name_pattern}"}
    any_path = {"type": "string", "pattern": f"^/{name_pattern}"}
    pairs: list[tuple[object, object]] = [({"const": f"/{name}"}, schema) for name, schema in own.items()]
    pairs.append((free_path, dict(validation.FREE_VALUE)))
    if media_type == _NEW:
        items = [_object({"op": {"enum": ["add", "replace"]}, "path": path, "value": value}) for path, value in pairs]
        items.append(_object({"op": {"enum": ["remove"]}, "path": any_path}))
    else:
        items = [_object({op: path, "value": value}) for path, value in pairs for op in ("add", "replace")]
        items.append(_object({"remove": any_path}))
    return {"type": "array", "items": {"anyOf": items}}


def _object(members: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an operation with these members; in the older format, it names only one operation."""
    others = {op: False for op in _OPERATIONS if op not in members and "op" not in members}
    return {"type": "object", "required": [*members], "properties": {**members, **others}}


# --- application


def apply_patch(image: Image, operations: Sequence[Operation], view: View, now: str) -> Image:
    """Return the image after all operations, applied in order; without operations it does not change."""
    if not operations:
        return image
    values: dict[str, Value | None] = dict(image.values)
    for operation in operations:
        validation.require_owner(view, image, f"modify '{operation.name}' on this image.")
        _check(operation, values, image, view)
        validation.check_service_value(view, operation.name, operation.value, image.get(operation.name))
        values[operation.name] = operation.value
    return image.with_values({**values, "updated_at": now})


def _check(operation: Operation, values: Mapping[str, Value | None], image: Image, view: View) -> None:
    """Check that an operation can be applied to the result of the operations before it."""
    op, name = operation.op, operation.name
    field = BY_NAME.get(name)
    is_column = field is not None and field.is_column
    exists = is_column or values.get(name) is not None
    if op == "remove" and is_column:
        raise RequestError("attribute-removed", "the attribute", name)
    if op != "add" and not exists:
        raise RequestError("property-missing", "the property", name, "add, or a property of the image")
    if op == "add" and operation.is_strict and exists:
        raise RequestError("property-present", "the property", name, "replace")
    if name == "owner" and not view.caller.is_admin:
        raise RequestError("owner-change", "owner", str(operation.value), str(image.get("owner")))
    if name in ("container_format", "disk_format") and image.text("status").lower() != "queued":
        raise RequestError("format-change", "the attribute", name)
