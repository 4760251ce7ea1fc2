"""The two lists of images, and the query parameters that only the newer one, ``/v2/cloudimages``, has."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from typing import Final

from ims_mock.catalog.filters import Equals, Filter, FilterParser, comparable
from ims_mock.catalog.image import IMAGES_PATH, Image
from ims_mock.contract.fields import ASSUMED, BY_NAME, DOC
from ims_mock.contract.parameters import CLOUDIMAGES_LIMIT, DEFAULT_LIMIT, LIMIT_CAP, PARAMETERS, REJECTED, Parameter
from ims_mock.errors import RequestError

VERSIONS: Final = {"v2.2": "CURRENT", "v2.1": "SUPPORTED", "v2.0": "SUPPORTED"}  # those of the document, if served
Filters = tuple[Filter, ...]


@dataclass(frozen=True, eq=False)
class Listing:
    """One list of images."""

    path: str
    limit: int  # if the query names none
    has_links: bool  # whether a page has first, next and schema beside the images
    json: Callable[[Image], bytes]
    extras: tuple[Parameter, ...] = ()  # the query parameters that only this list has, or documents differently
    parsers: Mapping[str, Callable[[FilterParser, str], Filters]] = field(default_factory=dict)  # of some of these

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The documented query parameters by name."""
        return {one.name: one for one in (*PARAMETERS, *self.extras)}

    def filters(self, parser: FilterParser, name: str, value: str) -> Iterable[Filter | None]:
        """Return the filters for a query parameter ``name=value``; ``None`` stands for no restriction."""
        own = self.parsers.get(name)
        return own(parser, value) if own else (parser.filter(name, value),)


# --- the parameters of the newer list

_ARM: Final = Equals("__support_arm", frozenset({"true"}), folded=True)
_NOT_ARM: Final = replace(_ARM, negated=True)
_BARE_METAL: Final = Equals("virtual_env_type", frozenset({"ironic"}), folded=True)
_NOT_BARE_METAL: Final = replace(_BARE_METAL, negated=True)
_WHOLE: Final = Equals("__whole_image", frozenset({"true"}))

_ARCHITECTURES: Final[dict[str, Filters]] = {"x86": (_NOT_ARM,), "arm": (_ARM,)}
_WHOLENESS: Final[dict[str, Filters]] = {"true": (_WHOLE,), "false": (replace(_WHOLE, negated=True),)}
_NO_PROJECT: Final = Equals("enterprise_project_id", frozenset({None, "0"}))
_ENTERPRISE_PROJECTS: Final[dict[str, Filters]] = {"0": (_NO_PROJECT,), "all_granted_eps": ()}
_FLAVORS: Final[dict[str, Filters]] = {
    "physical.": (_BARE_METAL,),
    "k": (_ARM, _NOT_BARE_METAL),
    "": (_NOT_ARM, _NOT_BARE_METAL),
}
"""The images that a flavor of the compute service can boot, by the prefix of its name; the first match counts."""

_FLAVOR: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def _one_of(problem: str, name: str, choices: dict[str, Filters]) -> Callable[[FilterParser, str], Filters]:
    def parse(parser: FilterParser, value: str) -> Filters:
        found = choices.get(comparable(value, None, parser.profile))
        if found is None:
            raise RequestError(problem, name, value, " or ".join(choices))
        return found

    return parse


def _enterprise_project(parser: FilterParser, value: str) -> Filters:
    found = _ENTERPRISE_PROJECTS.get(comparable(value, None, parser.profile))
    if found is not None:
        return found
    if not _UUID.fullmatch(value):
        legal = f"{', '.join(_ENTERPRISE_PROJECTS)} or the UUID of an enterprise project"
        raise RequestError("enterprise-project", "enterprise_project_id", value, legal)
    return (parser.equals("enterprise_project_id", value),)


def _flavor(_: FilterParser, value: str) -> Filters:
    if not _FLAVOR.fullmatch(value):
        legal = "the name of a flavor such as s6.large.2: parts of small letters, digits and hyphens with dots between"
        raise RequestError("flavor", "flavor_id", value, legal)
    return next(found for prefix, found in _FLAVORS.items() if value.startswith(prefix))


# --- the lists

IMAGES: Final = Listing(IMAGES_PATH, DEFAULT_LIMIT, has_links=True, json=attrgetter("json"))
"""OpenStack's list of images."""

_PARAMETERS: Final = (
    Parameter("architecture", "string", "`arm`: images whose `__support_arm` is `true`; `x86`: all others. Anything else is a 400.", tuple(_ARCHITECTURES), evidence=(DOC, ASSUMED), is_checked=True),
    Parameter("flavor_id", "string", "`physical.…` matches bare metal images, `k…` ARM, others x86. Anything that is not a flavor name is a 400.", evidence=(DOC, ASSUMED), is_checked=True, pattern=f"^{_FLAVOR.pattern}$"),
    Parameter("enterprise_project_id", "string", "`0`: images without one as well; `all_granted_eps`: any; or a UUID. Anything else is a 400.", tuple(_ENTERPRISE_PROJECTS), evidence=(DOC, ASSUMED), is_checked=True, pattern=f"^(?:{'|'.join(_ENTERPRISE_PROJECTS)}|{_UUID.pattern})$"),
    Parameter("__whole_image", "string", "`true`: images that have it; `false`: all others. Anything else is a 400.", tuple(_WHOLENESS), evidence=(DOC, ASSUMED), is_checked=True),
    Parameter("__system__cmkid", "string", "Exact."),
    Parameter("virtual_env_type", "string", "Equality in any case.", BY_NAME["virtual_env_type"].values),
    Parameter("limit", "integer", f"Images on a page, 0 to {LIMIT_CAP}; more counts as {LIMIT_CAP} (assumed).", default=str(CLOUDIMAGES_LIMIT), evidence=(DOC, ASSUMED), is_checked=True, repeated=REJECTED),
)  # fmt: skip

CLOUDIMAGES: Final = Listing(
    "/v2/cloudimages",
    CLOUDIMAGES_LIMIT,
    has_links=False,
    json=attrgetter("cloudimages_json"),
    extras=_PARAMETERS,
    parsers={
        "architecture": _one_of("architecture", "architecture", _ARCHITECTURES),
        "flavor_id": _flavor,
        "enterprise_project_id": _enterprise_project,
        "__whole_image": _one_of("boolean", "__whole_image", _WHOLENESS),
    },
)
"""The service's newer list. Its errors have the service's format in every profile."""

LISTS: Final = {one.path: one for one in (IMAGES, CLOUDIMAGES)}
"""The lists by their path."""


def asks_list(method: str, path: str) -> bool:
    """Return whether a request asks for a page of images."""
    return path in LISTS and method == "GET"
