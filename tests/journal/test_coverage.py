"""What is exercised of the contract: each group, whoever asks, and that nothing of it is out of reach."""

import json
import re

import pytest
from helpers import in_process, make_app
from hypothesis import given, settings
from hypothesis import strategies as st

from ims_mock.catalog.cloudimages import CLOUDIMAGES, IMAGES
from ims_mock.contract.parameters import PARAMETERS
from ims_mock.journal.coverage import (
    BEYOND,
    EMPTY,
    ENDPOINTS,
    ERRORS,
    FIRST,
    LAST,
    LIMIT,
    LINK,
    LISTS,
    MARKER,
    OPERATORS,
    ORDER,
    Coverage,
)
from ims_mock.journal.exercising import _essence, _listed
from ims_mock.journal.places import MANY

CATALOG = {"project": "p" * 32, "images": [{"id": f"image-{number}"} for number in range(5)]}
JSON = {"Content-Type": "application/json"}


class Suite:
    """A suite that asks an emulator over the catalog."""

    def __init__(self, catalog=CATALOG, **options):
        self.app = make_app(catalog, **options)
        self.ask = in_process(self.app)
        self.emulator = self.app.extensions["ims_mock"]

    @property
    def coverage(self):
        """What it has exercised."""
        return self.emulator.coverage_recorder.coverage()

    def done(self, group):
        """Give what it has exercised of a group."""
        return self.coverage.exercised(group)


@pytest.fixture
def suite():
    """A suite that has asked nothing yet."""
    return Suite()


def test_nothing_is_exercised_at_first(suite):
    """And the contract has all 32 parameters."""
    assert suite.coverage.facts == frozenset()
    assert len(suite.coverage.contract["parameters"]) == 32
    assert suite.coverage.as_json()["exercised"] == 0


def test_an_endpoint_is_exercised_by_an_answer_that_is_meant(suite):
    """Not by an error, nor by a body that is spoiled on purpose; links and versions are no errors."""
    for path in ("/v2/images/absent", "/v2/imagez", "/v2/images/image-1/", "/v9"):
        suite.ask(path)
    suite.emulator.faults.add({"match": {"path": "/v2/images"}, "effect": {"body": "truncated"}})
    suite.ask("/v2/images?limit=1")
    assert suite.done(ENDPOINTS) == suite.done("parameters") == suite.done("paging") == ()
    for path in ("/v2/images/image-1", "/v2/images?limit=1", "/", "/v2.1"):
        suite.ask(path)
    assert set(suite.done(ENDPOINTS)) == {
        "GET /",
        "GET /{version}",
        "GET /v2/images",
        "GET /v2/images/{image_id}",
    }


def test_endpoints_are_those_that_are_served(suite):
    """Control paths and what somebody else has added are no part of the contract."""
    suite.app.add_url_rule("/mine/<path:rest>", view_func=lambda rest: rest)
    names = suite.coverage.contract[ENDPOINTS]
    assert len(names) == len(set(names)) == 30
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
def test_parameters_and_their_values_are_counted(suite, query, parameters, values):
    """As the service reads them, in any spelling that it takes for a documented one."""
    assert suite.ask(f"/v2/images?{query}").status == 200
    assert set(suite.done("parameters")) == set(parameters.split())
    assert set(suite.done("values")) == set(filter(None, values.split("; ")))


def test_what_the_profile_does_not_take_for_a_value_is_none():
    """Glance minds the case."""
    suite = Suite(profile="glance")
    suite.ask("/v2/images?status=ACTIVE&disk_format=raw")
    assert suite.done("values") == ("disk_format=raw",)


def test_what_is_refused_exercises_an_error_and_no_parameter(suite):
    """By the status."""
    suite.ask("/v2/images?limit=x&status=active")
    assert suite.coverage.facts == {("errors of lists", "400")}


def test_operators_are_counted_where_they_are_written(suite):
    """A time alone has none."""
    suite.ask("/v2/images?created_at=2018&updated_at=gte:2018")
    assert suite.done(OPERATORS) == ("updated_at=gte",)
    assert suite.done("parameters") == ("created_at", "updated_at")


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("sort_key=id&sort_dir=asc&sort_key=size&sort_dir=asc", "sort_key=size sort_key=id sort_dir=asc"),
        ("sort=name:asc,size", "sort_key=name sort_key=size sort_dir=asc"),
        ("sort_dir=desc", "sort_dir=desc"),
    ],
)  # fmt: skip
def test_the_order_is_counted_in_both_syntaxes(suite, query, order):
    """What is not said is not exercised."""
    suite.ask(f"/v2/images?{query}")
    assert suite.done(ORDER) == tuple(order.split())


