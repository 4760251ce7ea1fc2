"""``GET /v2/images`` over HTTP: every parameter, documented recipe and error."""

import pytest
from helpers import TRANSPORTS, Answer, in_process, link, make_app, over_socket, shared_app
from list_cases import BAD, CALLERS, CATALOG, RECIPES, ROWS, SERVICE, A, B, assert_is_clear_error, numbers
from raw_http import connected, read_response

from ims_mock import __version__
from ims_mock.contract.parameters import SORT_KEYS
from ims_mock.contract.values import TIME
from ims_mock.errors import PROBLEMS


@pytest.fixture(scope="module")
def app():
    return make_app(CATALOG)


@pytest.fixture(scope="module", params=TRANSPORTS)
def ask_both_ways(request, app):
    with TRANSPORTS[request.param](app) as ask:
        yield ask


BOTH_LISTS = pytest.mark.parametrize("path", ["/v2/images", "/v2/cloudimages"])


@BOTH_LISTS
@pytest.mark.parametrize(("query", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_a_parameter_filters_as_documented(ask, path, query, expected):
    answer = ask(f"{path}?{query}")
    if expected is None:
        assert (answer.status, answer.json["error"]["code"]) == (403, "IMG.0026")
    else:
        assert numbers(answer) == expected


@BOTH_LISTS
@pytest.mark.parametrize(("recipe", "expected"), RECIPES)
@pytest.mark.parametrize("version", [{}, {"X-Api-Version": "Queens"}], ids=["mitaka", "queens"])
def test_a_documented_recipe_works_word_for_word(ask, path, recipe, expected, version):
    assert numbers(ask(f"{path}?{recipe}", version)) == expected


TIME_ROWS = {"gt": [6, 5], "gte": [6, 5, 4], "lt": [3, 2, 1], "lte": [4, 3, 2, 1], "eq": [4], "neq": [6, 5, 3, 2, 1]}


@pytest.mark.parametrize("operator", TIME.operators)
@pytest.mark.parametrize("time", ["2018-09-10T10:00:04Z", "2018-09-10%2010:00:04", "2018-09-10+10:00:04"])
@pytest.mark.parametrize("name", ["created_at", "updated_at"])
def test_times_compare_in_both_documented_formats(ask, operator, time, name):
    expected = [n for n in TIME_ROWS[operator] if name == "created_at" or n != 1]
    if name == "updated_at" and operator in ("gt", "gte", "neq"):
        expected = sorted([*expected, 1], reverse=True)
    assert numbers(ask(f"/v2/images?{name}={operator}:{time}")) == expected


TIMES = {
    (4,): [
        "2018-09-10T10:00:04Z", "eq:2018-09-10T18:00:04%2B08:00", "eq:2018-09-10T18:00:04%2B0800",
        "eq:2018-09-10T18:00:04%2B08", "eq:2018-09-10t10:00:04z", "eq:20180910T100004Z", "eq:2018-09-10T10:00:04.0Z",
    ],
    (): ["eq:2018-09-10T10:00:04.5Z", "lt:0001-01-01T00:00:00%2B08:00"],
    (6, 5, 4, 3, 2, 1): [
        "neq:2018-09-10T10:00:04.5Z", "gt:2018-9-10", "gt:2018-09", "gt:2018", "gt:2018-09-10T10:00Z",
        "lt:9999-12-31T23:59:59-08:00",
    ],
    (4, 3, 2, 1): ["lt:2018-09-10T10:00:04.5Z"],
    (6, 5, 4): ["gte:2018-09-10T10:00:03.999999999Z"],
}  # fmt: skip


@pytest.mark.parametrize(("time", "expected"), [(one, found) for found, them in TIMES.items() for one in them])
def test_a_time_is_an_instant_however_it_is_written(ask, time, expected):
    assert numbers(ask(f"/v2/images?created_at={time}")) == list(expected)


@BOTH_LISTS
@pytest.mark.parametrize(("query", "problem", "status", "code"), BAD, ids=[row[0][:40] for row in BAD])
def test_a_wrong_query_gets_a_clear_error(ask_both_ways, path, query, problem, status, code):
    answer = ask_both_ways(f"{path}?{query}")
    if code.startswith("APIGW."):
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json")
        assert answer.json["error_code"] == code
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    else:
        assert_is_clear_error(answer, problem, status, code)


@pytest.mark.parametrize(("query", "problem", "status", "code"), [row for row in BAD if "repeated" not in row[1]])
def test_glance_reports_the_same_errors_with_its_own_messages(query, problem, status, code):
    row = next(one for one in PROBLEMS if one.name == problem)
    asked = in_process(shared_app(CATALOG, profile="glance"))
    answer = asked(f"/v2/images?{query}")
    if not row.glance or answer.status == 200:
        assert problem in ("stray-percent", "integer", "boolean", "visibility", "marker", "uri-too-large")
        return
    assert answer.status == status
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
    opening = row.glance.partition("{")[0]
    assert opening in answer.text
    if query != "visibility=community":  # legal in Queens
        as_json = asked(f"/v2/images?{query}", {"Accept": "application/json", "X-Api-Version": "Q"}).json
        assert as_json["code"].startswith(str(status))
        assert opening in as_json["message"]


ODD_QUERIES = {
    (): [
        "&".join(f"p{n}=v" for n in range(500)), "name=%00", "name=a%0Ab", "limit=0", "limit=-0", "properties=x",
        "members=x", "locations=x", "nosuch_min=5", "_min=5", "tags=x86", "size_min=99999999999999999999999999",
        "name=%E9%95%9C%E5%83%8F%20%E6%B5%8B%E8%AF%95", "self=/v2/images/00000001",
        "__class__=x&__dict__=y&is_public=2",
    ],
    (6, 5): ["limit=+2", "limit=%202%20", "&&limit=2&", "%6cimit=2"],
    (6, 5, 4, 3, 2, 1): ["limit=10000000000000000000000000000000000000000"],
    (4,): ["tags=x&tag=x86"],
    None: ["limit=5;6"],
}  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), [(one, found) for found, them in ODD_QUERIES.items() for one in them])
def test_an_odd_query_gets_a_proper_response(ask_both_ways, query, expected):
    answer = ask_both_ways(f"/v2/images?{query}")
    if expected is None:
        assert answer.status == 400
    else:
        assert numbers(answer) == list(expected)


