"""The command line ``ims-mock``, made from the table of settings."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from ims_mock import __version__
from ims_mock.options import OPTIONS, Option, ServeOptions

PROGRAM: Final = "ims-mock"
SERVE, CHECK, GENERATE, FIELDS, OPENAPI = "serve", "check", "generate", "fields", "openapi"
REPORT, HEALTH = "report", "healthcheck"
_TABLES: Final = ("table", "json", "markdown")
FORMATS: Final = {GENERATE: ("yaml", "json"), FIELDS: _TABLES, REPORT: _TABLES}
_PATIENCE_SECONDS: Final = 1.0
_SETTLED_SECONDS: Final = 1.0
"""So long after its start a server moves its memory: whoever starts one asks it at once."""

_ANSWER_SECONDS: Final = 3.0
_SILENCE: Final = (OSError, ValueError)
_LEGAL_SERVER: Final = "legal is a running ims-mock with control paths"


def main() -> NoReturn:
    """Run the command line; whatever goes wrong is one line on standard error.

    Exit status: 0 done, 1 the command failed, 2 it was called wrongly.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names in any script, whatever the terminal is set to
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    status = 0
    try:
        status = _group.main(prog_name=PROGRAM, standalone_mode=False) or 0
        sys.stdout.flush()
    except click.UsageError as error:
        _fail(error.format_message(), 2)
    except click.ClickException as error:
        _fail(error.format_message(), 1)
    except (click.Abort, KeyboardInterrupt):
        pass
    except BrokenPipeError:  # the reader of our output went away: nothing is left to say
        _forget_output()
    except OSError as error:
        _forget_output()
        _fail(f"cannot write: {error.strerror}", 1)
    except Exception as error:  # a bug of ours: one line for users, the traceback for who asks for it
        if os.environ.get("IMS_MOCK_LOG_LEVEL") == "debug":
            raise
        _fail(f"failed: {type(error).__name__}: {error}; IMS_MOCK_LOG_LEVEL=debug shows where", 1)
    sys.exit(status)


