"""``ims-mock serve``."""

from __future__ import annotations

import ssl
from typing import Any

import click

from ims_mock import __version__
from ims_mock.cli.output import ProgressBar
from ims_mock.cli.parameters import make_command
from ims_mock.options import ServeOptions
from ims_mock.server.logs import log_to_stderr
from ims_mock.server.reloader import Reloader
from ims_mock.server.server import BindError, bind, exit_on_signals, make_server, url_of
from ims_mock.server.tls import CertificateError, tls_context


@make_command("serve")
def command(**options: Any) -> None:
    """Serve catalogs: bundled names, .yaml or .json files, or directories; several are merged."""
    with exit_on_signals():
        _serve(ServeOptions(**options))


def _serve(options: ServeOptions) -> None:
    from ims_mock.emulator import Emulator, check_options, load_options  # signals that arrive meanwhile are handled
    from ims_mock.loading.sources import CatalogError
    from ims_mock.web.app import app_for

    log_to_stderr(options.log_level, options.log_format)
    try:
        check_options(options)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        tls = _tls_context(options)
        listener = bind(options.host, options.port)
        url = url_of(listener, "https" if tls else "http")
        reloader = Reloader([str(one) for one in options.sources]) if options.watch else None  # before files are read
        with ProgressBar() as progress:
            loaded = load_options(options, progress=progress)
        for warning in loaded.warnings:
            click.echo(str(warning), err=True)
        emulator = Emulator(loaded, options)
        app = app_for(emulator, has_control=options.control == "on")
        server = make_server(app, listener, options.threads, tls)
    except (BindError, CertificateError) as error:
        raise click.ClickException(str(error)) from None
    except CatalogError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None
    if reloader:
        reloader.start(emulator.reload, generate=options.generate, seed=options.seed, project=options.project)
    images = len(emulator.catalog)
    click.echo(f"ims-mock {__version__}: {images} image{'s' * (images != 1)} ({emulator.state.name}) on {url}")
    server.run()


def _tls_context(options: ServeOptions) -> ssl.SSLContext | None:
    certificate, key = options.tls_cert, options.tls_key
    if not certificate and not key:
        return None
    if not certificate or not key:
        given, missing = ("--tls-cert", "--tls-key") if certificate else ("--tls-key", "--tls-cert")
        raise click.UsageError(f"{given} requires {missing}. Use both or neither.")
    return tls_context(certificate, key)