def test_last_page_has_no_next(ask):
    full = ask("/v2/images?limit=6").json
    assert len(full["images"]) == 6
    assert "next" not in full
    following = "/v2/images?__isregistered=true&limit=2&marker="
    assert link(ask("/v2/images?limit=2&marker=00000005").json["next"]) == link(f"{following}00000003")


@pytest.mark.parametrize(
    ("query", "repeated"),
    [
        ("", ""),
        ("?tag=team%3Da&tag=x86&limit=1&marker=00000005", "&tag=team%3Da&tag=x86&limit=1"),
        ("?name=%E9%95%9C%20%26%20x&limit=1", "&name=%E9%95%9C+%26+x&limit=1"),
    ],
)
def test_first_is_the_query_form_encoded_after_what_the_service_adds(ask, query, repeated):
    assert ask(f"/v2/images{query}").json["first"] == f"/v2/images?__isregistered=true{repeated}"


@pytest.mark.parametrize("sent", ["__isregistered=true", "__isregistered=false", "__isregistered=TRUE"])
def test_a_filter_by_registration_stays_as_sent(ask, sent):
    assert ask(f"/v2/images?{sent}").json["first"] == f"/v2/images?{sent}"


def test_a_marker_is_a_place_in_the_order(ask):
    assert numbers(ask("/v2/images?marker=00000004&__imagetype=gold")) == [2, 1]
    assert numbers(ask("/v2/images?marker=00000001")) == []
    assert numbers(ask("/v2/images?marker=00000011&limit=1")) == [6]
    assert numbers(ask("/v2/images?marker=00000008&limit=1")) == [6]


def test_dead_images_are_listed_when_asked_for(ask):
    admin = {"X-Auth-Token": "admin"}
    assert numbers(ask("/v2/images?status=killed")) == [11]
    assert numbers(ask("/v2/images?status=deleted", admin)) == [9]
    assert numbers(ask("/v2/images?status=in:deleted,queued", admin)) == [9, 4]
    assert numbers(ask("/v2/images?status=in:deleted,queued&marker=00000009", admin)) == [4]
    assert numbers(ask("/v2/images?status=deleted&marker=00000009")) == []
    assert numbers(ask("/v2/images?marker=00000009&limit=1", admin)) == [8]


@pytest.mark.parametrize("key", SORT_KEYS)
def test_both_directions_are_mirror_images(ask, key):
    up = numbers(ask(f"/v2/images?sort_key={key}&sort_dir=asc"))
    assert numbers(ask(f"/v2/images?sort_key={key}")) == up[::-1]
    assert sorted(up) == [1, 2, 3, 4, 5, 6]


