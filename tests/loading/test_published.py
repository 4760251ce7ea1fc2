"""Published responses as catalogs: what the service, Glance and the emulator itself show loads as the same images."""

import json
from pathlib import Path

import pytest
from helpers import in_process, make_app

from ims_mock import ImsMock
from ims_mock.contract.fields import FIELDS
from ims_mock.contract.profiles import DOCUMENTED
from ims_mock.emulator import count_listed
from ims_mock.loading.loader import load
from ims_mock.loading.sources import CatalogError

PUBLISHED = Path(__file__).parents[1] / "data" / "published"
FILES = sorted(path.name for path in PUBLISHED.iterdir())
ONLY_NEWER = {field.name for field in FIELDS if not field.in_images}
ONLY_OLDER = {field.name for field in FIELDS if not field.in_cloudimages}
JSON = {"Content-Type": "application/json"}
QUEENS = {"X-Api-Version": "Q"}
A, B, C = "a" * 32, "b" * 32, "c" * 32


def published(name):
    content = json.loads((PUBLISHED / name).read_text(encoding="utf-8"))
    return content.get("images", [content])


def warnings(*sources, **options):
    return [f"{one.path}: {one.message}" for one in load(sources, **options).warnings]


def image(name="1", **values):
    path = f"/v2/images/{name}"
    links = {"self": path, "file": f"{path}/file", "schema": "/v2/schemas/image"}
    return {"id": name, "visibility": "private", "owner": A, "status": "active", **links, **values}


def without(shown, hidden=frozenset()):
    return {name: value for name, value in shown.items() if value is not None and name not in hidden}


def by_id(images):
    return {one["id"]: json.dumps(one, sort_keys=True) for one in images}  # in Python, 0 is False


@pytest.mark.parametrize("name", FILES)
def test_published_response_is_shown_as_it_was_published(name):
    profile = "glance" if name.startswith("glance") else "documented"
    ask = in_process(make_app(str(PUBLISHED / name), profile=profile))
    for path, hidden in (("/v2/images", ONLY_NEWER), ("/v2/cloudimages", ONLY_OLDER)):
        shown = ask(path, QUEENS).json["images"]
        # Glance does not know whether an image is registered, and the service lists registered images only
        expected = [{"__isregistered": "true", **one} for one in published(name)]
        assert by_id(without(one) for one in shown) == by_id(without(one, hidden) for one in expected)


@pytest.mark.parametrize("name", FILES)
def test_published_response_loads_without_warnings_but_those_about_owners_and_pages(name):
    expected = ("its owner sees it is unknown", "leads to more images")
    assert [line for line in warnings(str(PUBLISHED / name)) if not any(text in line for text in expected)] == []


def test_values_that_the_service_shows_are_no_warning():
    shown = {"min_disk": 0, "locations": [], "os_version": "7", "__is_offshelved": "true", "__platform": "New"}
    assert warnings({"images": [image(**shown)]}) == []
    assert len(warnings({"project": A, "images": [{"id": "1", **shown}]})) == 5


# --- the emulator's own responses


def put(app, body):
    answer = in_process(app)("/_ims/catalog", JSON, "PUT", body)
    assert answer.status == 200, answer.text
    return answer.json


