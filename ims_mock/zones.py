"""Zones: between what the times of an attribute lie along an order, so that a walk passes by where none is wanted.

The time of change, say, follows the time of creation loosely: of the images in a zone, which stand one after the other,
the times lie close together. So few zones need be looked into, whatever time is asked for.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple

from ims_mock.order import Order

ZONE: Final = 1024
"""So many ranks make a zone."""


class Zones:
    """The times of an attribute along an order.

    Args:
        order: that order.
        name: the attribute.

    Attributes:
        times: the time at each rank as a number, 0 where there is none.
        lows: the least of each zone.
        highs: the greatest of each zone.
    """

    def __init__(self, order: Order, name: str) -> None:
        stamps = order.table.stamps(name)
        self.times = array("q", map(stamps.__getitem__, order.positions))
        zones = [self.times[start : start + ZONE] for start in range(0, len(self.times), ZONE)]
        self.lows, self.highs = list(map(min, zones)), list(map(max, zones))


class Within(NamedTuple):
    """Where along an order a time lies within bounds.

    Attributes:
        zones: the times.
        low: the least that is wanted.
        high: the greatest that is wanted.
    """

    zones: Zones
    low: int
    high: int

    def among(self, ranks: Sequence[int]) -> list[int]:
        """Give those ranks at which it does."""
        times, low, high = self.zones.times, self.low, self.high
        return [rank for rank in ranks if low <= times[rank] <= high]

    def beside(self, rank: int, *, is_reversed: bool) -> int:
        """Give the nearest rank on a walk at which it may: the same, or the first one of the next such zone.

        Args:
            rank: where the walk stands.
            is_reversed: whether it is downwards.

        Returns:
            That; one beyond all ranks where there is none.
        """
        (zones, low, high), here = self, rank // ZONE
        lows, highs = zones.lows, zones.highs
        for zone in range(here, -1, -1) if is_reversed else range(here, len(lows)):
            if lows[zone] <= high and low <= highs[zone]:
                return min(rank, zone * ZONE + ZONE - 1) if is_reversed else max(rank, zone * ZONE)
        return -1 if is_reversed else len(zones.times)
