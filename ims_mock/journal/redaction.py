"""What secrets look like where people may read them: their length, and nothing of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from ims_mock.auth.credentials import redacted

_SECRET_NAMES: Final = re.compile("token|secret|passw|signature|credential|authorization", re.IGNORECASE)
_SHORTEST: Final = 4


def masked_value(name: str, value: str) -> str:
    """Give a value of a query, masked where its name says that it is a secret."""
    return redacted(value) if _SECRET_NAMES.search(name) else value


def masked_query(query: str) -> str:
    """Give a query as it was sent, but for the values that are secrets by their names."""
    pairs = (pair.partition("=") for pair in query.split("&"))
    return "&".join(f"{name}{sign}{masked_value(unquote_plus(name), value)}" for name, sign, value in pairs)


def secrets_in_query(query: str) -> Iterator[str]:
    """Give the values in a query that are secrets by their names, decoded."""
    return (value for name, value in parse_qsl(query) if _SECRET_NAMES.search(name))


def secrets_in_json(body: bytes) -> Iterator[str]:
    """Give every text in a JSON body under a name that is one of secrets; none of what is no JSON."""
    try:
        return _leaves(json.loads(body), is_secret=False)
    except (ValueError, RecursionError):
        return iter(())


def _leaves(value: Any, *, is_secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _leaves(one, is_secret=is_secret or bool(_SECRET_NAMES.search(name)))
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one, is_secret=is_secret)
    elif isinstance(value, str) and is_secret:
        yield value


def without(text: str, secrets: Iterable[str]) -> str:
    """Give a text in which secrets are masked, as they are and as Python would write them.

    Args:
        text: anything.
        secrets: the secrets; those of less than four characters could be any word, and stay.
    """
    for secret in sorted(set(secrets), key=len, reverse=True):  # one may be part of another
        if len(secret) >= _SHORTEST:
            for form in {secret, repr(secret)[1:-1]}:
                text = text.replace(form, redacted(secret))
    return text
