"""Requests that are laid down find their places in walks when somebody asks, and hold nothing else alive."""

import gc
import threading
import weakref
from datetime import datetime, timezone

import pytest

from ims_mock.image import Shapes
from ims_mock.journal import Journal
from ims_mock.listing import IMAGES
from ims_mock.notes import Note
from ims_mock.places import MANY, NOWHERE
from ims_mock.walks import Walks

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
SHAPES = Shapes()


def note(query="", *ids, path=IMAGES.path):
    """Make the note of a request that was answered with images of these ids."""
    images = tuple(SHAPES.image({"id": one}).rendered for one in ids)
    return Note(NOW, "GET", path, query, {}, "p", "nothing", "", 200, 0.0, images, "", 0.0, 0.0, None)


@pytest.fixture
def told():
    """What a journal tells, request by request."""
    return []


@pytest.fixture
def journal(told):
    """An empty journal."""
    return Journal(tell=told.append)


def test_a_place_is_found_after_those_of_all_before_it(journal, told):
    """Whichever is asked for first."""
    for asked in (
        note("", "a"),
        note("marker=a", "b"),
        note(path="/v2/images/a"),
        note("marker=b", "c"),
        note("", "z"),
    ):
        journal.record(asked)
    assert told[3].place == (1, 3)
    assert [laid.place for laid in told] == [(1, 1), (1, 2), NOWHERE, (1, 3), (2, 1)]


def test_places_are_found_before_too_many_wait(journal, told, monkeypatch):
    """So that nobody has to wait long for all of them."""
    found, went = [], Walks.went
    monkeypatch.setattr(Walks, "went", lambda *asked: found.append(asked) or went(*asked))
    for _ in range(MANY - 1):
        journal.record(note())
    assert not found
    journal.record(note())
    assert len(found) == MANY
    assert told[-1].place == (MANY, 1)


def test_whoever_asks_while_a_place_is_being_found_waits_for_it(journal, told, monkeypatch):
    """No thread sees a request nowhere that is somewhere."""
    began, may_go_on, went = threading.Event(), threading.Event(), Walks.went

    def slow(*asked):
        began.set()
        assert may_go_on.wait(10)
        return went(*asked)

    monkeypatch.setattr(Walks, "went", slow)
    journal.record(note("", "a"))
    first = threading.Thread(target=journal.entries)
    first.start()
    assert began.wait(10)
    seen = []
    second = threading.Thread(target=lambda: seen.append(told[0].place))
    second.start()
    second.join(0.1)
    assert not seen
    may_go_on.set()
    first.join(10)
    second.join(10)
    assert seen == [(1, 1)]


@pytest.mark.parametrize("is_settled", [True, False])
def test_a_request_holds_no_journal_alive(journal, told, is_settled):
    """Nor its catalogs, even where nobody looks for garbage: a sandbox that is removed is gone."""
    journal.record(note("", "a"))
    if is_settled:
        assert told[0].place == (1, 1)
    alone = Journal(tell=told.append)
    alone.record(note("", "b"))
    seen, was_enabled = weakref.ref(alone), gc.isenabled()
    gc.disable()
    try:
        del alone
        assert seen() is None
    finally:
        if was_enabled:
            gc.enable()
    assert told[-1].place == (1, 1)
