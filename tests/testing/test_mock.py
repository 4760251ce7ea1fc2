"""``ImsMock`` with an emulator in this process and with a sandbox on a running server."""

import json
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from helpers import make_app, names

from ims_mock import CatalogWarning, ImsMock, create_app
from ims_mock.loading.sources import CatalogError
from ims_mock.server.server import BackgroundServer
from ims_mock.web import app as web

CENTOS = {"name": "CentOS 7.6", "__os_version": "CentOS 7.6 64bit", "tags": ["a=b"]}


ODD = {"min_disk": 0}
ODD_WARNING = r"^catalog: images\[0\]\.min_disk: warning: 0 is not 1 to 1024 GB"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ims: ims.add(ODD), ODD_WARNING),
        (lambda ims: ims.add({"owner": "other"}), "'other' is a project that no section names"),
        (lambda ims: ims.load({"images": [ODD]}), ODD_WARNING),
        (lambda ims: ims.generate(1, __platform="Centoss"), "'Centoss' is not one of"),
        (lambda ims: ims.begin(catalog={"images": [ODD]}), ODD_WARNING),
        (lambda ims: ims.load({"images": [ODD] * 60}), "and 10 more warnings$"),
    ],
)
def test_what_check_warns_about_is_a_python_warning_at_the_call(ims, change, message):
    with pytest.warns(CatalogWarning, match=message) as caught:
        change(ims)
    assert [Path(one.filename) for one in caught] == [Path(__file__)]


def test_constructors_warn_about_their_catalogs(make):
    for construct in (make, create_app):
        with pytest.warns(CatalogWarning, match=ODD_WARNING) as caught:
            construct({"images": [ODD]})
        assert [Path(one.filename).parent for one in caught] == [Path(__file__).parent]


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_plausible_images_and_bundled_catalogs_raise_no_warnings(make):
    ims = make("edge-cases")
    ims.add(CENTOS)
    ims.add({"visibility": "public"})
    ims.generate(30, seed=1)
    ims.load("default")
    ims.load({"projects": [{"id": "other"}], "images": [{"owner": "other"}]})
    ims.begin(catalog=["document-sample", "large"])


def test_server_listens_until_it_is_closed():
    with ImsMock({"images": [{"name": "a"}]}) as ims:
        assert ims.url == f"http://127.0.0.1:{ims.port}"
        assert names(ims) == ["a"]
        assert repr(ims) == f"<ImsMock {ims.url}>"
    with pytest.raises(ConnectionError):
        HTTPConnection("127.0.0.1", ims.port).connect()


def test_sandboxes_are_separate_and_removed_on_close(server):
    with ImsMock({"images": [{"name": "a"}]}, url=f"{server}/") as ims, ImsMock("empty", url=server) as other:
        assert ims.url.startswith(f"{server}/_ims/sandboxes/")
        assert server.endswith(f":{ims.port}")
        assert (names(ims), names(other)) == (["a"], [])
        with urlopen(Request(f"{server}/v2/images", headers={"X-Auth-Token": ims.token})) as response:
            assert [image["name"] for image in json.load(response)["images"]] == ["a"]
    with pytest.raises(HTTPError, match="404"):
        names(ims)
    ims.close()


@pytest.mark.parametrize(
    ("is_running", "error", "message"),
    [(False, ConnectionError, "does not answer"), (True, ValueError, "Cannot create a sandbox")],
)
def test_unusable_server_is_reported_with_its_url(is_running, error, message):
    server = BackgroundServer(web.app_for(make_app("empty").extensions["ims_mock"], has_control=False))
    if not is_running:
        server.close()
    with pytest.raises(error, match=server.url) as raised:
        ImsMock(url=server.url)
    assert message in str(raised.value)
    server.close()


def test_options_are_those_of_the_command_line(make):
    ims = make(["empty"], generate=4, seed=7, profile="glance", auth="on", project="p")
    assert (len(ims.images), ims.project) == (4, "p")
    assert ims.client.get("/v2/images").mimetype == "text/plain"
    assert ims.client.get("/v2/images", headers={"X-Auth-Token": ims.token}).status_code == 200


def test_images_are_independent_copies_as_stored(ims):
    created = datetime(2020, 1, 1, tzinfo=timezone.utc)
    added = ims.add({**CENTOS, "id": "d", "members": {"p": "accepted"}, "created_at": created})
    assert added in ims.images
    assert added["created_at"] == "2020-01-01T00:00:00Z"
    assert (added["tags"], added["members"], added["min_disk"]) == (["a=b"], {"p": "accepted"}, 40)
    assert None not in added.values()
    added["tags"].append("c")
    assert ims.images[-1]["tags"] == ["a=b"]


