"""What whoever starts the benches wants."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """What is measured, and how often.

    Attributes:
        sizes: images in the catalogs.
        rounds: of everything that varies.
        requests: of a kind, each round, to each side.
        seed: what questions are drawn from.
    """

    sizes: tuple[int, ...]
    rounds: int
    requests: int
    seed: int = 1


def told(what: str) -> None:
    """Say on standard error what is being measured."""
    print(what, file=sys.stderr, flush=True)
