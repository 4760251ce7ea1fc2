"""The audit of walks: which went wrong on their way from page to page, told from the requests that the journal keeps.

The journal numbers walks while requests come in. Here all is known that came later as well, so walks are told apart
anew: those of several threads with the same question, and requests that belong to a walk although they lost it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise
from typing import Any, Final, NamedTuple

from ims_mock.journal import Listed
from ims_mock.query import ListQuery, decoded
from ims_mock.walks import marker_of, question_of

ERROR: Final = "error"
INFO: Final = "info"

_OFTEN: Final = 3
"""So often a page is asked by a client that goes round in a circle."""

_COUNTING: Final = frozenset(
    {"offset", "page", "page_no", "page_num", "page_number", "page_size", "pageNo", "pageNum", "pageSize", "pagesize"}
    | {"per_page", "skip", "start"}
)
"""Parameters of lists whose pages are counted, as those of this service are not."""


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
_NAMES: Final = tuple(_BY_NAME)


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


def audits(lists: Iterable[Listed]) -> list[Audit]:
    """Audit every walk.

    Args:
        lists: the requests for lists, the oldest first.

    Returns:
        the walks in the order in which they began.
    """
    groups: dict[tuple[str, str], list[_Asked]] = {}
    for one in lists:
        groups.setdefault((one.note.path, one.note.project), []).append(_Asked(one))
    walks = [walk for group in groups.values() for walk in _told_apart(group)]
    walks.sort(key=lambda walk: walk.asked[0].number)
    return [_audited(walk.asked) for walk in walks]


class _Asked:
    """A request for a page, and what is looked at most of it."""

    def __init__(self, listed: Listed) -> None:
        self.listed = listed
        self.number, self.follows = listed.entry.number, listed.follows
        self.marker = marker_of(listed.note.query)
        pairs = question_of(listed.note.query)
        self.question = tuple(pair for pair in pairs if pair[0] not in _COUNTING)
        self.ids = listed.entry.ids
        self.paged = listed.note.paged
        self.page = self.marker, self.question
        self.is_counted = not self.ids and len(self.question) < len(pairs)

    @property
    def is_troubled(self) -> bool:
        """Whether it was not answered with a page, or met a fault: then a client may ask again."""
        return self.paged is None or bool(self.listed.note.fault)

    @property
    def has_more(self) -> bool:
        """Whether images follow this page, as far as the client can know.

        Glance promises more after every full page, so the catalog is asked what comes.
        """
        if self.paged is None or not self.paged[2]:
            return False
        query, view, _ = self.paged
        catalog = self.listed.catalog
        return catalog is None or bool(catalog.page(query._replace(marker=self.ids[-1], limit=1), view).images)

    def differences(self, other: _Asked) -> Iterator[str]:
        """Name the remarks that a page deserves for not going on with the question of another."""
        if self.paged is not None and other.paged is not None:
            own, others = self.paged[0], other.paged[0]
            if _filters(own) != _filters(others):
                yield "filters-changed"
            if own.sort != others.sort:
                yield "sort-changed"

    def follows_link_of(self, other: _Asked) -> bool:
        """Whether it asks what the link in the answer to another says."""
        if other.paged is None or not other.ids:
            return False
        link = other.paged[0].next(other.ids[-1]).partition("?")[2]
        return sorted(decoded(link)) == sorted(decoded(self.listed.note.query))

    def overlaps(self, other: _Asked) -> bool:
        """Whether somebody was there to ask it before an earlier one was answered, on another connection."""
        own, others = self.listed.note, other.listed.note
        is_elsewhere = bool(own.opened) and own.opened != others.opened
        return (own.opened if is_elsewhere else own.began) < others.began + others.seconds


def _filters(query: ListQuery) -> tuple[object, ...]:
    return frozenset(query.conditions), query.visibility, query.member_status, query.dead


# --- walks are told apart -------------------------------------------------------------------------


class _Walk:
    """A walk as far as it is known: its requests, in order."""

    def __init__(self, first: _Asked) -> None:
        self.asked = [first]
        self.shown: set[str] = set(first.ids)
        self.pages: set[tuple[str, object]] = set()
        self.end = ""
        self.is_open = True
        self._took(first)

    def take(self, asked: _Asked) -> None:
        """Go on with a request."""
        self.asked.append(asked)
        self._took(asked)

    def _took(self, asked: _Asked) -> None:
        self.shown.update(asked.ids)
        if asked.paged is not None:
            self.pages.add(asked.page)
            self.is_open = asked.paged[2]
        self.end = asked.ids[-1] if asked.ids else self.end

    @property
    def last(self) -> _Asked:
        """Its latest request."""
        return self.asked[-1]

    def is_alike(self, asked: _Asked) -> bool:
        """Whether a request asks what the walk asked first, or asks now."""
        return asked.question in (self.asked[0].question, self.last.question)

    def awaits(self, asked: _Asked) -> bool:
        """Whether a request is the next one of the walk, or one asked again because of some trouble."""
        is_again = self.last.is_troubled and asked.page == self.last.page
        return self.end == asked.marker and (asked.page not in self.pages or is_again)


def _told_apart(group: list[_Asked]) -> list[_Walk]:
    """Tell the walks of one project through one list apart."""
    walks: list[_Walk] = []
    for asked in group:
        home = _home(walks, asked) if asked.marker else _begun_again(walks, asked)
        if home:
            home.take(asked)
        else:
            walks.append(_Walk(asked))
    return _paired(_circling(walks))


def _begun_again(walks: list[_Walk], asked: _Asked) -> _Walk | None:
    """Give the walk that a request without a marker begins again because of some trouble."""
    return next((one for one in reversed(walks) if one.last.is_troubled and one.is_alike(asked) and one.is_open), None)


def _home(walks: list[_Walk], asked: _Asked) -> _Walk | None:
    """Give the walk that a request with a marker goes on with, ``None`` where it begins one.

    Best is a walk with the same question that ended at the marker. Otherwise the client lost something: its question,
    or its marker. Of several walks it is most likely on the one of which it asked last.
    """
    alike = [walk for walk in walks if walk.is_alike(asked)]
    found = [walk for walk in alike if walk.awaits(asked)]
    if not found:
        met = [walk for walk in walks if asked.marker in walk.shown]
        found = [walk for walk in alike if walk in met and (walk.is_open or asked.follows == walk.last.number)]
    if not found:
        found = [walk for walk in met if walk.is_open and walk.end == asked.marker]
        if met or asked.listed.entry.page == 1:  # else the journal knows the marker, and has forgotten the page
            found += [walk for walk in alike if walk.is_open]
    if not found:
        found = [walk for walk in met if asked.follows == walk.last.number]
    return max(found, key=lambda walk: walk.last.number, default=None)


def _circling(walks: list[_Walk]) -> list[_Walk]:
    """Join the walks of a client that begins from the beginning again and again.

    Each begins directly after the one before, with the same question to the same catalog, and before the one before was
    at its end. One that asked for several pages and then, once, for the first again may have been two that stopped.
    """
    runs: list[list[_Walk]] = []
    ends = {walk.last.number: walk for walk in walks}
    places: dict[int, list[_Walk]] = {}
    for walk in walks:
        first, before = walk.asked[0], ends.get(walk.asked[0].follows)
        is_again = (
            before is not None
            and not first.marker
            and before.is_open
            and before.is_alike(first)
            and before.last.listed.catalog is first.listed.catalog is not None
            and not first.overlaps(before.last)
        )
        run = places.get(id(before)) if is_again else None
        if run is None:
            run = []
            runs.append(run)
        run.append(walk)
        places[id(walk)] = run
    return [walk for run in runs for walk in (_joined(run) if _is_circle(run) else run)]


def _is_circle(run: list[_Walk]) -> bool:
    is_counted = any(walk.asked[0].is_counted for walk in run)
    return len(run) >= _OFTEN or (len(run) > 1 and (is_counted or len(run[0].asked) == 1))


def _joined(run: list[_Walk]) -> list[_Walk]:
    whole = run[0]
    for walk in run[1:]:
        for asked in walk.asked:
            whole.take(asked)
    return [whole]


def _paired(walks: list[_Walk]) -> list[_Walk]:
    """Join the two walks that a client looks like which asks for each page twice."""
    left, found = {walk.asked[0].follows: walk for walk in walks}, []
    for walk in walks:
        first = walk.asked[0]
        if left.pop(first.follows, None) is not walk:  # it is the twin of one before
            continue
        twin = left.get(first.number)
        if twin and _are_twins(walk.asked, twin.asked):
            del left[first.number]
            walk.asked = sorted((*walk.asked, *twin.asked), key=lambda asked: asked.number)
        found.append(walk)
    return found


def _are_twins(ones: list[_Asked], others: list[_Asked]) -> bool:
    """Whether each page of two walks is asked for twice in a row, never at the same time.

    Two threads may happen to ask so, each time on another connection, but hardly for long.
    """
    fewest = 2 if ones[0].listed.note.opened == others[0].listed.note.opened else 3
    if len(ones) < fewest or abs(len(ones) - len(others)) > 1:
        return False
    both = sorted((*ones, *others), key=lambda asked: asked.number)
    return all(one.page == other.page for one, other in zip(both[::2], both[1::2], strict=False)) and all(
        after.follows == before.number and not after.overlaps(before) for before, after in pairwise(both)
    )


# --- a walk is audited ----------------------------------------------------------------------------


class _Found:
    """What was found on a walk: requests and images by the names of remarks."""

    def __init__(self) -> None:
        self._requests: dict[str, list[int]] = {}
        self._images: dict[str, list[str]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._requests

    def add(self, name: str, *asked: _Asked, images: Iterable[str] = ()) -> None:
        """Remark something."""
        self._requests.setdefault(name, []).extend(one.number for one in asked)
        self._images.setdefault(name, []).extend(images)

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong with how the client walks."""
        return any(_BY_NAME[name].severity == ERROR for name in self._requests)

    def remarks(self) -> tuple[Remark, ...]:
        """Give the remarks in the order of the table."""
        names = sorted(self._requests, key=_NAMES.index)
        return tuple(Remark(name, tuple(self._requests[name]), tuple(self._images[name])) for name in names)