def _forget_output() -> None:
    """Send what is still to be written nowhere, so that the interpreter does not try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, status: int) -> NoReturn:
    click.echo(f"{PROGRAM}: {' '.join(message.splitlines())}", err=True)
    sys.exit(status)


# --- the commands ---------------------------------------------------------------------------------


def _serve(catalog: tuple[str, ...], **given: Any) -> None:
    """Serve catalogs: bundled names, .yaml or .json files, or folders; several are merged."""
    from ims_mock.server.server import exit_on_signals

    with exit_on_signals():
        _serve_until_stopped(ServeOptions(catalog, **given))


def _serve_until_stopped(options: ServeOptions) -> None:
    from ims_mock.server.logs import log_to_stderr
    from ims_mock.server.server import BindError, bind, make_server, url_of

    log_to_stderr(options.log_level, options.log_format)

    from ims_mock.emulator import Emulator, check_options, load_options

    try:
        check_options(options)
    except ValueError as error:  # a wrong call is one whoever has the port
        raise click.UsageError(str(error)) from None
    encryption = _encryption(options.tls_cert, options.tls_key)
    try:
        listener = bind(options.host, options.port)
    except BindError as error:
        raise click.ClickException(str(error)) from None

    from ims_mock.web.app import app_for

    watch = _watch(options.sources) if options.watch else None  # made before anything is loaded, it misses no change
    loaded = _loaded(lambda progress: load_options(options, progress=progress))
    for warning in loaded.warnings:
        click.echo(str(warning), err=True)
    emulator = Emulator(loaded, options)
    app = app_for(emulator, has_control=options.control == "on")
    images = len(emulator.catalog)
    url = url_of(listener, "https" if encryption else "http")
    line = f"{PROGRAM} {__version__}: {images} image{'s' * (images != 1)} ({emulator.name}) on {url}"
    try:
        server = make_server(app, listener, options.threads, encryption)
    except BindError as error:
        raise click.ClickException(str(error)) from None
    if watch:
        watch.start(emulator.reload, generate=options.generate, seed=options.seed, project=options.project)
    click.echo(line)
    server.run()


def _check(catalog: tuple[str, ...], seed: int) -> int:
    """Check catalogs and print every problem as file:line: path: message."""
    from ims_mock.loading.loader import load
    from ims_mock.loading.sources import CatalogError

    try:
        loaded = load(catalog, seed=seed, lint_bundled=True)
    except CatalogError as error:
        for problem in error.problems:
            click.echo(str(problem))
        return 1
    for warning in loaded.warnings:
        click.echo(str(warning))
    if not loaded.warnings:
        images = len(loaded.catalog)
        click.echo(f"{loaded.name}: {images} image{'s' * (images != 1)}, no problems")
    return 0


def _generate(count: int, seed: int, project: str, output: str, **given: Any) -> None:
    """Write generated images as a catalog file."""
    from ims_mock.auth.credentials import DEFAULT_PROJECT
    from ims_mock.loading.generator import generate
    from ims_mock.loading.parser import dumps

    form = _form(GENERATE, given["format"])
    owner = project or DEFAULT_PROJECT
    images = list(generate(count, seed, project=owner, fixed=_fixed(given["set"])))
    text = dumps({"project": owner, "images": images}, is_json=form == "json")
    _write(text, output)


def _fields(**given: Any) -> None:
    """Print every query parameter and every attribute of an image, with its evidence."""
    from ims_mock.openapi.tables import fields_reference

    click.echo(fields_reference(_form(FIELDS, given["format"])), nl=False)


def _openapi(profile: str, auth: str, control: str, output: str) -> None:
    """Print the OpenAPI document of an emulator with these settings."""
    from ims_mock.contract.profiles import Profile
    from ims_mock.openapi.document import document_json

    try:
        chosen = Profile.parse(profile)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    _write(document_json(chosen, needs_credentials=auth == "on", has_control=control == "on"), output)


def _report(host: str, port: int, tls_cert: str, url: str, output: str, **given: Any) -> None:
    """Report what a running server was asked of the contract, and what never."""
    import urllib.error

    from ims_mock.journal.coverage import Coverage

    form = _form(REPORT, given["format"])
    base = url or _base(host, port, tls_cert)
    try:
        coverage = Coverage.read(_asked(base, "coverage"))
    except urllib.error.HTTPError as error:
        raise click.ClickException(f"{base} answers with {error.code}; {_LEGAL_SERVER}") from None
    except _SILENCE as error:
        raise click.ClickException(f"{base} does not tell: {error}; {_LEGAL_SERVER}") from None
    text = json.dumps(coverage.as_json(), indent=1) + "\n" if form == "json" else coverage.report(form)
    _write(text, output)


def _healthcheck(host: str, port: int, tls_cert: str, url: str) -> int:
    """Ask a running server how it is: exit status 0 when it answers."""
    import urllib.error

    base = url or _base(host, port, tls_cert)
    try:
        click.echo(json.dumps(_asked(base, "health")))
    except urllib.error.HTTPError as error:
        click.echo(f"{base} answers with {error.code}")
        return 0 if error.code < 500 else 1
    except _SILENCE as error:
        raise click.ClickException(f"{base} does not answer: {error}") from None
    return 0


# --- what they share ------------------------------------------------------------------------------


def _base(host: str, port: int, tls_cert: str) -> str:
    """Give the URL of a server on this machine by the settings that ``serve`` has."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    scheme = "https" if tls_cert else "http"
    return f"{scheme}://[{reached}]:{port}" if ":" in reached else f"{scheme}://{reached}:{port}"


def _asked(base: str, path: str) -> Any:
    """Ask a control path of a running server.

    Args:
        base: the URL of the server.
        path: what follows ``/_ims/``.

    Raises:
        HTTPError: it answers with an error.
        OSError: it does not answer.
        ValueError: it answers something else, or the URL is none.
    """
    import http.client
    import urllib.request

    ways: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]  # no proxy is asked in its place
    if base.startswith("https:"):
        import ssl

        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE  # it is told nothing, so it may be anybody
        ways.append(urllib.request.HTTPSHandler(context=trust))
    opener = urllib.request.build_opener(*ways)
    try:
        with opener.open(f"{base.rstrip('/')}/_ims/{path}", timeout=_ANSWER_SECONDS) as answer:
            return json.load(answer)
    except http.client.HTTPException as error:
        raise ValueError(str(error)) from None


def _write(text: str, output: str) -> None:
    """Write a text to a file, or to standard output where none is named."""
    if not output:
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from None


def _watch(catalog: Any) -> Any:
    from ims_mock.server.reloader import Reloader  # most starts do without

    return Reloader(catalog)


def _encryption(certificate: str, key: str) -> Any:
    """Make what encrypts the connections of ``serve``, where it is wanted."""
    if not certificate and not key:
        return None
    if not certificate or not key:
        given, missing = ("--tls-cert", "--tls-key") if certificate else ("--tls-key", "--tls-cert")
        raise click.UsageError(f"{given} is given without {missing}; legal are both or neither")
    from ims_mock.server.tls import CertificateError, tls_context

    try:
        return tls_context(certificate, key)
    except CertificateError as error:
        raise click.ClickException(str(error)) from None


