"""What is noted of a request for the journal; every request waits for it, so nothing is looked up twice."""

from __future__ import annotations

from http import HTTPStatus
from time import perf_counter
from typing import Any, Final

from ims_mock.emulator import Emulator
from ims_mock.identity import Verdict
from ims_mock.image import Image
from ims_mock.journal import HEADERS, MOST_CHARACTERS, Note, told
from ims_mock.masking import SECRET_HEADERS

_OWN: Final = ("content-length", "content-type")
"""The headers to whose names WSGI adds nothing."""


def _variables(*, are_secret: bool) -> tuple[tuple[str, str], ...]:
    """Give the headers that the journal keeps, each as WSGI calls it and by its name."""
    names = {name: name.upper().replace("-", "_") for name in HEADERS if (name in SECRET_HEADERS) is are_secret}
    return tuple((one if name in _OWN else f"HTTP_{one}", name) for name, one in names.items())


_PLAIN: Final = _variables(are_secret=False)
_SECRET: Final = _variables(are_secret=True)


def note_beginning(here: Emulator, known: dict[str, Any]) -> None:
    """Note that a request comes in.

    Args:
        here: the emulator that answers it.
        known: what is kept for as long as the request lasts.
    """
    known["journal"], known["time"] = here.journal, here.clock.now()


def note_end(status: int, images: tuple[Image, ...] | None, environ: dict[str, Any], known: dict[str, Any]) -> None:
    """Lay a request down in the journal.

    Args:
        status: of the answer.
        images: those that the answer shows, ``None`` when it is of another kind.
        environ: the request as WSGI has it.
        known: what was kept of it.
    """
    verdict: Verdict | None = known.get("verdict")
    rule = known.get("fault")
    if images is None and status < HTTPStatus.BAD_REQUEST:
        images = ()
    if rule and not rule.is_readable:
        status, images = (0 if rule.is_silent else status), None
    headers = {name: environ[one][:MOST_CHARACTERS] for one, name in _PLAIN if one in environ}
    for one, name in _SECRET:
        if one in environ:
            headers[name] = told(name, environ[one], verdict)
    note = Note(
        known["time"],
        environ["REQUEST_METHOD"],
        environ.get("PATH_INFO", "")[:MOST_CHARACTERS],
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
    known["journal"].record(note)
