"""Coverage of the service contract: which of its items requests have covered, as JSON and as a report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any, Final

from ims_mock.text import Table

Item = tuple[str, str]
"""The name of a group and the name of one of its items."""

Contract = Mapping[str, tuple[str, ...]]
"""The items of each group, in order."""

_NO_BREAK: Final = "\0"


@dataclass(frozen=True)
class Coverage:
    """The items of a contract that requests have covered."""

    contract: Contract
    items: frozenset[Item]

    @classmethod
    def read(cls, data: Any) -> Coverage:
        """Return the coverage that :meth:`as_json` has written.

        Raises:
            ValueError: The data has another form.
        """
        try:
            groups = {_text(group["name"]): tuple(map(_text, group["items"])) for group in data["groups"]}
            missing = {(group["name"], item) for group in data["groups"] for item in map(_text, group["never"])}
        except (LookupError, TypeError):
            raise ValueError("this is not a coverage report of ims-mock") from None
        return cls(groups, frozenset((name, item) for name, items in groups.items() for item in items) - missing)

    def merged(self, other: Coverage) -> Coverage:
        """Return what either covers, of all items of both contracts."""
        groups = {
            group: tuple(dict.fromkeys((*self.contract.get(group, ()), *other.contract.get(group, ()))))
            for group in {**self.contract, **other.contract}
        }
        return Coverage(groups, self.items | other.items)

    def covered(self, group: str) -> tuple[str, ...]:
        """Return the covered items of a group, in the order of the contract."""
        return tuple(one for one in self.contract[group] if (group, one) in self.items)

    def never(self, group: str) -> tuple[str, ...]:
        """Return the items of a group that are not covered, in the order of the contract."""
        return tuple(one for one in self.contract[group] if (group, one) not in self.items)

    def as_json(self) -> dict[str, Any]:
        """Return the coverage as JSON shows it: every item of each group, and which of them are not covered."""
        groups = [{"name": one, "items": items, "never": self.never(one)} for one, items in self.contract.items()]
        covered, total = self._counts(self.contract)
        return {"exercised": covered, "total": total, "groups": groups}

    def report(self, form: str = "table") -> str:
        """Return a report for people: for a terminal, or in Markdown if the form is ``markdown``."""
        covered, total = self._counts(self.contract)
        summary = f"{covered} of {total} covered ({covered * 100 // (total or 1)} %)\n"
        counts = {group: "{} of {}".format(*self._counts([group])) for group in self.contract}
        missing = {group: _compact(self.never(group)) for group in self.contract}
        if form == "markdown":
            rows = [(group, counts[group], ", ".join(f"`{one}`" for one in missing[group])) for group in counts]
            return f"{summary}\n{Table(('group', 'covered', 'not covered'), tuple(rows)).markdown()}"
        lines = [summary, Table(("group", "covered"), tuple(counts.items())).text()]
        if any(missing.values()):
            paragraphs = [_paragraph(group, items) for group, items in missing.items() if items]
            lines.append("not covered:\n" + "".join(paragraphs))
        return "\n".join(lines)

    def _counts(self, groups: Collection[str]) -> tuple[int, int]:
        return sum(len(self.covered(one)) for one in groups), sum(len(self.contract[one]) for one in groups)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _compact(items: Iterable[str]) -> list[str]:
    """Join the items that share a name: ``status=queued, saving``."""
    joined = []
    for name, alike in groupby(items, lambda item: item.partition("=")[0] if "=" in item else item):
        values = [item.partition("=")[2] for item in alike]
        joined.append(f"{name}={', '.join(values)}" if values[0] else name)
    return joined


def _paragraph(group: str, items: list[str]) -> str:
    """Return the items of a group in lines that break between items, or between the values of one."""
    is_compact = any("=" in item for item in items)
    text = "; ".join(items) if is_compact else ", ".join(item.replace(" ", _NO_BREAK) for item in items)
    lines = wrap(f"{group}: {text}", 100, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join(lines).replace(_NO_BREAK, " ") + "\n"
