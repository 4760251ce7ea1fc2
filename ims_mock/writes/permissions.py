"""Who may do what with one image: whoever sees it looks at it, its owner changes it, an admin may do all."""

from __future__ import annotations

from typing import Final

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image
from ims_mock.catalog.visibility import View
from ims_mock.errors import RequestError

LEGAL_ID: Final = "the id of an image that the caller may see"


def found(catalog: Catalog, view: View, image_id: str, problem: str = "image") -> Image:
    """Give the image of a path.

    Args:
        catalog: where it is looked for.
        view: who asks.
        image_id: its id.
        problem: the name of the error where there is none; Glance has other words in each place.

    Raises:
        RequestError: it is unknown, deleted, or not the caller's to see; which of them, nobody learns.
    """
    image = catalog.get(image_id)
    if image is None or image.is_deleted or not view.sees(image):
        raise RequestError(problem, "the image", image_id, LEGAL_ID)
    return image


def is_own(image: Image, view: View) -> bool:
    """Whether the caller may change the image; one without an owner is only an admin's to change (glance)."""
    return view.caller.is_admin or image.get("owner") == view.caller.project


def must_own(image: Image, view: View, act: str, problem: str = "not-own") -> None:
    """Refuse whoever may not change the image.

    Args:
        image: one that the caller sees.
        view: who asks.
        act: what was to be done, in Glance's words.
        problem: the name of the error.

    Raises:
        RequestError: the image is another project's.
    """
    if not is_own(image, view):
        raise RequestError(
            problem, "the image", image.id, "an image of the caller's own project", act=act, image=image.id
        )
