"""The judgement of a scenario: the SDK's answer and its recorded requests against what is expected."""

from collections import Counter
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Final

from ims_mock.conformance.adapter import Answer
from ims_mock.conformance.scenarios import Expected, Scenario, format_numbers, number_of
from ims_mock.journal.journal import ListRequest
from ims_mock.text import counted, printable

PASSED, FAILED, UNSUPPORTED = OUTCOMES = ("passed", "failed", "unsupported")

MAX_STALLED: Final = 10  # requests for a list in a row that show the client no image that it has not seen


def judge(
    scenario: Scenario, answer: Answer, requests: Sequence[ListRequest], existing: Collection[str]
) -> tuple[str, str]:
    """Return the outcome and the reason; a passed scenario may have a remark instead.

    The requests are those for the list, and the ids those of the images in the catalog at the end.
    """
    if answer.unsupported and scenario.query:
        return UNSUPPORTED, answer.unsupported
    shown = {number_of(image) for request in requests for image in request.ids if image in existing}
    problem = (
        explain_excess(scenario, requests)
        or _explain_repeats(scenario, requests)
        or _explain_haste(scenario, requests)
        or _explain_answer(scenario.expected, answer, shown)
        or _explain_missed_fault(scenario, requests)
    )
    if problem:
        return FAILED, problem
    is_vague = answer.error and answer.status is None and scenario.expected.errors
    return PASSED, "the error has no status" if is_vague else ""


# --- the requests


def explain_excess(scenario: Scenario, requests: Sequence[ListRequest]) -> str:
    """Return which limit of requests for the list is exceeded; empty if none is."""
    if scenario.most:
        return f"sent more than {scenario.most} requests for the list" if len(requests) > scenario.most else ""
    seen: set[str] = set()
    stalled = 0
    for request in requests:
        stalled = 0 if set(request.ids) - seen else stalled + 1
        seen.update(request.ids)
        if stalled > MAX_STALLED:
            return f"sent more than {MAX_STALLED} requests for the list in a row that showed no further image"
    return ""


def _explain_repeats(scenario: Scenario, requests: Sequence[ListRequest]) -> str:
    pages = [request.page_key for request in requests if request.record.ids is not None]
    is_wrong = len(set(pages)) < len(pages) and not scenario.allows_repeats
    return "requested a page again that it had received" if is_wrong else ""


def _explain_haste(scenario: Scenario, requests: Sequence[ListRequest]) -> str:
    records = [request.record for request in requests]
    ends = [one.started + one.seconds for one in records if one.status == HTTPStatus.TOO_MANY_REQUESTS]
    waits = [one.started - ends[0] for one in records if ends and one.started >= ends[0]]
    if not waits or min(waits) >= scenario.pause:
        return ""
    return f"sent the next request {min(waits):.1f} s after the 429, earlier than its Retry-After says"


def _explain_missed_fault(scenario: Scenario, requests: Sequence[ListRequest]) -> str:
    if not scenario.fault or any(request.record.fault for request in requests):
        return ""
    page = scenario.fault["match"].get("page", 1)
    return f"did not request page {page}, where the fault of this scenario is; limit is the size of a page"


# --- the answer


def describe_answer(answer: Answer) -> str:
    """Return the answer as text."""
    if answer.images is None:
        return answer.error or f"unsupported: {answer.unsupported}"
    return format_numbers(_numbers(answer.images))


def _numbers(ids: Sequence[str]) -> list[int | str]:
    """Return the numbers of the scenario's images, and any other text as it is."""
    return [number_of(one) or repr(printable(one)) for one in ids]


def _explain_answer(expected: Expected, answer: Answer, shown: Collection[int]) -> str:
    """Return what is wrong with the answer; ``shown`` has the images of answered pages that still exist."""
    if answer.images is None:
        if answer.unsupported or expected.errors is None:
            return f"reported an {answer.error}" if answer.error else "a list without parameters must be supported"
        if answer.status is None or not expected.errors or answer.status in expected.errors:
            return ""
        return f"reported the status {answer.status} instead of {' or '.join(map(str, expected.errors))}"
    returned = _numbers(answer.images)
    if expected.images is None:
        return f"returned {format_numbers(returned)} without an error"
    required = [*expected.images, *(one for one in expected.optional if one in shown)]
    if missing := [one for one in required if one not in returned]:
        count = counted(len(missing), "image")
        return f"returned a list that is silently incomplete: {count} missing, {format_numbers(missing)}"
    if unexpected := [one for one in returned if one not in (*expected.images, *expected.optional)]:
        return f"returned images that do not match: {format_numbers(unexpected)}"
    if repeated := [one for one, times in Counter(returned).items() if times > 1]:
        return f"returned images more than once: {format_numbers(repeated)}"
    is_in_order = [one for one in returned if one in expected.images] == [*expected.images]
    return "" if is_in_order else "returned the images in another order"
