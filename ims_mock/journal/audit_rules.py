"""What can be remarked of a walk through a list, and a walk as it is told: its requests, and what is remarked of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

ERROR: Final = "error"
INFO: Final = "info"


@dataclass(frozen=True)
class Kind:
    """What can be remarked of a walk.

    Attributes:
        name: what people and programs call it.
        severity: ``error``, or ``info`` for what is legal.
        sentence: what it means.
        cure: what helps.
    """

    name: str
    severity: str
    sentence: str
    cure: str


KINDS: Final = (
    Kind(
        "stopped-early",
        ERROR,
        "It stopped before the last page.",
        "Ask on as long as there is a `next` (in `/v2/cloudimages` until a page is empty); how many images came tells "
        "nothing, since no page has more than 1000.",
    ),
    Kind(
        "page-twice",
        ERROR,
        "The same page was asked for twice.",
        "Keep the answer, and read both its images and its `next`.",
    ),
    Kind(
        "looped",
        ERROR,
        "It went back to a page that it had, or asked for one three times or more.",
        "Follow `next`, not `first`, and carry the marker on from page to page.",
    ),
    Kind(
        "numbered-pages",
        ERROR,
        "It counts pages or images; here such a parameter is a filter, on a property that no image has.",
        "Follow `next`, or send the id of the last image as the `marker`.",
    ),
    Kind(
        "filters-changed",
        ERROR,
        "The filters changed between two pages.",
        "Repeat every filter on every page, as `next` does.",
    ),
    Kind(
        "sort-changed",
        ERROR,
        "The order changed between two pages.",
        "Repeat `sort_key` and `sort_dir` on every page, as `next` does.",
    ),
    Kind(
        "wrong-marker",
        ERROR,
        "The marker is not the last image of the page before.",
        "Follow `next`, or send the id of the last image of the latest page of the same walk.",
    ),
    Kind(
        "images-doubled",
        ERROR,
        "Images came on two pages, since the catalog moved meanwhile.",
        "Keep images by their ids; sort by what never changes, as `created_at`.",
    ),
    Kind(
        "images-missed",
        ERROR,
        "Images are listed in the end that came on no page, since the catalog moved meanwhile.",
        "Walk again; with `sort_key=created_at&sort_dir=asc` new images come last.",
    ),
    Kind(
        "own-markers",
        INFO,
        "The client makes its markers itself.",
        "Legal; `next` repeats the whole question, so that nothing is forgotten.",
    ),
    Kind(
        "small-pages",
        INFO,
        "No page could be larger than without a `limit`.",
        "Legal; `limit=1000` needs the fewest requests.",
    ),
    Kind(
        "began-inside",
        INFO,
        "It began with a marker that no answer has shown.",
        "Legal; nobody knows what came before.",
    ),
)

_BY_NAME: Final = {kind.name: kind for kind in KINDS}


class Remark(NamedTuple):
    """Something that is remarked of a walk.

    Attributes:
        name: that of its row in :data:`KINDS`.
        requests: the numbers of the requests that show it.
        images: the ids of the images that were doubled or missed.
    """

    name: str
    requests: tuple[int, ...]
    images: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """What it means."""
        return _BY_NAME[self.name]

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        kind = self.kind
        words = {"severity": kind.severity, "sentence": kind.sentence, "cure": kind.cure}
        return {"name": self.name, **words, "requests": list(self.requests), "images": list(self.images)}


class Step(NamedTuple):
    """A request of a walk.

    Attributes:
        number: its number in the journal.
        method: in upper case.
        path: of the list.
        query: its parameters in order, decoded.
        status: of the answer; 0 where the connection was dropped instead.
        images: how many were answered.
    """

    number: int
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    status: int
    images: int


class Audit(NamedTuple):
    """A walk, and what is remarked of it.

    Attributes:
        number: of the walk its first request has in the journal.
        path: of the list.
        project: whose eyes it was answered with.
        query: what was asked: the parameters of its first request but for the marker; filters, order and limit.
        pages: how many different pages were answered.
        images: how many different images were answered.
        is_whole: whether it reached the last page.
        steps: its requests.
        remarks: what is remarked, in the order of :data:`KINDS`.
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
        """The method that asks for lists."""
        return self.steps[0].method

    @property
    def errors(self) -> tuple[Remark, ...]:
        """The remarks that are more than an info."""
        return tuple(remark for remark in self.remarks if remark.kind.severity == ERROR)

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON has it; queries are lists of pairs, since names may be repeated."""
        steps = [step._asdict() | {"query": list(map(list, step.query))} for step in self.steps]
        remarks = [remark.as_json() for remark in self.remarks]
        return self._asdict() | {"query": list(map(list, self.query)), "steps": steps, "remarks": remarks}

    @classmethod
    def read(cls, says: Mapping[str, Any]) -> Audit:
        """Make one of what JSON says."""
        steps = tuple(Step(**{**one, "query": _pairs(one["query"])}) for one in says["steps"])
        remarks = tuple(Remark(one["name"], tuple(one["requests"]), tuple(one["images"])) for one in says["remarks"])
        return cls(**{**says, "query": _pairs(says["query"]), "steps": steps, "remarks": remarks})


def _pairs(said: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in said)