def test_added_images_get_a_new_id_and_the_current_time(ims):
    ims.clock.set("2030-01-01T00:00:00Z")
    first, second = ims.add(CENTOS), ims.add(CENTOS)
    assert first["id"] != second["id"]
    assert first["created_at"] == "2030-01-01T00:00:00Z"
    assert first["owner"] == ims.project
    assert names(ims) == ["CentOS 7.6", "CentOS 7.6", "a", "b", "c"]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ({"id": "a"}, "catalog: images[0].id: 'a' is also the id of an image of the catalog that is added to"),
        ({"min_disk": "x"}, "catalog: images[0].min_disk: 'x' is not a whole number of 64 bits"),
    ],
)
def test_invalid_image_is_rejected_in_the_words_of_check(ims, image, message):
    with pytest.raises(CatalogError) as rejected:
        ims.add(image)
    assert str(rejected.value) == message


def test_generated_images_depend_on_the_seed(ims):
    generated = ims.generate(3, seed=7, __platform="CentOS", __imagetype="gold")
    assert [image["__platform"] for image in generated] == ["CentOS"] * 3
    assert len(ims.images) == 6
    assert ims.generate(3, seed=7)[0]["id"] not in [image["id"] for image in generated]
    ims.reset()
    assert ims.generate(3, seed=7, __platform="CentOS", __imagetype="gold") == generated


def test_reset_restores_everything(ims):
    before = ims.images, ims.project
    credentials = {"tokens": [{"token": "t", "project": "p"}]}
    ims.load({"clock": "2030-01-01T00:00:00Z", "project": "p", "credentials": credentials})
    assert (ims.images, ims.project) == ([], "p")
    ims.faults.add(status=503)
    with pytest.raises(HTTPError):
        names(ims)
    ims.reset()
    assert (ims.images, ims.project) == before
    assert (len(ims.faults), len(ims.requests), ims.clock.now.year < 2030) == (0, 0, True)
    assert names(ims) == ["a", "b", "c"]


def test_begin_changes_options_until_the_next_begin(ims):
    ims.begin(auth="on")
    with pytest.raises(HTTPError, match="401"):
        names(ims)
    ims.reset()
    assert (len(ims.images), ims.client.get("/v2/images").status_code) == (3, 401)
    ims.begin("document-sample", profile="glance")
    assert (len(ims.images), ims.client.get("/v2/images").status_code) == (3, 200)
    assert ims.client.get("/v2/images?visibility=x").mimetype == "text/plain"
    ims.begin()
    assert names(ims) == ["a", "b", "c"]
    assert ims.client.get("/v2/images?visibility=x").mimetype == "application/json"


@pytest.mark.parametrize(("options", "error"), [({"catalog": "nosuch"}, CatalogError), ({"catalogs": "a"}, TypeError)])
def test_failed_begin_changes_nothing(ims, options, error):
    with pytest.raises(error):
        ims.begin(**options)
    assert names(ims) == ["a", "b", "c"]


def test_changed_catalog_file_is_loaded_for_other_options_only(make, tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text("images: [{id: a}]")
    ims = make(path)
    path.write_text("images: [{id: a}, {id: longer}]")
    ims.begin(seed=0)
    assert len(ims.images) == 2
    ims.begin()
    assert len(ims.images) == 1


def test_restore_returns_to_any_snapshot_until_the_next_begin(ims):
    first = ims.snapshot()
    ims.add(CENTOS)
    second = ims.snapshot()
    ims.load("empty")
    ims.restore(second)
    assert len(ims.images) == 4
    ims.restore(first)
    assert names(ims) == ["a", "b", "c"]
    ims.begin()
    with pytest.raises(ValueError, match=first):
        ims.restore(first)


def test_explanation_names_what_excludes_an_image(ims):
    ims.add({"id": "d", "name": "CentOS 7.6", "__platform": "Windows"})
    found = ims.explain("__platform=CentOS", image="d")
    assert (found.total, found.listed, found.image.listed) == (4, 0, False)
    [reason] = found.image.because
    assert reason.startswith("__platform is 'Windows'; required: __platform is 'CentOS'")
    lines = str(found).splitlines()
    assert lines[0] == "0 of 4 images are listed, sorted by created_at (latest first), then id (descending)"
    assert lines[-2:] == ["image d is not listed:", f"  {reason}"]
    unpaged = str(ims.explain("name=a&limit=0", image="a"))
    assert unpaged.endswith("position 0 (from 0), on no page because the limit is 0")
    assert ims.explain("name=CentOS 7.6&limit=1", image="d").image.page == 1
    assert ims.explain("architecture=x86", path="/v2/cloudimages").listed == 4
    assert (ims.explain().listed, ims.explain().image, len(ims.requests)) == (4, None, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "^Invalid limit 'x': it is not a whole number. Use a whole number from 0"),
        ({"profile": "glance"}, "^400 Bad Request limit param must be an integer$"),
        ({"findings": "strict"}, "^--findings strict rejects undocumented requests"),
    ],
)
def test_rejected_query_is_a_value_error_in_the_words_of_the_list(ims, options, message):
    ims.begin(**options)
    with pytest.raises(ValueError, match=message):
        ims.explain("limit=x")


