"""What tests learn from ``ImsMock`` about requests of a client: findings, walks, faults and descriptions."""

from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import pytest
import requests
from helpers import names

from ims_mock import CatalogWarning


def test_requests_are_recorded_without_secrets(ims):
    urlopen(Request(f"{ims.url}/v2/images?limit=2&name=a%20b", headers={"X-Auth-Token": ims.token}))
    ims.client.get("/v2/images/nosuch")
    first, second = ims.requests
    assert (first.path, first.query, first.status) == ("/v2/images", (("limit", "2"), ("name", "a b")), 200)
    assert (second.status, ims.requests.matching("/v2/images/*")) == (404, [second])
    assert ims.token not in str(first)
    assert (len(ims.requests), ims.requests[-1], ims.requests[:1]) == (2, second, [first])
    assert repr(ims.requests) == "<Requests: 2, the last GET /v2/images/nosuch>"
    ims.requests.clear()
    assert (list(ims.requests), repr(ims.requests)) == ([], "<Requests: 0>")


def test_findings_are_those_of_all_requests(ims):
    ims.client.get("/v2/images?limit=5000")
    ims.client.get("/v2/images?nosuch=1")
    assert [finding.name for finding in ims.findings] == ["limit-above-cap", "undocumented-parameter"]
    with pytest.raises(AssertionError, match=r"GET /v2/images\?nosuch=1"):
        ims.assert_no_findings()
    ims.requests.clear()
    ims.assert_no_findings()


def test_walks_must_reach_the_last_page(ims):
    ims.assert_walked_everything()
    names(ims)
    ims.assert_walked_everything("/v2/images", sort_key="name")
    page = ims.client.get("/v2/images?limit=1").json
    wrong = r"1 of 2 walks went wrong:\nwalk 2: (?s:.*)\n  stopped-early, request 2: "
    with pytest.raises(AssertionError, match=wrong):
        ims.assert_walked_everything()
    ims.assert_walked_everything(limit=None)
    missing = f"there was no walk that matches limit='5'; the client must use {ims.url} "
    with pytest.raises(AssertionError, match=missing):
        ims.assert_walked_everything(limit=5)
    while "next" in page:
        page = ims.client.get(page["next"]).json
    ims.assert_walked_everything(limit=1)
    assert [(walk.pages, walk.images, walk.is_whole) for walk in ims.walks] == [(1, 3, True), (3, 3, True)]
    ims.reset()
    assert ims.walks == []


def test_client_that_resolves_links_with_urljoin_leaves_a_sandbox(ims):
    ims.add({"id": "d"})
    page = requests.get(f"{ims.url}/v2/images?limit=1").json()
    answer, is_sandbox = requests.get(urljoin(ims.url, page["next"])), "/_ims/" in ims.url
    assert answer.status_code == (400 if is_sandbox else 200)
    assert ("; a sandbox has this image: " in answer.text) == is_sandbox
    with pytest.raises(AssertionError, match="stopped-early") as failed:
        ims.assert_walked_everything()
    assert ("Or the client left the sandbox: " in str(failed.value)) == is_sandbox
    assert ("urljoin with `next` leaves the sandbox" in ims.describe_requests()) == is_sandbox
    ims.reset()
    ims.faults.add(status=503)
    ims.client.get("/v2/images?limit=1")
    assert "the sandbox" not in ims.describe_requests()


def test_description_has_one_short_line_about_walks_that_may_have_left_a_sandbox(ims):
    for number in range(1, 9):
        ims.client.get(f"/v2/images?limit=1&created_at=gt:200{number}-01-01T00:00:00Z")
    lines = [line for line in ims.describe_requests().splitlines() if "stopped-early" in line]
    assert len(lines) == ("/_ims/" in ims.url)
    assert all(len(line) <= 120 for line in lines)


def test_description_shows_requests_in_full_up_to_500_characters(ims):
    target = f"/v2/images?name={'n' * 450}&limit=1"
    ims.client.get(target)
    assert f"  1: GET {target} -> 200" in ims.describe_requests()
    ims.client.get(f"/v2/images?name={'n' * 600}")
    assert f"  2: GET /v2/images?name={'n' * 484}… -> 200" in ims.describe_requests()