def test_both_sort_syntaxes_agree(ask):
    assert ask("/v2/images?sort=size:asc,name:desc").ids == ask(
        "/v2/images?sort_key=size&sort_key=name&sort_dir=asc&sort_dir=desc"
    ).ids  # fmt: skip
    assert numbers(ask("/v2/images?sort=%20size%20:%20asc%20,name"))[-2:] == [4, 6]


@BOTH_LISTS
@pytest.mark.parametrize(("headers", "expected"), CALLERS)
def test_the_caller_is_who_the_credentials_name(ask, path, headers, expected):
    assert numbers(ask(path, headers)) == expected


@pytest.mark.parametrize(("versions", "status"), [(("N", "q", "Queens"), 200), (("", "M", "Mitaka", "m", "2.6"), 400)])
def test_the_first_letter_of_the_version_decides(ask, versions, status):
    for version in versions:
        assert ask("/v2/images?visibility=community", {"X-Api-Version": version}).status == status, version


AUTH = [
    ({}, 401, "APIGW.0301", "x-auth-token not found"),
    ({"X-Auth-Token": "unknown"}, 401, "APIGW.0301", "decrypt token fail"),
    ({"X-Auth-Token": "old"}, 401, "APIGW.0307", "token must be updated"),
    ({"X-Auth-Token": "of-a", "X-Project-Id": B}, 403, "APIGW.0302", "X-Project-Id"),
    ({"X-Auth-Token": "of-a"}, 200, "", ""),
    ({"X-Auth-Token": "of-a", "X-Project-Id": A}, 200, "", ""),
]


@pytest.mark.parametrize(("headers", "status", "code", "words"), AUTH)
def test_with_authentication_on_a_token_must_hold(headers, status, code, words):
    answer = in_process(shared_app(CATALOG, auth="on"))("/v2/images", headers)
    assert answer.status == status
    if status != 200:
        assert answer.json["error_code"] == code
        assert words in answer.json["error_msg"]
        assert "of-a" not in answer.text
    glance = in_process(shared_app(CATALOG, auth="on", profile="glance"))("/v2/images", headers)
    assert glance.status == status
    assert status == 200 or glance.headers["Content-Type"].startswith("text/plain")


ROUTES = [
    *(("GET", path) for path in ("/nosuch", "/v2/images/", "/v2//images", "/v2/Images", "/%ff", "/v1", "/v2/images//")),
    *((method, "/v2/images") for method in ("DELETE", "HEAD", "OPTIONS", "TRACE", "PATCH")),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_an_unknown_route_or_method_is_the_gateways_404(ask_both_ways, method, path):
    answer = ask_both_ways(path, method=method)
    assert answer.status == 404
    assert len(answer.headers["X-Request-Id"]) == 32
    if method != "HEAD":
        assert answer.json["error_code"] == "APIGW.0101"
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]


