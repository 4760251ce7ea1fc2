"""The types of the keys of fault rules: their legal values, how they are parsed, and their JSON Schema."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ims_mock.contract.values import read_text
from ims_mock.faults.catalog_changes import PartError
from ims_mock.text import printable, quoted

MATCH, RULE, EFFECT = "match", "", "effect"  # the sections of a rule; the keys of RULE are those of the rule itself
MAX_COUNT: Final = 10**9


@dataclass(frozen=True)
class KeyType:
    """The legal values of a key: in words, as a parser that raises ``ValueError``, and as a JSON Schema."""

    legal: str
    parse: Callable[[object], Any]
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class RuleKey:
    """One key of a rule."""

    name: str
    section: str
    type: KeyType
    description: str
    matches: Callable[[Any, Any], bool] | None = None  # the value and a request; None if it is not about one request
    requires: str = ""  # the key it must be combined with
    excludes: str = ""  # the key it cannot be combined with

    @property
    def path(self) -> str:
        """The path of the key inside a rule."""
        return f"{self.section}.{self.name}" if self.section else self.name


def checked(value: Any, is_legal: bool) -> Any:
    """Return the value, or raise ``ValueError`` if it is not legal."""
    if not is_legal:
        raise ValueError
    return value


def number(low: float, high: float, kind: type = int) -> KeyType:
    """Return the type of numbers within bounds."""

    def parse(value: Any) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return kind(checked(value, is_number and low <= value <= high and kind(value) == value))

    is_integer = kind is int
    legal = f"an integer from {low}" if is_integer else f"a number from {low} to {high}"
    return KeyType(legal, parse, {"type": "integer" if is_integer else "number", "minimum": low, "maximum": high})


def choice(*choices: str) -> KeyType:
    """Return the type of a few texts."""
    return KeyType(", ".join(choices), lambda value: checked(value, value in choices), {"enum": [*choices]})


def read_part(value: object, path: str = "") -> str:
    """Return a text of a rule, which is at a path inside the value of its key, or raise :class:`PartError`."""
    try:
        return read_text(value)
    except ValueError as error:
        raise PartError(f"{path}: {error}. Use a text, a number, true or false.") from None


def _parse_text(value: object) -> str:
    return read_part(checked(value, isinstance(value, str)))


def _parse_texts(value: Any) -> dict[str, str]:
    for name in checked(value, isinstance(value, Mapping)):
        if not isinstance(name, str) or not name:
            raise PartError(f": invalid name {quoted(name)}. Use {TEXTS.legal}.")
    return {read_part(name, " name"): read_part(one, f".{printable(name)}") for name, one in value.items()}


SCALAR: Final = {"type": ["string", "number", "boolean"]}
_NAMES_SCHEMA: Final = {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": SCALAR}

INDEX: Final = number(1, MAX_COUNT)
TEXT: Final = KeyType("a text", _parse_text, {"type": "string"})
TEXTS: Final = KeyType("a mapping of names to texts", _parse_texts, _NAMES_SCHEMA)
