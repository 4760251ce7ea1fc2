"""The process of a Python adapter, a script with the argument ``MODULE:FUNCTION``.

It speaks the protocol of adapters in other languages, so that a hang or an exit of the SDK harms one scenario only.
Whatever the SDK prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

ListImages = Callable[[Any, Mapping[str, Any]], Any]


class Service:
    """The service that the function lists images of; see the guide for its attributes."""

    def __init__(self, values: Mapping[str, str]) -> None:
        vars(self).update(values)


def main(target: str) -> None:
    """Answer each line of standard input with the images that the function returns."""
    output = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    sys.path[:] = [os.getcwd(), *(path for path in sys.path if path != os.path.dirname(__file__))]
    module, _, function = target.partition(":")
    list_images: ListImages = getattr(import_module(module), function)
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"id": request["id"], **_answer(list_images, Service(request["service"]), request["query"])}
        output.write(json.dumps(answer, default=lambda value: {"type": type(value).__name__}) + "\n")
        output.flush()


def _answer(list_images: ListImages, service: Service, query: Mapping[str, Any]) -> dict[str, Any]:
    try:
        images = list_images(service, query)
        return {
            "images": list(images) if hasattr(images, "__iter__") and not isinstance(images, str | dict) else images
        }
    except NotImplementedError as error:
        return {"unsupported": str(error) or "not implemented"}
    except Exception as error:
        traceback.print_exc()
        status = _first(error, "status", "status_code")
        code = _first(error, "code", "error_code")
        message = f"{type(error).__name__}: {error}".rstrip(": ")
        number = int(status) if str(status).isdecimal() else None
        return {"error": {"status": number, "code": None if code is None else str(code), "message": message}}


def _first(error: Exception, *names: str) -> Any:
    return next((value for name in names if (value := getattr(error, name, None)) is not None), None)


if __name__ == "__main__":
    main(sys.argv[1])
