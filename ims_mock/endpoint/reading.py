"""The images of a real endpoint, read page by page, and the content of a catalog file that lists the same images."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

from ims_mock.catalog.attribute_defaults import DEFAULTED
from ims_mock.catalog.image import IMAGES_PATH, links_of
from ims_mock.contract.fields import DEAD_STATUSES
from ims_mock.contract.parameters import LIMIT_CAP
from ims_mock.endpoint.endpoint import Endpoint
from ims_mock.endpoint.transport import Answer, EndpointError
from ims_mock.loading.published import as_shared, project_shown_to
from ims_mock.loading.schema import AGE_HINT, MEMBERS, SchemaError, read_image
from ims_mock.loading.sources import format_path
from ims_mock.text import quoted

MAX_MB: Final = 24
LIMITS: Final = {"images": 20_000, "bytes": MAX_MB * 2**20, "values": 500_000, "pages": 500}
"""What a whole reading is limited to; an endpoint that returns ever more pages would not end otherwise."""

SECRET_ATTRIBUTES: Final = frozenset({"direct_url", "locations"})  # addresses of an image's data, maybe with secrets
DROPPED: Final = frozenset({*links_of(""), *SECRET_ATTRIBUTES, MEMBERS})  # attributes that no catalog has
MEMBERSHIPS: Final = ("pending", "rejected")
_NARROWED: Final = frozenset({"member_status", "status", "visibility"})
_NOT_LISTED: Final = frozenset({400, 403, 404})

Shown = dict[str, Any]  # an image as the endpoint shows it
Query = Sequence[tuple[str, str]]


@dataclass
class Reading:
    """The images of an endpoint, as it shows them."""

    project: str = ""  # that they are shown to; empty if it cannot be determined
    listed: list[Shown] = field(default_factory=list)  # the default list, or what a query narrows it to
    pending: dict[str, list[Shown]] = field(default_factory=dict)
    """Further images that are shared with the project, but not accepted, by the status of the membership."""

    dead: list[Shown] = field(default_factory=list)  # further images that are listed only if their status is asked for
    members: dict[str, str] = field(default_factory=dict)
    """The statuses of memberships that are not accepted, by the ids of public images in the default list."""

    query: Query = ()  # the filters of all lists

    def images(self) -> Iterator[Shown]:
        """Return all images, each as the entry of a catalog file."""
        lists = [("accepted", self.listed), *self.pending.items(), ("accepted", self.dead)]
        for status, images in lists:
            for image in images:
                values = {name: value for name, value in image.items() if name not in DROPPED}
                absent = {name: None for name in DEFAULTED if name not in values}
                entry = dict(as_shared({**values, **absent}, self.project)[0])
                member = self.members.get(image["id"], status)
                if MEMBERS in entry or (member != status and entry["owner"] != self.project):
                    entry[MEMBERS] = {self.project: member}
                yield entry

    def catalog(self) -> dict[str, Any]:
        """Return the content of a catalog file that lists the same images for the project."""
        return {"project": self.project, "projects": [{"id": self.project}], "images": [*self.images()]}


def read(endpoint: Endpoint, query: Query, report: Callable[[str, int, int], None]) -> Reading:
    """Read the default list of images, and the lists of pending, rejected and dead ones that the endpoint offers.

    Args:
        endpoint: The real endpoint.
        query: Filters of all lists. With one that the further lists are made of, only the first list is read.
        report: Called with what is being done, the number of images so far and 0, since their total is unknown.
    """
    walks = _Walks(endpoint, report)
    reading = Reading(listed=walks.read(query, is_optional=False), query=query)
    names = dict(query)
    if not names.keys() & _NARROWED:
        known = {image["id"]: image for image in reading.listed}
        for status in MEMBERSHIPS:
            found = walks.read([*query, ("visibility", "shared"), ("member_status", status)])
            public = {one["id"] for one in found if is_public(known.get(one["id"], {}))}
            reading.members |= dict.fromkeys(public, status)
            reading.pending[status] = [one for one in found if one["id"] not in known]
            known |= {one["id"]: one for one in found}
        for status in sorted(DEAD_STATUSES):
            found = walks.read([*query, ("status", status)])
            reading.dead += [one for one in found if one["id"] not in known and one.get("status") == status]
    elif (status := names.get("member_status", "")) in MEMBERSHIPS:
        reading.pending, reading.listed = {status: reading.listed}, []
    reading.project = endpoint.credentials.project or project_shown_to([*reading.listed, *reading.dead])
    return reading


class _Walks:
    def __init__(self, endpoint: Endpoint, report: Callable[[str, int, int], None]) -> None:
        self._endpoint, self._report = endpoint, report
        self._totals: Counter[str] = Counter()

    def read(self, query: Query, *, is_optional: bool = True) -> list[Shown]:
        """Return the images of a list; none if it is optional and not offered."""
        images: dict[str, Shown] = {}
        target = f"{IMAGES_PATH}?{urlencode([('limit', str(LIMIT_CAP)), *query])}"
        while target:
            answer = self._endpoint.get(target)
            if is_optional and not images and answer.status in _NOT_LISTED:
                break
            page, target = self._page(answer)
            for image in page:
                if images.setdefault(image["id"], image) is not image:
                    raise EndpointError(f"{answer}: image {quoted(image['id'])} is repeated, so the list has a loop.")
            self._totals.update(images=len(page), bytes=len(answer.body), values=answer.values, pages=1)
            self._report("reading images", self._totals["images"], 0)
            if any(self._totals[name] > most for name, most in LIMITS.items()):
                most = f"{LIMITS['images']} images, {MAX_MB} MB, {LIMITS['values']} values and {LIMITS['pages']} pages"
                raise EndpointError(f"{answer}: the list does not end within {most}. Narrow the list with --query.")
            if target and not page:
                raise EndpointError(f"{answer}: no image, but a next page, so the list has a loop.")
        return [*images.values()]

    def _page(self, answer: Answer) -> tuple[list[Shown], str]:
        if answer.status != 200:
            raise EndpointError(f"{answer}{answer.explanation}.")
        page = answer.json
        images = page.get("images") if isinstance(page, dict) else None
        if not isinstance(images, list):
            raise EndpointError(f"{answer}: the JSON is not an object with a list of images.")
        for image in images:
            shown = image.get("id") if isinstance(image, dict) else None
            if not isinstance(shown, str) or not shown:
                raise EndpointError(f"{answer}: an image has no id.")
            try:
                read_image({name: value for name, value in image.items() if name not in DROPPED})
            except SchemaError as error:
                path, message = error.problems[0]
                message = message.removesuffix(AGE_HINT)
                raise EndpointError(f"{answer}: image {quoted(shown)}: {format_path(path)}: {message}.") from None
        return images, self._next_target(answer, page.get("next"))

    def _next_target(self, answer: Answer, link: object) -> str:
        """Return the target of the next page: on this endpoint, with the query of the link as it is."""
        if link in (None, ""):
            return ""
        url, text = self._endpoint.url, str(link)
        with suppress(ValueError):
            parts = urlsplit(urljoin(url.geturl(), text))
            is_plain = text.isascii() and text.isprintable() and " " not in text
            if is_plain and parts[:2] == url[:2] and parts.path in (IMAGES_PATH, url.path + IMAGES_PATH):
                return f"{IMAGES_PATH}?{parts.query}"
        raise EndpointError(f"{answer}: next {quoted(link)} is no page of {IMAGES_PATH} on this endpoint.")


def is_public(image: Mapping[str, Any]) -> bool:
    """Return whether an image is visible to every project."""
    return str(image.get("visibility")).lower() == "public"
