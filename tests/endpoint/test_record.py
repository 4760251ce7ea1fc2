"""``ims-mock record``: catalogs that list the same images, without identities, and endpoints that cannot be used."""

import json
import os
from operator import itemgetter
from pathlib import Path
from urllib.parse import urlencode

import pytest
from helpers import in_process, make_app, over_socket
from rogue import response, rogue
from serving import LINUX, refusal, run, run_measured

BUNDLED = [
    *((name, version) for name in ("default", "document-sample", "edge-cases", "empty") for version in ("", "queens")),
    pytest.param("large", "", marks=pytest.mark.slow),
]
LISTS = ["", *(f"&visibility=shared&member_status={one}" for one in ("pending", "rejected")), "&status=deleted"]


@pytest.fixture(autouse=True)
def _empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def recorded(ask, *arguments, **environment):
    """Record the images of an emulator in ``c.json``, and return the written catalog."""
    done = run("record", ask.url, "--output", "c.json", *arguments, **environment)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return json.loads(Path("c.json").read_text(encoding="utf-8"))


def lists(ask, **headers):
    """Return the images of all lists."""
    found = []
    for query in LISTS:
        target = f"/v2/images?limit=1000{query}"
        while target:
            page = ask(target, headers).json
            found += page.get("images", [])
            target = page.get("next")
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("catalog", "version"), BUNDLED)
def test_a_recorded_catalog_lists_the_same_images(catalog, profile, version):
    app = make_app(catalog, profile=profile)
    headers = {"X-Api-Version": version} if version else {}
    with over_socket(app) as ask:
        project = app.extensions["ims_mock"].state.credentials.default_project
        recorded(ask, "--keep-identities", "--project", project, "--api-version", version)
    assert lists(in_process(make_app("c.json", profile=profile)), **headers) == lists(in_process(app), **headers)
    done = run("check", "c.json")
    assert done.returncode == 0, done.stdout


OWN, OTHER, SERVICE = "0a" * 16, "team-other", "1bed856811654c1cb661a6ca845ebc77"
IDS = [f"0000000{number}-aaaa-4bbb-8ccc-dddddddddddd" for number in range(9)]
PRIVATE, SHARED, GOLD, SERVER, BACKUP, KEY, ENTERPRISE, PUBLIC, TWIN = IDS
NAME, CODE, CENTOS = "acme payroll (prod)", "acme-account-code", "CentOS 7.3 64bit"
CREDENTIALS = {
    "token": ("--token", "ims-mock-token"),
    "key": ("--access-key", "IMSMOCKACCESSKEY00001", "--secret-key", "ims-mock-secret-key", "--project", OWN),
}
IDENTITIES = (OWN, OTHER, PRIVATE, SHARED, SERVER, BACKUP, KEY, ENTERPRISE, TWIN, "acme")
SECRETS = ("sesame", "ims-mock-token", "IMSMOCKACCESSKEY00001", "ims-mock-secret-key")
ACCOUNT = {
    "project": OWN,
    "images": [
        {
            "id": PRIVATE, "name": NAME, "__data_origin": f"instance,{SERVER}", "__backup_id": BACKUP, "labels": [NAME],
            "__description": f"{NAME}, of {OWN}; replaces {SHARED}", "__system__cmkid": KEY, "__account_code": CODE,
            "enterprise_project_id": ENTERPRISE, "_sys_enterprise_project_id": "0", "tags": [f"from={PRIVATE}"],
            "direct_url": "swift+https://user:sesame@host/1", "locations": [{"url": "sesame"}], "rank": 7, "on": True,
        },
        {"id": TWIN, "name": NAME, "__originalimagename": PRIVATE, "__os_version": "Linux", "__description": "Linux"},
        {"id": SHARED, "name": "Linux", "owner": OTHER, "__imagetype": "shared", "members": {OWN: "pending"},
         "__data_origin": f"image,cn-north-4,{GOLD}", "__description": f"Linux, after {CENTOS}"},
        {"id": GOLD, "name": CENTOS, "__imagetype": "gold", "__os_version": CENTOS, "__description": f"no {NAME}"},
        {"id": PUBLIC, "name": "b", "visibility": "public", "__imagetype": "private", "owner": OTHER},
    ],
}  # fmt: skip


