"""``GET /v2/cloudimages``: how it agrees with the older list, and how it differs."""

from dataclasses import replace

import pytest
from helpers import in_process, over_socket, shared_app
from list_cases import assert_is_clear_error, numbers

from ims_mock.catalog.cloudimages import CLOUDIMAGES
from ims_mock.catalog.query import parse
from ims_mock.catalog.visibility import Caller, View
from ims_mock.contract.fields import FIELDS
from ims_mock.contract.parameters import REJECTED, SORT_KEYS
from ims_mock.contract.profiles import DOCUMENTED
from ims_mock.errors import RequestError
from ims_mock.loading.loader import load

PATH = "/v2/cloudimages"
TEAM, OTHER = "aad6c753-9bcc-4a87-8f3a-e8e301c8230f", "00000000-0000-4000-8000-000000000000"
OWNER, ANOTHER = "a" * 32, "b" * 32


def image(number, **values):
    created_at = f"2018-09-10T10:00:{number:02}Z"
    return {"id": f"{number}", "owner": OWNER, "created_at": created_at, "__support_kvm": None, **values}


IMAGES = [
    image(1, __support_kvm="true", __is_config_init="true", name="镜像"),
    image(2, __support_arm="true", hw_firmware_type="uefi", enterprise_project_id="0"),
    image(3, __support_arm="True", hw_firmware_type="uefi", enterprise_project_id=TEAM),
    image(4, __support_arm="false", __whole_image=True, _sys_enterprise_project_id="0"),
    image(5, virtual_env_type="Ironic", __whole_image="false", __image_location="obs"),
    image(6, virtual_env_type="ironic", __support_arm="true", hw_firmware_type="uefi"),
    image(7, __system__cmkid="key", virtual_env_type="DataImage", enterprise_project_id=OTHER),
    image(8, __isregistered="false"),
    image(9, owner=ANOTHER),
    image(10, owner=ANOTHER, members={OWNER: "accepted"}, __is_config_init="true"),
    image(11, status="deleted"),
]
CATALOG = {"project": OWNER, "images": IMAGES}
MINE = [10, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("name", ["default", "document-sample", "edge-cases", "empty", "large"])
def test_both_lists_hold_the_same_images(name, profile):
    ask = in_process(shared_app(name, profile=profile))
    left_out = {field.name for field in FIELDS if not field.in_cloudimages}
    only_newer = {field.name for field in FIELDS if not field.in_images}
    left_out_if_unset = {field.name for field in FIELDS if field.is_null_in_glance}
    older, newer = ask("/v2/images?limit=1000").json["images"], ask(f"{PATH}?limit=1000").json["images"]
    assert not any(only_newer & one.keys() for one in older)
    expected = []
    for one in older:
        left_out_here = left_out | {key for key in left_out_if_unset if one.get(key) is None}
        expected.append({key: value for key, value in one.items() if key not in left_out_here})
    assert [{key: value for key, value in one.items() if key not in only_newer} for one in newer] == expected
    if name in ("default", "large"):
        assert newer != older


@pytest.mark.parametrize("query", ["", "?limit=2", "?limit=0", "?marker=1", "?foo=bar"])
def test_a_page_has_no_links(ask, query):
    answer = ask(PATH + query)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert set(answer.json) == {"images"}
    assert len(answer.headers["X-Request-Id"]) == 32


def test_the_older_list_shows_the_hidden_attributes(ask):
    for _ in range(2):
        shown = {one["id"]: one for one in ask(PATH).json["images"]}
        assert "__is_config_init" not in shown["1"]
        assert shown["1"]["name"] == "镜像"
        assert "__image_location" not in shown["5"]
        assert "_sys_enterprise_project_id" not in shown["4"]
        assert ask("/v2/images/1").json["__is_config_init"] == "true"
        assert ask("/v2/images?id=5").json["images"][0]["__image_location"] == "obs"


def test_a_member_is_shown_a_shared_image():
    shown = in_process(shared_app(CATALOG))(f"{PATH}?id=10").json["images"][0]
    assert (shown["visibility"], shown["__imagetype"]) == ("shared", "shared")
    assert "__is_config_init" not in shown


def test_a_page_has_500_images_unless_told_otherwise(profile):
    ask = in_process(shared_app("empty", generate=1500, project=OWNER, profile=profile))
    assert [len(ask(f"{PATH}{query}").ids) for query in ("", "?limit=700", "?limit=5000")] == [500, 700, 1000]
    assert len(ask("/v2/images").ids) == 25


@pytest.mark.parametrize(
    "order", ["", *(f"&sort_key={key}&sort_dir={way}" for key in SORT_KEYS for way in ("asc", "desc"))]
)
def test_walking_by_marker_visits_every_image_once(order, profile):
    ask = in_process(shared_app("edge-cases", profile=profile))
    walked, marker = [], ""
    while page := ask(f"{PATH}?limit=2{order}{marker}").ids:
        walked += page
        marker = f"&marker={page[-1]}"
    assert walked == ask(f"{PATH}?limit=1000{order}").ids
    assert len(walked) == len(set(walked)) > 10


FOUND = {
    (6, 3, 2): ["architecture=arm"],
    (10, 7, 5, 4, 1): ["architecture=x86", "architecture=arm&architecture=x86"],
    (10, 7, 4, 1): ["flavor_id=s6.large.2", "flavor_id=c3ne.4xlarge.2", "flavor_id=t6.small"],
    (3, 2): ["flavor_id=kc1.xlarge.4"],
    (6, 5): ["flavor_id=physical.s4.large", "flavor_id=physical.k1.2xlarge", "virtual_env_type=Ironic"],
    (4,): ["__whole_image=true"],
    (10, 7, 6, 5, 3, 2, 1): ["__whole_image=false"],
    (10, 6, 5, 4, 2, 1): ["enterprise_project_id=0"],
    (3,): [f"enterprise_project_id={TEAM}"],
    (): [
        f"enterprise_project_id={TEAM.upper()}", "enterprise_project_id=00000000-0000-4000-8000-000000000001",
        "__system__cmkid=KEY", "architecture=arm&flavor_id=s6.large.2",
    ],
    (10, 7, 6, 5, 4, 3, 2, 1): ["enterprise_project_id=all_granted_eps"],
    (7,): ["virtual_env_type=DataImage", "__system__cmkid=key"],
    (6, 2): ["architecture=arm&enterprise_project_id=0"],
    (5, 4): ["architecture=x86&limit=2&marker=7"],
    (2, 3, 6): ["architecture=arm&sort_key=size&sort_dir=asc&limit=1000"],
}  # fmt: skip
FILTERS = [(query, list(found)) for found, queries in FOUND.items() for query in queries]


@pytest.mark.parametrize(("query", "expected"), FILTERS, ids=[row[0] for row in FILTERS])
def test_a_parameter_of_the_newer_list_filters_in_both_profiles(ask, profile, query, expected):
    registered = "&__isregistered=true" * (profile == "glance")
    if (profile, query) != ("glance", "virtual_env_type=Ironic"):  # one image has it in lower case
        assert numbers(ask(f"{PATH}?{query}{registered}")) == expected


@pytest.mark.parametrize(
    ("query", "documented", "code"),
    [
        ("architecture=ARM", [6, 3, 2], "IMG.0212"),
        ("__whole_image=True", [4], "IMG.0017"),
        ("enterprise_project_id=ALL_GRANTED_EPS", MINE, "IMG.0155"),
    ],
)
def test_documented_values_ignore_case_with_the_departure(query, documented, code):
    assert numbers(in_process(shared_app(CATALOG))(f"{PATH}?{query}")) == documented
    answer = in_process(shared_app(CATALOG, profile="glance"))(f"{PATH}?{query}")
    assert (answer.status, answer.json["error"]["code"]) == (400, code)


def test_the_older_list_has_none_of_these_parameters():
    ask = in_process(shared_app(CATALOG))
    any_project = "enterprise_project_id=all_granted_eps"
    for query in ("architecture=arm", "architecture=mips", "flavor_id=s6.large.2", any_project):
        assert numbers(ask(f"/v2/images?{query}")) == []
    assert numbers(ask("/v2/images?enterprise_project_id=0")) == [2]
    assert numbers(ask("/v2/images?__whole_image=false")) == [5]


BAD_HERE = [
    *((f"architecture={value}", "architecture", 400, "IMG.0212") for value in ("mips", "x86_64", "")),
    *(
        (f"flavor_id={value}", "flavor", 400, "IMG.0192")
        for value in ("", "large", "S6.large.2", "s6..2", "s6.large.2%0A", "physical.", "s6.large.2,s6.large.4")
    ),
    *(
        (f"enterprise_project_id={value}", "enterprise-project", 400, "IMG.0155")
        for value in ("", "1", "default", OWNER)
    ),
    *((f"__whole_image={value}", "boolean", 400, "IMG.0017") for value in ("", "yes")),
]


@pytest.mark.parametrize(("query", "problem", "status", "code"), BAD_HERE, ids=[row[0][:40] for row in BAD_HERE])
def test_a_wrong_query_gets_a_clear_error(query, problem, status, code):
    assert_is_clear_error(in_process(shared_app(CATALOG))(f"{PATH}?{query}"), problem, status, code)


GATEWAY = [
    ("HEAD", PATH, 404, "APIGW.0101"),
    ("POST", PATH, 404, "APIGW.0101"),
    ("OPTIONS", PATH, 404, "APIGW.0101"),
    ("GET", f"{PATH}/", 404, "APIGW.0101"),
    ("GET", f"{PATH}/1", 404, "APIGW.0101"),
    ("GET", f"{PATH}?name={'x' * 40_000}", 414, "APIGW.0201"),
    ("GET", f"{PATH}?name={'x' * 10_000}", 200, ""),
]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"), GATEWAY, ids=[f"{row[0]} {row[1][:24]}" for row in GATEWAY]
)
@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html"])
def test_gateway_errors_have_the_gateways_format(method, path, status, code, profile, accept):
    with over_socket(shared_app(CATALOG, profile=profile)) as ask:
        answer = ask(path, {"Accept": accept}, method)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json")
    if code and method != "HEAD":
        assert (answer.json["error_code"], answer.json["request_id"]) == (code, answer.headers["X-Request-Id"])


