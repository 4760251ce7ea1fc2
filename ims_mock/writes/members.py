"""Members: the projects that an image is shared with. The owner adds and removes members; they accept or reject.

The functions raise :class:`RequestError` if a change is not allowed, and if the image has no such member or the caller
may not see it. ``view`` is the catalog as the caller sees it, ``now`` the time in wire format.
"""

from dataclasses import replace
from typing import Final

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import MEMBER_SCHEMA, Image, Membership
from ims_mock.catalog.visibility import View
from ims_mock.contract.fields import MEMBER_STATUSES
from ims_mock.contract.values import MAX_NAME
from ims_mock.errors import RequestError
from ims_mock.json_body import JsonValue
from ims_mock.text import quoted
from ims_mock.writes.validation import find_image, owns, require_owner

MAX_MEMBERS: Final = 128  # of an image (doc)


def find_shareable_image(catalog: Catalog, view: View, image_id: str) -> Image:
    """Return an image that the caller sees and that can have members."""
    image = find_image(catalog, view, image_id, "image-with-parts")
    visibility = image.visibility
    if visibility == "public":
        raise RequestError("public-shared", "the image", image_id, "an image that is not public")
    if view.is_queens and not view.shows_membership and visibility != "shared":
        raise RequestError("not-shared", "the image", image_id, "an image whose visibility is shared")
    return image


def list_members(image: Image, view: View) -> list[dict[str, str]]:
    """Return the members that the caller may see: the owner sees all, a member only itself."""
    return [show_member(image, project) for project in image.members if _sees(view, image, project)]


def find_member(image: Image, view: View, project: str) -> Membership:
    """Return a membership that the caller may see."""
    if project not in image.members or not _sees(view, image, project):
        legal = "a project that the image is shared with"
        raise RequestError("member-missing", "the member", project, legal, image=image.id)
    return image.members[project]


def _sees(view: View, image: Image, project: str) -> bool:
    return owns(view, image) or project == view.caller.project


def show_member(image: Image, project: str) -> dict[str, str]:
    """Return a membership as responses show it."""
    membership = image.members[project]
    created_at = membership.created_at or image.text("created_at")  # one of a catalog file is as old as its image
    return {
        "member_id": project,
        "image_id": image.id,
        "status": membership.status,
        "created_at": created_at,
        "updated_at": membership.updated_at or created_at,
        "schema": MEMBER_SCHEMA,
    }


# --- request bodies


def parse_member(body: JsonValue) -> str:
    """Parse the project of ``{"member": PROJECT}``."""
    project = _text(body, "member", "the id of a project", "Member to be added not specified")
    if not 1 <= len(project) <= MAX_NAME:
        legal = f"the id of a project, 1 to {MAX_NAME} characters"
        raise RequestError("member", legal=legal, what="member is empty or too long", says="Member can't be empty")
    return project


def parse_status(body: JsonValue) -> str:
    """Parse the status of ``{"status": STATUS}``; a ``vault_id`` beside it is ignored (doc)."""
    legal = f"one of {', '.join(MEMBER_STATUSES)}"
    status = _text(body, "status", legal, "Status not specified")
    if status not in MEMBER_STATUSES:
        glance = 'Incorrect request: Status must be "pending", "accepted" or "rejected".'
        raise RequestError("member", legal=legal, what=f"status is {quoted(status)}", says=glance)
    return status


def _text(body: JsonValue, name: str, legal: str, glance: str) -> str:
    """Return a text of the body; if it is missing, Glance answers with its own message."""
    if name not in body.object():
        raise RequestError("member", legal=legal, what=f"{name} is missing", says=glance)
    return body.member(name).text(legal)


# --- changes


def add_member(image: Image, view: View, project: str, now: str) -> Image:
    """Return the image shared with a project, whose membership is pending; only its owner can share it."""
    require_owner(view, image, "create", "members-not-own")
    if "service-rules" in view.profile:
        if project == image.get("owner"):
            raise RequestError("member-self", "member", project, "another project")
        if image.get("__system__cmkid") is not None:
            raise RequestError("encrypted-shared", "the image", image.id, "an image without __system__cmkid")
    if project in image.members:
        raise RequestError("member-duplicate", "member", project, "another project", image=image.id)
    if len(image.members) >= MAX_MEMBERS:
        attempted, limit = str(len(image.members) + 1), str(MAX_MEMBERS)
        legal = f"at most {limit} members"
        raise RequestError("members-full", legal=legal, image=image.id, attempted=attempted, most=limit)
    return replace(image, members={**image.members, project: Membership("pending", now, now)})


def set_member_status(image: Image, view: View, project: str, status: str, now: str) -> Image:
    """Return the image after a member, or an admin, set the status of the membership."""
    membership = find_member(image, view, project)
    if project != view.caller.project and not view.caller.is_admin:
        legal = "the caller's own membership; only the member changes its status"
        raise RequestError("members-not-own", "the member", project, legal, act="update", image=image.id)
    decided = Membership(status, membership.created_at or image.text("created_at"), now)
    return replace(image, members={**image.members, project: decided})


def remove_member(image: Image, view: View, project: str) -> Image:
    """Return the image without a member; only its owner can remove it."""
    find_member(image, view, project)
    require_owner(view, image, "delete", "members-not-own")
    return replace(image, members={one: member for one, member in image.members.items() if one != project})
