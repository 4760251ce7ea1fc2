"""The JSON Schema of an image, and that images conform to it."""

import json

import pytest
from jsonschema import Draft4Validator, Draft202012Validator

from ims_mock.catalog.image import Image
from ims_mock.contract.fields import BY_NAME, FIELDS
from ims_mock.contract.values import BOOLEAN, INTEGER, LINK, LIST, TEXT, TIME
from ims_mock.loading.loader import load
from ims_mock.loading.sources import bundled_catalogs
from ims_mock.openapi.schemas import image_schema

RECORDED = ("glance-mitaka", "glance-queens")


@pytest.fixture(scope="module")
def described():
    return Draft202012Validator(image_schema())


def test_image_schema_is_valid_and_describes_every_attribute():
    Draft4Validator.check_schema(image_schema())
    Draft202012Validator.check_schema(image_schema())
    assert list(image_schema()["properties"]) == [field.name for field in FIELDS]
    assert json.loads(json.dumps(image_schema())) == image_schema()


@pytest.mark.parametrize("name", bundled_catalogs())
def test_bundled_images_conform_to_the_image_schema(described, name):
    images = list(load([name]).catalog)
    for image in images[:: 25 if len(images) > 1000 else 1]:
        described.validate(image.shown())


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_images_conform_to_the_image_schema(described, name, request):
    for image in load([request.path.parent.parent / "data" / name / "catalog.json"]).catalog:
        described.validate(image.shown())


def test_image_with_only_an_id_conforms_to_the_image_schema(described):
    described.validate(Image({"id": "a"}).shown())


WHEN = "2018-09-06T14:03:27Z"
JSON_VALUES = ["x", WHEN, 1, 1.5, True, None, [], ["x"], [1], {}]
LEGAL_JSON = {
    **{TEXT: ["x", WHEN], LINK: ["x", WHEN], TIME: [WHEN], INTEGER: [1], BOOLEAN: [True], LIST: [[], ["x"]]},
}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_image_schema_accepts_only_the_type_of_an_attribute(described, field):
    wire = Image({"id": "a"}).shown()
    legal = LEGAL_JSON[field.type] + ([None] if field.is_nullable else [])
    for value in JSON_VALUES:
        is_legal = any(type(value) is type(one) and value == one for one in legal)
        assert described.is_valid({**wire, field.name: value}) == is_legal, value


@pytest.mark.parametrize("name", ["id", "self", "file", "schema", "tags", "virtual_size"])
def test_image_schema_requires_what_every_image_shows(described, name):
    wire = Image({"id": "a"}).shown()
    del wire[name]
    assert not described.is_valid(wire)


@pytest.mark.parametrize("value", [1, None, [], {}, True])
def test_image_schema_accepts_only_text_as_a_free_property(described, value):
    wire = Image({"id": "a"}).shown()
    assert described.is_valid({**wire, "colour": "blue"})
    assert not described.is_valid({**wire, "colour": value})


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_image_schema_has_the_descriptions_of_the_table(field):
    assert image_schema()["properties"][field.name]["description"] == BY_NAME[field.name].description