def _audited(walk: list[_Asked]) -> Audit:
    found = _Found()
    _follow(walk, found)
    pages = {asked.page: asked for asked in walk if asked.paged}
    is_whole = any(not asked.has_more for asked in walk if asked.paged)
    if not found.has_errors:
        _compare(walk, found, is_whole=is_whole)
    if not is_whole and _was_begun(walk) and not _is_explained(walk, found):
        found.add("stopped-early", walk[-1])
    if len(pages) > 1 and all(one.paged and one.paged[0].limit <= one.paged[0].listing.limit for one in pages.values()):
        found.add("small-pages", *pages.values())
    first = walk[0].listed.entry
    return Audit(
        first.walk,
        first.path,
        first.project,
        tuple(pair for pair in first.query if pair[0] != "marker"),
        len(pages),
        len({image for asked in walk for image in asked.ids}),
        is_whole,
        tuple(_step(asked) for asked in walk),
        found.remarks(),
    )


def _step(asked: _Asked) -> Step:
    entry = asked.listed.entry
    return Step(entry.number, entry.method, entry.path, entry.query, entry.status, len(entry.ids))


def _follow(walk: list[_Asked], found: _Found) -> None:
    """Remark what is wrong with the way from page to page."""
    first, end = walk[0], ""
    answered: dict[tuple[str, object], int] = {}
    latest: _Asked | None = None
    again: list[_Asked] = []
    is_circle = False
    if first.marker and first.listed.entry.page == 1:
        found.add("began-inside", first)
    for before, asked in zip([None, *walk], walk, strict=False):
        if asked.is_counted:
            found.add("numbered-pages", asked)
        elif before is None:
            pass
        elif asked.page in answered and before.is_troubled:
            answered.clear()
        elif asked.page in answered:
            again.append(asked)
            is_circle |= latest is None or latest.page != asked.page or answered[asked.page] > 1
        elif asked.marker:
            _compare_with_page_before(asked, latest, end, found)
        if asked.paged is not None:
            answered[asked.page] = answered.get(asked.page, 0) + 1
            latest = asked
            end = asked.ids[-1] if asked.ids else end
    if again:
        found.add("looped" if is_circle else "page-twice", *again)


