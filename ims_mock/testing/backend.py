"""What the backends of :class:`ims_mock.ImsMock` have in common.

A backend answers requests to the control API. What JSON cannot express, or would make slow, is a method of its own:
options, catalogs with their images, and the clock.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from werkzeug.test import Client

from ims_mock.contract.values import wire_time
from ims_mock.emulator import load_options
from ims_mock.loading.loader import LoadedCatalog
from ims_mock.loading.sources import report_problems, warn
from ims_mock.options import EmulatorOptions


def load_once(options: EmulatorOptions) -> LoadedCatalog:
    """Return the catalogs of options, and warn about their problems; unchanged files are not loaded again."""
    paths = [Path(source) for source in options.sources if isinstance(source, str | Path)]
    if len(paths) < len(options.sources) or any(path.is_dir() for path in paths):
        loaded = load_options(options)
    else:
        times = tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths)
        loaded = _load(replace(options, catalog=tuple(map(str, options.sources))), times)
    warn(report_problems(loaded.warnings))
    return loaded


@lru_cache(maxsize=16)
def _load(options: EmulatorOptions, _modified: tuple[int, ...]) -> LoadedCatalog:
    return load_options(options)


def stored_image(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an image of a catalog file as tests see it: lists instead of tuples, and no attributes without a value."""
    values = ((name, value) for name, value in entry.items() if value is not None)
    return {name: list(value) if isinstance(value, tuple) else deepcopy(value) for name, value in values}


def send(client: Client, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Send a control request, and return the JSON of the response, or ``None``; raise ``ValueError`` for an error."""
    data = b"" if body is None else json.dumps(body, default=_as_json).encode()
    response = client.open(path, method=method, data=data, content_type="application/json")
    try:
        answer = json.loads(response.data or b"null")
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return answer
        error = answer["error_msg"] if "error_msg" in answer else answer["error"]["message"]
    except (ValueError, LookupError, TypeError):
        error = f"the response has status {response.status_code} and is not from ims-mock"
        if response.data.startswith(b"%d " % response.status_code):  # an error of Glance
            error = " ".join(response.get_data(as_text=True).split())
    raise ValueError(error)


def _as_json(value: object) -> object:
    if isinstance(value, datetime):
        return wire_time(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"Invalid value {value!r}: it cannot be written as JSON.")
