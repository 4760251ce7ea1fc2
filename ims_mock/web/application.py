"""The Python door: catalogs and a few words become a WSGI application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ims_mock.contract.profiles import Profile
from ims_mock.emulator import Emulator, throttle_of
from ims_mock.journal.treatment import treatment_of
from ims_mock.loading.loader import load
from ims_mock.loading.parser import Text
from ims_mock.options import JOURNAL_ENTRIES, KEPT_BYTES, LENIENT
from ims_mock.web import app

if TYPE_CHECKING:
    from flask import Flask

    from ims_mock.loading.sources import Source


def create_app(
    catalog: Source | Sequence[Source] = "default",
    *,
    generate: int = 0,
    seed: int = 0,
    profile: str = "documented",
    auth: str = "off",
    project: str = "",
    throttle: str = "",
    forwarded: str = "off",
    read_only: str = "off",
    keep_data: int = KEPT_BYTES,
    journal: int = JOURNAL_ENTRIES,
    findings: str = LENIENT,
    findings_ignore: str = "",
) -> Flask:
    """Make the bare WSGI application.

    Where the server says that several processes answer, what only one of them would know is refused.

    Args:
        catalog: a bundled name, the path of a file or folder, the structure or text of a file, or several of them.
        generate: this many generated images besides.
        seed: what generated images and absent ids are made from.
        profile: ``documented`` or ``glance``, with switches.
        auth: ``on`` refuses requests without usable credentials; ``off`` refuses none.
        project: whose eyes a caller without credentials has; empty leaves it to the catalog.
        throttle: requests and seconds that one address may send, ``5/10``; empty for any number.
        forwarded: ``on`` believes the ``X-Forwarded-`` headers of a proxy in front.
        read_only: ``on`` refuses all that would change something.
        keep_data: how many bytes of the data of one image are kept to be downloaded.
        journal: how many requests the journal keeps.
        findings: what becomes of what a client does wrong: ``lenient``, ``warn`` or ``strict``.
        findings_ignore: names of findings that appear nowhere, separated by commas.

    Raises:
        CatalogError: with every problem of every catalog.
        ValueError: an unknown profile, throttle, finding or value of ``auth``, ``forwarded``, ``read_only`` or
            ``findings``; the message says what is legal.
    """
    for name, value in (("auth", auth), ("forwarded", forwarded), ("read_only", read_only)):
        if value not in ("on", "off"):
            raise ValueError(f"{name} is {value!r}; legal are 'on' and 'off'")
    chosen, limit, treatment = Profile.parse(profile), throttle_of(throttle), treatment_of(findings, findings_ignore)
    loaded = load(sources_of(catalog), more=generate, seed=seed, project=project)
    emulator = Emulator(
        loaded,
        chosen,
        needs_credentials=auth == "on",
        throttle=limit,
        kept_bytes=keep_data,
        kept_requests=journal,
        treatment=treatment,
    )
    return app.create_app(emulator, is_forwarded=forwarded == "on", is_read_only=read_only == "on", is_alone=False)


def sources_of(catalog: Source | Sequence[Source]) -> list[Source]:
    """Give the sources that stand in an argument: one alone, or several."""
    return [catalog] if isinstance(catalog, str | Path | Mapping | Text) else list(catalog)
