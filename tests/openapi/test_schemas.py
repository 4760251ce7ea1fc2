"""The JSON Schema of an image in a response, and the schemas that the service publishes under ``/v2/schemas``."""

import json
from pathlib import Path

import pytest
from helpers import in_process, make_app
from jsonschema import Draft4Validator, Draft202012Validator

from ims_mock.catalog.image import Image
from ims_mock.contract.fields import FIELDS, PUBLISHED_CONSTRAINTS
from ims_mock.contract.values import BOOLEAN, HEADER, INTEGER, LINK, LIST, TEXT, TIME
from ims_mock.loading.loader import load
from ims_mock.loading.sources import bundled_catalogs
from ims_mock.openapi.schemas import image_schema

RECORDED = (Path(__file__).parents[1] / "data").glob("glance-*/catalog.json")
ONLY_ID = Image({"id": "a"}).as_json()
WHEN = "2018-09-06T14:03:27Z"
JSON_VALUES = ["x", WHEN, 1, 1.5, True, None, [], ["x"], [1], {}]
LEGAL_JSON = {
    **{text: ["x", WHEN] for text in (TEXT, HEADER, LINK)},
    **{TIME: [WHEN], INTEGER: [1], BOOLEAN: [True], LIST: [[], ["x"]]},
}


@pytest.fixture(scope="module")
def described():
    return Draft202012Validator(image_schema())


def test_image_schema_is_valid_and_describes_every_attribute():
    Draft4Validator.check_schema(image_schema())
    Draft202012Validator.check_schema(image_schema())
    assert list(image_schema()["properties"]) == [field.name for field in FIELDS]
    assert json.loads(json.dumps(image_schema())) == image_schema()


@pytest.mark.parametrize("source", [*bundled_catalogs(), *sorted(RECORDED)], ids=str)
def test_images_conform_to_the_image_schema(described, source):
    images = list(load([source]).catalog)
    for image in images[:: 25 if len(images) > 1000 else 1]:
        described.validate(image.as_json())


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_image_schema_accepts_only_the_type_of_an_attribute(described, field):
    legal = LEGAL_JSON[field.type] + ([None] if field.is_nullable else [])
    for value in JSON_VALUES:
        is_legal = any(type(value) is type(one) and value == one for one in legal)
        assert described.is_valid({**ONLY_ID, field.name: value}) == is_legal, value


def test_image_schema_requires_what_every_image_shows_and_accepts_any_free_property(described):
    for name in ("id", "self", "file", "schema", "tags", "virtual_size"):
        assert not described.is_valid({key: value for key, value in ONLY_ID.items() if key != name}), name
    for value in JSON_VALUES:
        assert described.is_valid({**ONLY_ID, "colour": value}), value


# --- published schemas


@pytest.fixture(scope="module")
def ask():
    return in_process(make_app("default"))


@pytest.fixture(scope="module")
def ask_glance():
    return in_process(make_app("empty", profile="glance"))


def schema(ask, name):
    answer = ask(f"/v2/schemas/{name}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json["name"] == name
    Draft4Validator.check_schema(answer.json)
    return answer.json


@pytest.mark.parametrize("field", [field for field in FIELDS if field.in_images], ids=lambda field: field.name)
def test_the_image_schema_describes_every_attribute(ask, ask_glance, field):
    found = schema(ask, "image")["properties"][field.name]
    assert found["description"] == field.description
    assert found.get("readOnly", False) is field.is_read_only
    assert found.get("is_base", True) is (field.is_column or field.type is LINK)
    assert ("null" in found["type"]) is field.is_nullable
    assert PUBLISHED_CONSTRAINTS.get(field.name, {}).items() <= found.items()
    if field.is_null_in_glance:
        assert Draft4Validator(schema(ask_glance, "image")["properties"][field.name]).is_valid(None)


def test_the_image_schema_has_the_documented_properties(ask):
    image = schema(ask, "image")
    unused = "kernel_id ramdisk_id instance_uuid os_distro os_version architecture direct_url locations"
    assert set(image["properties"]) == {field.name for field in FIELDS if field.in_images} | {*unused.split()}
    assert image["properties"]["virtual_size"]["type"] == ["integer", "null"]
    assert image["additionalProperties"] == {"type": "string"}
    links = {link["rel"]: link["href"] for link in image["links"]}
    assert links == {"self": "{self}", "enclosure": "{file}", "describedby": "{schema}"}


def test_list_schemas_contain_the_item_schemas(ask):
    member = schema(ask, "member")
    assert schema(ask, "images")["properties"]["images"]["items"] == schema(ask, "image")
    assert schema(ask, "members")["properties"]["members"]["items"] == member
    assert {link["rel"] for link in schema(ask, "images")["links"]} == {"first", "next", "describedby"}
    assert set(member["properties"]) == {"member_id", "image_id", "status", "created_at", "updated_at", "schema"}
    assert member["properties"]["status"]["enum"] == ["pending", "accepted", "rejected"]
    assert member["properties"]["schema"] == {"type": "string", "readOnly": True}


def test_images_violate_only_the_outdated_enums(ask):
    validator = Draft4Validator(schema(ask, "image"))
    errors = {
        (error.path[0], json.dumps(error.instance))
        for image in ask("/v2/images?limit=1000").json["images"]
        for error in validator.iter_errors(image)
    }
    assert errors == {("disk_format", '"zvhd2"'), ("disk_format", '"zvhd"'), ("visibility", '"shared"')}


def test_schemas_need_credentials_and_unknown_ones_are_unknown_routes(ask):
    ask_on, token = in_process(make_app("default", auth="on")), {"X-Auth-Token": "ims-mock-token"}
    assert (ask_on("/v2/schemas/image").status, ask_on("/v2/schemas/image", token).status) == (401, 200)
    for path in ("/v2/schemas", "/v2/schemas/", "/v2/schemas/task", "/v2/schemas/image/"):
        assert ask(path).json["error_code"] == "APIGW.0101"
