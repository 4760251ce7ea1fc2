"""``ims-mock schema``."""

from __future__ import annotations

from ims_mock.cli.common import make_command, write
from ims_mock.openapi.catalog_file import catalog_schema_json


@make_command("schema")
def command(output: str) -> None:
    """Print the JSON Schema of a catalog file, which editors use to complete and check it."""
    write(catalog_schema_json(), output)