def test_credentials_are_those_of_the_catalog_or_the_sandbox(make):
    token = {"tokens": [{"token": "t", "project": "p"}]}
    ims = make({"project": "p", "credentials": token}, auth="on")
    assert ims.client.get("/v2/images", headers={"X-Auth-Token": ims.token}).status_code == 200
    ims.begin(catalog={"project": "other", "credentials": token})
    is_sandbox = "sandboxes" in ims.url
    assert (bool(ims.token), bool(ims.access_key), bool(ims.secret_key)) == (is_sandbox,) * 3


def test_client_sends_any_request(ims):
    body = {"name": "镜像", "__os_version": "CentOS 7.6 64bit"}
    created = ims.client.post("/v2/images", json=body, headers={"X-Auth-Token": ims.token})
    assert (created.status_code, created.json["name"]) == (201, "镜像")
    assert ims.client.get("/v2/images/a%2Fb").status_code == 404
    query = {"name": "镜像", "status": "queued"}
    assert ims.client.get("/v2/images", query_string=query).json["images"] == [created.json]
    assert ims.client.get("/v2/images?name=镜像&status=queued").json["images"] == [created.json]
    assert ims.client.get("/v2/images?name=镜像&status=queued&owner=%2B").json["images"] == []
    assert len(ims.client.get("/v2/images").headers["X-Request-Id"]) == 32
    assert ims.client.delete(f"/v2/images/{created.json['id']}").status_code == 204
    assert ims.requests.matching("/v2/images", name="镜像")


def test_clock_is_set_and_advanced(ims):
    ims.clock.set("2030-01-01T00:00:00Z")
    ims.clock.advance(90)
    ims.clock.advance(timedelta(hours=1))
    assert ims.clock.now == datetime(2030, 1, 1, 1, 1, 30, tzinfo=timezone.utc)
    ims.clock.set(datetime(2031, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))))
    assert ims.clock.now == datetime(2031, 1, 1, tzinfo=timezone.utc)
    ims.clock.set(None)
    assert ims.clock.now < datetime(2100, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("mistake", "error", "message"),
    [
        (lambda ims: ims.load([{"name": "a"}]), TypeError, "a list is not a path, a bundled name or a mapping such as"),
        (lambda ims: ims.load(5), TypeError, "Invalid catalog: 5 is not a path"),
        (lambda ims: ims.begin(5), TypeError, "Invalid catalog: 5 is not a path"),
        (lambda ims: ims.begin(auth="yes"), ValueError, "Invalid auth 'yes'. Use 'off' or 'on'."),
        (lambda _: ImsMock(auth="yes"), ValueError, "Invalid auth 'yes'. Use 'off' or 'on'."),
        (lambda _: ImsMock(profile="real"), ValueError, "Invalid profile 'real'. Use 'documented' or 'glance'."),
        (lambda _: ImsMock(generate=-1), ValueError, "Invalid generate -1. Use a whole number from 0 to 10000000."),
        (lambda _: ImsMock(seed=True), ValueError, "Invalid seed True. Use a whole number from 0 to"),
        (lambda _: ImsMock(project=None), ValueError, "Invalid project None. Use a text."),
        (lambda ims: ims.add("x"), TypeError, """Invalid image 'x'. Use a mapping of attributes such as {"name": """),
        (lambda ims: ims.faults.add(statu=503), TypeError, "Faults.add() got an unexpected keyword argument 'statu'."),
        (lambda ims: ims.faults.add(status=7), ValueError, "Invalid effect.status: got 7."),
        (lambda ims: ims.faults.add(page=2), ValueError, "Invalid effect: it is empty."),
        (lambda ims: ims.clock.advance("PT1H"), TypeError, "Invalid duration 'PT1H'. Use a number of seconds or a"),
        (lambda ims: ims.clock.advance(float("nan")), TypeError, "Invalid duration nan. Use"),
        (lambda ims: ims.clock.advance(1e12), ValueError, "years 1 to 9999"),
        (lambda ims: ims.clock.set(5), ValueError, "Invalid time 5. Use a time such as 2030-01-01T00:00:00Z, a date"),
        (lambda ims: ims.clock.set("tomorrow"), ValueError, "Invalid time 'tomorrow'. Use a time such as"),
        (lambda ims: ims.clock.set(""), ValueError, "Invalid time ''. Use a time such as"),
        (lambda ims: ims.coverage.never("x"), ValueError, "Invalid group 'x'. Use endpoints, parameters, values"),
        (lambda ims: ims.coverage.covered([]), ValueError, "Invalid group a list. Use endpoints"),
        (lambda ims: ims.requests.matching(5), TypeError, "Invalid path 5. Use a text such as /v2/images."),
        (lambda ims: ims.assert_walked_everything(5), TypeError, "Invalid path 5. Use"),
        (lambda ims: ims.restore("x"), ValueError, "Invalid snapshot 'x'. Use a name that snapshot() has returned; "),
        (
            lambda ims: (ims.snapshot(), ims.restore("a?\n")),
            ValueError,
            "'a?\\n'. Use a name that snapshot() has returned: test-1",
        ),
    ],
)
def test_wrong_argument_is_reported_with_what_is_legal(ims, mistake, error, message):
    with pytest.raises(error) as raised:
        mistake(ims)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(ims.faults) == 0
