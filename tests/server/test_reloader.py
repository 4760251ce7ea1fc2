"""Catalog files that change are loaded again, and wrong ones are told and change nothing."""

import os
import time
from pathlib import Path

import pytest
from test_cli import put, serving

from ims_mock.emulator import Emulator
from ims_mock.loading.loader import load
from ims_mock.server.reloader import Reloader

ONE = "images: [{id: a}]\n"
TWO = "images: [{id: a}, {id: b}]\n"
BROKEN = "images:\n- id: a\n  min_disk: x\n"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    """Work in a folder of one's own, which holds a catalog."""
    monkeypatch.chdir(tmp_path)
    put("c.yaml", ONE)


def ids(emulator):
    """List the ids of the images."""
    return sorted(image.id for image in emulator.catalog)


def news(reloader):
    """Look as often as it takes for files to be at rest."""
    return [reloader.has_changes() for _ in range(3)].count(True)


def in_place():
    """Write into the file."""
    put("c.yaml", TWO)


def renamed():
    """Write beside the file, and put it in its place, as careful programs do."""
    put("c.yaml.new", TWO)
    os.replace("c.yaml.new", "c.yaml")


def moved_away():
    """Move the file away and write a new one, as editors do that keep a backup."""
    os.rename("c.yaml", "c.yaml~")
    put("c.yaml", TWO)


def linked():
    """Turn a link to another file, as mounted configuration is changed."""
    put("other.yaml", TWO)
    Path("c.yaml").unlink()
    Path("c.yaml").symlink_to("other.yaml")


def older():
    """Restore a file that is older than the one before."""
    put("c.yaml", TWO)
    os.utime("c.yaml", (1, 1))


@pytest.mark.parametrize("change", [in_place, renamed, moved_away, linked, older])
def test_a_changed_file_is_news_once(change):
    """However it was written, once it is at rest."""
    reloader = Reloader(["c.yaml"])
    assert news(reloader) == 0
    change()
    assert not reloader.has_changes()
    assert reloader.has_changes()
    assert news(reloader) == 0


def test_a_file_that_is_being_written_is_no_news():
    """As long as two looks find it different."""
    reloader = Reloader(["c.yaml"])
    for size in range(1, 4):
        put("c.yaml", "#" * size)
        assert not reloader.has_changes()
    assert reloader.has_changes()


def test_a_change_that_is_taken_back_is_no_news():
    """What is loaded already need not be loaded."""
    put("d.yaml", ONE)
    reloader = Reloader(["."])
    put("e.yaml", "{}")
    assert not reloader.has_changes()
    Path("e.yaml").unlink()
    assert news(reloader) == 0


def test_files_of_a_folder_come_and_go():
    """A file that is added to a reloadered folder is news, and so is one that is removed; others are not."""
    Path("folder").mkdir()
    put("folder/a.yaml", "{}")
    reloader = Reloader(["folder", "default"])
    put("folder/b.json", "{}")
    assert news(reloader) == 1
    Path("folder/a.yaml").unlink()
    assert news(reloader) == 1
    put("folder/notes.txt", "nothing")
    put("c.yaml", TWO)
    assert news(reloader) == 0


def test_a_file_that_vanishes_is_news():
    """And so is its return."""
    reloader = Reloader(["c.yaml"])
    Path("c.yaml").unlink()
    assert news(reloader) == 1
    put("c.yaml", ONE)
    assert news(reloader) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_what_can_be_read_only_once_is_not_reloadered():
    """Reading from a pipe again would wait for ever."""
    os.mkfifo("pipe.yaml")
    reloader = Reloader(["pipe.yaml"])
    os.utime("pipe.yaml", (1, 1))
    assert news(reloader) == 0


def test_what_is_loaded_is_what_a_reset_goes_back_to():
    """The changed catalog takes the place of the one before, with its clock and its projects."""
    reloader, emulator = Reloader(["c.yaml"]), Emulator(load(["c.yaml"]))
    put("c.yaml", TWO + "project: p\nclock: 2025-01-01T00:00:00Z\n")
    reloader.reload(emulator.reload)
    for _ in range(2):
        assert (ids(emulator), emulator.credentials.default_project) == (["a", "b"], "p")
        assert emulator.clock.frozen
        emulator.reset()


def test_what_was_asked_for_besides_is_loaded_again():
    """Generated images among it."""
    reloader, emulator = Reloader(["c.yaml"]), Emulator(load(["c.yaml"], generate=5))
    reloader.reload(emulator.reload, generate=5, seed=0, project="")
    assert len(emulator.catalog) == 6


@pytest.mark.parametrize("content", [BROKEN, "images: [}", "- 1", None])
def test_a_broken_file_changes_nothing(content, caplog):
    """Every problem is told with file and line, and then that the catalog stays."""
    reloader, emulator = Reloader(["c.yaml"]), Emulator(load(["c.yaml"]))
    before = emulator.catalog
    Path("c.yaml").unlink()
    if content:
        put("c.yaml", content)
    reloader.reload(emulator.reload)
    emulator.reset()
    *problems, last = [record.message for record in caplog.records]
    assert emulator.catalog is before
    assert problems
    assert all(problem.startswith("c.yaml:") for problem in problems)
    assert last == "the catalog was not reloaded; the previous one is still served"


def test_a_bug_while_loading_ends_no_reloader(caplog, monkeypatch):
    """It is logged with its traceback, and the next change is loaded."""
    reloader, emulator = Reloader(["c.yaml"]), Emulator(load(["c.yaml"]))
    with monkeypatch.context() as patched:
        patched.setattr("ims_mock.server.reloader.load", lambda *_: 1 / 0)
        reloader.reload(emulator.reload)
    assert "ZeroDivisionError" in caplog.text
    put("c.yaml", TWO)
    reloader.reload(emulator.reload)
    assert ids(emulator) == ["a", "b"]


def until(true, seconds=1.0):
    """Wait until something is true, and tell whether it came within a time; a busy machine gets twice that."""
    begun = time.monotonic()
    while not true() and time.monotonic() - begun < 2 * seconds:
        time.sleep(0.02)
    return true()


def test_serve_loads_what_changes_within_a_second():
    """While it runs; a wrong catalog is told on standard error, and the old one stays."""
    with serving("c.yaml", "--watch", "--log-level", "info") as server:
        for content, expected in ((TWO, ["a", "b"]), (BROKEN, ["a", "b"]), (ONE, ["a"])):
            put("c.yaml", content)
            if content == BROKEN:
                time.sleep(1)
            assert until(lambda expected=expected: sorted(server.ids()) == expected)
        lines = [line.partition(" ")[2] for line in server.stopped().splitlines() if "GET" not in line]
    assert lines == [
        "INFO reloaded 2 images (c.yaml)",
        "ERROR c.yaml:3: images[0].min_disk: 'x' is not a whole number of 64 bits",
        "ERROR the catalog was not reloaded; the previous one is still served",
        "INFO reloaded 1 image (c.yaml)",
    ]


def test_bundled_catalogs_have_nothing_to_reloader():
    """Which is told, and hinders nothing."""
    with serving("empty", "--watch") as server:
        assert server.ask()[0] == 200
        assert server.stopped().endswith(" WARNING --watch has no effect: only bundled catalogs are served\n")
