"""Permissions: callers read the images that they see and change those of their own project; admins change all."""

from __future__ import annotations

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image
from ims_mock.catalog.visibility import View
from ims_mock.errors import RequestError


def find_image(catalog: Catalog, view: View, image_id: str, problem: str = "image") -> Image:
    """Return the image that a path names.

    Raises:
        RequestError: The image does not exist, is deleted or is not visible to the caller; the response does not tell
            which. The name of the error is ``problem``, because the message of Glance depends on the operation.
    """
    image = catalog.get(image_id)
    if image is None or image.is_deleted or not view.sees(image):
        raise RequestError(problem, "the image", image_id, "the id of an image that the caller can see")
    return image


def owns(view: View, image: Image) -> bool:
    """Return whether the caller may change an image. One without an owner can be changed only by admins (glance)."""
    return view.caller.is_admin or image.get("owner") == view.caller.project


def require_owner(view: View, image: Image, action: str, problem: str = "not-own") -> None:
    """Raise ``not-own``, or another error, if the caller may not do the action, named in the words of Glance."""
    if not owns(view, image):
        legal = "an image of the caller's own project"
        raise RequestError(problem, "the image", image.id, legal, act=action, image=image.id)
