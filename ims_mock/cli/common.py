"""What several commands use: parameters made from the table of options, errors of endpoints, and output."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ims_mock.options import FORMATS, OPTIONS, Option, RemoteOptions
from ims_mock.text import escaped

if TYPE_CHECKING:
    from ims_mock.endpoint.endpoint import Endpoint

_WRITTEN: Final = ("output", "answers")  # options with the path of a file that a command writes


def make_command(name: str, *required: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Return a decorator that makes a command of a function with its options, and required arguments, as parameters."""

    def decorate(run: Callable[..., Any]) -> click.Command:
        parameters: list[click.Parameter] = [click.Argument([argument]) for argument in required]
        parameters += [_parameter(option, name) for option in OPTIONS if name in option.commands]
        return click.Command(name, params=parameters, callback=run, help=run.__doc__)

    return decorate


def choose_format(given: str, command: str) -> str:
    """Return the output format of a command; the first legal one is the default."""
    legal = FORMATS[command]
    if given and given not in legal:
        raise click.UsageError(f"Invalid --format {given!r}. Use one of {', '.join(legal)}.")
    return given or legal[0]


def _parameter(option: Option, command: str) -> click.Parameter:
    if option.is_argument and not option.default:
        metavar = f"[{option.metavar}]" if option.is_optional else option.metavar
        return click.Argument([option.name], required=not option.is_optional, envvar=option.variable, metavar=metavar)
    if option.is_argument:  # click 8.1 has no default for several arguments
        return click.Argument(
            [option.name], nargs=-1, type=_Separated(","), envvar=option.variable, metavar=f"[{option.metavar}]...",
            callback=lambda _, __, given: given or (option.default,),
        )  # fmt: skip
    is_switch, is_repeatable = isinstance(option.default, bool), isinstance(option.default, tuple)
    kind: click.ParamType[Any] = click.STRING
    if is_repeatable:
        kind = _Separated("\n")
    elif option.name in _WRITTEN:
        kind = _OutputFile()
    elif is_switch:
        kind = click.BOOL
    elif option.choices:
        kind = click.Choice(option.choices)
    elif option.bounds:
        low, high = option.bounds
        kind = _Number(low, high) if isinstance(option.default, float) else click.IntRange(int(low), int(high))
        kind.name = option.legal.removeprefix("a ")  # part of the error message
    return click.Option(
        [f"{option.flag}/--no-{option.flag.removeprefix('--')}" if is_switch else option.flag],
        type=kind,
        default=None if is_repeatable else option.default,
        envvar=option.variable,
        help=f"Output format: {', '.join(FORMATS[command])}." if option.name == "format" else option.help,
        metavar=None if option.choices or is_switch else option.metavar,
        multiple=is_repeatable,
        show_default=option.default not in ("", ()),
        show_envvar=True,
    )


class _Separated(click.types.StringParamType):
    """Several texts, which an environment variable separates by a character other than a space."""

    def __init__(self, separator: str) -> None:
        self._separator = separator

    def split_envvar_value(self, rv: str) -> list[str]:
        return [part.strip() for part in rv.split(self._separator) if part.strip()]


class UnusableEndpoint(click.ClickException):
    """A real endpoint cannot be used."""

    exit_code = 3


@contextmanager
def endpoint_errors(goal: str, secrets: Iterable[str] = ()) -> Iterator[None]:
    """Report what keeps an endpoint from a goal; :func:`main.main` would exit as if an interruption were a success."""
    from ims_mock.endpoint.transport import EndpointError  # imports libraries that other commands do not need
    from ims_mock.journal.redaction import redacted_text

    try:
        yield
    except (KeyboardInterrupt, click.Abort):
        raise UnusableEndpoint(f"Interrupted before {goal}.") from None
    except EndpointError as error:
        raise UnusableEndpoint(redacted_text(str(error), secrets)) from None


def connected(remote: Mapping[str, Any]) -> "Endpoint":
    """Return the real endpoint that the options of a command name."""
    from ims_mock.endpoint.endpoint import connect

    try:
        with endpoint_errors("the login was answered", [remote["password"]]):
            return connect(RemoteOptions(**remote))
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def split_names(given: str) -> list[str]:
    """Return names between commas, the last of which may be followed by one; a comma alone is an empty name."""
    return [name.strip() for name in given.strip().removesuffix(",").split(",")] if given.strip() else []


class _Number(click.FloatRange):
    """A number within bounds; ``nan`` is in no range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


def write(text: str, path: str) -> None:
    """Write text to a file, all of it or nothing, or to standard output if the path is empty."""
    if not path:
        click.echo(text, nl=False)
        return
    try:
        file = Path(path).resolve()  # what a symbolic link leads to
        if os.path.exists(path) and not (os.path.isfile(path) and os.access(file.parent, os.W_OK)):
            Path(path).write_text(text, encoding="utf-8")  # to a device or pipe, or where there can be no other file
            return
        part = file.with_name(f".ims-mock-{os.getpid()}.part")
        try:
            part.write_text(text, encoding="utf-8")
            if file.exists():
                shutil.copymode(file, part)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        error.filename = path  # that of a full disk names no file
        raise


class _OutputFile(click.types.StringParamType):
    """The path of a file that can be written, which is checked before a command does anything; empty for none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        folder, is_there = os.path.dirname(os.path.realpath(value)), os.path.exists(value)
        problems = {
            "it is a directory": os.path.isdir(value),
            "its directory does not exist": not is_there and not os.path.isdir(folder),
            "permission denied": not os.access(value if is_there else folder, os.W_OK),
        }
        if value and (reason := next((one for one in problems if problems[one]), "")):
            self.fail(f"cannot write {escaped(value)}: {reason}", param, ctx)
        return value


class ProgressBar(ExitStack):
    """A progress bar on a terminal's standard error, shown once the work has taken a second."""

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()
        self._stage = ""
        self._bar: Any = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage has come; a total of 0 is an unknown one."""
        if not sys.stderr.isatty() or time.monotonic() - self._started < 1:
            return
        if stage != self._stage:
            self.close()
            self._stage = stage
            unknown = None if total else repeat(None)
            bar = click.progressbar(unknown, length=total or None, label=escaped(stage), file=sys.stderr)
            self._bar = self.enter_context(bar)
        self._bar.update(done - self._bar.pos)
