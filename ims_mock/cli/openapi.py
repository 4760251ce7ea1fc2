"""``ims-mock openapi``."""

from __future__ import annotations

import click

from ims_mock.cli.common import make_command, write
from ims_mock.contract.profiles import Profile
from ims_mock.openapi.document import document_json


@make_command("openapi")
def command(profile: str, auth: str, control: str, output: str) -> None:
    """Print the OpenAPI document of a server with these options."""
    try:
        parsed = Profile.parse(profile)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    write(document_json(parsed, needs_credentials=auth == "on", has_control=control == "on"), output)
