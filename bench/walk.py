"""What a walk through the whole list takes, at 1,000 images a page, against the bare route returning the same pages."""

from __future__ import annotations

import re
from statistics import median
from typing import Final

from bench.bare import BareServer, bare_server
from bench.client import Kept, request
from bench.emulators import served
from bench.options import Options, told
from bench.rows import Row
from ims_mock.listing import IMAGES

WALK: Final = "walk of 1,000 images a page"
FROM, TO = 10_000, 100_000
FRESH: Final = 3  # servers whose images nobody has been shown
_FIRST: Final = f"{IMAGES.path}?limit=1000"
_NEXT: Final = re.compile(rb'"next": "([^"]+)"')
_BAR: Final = 3.0


def walks(images: int, options: Options) -> list[Row]:
    """Walk through the list of servers that have just loaded, and then again and again."""
    first, again = [], []
    with bare_server() as bare:
        for _ in range(FRESH):
            told(f"{WALK}, {images:,} images")
            with served(images) as port:
                first.append(_walked(port, bare))
                again += [_walked(port, bare) for _ in range(max(1, options.rounds // FRESH))]
    return [
        _row("first", images, first),
        _row("again", images, again),
    ]


def _row(what: str, images: int, found: list[tuple[float, float]]) -> Row:
    return Row.of(
        WALK,
        what,
        images,
        [ours / bare for ours, bare in found],
        bar=_BAR,
        beside={
            "ims-mock, s": median(ours for ours, _ in found),
            "bare Flask, s": median(bare for _, bare in found),
        },
    )


def _walked(port: int, bare: BareServer) -> tuple[float, float]:
    """Give the seconds that a walk takes, and those that the same pages take."""
    targets, bodies, seconds = [_FIRST], [], 0.0
    with Kept(port) as ours, Kept(bare.port) as other:
        while True:
            seconds += ours.took(request(targets[-1]))
            bodies.append(ours.body())
            following = _NEXT.search(bodies[-1][-1000:])
            if not following:
                break
            targets.append(following[1].decode())
        bare.returns(bodies)
        return seconds, sum(other.took(request(target)) for target in targets)
