"""How each kind of value is written in a catalog, parsed from a query, and compared.

A kind knows nothing of field names: :mod:`ims_mock.fields` says which field is of which kind.
Every ``read`` function takes what a catalog holds and returns the stored value, or raises ``ValueError``
with a sentence that names what was given and what is legal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Final, NamedTuple

Value = str | int | bool | tuple[str, ...]

WIRE_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
"""Times as every client expects them: UTC, whole seconds, upper-case ``T`` and ``Z``."""

TIME_OPERATORS: Final = ("gt", "gte", "lt", "lte", "eq", "neq")
"""The documented comparisons of a time filter, in the document's order."""

MAX_TEXT: Final = 65_536
"""The most characters of one text."""

MAX_NAME: Final = 255
"""The most characters of what names something: a project, a user, a property."""

_SHOWN: Final = 80
_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PLAIN_NUMBER: Final = re.compile("[0-9]{1,18}")
_AFTER_ALL: Final = 10**14
_PLAIN_TIME: Final = re.compile(  # in wire format, of a day that every year has
    "(?!0000)[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
)
_TIME: Final = re.compile(
    r"""(?P<year>[0-9]{4})
    (?: (?: -(?P<month>[0-9]{1,2}) | (?P<month_compact>[0-9]{2})(?!\Z) )
        (?: (?: -(?P<day>[0-9]{1,2}) | (?P<day_compact>[0-9]{2}) )
            (?: [ Tt](?P<hour>[0-9]{2}) (?: :?(?P<minute>[0-9]{2}) )?
                (?: :?(?P<second>[0-9]{1,2}) (?: [.,](?P<fraction>[0-9]+) )? )?
                (?P<zone> [Zz] | (?P<sign>[-+])(?P<zone_hour>[0-9]{2}):?(?P<zone_minute>[0-9]{2})? )?
            )?
        )?
    )?""",
    re.VERBOSE,
)
_DOCUMENTED_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:]{8}Z| [0-9:]{8})")
_DURATION: Final = re.compile(
    r"[+-]?P(?!\Z)(?:(?P<weeks>[0-9]+)W)?(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?!\Z)(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+(?:\.[0-9]+)?)S)?)?"
)
_AGO: Final = re.compile(r"([0-9]{1,6}) (second|minute|hour|day|week)s? ago")


def shown(value: object) -> str:
    """Quote a value for a message, shortened so that no message grows with its input."""
    if isinstance(value, list | tuple | dict):
        return "a list" if not isinstance(value, dict) else "a mapping"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(str(value))} characters)"


def listed(values: Sequence[str]) -> str:
    """List values for a message: ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(values[:-1]), *values[-1:])))


def printable(text: str, length: int = _SHOWN) -> str:
    """Write a text so that it can do no harm on a terminal: on one line, shortened, control characters escaped."""
    safe = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text[:length])
    return safe if len(text) <= length else f"{safe}…"


# --- numbers and booleans -------------------------------------------------------------------------


def whole_number(text: str) -> int | None:
    """Read an optional sign and ASCII digits; anything else is no whole number (``None``).

    More digits than a 64-bit number could have are cut to a number larger than any stored one.
    """
    if not _WHOLE.fullmatch(text):
        return None
    digits = text.lstrip("+-0") or "0"
    number = int(digits) if len(digits) <= 40 else 10**40
    return -number if text.startswith("-") else number


def loose_number(text: str) -> int | float | None:
    """Read text as Glance's database does where a number is stored: ``040``, ``40.0`` and `` 40`` are 40 (recorded)."""
    text = text.strip(" \t\n\v\f\r")
    if not _NUMBER.fullmatch(text):
        return None
    return whole_number(text) if _WHOLE.fullmatch(text) else float(text)


def truth(text: str) -> bool | None:
    """Read ``true`` or ``false`` in any case; anything else is neither (``None``)."""
    return {"true": True, "false": False}.get(text.lower())


def wire_text(raw: str) -> str:
    """Decode what the wire brought as one character a byte; it should be UTF-8, and what is not is replaced."""
    return raw if raw.isascii() else raw.encode("latin-1", "replace").decode("utf-8", "replace")


# --- times ----------------------------------------------------------------------------------------


class Instant(NamedTuple):
    """A point in time beside whole seconds: the second it lies in, and whether it lies past that second's start."""

    second: str
    past: bool

    def compare(self, operator: str, stored: str) -> bool:
        """Hold a stored whole second (wire format, so text order is time order) against this instant, exactly."""
        if operator == "eq":
            return stored == self.second and not self.past
        if operator == "neq":
            return stored != self.second or self.past
        if operator == "gt" or (operator == "gte" and self.past):
            return stored > self.second
        if operator == "gte":
            return stored >= self.second
        if operator == "lte" or self.past:
            return stored <= self.second
        return stored < self.second


def stamp(text: str) -> int:
    """Give a time in wire format as a number, so that numbers order as the times do; 0 for the empty text.

    What lies after every time, ``~``, comes after every number as well.
    """
    digits = text.encode().translate(None, b"-T:Z")
    return int(digits) if digits.isdigit() else _AFTER_ALL if digits else 0


