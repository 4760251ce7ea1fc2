"""Output of commands: a file or standard output, and a progress bar."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click


def write(text: str, path: str) -> None:
    """Write text to a file, or to standard output if the path is empty."""
    if not path:
        click.echo(text, nl=False)
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None


class ProgressBar(ExitStack):
    """A progress bar on a terminal's standard error, shown once loading has taken a second."""

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()
        self._stage = ""
        self._bar: Any = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage of loading has come."""
        if not sys.stderr.isatty() or time.monotonic() - self._started < 1:
            return
        if stage != self._stage:
            self.close()
            self._stage = stage
            self._bar = self.enter_context(click.progressbar(length=total, label=stage, file=sys.stderr))
        self._bar.update(done - self._bar.pos)
