"""Every effect of a fault rule, over HTTP."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers import TRANSPORTS, in_process, link, make_app, over_socket
from raw_http import connected, head, read_to_end

from ims_mock.faults.rules import rule_from_keywords

PATH = "/v2/images"
NAMES = [f"image-{number}" for number in range(9, 0, -1)]
CATALOG = {
    "project": "p",
    "clock": "2023-11-13T08:00:00Z",
    "images": [{"id": name, "created_at": f"2020-01-0{name[-1]}T00:00:00Z"} for name in NAMES],
}
TYPE = "Content-Type"


@pytest.fixture
def profile(request):
    return getattr(request, "param", "documented")


@pytest.fixture(params=TRANSPORTS)
def ask(request, app):
    with TRANSPORTS[request.param](app) as ask:
        yield ask


@pytest.fixture
def fault(emulator):
    return lambda **keys: emulator.faults.add(rule_from_keywords(**keys))


def entries(emulator):
    return [(one.status, one.fault, one.walk, one.page) for one in emulator.journal.entries()]


def walked(ask, target=f"{PATH}?limit=3", most=9):
    pages = []
    while target and len(pages) < most:
        page = ask(target)
        pages.append(page.ids)
        target = page.json.get("next")
    return pages


USUAL_CODES = {
    400: "IMG.0017", 401: "APIGW.0301", 403: "IMG.0026", 404: "IMG.0027", 409: "IMG.0035", 413: "APIGW.0201",
    418: "IMG.0017", 429: "APIGW.0308", 500: "APIGW.0601", 502: "APIGW.0201", 503: "APIGW.0201", 504: "APIGW.0201",
}  # fmt: skip


@pytest.mark.parametrize(("status", "code"), USUAL_CODES.items())
def test_an_injected_status_has_the_error_body_of_the_gateway_or_the_service(ask, fault, status, code):
    fault(status=status)
    answer = ask(PATH)
    assert (answer.status, answer.headers[TYPE]) == (status, "application/json")
    if code.startswith("APIGW"):
        assert set(answer.json) == {"error_msg", "error_code", "request_id"}
        assert (answer.json["error_code"], answer.json["request_id"]) == (code, answer.headers["X-Request-Id"])
    else:
        assert set(answer.json) == {"error"}
        assert answer.json["error"]["code"] == code
    assert ask(PATH).ids == NAMES


@pytest.mark.parametrize("code", ["IMG.0001", "APIGW.0601"])
def test_a_rule_sets_code_message_and_headers(ask, fault, code):
    fault(status=400, code=code, message="no {luck} today: 镜像", headers={"Retry-After": 5, "X-Request-Id": "own"})
    answer = ask(PATH)
    said = answer.json.get("error") or {"code": answer.json["error_code"], "message": answer.json["error_msg"]}
    assert said == {"code": code, "message": "no {luck} today: 镜像"}
    assert (answer.headers["Retry-After"], answer.headers["X-Request-Id"]) == ("5", "own")


@pytest.mark.parametrize("profile", ["documented", "glance"], indirect=True)
def test_an_injected_error_has_the_format_of_its_path(ask, fault, profile):
    fault(status=503, message="later", times=3)
    of_keystone, of_gateway, of_list = (ask(path) for path in ("/v3/auth/tokens", "/v2/cloudimages", PATH))
    assert {answer.status for answer in (of_keystone, of_gateway, of_list)} == {503}
    assert of_keystone.json == {"error": {"code": 503, "message": "later", "title": "Service Unavailable"}}
    said = {"error_msg": "later", "error_code": "APIGW.0201", "request_id": of_gateway.headers["X-Request-Id"]}
    assert of_gateway.json == said
    if profile == "glance":
        assert of_list.headers[TYPE] == "text/plain; charset=UTF-8"
        assert of_list.text == "503 Service Unavailable\n\nlater\n\n   "
        fault(status=404)
        assert ask(PATH).text == "404 Not Found\n\nThe resource could not be found.\n\n   "


def seconds(ask, target=PATH):
    began = time.perf_counter()
    ask(target)
    return time.perf_counter() - began


@pytest.mark.parametrize("delay", [0.3, [0.3, 0.4]])
def test_a_response_is_delayed(ask, fault, emulator, delay):
    rule = fault(delay=delay)
    assert seconds(ask) >= 0.3
    (entry,) = emulator.journal.entries()
    assert entry.seconds >= 0.3
    assert entry.ids == tuple(NAMES)
    assert all(0.3 <= rule.delay_seconds() <= 0.4 for _ in range(100))
    assert (len({rule.delay_seconds() for _ in range(9)}) > 1) == isinstance(delay, list)


@pytest.mark.slow
def test_others_are_answered_during_a_delay(app, fault):
    fault(path="/slow", delay=2, times=None)
    with over_socket(app, threads=2) as ask:
        workers = threading.active_count()
        with ThreadPoolExecutor(6) as pool:
            for _ in range(6):
                pool.submit(ask, "/slow")
            time.sleep(0.4)
            assert seconds(ask) < 1.2
        for _ in range(500):
            if threading.active_count() == workers:
                return
            time.sleep(0.01)
        pytest.fail(f"{threading.active_count() - workers} workers too many")


@pytest.mark.parametrize("how", ["truncated", "garbage", "empty"])
def test_a_body_is_replaced(ask, fault, how):
    whole = ask(f"{PATH}?limit=2").body
    fault(body=how)
    answer = ask(f"{PATH}?limit=2")
    assert (answer.status, int(answer.headers["Content-Length"])) == (200, len(answer.body))
    assert answer.headers[TYPE] == "application/json"
    if how == "garbage":
        with pytest.raises(UnicodeDecodeError):
            answer.body.decode()
    else:
        assert answer.body == (whole[: len(whole) // 2] if how == "truncated" else b"")


@pytest.mark.parametrize(("effect", "title"), [({}, "200 OK"), ({"status": 502}, "502 BAD GATEWAY")])
def test_a_body_may_be_an_html_page(ask, fault, effect, title):
    fault(body="html", **effect)
    answer = ask(PATH)
    assert (answer.status, answer.headers[TYPE]) == (int(title[:3]), "text/html")
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert f"<title>{title}</title>" in answer.text
    assert f"<h1>{title}</h1>" in answer.text


@pytest.mark.parametrize("kind", ["text/plain; charset=latin-1", ""])
def test_a_rule_sets_the_content_type(ask, fault, kind):
    whole = ask(f"{PATH}?limit=2").body
    fault(content_type=kind)
    answer = ask(f"{PATH}?limit=2")
    assert (answer.headers.get(TYPE, ""), answer.body) == (kind, whole)


def test_a_204_stays_without_a_body(ask, fault):
    fault(body="html")
    answer = ask(f"{PATH}/image-1", method="DELETE")
    assert (answer.status, answer.body, TYPE in answer.headers) == (204, b"", False)


@pytest.mark.parametrize(
    ("how", "left"),
    [("missing", None), ("null", None), ("loop", f"{PATH}?__isregistered=true&limit=3"), ("repeated", "itself")],
)
def test_a_rule_changes_the_next_link(ask, fault, how, left):
    second = ask(f"{PATH}?limit=3").json["next"]
    usual = ask(second).json
    fault(next=how)
    page = ask(second).json
    assert ("next" in page) is (how != "missing")
    assert link(page.get("next")) == link(second if left == "itself" else left)
    assert {**page, "next": 0} == {**usual, "next": 0}
    assert list(page["images"][0]) == list(usual["images"][0])


def test_a_rule_makes_the_next_link_absolute(app, fault):
    with over_socket(app) as ask:
        usual = ask(f"{PATH}?limit=3").json["next"]
        fault(next="absolute", times=None)
        assert ask(f"{PATH}?limit=3").json["next"] == ask.url + usual
        assert "next" not in ask(PATH).json
        refused = ask(PATH, {"Host": "a b"})
        assert (refused.status, "Invalid Host 'a b'." in refused.text) == (400, True)


@pytest.mark.parametrize("path", ["/v2/cloudimages?limit=2", f"{PATH}/image-1", f"{PATH}?limit=x", "/versions"])
def test_a_response_without_links_gets_none(ask, fault, path):
    usual = ask(path).json
    rule = fault(next="loop")
    assert ask(path).json == usual or "limit=x" in path
    assert rule.hits == 1


def said(url, target=PATH, method="GET"):
    """Send a request, return all bytes of the response, and assert that the server closes the connection."""
    with connected(url) as connection:
        connection.sendall(head(method, target))
        answer = read_to_end(connection)
        try:  # what is closed, and not only silent, refuses more
            for _ in range(20):
                connection.sendall(b"x" * 1000)
                time.sleep(0.02)
        except ConnectionError:
            return answer
        raise AssertionError("the connection is still open")


@pytest.mark.parametrize("drop", ["before", "middle"])
def test_the_connection_is_dropped(app, fault, emulator, caplog, drop):
    with over_socket(app) as ask:
        whole = ask(f"{PATH}?limit=2").body
        fault(drop=drop)
        answer = said(ask.url, f"{PATH}?limit=2")
        assert ask(PATH).ids == NAMES
    headers, _, body = answer.partition(b"\r\n\r\n")
    assert (f"Content-Length: {len(whole)}".encode() in headers) == (drop == "middle")
    assert body == (whole[: len(whole) // 2] if drop == "middle" else b"")
    assert bool(answer) == (drop == "middle")
    status = 0 if drop == "before" else 200
    assert entries(emulator) == [(200, "", 1, 1), (status, "1", 2, 1), (200, "", 3, 1)]
    assert emulator.journal.entries()[1].ids == ()
    assert [one for one in caplog.records if one.name != "waitress.queue"] == []  # it warns when threads are slow


@pytest.mark.parametrize(
    ("keys", "later"), [({"drop": "before"}, 404), ({"drop": "middle"}, 404), ({"drop": "before", "status": 503}, 200)]
)
def test_a_response_without_a_body_and_an_error_are_dropped(app, fault, keys, later):
    fault(**keys)
    with over_socket(app) as ask:
        assert said(ask.url, f"{PATH}/image-1", "DELETE") == b""
        assert ask(f"{PATH}/image-1").status == later


@pytest.mark.parametrize("drop", ["before", "middle"])
def test_a_drop_in_process_is_a_connection_error(app, fault, drop):
    fault(drop=drop)
    with pytest.raises(ConnectionError):
        in_process(app)(PATH)
    assert in_process(app)(PATH).status == 200


def test_an_image_is_deleted_between_two_pages(ask, fault):
    second = ask(f"{PATH}?limit=3").json["next"]
    fault(page=2, catalog={"delete": "marker"})
    answer = ask(second)
    assert (answer.status, answer.json["error"]["code"]) == (400, "IMG.0027")
    assert ask(f"{PATH}/image-7").status == 404
    assert ask(f"{PATH}?status=deleted").ids == ["image-7"]
    fault(page=2, catalog={"delete": "image-5"})
    assert walked(ask) == [["image-9", "image-8", "image-6"], ["image-4", "image-3", "image-2"], ["image-1"]]


def test_an_image_is_added_between_two_pages(ask, fault):
    fault(page=2, catalog={"add": {"id": "new", "name": "new"}})
    assert walked(ask) == [NAMES[:3], NAMES[3:6], NAMES[6:]]
    fault(page=2, catalog={"add": {"created_at": "2020-01-05T12:00:00Z", "name": "in between", "min_disk": "50"}})
    first, second, _, _ = walked(ask)
    assert first == ["new", "image-9", "image-8"]
    assert [second[0], second[1]] == ["image-7", "image-6"]
    added = ask(f"{PATH}/{second[2]}").json
    assert {"name": "in between", "min_disk": 50, "owner": "p"}.items() <= added.items()
    assert ask(f"{PATH}/new").json["created_at"] == "2023-11-13T08:00:00Z"


def test_images_are_updated_between_two_pages(ask, fault):
    moved = {"image-9": {"created_at": "2020-01-01T12:00:00Z", "name": "moved"}, "absent": {"name": "x"}}
    fault(page=2, catalog={"update": moved})
    assert walked(ask)[2] == ["image-3", "image-2", "image-9"]
    fault(catalog={"update": {"image-9": {"name": None, "members": {"q": "accepted"}}}})
    image = ask(f"{PATH}/image-9").json
    assert (image.get("name"), image["updated_at"]) == (None, "2023-11-13T08:00:00Z")
    assert [one["member_id"] for one in ask(f"{PATH}/image-9/members").json["members"]] == ["q"]


def test_a_change_at_an_unknown_marker_does_nothing_and_a_reset_reverts_others(ask, fault, emulator):
    before = emulator.catalog
    for change in ({"delete": "marker"}, {"delete": "absent"}, {"update": {"marker": {"name": "x"}}}):
        fault(catalog=change)
        assert ask(PATH).ids == NAMES
    assert emulator.catalog is before
    fault(catalog={"add": {"id": "new"}}, times=None)
    assert ask(PATH).ids[0] == ask(PATH).ids[0] == "new"
    emulator.reset()
    assert ask(PATH).ids == NAMES


def test_a_retried_page_succeeds(ask, fault, emulator):
    rule = fault(path=PATH, page=2, status=503, times=2)
    second = ask(f"{PATH}?limit=4").json["next"]
    assert [ask(second).status for _ in range(2)] == [503, 503]
    assert walked(ask, second) == [NAMES[4:8], NAMES[8:]]
    assert entries(emulator) == [(200, "", 1, 1), (503, "1", 1, 2), (503, "1", 1, 2), (200, "", 1, 2), (200, "", 1, 3)]
    assert rule.as_json()["hits"] == 2


@pytest.mark.parametrize(
    ("keys", "target", "headers"),
    [
        ({"query": {"name": "a b"}}, f"{PATH}?name=a+b", {}),
        ({"query": {"name": "镜"}}, f"{PATH}?name=%E9%95%9C", {}),
        ({"header": {"x-project-id": "p"}}, PATH, {"X-Project-Id": "p"}),
        ({"header": {"Content-Type": "a/b"}}, PATH, {"Content-Type": "a/b"}),
        ({"path": "/v2/*/image-1"}, f"{PATH}/image-1", {}),
        ({"path": "/absent"}, "/absent", {}),
        ({"path": "/v2/cloudimages", "page": 1}, "/v2/cloudimages?marker=absent", {}),
    ],
)
def test_a_rule_matches_the_request(ask, fault, keys, target, headers):
    fault(**keys, status=503)
    assert ask("/versions").status == 200
    assert ask(target, headers).status == 503


def test_pages_are_counted_per_project(ask, fault):
    fault(page=2, header={"X-Project-Id": "q"}, status=503)
    ask(f"{PATH}?limit=3", {"X-Project-Id": "p"})
    assert ask(f"{PATH}?marker=image-7&limit=3", {"X-Project-Id": "q"}).status != 503


def test_faults_apply_before_authentication():
    app = make_app(CATALOG, auth="on")
    app.extensions["ims_mock"].faults.add(rule_from_keywords(page=1, status=503))
    assert [in_process(app)(PATH).status for _ in range(2)] == [503, 401]


def test_faults_do_not_apply_to_the_control_api_which_masks_secrets_in_rules(ask, fault, emulator):
    secret = {"query": {"X-Auth-Token": "secret"}, "header": {"Authorization": "secret"}}
    rules = [fault(status=503, drop="before", times=None), fault(**secret, delay=0)]
    assert ask("/_ims/health").status == 200
    assert ask("/_ims/absent").status == 404
    assert "secret" not in ask("/_ims/faults").text
    assert ([rule.hits for rule in rules], emulator.journal.entries()) == ([0, 0], [])
