import json
import re
from pathlib import Path

from helpers import in_process, make_app
from serving import run

from ims_mock.catalog.cloudimages import CLOUDIMAGES
from ims_mock.contract.fields import FIELDS
from ims_mock.contract.parameters import PARAMETERS

TABLES = {"parameters": PARAMETERS, "cloudimages": CLOUDIMAGES.extras, "fields": FIELDS}


def test_text_has_a_line_for_each_row():
    done = run("fields")
    assert (done.returncode, done.stderr) == (0, "")
    heads = ("parameter", "parameter", "field")
    for table, head, rows in zip(done.stdout.split("\n\n"), heads, TABLES.values(), strict=True):
        assert [line.split()[0] for line in table.splitlines()] == [head, *(row.name for row in rows)]
    assert not any(line.endswith(" ") for line in done.stdout.splitlines())


def test_json_has_an_object_for_each_row():
    found = json.loads(run("fields", "--format", "json").stdout)
    assert found.keys() == TABLES.keys()
    for name, rows in TABLES.items():
        key = "field" if name == "fields" else "parameter"
        assert [one[key] for one in found[name]] == [row.name for row in rows]
        assert all(one["evidence"] for one in found[name])


def test_markdown_has_a_line_for_each_row():
    tables = run("fields", IMS_MOCK_FORMAT="markdown").stdout.rstrip().split("\n\n")
    for table, rows in zip(tables, TABLES.values(), strict=True):
        head, rule, *lines = table.splitlines()
        assert [re.match(r"\| `(\S+)` \|", line)[1] for line in lines] == [row.name for row in rows]
        assert {len(re.findall(r"(?<!\\)\|", line)) for line in (head, rule, *lines)} == {head.count("|")}


def test_document_is_that_of_a_server_with_the_same_options():
    app = make_app("empty", profile="glance", auth="on")
    assert run("openapi", "--profile", "glance", "--auth", "on").stdout == in_process(app)("/openapi.json").text
    assert not [path for path in json.loads(run("openapi", "--control", "off").stdout)["paths"] if "_ims" in path]


def test_document_is_written_to_a_file():
    done = run("openapi", "--output", "ims.json")
    assert (done.stdout, done.returncode) == ("", 0)
    assert Path("ims.json").read_text() == run("openapi").stdout
