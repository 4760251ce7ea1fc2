"""The command group, and the exit status of every command.

0 done, 1 the command failed, 2 wrong usage, 3 a real endpoint cannot be used, 4 the output cannot be written.
"""

import io
import os
import sys
from contextlib import suppress
from errno import EBADF
from importlib import import_module
from typing import Any, Final, NoReturn

import click

from ims_mock import __version__
from ims_mock.text import escaped

PROGRAM: Final = "ims-mock"
COMMANDS: Final = {
    "serve": "serve", "check": "check", "generate": "generate", "fields": "documents", "openapi": "documents",
    "schema": "documents", "report": "running", "explain": "explain", "conformance": "conformance", "record": "record",
    "verify": "verify", "healthcheck": "running",
}  # fmt: skip
"""The commands in the order of the help, each with its module."""

_UNWRITTEN: Final = 4  # the exit status if the output cannot be written


class _Commands(click.Group):
    """Imports a command when it is used: a health check starts faster without the web framework."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            ctx.fail(f"No such command {cmd_name!r}. Use one of {', '.join(COMMANDS)}.")
        values = vars(import_module(f"ims_mock.cli.{COMMANDS[cmd_name]}")).values()
        return next(one for one in values if isinstance(one, click.Command) and one.name == cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader of the output is gone; click's status for it means that the command failed
            _discard_output()
            sys.exit(_UNWRITTEN)


@click.group(
    cls=_Commands,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def program() -> None:
    """Offline emulator of the Huawei Cloud Image Management Service (IMS)."""


def main() -> NoReturn:
    """Run the command line. Every error is one line on standard error."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names in any script can be printed on any terminal
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    status = 0
    try:
        status = program.main(prog_name=PROGRAM, standalone_mode=False) or 0
        sys.stdout.flush()
    except click.ClickException as error:
        _exit(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        pass
    except OSError as error:
        _discard_output()
        reason = "it is closed" if error.errno == EBADF else error.strerror
        _exit(f"cannot write {error.filename or 'standard output'}: {reason}", _UNWRITTEN)
    except Exception as error:  # a bug: one line for users, the traceback on demand
        if os.environ.get("IMS_MOCK_LOG_LEVEL") == "debug":
            raise
        _exit(f"failed: {type(error).__name__}: {error}; set IMS_MOCK_LOG_LEVEL=debug for a traceback", 1)
    sys.exit(status)


def _open_closed_streams() -> None:
    """Open the standard streams that the caller has closed, so that no file or socket takes their place.

    Writing to standard output still fails; messages for standard error are discarded.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # the lowest free number
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _discard_output() -> None:
    """Discard buffered output, so that the interpreter does not try to write it when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _exit(message: str, status: int) -> NoReturn:
    with suppress(OSError):
        click.echo(f"{PROGRAM}: {escaped(' '.join(message.splitlines()))}", err=True)
    sys.exit(status)
