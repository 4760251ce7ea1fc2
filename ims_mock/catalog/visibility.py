"""Visibility: which images a caller sees, and how they are shown.

The rules are those of Glance: its release Mitaka, or Queens if the request asks for it with ``X-Api-Version``. The
departure ``shared-through-membership`` adds that members are shown ``shared`` and that a public image is never shared.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from ims_mock.catalog.filters import Condition, Filter
from ims_mock.catalog.image import Image
from ims_mock.contract.fields import QUEENS_VISIBILITIES
from ims_mock.contract.profiles import Profile

ADMIN: Final = "admin"
MEMBER: Final = "member"


class Caller(NamedTuple):
    """The sender of a request: a project and the roles held in it."""

    project: str
    roles: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        """Whether the caller sees every image and may do everything."""
        return ADMIN in self.roles

    @property
    def only_reads(self) -> bool:
        """Whether the caller may change nothing: it has neither of the roles ``admin`` and ``member``."""
        return not self.roles & {ADMIN, MEMBER}


def is_queens(api_version: str) -> bool:
    """Return whether a value of ``X-Api-Version`` asks for Queens: it begins with a letter after ``M``.

    Any other value means Mitaka. The document compares whole values; that case does not matter is assumed.
    """
    return "M" < api_version.strip()[:1].upper() <= "Z"


@dataclass(frozen=True)
class View:
    """A catalog as one caller sees it, in one profile and one version of the API: Queens or Mitaka."""

    caller: Caller
    profile: Profile
    is_queens: bool

    @cached_property
    def shows_membership(self) -> bool:
        """Whether members are shown an image as ``shared``."""
        return "shared-through-membership" in self.profile

    @cached_property
    def needs_registered(self) -> bool:
        """Whether the service adds ``__isregistered=true`` to the caller's query."""
        return not self.caller.is_admin and "registered-only" in self.profile

    def sees(self, image: Image) -> bool:
        """Return whether the caller may see the image by its id, or use it as a marker."""
        owner = image.get("owner")
        if self.caller.is_admin or owner is None or owner == self.caller.project:
            return True
        return self._is_open(image.visibility) or self.membership(image) is not None

    def membership(self, image: Image) -> str | None:
        """Return the status of the caller's membership, or ``None`` if there is none that counts."""
        membership = image.members.get(self.caller.project)
        if membership is None:
            return None
        if self.shows_membership:
            is_own = image.get("owner") == self.caller.project
            return None if is_own or self._is_open(image.visibility) else membership.status
        return None if self.is_queens and image.visibility != "shared" else membership.status

    def shown(self, image: Image) -> Image:
        """Return the image as the caller is shown it: to a member as ``shared``, in Mitaka to others as ``private``."""
        if self.shows_membership and not self.caller.is_admin and self.membership(image) is not None:
            return image.as_shared
        if not self.is_queens and image.visibility in QUEENS_VISIBILITIES:
            return image.as_private
        return image

    def is_member(self, image: Image, member_status: str) -> bool:
        """Return whether the caller has a membership with a status; ``all`` stands for any."""
        status = self.membership(image)
        return status is not None and member_status in (status, "all")

    def _is_open(self, stored: str) -> bool:
        """Return whether images of a visibility are visible to every project."""
        return stored == "public" or (self.is_queens and stored == "community")


# --- conditions of a list query


@dataclass(frozen=True)
class IsVisible(Condition):
    """The image is public, the caller's own or shared with the caller. An admin sees all images."""

    view: View
    member_status: str = "accepted"  # that a membership must have; "all" for any
    with_community: bool = False  # whether community images of other projects count, which only Queens has

    def matches(self, image: Image) -> bool:
        caller = self.view.caller
        if image.get("owner") == caller.project:
            return True
        if self.view.is_queens and image.visibility == "community":
            return self.with_community
        return caller.is_admin or image.visibility == "public" or self.view.is_member(image, self.member_status)

    def __str__(self) -> str:
        caller, community = self.view.caller, "community, " if self.with_community else ""
        if caller.is_admin:
            other = " other than community images of other projects"
            is_limited = self.view.is_queens and not self.with_community
            return f"the image is visible to an admin of project {caller.project} (any image{other * is_limited})"
        shared = "shared with it" + (f" as {self.member_status!r}" if self.member_status != "all" else "")
        return f"the image is visible to project {caller.project} (public, {community}owned by it, or {shared})"

    def actual(self, image: Image) -> str:
        status, owner = self.view.membership(image), image.get("owner")
        share = "it is not shared with the project" if status is None else f"the membership is {status!r}"
        return f"visibility is {image.visibility!r}, owner is {'absent' if owner is None else repr(owner)}, and {share}"


@dataclass(frozen=True)
class HasVisibility(Condition):
    """The image is shown with a visibility; an empty one matches no image.

    In Mitaka, ``shared`` stands for the images that are shared with the caller, or with any project for an admin. The
    service itself shows the visibility ``shared``.
    """

    view: View
    visibility: str
    member_status: str = "accepted"

    @property
    def _means_membership(self) -> bool:
        return self.visibility == "shared" and not self.view.is_queens and not self.view.shows_membership

    def matches(self, image: Image) -> bool:
        if not self._means_membership:
            return self.visibility == self.view.shown(image).visibility
        return bool(image.members) if self.view.caller.is_admin else self.view.is_member(image, self.member_status)

    def __str__(self) -> str:
        if not self.visibility:
            return "no image matches the requested visibility"
        if not self._means_membership:
            return f"visibility is shown as {self.visibility!r}"
        return "the image is shared with " + ("a project" if self.view.caller.is_admin else "the project")

    def actual(self, image: Image) -> str:
        if self._means_membership:
            return f"its members are {', '.join(image.members)}" if image.members else "it has no members"
        return f"visibility is shown as {self.view.shown(image).visibility!r}"


@dataclass(frozen=True)
class AsShown(Condition):
    """The image as it is shown to the caller matches another condition."""

    view: View
    condition: Condition

    def matches(self, image: Image) -> bool:
        return self.condition.matches(self.view.shown(image))

    def actual(self, image: Image) -> str:
        return self.condition.actual(self.view.shown(image))

    def __str__(self) -> str:
        return str(self.condition)


def as_shown(view: View, condition: Filter) -> Condition:
    """Return a condition that tests an image as it is shown, if that can differ from the stored one."""
    return AsShown(view, condition) if condition.name in ("visibility", "__imagetype") else condition
