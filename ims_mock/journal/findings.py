"""THE TABLE of findings: what a client does that the document does not have, one row each, with its cure.

A finding is about the request alone: it is the same in every profile, and whatever the answer was.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from ims_mock.catalog.query import has_stray_percent
from ims_mock.contract.fields import DEAD_STATUSES
from ims_mock.contract.parameters import LIMIT_CAP, PARAMETERS
from ims_mock.contract.values import TIME, parse_integer, parse_time, printable, quoted
from ims_mock.errors import meaning
from ims_mock.journal.documented import (
    COMBINED_SORT,
    REPEATABLE,
    Asked,
    misnamed,
    parameter_written,
    replacement,
)
from ims_mock.loading.lint import EXCLUSIONS

ERROR, WARNING, INFO = SEVERITIES = ("error", "warning", "info")
"""What can not work as it was meant; what works, though nobody promises it; what is good to know."""

MOST: Final = 100
"""So many findings a request has at most."""

_TIMES: Final = {one.name for one in PARAMETERS if one.field is not None and one.field.type is TIME}

Said = tuple[str, str]
"""What was sent and what is wrong with it, and what to write instead."""


class Finding(NamedTuple):
    """One thing that a client did.

    Attributes:
        name: of the row.
        severity: ``error``, ``warning`` or ``info``.
        message: what was sent, and what is wrong with it.
        cure: what to write instead.
        request: the number of the request in the journal; 0 while it is being answered.
    """

    name: str
    severity: str
    message: str
    cure: str
    request: int = 0


class Row(NamedTuple):
    """One kind of finding.

    Attributes:
        name: what it is called, also to be ignored.
        severity: one of :data:`SEVERITIES`.
        about: one sentence for people.
        source: where the document, or whoever else, says so.
        look: gives what is found of it in a request.
    """

    name: str
    severity: str
    about: str
    source: str
    look: Callable[[Asked], Iterator[Said]]


def _undocumented(asked: Asked) -> Iterator[Said]:
    known = asked.parameters
    if known is None:
        return
    for name in dict.fromkeys(name for name, _ in asked.pairs):
        if name not in known and not (known and name == COMBINED_SORT):
            message = f"{parameter_written(name)} is no documented parameter of {asked.method} {printable(asked.path)}"
            yield message, misnamed(asked, name)


def _slips(finding: str) -> Callable[[Asked], Iterator[Said]]:
    """Make what looks for values of one kind."""

    def look(asked: Asked) -> Iterator[Said]:
        return ((one.message, one.cure) for one in asked.slips if one.finding == finding)

    return look


def _repeated(asked: Asked) -> Iterator[Said]:
    for name, values in asked.listed.items():
        if len(values) > 1 and name not in REPEATABLE:
            yield f"{name} is sent {len(values)} times", f"send {name} once"


def _limit(asked: Asked) -> Iterator[Said]:
    for value in asked.values("limit"):
        number = parse_integer(value)
        if number is not None and number > LIMIT_CAP:
            yield (
                f"limit is {quoted(value)}, and counts as {LIMIT_CAP}",
                f"write limit={LIMIT_CAP}, and ask for the next page",
            )


def _sort_dir(asked: Asked) -> Iterator[Said]:
    for value in asked.values("sort_dir")[:1]:
        if not asked.values("sort_key"):
            yield (
                f"sort_dir is {quoted(value)}, and there is no sort_key",
                "send sort_key=created_at, or another, with it",
            )


def _sort(asked: Asked) -> Iterator[Said]:
    for name, value in asked.pairs:
        if name == COMBINED_SORT and asked.is_list:
            yield (
                f"sort is {quoted(value)}, in a syntax that only Glance knows",
                "write sort_key=KEY and sort_dir=DIRECTION",
            )


def _member_status(asked: Asked) -> Iterator[Said]:
    for value in asked.values("member_status")[:1]:
        if "shared" not in map(str.lower, asked.values("visibility")):
            yield f"member_status is {quoted(value)}, and visibility is not shared", "send visibility=shared with it"


def _tag(asked: Asked) -> Iterator[Said]:
    for value in asked.values("tag"):
        key, dot, rest = value.partition(".")
        if key and dot and rest and "=" not in value:
            yield f"tag is {quoted(value)}, in the old form", f"write tag={key}={rest}"


def _bare_time(asked: Asked) -> Iterator[Said]:
    for name in filter(_TIMES.__contains__, asked.listed):
        for value in asked.values(name):
            if parse_time(value):
                yield f"{name} is {quoted(value)}, without an operator", f"write {name}=eq:TIME"


def _unregistered(asked: Asked) -> Iterator[Said]:
    if "false" in map(str.lower, asked.values("__isregistered")) and not asked.is_admin:
        message = "__isregistered is 'false', and an ordinary caller sees registered images only"
        yield message, "leave it out, or ask as an admin"


def _excluding(asked: Asked) -> Iterator[Said]:
    for name, others in EXCLUSIONS:
        for other in others:
            if name in asked.listed and other in asked.listed:
                yield f"{name} stands beside {other}, and no image has both", f"leave {other} out"


def _deprecated(asked: Asked) -> Iterator[Said]:
    instead = replacement(asked.method, asked.path)
    if instead:
        yield f"{asked.method} {printable(asked.path)} is deprecated", f"the vendor advises {instead}"


def _credentials(asked: Asked) -> Iterator[Said]:
    if asked.refusal:
        message = (
            f"the credentials are {asked.proof} that --auth on refuses ({asked.refusal}): {meaning(asked.refusal)}"
        )
        yield (
            message.removesuffix(":").removesuffix("."),
            "send what the catalog has, or a token that /v3 issued to one of its users",
        )


def _one_sided(asked: Asked) -> Iterator[Said]:
    if not asked.is_list:
        return
    if has_stray_percent(asked.query):
        yield "the query has a % that escapes nothing: the profile documented refuses it", "write %25 for a %"
    if any(name == "is_public" for name, _ in asked.pairs):
        yield "only Mitaka knows is_public: above, it is a property of that name", "write visibility=public"
    if asked.is_queens and "community" in map(str.lower, asked.values("visibility")):
        yield "visibility is 'community', which Mitaka refuses", "send X-Api-Version above M, always"
    for value in asked.values("status"):
        if value.lower() in DEAD_STATUSES:
            yield (
                f"status is {quoted(value)}: the profile glance never lists such images",
                "expect an empty list from Glance",
            )


_PARAMETERS = "doc: the table of parameters"

FINDINGS: Final = (
    Row("undocumented-parameter", WARNING, "The query has a parameter that the document does not name for this path.", _PARAMETERS, _undocumented),
    Row("undocumented-value", ERROR, "A value is none of the documented ones, or not of the documented type.", _PARAMETERS, _slips("undocumented-value")),
    Row("value-case", WARNING, "A documented value is written in another case.", _PARAMETERS, _slips("value-case")),
    Row("old-spelling", WARNING, "A platform is written as in older documents, such as `RedHat`.", "doc: `__platform`", _slips("old-spelling")),
    Row("beyond-document", WARNING, "A value or prefix is known to Glance only, or from real answers: `in:a,b`, `member_status=all`, `sort_key=updated_at`.", "glance, seen", _slips("beyond-document")),
    Row("repeated-parameter", ERROR, "A parameter that has one value is sent several times.", "doc: `limit` and others; glance", _repeated),
    Row("limit-above-cap", WARNING, f"`limit` is above {LIMIT_CAP}; fewer images come than were asked for.", "glance", _limit),
    Row("sort-dir-alone", WARNING, "`sort_dir` is sent without `sort_key`.", "doc: `sort_dir`", _sort_dir),
    Row("legacy-sort", WARNING, "The order is asked for by `sort=name:asc`, which only Glance knows.", "glance", _sort),
    Row("member-status-alone", WARNING, "`member_status` is sent without `visibility=shared`.", "doc: `member_status`", _member_status),
    Row("dotted-tag", WARNING, "A tag is asked for in the old form `key.value`.", "doc: the note on `tag`", _tag),
    Row("time-format", WARNING, "A time is in a format that only Glance knows.", "doc: `created_at`, `updated_at`", _slips("time-format")),
    Row("time-without-operator", WARNING, "A time stands there without an operator; Mitaka refuses it.", "doc: `created_at`, `updated_at`", _bare_time),
    Row("unregistered", WARNING, "An ordinary caller asks for `__isregistered=false`.", "doc: `__isregistered`", _unregistered),
    Row("never-together", ERROR, "Two properties are asked for that no image has both: a type of GPU with `__support_kvm`, and the like.", "doc: `__support_kvm_gpu_type` and others", _excluding),
    Row("deprecated-path", INFO, "The vendor advises against this path; the list `/v2/images` is left out of this.", "doc: the index of 2025", _deprecated),
    Row("credentials", WARNING, "Credentials were sent that `--auth on` refuses; the message says why.", "doc: the gateway's errors", _credentials),
    Row("one-profile", INFO, "The request works in one profile, or one version of the API, and not in the other.", "doc, glance: the departures", _one_sided),
)  # fmt: skip
"""Every kind of finding."""

BY_ROW: Final = {row.name: row for row in FINDINGS}


def parse_ignored(names: str) -> frozenset[str]:
    """Return the names of the findings that are not reported.

    Args:
        names: Names separated by commas, as in the option ``findings_ignore``.

    Raises:
        ValueError: If there is no finding of a name.
    """
    ignored = frozenset(filter(None, map(str.strip, names.split(","))))
    for name in sorted(ignored - BY_ROW.keys()):
        near = difflib.get_close_matches(name, BY_ROW, 1)
        hint = f"Did you mean {near[0]}?" if near else f"Use names from {', '.join(BY_ROW)}."
        raise ValueError(f"Invalid findings-ignore: no finding {quoted(name)}. {hint}")
    return ignored


def found(asked: Asked, ignored: frozenset[str] = frozenset(), request: int = 0) -> tuple[Finding, ...]:
    """Give the findings of a request, in the order of the table.

    Args:
        asked: the request.
        ignored: the names of those that appear nowhere.
        request: its number.
    """
    each = (
        Finding(row.name, row.severity, message, cure, request)
        for row in FINDINGS
        if row.name not in ignored
        for message, cure in row.look(asked)
    )
    return tuple(islice(each, MOST))


def told(requests: Iterable[tuple[str, Iterable[Finding]]]) -> str:
    """Tell the findings of requests, and how each is cured; empty where there are none worse than infos.

    Args:
        requests: each as people write it, and its findings.
    """
    lines, count = [], 0
    for request, findings in requests:
        worse = [one for one in findings if one.severity != INFO]
        count += len(worse)
        lines += [f"  {request}"] if worse else []
        for one in worse:
            lines += [f"    {one.severity} {one.name}: {one.message}", f"      cure: {one.cure}"]
    if not count:
        return ""
    return "\n".join((f"there {'are' if count > 1 else 'is'} {count} finding{'s' * (count > 1)}:", *lines))
