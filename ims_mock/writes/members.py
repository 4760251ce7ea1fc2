"""The members of an image: the projects it is shared with. The owner offers and withdraws, the member decides."""

from __future__ import annotations

from typing import Final

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import MEMBER_SCHEMA, Image, Membership
from ims_mock.catalog.visibility import View, visibility_of
from ims_mock.contract.fields import MEMBER_STATUSES
from ims_mock.contract.values import MAX_NAME, quoted
from ims_mock.errors import RequestError
from ims_mock.json_body import Part
from ims_mock.writes.permissions import found, is_own, must_own

MOST_MEMBERS: Final = 128
"""With as many projects an image may be shared (doc)."""


def shared(catalog: Catalog, view: View, image_id: str) -> Image:
    """Give an image that may have members.

    Raises:
        RequestError: there is none of this id for the caller, or it is a public one.
    """
    image = found(catalog, view, image_id, "image-with-parts")
    visibility = visibility_of(image)
    if visibility == "public":
        raise RequestError("public-shared", "the image", image_id, "an image that is not public")
    if view.is_queens and not view.shows_membership and visibility != "shared":
        raise RequestError("not-shared", "the image", image_id, "an image whose visibility is shared")
    return image


def listed(image: Image, view: View) -> list[dict[str, str]]:
    """List the members that the caller may know: the owner knows all, a member itself."""
    own = view.caller.project
    return [written(image, project) for project in image.members if is_own(image, view) or project == own]


def written(image: Image, project: str) -> dict[str, str]:
    """Write one membership as clients see it."""
    membership = image.members[project]
    created = _since(image, membership)
    return {
        "member_id": project,
        "image_id": image.id,
        "status": membership.status,
        "created_at": created,
        "updated_at": membership.updated_at or created,
        "schema": MEMBER_SCHEMA,
    }


def _since(image: Image, membership: Membership) -> str:
    """Tell when an image was offered; what a catalog says was so from the beginning."""
    return membership.created_at or image.text("created_at")


def known(image: Image, view: View, project: str) -> str:
    """Give a member that the caller may know.

    Raises:
        RequestError: the image has no such member, or it is another's.
    """
    if project not in image.members or not (is_own(image, view) or project == view.caller.project):
        raise RequestError(
            "member-missing", "the member", project, "a project that the image is shared with", image=image.id
        )
    return project


def project_of(body: Part) -> str:
    """Read which project an image is offered to, of ``{"member": PROJECT}``.

    Raises:
        RequestError: it names none.
    """
    project = _text(body, "member", "the id of a project", "Member to be added not specified")
    if not 1 <= len(project) <= MAX_NAME:
        legal = f"the id of a project, 1 to {MAX_NAME} characters"
        raise RequestError("member", legal=legal, what="member is empty or too long", says="Member can't be empty")
    return project


def status_of(body: Part) -> str:
    """Read what a member decides, of ``{"status": STATUS}``; a ``vault_id`` beside it is accepted (doc).

    Raises:
        RequestError: it is no status.
    """
    legal = f"one of {', '.join(MEMBER_STATUSES)}"
    status = _text(body, "status", legal, "Status not specified")
    if status not in MEMBER_STATUSES:
        says = 'Incorrect request: Status must be "pending", "accepted" or "rejected".'
        raise RequestError("member", legal=legal, what=f"status is {quoted(status)}", says=says)
    return status


def _text(body: Part, name: str, legal: str, says: str) -> str:
    """Give a text of the body; Glance has its own words where it is missing."""
    if name not in body.object():
        raise RequestError("member", legal=legal, what=f"{name} is missing", says=says)
    return body.part(name).text(legal)


# --- what is done ---------------------------------------------------------------------------------


def offered(image: Image, view: View, project: str, now: str) -> Image:
    """Share an image with a project, which then may accept it.

    Args:
        image: one that may have members.
        view: who asks.
        project: the new member.
        now: the time, in wire format.

    Raises:
        RequestError: the image is not the caller's, or can not be shared with this project.
    """
    must_own(image, view, "create", "members-not-own")
    if "service-rules" in view.profile:
        if project == image.get("owner"):
            raise RequestError("member-self", "member", project, "another project")
        if image.get("__system__cmkid") is not None:
            raise RequestError("encrypted-shared", "the image", image.id, "an image without __system__cmkid")
    if project in image.members:
        raise RequestError("member-duplicate", "member", project, "a project it is not shared with yet", image=image.id)
    if len(image.members) >= MOST_MEMBERS:
        attempted, most = str(len(image.members) + 1), str(MOST_MEMBERS)
        legal = f"at most {most} members"
        raise RequestError("members-full", "member", project, legal, image=image.id, attempted=attempted, most=most)
    return image.with_members({**image.members, project: Membership("pending", now, now)})


def decided(image: Image, view: View, project: str, status: str, now: str) -> Image:
    """Let a member accept an offer, reject it, or leave it pending.

    Args:
        image: one that may have members.
        view: who asks.
        project: the member.
        status: what it decides.
        now: the time, in wire format.

    Raises:
        RequestError: the image has no such member, or it is not the caller's to decide.
    """
    membership = image.members[known(image, view, project)]
    if project != view.caller.project and not view.caller.is_admin:
        legal = "the caller's own membership; the owner offers, and the member decides"
        raise RequestError("members-not-own", "the member", project, legal, act="update", image=image.id)
    return image.with_members({**image.members, project: Membership(status, _since(image, membership), now)})


def withdrawn(image: Image, view: View, project: str) -> Image:
    """Take back what was offered to a member, whatever it decided.

    Raises:
        RequestError: the image has no such member, or is not the caller's.
    """
    known(image, view, project)
    must_own(image, view, "delete", "members-not-own")
    return image.with_members({one: membership for one, membership in image.members.items() if one != project})
