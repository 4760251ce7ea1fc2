import re

import pytest
from serving import put, refusal, run

from ims_mock.auth.credentials import DEFAULT_PROJECT

WRONG = {
    "not YAML": ("c.yaml", "images: [}", "c.yaml:1: not YAML: "),
    "a wrong value": ("c.yaml", "images:\n- id: a\n  min_disk: x\n", "c.yaml:3: images[0].min_disk: 'x' is not a wh"),
    "a name no terminal shows": ("c.json", '{"\\ud800\\n\\u001b[31m": 1}', "c.json:1: \\ud800\\n\\x1b[31m: is not a"),
    "no file": ("no/folder", None, "no/folder: no such file"),
    "no name": ("", None, "catalog: the name is empty"),
}


@pytest.mark.parametrize(("name", "content", "begins"), WRONG.values(), ids=WRONG)
def test_invalid_catalog_is_one_line_and_status_1(name, content, begins):
    if content is not None:
        put(name, content)
    assert refusal(run("serve", name), 1).startswith(begins)


def test_every_problem_is_a_line():
    put("c.yaml", "images:\n- {id: a, min_disk: x}\n- {id: b, protected: x}\n- {id: c, min_disk: 0}\n")
    checked, served = run("check", "c.yaml"), run("serve", "c.yaml")
    assert (checked.returncode, checked.stderr, served.returncode, served.stdout) == (1, "", 1, "")
    assert checked.stdout == served.stderr
    assert [line.split(": ")[0] for line in checked.stdout.splitlines()] == ["c.yaml:2", "c.yaml:3", "c.yaml:4"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), f"63 images, 55 listed for project {DEFAULT_PROJECT} (default)"),
        (("document-sample", "empty"), f"3 images, 3 listed for project {DEFAULT_PROJECT} (document-sample, empty)"),
        (("c.yaml",), "2 images, 1 listed for project p (c.yaml)"),
    ],
)
def test_valid_catalogs_are_reported_with_their_counts(arguments, line):
    put("c.yaml", "projects: [{id: p}, {id: q}]\nimages: [{name: a}, {owner: q}]")
    done = run("check", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{line}: no problems\n", "")


def test_warnings_are_printed_before_a_summary_and_pass():
    put("c.yaml", "images:\n- id: a\n  min_disk: 0\n")
    done = run("check", "c.yaml", "edge-cases")
    first, *rest, last = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert first == "c.yaml:3: images[0].min_disk: warning: 0 is not 1 to 1024 GB"
    assert all(re.match(r"edge-cases:\d+: images\[\d+\]\.\w+: warning: ", line) for line in rest)
    lines = [int(line.split(":")[1]) for line in rest]
    assert lines == sorted(lines) != []
    assert last.endswith(f" (c.yaml, edge-cases): {len(rest) + 1} warnings")


def test_strict_fails_on_warnings():
    put("c.yaml", "images:\n- {id: a, owner: x}\n")
    for arguments, status in ((("c.yaml",), 0), (("c.yaml", "--strict"), 1), (("--strict", "default"), 0)):
        assert run("check", *arguments).returncode == status
    assert run("check", "c.yaml", IMS_MOCK_STRICT="1").returncode == 1
    done = run("check", "--strict", "c.yaml")
    assert done.stdout.splitlines()[-1] == f"1 image, 0 listed for project {DEFAULT_PROJECT} (c.yaml): 1 warning"


def test_many_warnings_are_counted():
    put("c.yaml", "images:\n" + "- {min_disk: 0}\n" * 1_200)
    lines = run("check", "c.yaml").stdout.splitlines()
    assert (len(lines), lines[-2]) == (52, "and at least 950 more warnings")
    assert lines[-1].endswith(": at least 1000 warnings")


def test_variable_separates_catalogs_by_commas():
    names = {"empty": "empty", " empty , document-sample,": "empty, document-sample", "": "default", ",": "default"}
    for value, name in names.items():
        assert run("check", IMS_MOCK_CATALOG=value).stdout.endswith(f" ({name}): no problems\n")
    assert run("check", "empty", IMS_MOCK_CATALOG="default").stdout.startswith("0 images, 0 listed for project ")
