"""The OpenAPI document is valid, complete, reproducible, and describes the actual responses."""

import json
import os
import re
import subprocess
import sys

import pytest
from endpoint_cases import CATALOG, GONE, HIDDEN, NAMES, ROWS, sent
from helpers import in_process, make_app, send_json, shared_app
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from ims_mock import __version__
from ims_mock.catalog.cloudimages import CLOUDIMAGES
from ims_mock.contract.parameters import PARAMETERS
from ims_mock.contract.profiles import DOCUMENTED, Profile
from ims_mock.emulator import Emulator
from ims_mock.errors import PROBLEMS
from ims_mock.loading.loader import load
from ims_mock.openapi.document import document
from ims_mock.openapi.operations import OPERATIONS
from ims_mock.web.app import app_for

pytestmark = pytest.mark.slow

DOCUMENT = "/openapi.json"


@pytest.mark.parametrize(
    ("label", "has_control"),
    [("documented", True), ("glance", False), ("documented,-service-rules,-error-body", True)],
)
def test_the_document_is_valid(label, has_control):
    found = document(Profile.parse(label), needs_credentials=has_control, has_control=has_control)
    OpenAPIV31SpecValidator(found).validate()
    assert (found["openapi"], found["info"]["version"]) == ("3.1.0", __version__)


@pytest.mark.parametrize("has_control", [True, False])
def test_operations_are_the_routes_of_the_application(has_control):
    app = app_for(Emulator(load(["empty"])), has_control=has_control)
    paths = in_process(app)(DOCUMENT).json["paths"]
    routes, values = set(), {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("control.pages.") and rule.rule != "/_ims/":
            continue  # for people
        path = re.sub(r"<(?:[a-z]+(?:\(.*?\))?:)?(\w+)>", r"{\1}", rule.rule)
        routes |= {(method, path) for method in rule.methods - {"HEAD", "OPTIONS"}}
        if match := re.search(r"<any\((.*?)\):", rule.rule):
            values[path] = tuple(match[1].split(","))
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == routes
    assert {one.path: one.path_values for one in OPERATIONS if one.path_values} == values


def test_every_error_is_possible_in_an_operation():
    possible = {problem.name for one in OPERATIONS for problem in one.problems}
    assert {one.name for one in PROBLEMS} - possible == {"method"}


@pytest.mark.parametrize(
    ("path", "parameters"), [("/v2/images", PARAMETERS), (CLOUDIMAGES.path, CLOUDIMAGES.extras)], ids=["old", "new"]
)
def test_documented_values_are_examples_and_repeatable_parameters_arrays(path, parameters):
    described = {one["name"]: one for one in document(DOCUMENTED)["paths"][path]["get"]["parameters"]}
    arrays = {name for name, one in described.items() if one["schema"]["type"] == "array"}
    assert arrays == {"tag", "sort_key", "sort_dir"}
    for one in parameters:
        found = described[one.name]
        assert found["description"] == one.description
        values = [value for value in one.values if not value.endswith(":")]
        assert list(found.get("examples", {})) == values
        for example in found.get("examples", {}).values():
            Draft202012Validator(found["schema"]).validate(example["value"])
        schema = found["schema"].get("items", found["schema"])
        if "enum" in schema:
            assert schema["enum"] == [*values, *one.undocumented_values]


@pytest.mark.parametrize("auth", ["on", "off"])
def test_an_emulator_serves_its_own_document(profile, auth):
    answer = in_process(shared_app("empty", profile=profile, auth=auth))(DOCUMENT)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json == document(Profile.parse(profile), needs_credentials=auth == "on")
    assert answer.json["servers"] == [{"url": "/"}]
    assert ({} in answer.json["paths"]["/v2/images"]["get"]["security"]) is (auth == "off")


def test_a_sandbox_serves_its_own_document():
    ask = in_process(make_app("empty"))
    path = send_json(ask, "POST", "/_ims/sandboxes", {"profile": "glance"}).json["url"].removeprefix("http://localhost")
    found = ask(f"{path}{DOCUMENT}").json
    assert found["servers"] == [{"url": path}]
    assert found["info"]["description"].startswith("Profile glance.")


def test_the_document_is_the_same_in_every_process():
    code = (
        "from ims_mock.contract.profiles import DOCUMENTED; from ims_mock.openapi.document import document;"
        "import json; print(json.dumps(document(DOCUMENTED)), end='')"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        assert found.stdout == json.dumps(document(DOCUMENTED)).encode()


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_the_document_allows_only_get(profile, method):
    answer = in_process(shared_app("empty", profile=profile))(DOCUMENT, method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


def assert_described(found, method, template, answer):
    """Check that a document describes the status, the media type and the body of a response."""
    response = found["paths"][template][method.lower()]["responses"][str(answer.status)]
    if "$ref" in response:
        response = found["components"]["responses"][response["$ref"].rpartition("/")[2]]
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    assert bool(answer.body) == ("content" in response)
    if answer.body:
        schema = {**response["content"][media_type]["schema"], "components": found["components"]}
        body = answer.json if media_type == "application/json" else answer.text
        Draft202012Validator(schema).validate(body)


@pytest.mark.parametrize("row", ROWS, **NAMES)
def test_responses_of_the_service_are_as_described(profile, row):
    ask = in_process(shared_app(CATALOG, auth="on", profile=profile))
    found = ask(DOCUMENT).json
    path = row.path.format(image="{image_id}")
    template = re.sub(r"/members/\w+$", "/members/{member_id}", re.sub(r"/tags/\w+$", "/tags/{tag}", path))
    images = [HIDDEN, GONE, *([row.forbidden[0]] if row.forbidden else ()), row.done[0]]
    answers = [sent(ask, row, images[-1], body=body) for body in row.malformed]
    answers += [sent(ask, row, images[-1], token=token) for token in ("nobody", "reader")]
    answers += [sent(ask, row, images[-1], media_type=row.wrong_type)] if row.wrong_type else []
    answers += [sent(ask, row, image) for image in images]
    for answer in answers:
        assert_described(found, row.method, template, answer)


def test_lists_are_as_described(profile):
    ask = in_process(shared_app({"images": [{"id": "a"}]}, profile=profile))
    for path in ("/v2/images", CLOUDIMAGES.path):
        assert_described(ask(DOCUMENT).json, "GET", path, ask(path))


SHOWN = ("requests", "walks", "coverage", "explain", "catalog", "faults", "health", "clock", "snapshots")


@pytest.mark.parametrize("name", [*SHOWN, "explain?image=x", "explain?query=limit%3Dx", "explain?limit=1"])
def test_responses_of_the_control_api_are_as_described(name):
    ask = in_process(shared_app("default"))
    ask("/v2/images?limit=1&foo=bar", {"X-Auth-Token": "ims-mock-token"})
    send_json(ask, "POST", "/_ims/faults", {"match": {"page": 2}, "effect": {"status": 503}})
    assert_described(ask(DOCUMENT).json, "GET", f"/_ims/{name.partition('?')[0]}", ask(f"/_ims/{name}"))
