"""A list query in the terms of the vendor's SDK for Python."""

from __future__ import annotations

from typing import Any, Final

from ims_mock.catalog.cloudimages import Listing
from ims_mock.catalog.query import decoded
from ims_mock.contract.values import parse_boolean, parse_integer
from ims_mock.text import escaped

_PARSERS: Final = {"integer": parse_integer, "boolean": parse_boolean}
_NOT_IN_SDK: Final = ("__whole_image", "__system__cmkid")
"""Parameters of the newer list that the SDK does not have."""


def sdk_request(listing: Listing, query: str) -> dict[str, Any]:
    """Return the method of the SDK that sends a query, the arguments of its request, and what it cannot send."""
    known = {name: one for name, one in listing.parameters.items() if name not in _NOT_IN_SDK}
    arguments, missing = {}, []
    for name, value in decoded(query):
        if name not in known or name in arguments:
            missing.append(f"{escaped(name)}={value!r}{' a second time' * (name in known)}")
        else:
            parsed = _PARSERS.get(known[name].json_type, str)(value)
            arguments[name] = f"{name.lstrip('_')}={value if parsed is None else parsed!r}"
    method = "glance_list_images" if listing.has_links else "list_images"
    request = f"{method.title().replace('_', '')}Request"
    return {"method": method, "request": request, "arguments": list(arguments.values()), "missing": missing}
