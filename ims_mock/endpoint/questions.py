"""The table of questions that ``ims-mock verify`` asks: one rule, departure or assumption of the emulator per row.

A question is a request whose answer is compared with that of the emulator, which has the same images. What it needs of
the images is a placeholder in the request, or the name of one in ``needs``; :data:`VALUES` finds it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from typing import Final
from urllib.parse import quote

from ims_mock.catalog.image import IMAGES_PATH
from ims_mock.contract.fields import BY_NAME, FIELDS
from ims_mock.contract.parameters import DEFAULT_LIMIT, LIMIT_CAP
from ims_mock.contract.values import TEXT, parse_wire_time, wire_time
from ims_mock.endpoint.reading import Reading, is_public

RULE, ASSUMPTION = ("rule", "assumption")
WALK_PAGES: Final = 5
_UNUSED_ID: Final = "5d1f8c3e-7b1a-4c55-9e0f-2f6f4e9c7a10"


class Sample:
    """The images that questions are made of, and the id of one that the caller must not see, or an empty text."""

    def __init__(self, reading: Reading, foreign: str = "") -> None:
        self.reading, self.foreign, self.images = reading, foreign, reading.listed
        self.left = [image["id"] for images in reading.pending.values() for image in images]
        self.dead = [image["id"] for image in reading.dead if image.get("status") == "deleted"]
        names = (str(image.get("name")) for image in self.images)
        self.names = Counter(name for name in names if re.fullmatch(r"[A-Za-z][\w. -]*", name, re.ASCII))
        times = (str(image.get("created_at")) for image in self.images)
        self.times = sorted(time for time in times if re.fullmatch(r"[12][0-9]{3}-[0-9-]{5}T[0-9:]{8}Z", time))
        self.middle = self.times[len(self.times) // 2] if len(set(self.times)) > 1 else None
        self.tags = [[tag for tag in image.get("tags") or () if tag and tag == tag.strip()] for image in self.images]
        foreigners = (image for image in self.images if image.get("owner") not in (None, reading.project))
        self.shared = [image for image in foreigners if not is_public(image)]


def _swapped_name(sample: Sample) -> str | None:
    names = {str(image.get("name")) for image in sample.images}
    return next((name.swapcase() for name in sample.names if name.swapcase() not in names), None)


def _other_case(sample: Sample) -> str | None:
    """Return a filter by a documented value in lower case that is stored in another case."""
    rows = sorted((one for one in FIELDS if one.values and one.filterable), key=lambda one: one.name != "__os_type")
    for row in rows:
        for value in {str(image[row.name]) for image in sample.images if image.get(row.name)} & {*row.values}:
            if row.type is TEXT and row.name != "visibility" and value != value.lower() and not row.spellings:
                return f"{row.name}={quote(value.lower())}"
    return None


def _other_spelling(sample: Sample) -> str | None:
    """Return a filter by the spelling of a platform that is not stored."""
    platform = BY_NAME["__platform"]
    stored = {str(image.get(platform.name)) for image in sample.images}
    for known in (*platform.values, *platform.seen_values):
        same = {one for one in (*platform.values, *platform.seen_values) if platform.fold(one) == platform.fold(known)}
        if known in stored and (others := same - stored):
            return f"{platform.name}={quote(others.pop())}"
    return None


def _splitting(sample: Sample) -> str | None:
    """Return a filter and the marker of an image outside it, which has matching images before and after it."""
    for name in ("__os_type", "__platform", "disk_format", "__imagetype"):
        positions: dict[str, list[int]] = {}
        for position, image in enumerate(sample.images):
            positions.setdefault(str(image.get(name)), []).append(position)
        for value, found in positions.items():
            if value != "None" and (outside := next((a + 1 for a, b in pairwise(found) if b > a + 1), 0)):
                return f"{name}={quote(value)}&marker={quote(sample.images[outside]['id'])}"
    return None


def _old_tag(sample: Sample) -> str | None:
    tags = (tag for tags in sample.tags for tag in tags)
    return next((tag.replace(".", "=", 1) for tag in tags if "." in tag.strip(".") and "=" not in tag), None)


def _tag(sample: Sample, position: int) -> str | None:
    pairs = [sorted(tags, key=lambda tag: "=" in tag)[-2:] for tags in sample.tags if len(tags) > 1]
    return max(pairs, key=lambda pair: "=" in pair[1])[position] if pairs else None


def _several(sample: Sample, name: str) -> bool:
    return len({str(image.get(name)) for image in sample.images}) > 1


def _nth(values: Iterable[str], position: int) -> str | None:
    return dict(enumerate(values)).get(position)


VALUES: Final[Mapping[str, tuple[Callable[[Sample], str | bool | None], str]]] = {
    "first": (lambda s: _nth((one["id"] for one in s.images[:1]), 0), "there is no image"),
    "last": (lambda s: _nth((one["id"] for one in s.images[-1:]), 0), "there is no image"),
    "unused": (lambda s: _UNUSED_ID, ""),
    "left": (lambda s: _nth(s.left, 0), "no shared image is pending or rejected"),
    "dead": (lambda s: _nth(s.dead, 0), "no deleted image is listed, and an empty list proves nothing"),
    "foreign": (lambda s: s.foreign, "no --foreign-image is given"),
    "name": (lambda s: _nth(s.names, 0), "no image has a plain name"),
    "name_count": (lambda s: _nth(map(str, s.names.values()), 0), "no image has a plain name"),
    "other_name": (lambda s: _nth(s.names, 1), "there are no two plain names"),
    "swapped_name": (_swapped_name, "no name has letters of a single case"),
    "splitting": (_splitting, "no filter has images before and after another image"),
    "tag": (lambda s: _tag(s, 0), "no image has two tags"),
    "raw_tag": (lambda s: _tag(s, 1), "no image has two tags"),
    "raw_old_tag": (_old_tag, "no image has a tag in the old form a.b"),
    "other_case": (_other_case, "no documented value is stored with capital letters"),
    "other_spelling": (_other_spelling, "no image has a platform of two spellings, such as Red Hat"),
    "middle": (lambda s: s.middle, "all images are of one second"),
    "middle_lower": (lambda s: s.middle and s.middle.lower(), "all images are of one second"),
    "middle_east": (lambda s: s.middle and wire_time(parse_wire_time(s.middle) + timedelta(hours=8)).rstrip("Z") + "+08:00", "all images are of one second"),
    "quarter": (lambda s: 3 < len(s.images) <= 4 * LIMIT_CAP and str(-(-len(s.images) // 4)), "there are too few images, or too many"),
    "over a page": (lambda s: len(s.images) > DEFAULT_LIMIT, f"there are no more than {DEFAULT_LIMIT} images"),
    "tied": (lambda s: len(set(s.times)) < len(s.times), "no two images are of one second"),
    "unsized": (lambda s: any(image.get("size") is None for image in s.images), "all images have a size"),
    "shared": (lambda s: bool(s.shared), "no listed image is shared with the caller"),
    "names": (lambda s: _several(s, "name"), "all images have one name"),
    "disk formats": (lambda s: _several(s, "disk_format"), "all images have one disk_format"),
    "updates": (lambda s: _several(s, "updated_at"), "all images were updated in one second"),
}  # fmt: skip
"""What questions need of the images: how it is found, and the reason if there is none.

