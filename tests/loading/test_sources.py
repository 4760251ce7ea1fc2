"""Bundled catalogs, files, folders and pipes."""

import json
import os
import threading
from pathlib import Path

import pytest
from catalog_files import file, images, problems, shown

from ims_mock.loading.loader import load
from ims_mock.loading.sources import bundled_catalogs

pytestmark = pytest.mark.usefixtures("in_tmp_path")
BUNDLED = ("default", "document-sample", "edge-cases", "empty", "large")
DATA = Path(__file__).parent.parent / "data"


def test_bundled_catalogs_load_by_name_from_any_folder():
    assert tuple(bundled_catalogs()) == BUNDLED
    assert [len(load(sources).catalog) for sources in ((), ["default"], ["empty"], ["empty", "empty"])] == [0, 63, 0, 0]
    assert load().name == "default"


@pytest.mark.parametrize("name", BUNDLED)
def test_only_edge_cases_among_the_bundled_catalogs_has_warnings(name):
    loaded = load([name])
    assert (loaded.name, loaded.warnings) == (name, ())
    assert len(loaded.catalog) == 10_000 or name != "large"
    warnings = load([name], lint_bundled=True).warnings if name != "large" else ()  # all of its images are generated
    assert bool(warnings) == (name == "edge-cases")
    assert all(problem.is_warning and problem.line and problem.file == name for problem in warnings)


@pytest.mark.parametrize("name", ["glance-mitaka", "glance-queens"])
def test_recorded_catalog_loads_with_warnings_only(name):
    loaded = load([DATA / name / "catalog.json"])
    raw = json.loads((DATA / name / "catalog.json").read_text())
    assert len(loaded.catalog) == len(raw["images"])
    assert loaded.warnings
    assert all(problem.is_warning and problem.line > 1 for problem in loaded.warnings)


def test_bundled_name_takes_precedence_over_a_file():
    file("empty/one.yaml", "images: [{id: mine}]")
    file("default", "images: [")
    assert shown("empty") == []
    assert [wire["id"] for wire in shown("./empty")] == ["mine"]
    assert len(shown("default")) == 63


def test_folder_loads_its_catalog_files_in_name_order():
    file("all/b.json", json.dumps(images({"id": "b"}, project="second")))
    file("all/c.yml", "images: [{id: c}]")
    file("all/a.yaml", "project: first\nimages: [{id: a}]")
    file("all/notes.txt", "images: [{id: d}]")
    file("all/inner.yaml/e.yaml", "images: [{id: e}]")
    loaded = load(["all"])
    assert [image.id for image in loaded.catalog] == ["a", "b", "c"]
    assert loaded.credentials.default_project == "second"
    assert [image.id for image in load([Path("all")]).catalog] == ["a", "b", "c"]


def test_file_is_yaml_unless_it_ends_in_json():
    assert [wire["id"] for wire in shown(file("mine.catalog", "images: [{id: a}]"))] == ["a"]
    assert [wire["id"] for wire in shown(file("mine.json", '{"images": [{"id": "a"}]}'))] == ["a"]
    assert len(problems(file("other.json", "images: [{id: a}]"))) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("defualt", "did you mean default?"),
        ("edge-case", "did you mean edge-cases?"),
        ("default,empty", "give several catalogs one by one, without commas"),
        ("nothing.yaml", "bundled catalogs are default, document-sample, edge-cases, empty, large"),
        ("no/such/folder", "bundled catalogs are"),
        ("hollow", "the folder contains no file that ends in .yaml, .yml, .json"),
        ("x" * 300, "cannot be read: File name too long"),
        ("file/inside", "cannot be read: Not a directory"),
    ],
)
def test_missing_source_is_one_line_with_a_hint(name, words):
    Path("hollow").mkdir()
    file("file", "")
    (line,) = problems(name)
    assert line.startswith(f"{name}: ")
    assert words in line


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_one_line():
    Path(file("secret.yaml", "{}")).chmod(0)
    assert problems("secret.yaml") == ["secret.yaml: cannot be read: Permission denied"]


@pytest.mark.parametrize(
    ("sources", "name"),
    [
        (["default", "empty"], "default, empty"),
        (["some/c.yaml", "some"], "some/c.yaml, some"),
        ([Path("some/c.yaml")], "c.yaml"),
        ([{}], "inline"),
    ],
)
def test_name_consists_of_the_given_names(sources, name):
    file("some/c.yaml", "{}")
    assert load(sources).name == name


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_catalog_is_read_from_a_pipe():
    os.mkfifo("pipe.json")
    writer = threading.Thread(
        target=Path("pipe.json").write_text, args=[json.dumps(images(*[{"name": "x" * 100}] * 2000))]
    )
    writer.start()
    assert len(load(["pipe.json"]).catalog) == 2000
    writer.join()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_without_a_writer_is_an_error(monkeypatch):
    monkeypatch.setattr("ims_mock.loading.sources.PIPE_SECONDS", 0.1)
    os.mkfifo("pipe.json")
    assert problems("pipe.json") == ["pipe.json: is a pipe that no process has opened for writing in 0.1 seconds"]
