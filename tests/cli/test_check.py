import re
from pathlib import Path

import pytest
from serving import NOT_ROOT, put, refusal, run

WRONG = {
    "not YAML": ("c.yaml", "images: [}", "c.yaml:1: not YAML: "),
    "a wrong value": ("c.yaml", "images:\n- id: a\n  min_disk: x\n", "c.yaml:3: images[0].min_disk: 'x' is not a wh"),
    "a name no terminal shows": ("c.json", '{"\\ud800\\n\\u001b[31m": 1}', "c.json:1: \\ud800\\n\\x1b[31m: is not a"),
}


@pytest.mark.parametrize("case", WRONG)
def test_invalid_catalog_is_one_line_and_status_1(case):
    name, content, begins = WRONG[case]
    put(name, content)
    assert refusal(run("serve", name), 1).startswith(begins)


@pytest.mark.parametrize("name", ["missing.yaml", "defualt", "no/folder", "hollow", ""])
def test_missing_catalog_is_one_line_and_status_1(name):
    Path("hollow").mkdir()
    assert refusal(run("serve", name), 1).startswith(f"{name or 'catalog'}: ")


def test_catalogs_in_one_argument_are_rejected():
    hint = "give several catalogs one by one, without commas"
    line = f"default,empty: no such file, folder or bundled catalog; {hint}"
    assert run("check", "default,empty").stdout == line + "\n"


@NOT_ROOT
def test_unreadable_directory_is_one_line_and_status_1():
    Path("closed").mkdir(mode=0)
    assert refusal(run("serve", "closed"), 1) == "closed: cannot be read: Permission denied"


def test_every_problem_is_a_line():
    put("c.yaml", "images:\n- {id: a, min_disk: x}\n- {id: b, protected: x}\n- {id: c, min_disk: 0}\n")
    checked, served = run("check", "c.yaml"), run("serve", "c.yaml")
    assert (checked.returncode, checked.stderr, served.returncode, served.stdout) == (1, "", 1, "")
    assert checked.stdout == served.stderr
    assert [line.split(": ")[0] for line in checked.stdout.splitlines()] == ["c.yaml:2", "c.yaml:3", "c.yaml:4"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "default: 63 images, no problems\n"),
        (("document-sample", "empty"), "document-sample, empty: 3 images, no problems\n"),
        (("c.yaml",), "c.yaml: 1 image, no problems\n"),
    ],
)
def test_valid_catalogs_are_reported_with_their_size(arguments, line):
    put("c.yaml", "images: [{name: a}]")
    done = run("check", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, line, "")


def test_warnings_are_printed_and_pass():
    put("c.yaml", "images:\n- id: a\n  min_disk: 0\n")
    done = run("check", "c.yaml", "edge-cases")
    first, *rest = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert first == "c.yaml:3: images[0].min_disk: warning: 0 is not 1 to 1024 GB"
    assert rest
    assert all(re.match(r"edge-cases:\d+: images\[\d+\]\.\w+: warning: ", line) for line in rest)


def test_variable_separates_catalogs_by_commas():
    for value, name in (
        ("empty", "empty"),
        (" empty , document-sample,", "empty, document-sample"),
        ("", "default"),
        (",", "default"),
    ):
        assert run("check", IMS_MOCK_CATALOG=value).stdout.startswith(f"{name}: ")
    assert run("check", "empty", IMS_MOCK_CATALOG="default").stdout == "empty: 0 images, no problems\n"
