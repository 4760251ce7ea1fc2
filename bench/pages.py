"""What a page of every kind of query takes, in process and over a socket, against the bare route in the same rounds.

A round asks new questions in small blocks: a block to the emulator, then the same block to the bare route, which
returns the very bytes that the emulator has returned. A ratio is that of the medians of a round.

In process both applications are called as a server calls them. Flask's test client would do much more around the call
than is done in it, and so hide what is measured.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from random import Random
from statistics import median
from typing import Final, Protocol

from bench.bare import Bare, BareServer, bare_server
from bench.client import Kept, rate, request
from bench.emulators import called, emulator, environ, served
from bench.options import Options, told
from bench.questions import KINDS, Facts, Kind
from bench.rows import Row
from ims_mock.web.app import create_app

IN_PROCESS: Final = "in process"
SOCKET: Final = "over a socket"
CONNECTIONS: Final = 8
RATE: Final = f"{CONNECTIONS} connections"
OURS, BARE, SHOWN = "ims-mock, µs", "bare Flask, µs", "images a page"
BLOCK: Final = 25
WARM: Final = 30  # requests of each kind before anything is timed: orders and lists are there
ROUND_SECONDS: Final = 3.0  # after which a round has enough, however slow a kind is
_RATED: Final = 5  # times as many requests, since eight connections ask at once
MICRO: Final = 1e6
_IMAGE: Final = b'{"self": '


def bar_of(bench: str, images: int) -> float:
    """Give the most that a page may take against the bare route."""
    if bench == IN_PROCESS:
        return 1.6
    return 1.25 if images <= 100_000 else 1.5


class Door(Protocol):
    """A way to ask the emulator and the bare route."""

    def ours(self, target: str) -> tuple[float, bytes]:
        """Ask the emulator; give the seconds and the body."""

    def bare(self, target: str) -> float:
        """Ask the bare route; give the seconds."""

    def returns(self, bodies: Sequence[bytes]) -> None:
        """Set what the bare route returns next."""


class InProcess:
    """Calls both applications in this process.

    Args:
        images: how many the emulator has.
    """

    def __init__(self, images: int) -> None:
        self.emulator = emulator(images)
        self._app = create_app(self.emulator)
        self._bare = Bare()
        self.returns = self._bare.returns

    def ours(self, target: str) -> tuple[float, bytes]:
        """Ask the emulator; give the seconds and the body."""
        given = environ(target)
        began = time.perf_counter()
        body = called(self._app, given)
        return time.perf_counter() - began, body

    def bare(self, target: str) -> float:
        """Ask the bare route; give the seconds."""
        given = environ(target)
        began = time.perf_counter()
        called(self._bare.app, given)
        return time.perf_counter() - began


class OverSocket:
    """Asks both servers, each on a connection that is kept.

    Args:
        port: the emulator's.
        bare: the server of the bare route.
    """

    def __init__(self, port: int, bare: BareServer) -> None:
        self._ours, self._bare = Kept(port), Kept(bare.port)
        self.returns = bare.returns

    def ours(self, target: str) -> tuple[float, bytes]:
        """Ask the emulator; give the seconds and the body."""
        seconds = self._ours.took(request(target))
        return seconds, self._ours.body()

    def bare(self, target: str) -> float:
        """Ask the bare route; give the seconds."""
        return self._bare.took(request(target))


def in_process(images: int, options: Options) -> list[Row]:
    """Measure every kind in this process."""
    return list(_rows(IN_PROCESS, InProcess(images), images, options))


def over_socket(images: int, options: Options) -> list[Row]:
    """Measure every kind over a socket, and the requests a second of eight connections."""
    with bare_server() as bare, served(images) as port:
        door = OverSocket(port, bare)
        rows = list(_rows(SOCKET, door, images, options))
        return [*rows, _rate(port, bare, door, images, options)]


def _rows(bench: str, door: Door, images: int, options: Options) -> Iterator[Row]:
    facts = Facts.learned(lambda target: door.ours(target)[1])
    for place, kind in enumerate(KINDS):
        told(f"{bench}, {images:,} images: {kind.name}")
        random = Random(f"{options.seed}/{place}")
        for target in _warming(kind, random, facts):
            door.bare(target)
            door.ours(target)
        gc.collect()
        rounds = [_round(kind, door, random, facts, options.requests) for _ in range(options.rounds)]
        yield Row.of(
            bench,
            kind.name,
            images,
            [one[OURS] / one[BARE] for one in rounds],
            bar=bar_of(bench, images) if kind.is_bounded else None,
            beside={name: median(one[name] for one in rounds) for name in rounds[0]},
        )


def _warming(kind: Kind, random: Random, facts: Facts) -> Iterator[str]:
    """Ask for what builds orders and lists; where images must have been shown before, show them."""
    if kind.again:
        yield from kind.covering(facts)
    yield from (kind.target(random, facts) for _ in range(WARM))


def _round(kind: Kind, door: Door, random: Random, facts: Facts, requests: int) -> dict[str, float]:
    """Give the medians of both sides and of the images on a page, of as many requests as are wanted or in time."""
    found: dict[str, list[float]] = {OURS: [], BARE: [], SHOWN: []}
    until = time.monotonic() + ROUND_SECONDS
    while len(found[OURS]) < requests and time.monotonic() < until:
        targets = [kind.target(random, facts) for _ in range(BLOCK)]
        answers = [door.ours(target) for target in targets]
        door.returns([body for _, body in answers])
        found[OURS] += [seconds * MICRO for seconds, _ in answers]
        found[BARE] += [door.bare(target) * MICRO for target in targets]
        found[SHOWN] += [body.count(_IMAGE) for _, body in answers]
    return {name: median(values) for name, values in found.items()}


def _rate(port: int, bare: BareServer, door: Door, images: int, options: Options) -> Row:
    """Count the requests a second, of all kinds mixed."""
    told(f"{RATE}, {images:,} images")
    facts, random = Facts.learned(lambda target: door.ours(target)[1]), Random(options.seed)
    bounded = [kind for kind in KINDS if kind.is_bounded]
    rounds = []
    for _ in range(options.rounds):
        targets = [random.choice(bounded).target(random, facts) for _ in range(_RATED * options.requests)]
        door.returns([door.ours(target)[1] for target in targets[: options.requests]])
        asked = [request(target) for target in targets]
        rounds.append((rate(port, asked, CONNECTIONS), rate(bare.port, asked, CONNECTIONS)))
    return Row.of(
        RATE,
        "all bounded kinds mixed, requests a second",
        images,
        [ours / bare for ours, bare in rounds],
        bar=0.8,
        is_floor=True,
        beside={
            "ims-mock, 1/s": median(ours for ours, _ in rounds),
            "bare Flask, 1/s": median(bare for _, bare in rounds),
        },
    )