@pytest.mark.parametrize("credentials", CREDENTIALS.values(), ids=CREDENTIALS)
def test_identities_are_replaced_consistently(credentials):
    with over_socket(make_app(ACCOUNT, auth="on")) as ask:
        catalog = recorded(ask, *credentials, "--answers", "a.jsonl", "--query", "__isregistered=true")
    answers = Path("a.jsonl").read_text()
    written = (json.dumps(catalog) + answers).replace(f"no {NAME}", "")
    assert [secret for secret in (*IDENTITIES, *SECRETS) if secret in written] == []
    images = {image["created_at"]: image for image in catalog["images"]}
    own, twin, shared, gold, public = (images[moment] for moment in sorted(images))
    project = catalog["project"]
    assert [catalog["projects"], own["owner"], own["rank"], own["on"]] == [[{"id": project}], project, 7, True]
    assert own["__description"] == f"{own['name']}, of {project}; replaces {shared['id']}"
    assert (own["tags"], own["labels"]) == ([f"from={own['id']}"], [own["name"]])
    assert own["_sys_enterprise_project_id"] == "0"
    assert (twin["name"], twin["__originalimagename"]) == (own["name"], own["id"])
    assert (twin["__os_version"], twin["__description"]) == ("Linux", "Linux")
    assert (shared["members"], shared["owner"]) == ({project: "pending"}, public["owner"])
    assert shared["name"] != "Linux"
    assert (shared["__data_origin"], shared["__description"]) == (f"image,cn-north-4,{GOLD}", f"Linux, after {CENTOS}")
    assert (gold["id"], gold["owner"], gold["name"], public["id"]) == (GOLD, SERVICE, CENTOS, PUBLIC)
    first = json.loads(answers.splitlines()[0])
    assert first["request"]["target"] == "/v2/images?limit=1000&__isregistered=true"
    assert {image["self"] for image in first["body"]["images"]} >= {f"/v2/images/{own['id']}", f"/v2/images/{GOLD}"}


NAMED = {
    PRIVATE: "Payroll Prod", SHARED: "财务系统", TWIN: "İstanbul Straße", SERVER: "abc", BACKUP: "2019-10", KEY: "Disk",
    ENTERPRISE: "-----",
}  # fmt: skip
TEXTS = {
    "PAYROLL PROD, payroll_prod and payroll-prod-v2": "{0}, {0} and {0}-v2",
    "/Payroll Prod and /srv/Payroll Prod/disk.vhd": "/{0} and /srv/{0}/disk.vhd",
    "https://host/?name=Payroll%20Prod&n=Payroll+Prod": "https://host/?name={0}&n={0}",
    "old_Payroll Prod.vhd (Payroll Prod)": "old_{0}.vhd ({0})",
    "Payroll Prods, ePayroll Prod, Payroll  Prod": "Payroll Prods, ePayroll Prod, Payroll  Prod",
    "这是财务系统的镜像": "这是{1}的镜像",
    "to PAYROLL PROD İSTANBUL STRAßE": "to {0} {2}",
    "abc, 2019-10-01, hw_disk_bus, -----": "abc, 2019-10-01, hw_disk_bus, -----",
    f"{SHARED.upper()} {SHARED.replace('-', '')} x{SHARED}": f"{{3}} {{3}} x{SHARED}",
    f"{GOLD.upper()} by {OWN.upper()}": f"{GOLD.upper()} by {{4}}",
}


@pytest.mark.filterwarnings("ignore::ims_mock.CatalogWarning")
def test_names_and_ids_within_texts_are_replaced_in_their_variants():
    images = [{"id": one, "name": name, "visibility": "private"} for one, name in NAMED.items()]
    properties = {f"of_{OWN}": "x", CODE: "x", "Payroll Prod": "x", "hw_disk_bus": "x", "path": "/Payroll Prod"}
    images[0] |= {"labels": [*TEXTS], "__account_code": CODE, **properties}
    with over_socket(make_app({"project": OWN, "images": [*images, ACCOUNT["images"][3]]})) as ask:
        catalog = recorded(ask, "--project", OWN)
    own, shared, twin, *_ = sorted(catalog["images"], key=itemgetter("created_at"))
    new = (own["name"], shared["name"], twin["name"], shared["id"], catalog["project"])
    assert own["labels"] == [text.format(*new) for text in TEXTS.values()]
    assert (own[f"of_{catalog['project']}"], own[own["__account_code"]], own[own["name"]]) == ("x", "x", "x")
    assert (own["hw_disk_bus"], own["path"]) == ("x", f"/{own['name']}")


@pytest.mark.parametrize(
    ("name", "value", "is_kept"),
    [("name", "new", False), ("name", "N w", False), ("owner", OTHER, False), ("name", CENTOS, True)],
)
def test_identities_in_a_query_are_replaced_in_answers(name, value, is_kept):
    with over_socket(make_app(ACCOUNT)) as ask:
        recorded(ask, "--project", OWN, "--answers", "a.jsonl", "--query", f"{name}={value}")
    (pair,) = {json.loads(line)["request"]["target"].split("&")[1] for line in Path("a.jsonl").read_text().splitlines()}
    assert pair.startswith(f"{name}=")
    assert (pair == urlencode([(name, value)])) == is_kept


