"""The table of audit rules, and the result of the audit: walks through lists with what is remarkable about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ims_mock.journal.findings import ERROR, INFO


@dataclass(frozen=True)
class AuditRule:
    """Something that the audit can remark on a walk: its severity, what it means, and how to correct it."""

    name: str
    severity: str
    sentence: str
    cure: str


AUDIT_RULES: Final = (  # in the order in which remarks are shown
    AuditRule("stopped-early", ERROR, "It stopped before the last page.", "Request pages as long as there is a `next` (in `/v2/cloudimages` until a page is empty). The number of images does not show the end, because no page has more than 1000."),
    AuditRule("page-twice", ERROR, "The same page was requested twice.", "Keep the response, and read both its images and its `next`."),
    AuditRule("looped", ERROR, "It returned to an earlier page, or requested one three times or more.", "Follow `next`, not `first`, and take each marker from the latest page."),
    AuditRule("numbered-pages", ERROR, "It numbers pages or images; here such a parameter is a filter by a property that no image has.", "Follow `next`, or send the id of the last image as the `marker`."),
    AuditRule("filters-changed", ERROR, "The filters changed between two pages.", "Repeat every filter on every page, as `next` does."),
    AuditRule("sort-changed", ERROR, "The order changed between two pages.", "Repeat `sort_key` and `sort_dir` on every page, as `next` does."),
    AuditRule("wrong-marker", ERROR, "The marker is not the last image of the previous page.", "Follow `next`, or send the id of the last image of the latest page of the same walk."),
    AuditRule("images-doubled", ERROR, "Images were on two pages, because the catalog changed during the walk.", "Identify images by their ids; sort by an attribute that never changes, such as `created_at`."),
    AuditRule("images-missed", ERROR, "Images that are listed at the end were on no page, because the catalog changed during the walk.", "Walk again; with `sort_key=created_at&sort_dir=asc` new images come last."),
    AuditRule("own-markers", INFO, "The client builds its own markers.", "Legal; `next` repeats the whole query, so that nothing is forgotten."),
    AuditRule("small-pages", INFO, "No page could be larger than without a `limit`.", "Legal; `limit=1000` needs the fewest requests."),
    AuditRule("began-inside", INFO, "It began with a marker that no response has shown.", "Legal; the earlier pages are not known."),
)  # fmt: skip

STAY_IN_SANDBOX: Final = (  # advice for a client that has left a sandbox by following a link
    "links begin with /v2/, so append them to the URL of the sandbox instead of resolving them with urljoin, "
    "or send the sandbox's token"
)
LEFT_SANDBOX: Final = f"Or the client left the sandbox: {STAY_IN_SANDBOX}."
RULES_BY_NAME: Final = {rule.name: rule for rule in AUDIT_RULES}


@dataclass(frozen=True)
class Remark:
    """A rule that applies to a walk.

    Attributes:
        name: The name of the rule.
        requests: The numbers of the requests that show it.
        images: The ids of the images that were doubled or missed.
        cause: Another possible cause than the client's paging, with its cure; empty if none is known.
    """

    name: str
    requests: tuple[int, ...]
    images: tuple[str, ...] = ()
    cause: str = ""

    @property
    def rule(self) -> AuditRule:
        """The rule that applies."""
        return RULES_BY_NAME[self.name]


@dataclass(frozen=True)
class Step:
    """A request of a walk.

    Attributes:
        number: Its number in the journal.
        query: The parameters in the order they were sent, decoded.
        target: Path and query as they were sent.
        status: The status of the response; 0 if the connection was dropped instead.
        images: The number of images in the response.
    """

    number: int
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    target: str
    status: int
    images: int


@dataclass(frozen=True)
class Walk:
    """A walk through a list, from page to page.

    Attributes:
        number: The number of the walk that its first request has in the journal.
        query: The parameters of its first request, without the marker.
        pages: The number of different pages that were answered.
        images: The number of different images that were shown.
        is_whole: Whether it reached the last page.
        remarks: The rules that apply, in the order of the table.
    """

    number: int
    path: str
    project: str
    query: tuple[tuple[str, str], ...]
    pages: int
    images: int
    is_whole: bool
    steps: tuple[Step, ...]
    remarks: tuple[Remark, ...]

    @property
    def method(self) -> str:
        """The method of its first request."""
        return self.steps[0].method

    @property
    def errors(self) -> tuple[Remark, ...]:
        """The remarks that are errors."""
        return tuple(remark for remark in self.remarks if remark.rule.severity == ERROR)

    def as_json(self) -> dict[str, Any]:
        """Return the walk as JSON shows it, each remark with the words of its rule."""
        steps, remarks = map(vars, self.steps), [vars(one) | vars(one.rule) for one in self.remarks]
        return vars(self) | {"steps": list(steps), "remarks": remarks}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Walk:
        """Return the walk that JSON shows, in which every tuple is a list."""
        steps = tuple(Step(**{**one, "query": tuple(map(tuple, one["query"]))}) for one in data["steps"])
        remarks = tuple(
            Remark(one["name"], tuple(one["requests"]), tuple(one["images"]), one["cause"]) for one in data["remarks"]
        )
        return cls(**{**data, "query": tuple(map(tuple, data["query"])), "steps": steps, "remarks": remarks})
