"""The schema of catalog files: marshmallow schemas made from tables of keys and attributes.

Every image from a file or a request is validated here. All problems are reported at once, each with its path.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from marshmallow import INCLUDE, Schema, ValidationError, fields, validate, validates_schema

from ims_mock.contract.fields import FIELDS, MEMBER_STATUSES, Field
from ims_mock.contract.values import HEADER, INTEGER, LIST, TEXT, TIME, ValueType, read_json
from ims_mock.loading.parser import ValuePath
from ims_mock.options import MAX_GENERATED
from ims_mock.text import QUOTED_LENGTH, quoted

MAX_PROBLEMS: Final = 1_000  # the number of errors, and of warnings, that are counted
STOP_AFTER: Final = MAX_PROBLEMS + 1  # errors end loading, and warnings are kept; one more shows that there are more
MEMBERS: Final = "members"  # the key of an image's members in a file, where it is among the attributes


@dataclass(frozen=True)
class EntryKey:
    """One key of an entry of a section; the value of a secret one is redacted wherever a catalog is quoted."""

    description: str
    type: ValueType = TEXT
    is_required: bool = False
    is_secret: bool = False


_PROJECT: Final = EntryKey("Id of the project that requests with it belong to.", is_required=True)
_ROLES: Final = EntryKey(
    "`admin` may do everything, `member` read and write, others only read; default: `[member]`.", LIST
)
_EXPIRES: Final = EntryKey("Expiry by the emulator's clock; default: never.", TIME)

SCALAR_KEYS: Final = {
    "project": EntryKey("Project of unauthenticated requests, and owner of images; default: the first of `projects`."),
    "clock": EntryKey("Time at which the emulator's clock is frozen; default: the real time.", TIME),
}
ENVELOPE_KEYS: Final = {
    "first": "Path of the first page, in a published list.",
    "next": "Path of the next page, in a published list.",
    "schema": "Path of the schema, in a published list.",
    "links": "Links of a published list.",
    "page_info": "Marker of the next page, in a published list.",
}
"""The keys that a published list has beside its images. They are ignored."""

PROJECT_KEYS: Final = {
    "id": EntryKey("Id of the project.", is_required=True),
    "name": EntryKey("Name; the region that it begins with, or the whole name, is a region of `/v3`."),
    "domain": EntryKey("Name of the domain; default: `testdomain`."),
}
GENERATE_KEYS: Final = {
    "count": EntryKey(f"Number of images, 0 to {MAX_GENERATED}.", INTEGER, is_required=True),
    "seed": EntryKey("Seed; the same seed generates the same images. Default: the option `--seed`.", INTEGER),
}
CREDENTIAL_KEYS: Final = {
    "tokens": {
        "token": EntryKey("The token as in `X-Auth-Token`.", HEADER, is_required=True, is_secret=True),
        "project": _PROJECT, "roles": _ROLES, "expires": _EXPIRES,
    },
    "keys": {
        "access": EntryKey("Access key.", HEADER, is_required=True),
        "secret": EntryKey("Secret key.", is_required=True, is_secret=True),
        "project": _PROJECT, "roles": _ROLES,
        "security_token": EntryKey("Security token, which makes it a temporary key.", HEADER, is_secret=True),
        "expires": _EXPIRES,
    },
    "users": {
        "name": EntryKey("Name of the user.", is_required=True),
        "password": EntryKey("Password.", is_required=True, is_secret=True),
        "project": _PROJECT,
        "domain": EntryKey("Name of the user's domain; default: `testdomain`."),
        "roles": _ROLES,
    },
}  # fmt: skip

AGE_HINT: Final = ", nor an age such as 3 days ago"  # for authors of catalogs
_MAPPING: Final = {"type": "is not a mapping of names to values"}
_NULL: Final[dict[str, Any]] = {"null": "has no value"}


class SchemaError(Exception):
    """Values that do not conform to the schema."""

    def __init__(self, problems: list[tuple[ValuePath, str]], valid: Mapping[str, Any]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems  # the path and the message of each
        self.valid = valid  # the values that conform, by name


def _read_each(items: Iterable[tuple[Any, Any]], read: Callable[[Any, Any], Any]) -> dict[Any, Any]:
    """Return what a function reads from each key and value. All errors are raised at once, up to :data:`STOP_AFTER`."""
    values, problems, count = {}, {}, 0
    for key, value in items:
        try:
            values[key] = read(key, value)
        except (ValueError, ValidationError) as error:
            problems[key] = error.messages if isinstance(error, ValidationError) else [str(error)]
            count += sum(1 for _ in _flatten(problems[key], ()))
            if count >= STOP_AFTER:
                break
    if problems:
        raise ValidationError(problems)
    return values


class _ReadField(fields.Field[Any]):
    """A value that a function reads; it raises ``ValueError``."""

    def __init__(self, read: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(error_messages={"required": "is missing", **_NULL}, **options)
        self._read = read

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Any:
        try:
            return self._read(value)
        except ValueError as error:
            hint = AGE_HINT if self._read is TIME.read and attr != "clock" else ""
            raise ValidationError(f"{error}{hint}") from None


def _read_members(value: Any) -> dict[str, str]:
    """Read the projects that an image is shared with, each with the status of its membership."""
    if not isinstance(value, Mapping):
        raise ValueError(f"is not a mapping of project ids to one of {', '.join(MEMBER_STATUSES)}")
    return _read_each(value.items(), _read_status)


def _read_status(project: object, status: object) -> str:
    if status not in MEMBER_STATUSES:
        raise ValueError(f"{quoted(status)} is not a member status; use one of {', '.join(MEMBER_STATUSES)}")
    _check_name(project)
    return str(status)


def _check_name(name: object) -> None:
    """Raise ``ValueError`` if the key of a mapping is no text, or none that is legal."""
    if not isinstance(name, str) or not name:
        raise ValueError("the name of a property or the id of a project must be text")
    TEXT.read(name)


def _entry_fields(keys: Mapping[str, EntryKey]) -> dict[str, Any]:
    return {name: _ReadField(key.type.read, required=key.is_required) for name, key in keys.items()}


def _list_of(schema: type[Schema]) -> _ReadField:
    """Return a field of entries. marshmallow's own one validates all of them, however many are invalid."""
    inner = fields.Nested(schema(), error_messages=_NULL)

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise ValueError("is not a list")
        return list(_read_each(enumerate(value), lambda _, entry: inner.deserialize(entry)).values())

    return _ReadField(read)


