"""The process of a Python adapter, a script with the argument ``MODULE:FUNCTION``.

It speaks the protocol of adapters in other languages, so that a hang or an exit of the SDK harms one scenario only.
Whatever the SDK prints goes to standard error. It must not import anything of ims-mock.
"""

import json
import os
import sys
import traceback
from importlib import import_module
from types import SimpleNamespace
from typing import Any


def main(target: str) -> None:
    """Answer each line of standard input with the images that the function returns."""
    output = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    requests = os.fdopen(os.dup(0), encoding="ascii")
    with open(os.devnull) as empty:  # neither the SDK nor its children can read a request
        os.dup2(empty.fileno(), 0)
    sys.path[:] = [os.getcwd(), *(path for path in sys.path if path != os.path.dirname(__file__))]
    list_images = _find(target)
    for line in requests:
        request = json.loads(line)
        answer = {"id": request["id"], **_answer(list_images, SimpleNamespace(**request["service"]), request["query"])}
        output.write(json.dumps(answer, default=lambda value: {"type": type(value).__name__}) + "\n")
        output.flush()


def _find(target: str) -> Any:
    """Return the function, or exit with one line about why there is none."""
    module, _, function = target.partition(":")
    try:
        return getattr(import_module(module), function)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = "" if "importlib" in place.filename else f" ({place.filename}, line {place.lineno})"
        sys.exit(f"cannot import {target}: {type(error).__name__}: {error}{where}")


def _answer(list_images: Any, service: SimpleNamespace, query: dict[str, Any]) -> dict[str, Any]:
    try:
        images = list_images(service, query)
        return {"images": images if isinstance(images, str | dict | None) else list(images)}
    except NotImplementedError as error:
        return {"unsupported": str(error) or "not implemented"}
    except Exception as error:
        traceback.print_exc()
        status, code = _first(error, "status", "status_code"), _first(error, "code", "error_code")
        message = _describe(error)
        return {"error": {"status": int(status) if status.isdecimal() else None, "code": code, "message": message}}


def _describe(error: Exception) -> str:
    """Return the error as text, even if its class has a mistake there."""
    name = type(error).__name__
    try:
        return f"{name}: {error}".rstrip(": ")
    except Exception as mistake:
        return f"{name}, whose text raises {type(mistake).__name__}"


def _first(error: Exception, *names: str) -> str:
    """Return the first attribute that has a value, as text; that of ``HTTPStatus`` is its number."""
    return next((f"{value}" for name in names if (value := getattr(error, name, None)) is not None), "")


if __name__ == "__main__":
    main(sys.argv[1])
