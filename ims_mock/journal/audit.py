"""The audit of walks: which went wrong on their way from page to page, told from the requests in the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from ims_mock.journal.audit_rules import ERROR, KINDS, Audit, Remark, Step
from ims_mock.journal.journal import Listed
from ims_mock.journal.trails import Asked, Question, told_apart

_SEVERITY: Final = {kind.name: kind.severity for kind in KINDS}


def audits(lists: Iterable[Listed]) -> list[Audit]:
    """Audit every walk.

    Args:
        lists: the requests for lists, the oldest first.

    Returns:
        the walks in the order in which they began.
    """
    groups: dict[tuple[str, str], list[Asked]] = {}
    for one in lists:
        groups.setdefault((one.note.path, one.note.project), []).append(Asked(one))
    walks = [walk for group in groups.values() for walk in told_apart(group)]
    walks.sort(key=lambda walk: walk.asked[0].number)
    return [_audited(walk.asked) for walk in walks]


class _Found:
    """What was found on a walk: requests and images by the names of remarks."""

    def __init__(self) -> None:
        self._requests: dict[str, list[int]] = {}
        self._images: dict[str, list[str]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._requests

    def add(self, name: str, *asked: Asked, images: Iterable[str] = ()) -> None:
        """Remark something."""
        self._requests.setdefault(name, []).extend(one.number for one in asked)
        self._images.setdefault(name, []).extend(images)

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong with how the client walks."""
        return any(_SEVERITY[name] == ERROR for name in self._requests)

    def remarks(self) -> tuple[Remark, ...]:
        """Give the remarks in the order of the table."""
        names = [name for name in _SEVERITY if name in self._requests]
        return tuple(Remark(name, tuple(self._requests[name]), tuple(self._images[name])) for name in names)


def _audited(walk: list[Asked]) -> Audit:
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


def _step(asked: Asked) -> Step:
    entry = asked.listed.entry
    return Step(entry.number, entry.method, entry.path, entry.query, entry.status, len(entry.ids))


def _follow(walk: list[Asked], found: _Found) -> None:
    """Remark what is wrong with the way from page to page."""
    first, end = walk[0], ""
    answered: dict[tuple[str, Question], int] = {}
    latest: Asked | None = None
    again: list[Asked] = []
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


def _compare_with_page_before(asked: Asked, latest: Asked | None, end: str, found: _Found) -> None:
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


def _compare(walk: list[Asked], found: _Found, *, is_whole: bool) -> None:
    """Remark the images that came twice or never, though the client did all right: the catalog moved.

    Missed is what the question lists in the catalog that the last page was answered from, and no page has shown: images
    that were new, and images that were put behind the place where the walk was.
    """
    pages: dict[str, tuple[str, Question]] = {}
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
    images = catalog.page(replace(query, marker=None, limit=len(catalog) + 1), view).images
    missed = [image.id for image in images if image.id not in pages]
    if missed:
        found.add("images-missed", last, images=missed)


def _was_begun(walk: list[Asked]) -> bool:
    """Whether there was a walk: a client whose question is refused has nothing to walk through."""
    status = walk[-1].listed.note.status
    is_refusal = 400 <= status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS
    return any(asked.paged for asked in walk) or not is_refusal


def _is_explained(walk: list[Asked], found: _Found) -> bool:
    """Whether another remark says already why a walk did not reach its last page."""
    is_refused_marker = "wrong-marker" in found and walk[-1].paged is None
    return "looped" in found or "numbered-pages" in found or is_refused_marker
