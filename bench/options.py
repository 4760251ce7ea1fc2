"""What whoever starts the benches wants."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What is measured, and how often.

    Attributes:
        sizes: images in the catalogs.
        rounds: of everything that varies.
        requests: of a kind, each round, to each side.
        seed: what questions are drawn from.
        peers: the folder in which peers are installed.
    """

    sizes: tuple[int, ...]
    rounds: int
    requests: int
    seed: int = 1
    peers: Path = Path("peers")


def told(what: str) -> None:
    """Say on standard error what is being measured."""
    print(what, file=sys.stderr, flush=True)


def free_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
