"""What an assertion about walks says when it fails: each walk with its requests, what is wrong, and what helps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ims_mock.testing.requests import Sought, written

if TYPE_CHECKING:
    from ims_mock.journal.audit_rules import Audit, Remark, Step

_MOST_STEPS: Final = 12
"""So many requests of a walk are shown, the first ones and the last."""

_MOST_NAMED: Final = 5
"""So many requests and images of a remark are named."""


def complaint(audits: Iterable[Audit], path: str, query: Mapping[str, Any]) -> str:
    """Say what is wrong with walks; empty where nothing is.

    Args:
        audits: the walks.
        path: the path of those that are looked at, or a pattern of it with ``*``; empty for any.
        query: parameters of their first pages by name, with values as :class:`Sought` takes them.
    """
    sought = Sought(path, "", query)
    chosen = [audit for audit in audits if not sought.differences(audit)]
    if not chosen and (path or query):
        return f"there was no walk that matches {sought}"
    wrong = [audit for audit in chosen if audit.errors]
    head = f"{len(wrong)} of {_counted(len(chosen), 'walk')} went wrong:"
    return "\n".join([head, *(line for audit in wrong for line in _lines(audit))]) if wrong else ""


def _lines(audit: Audit) -> Iterator[str]:
    end = "to the last page" if audit.is_whole else "not to the last page"
    yield f"walk {audit.number}: {_counted(audit.pages, 'page')}, {_counted(audit.images, 'image')}, {end}"
    steps, left = audit.steps, len(audit.steps) - _MOST_STEPS
    yield from map(_step, steps if left <= 0 else steps[: _MOST_STEPS - 1])
    if left > 0:
        yield f"  … {left} more"
        yield _step(steps[-1])
    yield from map(_remark, audit.errors)


def _step(step: Step) -> str:
    answer = f"{step.status}, {_counted(step.images, 'image')}" if step.status else "dropped"
    return f"  {step.number}: {written(step)} -> {answer}"


def _remark(remark: Remark) -> str:
    many = "request" if len(remark.requests) == 1 else "requests"
    where = f"{many} {_listed(remark.requests)}"
    images = f" ({_listed(remark.images)})" if remark.images else ""
    return f"  {remark.name}, {where}: {remark.kind.sentence}{images} {remark.kind.cure}"


def _listed(named: Sequence[object]) -> str:
    left = len(named) - _MOST_NAMED
    return ", ".join(map(str, named[:_MOST_NAMED])) + (f" and {left} more" if left > 0 else "")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
