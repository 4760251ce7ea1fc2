"""A few things that took long to make, kept for the next time; while they are made nobody looks for garbage."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Generic, TypeVar

_MUCH: Final = 50_000
"""So many objects take some milliseconds to be looked through."""

K = TypeVar("K")
V = TypeVar("V")


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: what is made becomes none, and looking through it again and again takes long.

    Where that is much, it is not looked through afterwards either: it is old at once, and so is whatever else is young.
    Whoever has objects frozen, as a server has that has started, keeps them so, and what is made grows old as usual.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_count()[0] > _MUCH and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()  # which leaves all that was made among the oldest
            gc.enable()


class Kept(Generic[K, V]):
    """Keeps what was made by what it was made for; when there is too much, what was made first goes.

    Threads may share it: at worst two make the same at once, and one of both is kept.

    Args:
        most: how many it keeps.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: K) -> bool:
        return key in self._held

    def find(self, key: K) -> V | None:
        """Give what is kept for a key, ``None`` when nothing is."""
        return self._held.get(key)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Give what is kept for a key, or make it."""
        found = self._held.get(key)
        if found is None:
            with uncollected():
                found = make()
            with suppress(KeyError):  # another thread took away the last one
                while len(self._held) >= self._most:
                    self._held.popitem(last=False)
            self._held[key] = found
        return found
