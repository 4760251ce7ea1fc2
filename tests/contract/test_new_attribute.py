"""A new attribute is one row of the table: it loads, filters, sorts, is generated, shown and documented."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # starts processes

PACKAGE = Path(__file__).parents[2] / "ims_mock"
ROW = '    Field("new_{0}", {1}, "A new attribute.", "optional", filterable=DOC, sortable=DOC),\n'
TYPES = ("text", "integer", "boolean", "time", "list")
NEXT_SECTION = "    # --- what the service adds to every image\n"

IMAGES = [
    {"id": "low", "new_text": "a", "new_integer": "-1", "new_boolean": "FALSE", "new_time": "2020", "new_list": ["a"]},
    {
        "id": "high", "new_text": "b", "new_integer": 10, "new_boolean": True, "new_time": "2021-01-01T01:00:00+01:00",
        "new_list": ["b", "c"],
    },
    {"id": "none"},
]  # fmt: skip
VALUES = {"text": "b", "integer": 10, "boolean": True, "time": "2021-01-01T00:00:00Z", "list": ["b", "c"]}
MATCHING = {"text": "b", "integer": "%2B10", "boolean": "True", "time": "gt:2020-06-01", "list": "c"}
INVALID = {"integer": "many", "boolean": "maybe", "time": "later"}
SCHEMA_TYPES = {"text": "string", "integer": "integer", "boolean": "boolean", "time": "string", "list": "array"}

SCRIPT = """
import json, sys
from ims_mock import create_app

asked = json.load(sys.stdin)
get = create_app({"images": asked["images"]}).test_client().get
answers = {}
for path in asked["paths"]:
    response = get(path)
    answers[path] = [response.status_code, response.json]
generated = create_app("empty", generate=100, seed=1).test_client().get("/v2/images?limit=100").json
json.dump({"answers": answers, "generated": generated["images"]}, sys.stdout)
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The answers by path, each with its status and body, the generated images, and the tables of the reference."""
    folder = tmp_path_factory.mktemp("new_attribute")
    shutil.copytree(PACKAGE, folder / "ims_mock", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PACKAGE.parent / "fixtures", folder / "fixtures")
    table = folder / "ims_mock" / "contract" / "fields.py"
    rows = "".join(ROW.format(name, name.upper()) for name in TYPES)
    text = table.read_text(encoding="utf-8")
    assert text.count(NEXT_SECTION) == 1
    table.write_text(text.replace(NEXT_SECTION, rows + NEXT_SECTION), encoding="utf-8")

    def run(*arguments, **stdin):
        done = subprocess.run(
            [sys.executable, *arguments], input=json.dumps(stdin), cwd=folder, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(folder)}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    paths = ["/v2/images", "/v2/cloudimages", "/openapi.json", "/v2/schemas/image"]
    for name in TYPES:
        paths += [f"/v2/images?new_{name}={MATCHING[name]}", f"/v2/images?sort_key=new_{name}&sort_dir=asc"]
    paths += [f"/v2/images?new_{name}={value}" for name, value in INVALID.items()]
    return {**run("-c", SCRIPT, images=IMAGES, paths=paths), **run("-m", "ims_mock", "fields", "--format", "json")}


@pytest.fixture(scope="module")
def ask(service):
    def ask(path):
        status, body = service["answers"][path]
        assert status == 200, body
        return body

    return ask


@pytest.mark.parametrize("path", ["/v2/images", "/v2/cloudimages"])
@pytest.mark.parametrize("name", TYPES)
def test_it_is_loaded_and_shown(ask, name, path):
    images = {image["id"]: image.get(f"new_{name}") for image in ask(path)["images"]}
    assert images["high"] == VALUES[name]
    assert images["none"] == ([] if name == "list" else None)


@pytest.mark.parametrize("name", TYPES)
def test_the_list_filters_and_sorts_by_it(ask, name):
    filtered, ordered = f"new_{name}={MATCHING[name]}", f"sort_key=new_{name}&sort_dir=asc"
    for query, ids in ((filtered, ["high"]), (ordered, ["none", "low", "high"])):
        assert [image["id"] for image in ask(f"/v2/images?{query}")["images"]] == ids


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_filter_is_rejected(service, name):
    status, body = service["answers"][f"/v2/images?new_{name}={INVALID[name]}"]
    assert (status, body["error"]["code"]) == (400, "IMG.0017")


@pytest.mark.parametrize("name", TYPES)
def test_it_is_generated(service, name):
    values = [image[f"new_{name}"] for image in service["generated"] if image.get(f"new_{name}") not in (None, [])]
    assert 20 < len(values) < 80
    assert {type(value) for value in values} == {type(VALUES[name])}


@pytest.mark.parametrize("name", TYPES)
def test_it_is_in_the_reference(service, name):
    (field,) = [row for row in service["fields"] if row["field"] == f"new_{name}"]
    (parameter,) = [row for row in service["parameters"] if row["parameter"] == f"new_{name}"]
    (sort_key,) = [row for row in service["parameters"] if row["parameter"] == "sort_key"]
    assert (field["filter"], field["sort"], field["what it is"]) == ("doc", "doc", "A new attribute.")
    assert parameter["type"] == field["type"]
    assert f"new_{name}" in sort_key["documented values"].split(", ")


@pytest.mark.parametrize("name", TYPES)
def test_it_is_in_the_openapi_document_and_the_published_schema(ask, name):
    document = ask("/openapi.json")
    schemas = document["components"]["schemas"]
    parameters = {one["name"]: one for one in document["paths"]["/v2/images"]["get"]["parameters"]}
    assert schemas["Image"]["properties"][f"new_{name}"]["type"] == SCHEMA_TYPES[name]
    assert f"new_{name}" in schemas["StoredImage"]["properties"]
    assert f"new_{name}" in schemas["NewImage"]["properties"]
    assert f"new_{name}" in parameters
    assert f"new_{name}" in parameters["sort_key"]["schema"]["items"]["enum"]
    assert ask("/v2/schemas/image")["properties"][f"new_{name}"]["type"] == SCHEMA_TYPES[name]
