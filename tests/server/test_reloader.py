"""``--watch`` reloads changed catalog files, and keeps the previous catalog if they are invalid."""

import os
import time
from pathlib import Path

import pytest
from serving import put, serving

from ims_mock.auth.credentials import DEFAULT_PROJECT
from ims_mock.emulator import Emulator
from ims_mock.loading.loader import load
from ims_mock.options import EmulatorOptions
from ims_mock.server.reloader import Reloader

pytestmark = pytest.mark.slow

ONE = "images: [{id: a}]\n"
TWO = "images: [{id: a}, {id: b}]\n"
INVALID = "images:\n- id: a\n  min_disk: x\n"
KEPT = "the catalog was not reloaded; the previous one is still served"


@pytest.fixture(autouse=True)
def _folder_with_a_catalog(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put("c.yaml", ONE)


@pytest.fixture
def reloader():
    return Reloader(EmulatorOptions("c.yaml"))


@pytest.fixture
def emulator():
    return Emulator(load(["c.yaml"]))


def ids(emulator):
    return sorted(image.id for image in emulator.catalog)


def changes(reloader):
    return [reloader.has_changes() for _ in range(3)].count(True)


def overwrite():
    put("c.yaml", TWO)


def replace_by_rename():
    put("c.yaml.new", TWO)
    os.replace("c.yaml.new", "c.yaml")


def replace_by_link():
    put("other.yaml", TWO)
    Path("c.yaml").unlink()
    Path("c.yaml").symlink_to("other.yaml")


def restore_older_file():
    put("c.yaml", TWO)
    os.utime("c.yaml", (1, 1))


@pytest.mark.parametrize("change", [overwrite, replace_by_rename, replace_by_link, restore_older_file])
def test_a_change_is_reported_once_at_the_second_poll(reloader, change):
    assert changes(reloader) == 0
    change()
    assert not reloader.has_changes()
    assert reloader.has_changes()
    assert changes(reloader) == 0


def test_a_file_that_is_being_written_is_not_reported(reloader):
    for size in range(1, 4):
        put("c.yaml", "#" * size)
        assert not reloader.has_changes()
    assert reloader.has_changes()


def test_a_reverted_change_is_not_reported():
    reloader = Reloader(EmulatorOptions(["."]))
    put("e.yaml", "{}")
    assert not reloader.has_changes()
    Path("e.yaml").unlink()
    assert changes(reloader) == 0


def test_added_and_removed_catalogs_of_a_folder_are_reported():
    Path("folder").mkdir()
    put("folder/a.yaml", "{}")
    reloader = Reloader(EmulatorOptions(["folder", "default"]))
    put("folder/b.json", "{}")
    assert changes(reloader) == 1
    Path("folder/a.yaml").unlink()
    assert changes(reloader) == 1
    put("folder/notes.txt", "nothing")
    put("c.yaml", TWO)
    assert changes(reloader) == 0


def test_a_file_that_disappears_and_returns_is_reported_twice(reloader):
    Path("c.yaml").unlink()
    assert changes(reloader) == 1
    put("c.yaml", ONE)
    assert changes(reloader) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_named_pipes_are_ignored():
    os.mkfifo("pipe.yaml")
    reloader = Reloader(EmulatorOptions(["pipe.yaml"]))
    os.utime("pipe.yaml", (1, 1))
    assert changes(reloader) == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("become", [os.mkfifo, os.mkdir, lambda path: os.symlink(path, path)])
def test_watching_survives_a_file_that_becomes_something_else(become, caplog):
    options = EmulatorOptions(["c.yaml", "default"])
    emulator, reloader = Emulator(load(options.sources)), Reloader(options)
    before = ids(emulator)
    Path("c.yaml").unlink()
    become("c.yaml")
    assert changes(reloader) == 1
    reloader.reload(emulator.reload)
    assert (ids(emulator), KEPT in caplog.text) == (before, True)
    Path("c.yaml").rmdir() if Path("c.yaml").is_dir() else Path("c.yaml").unlink()
    put("c.yaml", TWO)
    assert changes(reloader) == 1
    reloader.reload(emulator.reload)
    assert set(ids(emulator)) - set(before) == {"b"}


def test_a_reset_restores_the_reloaded_catalog(reloader, emulator):
    put("c.yaml", TWO + "project: p\nclock: 2025-01-01T00:00:00Z\n")
    reloader.reload(emulator.reload)
    for _ in range(2):
        assert (ids(emulator), emulator.credentials.default_project) == (["a", "b"], "p")
        assert emulator.clock.frozen
        emulator.reset()


def test_generated_images_are_generated_again(emulator):
    Reloader(EmulatorOptions("c.yaml", generate=5)).reload(emulator.reload)
    assert len(emulator.catalog) == 6


@pytest.mark.parametrize("content", [INVALID, "images: [}", "- 1", None])
def test_an_invalid_catalog_is_logged_and_changes_nothing(reloader, emulator, content, caplog):
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
    assert last == KEPT


def test_an_internal_error_is_logged_and_changes_nothing(reloader, emulator, caplog, monkeypatch):
    monkeypatch.setattr("ims_mock.server.reloader.load_options", lambda _: 1 / 0)
    reloader.reload(emulator.reload)
    assert "ZeroDivisionError" in caplog.text
    assert ids(emulator) == ["a"]


def test_serve_reloads_a_change_within_a_second():
    with serving("c.yaml", "--watch", "--log-level", "info") as server:
        for content, expected in ((TWO, ["a", "b"]), (INVALID, ["a", "b"]), (ONE, ["a"])):
            put("c.yaml", content)
            if content == INVALID:
                time.sleep(1)
            deadline = time.monotonic() + 2  # a busy machine gets twice the time
            while sorted(server.ids()) != expected:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        lines = [line.partition(" ")[2] for line in server.stopped().splitlines() if "GET" not in line]
    reloaded, problem, kept, reloaded_again = lines
    assert reloaded == f"INFO reloaded 2 images, 2 listed for project {DEFAULT_PROJECT} (c.yaml)"
    assert reloaded_again == f"INFO reloaded 1 image, 1 listed for project {DEFAULT_PROJECT} (c.yaml)"
    assert problem.startswith("ERROR c.yaml:3: images[0].min_disk: ")
    assert kept == f"ERROR {KEPT}"


def test_serve_warns_if_there_are_only_bundled_catalogs():
    with serving("empty", "--watch") as server:
        assert server.ask()[0] == 200
        assert server.stopped().endswith(" WARNING --watch has no effect: only bundled catalogs are served\n")
