"""Who sees which image, and as what: the rules of projects and members, for one caller.

The rules are those of Glance (Mitaka, or Queens for a newer ``X-Api-Version``); the departure
``shared-through-membership`` adds that members are shown ``shared`` and that a public image is never shared.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from ims_mock.image import Image
from ims_mock.profile import Profile

ADMIN: Final = "admin"
MEMBER: Final = "member"

_LONG: Final = 100
"""The view of a project whose id has more characters is not kept."""


class Caller(NamedTuple):
    """Who is asking: a project and the roles held in it."""

    project: str
    roles: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        """Whether the caller sees and may do all."""
        return ADMIN in self.roles

    @property
    def only_reads(self) -> bool:
        """Whether the caller may change nothing: a reader, or whoever has roles that nobody knows."""
        return not self.roles & {ADMIN, MEMBER}


def is_queens(api_version: str) -> bool:
    """Whether the header ``X-Api-Version`` asks for Queens, by a first letter after ``M``; anything else is Mitaka.

    The document compares whole values; that letters count in either case is assumed.
    """
    return "M" < api_version.strip()[:1].upper() <= "Z"


class Standing(NamedTuple):
    """What of an image decides whether a caller lists it.

    Attributes:
        visibility: the stored one, in lower case.
        is_own: whether the caller's project owns it.
        is_offered: whether it has any member.
        status: of the caller's own membership, ``None`` where there is none.
    """

    visibility: str
    is_own: bool
    is_offered: bool
    status: str | None


class View:
    """A catalog as one caller sees it, in one profile and one version of the API.

    Args:
        caller: who is asking.
        profile: how the service answers.
        is_queens: whether as in the Queens release of Glance, and not as in Mitaka.

    Attributes:
        shows_membership: whether members are shown an image as ``shared``.
        needs_registered: whether the service adds ``__isregistered=true`` to this caller's query.
    """

    __slots__ = ("caller", "is_queens", "needs_registered", "profile", "shows_membership")

    def __init__(self, caller: Caller, profile: Profile, *, is_queens: bool) -> None:
        self.caller, self.profile, self.is_queens = caller, profile, is_queens
        self.shows_membership = "shared-through-membership" in profile
        self.needs_registered = not caller.is_admin and "registered-only" in profile

    def __repr__(self) -> str:
        return f"View({self.caller}, {self.profile}, is_queens={self.is_queens})"

    def membership(self, image: Image) -> str | None:
        """Give the status of the caller's membership, ``None`` when there is none that counts."""
        membership = image.members.get(self.caller.project)
        if membership is None:
            return None
        is_own = image.get("owner") == self.caller.project
        return self._counted(membership.status, visibility_of(image), is_own=is_own)

    def _counted(self, status: str, stored: str, *, is_own: bool) -> str | None:
        """Give the status of a membership, ``None`` when it does not count."""
        if self.shows_membership:
            return None if is_own or self._is_open(stored) else status
        return None if self.is_queens and stored != "shared" else status

    def _is_open(self, stored: str) -> bool:
        """Whether everybody sees images of a visibility."""
        return stored == "public" or (self.is_queens and stored == "community")

    def has_guests(self, stored: str) -> bool:
        """Whether images of a visibility are shown ``shared`` to the caller as their member."""
        return self.shows_membership and not self.caller.is_admin and not self._is_open(stored)

    def shown(self, image: Image) -> Image:
        """Give the image as it is shown: ``shared`` to those who see it as its members."""
        is_member = self.caller.project in image.members
        return self.shown_to_guest(image) if is_member and self.has_guests(visibility_of(image)) else image

    def shown_to_guest(self, image: Image) -> Image:
        """Give an image as it is shown of which the caller is a member, and whose visibility has guests."""
        return image if image.get("owner") == self.caller.project else image.as_member

    def sees(self, image: Image) -> bool:
        """Whether the caller may see the image by its id, or use it as a marker."""
        owner = image.get("owner")
        if self.caller.is_admin or owner is None or owner == self.caller.project:
            return True
        return self._is_open(visibility_of(image)) or self.membership(image) is not None

    def admits(self, standing: Standing, visibility: str | None, member_status: str) -> bool:
        """Whether an image that stands so to the caller is in the caller's list.

        Args:
            standing: how it stands; dead images count only where they are asked for.
            visibility: the one asked for, ``None`` when none is; the empty one is in no list.
            member_status: the status a membership must have; ``all`` for any.
        """
        stored, is_own = standing.visibility, standing.is_own
        if self.caller.is_admin:
            if visibility == "shared" and not self.is_queens:
                return standing.is_offered and not (self.shows_membership and stored == "public")
            is_member = False
        else:
            status = standing.status and self._counted(standing.status, stored, is_own=is_own)
            is_member = status is not None and member_status in (status, "all")
            if visibility == "shared" and not self.is_queens:
                return is_member
            if not (is_own or is_member or self._is_open(stored)):
                return False
        if visibility is None:
            return not self.is_queens or stored != "community" or is_own
        if visibility == "private" and not self.is_queens and not self.shows_membership:
            return stored != "public"
        return visibility == ("shared" if is_member and self.shows_membership else stored)


def view_of(caller: Caller, profile: Profile, api_version: str) -> View:
    """Give the view of a caller; the same ones ask again and again.

    Args:
        caller: who is asking.
        profile: how the service answers.
        api_version: the header ``X-Api-Version``.
    """
    made = _view if len(caller.project) <= _LONG else _view.__wrapped__
    return made(caller, profile, is_queens(api_version))


@lru_cache(maxsize=256)
def _view(caller: Caller, profile: Profile, is_queens: bool) -> View:
    return View(caller, profile, is_queens=is_queens)


def visibility_of(image: Image) -> str:
    """Give the stored visibility in lower case: catalogs may hold documented values in any casing."""
    return image.text("visibility").lower()