CUSTOM = {
    "project": A,
    "images": [
        {"id": "public", "__imagetype": "gold"},
        {"id": "own", "free": [1, {"a": False}], "__system_support_market": False},
        {"id": "shared-by-b", "owner": B, "members": {A: "accepted"}},
        {"id": "shared-by-c", "owner": C, "visibility": "shared", "members": {A: "accepted", B: "accepted"}},
        {"id": "own-shared", "visibility": "shared", "members": {B: "accepted"}},
        {"id": "bare", "created_at": None, "disk_format": None, "__imagetype": None, "min_disk": None},
        {"id": "pending", "owner": B, "members": {A: "pending"}},
        {"id": "theirs", "owner": B},
    ],
    "generate": [{"count": 300, "seed": 5}],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "headers"),
    [
        *(("/v2/images", headers) for headers in ({}, {"X-Project-Id": B}, {"X-Project-Id": C})),
        *((f"{path}?limit=1000", headers) for path in ("/v2/images", "/v2/cloudimages") for headers in ({}, QUEENS)),
    ],
    ids=str,
)
@pytest.mark.parametrize("profile", ["documented", "glance"])
@pytest.mark.parametrize("source", [CUSTOM, "default", "document-sample", "edge-cases", "empty"], ids=str)
def test_own_list_loads_as_the_same_list_for_the_same_caller(source, profile, path, headers):
    app = make_app(source, profile=profile)
    ask = in_process(app)
    before = ask(path, headers)
    assert put(app, before.body)["images"] == len(before.ids)
    after = ask(path, headers)
    assert after.ids == before.ids
    registered = [{"__isregistered": "true", **one} for one in before.json["images"]]
    assert after.json["images"] == registered


@pytest.mark.slow
@pytest.mark.parametrize("headers", [{}, QUEENS], ids=["mitaka", "queens"])
@pytest.mark.parametrize("profiles", [("documented", "glance"), ("glance", "documented")], ids=str)
@pytest.mark.parametrize("source", [CUSTOM, "default", "document-sample", "edge-cases"], ids=str)
def test_own_list_loads_as_the_same_images_in_the_other_profile(source, profiles, headers):
    apps = [make_app(source, profile=profile) for profile in profiles]
    before = in_process(apps[0])("/v2/images?limit=1000", headers)
    put(apps[1], before.body)
    unregistered = {one["id"] for one in before.json["images"] if one.get("__isregistered") == "false"}
    expected = [one for one in before.ids if profiles[1] == "glance" or one not in unregistered]
    assert in_process(apps[1])("/v2/images?limit=1000", headers).ids == expected


@pytest.mark.parametrize("name", ["public", "own", "shared-by-b", "own-shared", "bare"])
@pytest.mark.parametrize("profile", ["documented", "glance"])
def test_own_single_image_loads_as_the_same_image(name, profile):
    app = make_app(CUSTOM, profile=profile)
    ask = in_process(app)
    shown = ask(f"/v2/images/{name}")
    put(app, shown.body)
    assert ask("/v2/images").ids == [name]
    assert ask(f"/v2/images/{name}").json == {"__isregistered": "true", **shown.json}


def test_saved_pages_load_from_a_folder(tmp_path):
    ask = in_process(make_app("default"))
    whole, target, page = ask("/v2/images?limit=1000").ids, "/v2/images?limit=20", 0
    while target:
        page += 1
        answer = ask(target)
        (tmp_path / f"{page}.json").write_bytes(answer.body)
        target = answer.json.get("next")
    assert page == 3
    assert [line for line in warnings(str(tmp_path)) if "more images" in line] == []
    for path in (tmp_path / "1.json", tmp_path / "2.json"):
        assert [line for line in warnings(str(path)) if "more images" in line] == [
            "next: leads to more images; save the list with limit=1000, or load all of its pages together"
        ]
    assert in_process(make_app(str(tmp_path)))("/v2/images?limit=1000").ids == whole


# --- what is computed


@pytest.mark.parametrize(
    ("given", "warned"),
    [
        (image(self="/v2/images/2"), ["self: '/v2/images/2' is ignored; it is computed, as /v2/images/1"]),
        (image(schema=5), ["schema: 5 is ignored; it is computed, as /v2/schemas/image"]),
        (image(self=None, file=None, schema=None), []),
        ({"self": "/v2/images/1"}, ["self: '/v2/images/1' is ignored; it is computed from the id"]),
    ],
)
def test_link_that_does_not_fit_its_image_is_dropped_with_a_warning(given, warned):
    catalog = {"images": [given]}
    assert [line for line in warnings(catalog) if ".owner: " not in line] == [f"images[0].{line}" for line in warned]
    (loaded,) = load([catalog]).catalog
    assert loaded.as_json()["self"] == f"/v2/images/{loaded.id}"
    assert loaded.id == "1" or "id" not in given


