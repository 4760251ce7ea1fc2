"""``ims-mock fields``."""

from __future__ import annotations

import click

from ims_mock.cli.common import choose_format, make_command
from ims_mock.openapi.tables import fields_reference


@make_command("fields")
def command(format: str) -> None:
    """Print all query parameters and image attributes with their sources."""
    click.echo(fields_reference(choose_format(format, ("table", "json", "markdown"))), nl=False)
