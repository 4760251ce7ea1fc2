"""Coverage: which items of the contract requests cover, and that every item can be covered."""

import json
import re

import pytest
from endpoint_cases import CATALOG as IMAGES_CATALOG
from endpoint_cases import ROWS, sent
from helpers import in_process, make_app
from login_helpers import login_body, post_login

from ims_mock.catalog.cloudimages import CLOUDIMAGES, IMAGES
from ims_mock.contract.parameters import PARAMETERS
from ims_mock.journal.coverage import ERRORS, LIST_GROUPS, Coverage

CATALOG = {"project": "p" * 32, "images": [{"id": f"image-{number}"} for number in range(5)]}
JSON = {"Content-Type": "application/json"}


class Suite:
    """A test suite that sends requests to an emulator with the catalog."""

    def __init__(self, catalog=CATALOG, **options):
        self.app = make_app(catalog, **options)
        self.ask = in_process(self.app)
        self.emulator = self.app.extensions["ims_mock"]

    @property
    def coverage(self):
        return self.emulator.coverage_recorder.coverage()

    def done(self, group):
        return self.coverage.covered(group)


@pytest.fixture
def suite():
    return Suite()


def test_nothing_is_covered_at_first(suite):
    assert suite.coverage.items == frozenset()
    assert suite.coverage.contract["parameters"] == tuple(one.name for one in PARAMETERS)
    assert suite.coverage.as_json()["exercised"] == 0


def test_endpoint_is_covered_by_an_intact_response(suite):
    for path in ("/v2/images/absent", "/v2/imagez", "/v2/images/image-1/", "/v9"):
        suite.ask(path)
    suite.emulator.faults.add({"match": {"path": "/v2/images"}, "effect": {"body": "truncated"}})
    suite.ask("/v2/images?limit=1")
    assert suite.done("endpoints") == suite.done("parameters") == suite.done("paging") == ()
    for path in ("/v2/images/image-1", "/v2/images?limit=1", "/", "/v2.1"):
        suite.ask(path)
    assert set(suite.done("endpoints")) == {"GET /", "GET /{version}", "GET /v2/images", "GET /v2/images/{image_id}"}


def test_endpoints_are_those_of_the_service(suite):
    suite.app.add_url_rule("/mine/<path:rest>", view_func=lambda rest: rest)
    names = suite.coverage.contract["endpoints"]
    assert len(names) == len(set(names))
    assert "PUT /v2/images/{image_id}/members/{member_id}" in names
    assert not [name for name in names if "_ims" in name or "mine" in name]


@pytest.mark.parametrize(
    ("query", "parameters", "values"),
    [
        ("status=active", "status", "status=active"),
        ("status=ACTIVE", "status", "status=active"),
        ("%73tatus=%61ctive", "status", "status=active"),
        ("status=none", "status", ""),
        ("status=active&status=queued", "status", "status=queued"),
        ("status=eq:killed", "status", "status=killed"),
        ('status=in:"queued",saving', "status", "status=queued; status=saving"),
        ("__platform=redhat", "__platform", "__platform=Red Hat"),
        ("protected=TRUE", "protected", "protected=true"),
        ("visibility=public&member_status=all", "visibility member_status", "visibility=public"),
        ("name=eq:a&tag=a&tag=b", "name tag", ""),
        ("__isregistered=true", "__isregistered", "__isregistered=true"),
        ("foo=bar&size_min=5", "", ""),
        ("status=" + "x" * 500, "status", ""),
        ("foo=" + "x" * 500 + "&status=active", "status", "status=active"),
    ],
)
def test_parameters_and_documented_values_are_covered(suite, query, parameters, values):
    assert suite.ask(f"/v2/images?{query}").status == 200
    assert set(suite.done("parameters")) == set(parameters.split())
    assert set(suite.done("values")) == set(filter(None, values.split("; ")))


def test_value_must_be_one_in_the_profile():
    suite = Suite(profile="glance")
    suite.ask("/v2/images?status=ACTIVE&disk_format=raw")
    assert suite.done("values") == ("disk_format=raw",)


