"""``ims-mock openapi`` and ``ims-mock schema``: documents that are generated from the tables."""

import click

from ims_mock.cli.common import make_command, write
from ims_mock.contract.profiles import Profile
from ims_mock.openapi.catalog_file import catalog_schema
from ims_mock.openapi.document import document
from ims_mock.text import json_text


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