def test_an_unexpected_error_is_a_500_without_details(profile, monkeypatch, caplog):
    app = make_app(CATALOG, profile=profile)
    monkeypatch.setattr("ims_mock.catalog.catalog.Catalog.page", lambda *_: 1 / 0)
    answer = in_process(app)("/v2/images")
    assert answer.status == 500
    assert "ZeroDivisionError" not in answer.text
    assert answer.headers["X-Request-Id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text
    if profile == "documented":
        assert answer.json["error_code"] == "APIGW.0601"


TEXT, PAGE, AS_JSON = "text/plain; charset=UTF-8", "text/html; charset=UTF-8", "application/json"
FORMATS = [
    ({}, TEXT),
    ({"Accept": ""}, TEXT),
    ({"Accept": "text/plain"}, TEXT),
    ({"Accept": "application/json"}, TEXT),
    ({"Accept": "application/json", "X-Api-Version": "Q"}, AS_JSON),
    ({"Accept": "application/json, */*", "X-Api-Version": "Q"}, PAGE),
    ({"Accept": "*/*"}, PAGE),
    ({"Accept": "text/plain, text/html"}, PAGE),
    ({"Accept": "text/html"}, PAGE),
    ({"Accept": "application/xhtml+xml"}, PAGE),
]


@pytest.mark.parametrize(("headers", "content_type"), FORMATS)
def test_accept_selects_the_format_of_an_error_of_glance_and_html_is_escaped(headers, content_type):
    answer = in_process(shared_app(CATALOG, profile="glance"))("/v2/images?sort_key=%3Cscript%3E", headers)
    assert (answer.status, answer.headers["Content-Type"]) == (400, content_type)
    assert content_type != PAGE or "<script>" not in answer.text


def test_health_reports_the_catalog(ask):
    says = {"status": "ok", "version": __version__, "catalog": "inline", "images": 12, "listed": 6, "project": A}
    assert ask("/_ims/health").json == says
    assert len(ask("/v2/images").ids) == 6


def test_the_documented_sample_response_is_reproduced():
    asked = in_process(make_app("document-sample"))
    body = asked("/v2/images?__imagetype=gold&limit=2").json
    first, last = "bc6bed6e-ba3a-4447-afcc-449174a3eb52", "0328c25e-c840-4496-81ac-c4e01b214b1f"
    assert [image["id"] for image in body["images"]] == [first, last]
    sent = "/v2/images?__isregistered=true&__imagetype=gold&limit=2"
    assert (link(body["first"]), link(body["next"])) == (link(sent), link(f"{sent}&marker={last}"))
    assert body["images"][0] == {
        "schema": "/v2/schemas/image", "min_disk": 100, "created_at": "2018-09-06T14:03:27Z",
        "__image_source_type": "uds", "container_format": "bare",
        "file": f"/v2/images/{first}/file", "updated_at": "2018-09-06T15:17:33Z",
        "protected": True, "checksum": "d41d8cd98f00b204e9800998ecf8427e", "id": first,
        "__isregistered": "true", "min_ram": 2048, "__lazyloading": "true", "owner": SERVICE, "__os_type": "Linux",
        "__imagetype": "gold", "visibility": "public", "virtual_env_type": "FusionCompute", "tags": [],
        "__platform": "CentOS", "size": 0, "__os_bit": "64", "__os_version": "CentOS 7.3 64bit",
        "name": "CentOS 7.3 64bit vivado", "self": f"/v2/images/{first}",
        "disk_format": "zvhd2", "virtual_size": None, "hw_firmware_type": "bios", "status": "active",
    }  # fmt: skip


MALFORMED_REQUESTS = [
    (b"GARBAGE\r\n\r\n", 400, "APIGW.0602"),
    (b"GET /v2/images HTTP/1.1\r\nbad header\r\n\r\n", 400, "APIGW.0602"),
    (b"GET /v2/images HTTP/1.1\r\nX: " + b"x" * 2**20 + b"\r\n\r\n", 413, "APIGW.0201"),
    (b"GET /v2/images?" + b"x" * 300_000 + b" HTTP/1.1\r\nConnection: close\r\n\r\n", 414, "APIGW.0201"),
]


@pytest.mark.parametrize(("sent", "status", "code"), MALFORMED_REQUESTS)
def test_the_server_rejects_malformed_requests_like_the_application(sent, status, code, profile):
    with over_socket(shared_app(CATALOG, profile=profile)) as ask, connected(ask.url) as connection:
        connection.sendall(sent)
        answer = Answer(*read_response(connection))
    assert answer.status == status
    assert len(answer.headers["X-Request-Id"]) == 32
    if profile == "documented":
        assert (answer.json["error_code"], answer.json["request_id"]) == (code, answer.headers["X-Request-Id"])
    else:
        assert answer.headers["Content-Type"] == TEXT


def test_repeated_sort_keys_change_nothing(ask):
    keys = "&".join(f"sort_key={key}" for key in SORT_KEYS * 60)
    assert numbers(ask(f"/v2/images?{keys}")) == [6, 5, 4, 3, 2, 1]


def test_an_image_without_a_time_sorts_as_the_oldest():
    images = [{"id": "b", "created_at": None}, {"id": "c"}, {"id": "a", "created_at": None}]
    ask = in_process(make_app({"images": images}))
    assert ask("/v2/images").ids == ["c", "b", "a"]
    assert ask("/v2/images?sort_key=created_at&sort_dir=asc").ids == ["a", "b", "c"]
    assert ask("/v2/images?marker=b").ids == ["a"]
    assert ask("/v2/images?sort_key=name&sort_dir=asc&marker=a").ids == ["b", "c"]
    for operator in ("lte", "neq"):
        assert ask(f"/v2/images?created_at={operator}:2100-01-01T00:00:00Z").ids == ["c"]


@pytest.mark.parametrize("name", ["id", "name", "status", "container_format", "disk_format"])
def test_a_value_with_a_colon_is_refused_with_the_way_to_write_it(name):
    ask = in_process(shared_app({"images": [{"name": "a:b"}]}))
    answer = ask(f"/v2/images?{name}=a:b")
    assert answer.status == 400
    reason = "the text before the colon is read as an operator, and there is no such operator."
    words = f"Invalid {name} 'a:b': {reason} Use {name}=eq:a:b for this value"
    assert answer.json["error"]["message"].startswith(words)
    assert len(ask("/v2/images?name=eq:a:b").ids) == 1
