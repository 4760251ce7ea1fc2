"""The JSON Schema of a catalog file, judged by jsonschema."""

import json
from contextlib import nullcontext

import pytest
import yaml
from docs_pages import ROOT
from helpers import in_process, make_app
from jsonschema import Draft202012Validator
from serving import run

from ims_mock.contract.fields import FIELDS
from ims_mock.loading.loader import load
from ims_mock.loading.parser import CatalogText
from ims_mock.loading.sources import CatalogError, bundled_catalogs
from ims_mock.openapi.catalog_file import catalog_schema

VALIDATOR = Draft202012Validator(catalog_schema())
MODELINE = "# yaml-language-server: $schema=../ims-mock.schema.json"


class _Core(yaml.SafeLoader):
    """Reads YAML as editors do: times are text."""


_Core.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("name", bundled_catalogs())
def test_bundled_catalogs_name_the_schema_and_conform_to_it(name):
    text = (ROOT / "fixtures" / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == MODELINE
    assert list(VALIDATOR.iter_errors(yaml.load(text, _Core))) == []


@pytest.mark.parametrize("path", sorted((ROOT / "tests/data/published").iterdir()), ids=lambda path: path.name)
def test_published_responses_conform_to_the_schema(path):
    assert list(VALIDATOR.iter_errors(json.loads(path.read_text(encoding="utf-8")))) == []


def test_it_is_a_schema_of_draft_2020_12_that_describes_every_attribute():
    Draft202012Validator.check_schema(catalog_schema())
    assert catalog_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    properties = catalog_schema()["$defs"]["Image"]["properties"]
    for field in FIELDS:
        assert properties[field.name]["description"].startswith(field.description)
        assert set(field.values) <= set(properties[field.name].get("examples", ()))


VALID = (
    "{}",
    "images:",
    "images: [{min_disk: 40, min_ram: '0', protected: true, tags: [a, 1], created_at: 2023-01-01}]",
    "images: [{name: null, members: {other: pending}, property: 1}]",
    f"images: [{{checksum: {'a' * 32}}}]",
    "images: [{id: a, self: /v2/images/a, file: ~, schema: /v2/schemas/image}]",
    "{images: [{id: a}], first: /v2/images, next: ~, schema: /v2/schemas/images, links: [], page_info: {}}",
    "{id: a, self: /v2/images/a, tags: []}",
    "images: [{locations: [], metadata: {a: [1, true, null]}, os_hidden: false}]",
    "credentials: {tokens: [{token: t, project: p, expires: 3 days ago}]}",
    "{defaults: {status: active}, generate: [{count: 1, set: {__platform: CentOS}}]}",
)
INVALID = (
    *("[]", "image: []", "images: {}"),
    *("images: [{min_disk: forty}]", "images: [{protected: perhaps}]", f"images: [{{checksum: {'a' * 33}}}]"),
    *("images: [{tags: a}]", "images: [{members: {other: maybe}}]", "images: [{id: null}]"),
    *("{first: /v2/images}", "{id: a, images: []}", "{id: a, min_disk: forty}", "{name: a}"),
    *("projects: [{name: a}]", "credentials: {tokens: [{token: t}]}"),
    "credentials: {tokens: [{token: t, project: p, secret: s}]}",
    *("generate: [{count: -1}]", "generate: [{seed: 1}]"),
)


@pytest.mark.parametrize("text", [*VALID, *INVALID])
def test_what_the_loader_accepts_is_valid_and_nothing_else(text):
    with nullcontext() if text in VALID else pytest.raises(CatalogError):
        load([CatalogText(text.encode(), is_json=False)])
    assert VALIDATOR.is_valid(yaml.load(text, _Core)) == (text in VALID)


def test_command_and_control_path_return_it(tmp_path):
    output = tmp_path / "ims-mock.schema.json"
    printed = run("schema").stdout
    assert json.loads(printed) == catalog_schema()
    assert run("schema", "--output", output).returncode == 0
    assert output.read_text() == printed
    answer = in_process(make_app("empty"))("/_ims/schema")
    assert (answer.headers["Content-Type"], answer.text) == ("application/json", printed)
