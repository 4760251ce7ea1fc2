"""``/_ims/sandboxes``: emulators of somebody's own, under a URL of their own or by their credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, jsonify, request

from ims_mock.contract.profiles import Profile
from ims_mock.errors import RequestError
from ims_mock.journal.treatment import Treatment, treatment_of
from ims_mock.loading.loader import Loaded, load
from ims_mock.loading.sources import bundled
from ims_mock.options import MAX_GENERATED, MODES
from ims_mock.sandboxes import UNUSED_SECONDS, Sandbox
from ims_mock.web.context import current_context
from ims_mock.web.control.bodies import MAX_CATALOG_BYTES, catalog_errors, json_object, masks
from ims_mock.web.responses import empty_response
from ims_mock.web.sandbox_routing import PATH, is_in_sandbox, sandboxes

if TYPE_CHECKING:
    from ims_mock.json_body import Part
    from ims_mock.loading.sources import Source

LONGEST_SECONDS: Final = 7 * 24 * 3_600

_LOADS: Final = frozenset({"catalog", "generate", "seed", "project"})
_KEYS: Final = (
    "catalog", "generate", "seed", "project", "profile", "auth", "findings", "findings_ignore", "expires",
)  # fmt: skip

blueprint = Blueprint("sandboxes", __name__)


@blueprint.before_request
def _refuse_sandboxes_inside() -> None:
    """Refuse to make sandboxes inside of one."""
    if is_in_sandbox(current_context()):
        raise RequestError("route", "the path", request.path)


@blueprint.post("/sandboxes", provide_automatic_options=False)
def make_sandbox() -> tuple[Response, int]:
    """Make a sandbox, over the catalog that the server began with or one that is sent."""
    return _sandbox_answer(sandboxes().make(**_words())), 201


@blueprint.put("/sandboxes/<id>", provide_automatic_options=False)
def begin_sandbox(id: str) -> Response:
    """Let a sandbox begin anew, as if it were made now; its id and its credentials stay."""
    return _sandbox_answer(sandboxes().begin(id, **_words()))


def _words() -> dict[str, Any]:
    asked = json_object(current_context(), MAX_CATALOG_BYTES, is_required=False)
    if strange := sorted(asked.object().keys() - set(_KEYS)):
        raise asked.part(strange[0]).refused(", ".join(_KEYS), "is unknown")
    return {
        "loaded": _loaded(asked),
        "profile": _profile(asked),
        "needs_credentials": _needs_credentials(asked),
        "treatment": _treatment(asked),
        "seconds": _seconds(asked),
    }


def _sandbox_answer(sandbox: Sandbox) -> Response:
    says: dict[str, Any] = {
        "id": sandbox.id,
        "url": f"{current_context().base_url}{PATH}/{sandbox.id}",
        "token": sandbox.own.token,
        "access_key": sandbox.own.access,
        "secret_key": sandbox.own.secret,
        "project": sandbox.emulator.identity.project,
        "expires": sandbox.seconds,
    }
    return jsonify(says)


@blueprint.delete("/sandboxes/<id>", provide_automatic_options=False)
def remove_sandbox(id: str) -> Response:
    """Remove a sandbox and all that is in it."""
    sandboxes().remove(id)
    return empty_response()


# --- what is asked for ----------------------------------------------------------------------------


def _loaded(asked: Part) -> Loaded | None:
    """Load what the sandbox begins with; nothing is loaded where it shares the catalog of the server."""
    if not any(map(asked.has, _LOADS)):
        return None
    sources = [_source(asked.part("catalog"))] if asked.has("catalog") else []
    onto = None if sources else current_context().emulator.loaded
    project = asked.part("project").text() if asked.has("project") else ""
    seed, more = _whole(asked, "seed", 2**63 - 1), _whole(asked, "generate", MAX_GENERATED)
    with catalog_errors():
        return load(sources, more=more, seed=seed, project=project, onto=onto, masks=masks())


def _source(part: Part) -> Source:
    legal = f"the structure of a catalog file, or one of {', '.join(bundled())}"
    if isinstance(part.value, dict):
        return part.object()
    name = part.text(legal)
    if name not in bundled():  # a file of the server is nobody's business
        raise part.refused(legal, "is no bundled catalog")
    return name


def _whole(asked: Part, name: str, most: int) -> int:
    if not asked.has(name):
        return 0
    part, legal = asked.part(name), f"a whole number from 0 to {most}"
    if not isinstance(part.value, int) or isinstance(part.value, bool):
        raise part.refused(legal)
    if not 0 <= part.value <= most:
        raise part.refused(legal, "is out of bounds")
    return part.value


def _profile(asked: Part) -> Profile | None:
    if not asked.has("profile"):
        return None
    part = asked.part("profile")
    try:
        return Profile.parse(part.text())
    except ValueError as error:
        raise part.refused("documented or glance, with switches", f"is wrong: {error}") from None


def _needs_credentials(asked: Part) -> bool | None:
    if not asked.has("auth"):
        return None
    part, legal = asked.part("auth"), "on or off"
    if part.text(legal) not in ("on", "off"):
        raise part.refused(legal, "is neither")
    return part.text() == "on"


def _treatment(asked: Part) -> Treatment:
    """Tell what becomes of findings: as on the server, where nothing is said."""
    treatment = current_context().emulator.treatment
    if asked.has("findings"):
        part = asked.part("findings")
        if part.text(", ".join(MODES)) not in MODES:
            raise part.refused(", ".join(MODES), "is none of them")
        treatment = treatment._replace(mode=part.text())
    if asked.has("findings_ignore"):
        part = asked.part("findings_ignore")
        try:
            treatment = treatment_of(treatment.mode, part.text())
        except ValueError as error:
            raise part.refused("names of findings, separated by commas", f"is wrong: {error}") from None
    return treatment


def _seconds(asked: Part) -> float:
    if not asked.has("expires"):
        return UNUSED_SECONDS
    part, legal = asked.part("expires"), f"seconds, above 0 and up to {LONGEST_SECONDS}"
    if not isinstance(part.value, int | float) or isinstance(part.value, bool):
        raise part.refused(legal)
    if not 0 < part.value <= LONGEST_SECONDS:
        raise part.refused(legal, "is out of bounds")
    return part.value
