"""Value types: how a value is read from a catalog file, parsed from a query, compared and written.

A type knows no attributes; :mod:`ims_mock.contract.fields` assigns a type to each attribute. The ``read_*`` functions
convert a value of a catalog file to the stored value, or raise ``ValueError`` with a message that names the value and
what is legal. The ``parse_*`` functions return ``None`` for text that is no such value.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from ims_mock.text import quoted

Value = str | int | float | bool | tuple[str, ...] | list[Any] | dict[str, Any]
"""A stored value. Lists and mappings are the nested values of free properties and are never changed."""

MAX_TEXT: Final = 65_536  # characters of any text
MAX_NAME: Final = 255  # characters of the name or id of a project, a user or a property

_WIRE_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TIME: Final = re.compile(
    r"""(?P<year>[0-9]{4})
    (?: -?(?P<month> (?<=-)[0-9]{1,2} | (?<!-)[0-9]{2}(?!\Z) )
        (?: -?(?P<day> (?<=-)[0-9]{1,2} | (?<!-)[0-9]{2} )
            (?: [ Tt](?P<hour>[0-9]{2}) (?: :?(?P<minute>[0-9]{2}) )?
                (?: :?(?P<second>[0-9]{1,2}) (?: [.,](?P<fraction>[0-9]+) )? )?
                (?P<zone> [Zz] | (?P<sign>[-+])(?P<zone_hour>[0-9]{2}):?(?P<zone_minute>[0-9]{2})? )?
            )?
        )?
    )?""",
    re.VERBOSE,
)
_FIRST: Final = {"year": 1, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
_DOCUMENTED_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:]{8}Z| [0-9:]{8})")
_DURATION: Final = re.compile(
    r"[+-]?P(?!\Z)(?:(?P<weeks>[0-9]+)W)?(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?!\Z)(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+(?:\.[0-9]+)?)S)?)?"
)
_CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f]")
_AGE: Final = re.compile(r"([0-9]{1,6}) (second|minute|hour|day|week)s? ago")
_YAML_BOOLEANS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def parse_integer(text: str) -> int | None:
    """Parse an optional sign and ASCII digits. Very long numbers become one that is larger than any stored number."""
    if not _INTEGER.fullmatch(text):
        return None
    digits = text.lstrip("+-0") or "0"
    number = int(digits) if len(digits) <= 40 else 10**40
    return -number if text.startswith("-") else number


def parse_number(text: str) -> int | float | None:
    """Parse a number like the database of Glance: ``040``, ``40.0`` and `` 40`` are 40 (recorded)."""
    text = text.strip(" \t\n\v\f\r")
    if not _NUMBER.fullmatch(text):
        return None
    return parse_integer(text) if _INTEGER.fullmatch(text) else float(text)


def parse_boolean(text: str) -> bool | None:
    """Parse ``true`` or ``false`` in any case."""
    return {"true": True, "false": False}.get(text.lower())


_COMPARISONS: Final = {"gt": gt, "gte": ge, "lt": lt, "lte": le, "eq": eq, "neq": ne}


@dataclass(frozen=True)
class Instant:
    """A point in time: a second in wire format, and whether it is later than the start of that second."""

    second: str
    past: bool

    def __str__(self) -> str:
        second = {"": "the first instant of the year 1", "~": "the last instant of the year 9999"}.get(self.second)
        return second or (f"a fraction of a second after {self.second}" if self.past else self.second)

    def compare(self, operator: str, stored: str) -> bool:
        """Return whether a stored time compares with this instant as one of the operators of :data:`TIME` says.

        Stored times are whole seconds in wire format, so they compare as text.
        """
        order = (stored > self.second) - (stored < self.second)
        return bool(_COMPARISONS[operator](order or -int(self.past), 0))


def parse_time(text: str, *, lower_case: bool = True) -> Instant | None:
    """Parse any format of a time that Glance accepts, from ``2018`` (UTC) to ``2018-09-10T18:00:00.5+08:00``.

    Glance rejects ``t`` and ``z`` in ``lower_case`` (recorded).
    """
    match = _TIME.fullmatch(text)
    if match is None or (not lower_case and text != text.upper()):
        return None
    part = match.groupdict()
    numbers: dict[str, Any] = {name: int(part[name] or first) for name, first in _FIRST.items()}
    try:
        local = datetime(**numbers)
        offset = timedelta(hours=int(part["zone_hour"] or 0), minutes=int(part["zone_minute"] or 0))
        timezone(offset)
    except ValueError:
        return None
    try:
        utc = local + offset if part["sign"] == "-" else local - offset
    except OverflowError:  # outside the years 1 to 9999, so before or after all stored times
        return Instant("", past=True) if local.year == 1 else Instant("~", past=False)
    return Instant(wire_time(utc), past=bool((part["fraction"] or "").strip("0")))


def is_documented_time(text: str) -> bool:
    """Return whether a time has a documented format: ``2018-09-06T14:03:27Z`` or ``2018-09-06 14:03:27``."""
    return bool(_DOCUMENTED_TIME.fullmatch(text)) and parse_time(text) is not None


def wire_time(moment: datetime) -> str:
    """Format a time as in responses. A naive time is UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc)
    return moment.strftime(_WIRE_TIME).rjust(20, "0")  # strftime writes the year 1 as "1" on some platforms