def test_faults_are_added_with_keys_of_any_section(ims):
    fault = ims.faults.add(path="/v2/images", query={"sort_key": "name"}, status=503, times=2, code="IMG.0001")
    assert (fault.match["path"], fault.effect, fault.times) == ("/v2/images", {"status": 503, "code": "IMG.0001"}, 2)
    for _ in range(2):
        with pytest.raises(HTTPError, match="503"):
            names(ims)
    assert names(ims) == ["a", "b", "c"]
    assert [(rule.id, rule.hits) for rule in ims.faults] == [(fault.id, 2)]
    assert [entry.fault for entry in ims.requests] == [fault.id, fault.id, ""]


@pytest.mark.parametrize("remove", [lambda ims: ims.faults.clear(), lambda ims: ims.reset(), lambda ims: ims.begin()])
def test_hits_of_a_fault_are_current_and_stay_after_its_removal(ims, remove):
    fault = ims.faults.add(status=503)
    assert fault.hits == 0
    assert ims.client.get("/v2/images").status_code == 503
    assert fault.hits == 1
    ims.faults.add(status=500)
    assert ims.client.get("/v2/images").status_code == 500
    remove(ims)
    assert len(ims.faults) == 0
    assert ims.faults.add(status=503).hits == 0
    assert fault.hits == 1


def test_faults_must_all_occur(ims):
    ims.faults.assert_all_hit()
    ims.faults.add(path="/v2/images", status=503)
    ims.client.get("/v2/images?name=a")
    ims.faults.assert_all_hit()
    ims.faults.add(method="delete", headers={"X-Auth-Token": "a-secret"}, drop="before")
    ims.faults.add(path="/v2/images", page=3, status=500)
    ims.client.get("/v2/images?name=b")
    with pytest.raises(AssertionError) as failed:
        ims.faults.assert_all_hit()
    assert str(failed.value).splitlines() == [
        "2 of 3 faults never occurred:",
        "  fault 2 (method=delete, headers={'X-Auth-Token': '<8 characters>'}, drop=before):"
        " no request matches DELETE; nearest: GET /v2/images?name=b (the method is GET)",
        "  fault 3 (path=/v2/images, page=3, status=500): 2 requests match /v2/images, but it also needs page=3",
    ]
    ims.faults.clear()
    ims.faults.assert_all_hit()
    ims.faults.add(status=503, times=None)
    assert repr(ims.faults.add(status=500)) == "<fault 2 (status=500)>"
    ims.client.get("/v2/images")
    with pytest.raises(AssertionError, match="but only the first fault that applies to a request occurs"):
        ims.faults.assert_all_hit()


def test_requests_are_described_with_errors_findings_and_faults(ims):
    assert ims.describe_requests() == f"0 requests recorded; the client must use {ims.url} (ims_mock.url)"
    ims.faults.add(nth=3, status=503, message="gone")
    ims.client.get("/v2/images?name=a%2Bb&imagetype=gold&token=a-secret")
    ims.client.get("/v2/images?limit=x&imagetype=gold")
    ims.client.get("/v2/images")
    finding = "imagetype is not a documented parameter of GET /v2/images"
    text = ims.describe_requests()
    assert text.splitlines()[:4] == [
        "3 requests recorded:",
        "  1: GET /v2/images?name=a%2Bb&imagetype=gold&token=<8 characters> -> 200, 0 images",
        "  2: GET /v2/images?limit=x&imagetype=gold -> 400 IMG.0017 Invalid limit 'x': it is not a whole number."
        " Use a whole number from 0 (more than 1000 counts as 1000).",
        "  3: GET /v2/images -> 503 APIGW.0201 gone (fault 1 (nth=3, status=503, message=gone))",
    ]
    assert f"  warning undocumented-parameter, requests 1, 2: {finding}\n    cure: did you mean __imagetype?" in text
    assert "a-secret" not in text


def test_description_says_that_no_image_is_listed(ims):
    with pytest.warns(CatalogWarning):
        ims.load({"project": "p", "images": [{"owner": "other"}]})
    assert ims.describe_requests().splitlines()[1:] == ["the catalog has 1 image, 0 listed for project p"]


def test_description_of_requests_stays_short(ims):
    for number in range(40):
        ims.faults.add(path=f"/{'x' * 200}{number}", status=503)
        ims.client.get(f"/v2/images?limit=1&{number}=" + "\x1b" * 500)
    ims.client.get("/v2/images/" + "é" * 5000)
    lines = ims.describe_requests().splitlines()
    assert lines[0] == "41 requests recorded, the latest:"
    assert len(lines) < 35
    assert max(map(len, lines)) < 1200
    assert "".join(lines).isprintable()
