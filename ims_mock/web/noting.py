"""What is noted of a request for the journal; every request waits for it, so nothing is looked up twice."""

from __future__ import annotations

from http import HTTPStatus
from time import perf_counter
from typing import Any, Final

from ims_mock.auth.authentication import Verdict
from ims_mock.auth.credentials import SECRET_HEADERS
from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image
from ims_mock.emulator import Emulator
from ims_mock.journal.notes import HEADERS, MOST_CHARACTERS, OPENED, Note, Paged, told

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


def note_end(
    status: int,
    images: tuple[Image, ...] | None,
    environ: dict[str, Any],
    known: dict[str, Any],
    paged: Paged | None = None,
    catalog: Catalog | None = None,
) -> Note:
    """Lay a request down in the journal.

    Args:
        status: of the answer.
        images: those that the answer shows, ``None`` when it is of another kind.
        environ: the request as WSGI has it.
        known: what was kept of it.
        paged: what a page answered, ``None`` when the answer is of another kind.
        catalog: what a page was answered from.

    Returns:
        what was laid down.
    """
    note = note_of(status, images, environ, known, paged)
    known["journal"].record(note, catalog)
    return note


def note_of(
    status: int,
    images: tuple[Image, ...] | None,
    environ: dict[str, Any],
    known: dict[str, Any],
    paged: Paged | None = None,
) -> Note:
    """Put together what is known of a request.

    Args:
        status: of the answer.
        images: those that the answer shows, ``None`` when it is of another kind.
        environ: the request as WSGI has it.
        known: what was kept of it.
        paged: what a page answered, ``None`` when the answer is of another kind.
    """
    verdict: Verdict | None = known.get("verdict")
    rule = known.get("fault")
    if images is None and status < HTTPStatus.BAD_REQUEST:
        images = ()
    if rule and not rule.keeps_body:
        status, images, paged = (0 if rule.drops_response else status), None, None
    elif rule and paged and rule.hides_next and paged[0].listing.has_links:
        paged = (*paged[:2], False)
    headers = {name: environ[one][:MOST_CHARACTERS] for one, name in _PLAIN if one in environ}
    for one, name in _SECRET:
        if one in environ:
            headers[name] = told(name, environ[one], verdict)
    began = known["began"]
    token = verdict.token if verdict else None
    return Note(
        known["time"],
        environ["REQUEST_METHOD"],
        environ.get("PATH_INFO", "")[:MOST_CHARACTERS],
        environ.get("QUERY_STRING", "")[:MOST_CHARACTERS],
        headers,
        verdict.caller.project if verdict else "",
        verdict.proof if verdict else "",
        verdict.doubt if verdict else "",
        status,
        perf_counter() - began,
        images,
        rule.id if rule else "",
        began,
        environ.get(OPENED, 0.0),
        paged,
        verdict.caller.roles if verdict else frozenset(),
        token is not None and not token.project,
    )
