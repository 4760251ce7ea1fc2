"""Adapters as child processes: one request on standard input, one answer on standard output."""

import json
import os
import re
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

MAX_LINE: Final = 2**20  # bytes of the longest answer
_POLL_SECONDS: Final = 0.05
_EXIT_SECONDS: Final = 1.0
_STDERR_LINES: Final = 12
_SHOWN: Final = 160
_TARGET: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_KINDS: Final = ("images", "error", "unsupported")
_TYPES: Final = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}


class AdapterError(Exception):
    """The adapter gave no valid answer in time."""


class AdapterExitError(AdapterError):
    """Its process ended by itself."""


@dataclass(frozen=True)
class Answer:
    """What the SDK did: it returned the ids of images, reported an error, or has no such parameter.

    The text of an error includes its status, if the SDK told it; ``unsupported`` is the reason why it sent no query.
    """

    images: tuple[str, ...] | None = None
    error: str = ""
    status: int | None = None
    unsupported: str = ""


def python_command(target: str) -> list[str]:
    """Return the command that runs ``MODULE:FUNCTION`` as an adapter; raise ``ValueError`` for any other text."""
    if not _TARGET.fullmatch(target):
        raise ValueError(f"Invalid adapter {target!r}. Use MODULE:FUNCTION such as adapter:list_images.")
    return [sys.executable, python_adapter.__file__, target]


class Adapter:
    """A process that is started for the first request, and again after it failed to answer."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._lines: Queue[bytes] = Queue()
        self._stderr: deque[bytes] = deque(maxlen=_STDERR_LINES)
        self.has_answered = False  # whether any answer was valid

    def ask(self, request: Mapping[str, Any], seconds: float, stop: Callable[[], object]) -> Answer | None:
        """Send a request and return the answer; ``None`` if ``stop``, which is called now and then, returned true.

        The process is killed, with an :class:`AdapterError`, if there is no valid answer within these seconds.
        """
        self._count += 1
        self._stderr.clear()
        process = self._process or self._start()
        try:
            with suppress(OSError):  # the process has ended, which reading its output shows
                self._stdin.write(json.dumps({"id": self._count, **request}).encode() + b"\n")
                self._stdin.flush()
            deadline = time.monotonic() + seconds
            while not stop():
                with suppress(Empty):
                    answer = parse_answer(self._lines.get(timeout=_POLL_SECONDS) or self._exit(process), self._count)
                    self.has_answered = True
                    return answer
                if time.monotonic() > deadline:
                    if process.poll() is not None:  # a child of it keeps its standard output open
                        self._exit(process)
                    raise AdapterError(f"no answer within {seconds:g} s{self._late_answer()}")
        except AdapterError:
            self.close()
            raise
        self.close()
        return None

    @property
    def stderr(self) -> str:
        """The last lines that the process wrote to standard error since the latest request."""
        return "\n".join(escaped(line.decode("utf-8", "replace").rstrip()) for line in list(self._stderr) if line)

    def close(self) -> None:
        """Kill the process with those that it started."""
        process, self._process = self._process, None
        if process:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()
            process.wait()
            for thread in self._threads:
                thread.join(_EXIT_SECONDS)
            with suppress(OSError):
                self._stdin.close()

    def _start(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        try:
            process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
        except OSError as error:
            raise AdapterExitError(f"the adapter cannot be started: {error.strerror}") from None
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self._process, self._stdin = process, process.stdin
        self._lines = Queue()
        readers = (process.stdout, self._lines.put), (process.stderr, self._stderr.append)
        self._threads = [Thread(target=_read_lines, args=args, daemon=True) for args in readers]
        for thread in self._threads:
            thread.start()
        return process

    def _exit(self, process: subprocess.Popen[bytes]) -> bytes:
        """Raise the error for the end of the output."""
        with suppress(subprocess.TimeoutExpired):
            process.wait(_EXIT_SECONDS)
        self._threads[1].join(_EXIT_SECONDS)
        status = process.returncode
        if status is None:
            raise AdapterError("the adapter closed its standard output; answer every request on it")
        end = f"was killed by signal {-status}" if status < 0 else f"exited with status {status}"
        hint = "" if status else "; answer requests until standard input ends"
        raise AdapterExitError(f"the adapter {end} instead of answering{hint}")

    def _late_answer(self) -> str:
        """Return what there is to say about an adapter that answers when its input ends: it did not flush."""
        with suppress(OSError):
            self._stdin.close()
        with suppress(Empty):
            if self._lines.get(timeout=_EXIT_SECONDS):
                return ", but at the end of standard input: flush standard output after each line"
        return ""


def _read_lines(stream: IO[bytes], add: Callable[[bytes], object]) -> None:
    with stream, suppress(OSError):
        while line := stream.readline(MAX_LINE + 1):
            add(line)
        add(b"")


def parse_answer(line: bytes, request_id: int) -> Answer:
    """Parse a line of the adapter's standard output; raise :class:`AdapterError` if it is no answer to the request."""
    try:
        if len(line) > MAX_LINE:
            raise ValueError(f"the answer is longer than {MAX_LINE} bytes")
        return _parse(json.loads(line.decode()), request_id)
    except UnicodeDecodeError:
        message = "the answer is not UTF-8; write ASCII with \\u escapes"
    except (json.JSONDecodeError, RecursionError):
        message = "the answer is not JSON; print logs to standard error"
    except ValueError as error:
        message = str(error)
    raise AdapterError(f"{message}: {printable(line.decode('utf-8', 'replace').rstrip(), _SHOWN)}")


def _parse(answer: Any, request_id: int) -> Answer:
    _check(answer, "the answer", dict)
    if "id" not in answer:
        raise ValueError(f"the answer has no id; repeat that of the request, {request_id}")
    if answer["id"] != request_id or type(answer["id"]) is not int:
        raise ValueError(f"the answer has not the id of the request, {request_id}; write one line per request")
    if len(answer) != 2 or not any(kind in answer for kind in _KINDS):
        raise ValueError(f"the answer must have id and one of {', '.join(_KINDS)}")
    if "images" in answer:
        for index, image in enumerate(_check(answer["images"], "images", list)):
            _check(image, f"images[{index}]", str, "; return the id of the image")
        return Answer(images=tuple(answer["images"]))
    if "unsupported" in answer:
        return Answer(unsupported=_check(answer["unsupported"], "unsupported", str, " with the reason") or "no reason")
    error = _check(answer["error"], "error", dict)
    if unknown := error.keys() - {"status", "code", "message"}:
        raise ValueError(f"error has the unknown key {min(unknown)!r}; use status, code, message")
    status = error.get("status")
    if type(status) not in (int, type(None)):
        raise ValueError(f"error.status is {_TYPES.get(type(status), 'no integer')}; use an integer or null")
    texts = [_check(error.get(name) or "", f"error.{name}", str) for name in ("code", "message")]
    parts = ["error without a status" if status is None else f"error {status}", *texts]
    return Answer(error=escaped(shortened(" ".join(filter(None, parts)), _SHOWN)), status=status)


def _check(value: Any, name: str, expected: type, hint: str = "") -> Any:
    """Return a value of the expected type; anything else is an error."""
    if not isinstance(value, expected):
        raise ValueError(f"{name} is {_TYPES.get(type(value), 'a number')}, not {_TYPES[expected]}{hint}")
    return value
