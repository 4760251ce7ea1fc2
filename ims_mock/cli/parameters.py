"""Click commands and their parameters, made from the table of options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from ims_mock.options import OPTIONS, Option


def make_command(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Return a decorator that makes a command of a function with the options of the command as parameters."""

    def decorate(run: Callable[..., Any]) -> click.Command:
        parameters = [_parameter(option) for option in OPTIONS if name in option.commands]
        return click.Command(name, params=parameters, callback=run, help=run.__doc__)

    return decorate


def choose_format(given: str, legal: Sequence[str]) -> str:
    """Return the output format of a command; the first legal one is the default."""
    if given and given not in legal:
        raise click.UsageError(f"Invalid --format {given!r}. Use one of {', '.join(legal)}.")
    return given or legal[0]


def _parameter(option: Option) -> click.Parameter:
    if option.is_argument:  # click 8.1 has no default for several arguments
        return click.Argument(
            [option.name], nargs=-1, type=_Separated(","), envvar=option.variable, metavar=f"[{option.metavar}]...",
            callback=lambda _, __, given: given or (option.default,),
        )  # fmt: skip
    is_switch, is_repeatable = isinstance(option.default, bool), isinstance(option.default, tuple)
    kind: click.ParamType[Any] = click.STRING
    if is_repeatable:
        kind = _Separated("\n")
    elif is_switch:
        kind = click.BOOL
    elif option.choices:
        kind = click.Choice(option.choices)
    elif option.bounds:
        kind = click.IntRange(*option.bounds)
        kind.name = option.legal.removeprefix("a ")  # part of the error message
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


class _Separated(click.types.StringParamType):
    """Several texts, which an environment variable separates by a character other than a space."""

    def __init__(self, separator: str) -> None:
        self._separator = separator

    def split_envvar_value(self, rv: str) -> list[str]:
        return [part.strip() for part in rv.split(self._separator) if part.strip()]