def test_kept_identities_are_those_of_the_endpoint_without_secrets():
    with over_socket(make_app(ACCOUNT)) as ask:
        query = ("--query", f"name={NAME}", "--query", "tag=a b")
        assert recorded(ask, *query, "--project", OWN, "--keep-identities", "--answers", "a.jsonl")["images"] == []
        catalog = recorded(ask, "--keep-identities", "--answers", "b.jsonl")
    (line, *_) = Path("a.jsonl").read_text().splitlines()
    assert json.loads(line)["request"]["target"].endswith("&name=acme+payroll+%28prod%29&tag=a+b")
    assert {image["id"] for image in catalog["images"]} == {PRIVATE, TWIN, SHARED, GOLD, PUBLIC}
    assert "sesame" not in json.dumps(catalog) + Path("b.jsonl").read_text()
    assert run("record", ask.url).returncode == 3  # it is closed


def test_a_project_that_cannot_be_told_is_asked_for():
    with over_socket(make_app("document-sample")) as ask:
        line = refusal(run("record", ask.url, IMS_MOCK_PROJECT="p", IMS_MOCK_TOKEN="t"), 2)
        assert "Cannot tell the project of the credentials" in line
        assert recorded(ask, "--keep-identities", IMS_MOCK_REMOTE_PROJECT="p")["project"] == "p"


@pytest.mark.parametrize(
    ("owners", "reason"), [("", "there are no private images"), ("ab", "private images have no single owner")]
)
def test_the_reason_why_a_project_cannot_be_told_is_named(owners, reason):
    images = [{"id": one, "owner": one, "visibility": "private"} for one in owners]
    with rogue(lambda *_: response(json.dumps({"images": images}))) as server:
        line = refusal(run("record", server.url), 2)
    assert f"Cannot tell the project of the credentials: {reason}. Use --project ID." in line


@pytest.mark.parametrize(("project", "is_odd"), [("a", False), ("b", True)])
def test_a_project_that_owns_none_of_the_private_images_is_a_warning(project, is_odd):
    images = [{"id": one, "owner": "a", "visibility": "private"} for one in "12"]
    with rogue(lambda *_: response(json.dumps({"images": images}))) as server:
        done = run("record", server.url, "--token", "t", "--project", project)
    warning = "All private images belong to a, so they count as shared with b. Check --project."
    assert (done.returncode, warning in done.stderr.splitlines()) == (0, is_odd)


def test_a_catalog_in_yaml_says_what_is_unknown():
    with over_socket(make_app("default", profile="glance")) as ask:
        done = run("record", f"{ask.url}/", "--project", "7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e")
    comments = [line for line in done.stdout.splitlines() if line.startswith("# ")]
    assert [line[2:] for line in comments] == done.stderr.splitlines()
    assert "# Shared with the project by others: 6 images; " in done.stdout
    Path("c.yaml").write_text(done.stdout, encoding="utf-8")
    assert run("check", "c.yaml").returncode == 0


# --- endpoints that cannot be used


def page(*ids, **more):
    """Return a page of images."""
    return response(json.dumps({"images": [{"id": one, "owner": "p"} for one in ids], **more}))


def nested(depth):
    """Return a page with an image that has a value nested so deeply in lists."""
    return response('{"images": [{"id": "a", "owner": "p", "x": ' + "[" * depth + "]" * depth + "}]}")