def instant(text: str, *, lower_case: bool = True) -> Instant | None:
    """Read any spelling of a time that Glance reads, from ``2018`` to ``2018-09-10T18:00:00.5+08:00``, else ``None``.

    Args:
        text: the time; without a zone it is UTC.
        lower_case: whether ``t`` and ``z`` stand for ``T`` and ``Z`` (Glance refuses them, recorded).
    """
    if _PLAIN_TIME.fullmatch(text):
        return Instant(text, past=False)
    match = _TIME.fullmatch(text)
    if match is None or (not lower_case and text != text.upper()):
        return None
    part = match.groupdict()
    try:
        moment = datetime(
            int(part["year"]),
            int(part["month"] or part["month_compact"] or 1),
            int(part["day"] or part["day_compact"] or 1),
            int(part["hour"] or 0),
            int(part["minute"] or 0),
            int(part["second"] or 0),
        )
        offset = timedelta(hours=int(part["zone_hour"] or 0), minutes=int(part["zone_minute"] or 0))
        timezone(offset)
    except ValueError:
        return None
    try:
        utc = moment + offset if part["sign"] == "-" else moment - offset
    except OverflowError:  # an offset may lead out of the years 1 to 9999: then before or after everything stored
        return Instant("", past=True) if moment.year == 1 else Instant("~", past=False)
    return Instant(wire_time(utc), past=bool((part["fraction"] or "").strip("0")))


def is_documented_time(text: str) -> bool:
    """Whether a time is written as the document has it, ``2018-09-06T14:03:27Z`` or ``2018-09-06 14:03:27``."""
    return bool(_DOCUMENTED_TIME.fullmatch(text)) and instant(text) is not None


def wire_time(moment: datetime) -> str:
    """Write a time for the wire; a naive one is taken as UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc)
    return moment.strftime(WIRE_TIME).rjust(20, "0")  # strftime writes the year 1 as "1" on some platforms


def moment(text: str) -> datetime:
    """Turn a time in wire format back into an aware datetime."""
    return datetime.strptime(text, WIRE_TIME).replace(tzinfo=timezone.utc)


def duration(value: object) -> timedelta | None:
    """Read a number of seconds, or a duration of ISO 8601 in weeks, days, hours, minutes and seconds, ``-P1DT30M``.

    Anything else, years and months above all, is none (``None``): they are not always as long.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return timedelta(seconds=value)
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None or not any(match.groups()):
            return None
        found = timedelta(**{name: float(amount) for name, amount in match.groupdict().items() if amount})
    except (OverflowError, ValueError):
        return None
    return -found if str(value).startswith("-") else found


def later(instant: datetime, by: timedelta) -> datetime:
    """Give a later time, or an earlier one; at the ends of the calendar, the last or first there is."""
    try:
        return instant + by
    except OverflowError:
        end = datetime.max if by > timedelta(0) else datetime.min
        return end.replace(tzinfo=timezone.utc)


def ago(text: str) -> timedelta | None:
    """Read ``3 days ago`` (seconds, minutes, hours, days, weeks); anything else is no such phrase (``None``)."""
    match = _AGO.fullmatch(text.strip().lower())
    return timedelta(**{match[2] + "s": int(match[1])}) if match else None


# --- what a catalog may hold ----------------------------------------------------------------------


def _scalar(value: object) -> str:
    """Take a scalar as text: catalogs are read as written, and ``40`` or ``true`` may come as Python values as well."""
    if isinstance(value, str):
        return _whole_text(value)
    if isinstance(value, datetime):
        return wire_time(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise ValueError(f"{shown(value)} is not text")


def _whole_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{shown(text)} holds half a character (a lone surrogate); legal is Unicode text") from None
    return text


def read_text(value: object) -> str:
    """Text is kept as it is written."""
    return _scalar(value)


def read_integer(value: object) -> int:
    """Read a whole number that fits a 64-bit database column."""
    if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value):
        return int(value)
    number = whole_number(_scalar(value).strip())
    if number is None or not -(2**63) <= number < 2**63:
        raise ValueError(f"{shown(value)} is not a whole number of 64 bits")
    return number


def read_boolean(value: object) -> bool:
    """Read true or false, in any case."""
    if isinstance(value, bool):
        return value
    answer = truth(_scalar(value).strip())
    if answer is None:
        raise ValueError(f"{shown(value)} is not true or false")
    return answer


def read_time(value: object) -> str:
    """Read a time with whole seconds, in any spelling a time filter knows; ``3 days ago`` is resolved before."""
    if isinstance(value, str) and _PLAIN_TIME.fullmatch(value):
        return value
    point = instant(_scalar(value).strip())
    if point is None or point.past or len(point.second) != len("2018-09-06T14:03:27Z"):
        raise ValueError(f"{shown(value)} is not a time in whole seconds such as 2018-09-06T14:03:27Z")
    return point.second


def _texts(value: object, example: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{shown(value)} is not a list such as {example}")
    return tuple(dict.fromkeys(map(_scalar, value)))


def read_tags(value: object) -> tuple[str, ...]:
    """Read a list of tags; one given twice counts once, as in Glance, where tags are a set."""
    return _texts(value, "[team=a, x86]")


def read_roles(value: object) -> tuple[str, ...]:
    """Read a list of role names."""
    return _texts(value, "[member]")


def _read_nothing(value: object) -> str:
    raise ValueError("is computed from the id and cannot be set")


# --- the kinds ------------------------------------------------------------------------------------


class Kind(NamedTuple):
    """One kind of value: its name, its JSON type, and how a catalog's value is read."""

    name: str
    json_type: str
    read: Callable[[object], Value]


TEXT: Final = Kind("text", "string", read_text)
INTEGER: Final = Kind("integer", "integer", read_integer)
BOOLEAN: Final = Kind("boolean", "boolean", read_boolean)
TIME: Final = Kind("time", "string", read_time)
TAGS: Final = Kind("tags", "array of strings", read_tags)
ROLES: Final = Kind("roles", "array of strings", read_roles)
LINK: Final = Kind("link", "string", _read_nothing)
