"""The judgement of a scenario: the SDK's answer and its recorded requests against what is expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from ims_mock.conformance.adapter import Answer
from ims_mock.conformance.scenario import MAX_STALLED, Expected, Scenario, number_of, numbers
from ims_mock.journal.journal import ListRequest
from ims_mock.text import counted, printable

PASSED, FAILED, UNSUPPORTED = OUTCOMES = ("passed", "failed", "unsupported")


@dataclass(frozen=True)
class Verdict:
    """The outcome with the reason; a passed scenario may have a remark instead."""

    outcome: str
    why: str = ""


def explain_excess(scenario: Scenario, requests: Sequence[ListRequest]) -> str:
    """Return which limit of requests for the list is exceeded; empty if none is."""
    most = scenario.most or len(requests)
    if len(requests) > most:
        return f"sent more than {most} requests for the list"
    seen: set[str] = set()
    stalled = 0
    for request in requests:
        stalled = 0 if set(request.ids) - seen else stalled + 1
        seen.update(request.ids)
        if stalled > max(MAX_STALLED, scenario.most):
            return f"sent more than {MAX_STALLED} requests for the list that showed no further image"
    return ""


def judge(scenario: Scenario, answer: Answer, requests: Sequence[ListRequest], existing: Collection[str]) -> Verdict:
    """Return the verdict.

    Args:
        scenario: The scenario.
        answer: The valid answer of the adapter.
        requests: The recorded requests for the list.
        existing: The ids of the images in the catalog at the end.
    """
    if answer.unsupported:
        if scenario.query:
            return Verdict(UNSUPPORTED, answer.unsupported)
        return Verdict(FAILED, f"a list without parameters is unsupported: {answer.unsupported}")
    shown = {image for request in requests for image in request.ids} & set(existing)
    problem = (
        explain_excess(scenario, requests)
        or _explain_repeats(scenario, requests)
        or _explain_haste(scenario, requests)
        or _explain_answer(scenario.expected, answer, shown)
        or _explain_missed_faults(scenario, requests)
    )
    if problem:
        return Verdict(FAILED, problem)
    has_no_status = answer.error and answer.error.status is None and scenario.expected.errors
    return Verdict(PASSED, "the error has no status" if has_no_status else "")


# --- the requests


def _explain_repeats(scenario: Scenario, requests: Sequence[ListRequest]) -> str:
    pages = Counter(request.page_key for request in requests if request.record.ids is not None)
    if scenario.repeats or not pages or max(pages.values()) == 1:
        return ""
    return "requested a page again that it had received"


def _explain_haste(scenario: Scenario, requests: Sequence[ListRequest]) -> str:
    refused = [one.record for one in requests if one.record.status == HTTPStatus.TOO_MANY_REQUESTS]
    if not scenario.pause or not refused:
        return ""
    end = refused[0].started + refused[0].seconds
    waits = [one.record.started - end for one in requests if one.record.started >= end]
    if not waits or min(waits) >= scenario.pause:
        return ""
    return f"sent the next request {min(waits):.1f} s after the 429, whose Retry-After is longer"


def _explain_missed_faults(scenario: Scenario, requests: Sequence[ListRequest]) -> str:
    if not scenario.faults or any(request.record.fault for request in requests):
        return ""
    pages = {request.page_number for request in requests}
    page = scenario.faults[0]["match"].get("page", 1)
    if page in pages:
        return "did not meet the fault of this scenario"
    return f"requested no page {page}, where the fault of this scenario is: limit is the size of a page"


# --- the answer


def describe_answer(answer: Answer) -> str:
    """Return the answer as text."""
    if answer.images is None:
        return str(answer.error) if answer.error else f"unsupported: {answer.unsupported}"
    return numbers(_shorten(answer.images))


def _shorten(ids: Sequence[str]) -> list[int | str]:
    """Return the numbers of the scenario's images, and any other text as it is."""
    return [number_of(one) or repr(printable(one)) for one in ids]


def _explain_answer(expected: Expected, answer: Answer, shown: Collection[str]) -> str:
    if answer.error:
        status, legal = answer.error.status, expected.errors
        if legal is None:
            return f"reported an {answer.error}"
        if legal and status is not None and status not in legal:
            return f"reported the status {status} instead of {' or '.join(map(str, sorted(legal)))}"
        return ""
    returned = _shorten(answer.images or ())
    if expected.images is None:
        return f"returned {numbers(returned)} without an error"
    return _explain_images(expected, returned, {number_of(one) for one in shown})


def _explain_images(expected: Expected, returned: Sequence[int | str], shown: Collection[int]) -> str:
    assert expected.images is not None
    required = [*expected.images, *(one for one in expected.optional if one in shown)]
    missing = [one for one in required if one not in returned]
    if missing:
        silently = f" {counted(len(missing), 'image')}, {numbers(missing)}"
        return f"returned a list that is silently incomplete: it lacks{silently}"
    if unexpected := [one for one in returned if one not in (*expected.images, *expected.optional)]:
        return f"returned images that do not match: {numbers(unexpected)}"
    if doubled := [one for one, times in Counter(returned).items() if times > 1]:
        return f"returned images more than once: {numbers(doubled)}"
    if [one for one in returned if one in expected.images] != [*expected.images]:
        return "returned the images in another order"
    return ""
