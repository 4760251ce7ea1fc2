"""The application factory for users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ims_mock.emulator import Emulator, check_options, load_options
from ims_mock.options import AppOptions, keywords_of_function
from ims_mock.web import app

if TYPE_CHECKING:
    from flask import Flask


@keywords_of_function(AppOptions)
def create_app(options: AppOptions) -> Flask:
    """Return the WSGI application.

    The options are keywords: ``create_app("default", generate=100, auth="on")``. The parameters and their defaults are
    derived from :class:`ims_mock.options.AppOptions`. If the server runs several processes, requests that depend on the
    state of one process are rejected.

    Raises:
        CatalogError: If a catalog is invalid.
        TypeError: If there is no option of a name.
        ValueError: If the value of an option is invalid.
    """
    check_options(options)
    return app.create_app(
        Emulator(load_options(options), options),
        is_forwarded=options.forwarded == "on",
        is_read_only=options.read_only == "on",
        is_alone=False,
    )
