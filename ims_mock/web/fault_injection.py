"""How faults come about: what they do to a request before it is answered, and to its answer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from flask import Response, request

from ims_mock.catalog.cloudimages import asks_list
from ims_mock.errors import Problem, RequestError, usual_code
from ims_mock.faults.schema import EMPTY, GARBAGE, HTML, LOOP, MISSING, NULL, REPEATED, TRUNCATED, FaultCandidate
from ims_mock.journal.pagination import marker_of
from ims_mock.web.context import base_url, emulator, header, kept, verdict
from ims_mock.web.responses import RELIEVED, Dropped, images_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from ims_mock.faults.changes import CatalogChange
    from ims_mock.faults.rules import FaultRule

_GARBAGE: Final = bytes(range(255, 127, -1))
"""No text in UTF-8, and no JSON."""

_HTML: Final = (
    "<html>\n<head><title>{status}</title></head>\n<body>\n<center><h1>{status}</h1></center>\n</body>\n</html>\n"
)


def suffer() -> None:
    """Let the first fault that takes the request happen, as far as it comes before the answer.

    Raises:
        RequestError: the fault refuses the request.
    """
    rule = emulator().faults.select(_asked())
    if rule is None:
        return
    kept()["fault"] = rule
    if seconds := rule.delay_seconds():
        with request.environ.get(RELIEVED, nullcontext)():
            time.sleep(seconds)
    if "catalog" in rule.effect:
        _change(rule.effect["catalog"])
    if "status" in rule.effect:
        if asks_list(request.method, request.path):
            verdict()  # the journal tells with it whose walk it is
        raise _refusal(rule)


def _asked() -> FaultCandidate:
    query, journal = request.environ.get("QUERY_STRING", ""), emulator().journal

    def page() -> int:
        if not asks_list(request.method, request.path):
            return 0
        return journal.page_of(request.path, verdict().caller.project, query)

    return FaultCandidate(request.method, request.path, query, header, page)


def _change(change: CatalogChange) -> None:
    here, marker = emulator(), marker_of(request.environ.get("QUERY_STRING", ""))
    now, project = here.clock.wire(), here.identity.project
    here.edit(lambda catalog: change.apply(catalog, marker=marker, project=project, seed=here.seed, now=now))


def _refusal(rule: FaultRule) -> RequestError:
    """Make the error of a fault; Glance says its usual sentence unless it is given another."""
    status: HTTPStatus = rule.effect["status"]
    message = rule.effect.get("message", "")
    code = rule.effect.get("code") or usual_code(status)
    problem = Problem("fault", status, code, "{says}", "{message}")
    return RequestError(
        problem, says=message or f"{status.phrase}; a fault on purpose, rule {rule.id}", message=message
    )


# --- the answer -----------------------------------------------------------------------------------


class Hung(Response):
    """An answer on which the connection is dropped.

    Attributes:
        is_silent: whether that happens before it, and not in the middle of its body.
    """

    is_silent = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as far as it comes."""
        if self.is_silent:
            raise Dropped
        return _half(super().__call__(environ, start_response))


def _half(pieces: Iterable[bytes]) -> Iterator[bytes]:
    body = b"".join(pieces)
    yield body[: len(body) // 2]
    raise Dropped


def spoiled(response: Response) -> Response:
    """Give the answer as the fault of the request leaves it; what can not be read any more shows no images."""
    rule: FaultRule = kept()["fault"]
    effect = rule.effect
    if "next" in effect and images_of(response) is not None:
        _relink(response, effect["next"])
    if "body" in effect and response.status_code != HTTPStatus.NO_CONTENT:
        response = Response(_garbled(response, effect["body"]), response.status, response.headers)
    if "content_type" in effect:
        response.headers["Content-Type"] = effect["content_type"]
    if not response.headers.get("Content-Type"):
        response.headers.pop("Content-Type", None)
    response.headers.update(effect.get("headers", {}))
    if "drop" in effect:
        hung = Hung(response.get_data(), response.status, response.headers)
        hung.is_silent = rule.drops_response
        return hung
    return response


def _relink(answer: Response, how: str) -> None:
    """Write another link to the next page; what is no page with links stays as it is."""
    page: dict[str, Any] = json.loads(answer.get_data())
    if "first" not in page:
        return
    if how == MISSING:
        page.pop("next", None)
    elif how == NULL:
        page["next"] = None
    elif how == LOOP:
        page["next"] = page["first"]
    elif how == REPEATED:
        page["next"] = f"{request.path}?{request.environ.get('QUERY_STRING', '')}"
    elif "next" in page:
        page["next"] = base_url() + page["next"]
    answer.set_data(json.dumps(page, ensure_ascii=False))


def _garbled(answer: Response, how: str) -> bytes:
    """Give another body; the length is its own."""
    del answer.headers["Content-Length"]
    if how == HTML:
        answer.headers["Content-Type"] = "text/html"
        return _HTML.format(status=answer.status).encode()
    body = answer.get_data()
    return {TRUNCATED: body[: len(body) // 2], GARBAGE: _GARBAGE, EMPTY: b""}[how]
