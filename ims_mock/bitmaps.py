"""Sets of ranks as bitmaps, in blocks: what several of them have in common is found without a walk through any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import and_
from typing import Final

BLOCK: Final = 4096
"""Ranks in a block. Of a million images a block more or less costs less than looking at one of them."""

_DIGITS: Final = bytes.maketrans(b"\0\1", b"01")

Bitmap = list[int]
"""A number a block; its bit ``i`` stands for the block's rank ``i``."""


def bitmap(flags: bytes | bytearray) -> Bitmap:
    """Make a bitmap.

    Args:
        flags: 1 for each rank that is in the set, 0 for each other.
    """
    digits = flags.translate(_DIGITS)
    return [int(digits[start : start + BLOCK][::-1], 2) for start in range(0, len(digits), BLOCK)]


def common(bitmaps: Sequence[Bitmap], within: range, *, is_reversed: bool) -> Iterator[int]:
    """Walk the ranks that are in every one of some sets.

    Args:
        bitmaps: the sets, of the same length, at least one.
        within: the ranks to walk, one after the other.
        is_reversed: whether the walk is downwards.
    """
    if not within:
        return
    first, last = within.start // BLOCK, (within.stop - 1) // BLOCK
    for block in range(last, first - 1, -1) if is_reversed else range(first, last + 1):
        bits = reduce(and_, [one[block] for one in bitmaps])
        base = block * BLOCK
        if block == first:
            bits = bits >> within.start - base << within.start - base
        if block == last:
            bits &= (1 << within.stop - base) - 1
        while bits:
            place = (bits if is_reversed else bits & -bits).bit_length() - 1
            yield base + place
            bits ^= 1 << place
