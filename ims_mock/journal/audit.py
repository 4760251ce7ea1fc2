"""The audit of walks: which requests followed each other from page to page, and what went wrong on the way.

The journal numbers walks while requests arrive. The audit looks back: it separates the walks of several threads with
the same query, and it assigns a request to its walk even if the client lost the marker or the filters.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from http import HTTPStatus
from itertools import pairwise
from typing import Final

from ims_mock.catalog.query import decoded
from ims_mock.journal.documented import decoded_query
from ims_mock.journal.findings import ERROR
from ims_mock.journal.journal import ListRequest
from ims_mock.journal.pagination import PageKey, Question
from ims_mock.journal.walks import AUDIT_RULES, LEFT_SANDBOX, RULES_BY_NAME, Remark, Step, Walk
from ims_mock.text import wire_text

_MIN_LOOPS: Final = 3  # the number of walks from which on restarted walks are one client in a loop


def audit(lists: Iterable[ListRequest]) -> list[Walk]:
    """Return the walks of recorded requests, the oldest first, each with its remarks."""
    groups: defaultdict[tuple[str, str], list[ListRequest]] = defaultdict(list)
    for request in lists:
        groups[request.record.path, request.record.caller.project].append(request)
    walks = [walk for group in groups.values() for walk in _join_duplicates(_join_loops(_chains(group)))]
    return [_audited(walk) for walk in sorted(walks, key=lambda walk: walk[0].number)]


# --- which requests belong together


class _Chain:
    """The requests of one walk so far, in order."""

    def __init__(self) -> None:
        self.requests: list[ListRequest] = []
        self.pages: set[PageKey] = set()  # that were answered
        self.end = ""  # the last image of the latest page that has one
        self.is_open = True  # whether the latest answered page has a next one

    def add(self, request: ListRequest) -> None:
        self.requests.append(request)
        if request.record.answer is not None:
            self.pages.add(request.page_key)
            self.is_open = request.record.answer.has_next
        self.end = request.ids[-1] if request.ids else self.end

    @property
    def first(self) -> ListRequest:
        return self.requests[0]

    @property
    def last(self) -> ListRequest:
        return self.requests[-1]

    def affinity(self, request: ListRequest, *, shows_marker: bool, is_known: bool) -> int:
        """Return how well a request continues the walk; 0 if it does not.

        The marker may be on one of the pages of this walk (``shows_marker``) or of any (``is_known``).
        """
        if not request.marker:  # the client begins again after trouble
            return int(self.last.has_trouble and self.last.question == request.question and self.is_open)
        is_end, is_next = self.end == request.marker, shows_marker and request.previous == self.last.number
        if not (self.is_open or is_end or is_next):
            return 0  # the walk is over
        has_question = request.question in (self.first.question, self.last.question)
        is_retry = self.last.has_trouble and request.page_key == self.last.page_key
        is_new = is_retry or request.page_key not in self.pages
        if has_question and is_end and is_new:
            return 4
        if has_question and shows_marker and (self.is_open or is_next):
            return 3  # the client took another image than the last one
        if self.is_open and (is_end or (has_question and is_known)):
            return 2  # the client lost its parameters or its marker
        return int(is_next)


def _chains(requests: Iterable[ListRequest]) -> list[_Chain]:
    """Return the walks of one project through one list: each request continues the best chain or begins one."""
    chains: list[_Chain] = []
    by_image: dict[str, dict[_Chain, None]] = {}
    by_question: dict[Question, dict[_Chain, None]] = {}
    for request in requests:
        showing = by_image.get(request.marker, {})
        asking = by_question.get(request.question, {})
        candidates = {**showing, **asking} if request.marker else [one for one in asking if one.last.has_trouble]
        is_known = bool(showing) or request.page_number == 1
        ranks = [
            (one.affinity(request, shows_marker=one in showing, is_known=is_known), one.last.number, one)
            for one in candidates
        ]
        affinity, _, chain = max(ranks, default=(0, 0, None))  # of equally good chains the latest one
        if not affinity or chain is None:
            chain = _Chain()
            chains.append(chain)
        chain.add(request)
        by_question.setdefault(request.question, {})[chain] = None
        for image in request.ids:
            by_image.setdefault(image, {})[chain] = None
    return chains


def _join_loops(chains: Iterable[_Chain]) -> list[list[ListRequest]]:
    """Return the requests of each walk; the chains of a client that restarts again and again are one walk.

    Each restarts directly after the previous one, before that reached its end, with the same parameters and from the
    same catalog. A client that reads several pages and then once restarts may be two walks that stopped early.
    """
    runs: dict[int, list[_Chain]] = {}  # by the number of their last requests
    for chain in chains:
        run = runs.get(chain.first.previous, [])
        if run and _restarts(chain.first, run[-1]):
            del runs[chain.first.previous]
        else:
            run = []
        runs[chain.last.number] = [*run, chain]
    walks = []
    for run in runs.values():
        is_one_page = len(run[0].requests) == 1 or any(chain.first.is_numbered for chain in run)
        is_loop = len(run) >= _MIN_LOOPS or (len(run) > 1 and is_one_page)
        parts = [chain.requests for chain in run]
        walks += [[request for part in parts for request in part]] if is_loop else parts
    return walks


def _restarts(request: ListRequest, before: _Chain) -> bool:
    has_same_catalog = request.catalog is not None and request.catalog is before.last.catalog
    is_first_page = not request.marker and request.question in (before.first.question, before.last.question)
    return before.is_open and is_first_page and has_same_catalog and not _overlaps(request, before.last)


def _join_duplicates(walks: Iterable[list[ListRequest]]) -> list[list[ListRequest]]:
    """Join pairs of walks if it is one client that requests every page twice."""
    by_previous = {walk[0].previous: walk for walk in sorted(walks, key=lambda walk: walk[0].number)}
    joined = []
    while by_previous:
        walk = by_previous.pop(next(iter(by_previous)))
        twin = by_previous.get(walk[0].number)
        if twin and _are_one_client(walk, twin):
            del by_previous[walk[0].number]
            walk = sorted((*walk, *twin), key=lambda request: request.number)
        joined.append(walk)
    return joined


def _are_one_client(ones: Sequence[ListRequest], others: Sequence[ListRequest]) -> bool:
    """Return whether two walks request the same pages in turn, and never at the same time.

    Two threads can do that by chance, each on its own connection, but hardly for long.
    """
    min_length = 2 if ones[0].record.connected == others[0].record.connected else 3
    if len(ones) < min_length or abs(len(ones) - len(others)) > 1:
        return False
    both = sorted((*ones, *others), key=lambda request: request.number)
    return all(one.page_key == other.page_key for one, other in zip(both[::2], both[1::2], strict=False)) and all(
        after.previous == before.number and not _overlaps(after, before) for before, after in pairwise(both)
    )


def _overlaps(request: ListRequest, earlier: ListRequest) -> bool:
    """Return whether the client was there before the earlier request was answered, on another connection."""
    own, other = request.record, earlier.record
    is_other_connection = bool(own.connected) and own.connected != other.connected
    return (own.connected if is_other_connection else own.started) < other.started + other.seconds


# --- what is remarkable about a walk


def _audited(requests: Sequence[ListRequest]) -> Walk:
    first, last = requests[0], requests[-1]
    pages = {request.page_key: request for request in requests if request.record.answer}
    is_whole = any(not _has_more(request) for request in requests if request.record.answer)
    remarks = _check_pages(requests)
    if not any(RULES_BY_NAME[name].severity == ERROR for name in remarks):
        remarks |= _check_images(requests, is_whole=is_whole)
    if not is_whole and not _is_explained(requests, remarks):
        cause = LEFT_SANDBOX if last.record.is_in_sandbox and last.record.answer else ""
        remarks["stopped-early"] = Remark("stopped-early", (last.number,), cause=cause)
    queries = [request.record.answer.query for request in pages.values() if request.record.answer]
    if len(queries) > 1 and all(query.limit <= query.listing.limit for query in queries):
        remarks["small-pages"] = Remark("small-pages", tuple(request.number for request in pages.values()))
    return Walk(
        number=first.walk,
        path=wire_text(first.record.path),
        project=first.record.caller.project,
        query=tuple(pair for pair in decoded_query(first.record.query) if pair[0] != "marker"),
        pages=len(pages),
        images=len({image for request in requests for image in request.ids}),
        is_whole=is_whole,
        steps=tuple(map(_step, requests)),
        remarks=tuple(remarks[rule.name] for rule in AUDIT_RULES if rule.name in remarks),
    )


def _step(request: ListRequest) -> Step:
    record = request.record
    path, query = wire_text(record.path), decoded_query(record.query)
    return Step(request.number, record.method, path, query, record.target, record.status, len(request.ids))


def _has_more(request: ListRequest) -> bool:
    """Return whether images follow a page, as far as the client can know.

    Glance promises a next page after every full page; whether it has images is looked up in the catalog.
    """
    answer, catalog = request.record.answer, request.catalog
    if answer is None or not answer.has_next:
        return False
    if catalog is None or "full-last-page" in answer.view.profile:
        return True
    return bool(catalog.page(replace(answer.query, marker=request.ids[-1], limit=1), answer.view).images)


def _is_explained(requests: Sequence[ListRequest], remarks: Iterable[str]) -> bool:
    """Return whether it is clear why a walk did not reach the last page: by another remark or a rejected query."""
    last = requests[-1].record
    is_client_error = 400 <= last.status < 500 and last.status != HTTPStatus.TOO_MANY_REQUESTS
    is_rejected = is_client_error and not any(request.record.answer for request in requests)
    is_marker_rejected = "wrong-marker" in remarks and last.answer is None
    return is_rejected or is_marker_rejected or "looped" in remarks or "numbered-pages" in remarks


def _check_pages(requests: Sequence[ListRequest]) -> dict[str, Remark]:
    """Return the remarks on how the client moved from page to page, by name."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    if requests[0].marker and requests[0].page_number == 1:
        found["began-inside"].append(requests[0].number)
    answered: Counter[PageKey] = Counter()
    revisits: list[int] = []
    latest, end, is_loop, may_repeat = None, "", False, False
    for request in requests:
        if request.is_numbered:
            found["numbered-pages"].append(request.number)
        elif request.page_key in answered:
            if may_repeat:
                answered.clear()
            else:
                revisits.append(request.number)
                is_loop |= latest is None or latest.page_key != request.page_key or answered[request.page_key] > 1
        elif request.marker and latest is not None:
            for name in _next_page_remarks(request, latest, end):
                found[name].append(request.number)
        if request.record.answer is not None:
            answered[request.page_key] += 1
            latest = request
            end = request.ids[-1] if request.ids else end
        may_repeat = request.has_trouble
    if revisits:
        found["looped" if is_loop else "page-twice"] = revisits
    return {name: Remark(name, tuple(numbers)) for name, numbers in found.items()}


