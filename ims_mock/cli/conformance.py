"""``ims-mock conformance``."""

import logging
import shlex
import shutil
import sys
from collections.abc import Sequence

import click

from ims_mock.cli.common import choose_format, make_command, split_names, write
from ims_mock.conformance.adapter import python_command
from ims_mock.conformance.reports import REPORTS, Report
from ims_mock.conformance.runner import BASELINE, Result, RunError, Runner, select
from ims_mock.conformance.scenarios import Scenario


@make_command("conformance")
def command(
    adapter: str | None, command: str, list: bool, only: str, skip: str, level: str, timeout: float, format: str,
    output: str, profile: str,
) -> int:  # fmt: skip
    """Run the conformance scenarios with an adapter of an SDK: a Python function, or a program."""
    form = choose_format(format, "conformance")
    if profile not in BASELINE.profiles:
        raise click.UsageError(f"Invalid --profile {profile!r}. Use one of {', '.join(BASELINE.profiles)}.")
    try:
        scenarios = select(profile, only=split_names(only), skip=split_names(skip), level=level)
    except ValueError as error:
        raise click.UsageError(f"Invalid --only or --skip: {error}.") from None
    if not scenarios:
        raise click.UsageError("No scenario is left. Use other --only, --skip, --level or --profile.")
    if list:
        width = max(len(one.name) for one in scenarios)
        rows = (f"{one.name:<{width}}  {one.level:<6}  {one.group:<8}  {one.reason}\n" for one in scenarios)
        write("".join(rows), output)
        return 0
    logging.getLogger("waitress").setLevel(logging.ERROR)  # an adapter that is stopped leaves requests unfinished
    runner = Runner(_command(adapter or "", command), profile, timeout)
    report = Report(adapter or command, profile, *_run(runner, scenarios))
    write(REPORTS[form](report), output)
    return int(not report.is_success)


def _command(adapter: str, command: str) -> Sequence[str]:
    if bool(adapter) == bool(command):
        raise click.UsageError("Use either MODULE:FUNCTION or --command.")
    try:
        words = python_command(adapter) if adapter else shlex.split(command)
    except ValueError as error:
        raise click.UsageError(str(error) if adapter else f"Invalid --command {command!r}: {error}.") from None
    if not words or not shutil.which(words[0]):
        raise click.UsageError(f"Invalid --command {command!r}: there is no such program.")
    return words


def _run(runner: Runner, scenarios: Sequence[Scenario]) -> tuple[Result, Sequence[Result]]:
    """Return the result of the baseline and all others, with a progress bar if standard error is a terminal."""
    try:
        baseline = runner.run(BASELINE)
        with click.progressbar(
            scenarios, file=sys.stderr, hidden=not sys.stderr.isatty(), item_show_func=lambda one: one and one.name
        ) as bar:
            return baseline, [baseline if one is BASELINE else runner.run(one) for one in bar]
    except RunError as error:
        raise click.ClickException(str(error)) from None
    except (KeyboardInterrupt, click.Abort):  # whose status would say that nothing failed
        raise click.ClickException("Interrupted before all scenarios had run.") from None
    finally:
        runner.close()
