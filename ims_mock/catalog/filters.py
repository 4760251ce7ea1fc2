"""Filters: the conditions of a list query, and how a query parameter becomes one."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ims_mock.catalog.image import Image
from ims_mock.contract.fields import BY_NAME, Field
from ims_mock.contract.profiles import Profile
from ims_mock.contract.values import (
    BOOLEAN,
    INTEGER,
    LINK,
    LIST,
    TIME,
    Instant,
    Value,
    json_text,
    parse_boolean,
    parse_integer,
    parse_number,
    parse_time,
)
from ims_mock.errors import RequestError

LEGAL_TIME: Final = (
    f"one of the operators {', '.join(TIME.operators)}, a colon and a time, YYYY-MM-DDThh:mm:ssZ or YYYY-MM-DD hh:mm:ss"
)

_LIST_ITEM: Final = re.compile(r'"((?:[^"\\]|\\.)*)",?|([^,]+),?|,')
_OPERATOR_WORDS: Final = {
    "gt": "later than", "gte": "not before", "lt": "before", "lte": "not later than", "eq": "exactly", "neq": "not",
}  # fmt: skip


class Condition(ABC):
    """What an image must satisfy. Equal conditions match the same images; ``str(condition)`` is a sentence."""

    @abstractmethod
    def matches(self, image: Image) -> bool:
        """Return whether an image satisfies the condition."""

    @abstractmethod
    def actual(self, image: Image) -> str:
        """Return a clause that says what an image has instead of what is required."""


@dataclass(frozen=True)
class Filter(Condition):
    """A condition on one attribute."""

    name: str

    def actual(self, image: Image) -> str:
        value = image.get(self.name)
        return f"{self.name} is {'absent' if value is None else repr(value)}"


@dataclass(frozen=True)
class Equals(Filter):
    """The attribute has one of these values, or none of them if ``negated``."""

    values: frozenset[Value | None]  # of a free property as text; an empty set matches no image
    folded: bool = False  # whether case and old spellings do not count; the values are then folded by Field.fold
    negated: bool = False

    def matches(self, image: Image) -> bool:
        value = image.values.get(self.name)
        if self.folded and isinstance(value, str):
            value = BY_NAME[self.name].fold(value)
        elif self.name not in BY_NAME:
            value = json_text(value)
        return (value in self.values) is not self.negated

    def __str__(self) -> str:
        if not self.values:
            return f"no image matches the requested value of {self.name}"
        spelled = {BY_NAME[self.name].fold(value): value for value in BY_NAME[self.name].values} if self.folded else {}
        present = sorted(repr(spelled.get(str(value), value)) for value in self.values if value is not None)
        values = " or ".join(["absent"] * (None in self.values) + present)
        verb, case = "is not" if self.negated else "is", " (in upper or lower case)" if self.folded else ""
        return f"{self.name} {verb} {values}{case}"


@dataclass(frozen=True)
class Contains(Filter):
    """The list of an attribute contains one of these items."""

    items: frozenset[str]

    def matches(self, image: Image) -> bool:
        value = image.values.get(self.name)
        return isinstance(value, tuple) and not self.items.isdisjoint(value)

    def __str__(self) -> str:
        return f"{self.name} contains {' or '.join(sorted(map(repr, self.items)))}"


@dataclass(frozen=True)
class TimeCompares(Filter):
    """The time of an attribute compares with an instant."""

    operator: str
    instant: Instant

    def matches(self, image: Image) -> bool:
        value = image.values.get(self.name)
        return isinstance(value, str) and self.instant.compare(self.operator, value)

    def __str__(self) -> str:
        return f"{self.name} is {_OPERATOR_WORDS[self.operator]} {self.instant}"


@dataclass(frozen=True)
class Bounded(Filter):
    """The attribute is at least, or at most, a number.

    A time is larger than any number and text compares as text, as in Glance's database (recorded).
    """

    bound: int
    is_least: bool

    def matches(self, image: Image) -> bool:
        value = image.values.get(self.name)
        if isinstance(value, int):
            return value >= self.bound if self.is_least else value <= self.bound
        if not isinstance(value, str):
            return False
        if BY_NAME[self.name].type is TIME:
            return self.is_least
        return value >= str(self.bound) if self.is_least else value <= str(self.bound)

    def __str__(self) -> str:
        return f"{self.name} is at {'least' if self.is_least else 'most'} {self.bound}"


def comparable(value: str, field: Field | None, profile: Profile) -> str:
    """Return what is compared of a documented value: in some profiles, neither case nor older spellings count."""
    if "enumerations-ignore-case" not in profile:
        return value
    return field.fold(value) if field else value.lower()


class FilterParser(NamedTuple):
    """Parses filters under the rules of a profile, and of Queens or Mitaka."""

    profile: Profile
    is_queens: bool

    def filter(self, name: str, value: str) -> Filter | None:
        """Return the condition for a query parameter ``name=value``; ``None`` if it restricts nothing."""
        if name.endswith(("_min", "_max")):
            return self._bound(name, value)
        field = BY_NAME.get(name)
        if name == "deleted":  # Glance itself decides which images are deleted (recorded)
            return None
        if name == "is_public" and not self.is_queens:
            return self._is_public(value)
        if field is None:
            return Equals(name, frozenset({value}))
        if field.type is LINK:
            return _never(name)
        if field.type is LIST:
            return Contains(name, frozenset({value}))
        if field.type is INTEGER:
            return self._integer(name, value)
        if field.type is BOOLEAN:
            return self._boolean(name, value)
        if field.operators:
            return self._time(name, value)
        return self._text(field, value)

    def tag(self, value: str) -> Contains:
        """Return the condition for ``tag=value``; ``a=b`` also matches a tag stored in the old form ``a.b``."""
        wanted = {value}
        if "dotted-tags" in self.profile and "=" in value:
            old = value.replace("=", ".", 1)
            if "=" not in old and old.index(".") == value.index("="):  # the first dot is the separator
                wanted.add(old)
        return Contains("tags", frozenset(wanted))

    def equals(self, name: str, *values: str) -> Equals:
        """Return an equality, in any case if the attribute has documented values and the profile says so."""
        field = BY_NAME.get(name)
        if field is None or not field.values:
            return Equals(name, frozenset(values))
        compared = frozenset(comparable(one, field, self.profile) for one in values)
        return Equals(name, compared, folded="enumerations-ignore-case" in self.profile)

    def _text(self, field: Field, value: str) -> Equals:
        if not field.has_in_operator:
            return self.equals(field.name, value)
        operator, separator, rest = value.partition(":")
        if not separator or (self.is_queens and parse_time(value, lower_case=False)):
            return self.equals(field.name, value)
        if operator == "eq":
            return self.equals(field.name, rest)
        if operator != "in":
            legal = f'{field.name}=eq:{value} for this value, or in:A,B,"C,D" for one of several'
            raise RequestError("operator", field.name, value, legal, operator=operator)
        return self.equals(field.name, *_list_items(field.name, value, rest))

    def _integer(self, name: str, value: str) -> Filter:
        if "integers-are-checked" in self.profile:
            whole = parse_integer(value)
            if whole is None:
                raise RequestError("integer", name, value, "an optional sign and digits")
            return Equals(name, frozenset({whole}))
        number = parse_number(value)
        if number is None or number != number // 1:
            return _never(name)
        return Equals(name, frozenset({int(number)}))

    def _boolean(self, name: str, value: str) -> Filter:
        if not BY_NAME[name].has_typed_filter:  # whatever the value is, it is no error (recorded)
            known = parse_boolean(value)
            return _never(name) if known is None else Equals(name, frozenset({known}))
        if "booleans-ignore-case" in self.profile:
            answer = parse_boolean(value)
        elif self.is_queens:
            answer = {"true": True, "false": False}.get(value)
        else:
            number = parse_number(value)
            return _never(name) if number is None else Equals(name, frozenset({True, False} & {number}))
        if answer is None:
            raise RequestError("boolean", name, value, "true or false")
        return Equals(name, frozenset({answer}))

    def _is_public(self, value: str) -> Filter:
        """Return the condition on the column ``is_public``, which Mitaka has in place of the visibility: 1 or 0."""
        number = parse_number(value)
        is_public = Equals("visibility", frozenset({"public"}))
        if number == 1:
            return is_public
        return replace(is_public, negated=True) if number == 0 else _never("visibility")

    def _time(self, name: str, value: str) -> TimeCompares:
        lower_case = "lower-case-time" in self.profile
        operator, separator, text = value.partition(":")
        if operator not in TIME.operators or not separator:
            bare_is_legal = self.is_queens or "bare-time" in self.profile
            if not separator or (bare_is_legal and parse_time(value, lower_case=lower_case)):
                operator, text = "eq", value
        point = parse_time(text, lower_case=lower_case)
        if point is None:
            raise RequestError("time", name, value, LEGAL_TIME)
        if operator not in TIME.operators:
            raise RequestError("time-operator", name, value, LEGAL_TIME)
        return TimeCompares(name, operator, point)

    def _bound(self, name: str, value: str) -> Filter:
        number = parse_integer(value.strip())
        if number is None:
            raise RequestError("range", name, value, "a whole number")
        field = BY_NAME.get(name[:-4])
        if field is None or not field.is_column:
            return _never(name)
        return Bounded(field.name, number, name.endswith("_min"))


def _never(name: str) -> Equals:
    return Equals(name, frozenset())


def _list_items(name: str, value: str, text: str) -> list[str]:
    """Split ``a,b,"c,d"`` at the commas outside quotes, as the API guidelines of OpenStack define."""
    legal = "in: and values separated by commas; a value that contains a comma in double quotes"
    is_open = False
    for index, character in enumerate(text):
        if character != '"' or text[index - 1 : index] == "\\":
            continue
        if not is_open and index and text[index - 1] != ",":
            raise RequestError("quote-before", name, value, legal, picked=text)
        if is_open and text[index + 1 : index + 2] not in ("", ","):
            raise RequestError("quote-after", name, value, legal, picked=text)
        is_open = not is_open
    if is_open:
        raise RequestError("quote-open", name, value, legal, picked=text)
    return [match[1] or match[2] or "" for match in _LIST_ITEM.finditer(text)]
