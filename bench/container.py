"""How long a container takes until it is ready, against the bare command, and how much its image has above its base.

All are started in turn, so that a noisy minute hurts all alike; ``engine`` is a container that does nothing but print.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

HARDENED = ("--rm", "--network=none", "--read-only", "--cap-drop=ALL")


def first_line(command: list[str]) -> float:
    """Start a program and give the seconds until it prints a line.

    Raises:
        ValueError: it ends without one.
    """
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as program:
        line = program.stdout.readline() if program.stdout else ""
        took = time.perf_counter() - began
        program.terminate()
    if not line.startswith("ims-mock"):
        raise ValueError(f"{' '.join(command)} prints {line!r}")
    return took


def megabytes(engine: str, image: str) -> float:
    """Give the size of an image."""
    found = subprocess.run([engine, "image", "inspect", image], check=True, capture_output=True, text=True)
    return float(json.loads(found.stdout)[0]["Size"] / 1e6)


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="starts of each (default 9)")
    parser.add_argument("--engine", default="docker", help="docker, podman or another that understands the same")
    parser.add_argument("--image", default="ims-mock", help="the built image (default: ims-mock)")
    parser.add_argument("--base", default="python:3.12-slim", help="what it is built on (default: python:3.12-slim)")
    parser.add_argument("--bare", default=f"{sys.executable} -m ims_mock", help="the bare command")
    given = parser.parse_args()
    run = [given.engine, "run", *HARDENED]
    commands = {
        "bare": [*given.bare.split(), "serve", "--port", "0"],
        "container": [*run, given.image, "serve"],
        "engine": [*run, "--entrypoint", "echo", given.image, "ims-mock"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for round_ in range(-1, given.rounds):  # the first round fills the file system's cache and is not counted
        for name, command in commands.items():
            seconds = first_line(command)
            if round_ >= 0:
                times[name].append(seconds)
    print("| until the first line, ms | median | least | most |\n|---|---|---|---|")
    for name, found in times.items():
        cells = (statistics.median(found), min(found), max(found))
        print(f"| {name} | {' | '.join(f'{cell * 1000:.0f}' for cell in cells)} |")
    ratio = statistics.median(times["container"]) / statistics.median(times["bare"])
    own = megabytes(given.engine, given.image) - megabytes(given.engine, given.base)
    print(f"\nratio of the medians, container to bare: {ratio:.2f}; above its base the image has {own:.1f} MB")


if __name__ == "__main__":
    main()
