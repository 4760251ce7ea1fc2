"""Fault injection: what the rule that matches a request does to it, and to its response."""

import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any, Final

from flask import Response

from ims_mock.catalog.cloudimages import asks_list
from ims_mock.errors import Problem, RequestError, usual_code
from ims_mock.faults.effects import ABSOLUTE, EMPTY, GARBAGE, HTML, LOOP, MISSING, NULL, REPEATED, TRUNCATED
from ims_mock.faults.rules import FaultCandidate, FaultRule
from ims_mock.journal.pagination import marker_of
from ims_mock.web.context import RequestContext

RELEASE_WORKER: Final = "ims_mock.release_worker"  # in the WSGI environment: frees the thread while a request waits
_GARBAGE: Final = bytes(range(255, 127, -1))  # bytes that are neither UTF-8 nor JSON
_HTML: Final = "<html>\n<head><title>{0}</title></head>\n<body>\n<center><h1>{0}</h1></center>\n</body>\n</html>\n"


def apply_before_response(context: RequestContext) -> None:
    """Apply the first rule that matches a request: its delay, its catalog changes, and its error, which is raised."""
    rule = context.emulator.faults.select(_candidate(context))
    if rule is None:
        return
    context.fault = rule
    if seconds := rule.delay_seconds():
        with context.environ.get(RELEASE_WORKER, nullcontext)():
            time.sleep(seconds)
    if "catalog" in rule.effect:
        change, emulator, marker = rule.effect["catalog"], context.emulator, marker_of(context.query_string)
        now, project, seed = emulator.clock.wire(), emulator.credentials.default_project, emulator.state.seed
        emulator.edit_catalog(lambda catalog: change.apply(catalog, marker=marker, project=project, seed=seed, now=now))
    if "status" in rule.effect:
        if asks_list(context.request.method, context.request.path):
            context.authenticate()  # the journal assigns the walk by its project
        raise _error(rule)
    if rule.effect.get("next") == ABSOLUTE:
        _ = context.base_url  # which needs a valid Host


def _candidate(context: RequestContext) -> FaultCandidate:
    method, path, query = context.request.method, context.request.path, context.query_string

    def page_number() -> int:
        if not asks_list(method, path):
            return 0
        return context.emulator.journal.page_number(path, context.authenticate().caller.project, query)

    return FaultCandidate(method, path, query, context.header, page_number)


def _error(rule: FaultRule) -> RequestError:
    """Return the error of a rule; Glance has its usual message unless the rule has one."""
    status, message = rule.effect["status"], rule.effect.get("message", "")
    code = rule.effect.get("code") or usual_code(status)
    problem = Problem("fault", status, code, "a fault is injected", "{says}", "{message}")
    return RequestError(problem, says=message or f"{status.phrase} (injected by fault rule {rule.id})", message=message)


class DroppedConnectionError(ConnectionError):
    """Tells the server to close the connection instead of sending more of the response."""


class DroppedResponse(Response):
    """A response before which, or in the middle of whose body, the connection is dropped."""

    is_silent = False  # whether it is dropped before the response

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        """Send the response up to the point at which the connection is dropped."""
        if not self.is_silent:
            body = b"".join(super().__call__(environ, start_response))
            yield body[: len(body) // 2]
        raise DroppedConnectionError


def apply_to_response(context: RequestContext, rule: FaultRule, response: Response) -> Response:
    """Return the response after a rule changed it."""
    effect = rule.effect
    if "next" in effect and context.images is not None:
        _change_next(context, response, effect["next"])
    if "body" in effect and response.status_code != HTTPStatus.NO_CONTENT:
        response = Response(_changed_body(response, effect["body"]), response.status, response.headers)
    if "content_type" in effect:
        response.headers["Content-Type"] = effect["content_type"]
    if not response.headers.get("Content-Type"):
        response.headers.pop("Content-Type", None)
    response.headers.update(effect.get("headers", {}))
    if "drop" in effect:
        dropped = DroppedResponse(response.get_data(), response.status, response.headers)
        dropped.is_silent = rule.drops_response
        return dropped
    return response


def _change_next(context: RequestContext, response: Response, how: str) -> None:
    """Change the link to the next page, if the response has links."""
    page = json.loads(response.get_data())
    if "first" not in page:
        return
    links = {NULL: None, LOOP: page["first"], REPEATED: f"{context.request.path}?{context.query_string}"}
    if how in links:
        page["next"] = links[how]
    elif how == MISSING:
        page.pop("next", None)
    elif "next" in page:
        page["next"] = context.base_url + page["next"]
    response.set_data(json.dumps(page, ensure_ascii=False))


def _changed_body(response: Response, how: str) -> bytes:
    """Return the changed body; its length is its own."""
    del response.headers["Content-Length"]
    if how == HTML:
        response.headers["Content-Type"] = "text/html"
        return _HTML.format(response.status).encode()
    body = response.get_data()
    return {TRUNCATED: body[: len(body) // 2], GARBAGE: _GARBAGE, EMPTY: b""}[how]
