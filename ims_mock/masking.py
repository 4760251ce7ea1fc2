"""What secrets look like where people may read them: their length, and nothing of them."""

from __future__ import annotations

import re
from typing import Final

SECRET_HEADERS: Final = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-auth-token", "x-security-token", "x-subject-token"}
)
"""The headers that hold secrets, by their lower-case names."""

_SECRET_NAMES: Final = re.compile("token|secret|passw|signature|credential|authorization", re.IGNORECASE)


def masked(secret: str) -> str:
    """Write what stands in place of a secret."""
    return f"<{len(secret)} characters>"


def masked_value(name: str, value: str) -> str:
    """Give a value of a query, masked where its name says that it is a secret."""
    return masked(value) if _SECRET_NAMES.search(name) else value
