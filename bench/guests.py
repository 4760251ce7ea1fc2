"""Benches that also run alone: modules whose ``measure`` gives rows of their own, made ours here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from bench.options import Options
from bench.rows import Row

_NAMES: Final = ("loading", "servers")


def guests() -> tuple[str, ...]:
    """Name those that are there and can be measured."""
    return tuple(
        name for name in _NAMES if find_spec(f"bench.{name}") and hasattr(import_module(f"bench.{name}"), "measure")
    )


def measure(name: str, options: Options) -> list[Row]:
    """Measure one."""
    return [_adapted(name, row) for row in import_module(f"bench.{name}").measure(options)]


def _adapted(bench: str, row: Any) -> Row:
    """Make a row of a mapping or an object with a name, a figure and a unit, perhaps a size and a bar."""
    if isinstance(row, Row):
        return row
    given = row if isinstance(row, Mapping) else vars(row)
    return Row(bench, given["name"], given.get("size") or 0, given["figure"], given["unit"], bar=given.get("bar"))