@pytest.mark.parametrize(
    ("envelope", "warned"),
    [
        ({"first": "/v2/images", "schema": "/v2/schemas/images"}, []),
        ({"first": "/v2/cloudimages?limit=2", "next": "/v2/cloudimages?marker=2&limit=2", "links": []}, ["next"]),
        ({"first": None, "next": None, "schema": None, "links": {"x": 1}, "page_info": {"next_marker": "2"}}, []),
        ({"next": "/v2/images?marker=1"}, ["next"]),
        ({"next": "/v2/images"}, ["next"]),
        ({"first": "/v2/images?marker=1", "schema": "/v2/schemas/image"}, ["schema", "first"]),
        ({"first": "http://[", "schema": [1]}, ["schema", "first"]),
    ],
)
def test_key_of_a_published_list_is_dropped_with_a_warning_if_it_does_not_fit(envelope, warned):
    catalog = {"images": [image("1"), image("2")], **envelope}
    assert [line.partition(":")[0] for line in warnings(catalog)] == warned
    assert len(load([catalog]).catalog) == 2


@pytest.mark.parametrize(
    ("catalog", "message"),
    [
        ({"defaults": {"self": "/v2/images/1"}}, "defaults.self: is computed from the id and cannot be set"),
        ({"generate": [{"count": 1, "set": {"self": "x"}}]}, "set.self: is computed from the id and cannot be set"),
        *(({key: "x"}, f"{key}: is not a key of this section") for key in ("first", "next", "links", "schema")),
        ({"id": "1", "images": []}, "id: is not a key of this section"),
    ],
)
def test_key_of_a_response_is_an_error_elsewhere(catalog, message):
    with pytest.raises(CatalogError, match=message):
        load([catalog])


def test_warnings_do_not_stop_a_catalog_from_generating_images():
    assert len(load([{"images": [image(self="x")], "generate": [{"count": 2}]}], generate=3).catalog) == 6


def test_problems_of_a_single_image_have_its_own_paths_and_lines(tmp_path):
    file = tmp_path / "image.json"
    file.write_text('{"id": "1",\n"self": "/v2/images/2",\n"min_disk": "many",\n"tags": [1,\n[]]}')
    with pytest.raises(CatalogError) as caught:
        load([str(file)])
    assert sorted((one.line, one.path) for one in caught.value.problems) == [(2, "self"), (3, "min_disk"), (4, "tags")]


# --- defaults and projects


@pytest.mark.parametrize(
    "changes",
    [{"status": None}, {"self": "/v2/images/2"}, {"self": None}, {"file": None, "schema": "garbage"}],
    ids=str,
)
def test_image_is_complete_only_with_a_status_and_two_links_that_fit(changes):
    given = without({**image(), **changes})
    (only,) = load([{"images": [given]}]).catalog
    assert (only.get("disk_format"), only.get("status")) == ("zvhd2", "active")
    (complete,) = load([{"images": [without({**image(), "schema": None})]}]).catalog
    assert complete.get("disk_format") is None


@pytest.mark.parametrize(
    "catalog", [{"id": "q", "self": "/v2/images/q"}, {"images": [{"name": "a", "schema": "garbage"}]}], ids=str
)
def test_link_alone_hides_no_image(catalog):
    assert count_listed(load([catalog]), DOCUMENTED) == 1


def test_image_with_links_has_no_defaults_but_those_of_its_file():
    (only,) = load([{"images": [image()], "defaults": {"min_disk": 50}}]).catalog
    written = {"id": "1", "visibility": "private", "owner": A, "status": "active", "__isregistered": "true"}
    assert dict(only.values) == written | {"min_disk": 50}


def test_image_without_links_has_defaults():
    one = {"id": "1", "owner": A}
    for catalog in (one, {"images": [one], "schema": "/v2/schemas/images"}):
        (only,) = load([catalog]).catalog
        assert (only.visibility, only.get("disk_format"), only.get("min_disk")) == ("private", "zvhd2", 40)


