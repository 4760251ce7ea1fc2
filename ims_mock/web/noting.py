"""What is noted of a request that was answered: its entry in the journal."""

from __future__ import annotations

from time import perf_counter
from typing import Final

from flask import Response, request

from ims_mock.identity import Verdict
from ims_mock.journal import HEADERS, MOST_CHARACTERS, Note, told
from ims_mock.masking import SECRET_HEADERS
from ims_mock.web.answers import Shown
from ims_mock.web.current import emulator, kept

_OWN: Final = ("content-length", "content-type")
"""The headers to whose names WSGI adds nothing."""


def _variables(*, are_secret: bool) -> tuple[tuple[str, str], ...]:
    """Give the headers that the journal keeps, each as WSGI calls it and by its name."""
    names = {name: name.upper().replace("-", "_") for name in HEADERS if (name in SECRET_HEADERS) is are_secret}
    return tuple((one if name in _OWN else f"HTTP_{one}", name) for name, one in names.items())


_PLAIN: Final = _variables(are_secret=False)
_SECRET: Final = _variables(are_secret=True)


def noted(response: Response) -> None:
    """Lay a request down in the journal.

    Args:
        response: how it is answered.
    """
    environ, known = request.environ, kept()
    verdict: Verdict | None = known.get("verdict")
    headers = {name: environ[one][:MOST_CHARACTERS] for one, name in _PLAIN if one in environ}
    for one, name in _SECRET:
        if one in environ:
            headers[name] = told(name, environ[one], verdict)
    rule, status = known.get("fault"), response.status_code
    if rule and not rule.is_readable:
        status, images = (0 if rule.effect.get("drop") == "before" else status), None
    else:
        images = response.images if isinstance(response, Shown) else () if status < 400 else None
    emulator().journal.record(
        Note(
            known["time"],
            request.method,
            request.path[:MOST_CHARACTERS],
            environ.get("QUERY_STRING", "")[:MOST_CHARACTERS],
            headers,
            verdict.caller.project if verdict else "",
            verdict.proof if verdict else "",
            verdict.doubt if verdict else "",
            status,
            perf_counter() - known["began"],
            images,
            rule.id if rule else "",
        )
    )
