"""Images and catalog files from JSON: marshmallow schemas, made from the table.

A schema reports every problem of a file at once, each with the path of the value it is about.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from marshmallow import INCLUDE, Schema, ValidationError, fields, post_load, validates_schema

from ims_mock.contract.fields import MEMBER_STATUSES
from ims_mock.contract.values import TEXT, Value, ValueType, quoted
from ims_mock.loading.sections import (
    CREDENTIALS,
    GENERATE,
    IMAGE,
    MEMBERS,
    PROJECT,
    SECTIONS,
    SINGLE,
    Key,
)
from ims_mock.options import MAX_GENERATED

Path = tuple[str | int, ...]

_NO_MAPPING: Final = {"type": "is not a mapping of names to values"}


class _OfKind(fields.Field[Value]):
    """A value of one of the kinds of the table."""

    def __init__(self, kind: ValueType, **options: Any) -> None:
        super().__init__(error_messages={"required": "is missing", "null": "has no value"}, **options)
        self._kind = kind

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Value:
        try:
            return self._kind.read(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class _Section(Schema):
    """A mapping of a catalog file whose keys are all known."""

    class Meta:
        """Unknown keys are let through to the check below, which has better words for them."""

        unknown = INCLUDE

    error_messages = _NO_MAPPING

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _keys_are_known(self, _: Any, original: Any, **__: Any) -> None:
        problems = {}
        for name in set(original) - set(self.fields) if isinstance(original, Mapping) else ():
            near = difflib.get_close_matches(str(name), self.fields, 1)
            hint = f"did you mean {near[0]}?" if near else f"legal are {', '.join(self.fields)}"
            problems[name] = [f"is no key of this section; {hint}"]
        if problems:
            raise ValidationError(problems)


class _ImageBase(Schema):
    """One image as a catalog file writes it; free properties are kept when they are text."""

    class Meta:
        """Free properties are let through to the check below."""

        unknown = INCLUDE

    error_messages = _NO_MAPPING

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _free_properties_are_text(self, _: Any, original: Any, **__: Any) -> None:
        problems = {}
        for name in set(original) - set(self.fields) if isinstance(original, Mapping) else ():
            try:
                if original[name] is not None:
                    TEXT.read(original[name])
                if not _is_name(name):
                    problems[name] = ["a property needs a name of text"]
            except ValueError as error:
                problems[name] = [str(error)]
        if problems:
            raise ValidationError(problems)

    @post_load
    def _free_properties(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {
            name: value if name in self.fields or value is None else TEXT.read(value) for name, value in data.items()
        }


class _Members(fields.Field[dict[str, str]]):
    """The projects an image is shared with, each with the status of its membership."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise ValidationError("is not a mapping of project ids to accepted, pending or rejected")
        problems = {}
        for project, status in value.items():
            if not isinstance(status, str) or status not in MEMBER_STATUSES:
                problems[project] = [f"{quoted(status)} is no member status; legal are {', '.join(MEMBER_STATUSES)}"]
            elif not _is_name(project):
                problems[project] = ["a project needs an id of text"]
        if problems:
            raise ValidationError(problems)
        return dict(value)


def _is_name(name: object) -> bool:
    try:
        return isinstance(name, str) and bool(TEXT.read(name))
    except ValueError:
        return False


_IMAGE: Final = _ImageBase.from_dict(
    {**{name: _OfKind(kind, allow_none=True) for name, kind in IMAGE.items()}, MEMBERS: _Members(allow_none=True)},
    name="ImageSchema",
)()


class _Image(fields.Field[dict[str, Any]]):
    """An image inside a section; reading it is the image schema's business."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> dict[str, Any]:
        loaded: dict[str, Any] = _IMAGE.load(value)
        return loaded


class _GenerateBase(_Section):
    """What to generate."""

    @validates_schema(skip_on_field_errors=False)
    def _count_is_bounded(self, data: dict[str, Any], **_: Any) -> None:
        if "count" in data and not 0 <= data["count"] <= MAX_GENERATED:
            raise ValidationError({"count": [f"{data['count']} is not 0 to {MAX_GENERATED}"]})


def _of(keys: Mapping[str, Key]) -> dict[str, Any]:
    return {name: _OfKind(key.type, required=key.is_required) for name, key in keys.items()}


def _many(schema: type[Schema]) -> Any:
    nested = fields.Nested(schema, error_messages={"null": "has no value"})
    return fields.List(nested, error_messages={"invalid": "is not a list", "null": "has no value"})


def _catalog() -> Schema:
    tables = {name: _many(_Section.from_dict(_of(keys))) for name, keys in CREDENTIALS.items()}
    sections = {
        **_of(SINGLE),
        "projects": _many(_Section.from_dict(_of(PROJECT))),
        "credentials": fields.Nested(_Section.from_dict(tables)),
        "defaults": _Image(),
        "images": fields.Raw(),
        "generate": _many(
            _GenerateBase.from_dict({**_of(GENERATE), "set": _Image(error_messages={"null": "has no value"})})
        ),
    }
    return _Section.from_dict(sections)()


_CATALOG: Final = _catalog()


class ShapeError(Exception):
    """A catalog with values of a wrong shape: every path with what is wrong there, and what is right of it."""

    def __init__(self, problems: list[tuple[Path, str]], valid: dict[str, Any] | None = None) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems
        self.valid = valid or {}


def read_sections(raw: object) -> dict[str, Any]:
    """Check the plain values of a catalog file and convert each by its kind; its images are left as they are.

    Args:
        raw: what the file holds; a section without a value counts as absent.

    Raises:
        ShapeError: with every problem of the sections.
    """
    if not isinstance(raw, Mapping):
        raise ShapeError([((), f"the catalog is {quoted(raw)}; legal is a mapping with {', '.join(_CATALOG.fields)}")])
    given = {name: value for name, value in raw.items() if value is not None or name not in SECTIONS}
    return _loaded(_CATALOG, given)


def read_image(raw: object) -> dict[str, Any]:
    """Check and convert the values of one image; ``None`` stands for: no value and no default.

    Raises:
        ShapeError: with every problem of the image.
    """
    return _loaded(_IMAGE, raw)


def _loaded(schema: Schema, raw: Any) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(raw)
    except ValidationError as error:
        valid = error.valid_data if isinstance(error.valid_data, dict) else {}
        raise ShapeError(sorted(_flat(error.messages, ()), key=str), valid) from None
    return loaded


def _flat(messages: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Flatten marshmallow's tree of messages into paths."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _flat(inner, path if name == "_schema" else (*path, name))
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield path, str(message)
