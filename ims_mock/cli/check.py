"""``ims-mock check``."""

from __future__ import annotations

import click

from ims_mock.cli.common import make_command
from ims_mock.loading.loader import load
from ims_mock.loading.sources import CatalogError, report_problems
from ims_mock.text import escaped


@make_command("check")
def command(catalog: tuple[str, ...], seed: int) -> int:
    """Check catalogs and print every problem as file:line: path: message."""
    try:
        loaded = load(catalog, seed=seed, lint_bundled=True)
    except CatalogError as error:
        click.echo(str(error))
        return 1
    for line in report_problems(loaded.warnings):
        click.echo(line)
    if not loaded.warnings:
        images = len(loaded.catalog)
        click.echo(f"{escaped(loaded.name)}: {images} image{'s' * (images != 1)}, no problems")
    return 0
