"""The control paths under ``/_ims/``: how tests and containers look at the emulator itself; never authenticated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, jsonify, request

from ims_mock import __version__
from ims_mock.clock import Clock
from ims_mock.errors import RequestError
from ims_mock.kinds import duration, moment, read_time, wire_time
from ims_mock.web.current import emulator, host, json_body

if TYPE_CHECKING:
    from ims_mock.bodies import Part

PREFIX: Final = "/_ims"
_ASKED: Final = (frozenset({"now"}), frozenset({"now", "runs"}), frozenset({"advance"}))

blueprint = Blueprint("control", __name__, url_prefix=PREFIX)


@blueprint.before_request
def _refuse_pages_of_others() -> None:
    """Refuse what a web page could send without being asked: a change must be JSON, and of no foreign origin."""
    if request.method in ("GET", "HEAD"):
        return
    origin = request.headers.get("Origin", "")
    if origin and origin.lower() != f"{request.scheme}://{host()}".lower():
        raise RequestError("origin", "Origin", origin, f"none, or {request.scheme}://{host()}")
    if not request.is_json:
        raise RequestError("media-type", "Content-Type", request.mimetype, "application/json")


@blueprint.get("/health", provide_automatic_options=False)
def health() -> Response:
    """Say that the emulator answers, and what it answers from."""
    return jsonify(status="ok", version=__version__, catalog=emulator().name, images=len(emulator().catalog))


@blueprint.get("/clock", provide_automatic_options=False)
def show_clock() -> Response:
    """Tell the emulator's time, and whether it stands still."""
    return _clock_answer(emulator().clock)


@blueprint.put("/clock", provide_automatic_options=False)
def set_clock() -> Response:
    """Set the clock, or move it on.

    The body is ``{"now": TIME}`` to let it stand still at an instant, with ``"runs": true`` to let it run on from
    there, ``{"now": null}`` for the real time, or ``{"advance": "PT1H"}`` to move it by a duration or by seconds.
    """
    body = json_body()
    asked = frozenset(body.object())
    if asked not in _ASKED:
        raise body.refused("now, now and runs, or advance", "asks for something else")
    if "advance" not in body.value:
        return _clock_answer(emulator().move_clock(lambda _: _set(body)))
    part = body.part("advance")
    by = duration(part.value)
    if by is None:
        raise part.refused("a duration such as PT1H or -P1DT30M, or a number of seconds")
    try:
        return _clock_answer(emulator().move_clock(lambda clock: clock.advanced(by)))
    except ValueError as error:
        raise part.refused("a duration inside the calendar", str(error)) from None


def _set(body: Part) -> Clock:
    part, runs = body.part("now"), body.value.get("runs", False)
    if not isinstance(runs, bool):
        raise body.part("runs").refused("true or false")
    if part.value is None and "runs" in body.value:
        raise body.part("runs").refused("nothing beside a now that is null", "is given")
    if part.value is None:
        return Clock()
    text = part.text("a time such as 2030-01-01T00:00:00Z, or null")
    try:
        return Clock.at(moment(read_time(text)), runs=runs)
    except ValueError as error:
        raise part.refused("such a time, or null", str(error)) from None


def _clock_answer(clock: Clock) -> Response:
    says: dict[str, Any] = {"now": wire_time(clock.now()), "is_frozen": clock.frozen is not None}
    return jsonify(says | {"ahead_seconds": round(clock.ahead.total_seconds())})
