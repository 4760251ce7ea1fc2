"""``ims-mock conformance``."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from typing import Final

import click

from ims_mock.cli.common import choose_format, make_command, write
from ims_mock.conformance.adapter import python_command
from ims_mock.conformance.reports import REPORTS, Report
from ims_mock.conformance.runner import BASELINE, RunError, Runner, select
from ims_mock.conformance.scenario import Scenario

_TARGET: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_PROFILES: Final = ("documented", "glance")


@make_command("conformance")
def command(
    adapter: str | None,
    command: str,
    list: bool,
    only: str,
    skip: str,
    level: str,
    timeout: float,
    format: str,
    output: str,
    profile: str,
) -> int:
    """Run the conformance scenarios with an adapter of an SDK."""
    form = choose_format(format, tuple(REPORTS))
    if profile not in _PROFILES:
        raise click.UsageError(f"Invalid --profile {profile!r}. Use one of {', '.join(_PROFILES)}.")
    try:
        scenarios = select(profile, only=_names(only), skip=_names(skip), level=level)
    except ValueError as error:
        raise click.UsageError(f"Invalid --only or --skip: {error}") from None
    if list:
        width = max((len(one.name) for one in scenarios), default=0)
        rows = (f"{one.name:<{width}}  {one.level:<6}  {one.group:<8}  {one.reason}\n" for one in scenarios)
        write("".join(rows), output)
        return 0
    arguments = _command(adapter or "", command)
    if not scenarios:
        raise click.UsageError("No scenario is left. Use other --only, --skip, --level or --profile.")
    report = _run(Runner(arguments, profile, timeout), scenarios, adapter or command, profile)
    write(REPORTS[form](report), output)
    return int(not report.is_success)


def _names(given: str) -> Sequence[str]:
    return [name.strip() for name in given.split(",") if name.strip()]


def _command(adapter: str, command: str) -> Sequence[str]:
    """Return the program and the arguments of the adapter."""
    if bool(adapter) == bool(command):
        raise click.UsageError("Use either MODULE:FUNCTION or --command, and not both.")
    if adapter:
        if not _TARGET.fullmatch(adapter):
            raise click.UsageError(f"Invalid adapter {adapter!r}. Use MODULE:FUNCTION such as adapter:list_images.")
        return python_command(adapter)
    try:
        return shlex.split(command)
    except ValueError as error:
        raise click.UsageError(f"Invalid --command {command!r}: {error}.") from None


def _run(runner: Runner, scenarios: Sequence[Scenario], adapter: str, profile: str) -> Report:
    """Run the baseline and the scenarios, with a progress bar if standard error is a terminal."""
    try:
        baseline = runner.run(BASELINE)
        with click.progressbar(scenarios, file=sys.stderr, hidden=not sys.stderr.isatty(), item_show_func=_show) as bar:
            results = [baseline if scenario is BASELINE else runner.run(scenario) for scenario in bar]
    except RunError as error:
        raise click.ClickException(str(error)) from None
    finally:
        runner.close()
    return Report(adapter, profile, baseline, results)


def _show(scenario: Scenario | None) -> str:
    return scenario.name if scenario else ""