def test_a_followed_link_is_told_from_a_marker_of_ones_own(suite):
    """It repeats the whole question; and what it repeats is nothing that the client asked by itself."""
    page = suite.ask("/v2/images?limit=4").json
    assert suite.done("paging") == (FIRST, LIMIT)
    suite.ask(page["next"])
    assert suite.done("paging") == (FIRST, LINK, LIMIT, LAST)
    assert suite.done("parameters") == ("limit", "marker")
    suite.ask("/v2/images?limit=1&marker=image-4")
    suite.ask("/v2/images?marker=image-4&status=active")
    assert MARKER in suite.done("paging")
    assert suite.done("values") == ("status=active",)


def test_limits_and_ends_are_told_apart(suite):
    """A list of no images because the limit is 0 is not an empty one."""
    suite.ask("/v2/images?limit=0")
    assert suite.done("paging") == (FIRST,)
    suite.ask("/v2/images?limit=1001")
    assert suite.done("paging") == (FIRST, BEYOND)
    suite.ask("/v2/images?name=none")
    assert suite.done("paging") == (FIRST, BEYOND, EMPTY)


def test_the_newer_list_has_groups_of_its_own(suite):
    """Of its parameters only those that the older one has not."""
    suite.ask("/v2/cloudimages?architecture=X86&limit=2&status=active")
    suite.ask("/v2/cloudimages?limit=5&marker=image-1")
    assert suite.done("parameters of cloudimages") == ("architecture", "limit")
    assert suite.done("values of cloudimages") == ("architecture=x86",)
    assert suite.done("paging of cloudimages") == (FIRST, MARKER, LIMIT, LAST)
    assert suite.done("parameters") == suite.done("paging") == ()


def test_errors_count_by_what_was_asked(suite):
    """On purpose or not."""
    suite.ask("/v2/images/absent")
    suite.ask("/v2/images", method="HEAD")
    suite.ask("/v3/auth/tokens")
    suite.emulator.faults.add({"match": {"path": "/v2/images"}, "effect": {"status": 503}})
    suite.ask("/v2/images")
    assert suite.coverage.facts == {
        ("errors of images", "404"),
        ("errors of lists", "404"),
        ("errors of identity", "400"),
        ("errors of lists", "503"),
    }


def test_nothing_is_lost_of_what_the_journal_forgets():
    """Nor of what a reset does, even where the journal keeps nothing."""
    suite = Suite(journal=0)
    suite.ask("/v2/images?status=active")
    for _ in range(MANY + 5):
        suite.ask("/versions")
    suite.emulator.reset()
    assert suite.done("values") == ("status=active",)


def test_what_waits_is_bounded(suite):
    """Requests are looked at when many have gathered, whether somebody asks or not."""
    for number in range(3 * MANY):
        suite.ask(f"/v2/images?name={number}")
    assert len(suite.emulator.coverage_recorder._desk.waiting) < MANY


def test_what_a_suite_exercised_is_merged(suite):
    """Of several servers, of several versions."""
    other = Suite()
    suite.ask("/v2/images?status=active")
    other.ask("/v2/images?status=queued")
    merged = suite.coverage.merged(other.coverage)
    assert merged.exercised("values") == ("status=queued", "status=active")
    assert merged.contract == suite.coverage.contract
    newer = Coverage({"values": ("new=1",), "more": ("a",)}, frozenset({("more", "a")}))
    assert merged.merged(newer).never("values")[-1] == "new=1"
    assert merged.merged(newer).exercised("more") == ("a",)


def test_it_is_written_and_read(suite):
    """As JSON, through the control path as well."""
    suite.ask("/v2/images?status=active")
    says = suite.ask("/_ims/coverage").json
    assert says == json.loads(json.dumps(suite.coverage.as_json()))
    assert Coverage.read(says) == suite.coverage
    assert says["total"] == sum(map(len, suite.coverage.contract.values()))


@pytest.mark.parametrize("says", [None, [], {}, {"groups": 5}, {"groups": [{}]}, {"groups": {"a": 1}},
                                  {"groups": [{"name": 1, "items": [], "never": []}]},
                                  {"groups": [{"name": "a", "items": [1], "never": []}]}])  # fmt: skip
