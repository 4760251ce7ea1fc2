"""Nobody looks for garbage while much is made; what was made is old at once, and becomes garbage like anything else."""

import gc
import weakref

import pytest

from ims_mock import keeping
from ims_mock.keeping import uncollected


class Loop:
    """Something that only a search for garbage finds."""

    def __init__(self):
        self.itself = self


@pytest.fixture(autouse=True)
def searching():
    """Look for garbage before and afterwards."""
    gc.enable()
    gc.collect()
    yield
    gc.unfreeze()
    gc.collect()


def made(count):
    """Make some loops while nobody looks."""
    with uncollected():
        return [Loop() for _ in range(count)]


@pytest.mark.parametrize("count", [10, keeping._MUCH + 10])
def test_what_was_made_is_garbage_in_the_end(count):
    """However much it was."""
    last = weakref.ref(made(count)[-1])
    gc.collect()
    assert last() is None
    assert gc.isenabled()


def test_much_is_not_looked_through_afterwards():
    """It is among the oldest, and a search among the youngest does not meet it."""
    much = made(keeping._MUCH + 10)
    assert gc.get_count()[0] < keeping._MUCH
    young = {id(one) for one in gc.get_objects(generation=0)}
    assert young.isdisjoint(map(id, much))


def test_what_somebody_froze_stays_so():
    """Whatever is made then."""
    gc.freeze()
    frozen = gc.get_freeze_count()
    much = made(keeping._MUCH + 10)
    assert gc.get_freeze_count() >= frozen - 10 > 0
    assert len(much) > keeping._MUCH
