"""``ims-mock check``."""

from __future__ import annotations

import click

from ims_mock.cli.common import make_command
from ims_mock.contract.profiles import Profile
from ims_mock.emulator import describe
from ims_mock.loading.loader import load
from ims_mock.loading.parser import MAX_PROBLEMS
from ims_mock.loading.sources import CatalogError, report_problems


@make_command("check")
def command(catalog: tuple[str, ...], seed: int, strict: bool) -> int:
    """Check catalogs and print every problem as file:line: path: message."""
    try:
        loaded = load(catalog, seed=seed, lint_bundled=True)
    except CatalogError as error:
        click.echo(str(error))
        return 1
    for line in report_problems(loaded.warnings):
        click.echo(line)
    count = len(loaded.warnings)
    least = "at least " if count == MAX_PROBLEMS else ""
    found = f"{least}{count} warning{'s' * (count != 1)}" if count else "no problems"
    click.echo(f"{describe(loaded, Profile.parse('documented'))}: {found}")
    return int(strict and count > 0)