@pytest.mark.parametrize(
    "query", ["limit=abc", "marker=nosuch", "created_at=never", "flavor_id=x", "name=%ff", "sort_key=x"]
)
@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "text/plain"])
def test_errors_are_the_services_own_in_profile_glance(query, accept):
    ask = in_process(shared_app(CATALOG, profile="glance"))
    answer = ask(f"{PATH}?{query}", {"Accept": accept})
    assert (answer.status, set(answer.json)) == (400, {"error"})
    assert answer.json["error"]["code"].startswith("IMG.")
    assert answer.json["error"] == in_process(shared_app(CATALOG))(f"{PATH}?{query}").json["error"]
    older = ask(f"/v2/images?{query}", {"Accept": accept})
    assert older.status == 200 or not older.text.startswith('{"error"')


def test_a_catalog_may_hold_what_only_it_filters_by():
    assert load([{"images": [{"name": "whole", "__whole_image": "true"}]}], lint_bundled=True).warnings == ()


def test_a_parameter_of_either_list_with_a_single_value_is_rejected_if_repeated():
    architecture, *others = CLOUDIMAGES.extras
    single = replace(CLOUDIMAGES, extras=(replace(architecture, repeated=REJECTED), *others))
    raw = f"{architecture.name}=x86&{architecture.name}=arm"
    view = View(Caller("p"), DOCUMENTED, is_queens=False)
    assert parse(raw, view, CLOUDIMAGES).conditions
    with pytest.raises(RequestError, match="it was sent more than once"):
        parse(raw, view, single)
