"""The audit of walks: which requests followed each other from page to page, and what went wrong on the way.

The journal numbers walks while requests arrive. The audit looks back: it separates the walks of several threads with
the same query, and it assigns a request to its walk even if the client lost the marker or the filters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from http import HTTPStatus
from itertools import pairwise
from typing import Final

from ims_mock.catalog.query import decoded
from ims_mock.contract.values import wire_text
from ims_mock.journal.audit_rules import AUDIT_RULES, ERROR, Remark, Step, Walk
from ims_mock.journal.documented import decoded_query
from ims_mock.journal.journal import ListRequest
from ims_mock.journal.pagination import Question, marker_of, question_of

_MIN_LOOPS: Final = 3
"""The number of walks from which on restarted walks are one client in a loop."""

_PAGE_NUMBERS: Final = frozenset(
    {"offset", "page", "page_no", "page_num", "page_number", "page_size", "pageNo", "pageNum", "pageSize", "pagesize"}
    | {"per_page", "skip", "start"}
)
"""Parameters of services that number their pages."""

Page = tuple[str, Question]
"""A page as the client requests it: the marker and the other parameters."""


def audit(lists: Iterable[ListRequest]) -> list[Walk]:
    """Return the walks in the order in which they began, each with its remarks.

    Args:
        lists: The recorded requests for lists, the oldest first.
    """
    groups: dict[tuple[str, str], list[_Request]] = {}
    for one in lists:
        groups.setdefault((one.record.path, one.record.project), []).append(_Request(one))
    chains = [chain for group in groups.values() for chain in _chains(group)]
    chains.sort(key=lambda chain: chain.first.number)
    return [_walk(chain.requests) for chain in chains]


class _Request:
    """A request for a page, with what the audit derives from it.

    Attributes:
        question: The parameters that stay the same on every page.
        page: The page that was requested.
        is_numbered: Whether the client numbers pages or images, and therefore found none.
    """

    def __init__(self, request: ListRequest) -> None:
        self.number, self.previous, self.catalog = request.number, request.previous, request.catalog
        self.walk, self.is_first_page = request.walk, request.page == 1
        self.record, self.answer = request.record, request.record.answer
        self.ids = tuple(image.id for image in self.record.images or ())
        self.marker = marker_of(self.record.query)
        parameters = question_of(self.record.query)
        self.question = tuple(pair for pair in parameters if pair[0] not in _PAGE_NUMBERS)
        self.page: Page = self.marker, self.question
        self.is_numbered = not self.ids and len(self.question) < len(parameters)

    @property
    def has_trouble(self) -> bool:
        """Whether it failed or met a fault, so that the client may repeat it."""
        return self.answer is None or bool(self.record.fault)

    @property
    def has_more(self) -> bool:
        """Whether images follow its page, as far as the client can know.

        Glance promises a next page after every full page; whether it has images is looked up in the catalog.
        """
        if self.answer is None or not self.answer.has_next:
            return False
        query, view, catalog = self.answer.query, self.answer.view, self.catalog
        if catalog is None or "full-last-page" in view.profile:
            return True
        return bool(catalog.page(replace(query, marker=self.ids[-1], limit=1), view).images)

    def changes_since(self, other: _Request) -> Iterator[str]:
        """Return the names of the remarks on what differs from an earlier page of the same walk."""
        if self.answer and other.answer:
            query, earlier = self.answer.query, other.answer.query
            if set(query.conditions) != set(earlier.conditions):
                yield "filters-changed"
            if query.sort != earlier.sort:
                yield "sort-changed"

    def follows_link_of(self, other: _Request) -> bool:
        """Return whether its query is the one of the ``next`` link of another page."""
        if other.answer is None or not other.ids:
            return False
        link = other.answer.query.next(other.ids[-1]).partition("?")[2]
        return sorted(decoded(link)) == sorted(decoded(self.record.query))

    def overlaps(self, other: _Request) -> bool:
        """Return whether its client was there before another request was answered, on another connection."""
        own, earlier = self.record, other.record
        is_other_connection = bool(own.connected) and own.connected != earlier.connected
        return (own.connected if is_other_connection else own.started) < earlier.started + earlier.seconds


# --- which requests belong together


class _Chain:
    """The requests of one walk, in order."""

    def __init__(self, first: _Request) -> None:
        self.requests: list[_Request] = []
        self.pages: set[Page] = set()
        self.end = ""
        self.is_open = True
        self.add(first)

    def add(self, request: _Request) -> None:
        self.requests.append(request)
        if request.answer is not None:
            self.pages.add(request.page)
            self.is_open = request.answer.has_next
        self.end = request.ids[-1] if request.ids else self.end

    @property
    def first(self) -> _Request:
        return self.requests[0]

    @property
    def last(self) -> _Request:
        return self.requests[-1]

    def has_question(self, question: Question) -> bool:
        """Return whether these are the parameters of its first or its latest request."""
        return question in (self.first.question, self.last.question)

    def expects(self, request: _Request) -> bool:
        """Return whether a request is the next one of the walk, or repeats the latest one after trouble."""
        is_repeated = self.last.has_trouble and request.page == self.last.page
        return self.end == request.marker and (request.page not in self.pages or is_repeated)


def _chains(requests: Iterable[_Request]) -> list[_Chain]:
    """Return the walks of one project through one list; the requests are in order."""
    index = _Index()
    for request in requests:
        index.add(request)
    return _join_repeated(_join_loops(index.chains))


class _Index:
    """The chains so far, found by what a request that continues them sends."""

    def __init__(self) -> None:
        self.chains: list[_Chain] = []
        self._by_question: dict[Question, dict[_Chain, None]] = {}
        self._by_image: dict[str, dict[_Chain, None]] = {}
        self._by_next_page: dict[Page, list[_Chain]] = {}
        self._in_trouble: dict[Question, list[_Chain]] = {}

    def add(self, request: _Request) -> None:
        """Add a request to the chain that it continues, or to a new one."""
        chain = self._continued(request) if request.marker else self._restarted(request)
        if chain:
            chain.add(request)
        else:
            chain = _Chain(request)
            self.chains.append(chain)
        for image in request.ids:
            self._by_image.setdefault(image, {})[chain] = None
        self._by_question.setdefault(request.question, {})[chain] = None
        for question in {chain.first.question, request.question}:
            self._by_next_page.setdefault((chain.end, question), []).append(chain)
        if request.has_trouble:
            self._in_trouble.setdefault(request.question, []).append(chain)

    def _restarted(self, request: _Request) -> _Chain | None:
        """Return the chain that a request without a marker begins again after trouble."""
        chains = self._in_trouble.get(request.question, [])
        while chains and not (chains[-1].last.has_trouble and chains[-1].is_open):
            chains.pop()
        return chains[-1] if chains else None

    def _continued(self, request: _Request) -> _Chain | None:
        """Return the chain that a request with a marker continues, ``None`` if it begins one.

        The best match is a chain with the same parameters that ended with the marker. Otherwise the client lost its
        parameters or its marker; of several such chains it most likely continues the latest one.
        """
        expecting = self._by_next_page.get(request.page, [])
        while expecting and not expecting[-1].expects(request):
            expecting.pop()
        if expecting:
            return expecting[-1]
        met = self._by_image.get(request.marker, {})
        followed = [chain for chain in met if request.previous == chain.last.number]
        found = [
            chain for chain in met if chain.has_question(request.question) and (chain.is_open or chain in followed)
        ]
        if not found:
            found = [chain for chain in met if chain.is_open and chain.end == request.marker]
            if met or request.is_first_page:  # else the journal knows the marker, but no longer its page
                alike = self._by_question.get(request.question, {})
                found += [chain for chain in alike if chain.is_open and chain.has_question(request.question)]
        return max(found or followed, key=lambda chain: chain.last.number, default=None)


def _join_loops(chains: list[_Chain]) -> list[_Chain]:
    """Join the chains of a client that restarts its walk again and again.

    Each restarts directly after the previous one, before that reached its end, with the same parameters and from the
    same catalog. A client that reads several pages and then once restarts may be two walks that stopped early.
    """
    runs: list[list[_Chain]] = []
    by_last = {chain.last.number: chain for chain in chains}
    run_of: dict[_Chain, list[_Chain]] = {}
    for chain in chains:
        before = by_last.get(chain.first.previous)
        if before and before in run_of and _restarts(chain.first, before):
            run = run_of[before]
        else:
            run = []
            runs.append(run)
        run.append(chain)
        run_of[chain] = run
    return [chain for run in runs for chain in ([_joined(run)] if _is_loop(run) else run)]


def _restarts(request: _Request, before: _Chain) -> bool:
    has_same_catalog = request.catalog is not None and request.catalog is before.last.catalog
    is_same_question = not request.marker and before.has_question(request.question)
    return before.is_open and is_same_question and has_same_catalog and not request.overlaps(before.last)


def _is_loop(run: list[_Chain]) -> bool:
    is_numbered = any(chain.first.is_numbered for chain in run)
    return len(run) >= _MIN_LOOPS or (len(run) > 1 and (is_numbered or len(run[0].requests) == 1))


def _joined(run: list[_Chain]) -> _Chain:
    whole, *others = run
    for request in [request for chain in others for request in chain.requests]:
        whole.add(request)
    return whole


def _join_repeated(chains: list[_Chain]) -> list[_Chain]:
    """Join pairs of chains if it is one client that requests every page twice."""
    left = {chain.first.previous: chain for chain in chains}
    joined = []
    for chain in chains:
        if left.pop(chain.first.previous, None) is chain:  # else it is the second one of a pair
            twin = left.get(chain.first.number)
            if twin and _are_one_client(chain.requests, twin.requests):
                del left[chain.first.number]
                chain.requests = sorted((*chain.requests, *twin.requests), key=lambda request: request.number)
            joined.append(chain)
    return joined


def _are_one_client(ones: list[_Request], others: list[_Request]) -> bool:
    """Return whether two chains request the same pages in turn, and never at the same time.

    Two threads can do that by chance, each on its own connection, but hardly for long.
    """
    min_length = 2 if ones[0].record.connected == others[0].record.connected else 3
    if len(ones) < min_length or abs(len(ones) - len(others)) > 1:
        return False
    both = sorted((*ones, *others), key=lambda request: request.number)
    return all(one.page == other.page for one, other in zip(both[::2], both[1::2], strict=False)) and all(
        after.previous == before.number and not after.overlaps(before) for before, after in pairwise(both)
    )


# --- what is remarkable about a walk


Remarks = dict[str, Remark]
"""The remarks on a walk so far, by name."""


def _remark(remarks: Remarks, name: str, *requests: _Request, images: Iterable[str] = ()) -> None:
    before = remarks.get(name, Remark(name, ()))
    numbers = (request.number for request in requests)
    remarks[name] = Remark(name, (*before.requests, *numbers), (*before.images, *images))


def _walk(requests: list[_Request]) -> Walk:
    answered = {request.page: request for request in requests if request.answer}
    is_whole = any(not request.has_more for request in requests if request.answer)
    remarks: Remarks = {}
    _check_pages(requests, remarks)
    if not any(remark.rule.severity == ERROR for remark in remarks.values()):
        _check_images(requests, remarks, is_whole=is_whole)
    if not is_whole and _was_started(requests) and not _is_explained(requests, remarks):
        _remark(remarks, "stopped-early", requests[-1])
    if len(answered) > 1 and all(_is_small(request) for request in answered.values()):
        _remark(remarks, "small-pages", *answered.values())
    first = requests[0]
    return Walk(
        number=first.walk,
        path=wire_text(first.record.path),
        project=first.record.project,
        query=tuple(pair for pair in decoded_query(first.record.query) if pair[0] != "marker"),
        pages=len(answered),
        images=len({image for request in requests for image in request.ids}),
        is_whole=is_whole,
        steps=tuple(map(_step, requests)),
        remarks=tuple(remarks[rule.name] for rule in AUDIT_RULES if rule.name in remarks),
    )


def _step(request: _Request) -> Step:
    record = request.record
    query = decoded_query(record.query)
    return Step(request.number, record.method, wire_text(record.path), query, record.status, len(request.ids))


def _is_small(request: _Request) -> bool:
    return request.answer is not None and request.answer.query.limit <= request.answer.query.listing.limit


def _check_pages(requests: list[_Request], remarks: Remarks) -> None:
    """Check how the client moved from page to page."""
    first, end = requests[0], ""
    answered: dict[Page, int] = {}
    latest: _Request | None = None
    repeated: list[_Request] = []
    is_loop = False
    if first.marker and first.is_first_page:
        _remark(remarks, "began-inside", first)
    for before, request in zip([None, *requests], requests, strict=False):
        if request.is_numbered:
            _remark(remarks, "numbered-pages", request)
        elif before is not None and request.page in answered:
            if before.has_trouble:
                answered.clear()
            else:
                repeated.append(request)
                is_loop |= latest is None or latest.page != request.page or answered[request.page] > 1
        elif before is not None and request.marker and latest is not None:
            _check_next_page(request, latest, end, remarks)
        if request.answer is not None:
            answered[request.page] = answered.get(request.page, 0) + 1
            latest = request
            end = request.ids[-1] if request.ids else end
    if repeated:
        _remark(remarks, "looped" if is_loop else "page-twice", *repeated)


def _check_next_page(request: _Request, latest: _Request, end: str, remarks: Remarks) -> None:
    """Check a page against the latest answered one, whose last image is ``end``."""
    if request.marker != end:
        _remark(remarks, "wrong-marker", request)
    for name in request.changes_since(latest):
        _remark(remarks, name, request)
    has_links = request.answer is not None and request.answer.query.listing.has_links
    if has_links and not latest.record.fault and not request.follows_link_of(latest):
        _remark(remarks, "own-markers", request)


def _check_images(requests: list[_Request], remarks: Remarks, *, is_whole: bool) -> None:
    """Check which images the client met twice or never, because the catalog changed during the walk.

    An image is missed if the query lists it in the catalog of the last page, but no page showed it: it is new, or it
    moved to the part of the list that the walk had already passed.
    """
    pages: dict[str, Page] = {}
    doubled = {
        image: request
        for request in requests
        for image in request.ids
        if pages.setdefault(image, request.page) != request.page
    }
    if doubled:
        _remark(remarks, "images-doubled", *dict.fromkeys(doubled.values()), images=doubled)
    answered = [request for request in requests if request.answer]
    if not is_whole or requests[0].marker or not answered:
        return
    last, catalog = answered[-1], answered[-1].catalog
    if last.answer is None or catalog is None or all(request.catalog is catalog for request in answered):
        return
    query = replace(last.answer.query, marker=None, limit=len(catalog) + 1)
    missed = [image.id for image in catalog.page(query, last.answer.view).images if image.id not in pages]
    if missed:
        _remark(remarks, "images-missed", last, images=missed)


def _was_started(requests: list[_Request]) -> bool:
    """Return whether there was a walk: a client whose query is rejected has nothing to walk through."""
    status = requests[-1].record.status
    is_rejected = 400 <= status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS
    return any(request.answer for request in requests) or not is_rejected


def _is_explained(requests: list[_Request], remarks: Remarks) -> bool:
    """Return whether another remark already explains why the walk did not reach the last page."""
    is_marker_rejected = "wrong-marker" in remarks and requests[-1].answer is None
    return "looped" in remarks or "numbered-pages" in remarks or is_marker_rejected