def parse_wire_time(text: str) -> datetime:
    """Parse a time in wire format into an aware datetime; raise ``ValueError`` if it has another format."""
    return datetime.strptime(text, _WIRE_TIME).replace(tzinfo=timezone.utc)


def parse_duration(value: object) -> timedelta | None:
    """Parse a number of seconds, or an ISO 8601 duration in weeks, days, hours, minutes and seconds: ``-P1DT30M``.

    Years and months are rejected because their length varies.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return timedelta(seconds=value)
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None or not any(match.groups()):
            return None
        parsed = timedelta(**{name: float(amount) for name, amount in match.groupdict().items() if amount})
    except (OverflowError, ValueError):
        return None
    return -parsed if str(value).startswith("-") else parsed


def parse_age(text: str) -> timedelta | None:
    """Parse ``3 days ago``; the units are seconds, minutes, hours, days and weeks."""
    match = _AGE.fullmatch(text.strip().lower())
    return timedelta(**{match[2] + "s": int(match[1])}) if match else None


def add_clamped(moment: datetime, delta: timedelta) -> datetime:
    """Add a duration to a UTC time; outside the years 1 to 9999, return the nearest time inside them."""
    try:
        return moment + delta
    except OverflowError:
        end = datetime.max if delta > timedelta(0) else datetime.min
        return end.replace(tzinfo=timezone.utc)


class PlainScalar(str):
    """A scalar that a file has without quotes, as it is written. What it means depends on the attribute."""

    __slots__ = ()


def read_text(value: object) -> str:
    """Read text as it is written. The parser of files returns only text; Python and JSON have other scalars too."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ValueError(f"a text has {len(value)} characters; at most {MAX_TEXT} are allowed")
        try:
            value.encode()
        except UnicodeEncodeError:
            what = "holds half a character (a lone surrogate); legal is Unicode text"
            raise ValueError(f"{quoted(value)} {what}") from None
        return str(value)
    if isinstance(value, datetime):
        return wire_time(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise ValueError(f"{quoted(value)} is not text")


def _read_header(value: object) -> str:
    text = read_text(value)
    if _CONTROL_CHARACTER.search(text):
        raise ValueError(f"{quoted(value)} contains control characters, which no header can")
    return text


def read_integer(value: object) -> int:
    """Read an integer of 64 bits."""
    number = parse_integer(read_text(value).strip())
    if number is None or not -(2**63) <= number < 2**63:
        raise ValueError(f"{quoted(value)} is not a whole number of 64 bits")
    return number


def read_boolean(value: object) -> bool:
    """Read ``true`` or ``false`` in any case."""
    if isinstance(value, bool):
        return value
    parsed = parse_boolean(read_text(value).strip())
    if parsed is None:
        raise ValueError(f"{quoted(value)} is not true or false")
    return parsed


def read_time(value: object) -> str:
    """Read a time in whole seconds, in any format that a time filter accepts, into wire format."""
    point = parse_time(read_text(value).strip())
    if point is None or point.past or len(point.second) != len("2018-09-06T14:03:27Z"):
        raise ValueError(f"{quoted(value)} is not a time in whole seconds such as 2018-09-06T14:03:27Z")
    return point.second


def read_list(value: object) -> tuple[str, ...]:
    """Read a list of texts without its duplicates; tags are a set in Glance as well."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"{quoted(value)} is not a list such as [a, b]")
    return tuple(dict.fromkeys(map(read_text, value)))


def read_json(value: object) -> Any:
    """Read a value of a free property, which keeps its JSON type: a plain ``true`` or ``1.5`` is no text."""
    if isinstance(value, Mapping):
        return {read_text(name): read_json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [read_json(inner) for inner in value]
    if isinstance(value, PlainScalar):
        number = JSON_NUMBER.fullmatch(read_text(value))
        value = (float if number[1] else read_integer)(value) if number else _YAML_BOOLEANS.get(value, str(value))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return read_integer(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number of JSON; use a finite one, or text")
        return value
    return read_text(value)


def json_text(value: Value | None) -> str | None:
    """Return a value of a free property as filters compare it: text as it is, any other value as its JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _read_link(_: object) -> str:
    raise ValueError("is computed from the id and cannot be set")


@dataclass(frozen=True)
class ValueType:
    """The type of an attribute's value."""

    name: str
    json_type: str  # as the reference shows it
    read: Callable[[object], Value]  # converts a value of a catalog file to the stored value, or raises ValueError
    operators: tuple[str, ...] = ()  # the documented ones of a filter, as in "operator:value"


TEXT: Final = ValueType("text", "string", read_text)
HEADER: Final = ValueType("header", "string", _read_header)
INTEGER: Final = ValueType("integer", "integer", read_integer)
BOOLEAN: Final = ValueType("boolean", "boolean", read_boolean)
TIME: Final = ValueType("time", "string", read_time, tuple(_COMPARISONS))
LIST: Final = ValueType("list", "array of strings", read_list)
LINK: Final = ValueType("link", "string", _read_link)
