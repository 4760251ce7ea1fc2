"""``/_ims/faults``: the fault rules, listed, added and removed."""

from flask import Blueprint, Response, jsonify

from ims_mock.errors import RequestError
from ims_mock.web.context import context
from ims_mock.web.control.bodies import json_object

blueprint = Blueprint("faults", __name__)


@blueprint.get("/faults")
def list_faults() -> Response:
    """List the rules, each with its hits."""
    return jsonify(faults=[rule.as_json() for rule in context.emulator.faults.rules])


@blueprint.post("/faults")
def add_fault() -> tuple[Response, int]:
    """Append a rule."""
    rule = json_object().object()
    try:
        return jsonify(context.emulator.faults.add(rule).as_json()), 201
    except ValueError as error:
        raise RequestError("body", what=str(error).removeprefix("Invalid ")) from None


@blueprint.delete("/faults/<rule_id>")
def remove_fault(rule_id: str) -> tuple[str, int]:
    """Remove one rule."""
    faults = context.emulator.faults
    if not faults.remove(rule_id):
        raise RequestError("rule", "the rule", rule_id, ", ".join(rule.id for rule in faults.rules))
    return "", 204