@pytest.mark.parametrize("envelope", [{"first": "/v2/images"}, {"links": []}], ids=str)
def test_shared_image_of_a_list_needs_no_links(envelope):
    images = [{"id": "1", "visibility": "private", "owner": A}, {"id": "2", "visibility": "shared", "owner": B}]
    loaded = load([{"images": images, **envelope}])
    assert loaded.catalog.get("2").members.keys() == {A}
    assert load([{"images": images}]).catalog.get("2").members == {}


@pytest.mark.parametrize(
    ("images", "sections", "options", "project"),
    [
        ([image("1"), image("2", owner=B, visibility="shared")], {}, {}, A),
        ([image("1"), image("2", owner=B, __imagetype="shared")], {}, {"shown_to": C}, A),
        ([image("1"), image("2", owner=B)], {}, {"shown_to": C}, C),
        ([image("1"), image("2", owner=B)], {"project": B}, {"shown_to": C}, B),
        ([image("1")], {}, {"project": C}, C),
        ([image("1", visibility="public")], {}, {"shown_to": C}, C),
        ([{"id": "1"}], {}, {"shown_to": C}, load([{}]).credentials.default_project),
    ],
)
def test_project_of_a_published_response_is_the_only_owner_of_private_images(images, sections, options, project):
    loaded = load([{"images": images, **sections}], **options)
    assert loaded.credentials.default_project == project


@pytest.mark.parametrize("shown", [{"visibility": "shared"}, {"__imagetype": "shared"}, {"visibility": "private"}])
def test_image_of_another_project_is_shared_with_the_catalogs_project(shown):
    catalog = {"project": B, "images": [image(**shown)]}
    (only,) = load([catalog]).catalog
    assert {name: member.status for name, member in only.members.items()} == {B: "accepted"}
    assert only.visibility == "shared"
    assert warnings(catalog) == [
        f"images[0].visibility: is loaded as shared by {A} with {B}, which is assumed; how its owner sees it is"
        f" unknown; if an admin read the response, name its members, or write project: {A}"
    ]


def test_members_of_an_own_shared_image_are_unknown():
    catalog = {"project": A, "images": [image(visibility="shared")]}
    assert warnings(catalog) == ["images[0].visibility: its members are unknown; name them as members"]
    catalog["images"][0]["members"] = {B: "pending"}
    assert warnings(catalog) == []


# --- wherever a catalog is accepted


@pytest.mark.parametrize("name", FILES)
def test_published_response_loads_wherever_a_catalog_is_accepted(name):
    wanted = sorted(one["id"] for one in published(name))
    content = json.loads((PUBLISHED / name).read_text(encoding="utf-8"))
    with ImsMock(str(PUBLISHED / name)) as first, ImsMock("empty", url=first.url) as remote, ImsMock(content) as ims:
        assert sorted(one["id"] for one in ims.images) == sorted(one["id"] for one in first.images) == wanted
        for mock in (ims, remote):
            mock.load(content)
            assert sorted(one["id"] for one in mock.images) == wanted
        remote.load("empty")
        answer = remote.client.patch("/_ims/catalog", json=content)
        assert (answer.status_code, answer.json["images"]) == (200, len(wanted))


def test_shown_image_is_put_and_added():
    with ImsMock("empty") as ims:
        shown = ims.add({"name": "first"}) and ims.client.get("/v2/images").json["images"][0]
        ims.load("empty")
        assert ims.add(shown)["name"] == "first"
        path = f"/_ims/images/{shown['id']}"
        assert ims.client.put(path, json={**shown, "name": "second"}).json["name"] == "second"
        assert ims.client.get("/v2/images").json["images"] == [{**shown, "name": "second"}]
        ims.load("empty")
        ims.faults.add(catalog={"add": shown})
        assert ims.client.get("/v2/images").json["images"] == [shown]


def test_image_that_another_project_shares_is_added_by_a_fault_as_shared():
    with ImsMock({"project": B}) as ims:
        ims.faults.add(catalog={"add": image(visibility="shared")})
        (shown,) = ims.client.get("/v2/images", headers=QUEENS).json["images"]
        assert (shown["visibility"], shown["owner"]) == ("shared", A)
