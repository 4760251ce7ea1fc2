"""``ims-mock healthcheck`` and ``ims-mock report``: requests to a running server."""

import json
import re
import ssl
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import BaseHandler, HTTPSHandler, ProxyHandler, build_opener

import click

from ims_mock.cli.common import choose_format, make_command, write
from ims_mock.text import json_text

_TIMEOUT_SECONDS: Final = 3.0


@make_command("healthcheck")
def healthcheck(host: str, port: int, tls_cert: str, url: str) -> int:
    """Check that a server answers; exit status 0 if it does."""
    url = url or _local_url(host, port, tls_cert)
    try:
        click.echo(json.dumps(_get_control(url, "health")))
    except HTTPError as error:  # without the control API it is 404
        click.echo(f"{url} answers with {error.code}")
        return 0 if error.code < 500 else 1
    except ValueError as error:
        hint = "Use http://HOST:PORT of a running ims-mock."
        raise click.ClickException(f"{url} does not answer: {error}. {hint}") from None
    return 0


@make_command("report")
def report(host: str, port: int, tls_cert: str, url: str, output: str, format: str) -> None:
    """Report which parts of the contract the requests to a server covered."""
    from ims_mock.journal.coverage import Coverage  # a health check does not need it

    form = choose_format(format, "report")
    hint = "Use the URL of a running ims-mock with the control API."
    url = url or _local_url(host, port, tls_cert)
    try:
        coverage = Coverage.read(_get_control(url, "coverage"))
    except HTTPError as error:
        raise click.ClickException(f"{url} answers with {error.code}. {hint}") from None
    except ValueError as error:
        raise click.ClickException(f"{url} does not report its coverage: {error}. {hint}") from None
    write(json_text(coverage.as_json()) if form == "json" else coverage.report(form), output)


def _local_url(host: str, port: int, tls_cert: str) -> str:
    """Return the URL of the server that these options of ``serve`` start on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{'https' if tls_cert else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def _get_control(url: str, path: str) -> Any:
    """Send a control request without secrets, so to a server with any certificate, and return the JSON of the response.

    Raises:
        HTTPError: If the response is an error.
        ValueError: If there is no response in JSON; the message is the reason.
    """
    if not re.match("https?://[^/:]", url):
        raise ValueError("not a URL with a host")
    handlers: list[BaseHandler] = [ProxyHandler({})]  # a server on this machine is not behind a proxy
    if url.startswith("https:"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        handlers.append(HTTPSHandler(context=context))
    try:
        with build_opener(*handlers).open(f"{url.rstrip('/')}/_ims/{path}", timeout=_TIMEOUT_SECONDS) as response:
            body = response.read()
    except HTTPError:
        raise
    except (OSError, HTTPException, ValueError) as error:
        cause = getattr(error, "reason", error)  # of a URLError
        raise ValueError(str(getattr(cause, "strerror", None) or cause).lower()) from None
    try:
        return json.loads(body)
    except ValueError:
        raise ValueError("the response is not JSON") from None
