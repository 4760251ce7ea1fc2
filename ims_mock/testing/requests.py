"""Recorded requests as tests look at them, and the texts of failed assertions about requests and walks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, overload

from ims_mock.journal.journal import Entry
from ims_mock.journal.walks import Remark, Step, Walk
from ims_mock.text import counted, escaped, printable, quoted, shortened

_MAX_NEAREST: Final = 3
_MAX_LENGTH: Final = 110
_MAX_TARGET: Final = 500
_MAX_STEPS: Final = 12
_MAX_ITEMS: Final = 5
_MAX_REQUESTS: Final = 10
_MAX_MESSAGE: Final = 400
_LEFT_SANDBOX: Final = "urljoin with `next` leaves the sandbox; append it to the URL"


def format_request(request: Entry | Step, length: int = _MAX_LENGTH) -> str:
    """Return a request as text: ``GET /v2/images?limit=2``."""
    return f"{request.method} {printable(escaped(request.target), length)}"


@dataclass(frozen=True)
class RequestPattern:
    """Requests that a test looks for; an empty path or method stands for any.

    Attributes:
        path: The path, in which ``*`` matches any characters.
        query: Parameters by name: a value, a list of all values of a repeated parameter, or ``None`` for a parameter
            that must be absent. Other parameters are ignored.
    """

    path: str = ""
    method: str = ""
    query: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value, legal in (("path", self.path, "/v2/images"), ("method", self.method, "GET")):
            if not isinstance(value, str):
                raise TypeError(f"Invalid {name} {quoted(value)}. Use a text such as {legal}.")

    def differences(self, request: Entry | Walk) -> list[str]:
        """Return how a request, or the first one of a walk, differs from the pattern; nothing if it matches."""
        found = []
        if self.path and not fnmatchcase(request.path, self.path):
            found.append(f"the path is {printable(request.path, _MAX_LENGTH)}")
        if self.method and request.method != self.method.upper():
            found.append(f"the method is {request.method}")
        for name, expected in self.query.items():
            values = [value for key, value in request.query if key == name]
            if values != _texts(expected):
                found.append(f"{name} is {_join(values)}")
        return found

    def __str__(self) -> str:
        query = (f"{name}={_join(_texts(value))}" for name, value in self.query.items())
        return " ".join(filter(None, (self.method.upper(), self.path, *query))) or "anything"


def _texts(expected: Any) -> list[str]:
    """Return the values of a parameter as a query string has them."""
    if expected is None:
        return []
    values = expected if isinstance(expected, list | tuple) else [expected]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


def _join(values: Sequence[str]) -> str:
    return ", ".join(repr(printable(value)) for value in values) or "absent"


class MatchingRequests(list[Entry]):
    """The requests that match a pattern; its text shows the most similar others, to explain a failed assertion."""

    def __init__(self, pattern: RequestPattern, entries: Iterable[Entry]) -> None:
        compared = [(pattern.differences(entry), entry) for entry in entries]
        super().__init__(entry for found, entry in compared if not found)
        self._pattern = pattern
        others = [(found, entry) for found, entry in compared if found]
        others.sort(key=lambda one: (one[0][0].startswith("the path"), len(one[0]), -one[1].number))
        self.nearest = [f"{format_request(entry)} ({'; '.join(found)})" for found, entry in others[:_MAX_NEAREST]]

    def __repr__(self) -> str:
        if self:
            return f"<{self.summary}: {', '.join(map(format_request, self))}>"
        return f"<{self.summary}; {f'nearest: {self.nearest[0]}' if self.nearest else 'there was none at all'}>"

    def __str__(self) -> str:
        lines = [f"{self.summary}{':' if self else ''}", *(f"  {format_request(entry)}" for entry in self)]
        nearest = ["nearest others:", *(f"  {one}" for one in self.nearest)]
        return "\n".join([*lines, *(nearest if self.nearest else ["no others were sent"])])

    @property
    def summary(self) -> str:
        """A clause about how many requests match."""
        verb = "match" if len(self) > 1 else "matches"
        return f"{len(self) or 'no'} request{'s' if len(self) > 1 else ''} {verb} {self._pattern}"


class Requests(Sequence[Entry]):
    """The recorded requests in order, read from the journal on each access.

    Attributes:
        last_match: The latest result of :meth:`matching` since the journal was cleared.
    """

    def __init__(self, control: Callable[..., Any]) -> None:
        self._control = control
        self.last_match: MatchingRequests | None = None

    def _read(self) -> list[Entry]:
        return [Entry.read(one) for one in self._control("GET", "requests")["requests"]]

    def __len__(self) -> int:
        return len(self._read())

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self._read()[index]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._read())

    def __repr__(self) -> str:
        entries = self._read()
        return f"<Requests: {len(entries)}{f', the last {format_request(entries[-1])}' if entries else ''}>"

    def matching(self, path: str = "", *, method: str = "", **query: Any) -> MatchingRequests:
        """Return the requests that match; the arguments are those of :class:`RequestPattern`."""
        self.last_match = MatchingRequests(RequestPattern(path, method, query), self._read())
        return self.last_match

    def clear(self) -> None:
        """Clear the journal."""
        self.last_match = None
        self._control("DELETE", "requests")


def _where(url: str) -> str:
    return f"; the client must use {url} (ims_mock.url)"


def describe_requests(entries: Sequence[Entry], faults: Mapping[str, str], walks: Iterable[Walk], url: str) -> str:
    """Return the latest requests as a text, with errors, findings and the texts of faults by the ids of their rules.

    One line names walks that may have left a sandbox. If there are no requests, the text has the URL to use.
    """
    latest, findings = entries[-_MAX_REQUESTS:], dict[tuple[str, str], list[int]]()
    end = _where(url) if not latest else ":" if len(latest) == len(entries) else ", the latest:"
    lines = [f"{counted(len(entries), 'request')} recorded{end}", *(_format_entry(entry, faults) for entry in latest)]
    for entry in latest:
        for one in entry.findings:
            texts = f"  {one.severity} {one.name}", f"{one.message}\n    cure: {one.cure}"
            findings.setdefault(texts, []).append(entry.number)
    lines += ["findings:"] if findings else []
    lines += [f"{name}, {_format_numbers(seen)}: {text}" for (name, text), seen in [*findings.items()][:_MAX_ITEMS]]
    lines += [f"  … {len(findings) - _MAX_ITEMS} more"] if len(findings) > _MAX_ITEMS else []
    left = sorted(number for walk in walks for remark in walk.errors if remark.cause for number in remark.requests)
    lines += [f"  stopped-early, {_format_numbers(left)}: {_LEFT_SANDBOX}"] if left else []
    return "\n".join(lines)


def _format_entry(entry: Entry, faults: Mapping[str, str]) -> str:
    response = f"{entry.status or 'dropped'}"
    if entry.message:
        response += f" {f'{entry.code} {printable(shortened(entry.message, _MAX_MESSAGE), 2 * _MAX_MESSAGE)}'.strip()}"
    elif entry.ids or entry.walk:
        response += f", {counted(len(entry.ids), 'image')}"
    fault = f" ({faults.get(entry.fault, f'fault {entry.fault}')})" if entry.fault else ""
    return f"  {entry.number}: {format_request(entry, _MAX_TARGET)} -> {response}{fault}"


def explain_walks(walks: Iterable[Walk], pattern: RequestPattern, url: str) -> str:
    """Return what is wrong with the walks whose first page matches a pattern; an empty string if nothing is.

    It is also wrong if no walk matches a pattern that restricts anything; the text then names the URL to use.
    """
    matching = [walk for walk in walks if not pattern.differences(walk)]
    if not matching and pattern != RequestPattern():
        return f"there was no walk that matches {pattern}{_where(url)}"
    wrong = [walk for walk in matching if walk.errors]
    if not wrong:
        return ""
    return "\n".join([f"{len(wrong)} of {counted(len(matching), 'walk')} went wrong:", *map(_format_walk, wrong)])


def _format_walk(walk: Walk) -> str:
    end = "to the last page" if walk.is_whole else "not to the last page"
    lines = [f"walk {walk.number}: {counted(walk.pages, 'page')}, {counted(walk.images, 'image')}, {end}"]
    steps = [_format_step(step) for step in walk.steps]
    if len(steps) > _MAX_STEPS:
        steps[_MAX_STEPS - 1 : -1] = [f"  … {len(steps) - _MAX_STEPS} more"]
    return "\n".join([*lines, *steps, *map(_format_remark, walk.errors)])


def _format_step(step: Step) -> str:
    response = f"{step.status}, {counted(step.images, 'image')}" if step.status else "dropped"
    return f"  {step.number}: {format_request(step)} -> {response}"


def _format_remark(remark: Remark) -> str:
    images = f" ({_shorten(remark.images)})" if remark.images else ""
    text = f"{remark.rule.sentence}{images} {remark.rule.cure} {remark.cause}".rstrip()
    return f"  {remark.name}, {_format_numbers(remark.requests)}: {text}"


def _format_numbers(requests: Sequence[int]) -> str:
    return f"request{'' if len(requests) == 1 else 's'} {_shorten(requests)}"


def _shorten(items: Sequence[object]) -> str:
    more = f" and {len(items) - _MAX_ITEMS} more" if len(items) > _MAX_ITEMS else ""
    return ", ".join(map(str, items[:_MAX_ITEMS])) + more
