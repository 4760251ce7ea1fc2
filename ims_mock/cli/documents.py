"""``ims-mock fields``, ``openapi`` and ``schema``: documents that are generated from the tables."""

from pathlib import Path

import click

from ims_mock.cli.common import choose_format, make_command, write
from ims_mock.contract.profiles import Profile
from ims_mock.openapi.catalog_file import catalog_schema
from ims_mock.openapi.document import document
from ims_mock.openapi.tables import fields_reference
from ims_mock.text import escaped, json_text


@make_command("fields")
def fields(format: str, evidence: str) -> None:
    """Print all query parameters and image attributes with their sources."""
    form = choose_format(format, "fields")
    beside = None
    if evidence:
        from ims_mock.endpoint.evidence import Report, evidence_tables  # loads the web framework

        try:
            beside = evidence_tables([Report.read(Path(evidence).read_bytes())])
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise click.ClickException(f"cannot read {escaped(evidence)}: {reason}") from None
    click.echo(fields_reference(form, beside), nl=False)


@make_command("openapi")
def openapi(profile: str, auth: str, control: str, output: str) -> None:
    """Print the OpenAPI document of a server with these options."""
    try:
        parsed = Profile.parse(profile)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    found = document(parsed, needs_credentials=auth == "on", has_control=control == "on")
    write(json_text(found), output)


@make_command("schema")
def schema(output: str) -> None:
    """Print the JSON Schema of a catalog file, which editors use to complete and check it."""
    write(json_text(catalog_schema()), output)