def _loaded(load: Callable[[Any], Any]) -> Any:
    from ims_mock.loading.sources import CatalogError

    with ExitStack() as stack:
        try:
            return load(_Progress(stack) if sys.stderr.isatty() else None)
        except CatalogError as error:
            stack.close()
            for problem in error.problems:
                click.echo(str(problem), err=True)
            raise SystemExit(1) from None


class _Progress:
    """A progress bar on standard error, once loading has taken longer than a second."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._begun = time.monotonic()
        self._what = ""
        self._bar: Any = None

    def __call__(self, what: str, done: int, total: int) -> None:
        if time.monotonic() - self._begun < _PATIENCE_SECONDS:
            return
        if what != self._what:
            self._stack.close()
            self._what = what
            self._bar = self._stack.enter_context(click.progressbar(length=total, label=what, file=sys.stderr))
        self._bar.update(done - self._bar.pos)


def _form(command: str, form: str) -> str:
    legal = FORMATS[command]
    if form and form not in legal:
        raise click.UsageError(f"--format {form} is unknown; legal are {', '.join(legal)}")
    return form or legal[0]


def _fixed(pairs: tuple[str, ...]) -> dict[str, object]:
    """Read the values that every generated image gets."""
    from ims_mock.contract.fields import BY_NAME, nearest
    from ims_mock.contract.values import LIST
    from ims_mock.loading.schema import SchemaError, read_image

    raw: dict[str, object] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise click.UsageError(f"--set {pair!r} is not FIELD=VALUE")
        near = nearest(name)
        if name not in BY_NAME and near:
            raise click.UsageError(f"--set names no field {name!r}; did you mean {near}?")
        if name == "id":
            raise click.UsageError("--set names the id, and every image has one of its own; legal is any other field")
        raw[name] = value.split(",") if name in BY_NAME and BY_NAME[name].type is LIST else value
    try:
        return read_image(raw)
    except SchemaError as error:
        path, message = error.problems[0]
        raise click.UsageError(f"--set {path[0]}: {message}") from None


def _option(option: Option) -> click.Option:
    is_switch, is_repeatable = isinstance(option.default, bool), isinstance(option.default, tuple)
    kind: Any = _OneALine() if is_repeatable else click.BOOL if is_switch else click.STRING
    if option.choices:
        kind = click.Choice(option.choices)
    elif option.bounds:
        kind = click.IntRange(*option.bounds)
        kind.name = "whole number from {} to {}".format(*option.bounds)  # what is legal belongs into the refusal
    return click.Option(
        [f"{option.flag}/--no-{option.name}" if is_switch else option.flag],
        type=kind,
        default=None if is_repeatable else option.default,
        envvar=option.variable,
        help=option.help,
        metavar=None if option.choices or is_switch else option.metavar,
        multiple=is_repeatable,
        show_default=option.default not in ("", ()),
        show_envvar=True,
    )


class _OneALine(click.ParamType[str]):
    """Values that may hold spaces: in the environment variable one a line."""

    name = "text"

    def split_envvar_value(self, rv: str) -> list[str]:
        """Split the variable at its line ends."""
        return [line for line in rv.splitlines() if line.strip()]


class _CommaSeparated(click.ParamType[str]):
    """Catalogs as arguments, or separated by commas in the environment variable."""

    name = "catalog"

    def split_envvar_value(self, rv: str) -> list[str]:
        """Split the variable at its commas."""
        return [part.strip() for part in rv.split(",") if part.strip()] or ["default"]


def _command(name: str, run: Callable[..., Any]) -> click.Command:
    options = [option for option in OPTIONS if name in option.commands]
    parameters: list[click.Parameter] = [_option(option) for option in options if not option.is_argument]
    for option in options:
        if option.is_argument:
            parameters.append(
                click.Argument(
                    [option.name], nargs=-1, type=_CommaSeparated(), envvar=option.variable,
                    default=(option.default,), metavar="[CATALOG]...",
                )
            )  # fmt: skip
    return click.Command(name, params=parameters, callback=run, help=run.__doc__)


_group = click.Group(
    PROGRAM,
    help="Offline emulator of the Huawei Cloud Image Management Service (IMS).",
    no_args_is_help=False,
    commands=[
        _command(SERVE, _serve),
        _command(CHECK, _check),
        _command(GENERATE, _generate),
        _command(FIELDS, _fields),
        _command(OPENAPI, _openapi),
        _command(REPORT, _report),
        _command(HEALTH, _healthcheck),
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
_group = click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")(_group)
