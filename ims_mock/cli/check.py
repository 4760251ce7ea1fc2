"""``ims-mock check``."""

import click

from ims_mock.cli.common import make_command
from ims_mock.contract.profiles import DOCUMENTED
from ims_mock.emulator import describe
from ims_mock.loading.loader import load
from ims_mock.loading.sources import CatalogError, count_problems, report_problems


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
    found = count_problems(loaded.warnings) if loaded.warnings else "no problems"
    click.echo(f"{describe(loaded, DOCUMENTED)}: {found}")
    return int(strict and bool(loaded.warnings))