class _Mapping(Schema):
    """A mapping that may have other keys than those of its schema, with values of any JSON type."""

    class Meta:
        unknown = INCLUDE  # let the other keys through to the validation below

    error_messages = _MAPPING

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def _read_others(self, data: dict[Any, Any], original: Any, **_: Any) -> None:
        def read(name: object, value: object) -> None:
            data[name] = self._read_other(name, value)

        # in the order of the file: data has none
        others = [name for name in (original if data else ()) if name in data and name not in self.fields]
        _read_each(((name, data.pop(name)) for name in others), read)

    def _read_other(self, name: object, value: object) -> Any:
        _check_name(name)
        return read_json(value)


class _Section(_Mapping):
    """A mapping that has no other keys."""

    def _read_other(self, name: object, value: object) -> Any:
        near = difflib.get_close_matches(str(name)[:QUOTED_LENGTH], self.fields, 1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(self.fields)}"
        raise ValueError(f"is not a key of this section; {hint}")


def _attribute(field: Field) -> _ReadField:
    most = field.max_length
    limits = [validate.Length(max=most, error=f"is longer than {most} characters")] if most else []
    return _ReadField(field.type.read, allow_none=True, validate=limits)


_IMAGE: Final = _Mapping.from_dict(
    {**{field.name: _attribute(field) for field in FIELDS}, MEMBERS: _ReadField(_read_members, allow_none=True)},
    name="ImageSchema",
)()

_CREDENTIALS: Final = _Section.from_dict(
    {name: _list_of(_Section.from_dict(_entry_fields(keys))) for name, keys in CREDENTIAL_KEYS.items()}
)
_COUNT: Final = _ReadField(
    INTEGER.read,
    required=True,
    validate=validate.Range(0, MAX_GENERATED, error=f"{{input}} is not 0 to {MAX_GENERATED}"),
)
_GENERATE: Final = _Section.from_dict(
    {**_entry_fields(GENERATE_KEYS), "count": _COUNT, "set": fields.Nested(_IMAGE, error_messages=_NULL)}
)
_CATALOG: Final = _Section.from_dict(
    {
        **_entry_fields(SCALAR_KEYS),
        "projects": _list_of(_Section.from_dict(_entry_fields(PROJECT_KEYS))),
        "credentials": fields.Nested(_CREDENTIALS),
        "defaults": fields.Nested(_IMAGE),
        "images": fields.Raw(),
        "generate": _list_of(_GENERATE),
    },
    name="CatalogSchema",
)()

_ERROR_KEYS: Final = ("error", "error_msg")  # of error responses of the service and of its gateway
SECTIONS: Final = tuple(_CATALOG.fields)  # the keys of a catalog file


def read_sections(raw: object) -> dict[str, Any]:
    """Validate and convert a catalog file except for its images, which are returned unchanged.

    A section without a value counts as absent. Values that do not conform to the schema are a :class:`SchemaError`.
    """
    if not isinstance(raw, Mapping):
        legal = ", ".join(SECTIONS)
        given = "null" if raw is None else quoted(raw)
        hint = "; write a list of images under the key images" if isinstance(raw, list | tuple) else ""
        raise SchemaError([((), f"the catalog is {given}; it must be a mapping with {legal}{hint}")], {})
    if raw.keys().isdisjoint(SECTIONS) and (text := next((raw[key] for key in _ERROR_KEYS if key in raw), "")):
        text = quoted(text.get("message", text) if isinstance(text, Mapping) else text)
        raise SchemaError([((), f"is an error response, {text}; save the response of a successful request")], {})
    return _load(_CATALOG, {name: raw[name] for name in raw if name not in SECTIONS or raw[name] is not None})


def read_image(raw: object) -> dict[str, Any]:
    """Validate and convert an image, where ``None`` means no value and no default; raise :class:`SchemaError`."""
    return _load(_IMAGE, raw)


def _load(schema: Schema, raw: Any) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(raw)
    except ValidationError as error:
        problems = sorted(islice(_flatten(error.messages, ()), STOP_AFTER), key=str)
        invalid = {path[0] for path, _ in problems if path}
        valid = error.valid_data if isinstance(error.valid_data, dict) else {}
        valid = {name: value for name, value in valid.items() if isinstance(name, str) and name not in invalid}
        raise SchemaError(problems, valid) from None
    return loaded


def _flatten(messages: Any, path: ValuePath) -> Iterator[tuple[ValuePath, str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _flatten(inner, path if name == "_schema" else (*path, name))
    else:
        yield from ((path, str(message)) for message in messages)