@pytest.mark.parametrize(
    ("query", "group", "items"),
    [
        ("created_at=2018&updated_at=gte:2018", "operators", "updated_at=gte"),
        ("created_at=2018&updated_at=gte:2018", "parameters", "created_at updated_at"),
        ("sort_key=id&sort_dir=asc&sort_key=size&sort_dir=asc", "order", "sort_key=size sort_key=id sort_dir=asc"),
        ("sort=name:asc,size", "order", "sort_key=name sort_key=size sort_dir=asc"),
        ("sort_dir=desc", "order", "sort_dir=desc"),
    ],
)
def test_written_operators_and_sort_keys_of_both_syntaxes_are_covered(suite, query, group, items):
    suite.ask(f"/v2/images?{query}")
    assert suite.done(group) == tuple(items.split())


def test_link_and_own_marker_are_different_items(suite):
    page = suite.ask("/v2/images?limit=4").json
    assert suite.done("paging") == ("first page", "limit")
    suite.ask(page["next"])
    assert suite.done("paging") == ("first page", "next page by the link", "limit", "last of several pages")
    assert suite.done("parameters") == ("limit", "marker")
    suite.ask("/v2/images?limit=1&marker=image-4")
    suite.ask("/v2/images?marker=image-4&status=active")
    assert "next page by a marker of one's own" in suite.done("paging")
    assert suite.done("values") == ("status=active",)


def test_limits_and_empty_lists_are_different_items(suite):
    suite.ask("/v2/images?limit=0")
    assert suite.done("paging") == ("first page",)
    suite.ask("/v2/images?limit=1001")
    assert suite.done("paging") == ("first page", "limit above 1000")
    suite.ask("/v2/images?name=none")
    assert suite.done("paging") == ("first page", "limit above 1000", "empty list")


def test_cloudimages_has_its_own_groups(suite):
    suite.ask("/v2/cloudimages?architecture=X86&limit=2&status=active")
    suite.ask("/v2/cloudimages?limit=5&marker=image-1")
    assert suite.done("parameters of cloudimages") == ("architecture", "limit")
    assert suite.done("values of cloudimages") == ("architecture=x86",)
    assert suite.done("paging of cloudimages") == (
        "first page",
        "next page by a marker of one's own",
        "limit",
        "last of several pages",
    )
    assert suite.done("parameters") == suite.done("paging") == ()


def test_rejected_request_covers_only_the_error_of_its_endpoint(suite):
    suite.ask("/v2/images?limit=x&status=active")
    suite.ask("/v2/images/absent")
    suite.ask("/v2/images", method="HEAD")
    suite.ask("/v3/auth/tokens")
    suite.emulator.faults.add({"match": {"path": "/v2/images"}, "effect": {"status": 503}})
    suite.ask("/v2/images")
    lists = {("errors of lists", status) for status in ("400", "404", "503")}
    assert suite.coverage.items == {*lists, ("errors of images", "404"), ("errors of identity", "400")}


def test_coverage_survives_the_journal_and_a_reset():
    suite = Suite(journal=0)
    suite.ask("/v2/images?status=active")
    suite.ask("/versions")
    suite.emulator.reset()
    assert suite.done("values") == ("status=active",)


def test_merged_coverage_has_the_items_of_both(suite):
    other = Suite()
    suite.ask("/v2/images?status=active")
    other.ask("/v2/images?status=queued")
    merged = suite.coverage.merged(other.coverage)
    assert merged.covered("values") == ("status=queued", "status=active")
    assert merged.contract == suite.coverage.contract


def test_json_is_read_back(suite):
    suite.ask("/v2/images?status=active")
    says = suite.ask("/_ims/coverage").json
    assert says == json.loads(json.dumps(suite.coverage.as_json()))
    assert Coverage.read(says) == suite.coverage
    assert says["total"] == sum(map(len, suite.coverage.contract.values()))


@pytest.mark.parametrize("says", [None, [], {}, {"groups": 5}, {"groups": [{}]}, {"groups": {"a": 1}},
                                  {"groups": [{"name": 1, "items": [], "never": []}]},
                                  {"groups": [{"name": "a", "items": [1], "never": []}]}])  # fmt: skip
def test_reading_other_data_fails(says):
    with pytest.raises(ValueError, match="this is not a coverage report of ims-mock"):
        Coverage.read(says)


def test_report_lists_what_is_not_covered(suite):
    suite.ask("/v2/images?status=active&limit=2")
    text = suite.coverage.report()
    total = sum(map(len, suite.coverage.contract.values()))
    assert text.startswith(f"6 of {total} covered ({600 // total} %)\n")
    assert re.search(rf"^parameters +2 of {len(PARAMETERS)}$", text, re.MULTILINE)
    assert "values: status=queued, saving, deleted, killed; visibility=public," in text
    assert max(map(len, text.splitlines())) <= 100
    assert not re.search(r"(GET|PUT|POST|PATCH|DELETE),?$", text, re.MULTILINE)
    values = len(suite.coverage.contract["values"])
    row = f"| `values` | 1 of {values} | `status=queued, saving, deleted, killed`, "
    assert row in suite.coverage.report("markdown")


