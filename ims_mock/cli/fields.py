"""``ims-mock fields``."""

from pathlib import Path

import click

from ims_mock.cli.common import choose_format, make_command
from ims_mock.openapi.tables import fields_reference
from ims_mock.text import escaped


@make_command("fields")
def command(format: str, evidence: str) -> None:
    """Print all query parameters and image attributes with their sources."""
    form = choose_format(format, ("table", "json", "markdown"))
    beside = None
    if evidence:
        from ims_mock.endpoint.evidence import Report, evidence_tables  # loads the web framework

        try:
            beside = evidence_tables([Report.read(Path(evidence).read_text(encoding="utf-8"))])
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise click.ClickException(f"cannot read {escaped(evidence)}: {reason}") from None
    click.echo(fields_reference(form, beside), nl=False)
