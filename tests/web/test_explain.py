"""``GET /_ims/explain``: its answers, its caller, and queries that the list rejects."""

from urllib.parse import quote

import pytest
from helpers import in_process, make_app, shared_app
from list_cases import BAD, CATALOG, A

LONG = pytest.param("name=" + "x" * 9_000, id="longer than Glance accepts")
CASE = "(in upper or lower case)"


def explain(ask, query="", headers=None, **more):
    given = {"query": query, **more}
    target = "&".join(f"{name}={quote(value.encode('latin-1'), safe='')}" for name, value in given.items())
    return ask(f"/_ims/explain?{target}", headers)


@pytest.fixture
def ask(profile):
    return in_process(shared_app(CATALOG, profile=profile))


def test_an_image_is_explained_by_what_it_has_and_what_is_required():
    ask = in_process(shared_app(CATALOG))
    visible = f"the image is visible to project {A} (public, owned by it, or shared with it as 'accepted')"
    added = "which the service adds for ordinary callers"
    because = [f"__platform is 'Windows'; required: __platform is 'CentOS' {CASE}"]
    assert explain(ask, "__platform=CentOS&limit=2&marker=00000006", image="00000002").json == {
        "conditions": [
            {"condition": f"status is not 'deleted' or 'killed' {CASE}", "alone": 10, "together": 10},
            {"condition": visible, "alone": 9, "together": 7},
            {"condition": f"__isregistered is 'true' {CASE}, {added}", "alone": 10, "together": 6},
            {"condition": f"__platform is 'CentOS' {CASE}", "alone": 1, "together": 1},
        ],
        "order": "sorted by created_at (latest first), then id (descending)",
        "total": 12,
        "listed": 1,
        "image": {"id": "00000002", "listed": False, "position": None, "page": None, "because": because},
    }
    image = explain(ask, "limit=2", image="00000003").json["image"]
    assert image == {"id": "00000003", "listed": True, "position": 3, "page": 2, "because": []}
    assert explain(ask).json["image"] is None


@pytest.mark.parametrize(
    ("image", "query", "reason"),
    [
        ("00000012", "", f"visibility is 'private', owner is '{'b' * 32}', and it is not shared with the project"),
        ("00000008", "", "and the membership is 'pending'"),
        ("00000010", "", "__isregistered is 'false'"),
        ("00000011", "", "status is 'killed'"),
        ("00000001", "__support_xen=true", "__support_xen is absent"),
        ("00000006", "visibility=private", "visibility is shown as 'shared'"),
        ("00000006", "__imagetype=private", "__imagetype is 'shared'"),
        ("nosuch", "", "no image has this id"),
        ("镜像".encode().decode("latin-1"), "", "no image has this id"),
    ],
)
def test_each_reason_is_named(image, query, reason):
    found = explain(in_process(shared_app(CATALOG)), query, image=image).json["image"]
    assert [reason in because for because in found["because"]] == [True]
    assert found["id"].encode() == image.encode("latin-1")


def test_a_misspelt_attribute_is_recognized(ask):
    for query, sentence in {
        "imagetype=gold": "imagetype is 'gold'; did you mean __imagetype?",
        "platform=x": "platform is 'x'; did you mean __platform?",
        "colour=red": "colour is 'red'",
        "name=nosuch": "name is 'nosuch'",
    }.items():
        assert explain(ask, query).json["conditions"][-1]["condition"] == sentence


@pytest.mark.parametrize("path", ["/v2/images", "/v2/cloudimages"])
@pytest.mark.parametrize("query", [*(case[0] for case in BAD if len(case[0]) < 10_000), "architecture=mips", LONG])
def test_a_query_that_the_list_rejects_is_answered_like_by_the_list(ask, path, query):
    headers = {"Accept": "text/plain"}
    expected, found = ask(f"{path}?{query}", headers), explain(ask, query, headers, path=path)
    assert found.status == expected.status
    if expected.status != 200:  # each list and profile accepts some of them
        assert found.body == expected.body
        assert found.headers["Content-Type"] == expected.headers["Content-Type"]


def test_strict_findings_and_wrong_credentials_reject_a_query_but_missing_ones_do_not():
    ask = in_process(make_app(CATALOG, findings="strict", auth="on"))
    headers = {"X-Auth-Token": "of-a"}
    assert explain(ask, "foo=bar").body == ask("/v2/images?foo=bar", headers).body
    assert explain(ask, "name=n4").json["listed"] == 1
    assert explain(ask, "name=n4", headers).json["listed"] == 1
    for wrong in ({"X-Auth-Token": "nosuch"}, {"X-Auth-Token": "old"}):
        expected, found = ask("/v2/images", wrong), explain(ask, "", wrong)
        assert (found.status, found.json["error_msg"]) == (expected.status, expected.json["error_msg"])


@pytest.mark.parametrize("sent", ["X-Project-Id: " + "b" * 32, "X-Auth-Token: admin", "X-Api-Version: queens"])
@pytest.mark.parametrize("path", ["/v2/images", "/v2/cloudimages"])
def test_the_caller_is_that_of_the_list(ask, path, sent):
    headers = dict([sent.split(": ")])
    listed = ask(f"{path}?limit=1000", headers).ids
    assert explain(ask, "", headers, path=path).json["listed"] == len(listed)
    for position, image_id in enumerate(listed):
        assert explain(ask, "", headers, path=path, image=image_id).json["image"]["position"] == position


def test_a_wrong_parameter_of_the_explanation_is_named(ask):
    for target, words in {
        "query=name=x&limit=1": "Invalid limit '1': it is unknown. Use query, image, path, each once",
        "query=a&query=b": "Invalid query 'b': it is sent twice.",
        "path=/v2/image": "Invalid path '/v2/image': it is no list. Use /v2/images or /v2/cloudimages.",
    }.items():
        answer = ask(f"/_ims/explain?{target}")
        assert (answer.status, words in answer.json["error"]["message"]) == (400, True), answer.text