def _compare_with_page_before(asked: _Asked, latest: _Asked | None, end: str, found: _Found) -> None:
    """Remark what a page does not have from the one before."""
    if latest is None:
        return
    if asked.marker != end:
        found.add("wrong-marker", asked)
    for name in asked.differences(latest):
        found.add(name, asked)
    listing = asked.paged and asked.paged[0].listing
    if listing and listing.has_links and not latest.listed.note.fault and not asked.follows_link_of(latest):
        found.add("own-markers", asked)


def _compare(walk: list[_Asked], found: _Found, *, is_whole: bool) -> None:
    """Remark the images that came twice or never, though the client did all right: the catalog moved.

    Missed is what the question lists in the catalog that the last page was answered from, and no page has shown: images
    that were new, and images that were put behind the place where the walk was.
    """
    pages: dict[str, tuple[str, object]] = {}
    doubled = {
        image: asked for asked in walk for image in asked.ids if pages.setdefault(image, asked.page) != asked.page
    }
    if doubled:
        found.add("images-doubled", *dict.fromkeys(doubled.values()), images=doubled)
    first, last = walk[0], next((asked for asked in reversed(walk) if asked.paged), None)
    if not is_whole or first.marker or last is None or last.paged is None:
        return
    catalog = last.listed.catalog
    if catalog is None or all(asked.listed.catalog is catalog for asked in walk if asked.paged):
        return
    query, view, _ = last.paged
    images = catalog.page(query._replace(marker=None, limit=len(catalog) + 1), view).images
    missed = [image.id for image in images if image.id not in pages]
    if missed:
        found.add("images-missed", last, images=missed)


def _was_begun(walk: list[_Asked]) -> bool:
    """Whether there was a walk: a client whose question is refused has nothing to walk through."""
    status = walk[-1].listed.note.status
    is_refusal = 400 <= status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS
    return any(asked.paged for asked in walk) or not is_refusal


def _is_explained(walk: list[_Asked], found: _Found) -> bool:
    """Whether another remark says already why a walk did not reach its last page."""
    is_refused_marker = "wrong-marker" in found and walk[-1].paged is None
    return "looped" in found or "numbered-pages" in found or is_refused_marker
