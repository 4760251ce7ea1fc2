"""Redaction of secrets: a reader learns their length and nothing else."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, unquote_plus

from ims_mock.auth.credentials import redacted
from ims_mock.auth.signature import redacted_authorization
from ims_mock.json_body import MAX_VALUES, count_values
from ims_mock.text import QUOTED_LENGTH

_SECRET_NAMES: Final = re.compile("token|secret|passw|signature|credential|authorization", re.IGNORECASE)
_MIN_LENGTH: Final = 4


def redacted_header(name: str, value: str, refusal: str | None) -> str:
    """Return the value of a secret header, named in lower case, as the journal keeps it.

    Of a signed request only the signature is redacted, unless the refusal says that a secret was sent as access key, or
    the credentials were not checked (``None``).
    """
    if name != "authorization" or refusal is None or refusal == "key-secret":
        return redacted(value)
    return redacted_authorization(value)


def redacted_value(name: str, value: str) -> str:
    """Return the value of a query parameter, redacted if its name is that of a secret."""
    return redacted(value) if _SECRET_NAMES.search(name) else value


def redacted_query(query: str) -> str:
    """Return a query string as it was sent, with the values of secrets redacted."""
    pairs = (pair.partition("=") for pair in query.split("&"))
    return "&".join(f"{name}{sign}{redacted_value(unquote_plus(name), value)}" for name, sign, value in pairs)


def secrets_in_query(query: str) -> Iterator[str]:
    """Yield the values of the secrets in a query string: decoded, as sent, and as a canonical request has them."""
    for pair in query.split("&"):
        name, _, sent = pair.partition("=")
        if _SECRET_NAMES.search(unquote_plus(name)):
            value = unquote_plus(sent)
            yield from (value, sent, quote(value, safe="~"))


def secrets_in_json(body: bytes) -> Iterator[str]:
    """Return every text that a JSON body has under the name of a secret; nothing if the body is not parsed."""
    if count_values(body) > MAX_VALUES:
        return iter(())
    try:
        return _texts(json.loads(body), is_secret=False)
    except (ValueError, RecursionError):
        return iter(())


def _texts(value: Any, *, is_secret: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, is_secret=is_secret or bool(_SECRET_NAMES.search(name)))
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, is_secret=is_secret)
    elif isinstance(value, str) and is_secret:
        yield value


def redacted_text(text: str, secrets: Iterable[str]) -> str:
    """Return a text in which secrets are redacted, in plain form and as ``repr`` writes them, also if they are cut.

    Secrets of less than four characters could be ordinary words and are left.
    """
    cut = QUOTED_LENGTH - 1  # without the quotation mark
    for secret in sorted(set(secrets), key=len, reverse=True):  # one may be part of another
        if len(secret) >= _MIN_LENGTH:
            written = repr(secret)[1:-1]
            for form in (secret, written, secret[:cut], written[:cut]):
                text = text.replace(form, redacted(secret))
    return text