def _next_page_remarks(request: ListRequest, latest: ListRequest, end: str) -> list[str]:
    """Return the names of the remarks on a page after the latest answered one, whose last image is ``end``."""
    answer, earlier = request.record.answer, latest.record.answer
    names = ["wrong-marker"] if request.marker != end else []
    if answer and earlier:
        if set(answer.query.conditions) != set(earlier.query.conditions):
            names.append("filters-changed")
        if answer.query.sort != earlier.query.sort:
            names.append("sort-changed")
        link = earlier.query.links.next(latest.ids[-1]).partition("?")[2] if latest.ids else ""
        is_link = sorted(decoded(link)) == sorted(decoded(request.record.query))
        if answer.query.listing.has_links and not latest.record.fault and not is_link:
            names.append("own-markers")
    return names


def _check_images(requests: Sequence[ListRequest], *, is_whole: bool) -> dict[str, Remark]:
    """Return the remarks on images that the client met twice or never, because the catalog changed during the walk.

    An image is missed if the query lists it in the catalog of the last page, but no page showed it: it is new, or it
    moved to the part of the list that the walk had already passed.
    """
    remarks, pages, doubled = {}, dict[str, PageKey](), dict[str, int]()
    for request in requests:
        for image in request.ids:
            if pages.setdefault(image, request.page_key) != request.page_key:
                doubled[image] = request.number
    if doubled:
        remarks["images-doubled"] = Remark("images-doubled", tuple(dict.fromkeys(doubled.values())), tuple(doubled))
    answered = [request for request in requests if request.record.answer]
    if not is_whole or requests[0].marker or not answered:
        return remarks
    last, catalog, answer = answered[-1], answered[-1].catalog, answered[-1].record.answer
    if answer is None or catalog is None or all(request.catalog is catalog for request in answered):
        return remarks
    query = replace(answer.query, marker=None, limit=len(catalog) + 1)
    missed = [image.id for image in catalog.page(query, answer.view).images if image.id not in pages]
    if missed:
        remarks["images-missed"] = Remark("images-missed", (last.number,), tuple(missed))
    return remarks
