"""``/_ims/clock``: the emulator's time, shown, set and advanced."""

from flask import Blueprint, Response, jsonify

from ims_mock.clock import Clock
from ims_mock.contract.values import parse_duration, parse_wire_time, read_time, wire_time
from ims_mock.json_body import JsonValue
from ims_mock.text import quoted
from ims_mock.web.context import context
from ims_mock.web.control.bodies import json_object

blueprint = Blueprint("clock", __name__)


@blueprint.get("/clock")
def show_clock() -> Response:
    """Show the emulator's time, and whether it is frozen."""
    return _clock_response(context.emulator.clock)


@blueprint.put("/clock")
def set_clock() -> Response:
    """Set or advance the clock.

    The body is ``{"now": TIME}`` to freeze it at a time, with ``"runs": true`` to let it run from there,
    ``{"now": null}`` for the real time, or ``{"advance": "PT1H"}`` to advance it by a duration or a number of seconds.
    """
    body = json_object()
    if (keys := body.object().keys()) not in ({"now"}, {"now", "runs"}, {"advance"}):
        unknown = sorted(keys - {"now", "runs", "advance"})
        what = f"has the unknown key {quoted(unknown[0])}" if unknown else f"has {' and '.join(keys) or 'no key'}"
        raise body.error("now, now and runs, or advance", what)
    change = _advanced if "advance" in body.value else _set
    return _clock_response(context.emulator.change_clock(lambda clock: change(clock, body)))


def _advanced(clock: Clock, body: JsonValue) -> Clock:
    part = body.member("advance")
    by = parse_duration(part.value)
    if by is None:
        raise part.error("a duration such as PT1H or -P1DT30M, or a number of seconds")
    try:
        return clock.advanced(by)
    except ValueError as error:
        raise part.error("a duration inside the calendar", str(error)) from None


def _set(_: Clock, body: JsonValue) -> Clock:
    part, runs = body.member("now"), body.value.get("runs", False)
    if not isinstance(runs, bool):
        raise body.member("runs").error("true or false")
    if part.value is None:
        if "runs" in body.value:
            raise body.member("runs").error("nothing beside a now that is null", "is given")
        return Clock()
    text = part.text("a time such as 2030-01-01T00:00:00Z, or null")
    try:
        return Clock.at(parse_wire_time(read_time(text)), runs=runs)
    except ValueError as error:
        raise part.error("such a time, or null", str(error)) from None


def _clock_response(clock: Clock) -> Response:
    ahead = round(clock.ahead.total_seconds())
    return jsonify(now=wire_time(clock.now()), is_frozen=clock.frozen is not None, ahead_seconds=ahead)
