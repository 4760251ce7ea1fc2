"""The schemas that clients ask for: what they say of an image and a member."""

import json

import pytest
from helpers import in_process, make_app
from jsonschema import Draft4Validator

from ims_mock.contract.fields import FIELDS

READ_ONLY = {
    *("self", "file", "schema", "size", "status", "checksum", "created_at", "updated_at", "virtual_size"),
}
FREE = {"kernel_id", "ramdisk_id", "instance_uuid", "os_distro", "os_version", "architecture"}
"""What the document's sample marks as no attribute of Glance's own."""


@pytest.fixture(scope="module")
def ask():
    """Ask an emulator that needs no credentials."""
    return in_process(make_app("default"))


def schema(ask, name):
    """Ask for a schema."""
    answer = ask(f"/v2/schemas/{name}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json["name"] == name
    Draft4Validator.check_schema(answer.json)
    return answer.json


def test_the_schema_of_an_image_names_every_attribute(ask):
    """Those of the table, and those of the document's sample that images here never carry."""
    found = schema(ask, "image")["properties"]
    assert set(found) == {field.name for field in FIELDS} | FREE | {"locations", "direct_url"}
    assert {name for name, one in found.items() if one.get("readOnly")} == READ_ONLY
    own = {name for name, one in found.items() if one.get("is_base", True)}
    assert own == {field.name for field in FIELDS if field.is_column} | {
        "self",
        "file",
        "schema",
        "locations",
        "direct_url",
    }


def test_the_schema_of_an_image_is_the_documents(ask):
    """Types and legal values as its sample has them."""
    image = schema(ask, "image")
    found = image["properties"]
    assert found["disk_format"]["enum"] == ["ami", "ari", "aki", "vhd", "vmdk", "raw", "qcow2", "vdi", "iso"]
    assert found["visibility"]["enum"] == ["public", "private"]
    assert found["tags"]["items"] == {"type": "string", "maxLength": 255}
    types = {"min_disk": "integer", "protected": "boolean", "tags": "array", "size": "integer", "__os_type": "string"}
    types["virtual_size"] = ["integer", "null"]  # the sample of its schema knows no null, that of the list shows one
    assert {name: found[name]["type"] for name in types} == types
    assert image["additionalProperties"] == {"type": "string"}
    assert {link["rel"]: link["href"] for link in image["links"]} == {
        "self": "{self}",
        "enclosure": "{file}",
        "describedby": "{schema}",
    }


def test_the_schema_of_a_list_holds_that_of_its_items(ask):
    """Of images and of members."""
    assert schema(ask, "images")["properties"]["images"]["items"] == schema(ask, "image")
    assert schema(ask, "members")["properties"]["members"]["items"] == schema(ask, "member")
    assert {link["rel"] for link in schema(ask, "images")["links"]} == {"first", "next", "describedby"}


def test_the_schema_of_a_member(ask):
    """Its statuses in the document's order."""
    found = schema(ask, "member")["properties"]
    assert set(found) == {"member_id", "image_id", "status", "created_at", "updated_at", "schema"}
    assert found["status"]["enum"] == ["pending", "accepted", "rejected"]
    assert found["schema"] == {"type": "string", "readOnly": True}


def test_the_schema_of_an_image_holds_for_what_it_may_hold(ask):
    """An image with documented values of every attribute keeps to it; only what the sample leaves out does not."""
    validator = Draft4Validator(schema(ask, "image"))
    wrong = {
        (error.path[0], json.dumps(error.instance))
        for image in ask("/v2/images?limit=1000").json["images"]
        for error in validator.iter_errors(image)
    }
    assert {name for name, _ in wrong} == {"disk_format", "visibility"}
    assert {value for name, value in wrong if name == "disk_format"} == {'"zvhd2"', '"zvhd"'}
    assert {value for name, value in wrong if name == "visibility"} == {'"shared"'}


def test_schemas_need_credentials_and_a_name():
    """As everything under ``/v2`` but the versions."""
    ask = in_process(make_app("default", auth="on"))
    assert ask("/v2/schemas/image").status == 401
    token = {"X-Auth-Token": "ims-mock-token"}
    assert ask("/v2/schemas/image", token).status == 200
    for path in ("/v2/schemas", "/v2/schemas/", "/v2/schemas/task", "/v2/schemas/image/"):
        assert ask(path, token).json["error_code"] == "APIGW.0101"
