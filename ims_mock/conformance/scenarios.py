"""The table of scenarios, one row per scenario: a catalog, faults, a query, and what the SDK must return and may request."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Final

from ims_mock.contract.fields import DOC
from ims_mock.contract.parameters import DEFAULT_LIMIT, PARAMETERS
from ims_mock.contract.values import wire_time
from ims_mock.faults.rules import rule_from_keywords

MUST, SHOULD = LEVELS = ("must", "should")  # the document and plain correctness, and good client behaviour
PAGING, ORDER, FILTERS, ESCAPING = "paging", "order", "filters", "escaping"
SHARING, ERRORS, FAILURES, LINKS, CHANGES = "sharing", "errors", "failures", "links", "changes"

DOCUMENT, GLANCE, PLAIN, CLIENT = "the document", "Glance", "plain correctness", "good client behaviour"  # sources

PROJECT: Final = "7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e"
_OTHER_PROJECT: Final = "9a33910460594866894a3c4ac24fe675"
_NEWEST: Final = 1577838800  # 2020-01-01T00:33:20Z

Images = Sequence[Mapping[str, Any]]
Query = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Expected:
    """What the SDK must do: return images by their numbers, in this order, or report an error with one of the statuses.

    Optional images may be returned as well, once and anywhere. No statuses stand for any error, ``None`` for none.
    """

    images: tuple[int, ...] | None = None
    optional: tuple[int, ...] = ()
    errors: tuple[int, ...] | None = None

    def or_error(self, *statuses: int) -> "Expected":
        """Return the same, with an error as another right result."""
        return replace(self, errors=statuses)

    def __str__(self) -> str:
        texts = [] if self.images is None else [format_numbers(self.images)]
        texts += [f"with or without {format_numbers(self.optional)}"] if self.optional else []
        if self.errors is not None:
            texts.append(" ".join(["or an error" if texts else "an error", " or ".join(map(str, self.errors))]).rstrip())
        return " ".join(texts)


@dataclass(frozen=True)
class Scenario:
    """One row of the table."""

    group: str
    name: str
    level: str
    images: Images
    query: Query
    expected: Expected
    reason: str  # why it must be so, in one sentence
    source: str
    fault: Mapping[str, Any] | None = None  # the rule of a fault that the SDK must meet
    most: int = 0  # the largest number of requests for a list; 0 for no limit but that of progress
    pause: float = 0.0  # the seconds after a 429 without a request for a list
    has_wrong_credentials: bool = False
    allows_repeats: bool = True  # whether the SDK may request a page again that it has received
    profiles: tuple[str, ...] = ("documented", "glance")


# --- images: number N has the Nth id and was created N seconds before a fixed time


def image_id(number: int) -> str:
    """Return the id of an image. Ids rise in the default order of the list, which begins with the newest image."""
    return f"{number:08d}-0000-4000-8000-{number:012d}"


def number_of(identifier: str) -> int:
    """Return the number of the image with an id; 0 for any other text."""
    digits = identifier[:8]
    return int(digits) if digits.isdecimal() and identifier == image_id(int(digits)) else 0


def format_numbers(shown: Sequence[int | str]) -> str:
    """Return numbers of images as text, with long runs shortened: ``1…25 27``."""
    runs: list[list[int | str]] = []
    for one in shown:
        if runs and isinstance(one, int) and one - 1 == runs[-1][-1]:
            runs[-1].append(one)
        else:
            runs.append([one])
    texts = [f"{run[0]}…{run[-1]}" if len(run) > 5 else " ".join(map(str, run)) for run in runs]
    return " ".join(texts) or "no images"


def _time(number: int) -> str:
    return wire_time(datetime.fromtimestamp(_NEWEST - number, timezone.utc))


def _image(number: int, **attributes: Any) -> dict[str, Any]:
    given = {name: value for name, value in attributes.items() if value is not None}
    return {"id": image_id(number), "name": f"image {number}", "created_at": _time(number), **given}


def _images(count: int, **attributes: Sequence[Any]) -> Images:
    """Return images from number 1 on; each attribute has one value per image, ``None`` for its default."""
    rows = [{name: column[index] for name, column in attributes.items()} for index in range(count)]
    return [_image(index + 1, **row) for index, row in enumerate(rows)]


# --- rows that are alike


def _lists(*shown: int) -> Expected:
    return Expected(shown)


def _fails(*statuses: int) -> Expected:
    return Expected(errors=statuses)


def _fault(times: int | None = None, **keys: Any) -> dict[str, Any]:
    """Return a fault rule for requests of the list, for ever if it has no number of times."""
    return rule_from_keywords(path="/v2/*images", times=times, **keys)


_TWO: Final = {"limit": "2"}
_FIVE: Final = _images(5)
_MANY: Final = _images(1001)
_ALL: Final = _lists(1, 2, 3, 4, 5)
_WALK: Final = _lists(*range(1, 1002))
_DOCUMENTED: Final = ("documented",)
_NO_GAPS: Final = "An SDK may report an error, but must never return a list that is silently incomplete."
_RETRY: Final = "One more attempt succeeds."

_BY_NAME: Final = {"sort_key": "name", "sort_dir": "asc", **_TWO}
_LETTERS: Final = _images(5, name=("m", "z", "a", "q", "c"))
_TWO_NAMES: Final = _images(5, name="babab", disk_format=("vhd", "qcow2", "raw", "raw", "qcow2"))
_ONE_GOLD: Final = _images(4, __imagetype=(None, None, "gold", None))
_MEMBERS: Final = _images(5, owner=(*[_OTHER_PROJECT] * 3, None, _OTHER_PROJECT), members=[*({PROJECT: one} for one in ("accepted", "pending", "rejected")), None, None])

_DIFFICULT: Final = "a&b +c%"
_DIFFICULT_TAGS: Final = ["k=v&w", "x +%y"]
_DIFFICULT_IMAGES: Final = _images(6, name=(_DIFFICULT,) * 5 + ("a",), tags=(_DIFFICULT_TAGS, _DIFFICULT_TAGS, _DIFFICULT_TAGS[:1], _DIFFICULT_TAGS, _DIFFICULT_TAGS, _DIFFICULT_TAGS))


def _filters() -> Iterator[Scenario]:
    """Yield a scenario for each documented filter without a row of its own; it matches images 1 and 3 of 4."""
    own = {"id", "name", "status", "visibility", "protected", "owner", "created_at", "updated_at"}
    own |= {"__isregistered", "__imagetype", "tag"}
    examples = {"container_format": ("bare", "ovf", "ovf"), "min_disk": ("80", "60", "60"), "min_ram": ("2048", "512", None)}
    for one in PARAMETERS:
        if one.field is None or one.field.filterable != DOC or one.name in own:
            continue
        value, other, fourth = examples.get(one.name) or (one.values[-1], (None, *one.values[:-1])[-1], None)
        name = f"filter-{one.name.strip('_').replace('_', '-')}"
        catalog = _images(4, **{one.name: (value, other, value, fourth)})
        yield Scenario(FILTERS, name, MUST, catalog, {one.name: value}, _lists(1, 3), f"`{one.name}` is a documented filter.", DOCUMENT)


def _times() -> Iterator[Scenario]:
    """Yield a scenario for each operator of times, compared with the time of image 3 of 5."""
    matches = {"gt": (1, 2), "gte": (1, 2, 3), "lt": (4, 5), "lte": (3, 4, 5), "eq": (3,), "neq": (1, 2, 4, 5)}
    for operator, shown in matches.items():
        query = {"created_at": f"{operator}:{_time(3)}"}
        yield Scenario(FILTERS, f"time-{operator}", MUST, _FIVE, query, _lists(*shown), f"`{operator}` is a documented operator.", DOCUMENT)


def _escaped(name: str, value: str, *decoys: str) -> Scenario:
    """Return a scenario for a name that has to be escaped: it is that of image 1, and decoys are similar."""
    catalog = [_image(number, name=one) for number, one in enumerate((value, value + "x", *decoys), 1)]
    return Scenario(ESCAPING, f"escape-{name}", MUST, catalog, {"name": value}, _lists(1), "Values are percent-encoded once, as UTF-8.", PLAIN)


def _error(status: int, name: str, reason: str, source: str, **keys: Any) -> Scenario:
    """Return a scenario with an error on every page."""
    return Scenario(ERRORS, name, MUST, _FIVE, {}, _fails(status), reason, source, _fault(status=status, **keys))


def _failure(name: str, level: str, expected: Expected, reason: str, *, page: int = 2, times: int | None = None, pause: float = 0.0, **keys: Any) -> Scenario:
    """Return a scenario with a fault on one page, for ever unless it has a number of times."""
    source = PLAIN if level == MUST else CLIENT
    return Scenario(FAILURES, name, level, _FIVE, _TWO, expected, reason, source, _fault(page=page, times=times, **keys), pause=pause)


def _change(name: str, level: str, expected: Expected, reason: str, change: object, catalog: Images = _FIVE, **query: str) -> Scenario:
    """Return a scenario in which the catalog changes before the second page is answered."""
    return Scenario(CHANGES, name, level, catalog, {**_TWO, **query}, expected, reason, CLIENT if level == SHOULD else GLANCE, _fault(page=2, times=1, catalog=change))


SCENARIOS: Final = (
    Scenario(PAGING, "one-image", MUST, _images(1), {}, _lists(1), "A list of one image.", DOCUMENT),
    Scenario(PAGING, "empty-list", MUST, _images(0), {}, _lists(), "A list without images is no error.", DOCUMENT),
    Scenario(PAGING, "default-exactly-full", MUST, _images(DEFAULT_LIMIT), {}, _lists(*range(1, DEFAULT_LIMIT + 1)), f"A page has {DEFAULT_LIMIT} images by default, and a full one may be the last.", DOCUMENT),
    Scenario(PAGING, "default-one-more", MUST, _images(DEFAULT_LIMIT + 1), {}, _lists(*range(1, DEFAULT_LIMIT + 2)), "One image more is on a second page.", DOCUMENT),
    Scenario(PAGING, "exact-multiple", MUST, _images(4), _TWO, _lists(1, 2, 3, 4), "The last page may be full.", DOCUMENT),
    Scenario(PAGING, "two-a-page", MUST, _FIVE, _TWO, _ALL, "The pages follow each other by the link `next`; each is requested once.", DOCUMENT, most=4, allows_repeats=False),
    Scenario(PAGING, "page-of-one", MUST, _images(4), {"limit": "1"}, _lists(1, 2, 3, 4), "`limit` is the size of a page, not of the list.", DOCUMENT),
    Scenario(PAGING, "no-limit-230", MUST, _images(230), {}, _lists(*range(1, 231)), "A list has any number of pages.", DOCUMENT),
    Scenario(PAGING, "limit-above-cap", MUST, _MANY, {"limit": "2000"}, _WALK, "The service returns at most 1,000 images a page: a page shorter than `limit` need not be the last.", GLANCE),
    Scenario(PAGING, "walk-1001", MUST, _MANY, {}, _WALK, f"A list has any number of pages; 1,001 images are {1_001 // DEFAULT_LIMIT + 1} requests.", DOCUMENT, most=1_001 // DEFAULT_LIMIT + 2),
    Scenario(PAGING, "nothing-matches", MUST, _FIVE, {"name": "no such name"}, _lists(), "A list without images is no error.", DOCUMENT),
    Scenario(PAGING, "marker-in-query", SHOULD, _FIVE, {**_TWO, "marker": image_id(2)}, _lists(3, 4, 5), "`marker` is documented: the list begins behind that image.", DOCUMENT),
    Scenario(PAGING, "large-sizes", SHOULD, _images(2, size=(5 * 2**30, None), virtual_size=(40 * 2**30, None)), {}, _lists(1, 2), "Sizes are numbers of bytes, which need more than 32 bits.", GLANCE),
    Scenario(ORDER, "default-order", MUST, [_image(one) for one in (3, 1, 5, 2, 4)], {"limit": "1"}, _ALL, "The newest image comes first.", DOCUMENT),
    Scenario(ORDER, "sort-name-asc", MUST, _LETTERS, _BY_NAME, _lists(3, 5, 1, 4, 2), "The order is that of the service, on every page.", DOCUMENT),
    Scenario(ORDER, "sort-name-desc", MUST, _LETTERS, {**_BY_NAME, "sort_dir": "desc"}, _lists(2, 4, 1, 5, 3), "The order is that of the service, on every page.", DOCUMENT),
    Scenario(ORDER, "sort-created-at-asc", MUST, _FIVE, {**_BY_NAME, "sort_key": "created_at"}, _lists(5, 4, 3, 2, 1), "`created_at` is a documented sort key.", DOCUMENT),
    Scenario(ORDER, "sort-id-desc", MUST, _FIVE, {**_TWO, "sort_key": "id", "sort_dir": "desc"}, _lists(5, 4, 3, 2, 1), "`id` is a documented sort key.", DOCUMENT),
    Scenario(ORDER, "sort-size-asc-missing", MUST, _images(5, size=(30, None, 10, None, 20)), {**_BY_NAME, "sort_key": "size"}, _lists(4, 2, 3, 5, 1), "An image without a size sorts below every size.", GLANCE),
    Scenario(ORDER, "sort-disk-format-asc", MUST, _images(5, disk_format=("vhd", "qcow2", "raw", "raw", "qcow2")), {**_BY_NAME, "sort_key": "disk_format"}, _lists(5, 2, 4, 3, 1), "Equal values are in the order of their creation, in the same direction.", GLANCE),
    Scenario(ORDER, "sort-status-asc", MUST, _images(4, status=("active", "queued", "active", "saving")), {**_BY_NAME, "sort_key": "status"}, _lists(3, 1, 2, 4), "Equal values are in the order of their creation, in the same direction.", GLANCE),
    Scenario(ORDER, "sort-ties-over-pages", MUST, _images(5, name=("same",) * 5), _BY_NAME, _lists(5, 4, 3, 2, 1), "The order is total, so that no image is lost between pages.", GLANCE),
    Scenario(ORDER, "sort-two-keys", MUST, _TWO_NAMES, {"sort_key": ["name", "disk_format"], "sort_dir": ["desc", "asc"], **_TWO}, _lists(5, 3, 1, 2, 4), "`sort_key` and `sort_dir` can be repeated; all of them count on every page, in their order.", GLANCE, profiles=_DOCUMENTED),
    Scenario(FILTERS, "filter-over-pages", MUST, _images(8, __platform=("CentOS", "Ubuntu") * 4), {"__platform": "CentOS", **_TWO}, _lists(1, 3, 5, 7), "Filters hold on every page.", DOCUMENT),
    Scenario(FILTERS, "filter-platform-space", MUST, _images(3, __platform=("Oracle Linux", "Ubuntu", None)), {"__platform": "Oracle Linux"}, _lists(1), "A documented value has a space.", DOCUMENT),
    Scenario(FILTERS, "filter-id", MUST, _FIVE, {"id": image_id(2)}, _lists(2), "`id` is a documented filter.", DOCUMENT),
    Scenario(FILTERS, "filter-name", MUST, _images(3, name=("a", "b", "a")), {"name": "a"}, _lists(1, 3), "`name` is a documented filter; the match is exact.", DOCUMENT),
    Scenario(FILTERS, "filter-imagetype", MUST, _ONE_GOLD, {"__imagetype": "gold"}, _lists(3), "`__imagetype` is a documented filter.", DOCUMENT),
    Scenario(FILTERS, "filter-visibility", MUST, _ONE_GOLD, {"visibility": "public"}, _lists(3), "`visibility` is a documented filter.", DOCUMENT),
    Scenario(FILTERS, "filter-status", MUST, _images(4, status=(None, None, None, "queued")), {"status": "queued"}, _lists(4), "`status` is a documented filter.", DOCUMENT),
    Scenario(FILTERS, "filter-owner", MUST, _images(4, owner=(None, None, _OTHER_PROJECT, None), visibility=(None, None, "public", None)), {"owner": _OTHER_PROJECT}, _lists(3), "`owner` is a documented filter.", DOCUMENT),
    Scenario(FILTERS, "filter-protected", MUST, _images(3, protected=(True, False, False)), {"protected": "true"}, _lists(1), "`protected` is a documented filter.", DOCUMENT, profiles=_DOCUMENTED),
    Scenario(FILTERS, "filter-isregistered", MUST, _images(3, __isregistered=(None, "false", None)), {"__isregistered": "true"}, _lists(1, 3), "`__isregistered` is a documented filter.", DOCUMENT),
    *_filters(),
    Scenario(FILTERS, "filter-several", MUST, _images(4, __platform=("CentOS", "CentOS", "Ubuntu", None), __os_bit=("64", "32", "64", None)), {"__platform": "CentOS", "__os_bit": "64"}, _lists(1), "All filters hold at once.", DOCUMENT),
    Scenario(FILTERS, "tags-over-pages", MUST, _images(5, tags=(["a", "b"], ["b", "a"], ["b"], ["a"], ["a", "b", "c"])), {"tag": ["a", "b"], **_TWO}, _lists(1, 2, 5), "`tag` can be repeated; images must have all tags, on every page.", GLANCE, profiles=_DOCUMENTED),
    Scenario(FILTERS, "tag-key-value", MUST, _images(5, tags=(["team=a"], ["team=a"], ["team=b"], ["team=a", "x"], ["team=a"])), {"tag": "team=a"}, _lists(1, 2, 4, 5), "A tag is a text such as `key=value`.", DOCUMENT),
    *_times(),
    Scenario(FILTERS, "time-updated-at", MUST, _images(3, updated_at=(None, "2021-01-01T00:00:00Z", None)), {"updated_at": "gt:2020-06-01T00:00:00Z"}, _lists(2), "`updated_at` is a documented filter.", DOCUMENT),
    Scenario(FILTERS, "time-space", MUST, _FIVE, {"created_at": "gte:2020-01-01 00:33:17"}, _lists(1, 2, 3), "Times may have a space instead of `T`.", DOCUMENT),
    Scenario(FILTERS, "time-offset-plus", SHOULD, _FIVE, {"created_at": "gte:2020-01-01T08:33:17+08:00"}, _lists(1, 2, 3), "Times may have an offset, whose `+` has to be escaped.", GLANCE),
    _escaped("ampersand", "a&b=c", "a", "a&b"),
    _escaped("plus-space", "c++ c", "c   c", "c"),
    _escaped("percent", "100%25", "100%", "100%2525"),
    _escaped("hash", "a#b", "a"),
    _escaped("question-slash-semicolon", "a?b/c;d", "a", "a?b/c"),
    _escaped("backslash", "a\\b~c*", "a/b~c*", "a"),
    _escaped("quotes", "\"'", "\"", "'"),
    _escaped("chinese", "镜像 一", "镜像", "镜像 二"),
    _escaped("emoji", "🐧", "penguin"),
    Scenario(ESCAPING, "escape-over-pages", MUST, _images(6, name=(_DIFFICULT,) * 5 + ("a",)), {"name": _DIFFICULT, **_TWO}, _ALL, "The link `next` is encoded already.", PLAIN),
    Scenario(ESCAPING, "escape-tags", MUST, _DIFFICULT_IMAGES, {"name": _DIFFICULT, "tag": _DIFFICULT_TAGS, **_TWO}, _lists(1, 2, 4, 5), "A signature covers the query as it is sent, repeated parameters included.", PLAIN),
    Scenario(SHARING, "shared-accepted", MUST, _MEMBERS, {"visibility": "shared"}, _lists(1), "`member_status` is `accepted` by default.", DOCUMENT),
    Scenario(SHARING, "shared-pending", MUST, _MEMBERS, {"visibility": "shared", "member_status": "pending"}, _lists(2), "`member_status` is a documented filter.", DOCUMENT),
    Scenario(SHARING, "shared-rejected", MUST, _MEMBERS, {"visibility": "shared", "member_status": "rejected"}, _lists(3), "`member_status` is a documented filter.", DOCUMENT),
    Scenario(SHARING, "shared-recipe", MUST, _MEMBERS, {"visibility": "shared", "member_status": "accepted", "__imagetype": "shared"}, _lists(1), "The document lists the images that a project has accepted with these parameters.", DOCUMENT, profiles=_DOCUMENTED),
    Scenario(SHARING, "not-shared-with-me", MUST, _MEMBERS, {}, _lists(1, 4), "The list has a project's own images and those that it has accepted.", DOCUMENT),
    Scenario(ERRORS, "error-401-credentials", MUST, _FIVE, {}, _fails(401, 403), "Wrong credentials are an error.", DOCUMENT, has_wrong_credentials=True),
    _error(400, "error-400-service", "The service rejects the query.", DOCUMENT, code="IMG.0017"),
    _error(403, "error-403-gateway", "The gateway rejects the caller.", DOCUMENT),
    _error(404, "error-404", "404 is no empty list.", DOCUMENT),
    _error(409, "error-409", "A conflict is an error.", PLAIN),
    _error(500, "error-500", "An internal error is no empty list.", DOCUMENT),
    _error(429, "error-429-for-ever", "Attempts must end.", PLAIN),
    _error(503, "error-503-for-ever", "Attempts must end.", DOCUMENT),
    _error(502, "error-502-html", "A proxy writes its errors in HTML.", PLAIN, body="html"),
    _failure("page-2-503-once", MUST, _ALL.or_error(503), _NO_GAPS, times=1, status=503),
    _failure("page-2-503-once-retried", SHOULD, _ALL, _RETRY, times=1, status=503),
    _failure("page-2-429-once", MUST, _ALL.or_error(429), _NO_GAPS, times=1, status=429, headers={"Retry-After": "1"}),
    _failure("page-2-429-once-retried", SHOULD, _ALL, _RETRY, times=1, status=429, headers={"Retry-After": "1"}),
    _failure("page-2-429-waited", SHOULD, _ALL.or_error(429), "`Retry-After` is the number of seconds to wait.", pause=0.9, times=1, status=429, headers={"Retry-After": "1"}),
    _failure("page-2-429-hour", SHOULD, _fails(429), "A `Retry-After` of an hour is an error at once.", pause=3600, status=429, headers={"Retry-After": "3600"}),
    _failure("page-2-500-for-ever", MUST, _fails(500), _NO_GAPS, status=500),
    _failure("page-2-401-expired", MUST, _ALL.or_error(401), "A token expires during the list: log in again or report it.", times=1, status=401, code="APIGW.0307", message="The token must be updated"),
    _failure("page-2-dropped-before", MUST, _ALL.or_error(), _NO_GAPS, drop="before"),
    _failure("page-2-dropped-middle", MUST, _ALL.or_error(), _NO_GAPS, drop="middle"),
    _failure("page-2-dropped-once-retried", SHOULD, _ALL, _RETRY, times=1, drop="before"),
    _failure("page-2-truncated", MUST, _ALL.or_error(), _NO_GAPS, body="truncated"),
    _failure("page-3-truncated", MUST, _ALL.or_error(), _NO_GAPS, page=3, body="truncated"),
    _failure("page-2-html", MUST, _ALL.or_error(), _NO_GAPS, body="html"),
    _failure("page-2-html-as-json", MUST, _ALL.or_error(), _NO_GAPS, body="html", content_type="application/json"),
    _failure("page-2-not-utf-8", MUST, _ALL.or_error(), _NO_GAPS, body="garbage"),
    _failure("page-1-empty-body", MUST, _ALL.or_error(), _NO_GAPS, page=1, body="empty"),
    _failure("page-2-empty-body", MUST, _ALL.or_error(), _NO_GAPS, body="empty"),
    _failure("page-2-slow", SHOULD, _ALL, "A response may take two seconds.", times=1, delay=2),
    Scenario(LINKS, "next-absolute", MUST, _FIVE, _TWO, _ALL.or_error(), _NO_GAPS, PLAIN, _fault(page=1, next="absolute")),
    Scenario(LINKS, "next-absolute-followed", SHOULD, _FIVE, _TWO, _ALL, "A link may be an absolute URL.", CLIENT, _fault(page=1, next="absolute")),
    Scenario(LINKS, "next-loops", SHOULD, _FIVE, _TWO, _ALL.or_error(), "A list that begins again must not be followed for ever.", CLIENT, _fault(page=2, next="loop"), most=40),
    Scenario(LINKS, "next-repeats", SHOULD, _FIVE, _TWO, _ALL.or_error(), "A link to the same page must not be followed for ever.", CLIENT, _fault(page=2, next="repeated"), most=40),
    _change("marker-deleted", MUST, Expected((1, 3, 4, 5), (2,)).or_error(400), "The marker is deleted: the service rejects the page.", {"delete": "marker"}),
    _change("ahead-removed", MUST, Expected((1, 2, 3, 5), (4,)), "An image is deleted before its page is requested.", {"delete": image_id(4)}),
    _change("behind-added", MUST, Expected((1, 2, 3, 4, 5), (9,)), "A new image sorts first.", {"add": _image(9, created_at=_time(0))}),
    _change("ahead-added", MUST, _lists(1, 2, 3, 4, 5, 9), "A new image sorts last, and the service shows it.", {"add": _image(9)}),
    _change("moved-ahead", SHOULD, Expected((2, 3, 4, 5), (1,)), "An image is renamed and shown again: it is one image.", {"update": {image_id(1): {"name": "z"}}}, _images(5, name="abcde"), sort_key="name", sort_dir="asc"),
)
"""The scenarios in the order in which they run."""
