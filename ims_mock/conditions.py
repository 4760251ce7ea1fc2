"""What an image must satisfy to be listed: one small class a kind of condition, and the reading of filter values.

Conditions are data: a catalog reads from them which of its posting lists hold every image for which one can hold, and
asks them about one image at a time.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from ims_mock.errors import RequestError
from ims_mock.fields import BY_NAME, Field
from ims_mock.image import Image
from ims_mock.kinds import (
    BOOLEAN,
    INTEGER,
    LINK,
    TAGS,
    TIME,
    TIME_OPERATORS,
    Instant,
    Value,
    instant,
    loose_number,
    stamp,
    truth,
    whole_number,
)
from ims_mock.profile import Profile

LEGAL_TIME: Final = (
    f"one of the operators {', '.join(TIME_OPERATORS)}, a colon and a time, YYYY-MM-DDThh:mm:ssZ or YYYY-MM-DD hh:mm:ss"
)
_EARLIEST: Final = 1
_LATEST: Final = 2**63 - 1
"""Bounds of every time as a number; 0 is no time."""

_PICK: Final = re.compile(r'"((?:[^"\\]|\\.)*)",?|([^,]+),?|,')


class Equals(NamedTuple):
    """The attribute has one of these values; ``folded``: in any case and spelling."""

    name: str
    values: frozenset[Value]
    folded: bool = False

    def holds(self, image: Image) -> bool:
        """Whether the image's value is among them."""
        value = image.get(self.name)
        if self.folded and isinstance(value, str):
            return BY_NAME[self.name].fold(value) in self.values
        return value is not None and value in self.values


class Not(NamedTuple):
    """Another condition does not hold."""

    condition: Equals

    def holds(self, image: Image) -> bool:
        """Whether the other does not."""
        return not self.condition.holds(image)


class IsDefault(NamedTuple):
    """The attribute has its default value, or none, which means the same."""

    name: str
    default: Value

    def holds(self, image: Image) -> bool:
        """Whether the image has no other value."""
        return image.get(self.name) in (None, self.default)


class HasTag(NamedTuple):
    """One of these tags is present: the tag asked for, and the old form it may be stored in."""

    tags: frozenset[str]

    def holds(self, image: Image) -> bool:
        """Whether the image carries one of them."""
        return not self.tags.isdisjoint(image.tags)


class Compares(NamedTuple):
    """The time stands in this relation to an instant."""

    name: str
    operator: str
    instant: Instant

    @property
    def is_range(self) -> bool:
        """Whether the operator is any but ``neq``."""
        return self.operator != "neq"

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the greatest time, as numbers, for which it holds; for ``neq`` there are none."""
        second, past, operator = stamp(self.instant.second), self.instant.past, self.operator
        low = max(second + (past or operator == "gt"), _EARLIEST) if operator in ("gte", "gt", "eq") else _EARLIEST
        high = second - (operator == "lt" and not past) if operator in ("lte", "lt", "eq") else _LATEST
        return low, high

    def among(self, times: Sequence[Any]) -> tuple[int, int]:
        """Give the stretch of ascending times, as numbers, for which it holds; for ``neq`` there is none."""
        low, high = self.bounds
        start = bisect_left(times, low)
        return start, bisect_right(times, high, start)

    def holds(self, image: Image) -> bool:
        """Whether the image has a value, and that satisfies it."""
        value = image.get(self.name)
        return isinstance(value, str) and self.instant.compare(self.operator, value)


class Bounded(NamedTuple):
    """The attribute is at least (or at most) this number."""

    name: str
    bound: int
    is_least: bool

    @property
    def is_range(self) -> bool:
        """Whether it holds in a range of values: always."""
        return True

    def among(self, values: Sequence[Any]) -> tuple[int, int]:
        """Give the stretch of ascending values for which it holds; times are numbers here."""
        if self.is_least:
            return bisect_left(values, True, key=self.allows), len(values)
        return 0, bisect_left(values, True, key=lambda value: not self.allows(value))

    def holds(self, image: Image) -> bool:
        """Whether the image has a value, and that satisfies it."""
        value = image.get(self.name)
        return value is not None and self.allows(value)

    def allows(self, value: Value) -> bool:
        """Whether a value is within the bound.

        A time is larger than any number and text compares as text: so Glance's database has it (recorded).
        """
        if BY_NAME[self.name].kind is TIME:
            return self.is_least
        if isinstance(value, tuple):
            return False
        if isinstance(value, str):
            return value >= str(self.bound) if self.is_least else value <= str(self.bound)
        return value >= self.bound if self.is_least else value <= self.bound


Ranged: TypeAlias = Compares | Bounded
"""What may hold in a stretch of an attribute's values, in ascending order."""

RANGED: Final = (Compares, Bounded)
"""The same for ``isinstance``, which takes three times as long to look through a union."""

Condition: TypeAlias = Equals | Not | IsDefault | HasTag | Ranged
"""What one image must satisfy; each kind has ``holds(image)``, and no two conditions of different kinds are equal."""