def test_what_is_no_coverage_is_refused(says):
    """In one sentence."""
    with pytest.raises(ValueError, match="this is no coverage of ims-mock"):
        Coverage.read(says)


def test_the_report_names_what_was_never_exercised(suite):
    """Side by side where it is of one parameter; for a terminal in lines that fit, and none breaks inside a name."""
    suite.ask("/v2/images?status=active&limit=2")
    text = suite.coverage.report()
    assert text.startswith("6 of 198 exercised (3 %)\n")
    assert re.search(r"^parameters +2 of 32$", text, re.MULTILINE)
    assert "values: status=queued, saving, deleted, killed; visibility=public," in text
    assert max(map(len, text.splitlines())) <= 100
    assert not re.search(r"(GET|PUT|POST|PATCH|DELETE),?$", text, re.MULTILINE)
    assert "| `values` | 1 of 56 | `status=queued, saving, deleted, killed`, " in suite.coverage.report("markdown")


# --- sandboxes ------------------------------------------------------------------------------------


def test_a_sandbox_shows_its_own_and_adds_to_the_server(suite):
    """Whether it is still there or not; to begin anew makes it forget nothing."""
    suite.ask("/v2/images?limit=1")
    box = suite.ask("/_ims/sandboxes", method="POST").json
    inside = box["url"].removeprefix("http://localhost")
    suite.ask(f"{inside}/v2/images?status=active")
    suite.ask("/v2/images?name=a", {"X-Auth-Token": box["token"]})
    suite.ask(inside, JSON, "PUT", b"{}")
    suite.ask(f"{inside}/_ims/reset", method="POST")
    assert Coverage.read(suite.ask(f"{inside}/_ims/coverage").json).exercised("parameters") == ("name", "status")
    suite.ask(f"{inside}/v2/images?owner=a")
    suite.ask(inside, method="DELETE")
    assert suite.done("parameters") == ("name", "status", "owner", "limit")


def test_it_is_forgotten_when_somebody_says_so(suite):
    """Each for itself, and what comes after counts again for both."""
    box = suite.ask("/_ims/sandboxes", method="POST").json["url"].removeprefix("http://localhost")
    suite.ask(f"{box}/v2/images?status=active")
    assert suite.ask("/_ims/coverage", method="DELETE").status == 204
    assert suite.done("parameters") == ()
    assert Coverage.read(suite.ask(f"{box}/_ims/coverage").json).exercised("parameters") == ("status",)
    suite.ask(f"{box}/v2/images?status=active")
    assert suite.done("parameters") == ("status",)
    suite.ask(f"{box}/_ims/coverage", method="DELETE")
    assert Coverage.read(suite.ask(f"{box}/_ims/coverage").json).facts == frozenset()
    assert suite.done("parameters") == ("status",)


# --- a suite that does everything -----------------------------------------------------------------


def value_of(parameter):
    """Give a legal value of a parameter that has no documented ones."""
    field = parameter.field
    if parameter.name == "flavor_id":
        return "s6.large.2"
    return "1" if parameter.json_type == "integer" else "" if field and field.name == "visibility" else "image-1"


def ask_all_of_lists(suite):
    """Ask all that the tables know of the lists."""
    for listing in (IMAGES, CLOUDIMAGES):
        ask = lambda query, path=listing.path: suite.ask(f"{path}?{query}")  # noqa: E731
        for one in (*PARAMETERS, *listing.extras):
            for value in one.values or (value_of(one),):
                time = "2018-01-01" if value.endswith(":") else ""
                assert ask(f"{one.name}={value}{time}").status == 200, one.name
        for query in (
            "sort_key=updated_at",
            "limit=1001",
            "limit=4&marker=image-0",
            "limit=5&marker=image-4",
            "name=none",
        ):
            assert ask(query).status == 200
        if listing.has_links:
            suite.ask(ask("limit=1").json["next"])
        assert not set(LISTS[listing.path].ways) - set(suite.done(LISTS[listing.path].paged))