NEXT = "/v2/images?marker=1"
LOOPS = {
    "HTML": ([response("<html>")], "status 200: the body is not complete JSON (application/json)"),
    "truncated JSON": ([response('{"images": [{"id": "a"')], "the body is not complete JSON"),
    "a list": ([response("[]")], "200: the JSON is not an object with a list of images"),
    "no images": ([response('{"images": {}}')], "200: the JSON is not an object with a list of images"),
    "no id": ([response('{"images": [{"id": 7}]}')], "an image has no id"),
    "wrong type": ([response('{"images": [{"id": "a", "size": "x"}]}')], "image 'a': size: 'x' is not"),
    "wrong time": ([response('{"images": [{"id": "a", "updated_at": "x"}]}')], "such as 2018-09-06T14:03:27Z."),
    "deep": ([nested(30)], "status 200: JSON values are nested deeper than 32 levels"),
    "deeper": ([nested(900)], "status 200: JSON values are nested deeper than 32 levels"),
    "loop": ([page("1", next=NEXT)], "image '1' is repeated, so the list has a loop"),
    "empty loop": ([page(next=NEXT)], "no image, but a next page"),
    "repeated image": ([page("1", "1")], "image '1' is repeated"),
    "odd next": ([page("1", next=7)], "next 7 is no page of /v2/images on this endpoint"),
    "next with a space": ([page("1", next=f"{NEXT} HTTP/1.1\r\nX: y")], "is no page of /v2/images"),
    "next elsewhere": ([page("1", next="/v3/auth?x")], "next '/v3/auth?x' is no page of /v2/images"),
    "401": ([page("1", next=NEXT), response('{"error_code": "APIGW.0301", "error_msg": "expired"}', "401 No")],
            f"GET {NEXT} is answered with status 401 (APIGW.0301: expired)"),
    "403": ([response('{"error": {"code": "IMG.1", "message": "tkn-secret is bad"}}', "403 No")], "403 (IMG.1: <10 ch"),
    "endless 429": ([response("", "429 Too Many Requests", "Retry-After: 1")], "is answered with status 429 (applic"),
    "redirect": ([response("", "302 Found", "Location: /v2/images/")], "is answered with status 302"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("pages", "words"), LOOPS.values(), ids=LOOPS)
def test_an_endpoint_that_cannot_be_used_is_status_3_and_no_file(pages, words):
    with rogue(lambda _, number: pages[min(number, len(pages)) - 1]) as server:
        arguments = ("--output", "c.yaml", "--answers", "a.jsonl", "--token", "tkn-secret", "--timeout", "1")
        line = refusal(run("record", server.url, *arguments), 3)
    assert words in line
    assert ("tkn-secret" in line, os.listdir()) == (False, [])


def test_both_files_cannot_be_the_same():
    with rogue(lambda *_: page()) as server:
        line = refusal(run("record", server.url, "--output", "a", "--answers", os.path.abspath("a")), 2)
    assert "--output and --answers name the same file." in line
    assert (server.heads, os.listdir()) == ([], [])


@pytest.mark.parametrize("link", ["{}/v2/images?marker=1", "//{}/v2/images", "http://{}@{}/v2/images"])
def test_a_next_page_on_another_host_is_refused(link):
    with rogue(lambda *_: page()) as other, rogue(lambda *_: page("1", next=where)) as server:
        where = link.format(*[(other.url if link[0] == "{" else other.url.removeprefix("http://"))] * 2)
        line = refusal(run("record", server.url, "--token", "t"), 3)
        assert ("is no page of /v2/images on this endpoint" in line, other.heads) == (True, [])


@pytest.mark.parametrize(
    "link", ["/v2/images?marker=%7e1&a", "/proxy/v2/images?marker=%7e1&a", "{}/v2/images?marker=%7e1&a"]
)
def test_next_pages_are_below_the_path_of_the_url_with_their_query_as_it_is(link):
    pages = lambda server, number: page(str(number), next=link.format(server.url) if number == 1 else None)  # noqa: E731
    with rogue(pages) as server:
        done = run("record", f"{server.url}/proxy/", "--project", "p", "--query", "status=active")
    assert done.returncode == 0, done.stderr
    assert server.targets == ["/proxy/v2/images?limit=1000&status=active", "/proxy/v2/images?marker=%7e1&a"]


def test_values_are_nested_as_deeply_as_in_catalogs():
    with rogue(lambda *_: nested(29)) as server:
        assert run("record", server.url, "--project", "p", "--output", "c.yaml").returncode == 0
    assert run("check", "c.yaml").returncode == 0


def large_pages(_, number):
    return page(*(f"{number}-{index}" for index in range(1000)), next=NEXT)


def nested_pages(_, number):
    return response(json.dumps({"images": [{"id": str(number), "x": [[]] * 90_000}], "next": NEXT}))


def wide_pages(_, number):
    names = [f"{number}-{name}" for name in range(190_000)]
    images = [
        {"id": names[first], **dict.fromkeys(names[first : first + 190], "x")} for first in range(0, 190_000, 190)
    ]
    return response(json.dumps({"images": images, "next": NEXT}))


@LINUX
@pytest.mark.slow
@pytest.mark.parametrize("write", [large_pages, nested_pages, wide_pages])
def test_an_endless_endpoint_takes_little_memory(write):
    with rogue(write) as server:
        done = run_measured("record", server.url, "--output", "c.yaml")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr


@LINUX
@pytest.mark.slow
def test_ten_thousand_images_take_little_memory():
    with over_socket(make_app("large")) as ask:
        done = run_measured("record", ask.url, "--output", "c.yaml")
    assert (done.returncode, done.stderr.count("\n")) == (0, 3), done.stderr
