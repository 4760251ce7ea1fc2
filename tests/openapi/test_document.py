"""The OpenAPI document: valid, complete, the same for the same emulator, and true of what is answered."""

import json
import os
import re
import subprocess
import sys

import pytest
from endpoint_cases import CATALOG, GONE, HIDDEN, NAMES, ROWS, sent
from helpers import in_process, make_app
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from ims_mock import __version__
from ims_mock.catalog.cloudimages import CLOUDIMAGES
from ims_mock.contract.parameters import PARAMETERS
from ims_mock.contract.profiles import DOCUMENTED, GLANCE, Profile
from ims_mock.emulator import Emulator
from ims_mock.errors import PROBLEMS
from ims_mock.loading.loader import load
from ims_mock.openapi.document import document, document_json
from ims_mock.openapi.operations import OPERATIONS
from ims_mock.web.app import app_for

DOCUMENT = "/openapi.json"
PROFILES = {"documented": DOCUMENTED, "glance": GLANCE}


@pytest.mark.parametrize("label", ["documented", "glance", "documented,-service-rules,-error-body"])
@pytest.mark.parametrize("has_control", [True, False])
def test_it_is_valid(label, has_control):
    """To an independent judge."""
    found = document(Profile.parse(label), needs_credentials=has_control, has_control=has_control)
    OpenAPIV31SpecValidator(found).validate()
    assert (found["openapi"], found["info"]["version"]) == ("3.1.0", __version__)


def routes(app):
    """Give every method of every path that an application answers, and the legal values in its paths."""
    found, legal = set(), {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[a-z]+(?:\(.*?\))?:)?(\w+)>", r"{\1}", rule.rule)
        found |= {(method, path) for method in rule.methods - {"HEAD", "OPTIONS"}}
        if match := re.search(r"<any\((.*?)\):", rule.rule):
            legal[path] = tuple(match[1].split(","))
    return found, legal


@pytest.mark.parametrize("has_control", [True, False])
def test_every_route_is_an_operation_and_every_operation_a_route(has_control):
    """Also where there is no control."""
    app = app_for(Emulator(load(["empty"])), has_control=has_control)
    paths = in_process(app)(DOCUMENT).json["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    found, legal = routes(app)
    assert described == found
    assert legal == {one.path: one.path_values for one in OPERATIONS if one.path_values}


def test_operations_have_names_of_their_own():
    """Clients are generated with them."""
    assert len({one.id for one in OPERATIONS}) == len(OPERATIONS)


def test_every_problem_is_possible_somewhere():
    """But a wrong method, which is that of no operation."""
    named = {problem.name for one in OPERATIONS for problem in one.problems}
    assert {one.name for one in PROBLEMS} - named == {"method"}


@pytest.mark.parametrize(
    ("path", "parameters"),
    [("/v2/images", PARAMETERS), (CLOUDIMAGES.path, CLOUDIMAGES.extras)],
    ids=["images", "newer"],
)
def test_every_parameter_has_its_documented_values(path, parameters):
    """As all there are where others are refused, else as examples."""
    described = {one["name"]: one for one in document(DOCUMENTED)["paths"][path]["get"]["parameters"]}
    for one in parameters:
        found = described[one.name]
        assert found["description"] == one.description
        values = [value for value in one.values if not value.endswith(":")]
        assert list(found.get("examples", {})) == values
        holder = found["schema"].get("items", found["schema"])
        for example in found.get("examples", {}).values():
            Draft202012Validator(found["schema"]).validate(example["value"])
        if "enum" in holder:
            assert holder["enum"] == [*values, *one.undocumented_values]


@pytest.mark.parametrize("label", PROFILES)
@pytest.mark.parametrize("auth", ["on", "off"])
def test_an_emulator_shows_its_own(label, auth):
    """Its profile and whether it needs credentials; open to all, and the same as the command line prints."""
    answer = in_process(make_app("empty", profile=label, auth=auth))(DOCUMENT)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.text == document_json(PROFILES[label], needs_credentials=auth == "on")
    assert answer.json["servers"] == [{"url": "/"}]
    assert ({} in answer.json["paths"]["/v2/images"]["get"]["security"]) is (auth == "off")


def test_it_has_the_same_bytes_in_every_process():
    """Whatever order Python gives its sets."""
    code = (
        "from ims_mock.contract.profiles import DOCUMENTED; from ims_mock.openapi.document import document_json;"
        "print(document_json(DOCUMENTED), end='')"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {document_json(DOCUMENTED).encode()}


def test_a_sandbox_shows_its_own():
    """With the path under which it answers."""
    ask = in_process(make_app("empty"))
    made = ask("/_ims/sandboxes", {"Content-Type": "application/json"}, "POST", b'{"profile": "glance"}').json
    path = made["url"].removeprefix("http://localhost")
    found = ask(f"{path}{DOCUMENT}").json
    assert found["servers"] == [{"url": path}]
    assert found["info"]["description"].startswith("Profile glance.")


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_it_is_only_shown(profile, method):
    """Other methods are refused as at the control paths."""
    answer = in_process(make_app("empty", profile=profile))(DOCUMENT, method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


def documented(found, method, template, answer):
    """Check that an answer is as a document has it."""
    said = found["paths"][template][method.lower()]["responses"][str(answer.status)]
    if "$ref" in said:
        said = found["components"]["responses"][said["$ref"].rpartition("/")[2]]
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    assert bool(answer.body) == ("content" in said)
    if answer.body:
        schema = {**said["content"][media_type]["schema"], "components": found["components"]}
        body = answer.json if media_type == "application/json" else answer.text
        Draft202012Validator(schema).validate(body)


@pytest.mark.parametrize("row", ROWS, **NAMES)
def test_answers_are_as_it_says(profile, row):
    """Successes and refusals of every endpoint, down to their codes."""
    ask = in_process(make_app(CATALOG, auth="on", profile=profile))
    found = ask(DOCUMENT).json
    path = row.path.format(image="{image_id}")
    template = re.sub(r"/members/\w+$", "/members/{member_id}", re.sub(r"/tags/\w+$", "/tags/{tag}", path))
    images = [HIDDEN, GONE, *([row.forbidden[0]] if row.forbidden else ()), row.done[0]]
    answers = [sent(ask, row, images[-1], body=body) for body, _, _ in row.malformed]
    answers += [sent(ask, row, images[-1], token=token) for token in ("nobody", "reader")]
    answers += [sent(ask, row, images[-1], media_type=row.wrong_type)] if row.wrong_type else []
    answers += [sent(ask, row, image) for image in images]
    for answer in answers:
        documented(found, row.method, template, answer)


def test_the_journal_and_the_catalog_are_as_it_says():
    """What the emulator shows of itself."""
    ask = in_process(make_app("default"))
    ask("/v2/images?limit=1&foo=bar", {"X-Auth-Token": "ims-mock-token"})
    rule = {"match": {"page": 2}, "effect": {"status": 503}}
    ask("/_ims/faults", {"Content-Type": "application/json"}, "POST", json.dumps(rule).encode())
    found = ask(DOCUMENT).json
    for path in ("requests", "catalog", "faults", "health", "clock", "snapshots"):
        documented(found, "GET", f"/_ims/{path}", ask(f"/_ims/{path}"))
