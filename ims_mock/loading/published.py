"""Published responses as catalogs: a list of images or one image, as the service or Glance shows them to a project.

What is computed is dropped. An image with links is complete: an attribute that it does not show has no value. An image
that another project shares is loaded as shared with the project that the response was shown to.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from ims_mock.catalog.attribute_defaults import DEFAULTED
from ims_mock.catalog.cloudimages import LISTS
from ims_mock.catalog.image import IMAGES_SCHEMA, links_of
from ims_mock.contract.values import Value
from ims_mock.loading.schema import ENVELOPE_KEYS, MEMBERS, SECTIONS
from ims_mock.text import quoted

Warnings = list[tuple[str, str]]  # keys, each with a warning

LINKS: Final = ("first", "next")  # of a list to its pages
MORE_PAGES: Final = "leads to more images; save the list with limit=1000, or load all of its pages together"

UNSET: Final[Mapping[str, None]] = dict.fromkeys(name for name in DEFAULTED if name != "__isregistered")
"""The attributes that have no default in a complete image. Glance does not know whether it is registered."""

_SHARED: Final = (
    "is loaded as shared by {owner} with {project}, which is assumed; how its owner sees it is unknown; "
    "if an admin read the response, name its members, or write project: {owner}"
)


def is_single_image(raw: object) -> bool:
    """Return whether a catalog is one image instead of a mapping with sections."""
    return isinstance(raw, Mapping) and "id" in raw and raw.keys().isdisjoint(SECTIONS)


def without_envelope(raw: Any) -> tuple[Any, Warnings, bool]:
    """Return a catalog without the keys that a published list has beside its images, warnings, and whether it has any.

    There is a warning for each of these keys that does not fit the images.
    """
    if not isinstance(raw, Mapping) or "images" not in raw or raw.keys().isdisjoint(ENVELOPE_KEYS):
        return raw, [], False
    images = raw["images"]
    last = images[-1] if isinstance(images, list | tuple) and images else None
    marker = str(last.get("id")) if isinstance(last, Mapping) else None
    legal = {
        "schema": (raw.get("schema") == IMAGES_SCHEMA, IMAGES_SCHEMA),
        "first": (_is_page(raw.get("first"), None), "the path of a list without a marker"),
        "next": (_is_page(raw.get("next"), marker), "the path of a list with the last image as its marker"),
    }
    warnings = [
        (name, f"{quoted(raw[name])} is ignored; it is not {what}")
        for name, (fits, what) in legal.items()
        if not fits and raw.get(name) is not None
    ]
    return {name: value for name, value in raw.items() if name not in ENVELOPE_KEYS}, warnings, True


def _is_page(link: object, marker: str | None) -> bool:
    path, _, query = str(link).partition("?")
    return path in LISTS and dict(parse_qsl(query)).get("marker") == marker


def list_of(links: Mapping[str, Any]) -> tuple[str, frozenset[tuple[str, str]]]:
    """Return what the pages of a list have in common: path and query, but not where a page begins or ends."""
    path, _, query = next((str(links[name]) for name in LINKS if name in links), "").partition("?")
    return path, frozenset(pair for pair in parse_qsl(query) if pair[0] not in ("marker", "limit"))


def without_links(raw: Any) -> tuple[Any, Warnings, bool]:
    """Return an image without its links, a warning for each that does not fit its id, and whether it is complete.

    It is complete if it has an id and a status, and its ``self`` and another link fit: a response showed it.
    """
    if not isinstance(raw, Mapping):
        return raw, [], False
    has_id, links = raw.get("id") is not None, links_of(raw.get("id"))
    given = {name: raw[name] for name in links if raw.get(name) is not None}
    odd = [name for name in given if given[name] != links[name]]
    warnings = []
    for name in odd:
        is_known = has_id or name == "schema"
        source = f"computed, as {links[name]}" if is_known else "computed from the id"
        warnings.append((name, f"{quoted(given[name])} is ignored; it is {source}"))
    fitting = given.keys() - odd
    is_complete = has_id and raw.get("status") is not None and "self" in fitting and len(fitting) > 1
    return {name: raw[name] for name in raw if name not in given}, warnings, is_complete


def project_shown_to(images: Iterable[Mapping[str, Value | None]]) -> str:
    """Return the project that published images were shown to: the one that owns all private ones; else empty."""
    owners = private_owners(images)
    return str(owners.pop() or "") if len(owners) == 1 else ""


def private_owners(images: Iterable[Mapping[str, Value | None]]) -> set[Value | None]:
    """Return the owners of the private images that nothing shows to be shared."""
    return {image.get("owner") for image in images if _is(image, "visibility", "private") and not _is_shared(image)}


def as_shared(image: Mapping[str, Value | None], project: str) -> tuple[Mapping[str, Any], str]:
    """Return a published image as it is stored if it was shown to a project, and a warning, or an empty text.

    A project sees private images of others only as a member. In Mitaka, Glance shows these as private too.
    """
    owner = image.get("owner")
    is_shared = _is_shared(image)
    if MEMBERS in image or owner is None or not (is_shared or _is(image, "visibility", "private")):
        return image, ""
    if owner == project:
        return image, "its members are unknown; name them as members" if is_shared else ""
    shared = {**image, "visibility": "shared", MEMBERS: {project: "accepted"}}
    return shared, _SHARED.format(owner=owner, project=project)


def _is_shared(image: Mapping[str, Value | None]) -> bool:
    is_public = _is(image, "visibility", "public")
    return _is(image, "visibility", "shared") or (_is(image, "__imagetype", "shared") and not is_public)


def _is(image: Mapping[str, Value | None], name: str, value: str) -> bool:
    return str(image.get(name)).lower() == value
