"""The two lists of the images of a catalog, a row each, and the parameters that only one has; versions of the API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ims_mock.conditions import Condition, Equals, IsDefault, Not, Reading
from ims_mock.errors import RequestError
from ims_mock.fields import ASSUMED, BY_NAME, DEFAULT_LIMIT, DOC, FIELDS, LIMIT_CAP, Parameter
from ims_mock.image import IMAGES_PATH
from ims_mock.rendering import without

VERSIONS: Final = {"v2.2": "CURRENT", "v2.1": "SUPPORTED", "v2.0": "SUPPORTED"}
"""The versions of the API, those of the document's sample that are served, each with its status."""

Conditions = tuple[Condition, ...]
Reader = Callable[[Reading, str], Conditions]


@dataclass(frozen=True, eq=False)
class Listing:
    """One list of images.

    Attributes:
        path: where it is asked for.
        limit: images on a page when the caller does not say.
        has_links: whether ``first``, ``next`` and ``schema`` stand beside the images.
        left_out: the texts of an image that it does not show.
        extras: the parameters that only it has, or has otherwise.
        readers: make conditions of the values of those that are read otherwise.
    """

    path: str
    limit: int
    has_links: bool
    left_out: tuple[str, ...] = ()
    extras: tuple[Parameter, ...] = ()
    readers: Mapping[str, Reader] = field(default_factory=dict)

    def conditions(self, reading: Reading, name: str, value: str) -> Iterable[Condition | None]:
        """Read one filter ``name=value`` as this list understands it.

        Raises:
            RequestError: the value is not legal for that filter.
        """
        read = self.readers.get(name)
        if read:
            return read(reading, value)
        return (reading.condition(name, value),)

    def shown(self, image: bytes) -> bytes:
        """Give an image that is rendered as this list shows it."""
        return without(image, self.left_out) if self.left_out else image


# --- how the parameters of the newer list are read ------------------------------------------------

_ARM: Final = Equals("__support_arm", frozenset({"true"}), folded=True)
_BARE_METAL: Final = Equals("virtual_env_type", frozenset({"ironic"}), folded=True)
_WHOLE: Final = Equals("__whole_image", frozenset({"true"}))

_ARCHITECTURES: Final[dict[str, Conditions]] = {"x86": (Not(_ARM),), "arm": (_ARM,)}
_WHOLENESS: Final[dict[str, Conditions]] = {"true": (_WHOLE,), "false": (Not(_WHOLE),)}
_ENTERPRISE_PROJECTS: Final[dict[str, Conditions]] = {
    "0": (IsDefault("enterprise_project_id", "0"),),
    "all_granted_eps": (),
}
_FLAVORS: Final[dict[str, Conditions]] = {
    "physical.": (_BARE_METAL,),
    "k": (_ARM, Not(_BARE_METAL)),
    "": (Not(_ARM), Not(_BARE_METAL)),
}
"""What the flavors of the compute service run, by how their names begin; the first that fits counts."""

_FLAVOR: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def _chosen(reading: Reading, value: str, choices: dict[str, Conditions]) -> Conditions | None:
    """Look a documented value up; ``None`` when it is none of them."""
    return choices.get(value.lower() if "enumerations-ignore-case" in reading.profile else value)


def _architecture(reading: Reading, value: str) -> Conditions:
    found = _chosen(reading, value, _ARCHITECTURES)
    if found is None:
        raise RequestError("architecture", "architecture", value, " or ".join(_ARCHITECTURES))
    return found


def _whole_image(reading: Reading, value: str) -> Conditions:
    found = _chosen(reading, value, _WHOLENESS)
    if found is None:
        raise RequestError("boolean", "__whole_image", value, " or ".join(_WHOLENESS))
    return found


def _enterprise_project(reading: Reading, value: str) -> Conditions:
    found = _chosen(reading, value, _ENTERPRISE_PROJECTS)
    if found is not None:
        return found
    if not _UUID.fullmatch(value):
        legal = f"{', '.join(_ENTERPRISE_PROJECTS)} or the UUID of an enterprise project"
        raise RequestError("enterprise-project", "enterprise_project_id", value, legal)
    return (reading.equals("enterprise_project_id", value),)


def _flavor(_: Reading, value: str) -> Conditions:
    if not _FLAVOR.fullmatch(value):
        legal = "the name of a flavor such as s6.large.2: parts of small letters, digits and hyphens with dots between"
        raise RequestError("flavor", "flavor_id", value, legal)
    return next(found for beginning, found in _FLAVORS.items() if value.startswith(beginning))


# --- the rows -------------------------------------------------------------------------------------

IMAGES: Final = Listing(IMAGES_PATH, DEFAULT_LIMIT, has_links=True)
"""OpenStack's own list, which this project is about."""

_CLOUDIMAGES_LIMIT: Final = 500

CLOUDIMAGES: Final = Listing(
    "/v2/cloudimages",
    _CLOUDIMAGES_LIMIT,
    has_links=False,
    left_out=tuple(field.name for field in FIELDS if not field.in_cloudimages),
    extras=(
        Parameter(
            "architecture",
            "string",
            "`arm`: images whose `__support_arm` is `true`; `x86`: all others. Anything else is a 400.",
            tuple(_ARCHITECTURES),
            evidence=(DOC, ASSUMED),
            is_checked=True,
        ),
        Parameter(
            "flavor_id",
            "string",
            "`physical.…` finds bare metal images, `k…` ARM, others x86. What is no such name is a 400.",
            evidence=(DOC, ASSUMED),
            is_checked=True,
            pattern=f"^{_FLAVOR.pattern}$",
        ),
        Parameter(
            "enterprise_project_id",
            "string",
            "`0`: images without one as well; `all_granted_eps`: any; or a UUID. Anything else is a 400.",
            tuple(_ENTERPRISE_PROJECTS),
            evidence=(DOC, ASSUMED),
            is_checked=True,
            pattern=f"^(?:{'|'.join(_ENTERPRISE_PROJECTS)}|{_UUID.pattern})$",
        ),
        Parameter(
            "__whole_image",
            "string",
            "`true`: images that have it; `false`: all others. Anything else is a 400.",
            tuple(_WHOLENESS),
            evidence=(DOC, ASSUMED),
            is_checked=True,
        ),
        Parameter("__system__cmkid", "string", "Exact."),
        Parameter("virtual_env_type", "string", "Equality in any case.", BY_NAME["virtual_env_type"].values),
        Parameter(
            "limit",
            "integer",
            f"Images on a page, 0 to {LIMIT_CAP}; more counts as {LIMIT_CAP} (assumed).",
            default=str(_CLOUDIMAGES_LIMIT),
            evidence=(DOC, ASSUMED),
            is_checked=True,
        ),
    ),
    readers={
        "architecture": _architecture,
        "flavor_id": _flavor,
        "enterprise_project_id": _enterprise_project,
        "__whole_image": _whole_image,
    },
)
"""The service's newer list, whose errors are always the service's own."""

_PATHS: Final = frozenset({IMAGES.path, CLOUDIMAGES.path})


def asks_list(method: str, path: str) -> bool:
    """Whether a request asks for a page of a list of images."""
    return path in _PATHS and method == "GET"