class Reading(NamedTuple):
    """How filters are read: under which profile, and whether as the Queens release of Glance or as Mitaka."""

    profile: Profile
    is_queens: bool

    def condition(self, name: str, value: str) -> Condition | None:
        """Read one filter ``name=value``; ``None`` when it restricts nothing.

        Raises:
            RequestError: the value is not legal for that field.
        """
        if name.endswith(("_min", "_max")):
            return self._bound(name, value)
        field = BY_NAME.get(name)
        if name == "deleted":  # Glance decides itself which images are deleted (recorded)
            return None
        if name == "is_public" and not self.is_queens:
            return self._is_public(value)
        if field is None:
            return Equals(name, frozenset({value}))
        if field.kind is LINK or field.kind is TAGS:
            return _never(name)
        if field.kind is INTEGER:
            return self._integer(name, value)
        if field.kind is BOOLEAN:
            return self._boolean(name, value)
        if field.kind is TIME and field.column:
            return self._time(name, value)
        return self._text(field, value)

    def tag(self, value: str) -> HasTag:
        """Read one ``tag=value``: ``a=b`` also finds a tag stored in the old form ``a.b``."""
        wanted = {value}
        if "dotted-tags" in self.profile and "=" in value:
            old = value.replace("=", ".", 1)
            if "=" not in old and old.index(".") == value.index("="):  # the first dot is the separator
                wanted.add(old)
        return HasTag(frozenset(wanted))

    def equals(self, name: str, value: str) -> Equals:
        """Read an equality, in any case where the field has documented values and the profile says so."""
        field = BY_NAME.get(name)
        if field is not None and field.values and "enumerations-ignore-case" in self.profile:
            return Equals(name, frozenset({field.fold(value)}), folded=True)
        return Equals(name, frozenset({value}))

    def _text(self, field: Field, value: str) -> Equals:
        if not field.picks:
            return self.equals(field.name, value)
        operator, separator, rest = value.partition(":")
        if not separator or (self.is_queens and instant(value, lower_case=False)):
            return self.equals(field.name, value)
        if operator == "eq":
            return self.equals(field.name, rest)
        if operator != "in":
            raise RequestError(
                "operator", field.name, value, 'an exact value, eq:VALUE or in:A,B,"C,D"', operator=operator
            )
        picked = [self.equals(field.name, one) for one in _picked(field.name, value, rest)]
        folded = bool(field.values) and "enumerations-ignore-case" in self.profile
        return Equals(field.name, frozenset[Value]().union(*(one.values for one in picked)), folded)

    def _integer(self, name: str, value: str) -> Condition:
        if "integers-are-checked" in self.profile:
            whole = whole_number(value)
            if whole is None:
                raise RequestError("integer", name, value, "a whole number: an optional sign and digits")
            return Equals(name, frozenset({whole}))
        number = loose_number(value)
        if number is None or number != number // 1:
            return _never(name)
        return Equals(name, frozenset({int(number)}))

    def _boolean(self, name: str, value: str) -> Condition:
        if "booleans-ignore-case" in self.profile:
            answer = truth(value)
        elif self.is_queens:
            answer = {"true": True, "false": False}.get(value)
        else:
            number = loose_number(value)
            return _never(name) if number is None else Equals(name, frozenset({True, False} & {number}))
        if answer is None:
            raise RequestError("boolean", name, value, "true or false")
        return Equals(name, frozenset({answer}))

    def _is_public(self, value: str) -> Condition:
        """Read a filter by the column that Mitaka keeps in place of the visibility: 1 or 0."""
        number = loose_number(value)
        is_public = Equals("visibility", frozenset({"public"}))
        if number == 1:
            return is_public
        return Not(is_public) if number == 0 else _never("visibility")

    def _time(self, name: str, value: str) -> Compares:
        lower_case = "lower-case-time" in self.profile
        operator, separator, text = value.partition(":")
        if operator not in TIME_OPERATORS or not separator:
            bare_is_legal = self.is_queens or "bare-time" in self.profile
            if not separator or (bare_is_legal and instant(value, lower_case=lower_case)):
                operator, text = "eq", value
        point = instant(text, lower_case=lower_case)
        if point is None:
            raise RequestError("time", name, value, LEGAL_TIME)
        if operator not in TIME_OPERATORS:
            raise RequestError("time-operator", name, value, LEGAL_TIME)
        return Compares(name, operator, point)

    def _bound(self, name: str, value: str) -> Condition:
        number = whole_number(value.strip())
        if number is None:
            raise RequestError("range", name, value, "a whole number")
        field = BY_NAME.get(name[:-4])
        if field is None or not field.column:
            return _never(name)
        return Bounded(field.name, number, name.endswith("_min"))


def _never(name: str) -> Equals:
    return Equals(name, frozenset())


def _picked(name: str, value: str, text: str) -> list[str]:
    """Split ``a,b,"c,d"`` at commas outside quotes, as the API guidelines of OpenStack have it."""
    legal = "in: and values with commas between, those with a comma in double quotes"
    is_open = False
    for place, character in enumerate(text):
        if character != '"' or text[place - 1 : place] == "\\":
            continue
        if not is_open and place and text[place - 1] != ",":
            raise RequestError("quote-before", name, value, legal, picked=text)
        if is_open and text[place + 1 : place + 2] not in ("", ","):
            raise RequestError("quote-after", name, value, legal, picked=text)
        is_open = not is_open
    if is_open:
        raise RequestError("quote-open", name, value, legal, picked=text)
    return [match[1] or match[2] or "" for match in _PICK.finditer(text)]
