"""A list query as a program for the vendor's SDK for Python."""

from __future__ import annotations

from typing import Final

from ims_mock.catalog.cloudimages import Listing
from ims_mock.catalog.query import decoded
from ims_mock.contract.parameters import PARAMETERS
from ims_mock.contract.values import parse_boolean, parse_integer

_PARSERS: Final = {"integer": parse_integer, "boolean": parse_boolean}
_NOT_IN_SDK: Final = ("__whole_image", "__system__cmkid")
"""Parameters of the newer list that the SDK does not have."""


def sdk_program(base: str, listing: Listing, query: str, project: str) -> str:
    """Return a program that reads a page with the package ``huaweicloudsdkims``."""
    known = {one.name: one for one in (*PARAMETERS, *listing.extras) if one.name not in _NOT_IN_SDK}
    method, request = (
        ("glance_list_images", "GlanceListImagesRequest") if listing.has_links else ("list_images", "ListImagesRequest")
    )
    arguments, notes = {}, []
    for name, value in decoded(query):
        if name not in known or name in arguments:
            notes.append(f"# The SDK cannot send {name}={value!r}{' a second time' * (name in known)}.")
            continue
        parsed = _PARSERS.get(known[name].json_type, str)(value)
        arguments[name] = f"{name.lstrip('_')}={value if parsed is None else parsed!r}"
    program = [
        "from huaweicloudsdkcore.auth.credentials import BasicCredentials",
        f"from huaweicloudsdkims.v2 import {request}, ImsClient",
        "",
        "client = (",
        "    ImsClient.new_builder()",
        f'    .with_credentials(BasicCredentials("ACCESS_KEY", "SECRET_KEY", {project!r}))',
        f"    .with_endpoint({base!r})",
        "    .build()",
        ")",
        f"request = {request}({', '.join(arguments.values())})",
        *notes,
        f"print([image.id for image in client.{method}(request).images])",
    ]
    return "\n".join(program)