def ask_all_endpoints(suite):
    """Ask every endpoint for what it is meant for."""
    image = suite.ask("/v2/images", JSON, "POST", b'{"name": "new", "disk_format": "raw"}').json["id"]
    path = f"/v2/images/{image}"
    patch = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    login = {"auth": {"identity": {"methods": ["password"], "password": {"user": {
        "name": "tester", "password": "secret", "domain": {"name": "testdomain"}}}}}}  # fmt: skip
    token = suite.ask("/v3/auth/tokens", JSON, "POST", json.dumps(login).encode()).headers["X-Subject-Token"]
    of_other = {**JSON, "X-Project-Id": "q" * 32}
    assert suite.ask(path, patch, "PATCH", b'[{"op": "add", "path": "/foo", "value": "bar"}]').status == 200
    for method, target, headers, body in (
        ("GET", path, {}, b""),
        ("PUT", f"{path}/file", {"Content-Type": "application/octet-stream"}, b"data"),
        ("GET", f"{path}/file", {}, b""),
        ("PUT", f"{path}/tags/a", {}, b""),
        ("DELETE", f"{path}/tags/a", {}, b""),
        ("POST", f"{path}/members", JSON, b'{"member": "%s"}' % (b"q" * 32)),
        ("GET", f"{path}/members", {}, b""),
        ("GET", f"{path}/members/{'q' * 32}", {}, b""),
        ("PUT", f"{path}/members/{'q' * 32}", of_other, b'{"status": "accepted"}'),
        ("DELETE", f"{path}/members/{'q' * 32}", {}, b""),
        ("DELETE", path, {}, b""),
        ("GET", "/v3/auth/tokens", {"X-Auth-Token": token, "X-Subject-Token": token}, b""),
        *(("GET", f"/v3/{rest}", {"X-Auth-Token": token}, b"") for rest in
          ("", "auth/catalog", "auth/projects", "auth/domains", "projects", f"projects/{'p' * 32}")),
        *(("GET", one, {}, b"") for one in ("/", "/v2", "/v2/", "/v2.2", "/versions", "/v3", "/v2/schemas/member")),
    ):  # fmt: skip
        assert suite.ask(target, headers, method, body).status < 400, (method, target)


def ask_for_all_errors(suite):
    """Let every status come from each part."""
    paths = {"errors of lists": "/v2/images", "errors of images": "/v2/images/image-1", "errors of identity": "/v3"}
    for group, path in paths.items():
        for status in ERRORS[group]:
            suite.emulator.faults.add({"match": {"path": path}, "effect": {"status": status}})
            assert suite.ask(path).status == status


def test_a_suite_that_does_everything_reaches_all():
    """So that nothing of the contract is out of reach."""
    suite = Suite()
    ask_all_of_lists(suite)
    ask_all_endpoints(suite)
    ask_for_all_errors(suite)
    missing = {group: suite.coverage.never(group) for group in suite.coverage.contract}
    assert not any(missing.values()), missing
    assert suite.coverage.report() == "{0} of {0} exercised (100 %)\n\n{1}".format(
        len(suite.coverage.facts), suite.coverage.report().split("\n\n")[1]
    )


NAMES = st.sampled_from(
    [*(one.name for one in (*PARAMETERS, *CLOUDIMAGES.extras)), "sort", "odd", "created%5Fat", "l%69mit", ""]
)
WRITTEN = """
1 0 000 25 999 1000 1001 +5 %207 %31 x true TRUE active in:active,saving public eq%3Aqueued gte:2020-01-01T00:00:00Z
gt%3A2020 lt%3a2020 g%74e:x eq: 2020 lte name:asc,size:desc name desc a%3Db gt%3A2020%3A%3Dx 1&limit=1001 1=2
"""
VALUES = st.sampled_from(["", *WRITTEN.split()])
PARTS = st.builds("{}{}{}".format, NAMES, st.sampled_from(["=", "=", "=", ""]), VALUES)


@settings(max_examples=500)
@given(
    parts=st.lists(PARTS, max_size=5), path=st.sampled_from([IMAGES.path, CLOUDIMAGES.path]), is_folded=st.booleans()
)
def test_the_essence_of_a_query_exercises_the_same(parts, path, is_folded):
    """What is left out of it made no difference, whatever comes how often and however it is written."""
    question = "&".join(parts)
    looked_at = [
        _listed.__wrapped__(path, one, is_folded, "first page", True, False)
        for one in (question, _essence(question, path))
    ]
    assert looked_at[0] == looked_at[1]


def test_of_many_queries_few_are_looked_at():
    """Limits, times and names in any number have one essence each."""
    asked = [f"name=n{number}&limit={number}&created_at=gte%3A20{number}-01-01&__os_bit=64" for number in range(10, 99)]
    assert {_essence(one, IMAGES.path) for one in asked} == {"name&limit=1&created_at=gte:&__os_bit=64"}
