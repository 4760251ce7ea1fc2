"""The routes of the application: what the framework does with those that are compiled at once, these do as well."""

import re

import pytest
from conftest import make_app
from flask import url_for
from werkzeug.exceptions import NotFound
from werkzeug.routing import BuildError, Map, Rule

from ims_mock.web.routes import Route

PATHS = ("/", "/v2/images", "/v2/images/<image_id>", "/<path:rest>/file", "/v2/<any(a, b):one>/x", "/ä/<int:number>")
NAMED = {path: re.findall(r"(\w+)>", path) for path in PATHS}
VALUES = {"image_id": "a b/ä", "rest": "x/y z", "one": "b", "number": 7, "further": "1 &2"}


def bound(made_of):
    """Make a map of all paths."""
    return Map([made_of(path, endpoint=path) for path in PATHS], strict_slashes=True).bind("host")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("more", [(), ("further",)])
def test_a_url_is_built_as_by_the_framework(path, more):
    """Also one with values that the path does not have, which become its query."""
    values = VALUES if not more else {name: value for name, value in VALUES.items() if name in (*more, *NAMED[path])}
    urls = [bound(made_of).build(path, values, append_unknown=bool(more)) for made_of in (Route, Rule)]
    assert urls[0] == urls[1]
    assert bool(more) == ("further" in urls[0])


def test_a_url_is_compiled_when_it_is_first_built(monkeypatch):
    """And not once more; the framework still asks for it where it did."""
    asked, compile_builder = [], Rule._compile_builder
    monkeypatch.setattr(Rule, "_compile_builder", lambda *given: asked.append(given) or compile_builder(*given))
    routes = bound(Route)
    assert not asked
    for _ in range(3):
        assert routes.build("/v2/images/<image_id>", {"image_id": "a"}) == "/v2/images/a"
    assert len(asked) == 1


def test_what_lacks_a_value_is_not_built():
    """A URL has all that its path names."""
    with pytest.raises(BuildError):
        bound(Route).build("/v2/images/<image_id>", {})


@pytest.mark.parametrize(
    "url", ["/", "/v2/images", "/v2/images/1", "/x/y/file", "/v2/b/x", "/ä/7", "/v2/images/", "/z"]
)
def test_a_url_is_matched_as_by_the_framework(url):
    """With the same values, or not at all."""

    def matched(made_of):
        try:
            return bound(made_of).match(url)
        except NotFound:
            return None

    assert matched(Route) == matched(Rule)


def test_the_application_builds_urls():
    """For whoever has a context of it, as suites with pytest-flask have."""
    with make_app("empty").test_request_context():
        assert url_for("images.show_image", image_id="a", limit=1) == "/v2/images/a?limit=1"
