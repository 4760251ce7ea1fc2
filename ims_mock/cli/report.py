"""``ims-mock report``."""

import json
from typing import Final
from urllib.error import HTTPError

import click

from ims_mock.cli.common import choose_format, get_control, local_url, make_command, write
from ims_mock.journal.coverage import Coverage

_HINT: Final = "Use the URL of a running ims-mock with the control API."


@make_command("report")
def command(host: str, port: int, tls_cert: str, url: str, output: str, format: str) -> None:
    """Report which parts of the contract the requests to a server covered."""
    form = choose_format(format, ("table", "json", "markdown"))
    url = url or local_url(host, port, tls_cert)
    try:
        coverage = Coverage.read(get_control(url, "coverage"))
    except HTTPError as error:
        raise click.ClickException(f"{url} answers with {error.code}. {_HINT}") from None
    except ValueError as error:
        raise click.ClickException(f"{url} does not report its coverage: {error}. {_HINT}") from None
    write(json.dumps(coverage.as_json(), indent=1) + "\n" if form == "json" else coverage.report(form), output)
