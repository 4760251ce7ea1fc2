"""A bench in a process of its own, so that nothing it leaves behind in memory is another one's doing."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection

from bench.client import BenchError
from bench.options import Options
from bench.rows import Row
from ims_mock.server import stopped_by_signals

Bench = Callable[[int, Options], list[Row]]


def apart(bench: Bench, images: int, options: Options) -> list[Row]:
    """Measure; whatever happens, the process ends, and with it all that it has started.

    Raises:
        BenchError: it cannot be measured.
        OSError: likewise.
    """
    processes = get_context("spawn")
    ours, theirs = processes.Pipe()
    process = processes.Process(target=_measure, args=(theirs, bench, images, options))
    process.start()
    theirs.close()
    try:
        found: list[Row] | Exception = ours.recv()
    except EOFError:
        process.join()
        raise BenchError(f"its process ended with status {process.exitcode}") from None
    finally:
        process.terminate()
        process.join()
    if isinstance(found, Exception):
        raise found
    return found


@stopped_by_signals()
def _measure(pipe: Connection, bench: Bench, images: int, options: Options) -> None:
    try:
        pipe.send(bench(images, options))
    except (BenchError, OSError) as error:
        pipe.send(error)
