"""``ims-mock healthcheck``."""

import json
from urllib.error import HTTPError

import click

from ims_mock.cli.common import get_control, local_url, make_command


@make_command("healthcheck")
def command(host: str, port: int, tls_cert: str, url: str) -> int:
    """Check that a server answers; exit status 0 if it does."""
    url = url or local_url(host, port, tls_cert)
    try:
        click.echo(json.dumps(get_control(url, "health")))
    except HTTPError as error:  # without the control API it is 404
        click.echo(f"{url} answers with {error.code}")
        return 0 if error.code < 500 else 1
    except ValueError as error:
        hint = "Use http://HOST:PORT of a running ims-mock."
        raise click.ClickException(f"{url} does not answer: {error}. {hint}") from None
    return 0