def test_sandbox_has_its_own_coverage_and_adds_to_the_server(suite):
    suite.ask("/v2/images?limit=1")
    box = suite.ask("/_ims/sandboxes", method="POST").json
    inside = box["url"].removeprefix("http://localhost")
    suite.ask(f"{inside}/v2/images?status=active")
    suite.ask("/v2/images?name=a", {"X-Auth-Token": box["token"]})
    suite.ask(inside, JSON, "PUT", b"{}")
    suite.ask(f"{inside}/_ims/reset", method="POST")
    own = Coverage.read(suite.ask(f"{inside}/_ims/coverage").json)
    assert (own.covered("parameters"), own.covered("endpoints")) == (("name", "status"), ("GET /v2/images",))
    suite.ask(f"{inside}/v2/images?owner=a")
    suite.ask(inside, method="DELETE")
    assert suite.done("parameters") == ("name", "status", "owner", "limit")


def test_sandbox_and_server_are_cleared_separately(suite):
    box = suite.ask("/_ims/sandboxes", method="POST").json["url"].removeprefix("http://localhost")
    suite.ask(f"{box}/v2/images?status=active")
    assert suite.ask("/_ims/coverage", method="DELETE").status == 204
    assert suite.done("parameters") == ()
    assert Coverage.read(suite.ask(f"{box}/_ims/coverage").json).covered("parameters") == ("status",)
    suite.ask(f"{box}/v2/images?status=active")
    assert suite.done("parameters") == ("status",)
    suite.ask(f"{box}/_ims/coverage", method="DELETE")
    assert Coverage.read(suite.ask(f"{box}/_ims/coverage").json).items == frozenset()
    assert suite.done("parameters") == ("status",)


def cover_lists(suite):
    for listing in (IMAGES, CLOUDIMAGES):
        path, groups = listing.path, LIST_GROUPS[listing.path]
        queries = ["sort_key=updated_at", "limit=1001", "limit=4&marker=image-0", "limit=5&marker=image-4", "name=none"]
        for one in (*PARAMETERS, *listing.extras):
            other = "s6.large.2" if one.name == "flavor_id" else "1" if one.json_type == "integer" else "image-1"
            for value in one.values or (other,):
                queries.append(f"{one.name}={value}{'2018-01-01' if value.endswith(':') else ''}")
        for query in queries:
            assert suite.ask(f"{path}?{query}").status == 200, query
        if listing.has_links:
            suite.ask(suite.ask(f"{path}?limit=1").json["next"])
        assert set(groups.paging_items) == set(suite.done(groups.paging))


PLAIN_PATHS = (
    *("/", "/v2", "/v2/", "/v2.2", "/versions", "/v2/schemas/member", "/v3", "/v3/", "/v3/auth/tokens"),
    *("/v3/auth/catalog", "/v3/auth/projects", "/v3/auth/domains", "/v3/projects", f"/v3/projects/{'p' * 32}"),
)
FAILING = {"errors of lists": "/v2/images", "errors of images": "/v2/images/image-1", "errors of identity": "/v3"}


def test_every_item_can_be_covered():
    suite, images = Suite(), Suite(IMAGES_CATALOG)
    cover_lists(suite)
    login = login_body(user="tester", password="secret", domain={"name": "testdomain"})
    token = post_login(suite.ask, login).headers["X-Subject-Token"]
    for path in PLAIN_PATHS:
        assert suite.ask(path, {"X-Auth-Token": token, "X-Subject-Token": token}).status < 400, path
    for group, path in FAILING.items():
        for status in ERRORS[group]:
            suite.emulator.faults.add({"match": {"path": path}, "effect": {"status": status}})
            assert suite.ask(path).status == status
    for row in ROWS:
        images.emulator.reset()
        assert sent(images.ask, row, row.done[0]).status == row.done[1], row.name
    coverage = suite.coverage.merged(images.coverage)
    missing = {group: coverage.never(group) for group in coverage.contract}
    assert not any(missing.values()), missing
    assert "(100 %)" in coverage.report()
    assert "not covered" not in coverage.report()
