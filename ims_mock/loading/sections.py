"""The sections of a catalog file, one row a key, and the quick way to read what is plainly right.

Whatever is not plainly right is left to :mod:`ims_mock.schema`, which reads by the same rows and names every problem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ims_mock.contract.fields import FIELDS, MEMBER_STATUSES
from ims_mock.contract.values import INTEGER, LIST, TEXT, TIME, Value, ValueType
from ims_mock.options import MAX_GENERATED

MEMBERS: Final = "members"
"""What an image is shared with stands among its attributes in a file, and is none."""


class Key(NamedTuple):
    """One key of an entry in a section: its type, whether an entry must have it, and whether it is shown to nobody."""

    type: ValueType
    is_required: bool = False
    is_secret: bool = False


_NEEDED, _TEXT, _ROLES = Key(TEXT, is_required=True), Key(TEXT), Key(LIST)
_SECRET: Final = Key(TEXT, is_required=True, is_secret=True)

PROJECT: Final = {"id": _NEEDED, "name": _TEXT, "domain": _TEXT}
TOKEN: Final = {"token": _SECRET, "project": _NEEDED, "roles": _ROLES, "expires": Key(TIME)}
ACCESS_KEY: Final = {
    "access": _NEEDED,
    "secret": _SECRET,
    "project": _NEEDED,
    "roles": _ROLES,
    "security_token": Key(TEXT, is_secret=True),
    "expires": Key(TIME),
}
USER: Final = {"name": _NEEDED, "password": _SECRET, "project": _NEEDED, "domain": _TEXT, "roles": _ROLES}
GENERATE: Final = {"count": Key(INTEGER, is_required=True), "seed": Key(INTEGER)}
CREDENTIALS: Final = {"tokens": TOKEN, "keys": ACCESS_KEY, "users": USER}
SINGLE: Final = {"project": Key(TEXT), "clock": Key(TIME)}
"""The keys of a file that are one value, not a section."""

SECTIONS: Final = (*SINGLE, "projects", "credentials", "defaults", "images", "generate")
"""All that a file may hold."""

IMAGE: Final = {field.name: field.type for field in FIELDS}


class _NotPlainError(Exception):
    """Something is not plainly right."""


def plain_sections(raw: object) -> dict[str, Any] | None:
    """Read a file but its images, when all of it is plainly right; else ``None``."""
    if not isinstance(raw, Mapping):
        return None
    given = {name: value for name, value in raw.items() if value is not None or name not in SECTIONS}
    read: dict[str, Any] = {}
    try:
        for name, value in given.items():
            if name in SINGLE:
                read[name] = SINGLE[name].type.read(value)
            elif name == "projects":
                read[name] = _entries(value, PROJECT)
            elif name == "credentials":
                read[name] = {kind: _entries(entries, CREDENTIALS[kind]) for kind, entries in value.items()}
            elif name == "defaults":
                read[name] = _image(value)
            elif name == "generate":
                read[name] = [_generation(entry) for entry in _list(value)]
            elif name != "images":
                return None
    except (_NotPlainError, ValueError, KeyError, AttributeError):
        return None
    return read


def plain_image(raw: object) -> dict[str, Any] | None:
    """Read an image when all of it is plainly right; else ``None``."""
    try:
        return _image(raw)
    except (_NotPlainError, ValueError):
        return None


def _image(raw: object) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise _NotPlainError
    try:
        return _of_known_names(raw)
    except TypeError:  # a text is written as something else, or has no value
        return _of_any_names(raw)


def _of_known_names(raw: Mapping[Any, Any]) -> dict[str, Any]:
    """Read an image of attributes only: all of its texts in one go."""
    names = raw.keys()
    others = names & _OTHERS.keys()
    texts = names - others
    if not texts <= _TEXTS:
        return _of_any_names(raw)
    TEXT.read("".join(map(raw.__getitem__, texts)))
    read = dict(raw)
    for name in others:
        if read[name] is not None:
            read[name] = _OTHERS[name](read[name])
    return read


def _of_any_names(raw: Mapping[Any, Any]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in raw.items():
        kind = IMAGE.get(name)
        if kind is None and name != MEMBERS:
            if not name or not isinstance(name, str):
                raise _NotPlainError
            TEXT.read(name)
            kind = TEXT
        if value is None:
            read[name] = None
        else:
            read[name] = kind.read(value) if kind else _members(value)
    return read


def _members(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise _NotPlainError
    for project, status in value.items():
        if not isinstance(project, str) or not project or status not in MEMBER_STATUSES:
            raise _NotPlainError
        TEXT.read(project)
    return dict(value)


_TEXTS: Final = frozenset(name for name, kind in IMAGE.items() if kind is TEXT)
_OTHERS: Final[Mapping[str, Callable[[object], Any]]] = {
    **{name: kind.read for name, kind in IMAGE.items() if kind is not TEXT},
    MEMBERS: _members,
}


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _NotPlainError
    return value


def _entries(value: object, keys: Mapping[str, Key]) -> list[dict[str, Value]]:
    return [_entry(entry, keys) for entry in _list(value)]


def _entry(entry: object, keys: Mapping[str, Key]) -> dict[str, Value]:
    if not isinstance(entry, Mapping) or any(key.is_required and name not in entry for name, key in keys.items()):
        raise _NotPlainError
    return {name: keys[name].type.read(value) for name, value in entry.items()}


def _generation(entry: object) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise _NotPlainError
    read: dict[str, Any] = dict(_entry({name: value for name, value in entry.items() if name != "set"}, GENERATE))
    if not 0 <= read["count"] <= MAX_GENERATED:
        raise _NotPlainError
    if "set" in entry:
        read["set"] = _image(entry["set"])
    return read
