"""``ims-mock serve``."""

import json
import logging
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import click

from ims_mock import __version__
from ims_mock.cli.common import ProgressBar, make_command
from ims_mock.options import ServeOptions
from ims_mock.server.reloader import Reloader
from ims_mock.server.server import BindError, Server, bind, exit_on_signals, url_of
from ims_mock.server.tls import CertificateError, tls_context

_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


@make_command("serve")
def command(**options: Any) -> None:
    """Serve catalogs: bundled names, .yaml or .json files, or directories; several are merged."""
    with exit_on_signals() as run:
        _serve(ServeOptions(**options), run)


def _serve(options: ServeOptions, run: Callable[[Server], None]) -> None:
    # imported here so that signals that arrive meanwhile are handled
    from ims_mock.emulator import Emulator, check_options, describe, load_options
    from ims_mock.loading.sources import CatalogError, report_problems
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
        reloader = Reloader(options) if options.watch else None  # before files are read
        with ProgressBar() as progress:
            loaded = load_options(options, progress=progress)
        for line in report_problems(loaded.warnings):
            click.echo(line, err=True)
        emulator = Emulator(loaded, options)
        app = app_for(emulator, has_control=options.control == "on")
        server = Server(app, listener, options.threads, tls)
    except (BindError, CertificateError) as error:
        raise click.ClickException(str(error)) from None
    except CatalogError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None
    if reloader:
        reloader.start(emulator.reload)
    with suppress(OSError):  # standard output is closed, or its reader has ended
        click.echo(f"ims-mock {__version__}: {describe(emulator.state, emulator.profile)} on {url}")
    run(server)


def _tls_context(options: ServeOptions) -> ssl.SSLContext | None:
    certificate, key = options.tls_cert, options.tls_key
    if not certificate and not key:
        return None
    if not certificate or not key:
        given, missing = ("--tls-cert", "--tls-key") if certificate else ("--tls-key", "--tls-cert")
        raise click.UsageError(f"{given} requires {missing}. Use both or neither.")
    return tls_context(certificate, key)


def log_to_stderr(level: str, form: str) -> None:
    """Send the log from a level up to standard error, in the form ``text`` or ``json``."""
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s", _TIME_FORMAT)
    formatter = _JsonFormatter() if form == "json" else text
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    for name, threshold in (("ims_mock", level.upper()), ("waitress", "ERROR")):
        log = logging.getLogger(name)
        log.addHandler(handler)
        log.setLevel(threshold)
        log.propagate = False


class _JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: its ``parts`` if it has any, else its message."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {"time": self.formatTime(record, _TIME_FORMAT), "level": record.levelname.lower()}
        entry |= getattr(record, "parts", None) or {"message": record.getMessage()}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)
