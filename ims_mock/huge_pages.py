"""Huge pages for a process with many images: their memory is found in few steps, wherever a page of a list lies.

The images of a page lie anywhere in memory, and so nearly every one of them needs an entry of the processor's table of
addresses (TLB) that is not there. Linux moves memory to pages of usually 2 MB that need far fewer of these, once it is
asked to (``MADV_COLLAPSE`` of madvise(2), since Linux 6.1); Python and the C library do not ask by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

_SETTINGS: Final = Path("/sys/kernel/mm/transparent_hugepage")
_MEMORY: Final = Path("/proc/self/smaps")
_COLLAPSE: Final = 25  # MADV_COLLAPSE, for which Python has no name

MANY: Final = 10_000
"""So many images lie on more pages of memory than a processor has in its table."""

_DENSE: Final = 0.9
"""So much of a stretch must be in use: all of it is in memory afterwards."""

_ANY: Final = r"[0-9a-f]+-[0-9a-f]+ "
_OWN: Final = r"([0-9a-f]+)-([0-9a-f]+) rw-p 0+ 00:00 0\s*(?!\[stack)(?:\[.*)?$"
_USED: Final = r"Rss:\s+(\d+) kB"


def collapse(rest: float = 2.0, settings: Path = _SETTINGS) -> int:
    """Move what this process has in memory to huge pages, as far as it is densely used.

    Where the system has no huge pages, is not to use any, or cannot be asked from Python, nothing is done.

    Args:
        rest: after each page it waits so many times as long as that took: meanwhile whoever needs memory waits.
        settings: the folder in which Linux tells of huge pages.

    Returns:
        how many pages are huge now.
    """
    try:
        import ctypes  # late: it takes a while, and most processes have few images

        madvise = ctypes.CDLL(None).madvise
        size = 0 if "[never]" in (settings / "enabled").read_text() else int((settings / "hpage_pmd_size").read_text())
        addresses = list(dense(_MEMORY.read_text().splitlines(), size)) if size else []
    except (OSError, ValueError, AttributeError, ImportError):
        return 0
    madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    moved = 0
    for address in addresses:
        began = perf_counter()
        moved += madvise(address, size, _COLLAPSE) == 0
        sleep(rest * (perf_counter() - began))
    return moved


def dense(lines: Iterable[str], size: int) -> Iterator[int]:
    """Find what may be moved: memory of this process alone, neither a file's nor the stack, and densely used.

    Args:
        lines: of ``/proc/self/smaps``.
        size: of a huge page, in bytes.

    Yields:
        the address of each huge page that fits in.
    """
    begin = end = 0
    for line in lines:
        if re.match(_ANY, line):
            found = re.match(_OWN, line)
            begin, end = (int(found[1], 16), int(found[2], 16)) if found else (0, 0)
        elif (used := re.match(_USED, line)) and int(used[1]) * 1024 >= _DENSE * (end - begin):
            yield from range(-(-begin // size) * size, end - size + 1, size)
