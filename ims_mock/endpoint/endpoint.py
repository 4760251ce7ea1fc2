"""The endpoint: ``GET`` requests with credentials, repeated if it asks for patience."""

import re
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import SplitResult

from ims_mock.clock import Clock
from ims_mock.endpoint.credentials import Credentials, choose
from ims_mock.endpoint.transport import Answer, Transport, parse_url
from ims_mock.options import RemoteOptions
from ims_mock.text import printable

RETRIED: Final = frozenset({429, 502, 503, 504})  # the statuses after which a request is repeated
RETRIES: Final = 3  # how often it is
API_VERSION: Final = re.compile(r"[A-Za-z0-9][\w.~/:+-]*", re.ASCII)


class Endpoint:
    """A real endpoint of the image service.

    ``get`` returns the answer with any status, redirects included; it raises only if there is no complete answer::

        endpoint = connect(options)
        answer = endpoint.get("/v2/images?limit=1")
        answer.status, answer.headers["content-type"], answer.body, answer.json
    """

    def __init__(self, url: SplitResult, credentials: Credentials, transport: Transport, api_version: str = "") -> None:
        self.url, self.credentials, self._transport = url, credentials, transport
        self.requests = 0  # sent so far, repetitions included
        self.observe: Callable[[Answer], None] = lambda _: None  # gets every answer, also before a repetition
        self._headers = {"Accept": "application/json", **({"X-Api-Version": api_version} if api_version else {})}

    def get(
        self, target: str, headers: Mapping[str, str | None] | None = None, *, is_authenticated: bool = True
    ) -> Answer:
        """Send a request, and repeat it after the times that answers ask for, no longer than the timeout together.

        Args:
            target: The path and query, such as ``/v2/images?name=%zz``, sent byte for byte behind the path of the URL.
            headers: Headers that replace ``Accept`` and ``X-Api-Version``, or remove them with ``None``.
            is_authenticated: Whether to send the credentials.
        """
        waits = self._transport.timeout
        for number in range(RETRIES + 1):
            answer = self._get(target, headers or {}, is_authenticated=is_authenticated)
            pause = min(_pause(answer, default=2.0**number), waits)
            if answer.status not in RETRIED or pause <= 0 or number == RETRIES:
                break
            waits -= pause
            time.sleep(pause)
        return answer

    def _get(self, target: str, headers: Mapping[str, str | None], *, is_authenticated: bool) -> Answer:
        target = self.url.path + target
        sent = {name: value for name, value in {**self._headers, **headers}.items() if value is not None}
        if is_authenticated:
            sent |= self.credentials.headers(self.url.netloc, target)
        self.requests += 1
        answer = self._transport.send(self.url, target, sent)
        self.observe(answer)
        return answer


def _pause(answer: Answer, default: float) -> float:
    """Return the seconds to wait that ``Retry-After`` names, as a number or as a date."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    with suppress(ValueError, TypeError, OverflowError):  # TypeError: a date without a time zone
        return (parsedate_to_datetime(text) - Clock().now()).total_seconds()
    return default


def connect(options: RemoteOptions) -> Endpoint:
    """Return the endpoint of the options, after the login if they ask for one.

    Raises:
        ValueError: The options are wrong; the message is for users.
        EndpointError: The login failed.
    """
    url = parse_url(options.url, "https://ims.cn-north-4.myhuaweicloud.com")
    if url.path.endswith("/v2"):
        raise ValueError(f"{printable(options.url)} ends in /v2. Use the URL without it.")
    if options.ca_file and options.insecure:
        raise ValueError("--ca-file and --insecure exclude each other. Use one of them.")
    try:
        tls = ssl.create_default_context(cafile=options.ca_file or None)
    except OSError as error:
        reason = "no certificate in PEM format" if isinstance(error, ssl.SSLError) else error.strerror
        raise ValueError(f"--ca-file {printable(options.ca_file)!r} cannot be read: {reason}.") from None
    if options.insecure:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    if options.api_version and not API_VERSION.fullmatch(options.api_version):
        reason = "characters other than letters, digits and . _ - ~ / : +, or starts with one of these"
        raise ValueError(f"--api-version has {reason}. Use a name such as queens.")
    transport = Transport(options.timeout, tls)
    credentials = choose(asdict(options), transport, url.hostname or "")
    return Endpoint(url, credentials, transport, options.api_version)
