"""The requests that an emulator got, as a test looks at them: which match, and how the nearest ones differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, urlencode

from ims_mock.contract.values import printable

if TYPE_CHECKING:
    from ims_mock.journal.notes import Entry

NEAREST: Final = 3
"""How many of the requests that do not match are told of."""

_MOST: Final = 110
"""How many characters a request has at most, as it is written here."""


class Sent(Protocol):
    """What was sent: an entry of the journal, a step of a walk, or a walk."""

    @property
    def method(self) -> str:
        """In upper case."""

    @property
    def path(self) -> str:
        """Decoded."""

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """Its parameters in order, decoded."""


def written(entry: Sent) -> str:
    """Write a request as people do: ``GET /v2/images?limit=2``."""
    query = urlencode(entry.query, safe=":,/", quote_via=quote)
    return printable(f"{entry.method} {entry.path}{'?' if query else ''}{query}", _MOST)


@dataclass(frozen=True)
class Sought:
    """What a test looks for.

    Attributes:
        path: the path, or a pattern of it with ``*``; empty for any.
        method: the method; empty for any.
        query: parameters, each with its value, the list of its values, or ``None`` where it must be absent.
    """

    path: str
    method: str
    query: Mapping[str, Any]

    def differences(self, entry: Sent) -> list[str]:
        """Tell how a request differs from what is looked for, what weighs most at first."""
        found = []
        if self.path and not fnmatchcase(entry.path, self.path):
            found.append(f"the path is {printable(entry.path, _MOST)}")
        if self.method and entry.method != self.method.upper():
            found.append(f"the method is {entry.method}")
        for name, wanted in self.query.items():
            values = [value for key, value in entry.query if key == name]
            if values != _texts(wanted):
                found.append(f"{name} is {_listed(values)}")
        return found

    def __str__(self) -> str:
        words = filter(None, (self.method.upper(), self.path))
        query = (f"{name}={_listed(_texts(value))}" for name, value in self.query.items())
        return " ".join((*words, *query)) or "anything"


def _texts(wanted: Any) -> list[str]:
    """Write the wanted values of a parameter as they are on the wire."""
    if wanted is None:
        return []
    values = wanted if isinstance(wanted, list | tuple) else [wanted]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


def _listed(values: Sequence[str]) -> str:
    return ", ".join(repr(printable(value)) for value in values) or "absent"


class Found(list["Entry"]):
    """The requests that match; its text tells of the nearest others, so that a failed assertion explains itself.

    Args:
        sought: what was looked for.
        entries: all requests.
    """

    def __init__(self, sought: Sought, entries: Iterable[Entry]) -> None:
        judged = [(sought.differences(entry), entry) for entry in entries]
        super().__init__(entry for differences, entry in judged if not differences)
        self.sought = sought
        others = [(differences, entry) for differences, entry in judged if differences]
        others.sort(key=lambda one: (one[0][0].startswith("the path"), len(one[0]), -one[1].number))
        self.nearest = [f"{written(entry)} ({'; '.join(differences)})" for differences, entry in others[:NEAREST]]

    def __repr__(self) -> str:
        if self:
            return f"<{self._count}: {', '.join(map(written, self))}>"
        return f"<{self._count}; {f'nearest: {self.nearest[0]}' if self.nearest else 'there was none at all'}>"

    def __str__(self) -> str:
        lines = [f"{self._count}{':' if self else ''}", *(f"  {written(entry)}" for entry in self)]
        lines += ["nearest others:", *(f"  {one}" for one in self.nearest)] if self.nearest else ["no others were sent"]
        return "\n".join(lines)

    @property
    def _count(self) -> str:
        many = f"{len(self)} requests match" if len(self) > 1 else "1 request matches" if self else "no request matches"
        return f"{many} {self.sought}"


class Requests(Sequence["Entry"]):
    """The requests that an emulator got, in their order, looked at anew whenever they are asked for.

    Args:
        entries: gives them.
        forget: forgets them.
    """

    def __init__(self, entries: Callable[[], list[Entry]], forget: Callable[[], None]) -> None:
        self._entries = entries
        self._forget = forget
        self.found: Found | None = None

    def __len__(self) -> int:
        return len(self._entries())

    def __getitem__(self, place: Any) -> Any:
        return self._entries()[place]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries())

    def __repr__(self) -> str:
        entries = self._entries()
        return f"<Requests: {len(entries)}{f', the last {written(entries[-1])}' if entries else ''}>"

    def matching(self, path: str = "", *, method: str = "", **query: Any) -> Found:
        """Give the requests that match; a failed assertion on what comes back names the nearest others.

        Args:
            path: the path, or a pattern of it with ``*``; empty for any.
            method: the method; empty for any.
            query: parameters of the query by name: a value, the list of all values of a repeated one, or ``None`` for
                one that must be absent. Others may be there as well.
        """
        self.found = Found(Sought(path, method, query), self)
        return self.found

    def clear(self) -> None:
        """Forget them."""
        self.found = None
        self._forget()