The value of a placeholder is encoded for a query, in a name with ``raw_`` except for ``=``.
"""

_ENCODED: Final = ("splitting", "other_case", "other_spelling")  # filters, which are encoded already


class CannotTellError(Exception):
    """A question has no answer; the message is the reason."""


def find(sample: Sample, name: str) -> str:
    """Return the value of a placeholder; raise :class:`CannotTellError` if there is none."""
    function, reason = VALUES[name]
    value = function(sample)
    if not value:
        raise CannotTellError(reason)
    return str(value) if name in _ENCODED else quote(str(value), safe="=" if name.startswith("raw_") else "")


@dataclass(frozen=True)
class Request:
    """One request; an anonymous one is sent without credentials."""

    target: str  # path and query; in the table only the query if the path is that of the image list
    headers: tuple[tuple[str, str | None], ...] = ()  # that differ from those of other requests; None leaves one out
    is_anonymous: bool = False
    pages: int = 1  # that are read by following next
    is_control: bool = field(default=False, compare=False)  # for alike only; its answer is compared by another question

    def filled(self, sample: Sample) -> "Request":
        """Return the request with its whole target and the values of its placeholders."""
        target = re.sub(r"\{(\w+)\}", lambda match: find(sample, match[1]), self.target)
        return replace(self, target=target if target.startswith("/") else f"{IMAGES_PATH}?{target}".rstrip("?"))


@dataclass(frozen=True)
class Question:
    """A row of the table."""

    name: str
    tests: str  # RULE, ASSUMPTION or the name of the departure that it tests
    claim: str  # what is true if the answers agree, and refuted if they differ
    requests: tuple[Request, ...]
    compare: tuple[str, ...]  # names of ims_mock.endpoint.comparison.PARTS
    needs: tuple[str, ...] = ()  # what the images must have, besides the placeholders: names of VALUES
    after: str = ""  # a question: if it differs, or the profile lacks its departure, this one tells nothing
    alike: str = ""  # the reason why several answers with the same status tell nothing, if there is one
    only_refutes: str = ""  # the reason why equal answers prove nothing, if there is one

    @property
    def departure(self) -> str:
        """The departure that it tests, or an empty text."""
        return self.tests if self.tests not in (RULE, ASSUMPTION) else ""

    def filled(self, sample: Sample) -> tuple[Request, ...]:
        """Return the requests for a sample; raise :class:`CannotTellError` if they cannot be made."""
        for name in self.needs:
            find(sample, name)
        return tuple(request.filled(sample) for request in self.requests)


def _ask(
    name: str, tests: str, claim: str, asked: str | Request | tuple[str | Request, ...], compare: str, needs: str = "",
    **more: str,
) -> Question:  # fmt: skip
    parts = asked if isinstance(asked, tuple) else (asked,)
    requests = tuple(Request(one) if isinstance(one, str) else one for one in parts)
    needed = tuple(filter(None, needs.split(", ")))
    return Question(name, tests, claim, requests, tuple(compare.split()), needed, **more)


def _version(value: str | None) -> Request:
    return Request("visibility=community", (("X-Api-Version", value),))


_ALL: Final = "limit=1000"

QUESTIONS: Final = (
    # --- what changes many answers, so that later rows tell only what is new
    _ask("links-bare", "registered-only", "an ordinary caller's links show `__isregistered=true`, which the service adds", "", "links"),
    _ask("unregistered-hidden", "registered-only", "an ordinary caller's list has registered images only", _ALL, "ids"),
    _ask("error-service", "error-body", "the body of a 400 is `error` with `code` and `message`", "limit=abc", "shape"),
    _ask("whole-seconds", RULE, "times are stored in whole seconds, as they are shown", "created_at=eq:{middle}&limit=1000", "ids"),
    _ask("shared-shown", "shared-through-membership", "members see an image as `shared`", _ALL, "shared", needs="shared", only_refutes="the stored values are unknown"),
    _ask("base-properties", "absent-base-properties", "an attribute without a value is absent, except `virtual_size`", _ALL, "nulls"),
    # --- errors and headers
    _ask("error-query-code", ASSUMPTION, "a wrong query parameter is IMG.0017", "sort_key=nosuch", "shape", after="error-service"),
    _ask("error-marker-code", ASSUMPTION, "an unknown marker is IMG.0027 with status 400, not 404", "marker={unused}", "shape", after="error-service"),
    _ask("error-image", ASSUMPTION, "an unknown image is IMG.0027 with status 404", "/v2/images/{unused}", "shape", after="error-service"),
    _ask("error-route", "error-body", "an unknown path has the gateway's body with APIGW.0101", "/v2/nosuch", "shape"),
    _ask("error-credentials", "error-body", "a request without credentials has the gateway's body with APIGW.0301", Request("limit=1", is_anonymous=True), "shape"),
    _ask("error-accept", "error-body", "the format of an error does not depend on `Accept`", Request("limit=abc", (("Accept", "*/*"),)), "media-type"),
    _ask("request-id", RULE, "responses have `X-Request-Id` of 32 hex digits", "", "request-id"),
    # --- pages
    _ask("default-limit", RULE, f"a page has {DEFAULT_LIMIT} images without `limit`", "", "count", needs="over a page"),
    _ask("full-last-page", "full-last-page", "a last page that is exactly full has no `next`", "name={name}&limit={name_count}", "next"),
    _ask("limit-zero", RULE, "`limit=0` returns no images and no `next`", "limit=0", "ids next"),
    _ask("limit-large", RULE, f"a limit over {LIMIT_CAP} counts as {LIMIT_CAP}", f"limit={LIMIT_CAP + 1}", "count"),
    _ask("limit-text-like", RULE, "a limit of anything but digits is a 400", "limit=1_0", "status"),
    _ask("limit-twice", "repeated-single-values", "`limit` given twice is a 400", "limit=2&limit=3", "ids"),
    _ask("visibility-twice", "repeated-single-values", "`visibility` given twice is a 400", "visibility=public&visibility=private", "ids"),
    _ask("marker-position", RULE, "a marker outside the filter is a position in the order", "{splitting}&limit=1000", "ids", after="whole-seconds"),
    _ask("marker-last", RULE, "nothing follows the last image", "marker={last}", "ids next"),
    _ask("marker-left", RULE, "an image that is no longer listed is a legal marker", "marker={left}&limit=1", "status"),
    _ask("marker-dead", "dead-images-on-request", "a deleted image is a legal marker in a list of deleted images", "status=deleted&marker={dead}", "status"),
    _ask("marker-forbidden", RULE, "the marker of an image that the caller must not see is a 403", ("marker={foreign}", Request("marker={unused}", is_control=True)), "shape", alike="the endpoint answers as for an image that does not exist"),
    # --- links
    _ask("links-repeated", "repeated-parameters-in-links", "links keep repeated parameters", "tag=a&tag=b&limit=1", "links"),
    _ask("links-encoding", RULE, "links are form-encoded: `+` for a space, UTF-8, `~` as it is", "limit=1&created_at=gt:2001-01-01%2000:00:00&__description=%E4%B8%AD%20a~b", "raw-links"),
    _ask("links-order", RULE, "links keep the order of the parameters; `first` drops the marker", "visibility=public&limit=1&marker={first}&sort_dir=asc&sort_key=name", "links"),
    # --- order
    _ask("order-default", RULE, "the newest image comes first", _ALL, "order", needs="middle"),
    _ask("order-ties", RULE, "of one second, the greatest id comes first", _ALL, "order", needs="tied", after="whole-seconds"),
    _ask("order-name", RULE, "names sort by code points; images without a name come before all others", "sort_key=name&sort_dir=asc&limit=1000", "order", needs="names"),
    _ask("order-size", RULE, "images without a size come before all others", "sort_key=size&sort_dir=asc&limit=1000", "order", needs="unsized"),
    _ask("order-updated", RULE, "`updated_at` is a sort key", "sort_key=updated_at&limit=1000", "order", needs="updates"),
    _ask("order-two-keys", RULE, "each sort key has its direction", "sort_key=disk_format&sort_key=name&sort_dir=asc&sort_dir=desc&limit=1000", "order", needs="disk formats, names"),
    _ask("order-new-syntax", RULE, "`sort` combines keys and directions", "sort=name:asc,size:desc&limit=1000", "order", needs="names"),
    _ask("sort-direction", RULE, "a direction in capital letters is a 400", "sort_key=name&sort_dir=DESC", "status"),
    _ask("walk-size", RULE, "a walk by size shows each image once, those without a size too", Request("sort_key=size&limit={quarter}", pages=WALK_PAGES), "walk", needs="unsized"),
    # --- filters
    _ask("filter-twice", RULE, "of a repeated filter the last value counts", "name={name}&name={other_name}", "ids"),
    _ask("filter-unknown", RULE, "a filter by a property that no image has finds nothing", "nosuch_property=x", "ids"),
    _ask("name-exact", RULE, "case counts in names", "name={swapped_name}", "ids"),
    _ask("name-in", RULE, "`in:` finds several names", "name=in:{name},{other_name}&limit=1000", "ids"),
    _ask("name-operator", RULE, "any other operator of a name is a 400", "name=gt:a", "status"),
    _ask("enumeration-case", "enumerations-ignore-case", "documented values match in any case", "{other_case}&limit=1000", "ids"),
    _ask("platform-spelling", "enumerations-ignore-case", "both spellings of a platform match", "{other_spelling}&limit=1000", "ids"),
    _ask("visibility-case", "enumerations-ignore-case", "`visibility` matches in any case", "visibility=PUBLIC&limit=1", "status"),
    _ask("visibility-all", RULE, "a visibility that does not exist is a 400", "visibility=all", "status"),
    _ask("visibility-empty", "empty-visibility", "`visibility=` is a 400", "visibility=", "ids"),
    _ask("visibility-private", RULE, "`visibility=private` finds what is shown as private", "visibility=private&limit=1000", "ids"),
    _ask("protected-case", "booleans-ignore-case", "`protected` matches in any case", "protected=TRUE&limit=1000", "ids"),
    _ask("integer-text", "integers-are-checked", "a number filter that is no whole number is a 400", "min_disk=abc", "status"),
    _ask("hidden", RULE, "the list does not hide images that `os_hidden=true` finds", "os_hidden=true&limit=1000", "ids"),
    _ask("tags-all", RULE, "of repeated tags an image must have all; only the first `=` separates", "tag={tag}&tag={raw_tag}&limit=1000", "ids"),
    _ask("tag-dotted", "dotted-tags", "`tag=a=b` finds the old form `a.b`", "tag={raw_old_tag}&limit=1000", "ids"),
    _ask("time-bare", "bare-time", "a time without an operator means `eq`", "created_at={middle}", "status"),
    _ask("time-lower-case", "lower-case-time", "`t` and `z` stand for `T` and `Z`", "created_at=gte:{middle_lower}", "status"),
    _ask("time-offset", RULE, "the offset of a time counts", "created_at=lt:{middle_east}&limit=1000", "ids"),
    _ask("percent", "stray-percent", "a `%` that escapes nothing is a 400", "name=%zz", "status"),
    # --- versions and sharing
    _ask("api-version", ASSUMPTION, "`X-Api-Version` counts by its first letter in any case; without it, Mitaka answers", (_version(None), _version("queens"), _version("P")), "status", alike="the header seems to have no effect"),
    _ask("unregistered-asked", ASSUMPTION, "`__isregistered=false` finds nothing for an ordinary caller", "__isregistered=false&limit=1000", "ids", after="links-bare"),
    _ask("shared-pending", RULE, "the documented query finds pending images", "member_status=pending&visibility=shared&__imagetype=shared&limit=1000", "ids", needs="left", after="shared-shown"),
    _ask("dead-listed", "dead-images-on-request", "`status=deleted` lists deleted images", "status=deleted&limit=100", "ids", needs="dead"),
    # --- images
    _ask("fields", RULE, "attributes have the documented names and types, in the list and alone", (_ALL, "/v2/images/{first}"), "fields"),
)  # fmt: skip
"""The questions, in the order in which they are asked."""
