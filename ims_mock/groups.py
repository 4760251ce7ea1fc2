"""Images grouped by what decides whether a caller lists them: one byte an image, one verdict a group.

Of most groups the verdict is the same for all images, whoever owns them and whatever their members are. So a list is
walked without looking at each image; only where the verdict depends on owner or members the image itself is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

from ims_mock.columns import rows
from ims_mock.conditions import Condition, Equals
from ims_mock.fields import BY_NAME, MEMBER_STATUSES
from ims_mock.image import NO_MEMBERS, Image
from ims_mock.query import REGISTERED, ListQuery
from ims_mock.tenancy import Standing, View

NO, YES, ASK = range(3)
"""What a group's byte in a table says: none of its images is listed, each is, or the image must be asked."""

_OTHER: Final = "?"
"""Stands for every visibility that nobody knows, and nobody can ask for."""

_VISIBILITIES: Final = ("public", "private", "shared", "community", _OTHER)
_STATUSES: Final = ("deleted", "killed", None)
_REGISTERED: Final = ("exactly", "folded", None)
_GROUPS: Final = tuple(product(_VISIBILITIES, _STATUSES, _REGISTERED, (False, True)))
"""Visibility, dead status, whether it is registered, and whether it has members, of each group by its number."""

_NUMBERS: Final = {group: number for number, group in enumerate(_GROUPS)}
_NAME, _VALUE = REGISTERED
_MOST: Final = 1_000
_DEAD: Final = frozenset(filter(None, _STATUSES))


class _Groups(dict[tuple[object, ...], tuple[int, int]]):
    """The groups of images by stored visibility, status and registration: of those without members, and with some."""

    def __missing__(self, stored: tuple[object, ...]) -> tuple[int, int]:
        visibility, status, registered = map(str, stored)
        is_folded = BY_NAME[_NAME].fold(registered) == _VALUE
        group = (
            visibility if (visibility := visibility.lower()) in _VISIBILITIES else _OTHER,
            status if (status := status.lower()) in _DEAD else None,
            "exactly" if registered == _VALUE else "folded" if is_folded else None,
        )
        numbers = _NUMBERS[(*group, False)], _NUMBERS[(*group, True)]
        if len(self) < _MOST:  # few spellings of them are ever stored
            self[stored] = numbers
        return numbers


_groups: Final = _Groups()


def groups_of(images: Sequence[Image]) -> Iterator[int]:
    """Give the number of the group of each image, less than 256."""
    for stored, image in zip(rows(images, "visibility", "status", _NAME), images, strict=True):
        yield _groups[stored][image.members is not NO_MEMBERS]


def registration(condition: Condition) -> str | None:
    """Tell how a condition wants an image to be registered, ``None`` when it is about something else."""
    if isinstance(condition, Equals) and condition.name == _NAME and condition.values == {_VALUE}:
        return "folded" if condition.folded else "exactly"
    return None


class Verdicts:
    """Which images are listed to those who ask the same, whatever their project.

    Args:
        query: what is asked; its conditions do not count.
        view: who asks; of the caller only counts whether it is an admin.
        registered: how an image must be registered, as :func:`registration` tells it; ``None`` when it need not be.

    Attributes:
        table: the verdict on each group, a byte each: none of its images is listed, each is, or that depends on who
            owns it and who its members are.
        guests: 1 for each group whose images are shown otherwise to the caller as their member, and 0 for each other.
    """

    def __init__(self, query: ListQuery, view: View, registered: str | None) -> None:
        self._query, self._view, self._registered = query, view, registered
        self._known: dict[tuple[int, str | None, bool], bool] = {}
        self.table = bytes(map(self._verdict, range(len(_GROUPS)))).ljust(256, bytes([NO]))
        guests = [is_offered and view.has_guests(visibility) for visibility, _, _, is_offered in _GROUPS]
        self.guests = bytes(guests).ljust(256, b"\0")

    def admit(self, number: int, status: str | None, *, is_own: bool) -> bool:
        """Tell whether an image is listed to a project.

        Args:
            number: that of the image's group.
            status: of the project's membership, ``None`` where there is none.
            is_own: whether the project owns the image.
        """
        known = self._known.get((number, status, is_own))
        if known is None:
            visibility, _, _, is_offered = _GROUPS[number]
            standing = Standing(visibility, is_own=is_own, is_offered=is_offered, status=status)
            known = self._view.admits(standing, self._query.visibility, self._query.member_status)
            self._known[number, status, is_own] = known
        return known

    def _verdict(self, number: int) -> int:
        _, status, is_registered, is_offered = _GROUPS[number]
        if status is not None and status not in self._query.dead:
            return NO
        if self._registered is not None and is_registered not in ("exactly", self._registered):
            return NO
        statuses = (None, *MEMBER_STATUSES) if is_offered else (None,)
        found = {self.admit(number, one, is_own=is_own) for one in statuses for is_own in (False, True)}
        return ASK if len(found) > 1 else YES if found.pop() else NO


_verdicts: dict[tuple[object, ...], Verdicts] = {}


def verdicts(query: ListQuery, view: View, registered: str | None) -> Verdicts:
    """Give the verdicts; there are few, since few things count."""
    key = (
        view.caller.is_admin, view.is_queens, view.shows_membership,
        query.visibility, query.member_status, query.dead, registered,
    )  # fmt: skip
    found = _verdicts.get(key)
    if found is None:
        found = _verdicts[key] = Verdicts(query, view, registered)
    return found
