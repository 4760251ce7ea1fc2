"""Logging of ``ims-mock serve``: the emulator's log on standard error, as text or as JSON lines."""

from __future__ import annotations

import json
import logging
import time
from typing import Any, Final

_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


class _JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: its ``parts`` if it has any, else its message."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {"time": self.formatTime(record, _TIME), "level": record.levelname.lower()}
        entry |= getattr(record, "parts", None) or {"message": record.getMessage()}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def log_to_stderr(level: str, form: str) -> None:
    """Send the log from a level up to standard error, in the form ``text`` or ``json``."""
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s", _TIME)
    formatter = _JsonFormatter() if form == "json" else text
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    for name, threshold in (("ims_mock", level.upper()), ("waitress", "ERROR")):  # waitress warns of its queue's depth
        log = logging.getLogger(name)
        log.addHandler(handler)
        log.setLevel(threshold)
        log.propagate = False
