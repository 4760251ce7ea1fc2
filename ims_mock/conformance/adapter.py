"""Adapters as child processes: one request on standard input, one answer on standard output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any, Final

from ims_mock.conformance import python_adapter
from ims_mock.text import escaped, printable, shortened

MAX_LINE: Final = 2**20
"""The length of the longest answer in bytes."""

_POLL_SECONDS: Final = 0.05
_EXIT_SECONDS: Final = 1.0
_STDERR_LINES: Final = 12
_SHOWN: Final = 200
_CLOSED: Final = b""
_KINDS: Final = ("images", "error", "unsupported")
_NAMES: Final = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}


class AdapterError(Exception):
    """The adapter did not answer as the protocol says, or not in time.

    Attributes:
        has_exited: Whether its process ended by itself.
    """

    def __init__(self, message: str, *, has_exited: bool = False) -> None:
        super().__init__(message)
        self.has_exited = has_exited


@dataclass(frozen=True)
class ReportedError:
    """An error that the SDK reported; ``status`` is ``None`` and the texts are empty if it did not say."""

    status: int | None
    code: str
    message: str

    def __str__(self) -> str:
        parts = (str(self.status or "without a status"), self.code, shortened(self.message, _SHOWN))
        return escaped(f"error {' '.join(filter(None, parts))}")


@dataclass(frozen=True)
class Answer:
    """What the SDK did: it returned images, reported an error, or has no such parameter."""

    images: tuple[str, ...] | None = None
    error: ReportedError | None = None
    unsupported: str = ""


class Adapter:
    """A process that is started for the first scenario, and again after it failed to answer.

    Args:
        command: The program and its arguments.

    Attributes:
        has_answered: Whether any answer was valid.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: Queue[bytes] = Queue()
        self._stderr: deque[bytes] = deque(maxlen=_STDERR_LINES)
        self._threads: list[Thread] = []
        self._count = 0
        self.has_answered = False

    def ask(self, request: Mapping[str, Any], seconds: float, stop: Callable[[], bool]) -> Answer | None:
        """Send a request and return the answer; ``None`` if ``stop`` ended it.

        Args:
            request: The request without its id.
            seconds: How long the answer may take.
            stop: Called now and then; the process is killed when it returns true.

        Raises:
            AdapterError: There is no valid answer. The process is killed.
        """
        self._count += 1
        self._stderr.clear()
        try:
            line = self._exchange({"id": self._count, **request}, seconds, stop)
            if line is None:
                self.close()
                return None
            answer = parse_answer(line, self._count)
        except AdapterError:
            self.close()
            raise
        self.has_answered = True
        return answer

    @property
    def stderr(self) -> str:
        """The last lines that the process wrote to standard error since the latest request."""
        return b"".join(self._stderr).decode("utf-8", "replace").rstrip()

    def close(self) -> None:
        """Kill the process with those that it started."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()
        process.wait()
        for thread in self._threads:
            thread.join(_EXIT_SECONDS)
        for stream in (process.stdin, process.stdout, process.stderr):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]  # all are pipes

    # --- the process

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise AdapterError(f"cannot be started: {error.strerror}", has_exited=True) from None
        self._lines = Queue()
        readers = (_read_lines, process.stdout, self._lines.put), (_read_lines, process.stderr, self._stderr.append)
        self._threads = [Thread(target=run, args=args, daemon=True) for run, *args in readers]
        for thread in self._threads:
            thread.start()
        return process

    def _exchange(self, request: Mapping[str, Any], seconds: float, stop: Callable[[], bool]) -> bytes | None:
        deadline = time.monotonic() + seconds
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        with suppress(OSError):  # the process has ended, which reading its output shows
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        while True:
            with suppress(Empty):
                line = self._lines.get(timeout=_POLL_SECONDS)
                if line == _CLOSED:
                    raise self._exit_error(process)
                return line
            if stop():
                return None
            if time.monotonic() > deadline:
                raise AdapterError(self._explain_silence(process, seconds))

    def _exit_error(self, process: subprocess.Popen[bytes]) -> AdapterError:
        try:
            status = process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            return AdapterError("the adapter closed its standard output; answer every request on it")
        self._threads[1].join(_EXIT_SECONDS)
        end = f"was killed by signal {-status}" if status < 0 else f"exited with status {status}"
        hint = "" if status else "; answer requests until standard input ends"
        return AdapterError(f"the adapter {end} instead of answering{hint}", has_exited=True)

    def _explain_silence(self, process: subprocess.Popen[bytes], seconds: float) -> str:
        """Return why there was no answer: an adapter that prints it at its end did not flush it."""
        silence = f"no answer within {seconds:g} s"
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        with suppress(Empty):
            line = self._lines.get(timeout=_EXIT_SECONDS)
            if line != _CLOSED:
                return f"{silence}, but at the end of its input: flush standard output after each line"
        return silence


def _read_lines(stream: IO[bytes], add: Callable[[bytes], object]) -> None:
    with suppress(ValueError, OSError):  # the stream is closed
        while line := stream.readline(MAX_LINE + 1):
            add(line)
        add(_CLOSED)


# --- answers


def parse_answer(line: bytes, request_id: int) -> Answer:
    """Parse a line of the adapter's standard output.

    Raises:
        AdapterError: It is no answer to the request; the message says what is wrong with it.
    """
    shown = printable(line.decode("utf-8", "replace").rstrip("\r\n"), _SHOWN)
    if len(line) > MAX_LINE:
        raise AdapterError(f"a line of the answer is longer than {MAX_LINE} bytes: {shown}")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise AdapterError(f"the answer is not UTF-8: {shown}; write UTF-8, or ASCII with \\u escapes") from None
    try:
        answer = json.loads(text)
    except ValueError:
        raise AdapterError(f"not an answer in JSON: {shown}; print logs to standard error") from None
    try:
        return _parse(answer, request_id)
    except ValueError as error:
        raise AdapterError(f"{error}; the answer was {shown}") from None


def _parse(answer: Any, request_id: int) -> Answer:
    if not isinstance(answer, dict):
        raise ValueError(f"the answer is {_name(answer)}, not an object")
    if "id" not in answer:
        raise ValueError(f"the answer has no id; repeat that of the request, {request_id}")
    if answer["id"] != request_id or type(answer["id"]) is not int:
        raise ValueError(f"the answer has another id than the request, {request_id}; write one answer per request")
    kinds = [name for name in answer if name != "id"]
    if len(kinds) != 1 or kinds[0] not in _KINDS:
        raise ValueError(f"the answer must have id and one of {', '.join(_KINDS)}; it has {', '.join(answer)}")
    value = answer[kinds[0]]
    if kinds[0] == "images":
        return Answer(images=_images(value))
    if kinds[0] == "unsupported":
        if not isinstance(value, str) or not value:
            raise ValueError("unsupported must be the reason as a text")
        return Answer(unsupported=value)
    return Answer(error=_error(value))


def _images(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"images is {_name(value)}, not a list of ids")
    for index, image in enumerate(value):
        if not isinstance(image, str):
            raise ValueError(f"images[{index}] is {_name(image)}; return the id of the image, a text")
    return tuple(value)


def _error(value: Any) -> ReportedError:
    if not isinstance(value, dict):
        raise ValueError(f"error is {_name(value)}, not an object with status, code, message")
    unknown = value.keys() - {"status", "code", "message"}
    if unknown:
        raise ValueError(f"error has the unknown key {sorted(unknown)[0]!r}; use status, code, message")
    status, code, message = (value.get(name) for name in ("status", "code", "message"))
    if not (status is None or type(status) is int):
        raise ValueError(f"error.status is {_name(status)}; use a whole number or null")
    for name, text in (("code", code), ("message", message)):
        if not isinstance(text, str | None):
            raise ValueError(f"error.{name} is {_name(text)}; use a text or null")
    return ReportedError(status, code or "", message or "")


def _name(value: object) -> str:
    return _NAMES.get(type(value), "a number")


def python_command(target: str) -> list[str]:
    """Return the command that runs a function of a Python module as an adapter."""
    return [sys.executable, python_adapter.__file__, target]
