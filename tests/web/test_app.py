"""The Python door: one call gives a WSGI application."""

import pytest
from helpers import in_process

import ims_mock
from ims_mock.loading.sources import CatalogError


def test_one_call_gives_an_application():
    """Catalogs, generated images, profile and project are arguments."""
    ask = in_process(ims_mock.create_app(["empty", {"images": [{"id": "a", "owner": "p"}]}], generate=3, project="p"))
    assert "a" in ask("/v2/images").ids
    assert ask("/_ims/health").json["images"] == 4


def test_profile_and_auth_are_arguments():
    """As on the command line."""
    ask = in_process(ims_mock.create_app(profile="glance", auth="on"))
    answer = ask("/v2/images")
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (401, "text/plain")


def test_it_works_with_the_fixtures_of_pytest_flask(client):
    """An ordinary Flask application: its test client asks it, and JSON comes back."""
    answer = client.get("/v2/images", query_string={"__platform": "Red Hat", "limit": 1})
    assert answer.status_code == 200
    assert [image["__platform"] for image in answer.json["images"]] == ["Red Hat"]


def test_requests_share_nothing_in_a_context_that_outlives_them(client):
    """pytest-flask holds an application context through the whole test; each request is judged by itself."""
    answers = [client.get("/v3/auth/projects", headers={"X-Project-Id": project}) for project in ("a", "b")]
    assert [answer.json["projects"][0]["id"] for answer in answers] == ["a", "b"]
    assert answers[0].headers["X-Request-Id"] != answers[1].headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"catalog": "defualt"}, CatalogError, "did you mean default?"),
        ({"profile": "real"}, ValueError, "legal are documented and glance"),
        ({"throttle": "5/0"}, ValueError, "legal is REQUESTS/SECONDS"),
        ({"forwarded": "yes"}, ValueError, "Invalid forwarded 'yes'. Use 'off' or 'on'."),
        ({"read_only": "yes"}, ValueError, "Invalid read_only 'yes'. Use 'off' or 'on'."),
        ({"auth": "yes"}, ValueError, "Use 'off' or 'on'."),
    ],
)
def test_wrong_arguments_are_named(options, error, words):
    """With what is legal."""
    with pytest.raises(error) as refused:
        ims_mock.create_app(**options)
    assert words in str(refused.value)


def test_the_package_offers_no_more_than_it_says():
    """A slip is an AttributeError, as in any module."""
    with pytest.raises(AttributeError, match="no attribute 'create_ap'"):
        ims_mock.create_ap  # noqa: B018


def test_a_project_asked_for_owns_nothing_of_a_catalog_that_names_its_own():
    """It is whose eyes a caller has: the same as naming it in the header."""
    catalog = {"project": "own", "images": [{"id": "a"}, {"id": "b", "owner": "other"}]}
    by_option = in_process(ims_mock.create_app(catalog, project="other"))("/v2/images")
    by_header = in_process(ims_mock.create_app(catalog))("/v2/images", {"X-Project-Id": "other"})
    assert by_option.ids == by_header.ids == ["b"]


def test_a_wrong_catalog_is_refused_before_anything_is_generated():
    """Its problems do not wait for the ten million images that are asked for besides."""
    with pytest.raises(CatalogError, match="min_disk"):
        ims_mock.create_app({"images": [{"min_disk": "x"}]}, generate=10_000_000)
