"""What a page of 25 images takes a peer, against the emulator with as many images, in the same rounds."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic, sleep
from typing import Final

from bench.client import BenchError, Kept, request
from bench.emulators import emulator, served
from bench.options import Options, free_port, told
from bench.pages import MICRO
from bench.peers import LOAD_SECONDS, PAGE, PEERS, Image, Peer, Setting, drawn_marker
from bench.rows import Row
from ims_mock.listing import IMAGES

COMPARED: Final = "a page of 25, peer against ims-mock"
_ROUND_SECONDS: Final = 1.5
_WARM_SECONDS: Final = 5.0  # before anything counts, for those that compile what is used often
_LEAST: Final = 3  # requests of a round, however slow a peer is
_WARM: Final = 10  # times as many requests as a round has, in that time
_POLL_SECONDS: Final = 0.05

Ask = Callable[[], float]


def compared(images: int, options: Options) -> list[Row]:
    """Compare every peer that is installed with the emulator."""
    stored = sorted(emulator(images).catalog, key=lambda image: (image.text("created_at"), image.id), reverse=True)
    wire: list[Image] = [image.wire() for image in stored]
    seen = [image for image in wire if image["visibility"] == "public"]
    with served(images) as port:
        return [_row(peer, port, wire, seen, options) for peer in PEERS]


def _row(peer: Peer, port: int, images: Sequence[Image], seen: Sequence[Image], options: Options) -> Row:
    told(f"{peer.name}, {len(images):,} images")
    if not (options.peers / peer.program).exists():
        return Row(COMPARED, peer.name, len(images), None, note=f"not installed in {options.peers}: {peer.install}")
    random = Random(options.seed)
    try:
        with _running(peer, options.peers, images) as theirs, Kept(port) as ours:
            _check(peer, theirs, random, images)
            ask_peer = partial(_asked, theirs, partial(peer.asked, random, images))
            ask_ours = partial(_asked, ours, partial(_ours, random, seen))
            for ask in (ask_peer, ask_ours):
                _round(ask, _WARM * options.requests, _WARM_SECONDS)
            rounds = [
                (_round(ask_peer, options.requests), _round(ask_ours, options.requests)) for _ in range(options.rounds)
            ]
    except (BenchError, OSError, subprocess.SubprocessError) as error:
        return Row(COMPARED, peer.name, len(images), None, note=str(error))
    return Row.of(
        COMPARED,
        peer.name,
        len(images),
        [their_own / our_own for their_own, our_own in rounds],
        bar=1.0,
        is_floor=True,
        beside={
            "peer, µs": median(their_own for their_own, _ in rounds) * MICRO,
            "ims-mock, µs": median(our_own for _, our_own in rounds) * MICRO,
        },
    )


def _asked(kept: Kept, written: Callable[[], bytes]) -> float:
    return kept.took(written())


def _ours(random: Random, images: Sequence[Image]) -> bytes:
    return request(f"{IMAGES.path}?marker={drawn_marker(random, images)}")


def _check(peer: Peer, theirs: Kept, random: Random, images: Sequence[Image]) -> None:
    """See that a peer answers with a page of images."""
    theirs.took(peer.asked(random, images))
    found = theirs.body().count(peer.mark)
    if found != PAGE:
        raise BenchError(f"{peer.name} answers with {found} images instead of {PAGE}")


def _round(ask: Ask, requests: int, seconds: float = _ROUND_SECONDS) -> float:
    """Give the median of so many requests, or of as many as there is time for."""
    found: list[float] = []
    until = monotonic() + seconds
    while len(found) < requests and (len(found) < _LEAST or monotonic() < until):
        found.append(ask())
    return median(found)


@contextmanager
def _running(peer: Peer, folder: Path, images: Sequence[Image]) -> Iterator[Kept]:
    """Load a peer, start it, wait until it answers, and end it afterwards.

    Raises:
        BenchError: that takes too long.
    """
    until = monotonic() + LOAD_SECONDS
    with tempfile.TemporaryDirectory() as scratch:
        given = Setting(folder.resolve(), Path(scratch), free_port(), images, until)
        launch = peer.launch(given)
        process = subprocess.Popen(
            launch.command,
            cwd=scratch,
            env={**os.environ, **launch.variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that whatever it starts can be ended with it
        )
        try:
            with _answering(peer, process, given) as kept:
                yield kept
        finally:
            with suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answering(peer: Peer, process: subprocess.Popen[bytes], given: Setting) -> Kept:
    asked = peer.asked(Random(0), given.images)
    while monotonic() < given.until:
        if process.poll() is not None:
            raise BenchError(f"{peer.name} ended with status {process.returncode} instead of answering")
        try:
            kept = Kept(given.port)
        except OSError:
            sleep(_POLL_SECONDS)
            continue
        try:
            kept.took(asked)
            return kept
        except (OSError, BenchError):  # it listens before it is ready
            kept.close()
            sleep(_POLL_SECONDS)
    raise BenchError(f"gave up loading it after {LOAD_SECONDS:.0f} s")
