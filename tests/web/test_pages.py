"""The control page: what it shows, to whom, and that all of it is text. How it works is tested in a browser."""

import re
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import pytest
from helpers import in_process, make_app, send_json, shared_app

from ims_mock.web.app import app_for
from ims_mock.web.pages.journal import MAX_ROWS

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HOSTILE = "<script>alert(1)</script>\u202e\u200f&\"'"
HEADER = HOSTILE.encode().decode("latin-1")
RULE = {"match": {"path": HOSTILE}, "effect": {"delay": 0}}
IMAGE = {"id": "a", "name": "one", "owner": "p", "__os_version": "CentOS 7.3 64bit", "tags": ["x=y"]}
VIEWS = ("requests", "walks", "coverage", "faults", "clock-and-snapshots", "sandboxes")
PAGES = ("", *(f"pages/{view}" for view in VIEWS))


class Page(HTMLParser):
    """The text of a page, and what it loads and links."""

    def __init__(self, answer):
        super().__init__()
        self.shown, self.tags, self.links, self.raw = "", [], [], answer.text
        self.feed(answer.text)
        self.shown = " ".join(self.shown.split())

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src", "action")]
        self.shown += " ".join(f" {value}" for name, value in attributes if name == "title")

    def handle_data(self, data):
        self.shown += data


def page(ask, path="", /, **query):
    answer = ask(f"/_ims/{path}?{urlencode(query)}", HTML)
    assert answer.status == 200, answer.text
    return Page(answer)


def app_of(*images, **sections):
    return make_app({"project": "p", "images": images or [IMAGE], **sections})


def test_programs_get_links_and_browsers_a_page(ask):
    links = ask("/_ims/").json["links"]
    assert {"health", "catalog", "requests"} <= links.keys()
    for path in links.values():
        assert ask(path).status == 200
    assert ask("/_ims/", HTML).headers["Content-Type"] == "text/html; charset=utf-8"
    assert ask("/_ims/", HTML).headers["Vary"] == ask("/_ims/").headers["Vary"] == "Accept"


@pytest.mark.parametrize("path", [*PAGES, "pages/images/b5fb1e40-6497-446a-b12d-37032f007384"])
def test_pages_load_and_link_nothing_of_other_origins(ask, path):
    answer = ask(f"/_ims/{path}", HTML)
    assert answer.headers["Content-Security-Policy"] == "default-src 'self'"
    assert answer.headers["X-Frame-Options"] == "DENY"
    links = [link for link in Page(answer).links if link != "#main"]
    assert [link for link in links if not link.startswith("/_ims/")] == []
    assert {ask(link, HTML).status for link in links if "/static/" not in link} <= {200, 302}


def test_control_off_removes_the_page(emulator):
    assert in_process(app_for(emulator, has_control=False))("/_ims/", HTML).status == 404


@pytest.mark.parametrize("path", PAGES)
def test_a_read_only_server_offers_no_change(path):
    shown = page(in_process(shared_app("default", read_only="on")), path)
    assert "data-send" not in shown.raw
    assert "read-only" in shown.shown


def test_a_sandbox_has_the_page_under_its_own_url(ask):
    made = ask("/_ims/sandboxes", method="POST").json["id"]
    assert made in page(ask, "pages/sandboxes").shown
    root = f"/_ims/sandboxes/{made}/_ims/"
    ask(f"/_ims/sandboxes/{made}/v2/images?limit=7")
    shown = Page(ask(f"{root}pages/requests", HTML))
    assert f'data-control="{root}"' in shown.raw
    assert "/v2/images?limit=7" in shown.shown
    assert "limit=7" not in page(ask, "pages/requests").shown
    assert ask(f"{root}pages/sandboxes", HTML).status == 404
    assert "Control page of the server" in ask("/_ims/sandboxes/0123456789ab/_ims/", HTML).text


def test_the_list_is_that_of_the_service(ask):
    wanted = ask("/v2/images?__os_type=Linux&sort_key=name&limit=5").ids
    assert re.findall("<code><bdi>(.*?)</bdi>", page(ask, query="__os_type=Linux&sort_key=name&limit=5").raw) == wanted


@pytest.mark.parametrize("limit", [3, 25, 1000])
def test_links_lead_to_every_page(ask, limit):
    everything, target, seen = ask("/v2/images?limit=1000").ids, f"/_ims/?query=limit%3D{limit}", []
    while target:
        raw = ask(target, HTML).text
        seen += re.findall("<code><bdi>(.*?)</bdi>", raw)
        found = re.findall('<a href="([^"]+)">(First|Previous|Next|Last)</a>', raw.replace("&amp;", "&"))
        links = {title: link for link, title in found}
        assert ("Previous" in links) == (len(seen) > limit)
        target = links.get("Next")
    assert seen == everything


def test_the_fields_of_a_form_become_a_query(ask):
    answer = ask("/_ims/?fields=&__platform=CentOS&name=&tag=a&tag=b%3D1&as=*", HTML)
    location = "/_ims/?" + urlencode({"query": "__platform=CentOS&tag=a&tag=b%3D1", "as": "*"})
    assert (answer.status, answer.headers["Location"]) == (302, location)
    shown = page(ask, query="imagetype=gold")
    assert "undocumented-parameter" in shown.shown
    assert 'name="imagetype" value="gold"' in shown.raw


@pytest.mark.parametrize(
    "query", ["name=one", "?name=one", "/v2/images?name=one", "http://ims.test:9292/v2/images?name=one"]
)
def test_a_query_may_be_a_whole_url(query):
    assert "1 of 1 listed images" in page(in_process(app_of(IMAGE, {"name": "two"})), query=query).shown


def test_a_rejected_query_shows_the_error_of_the_service(ask, profile):
    shown, answer = page(ask, query="limit=x").shown, ask("/v2/images?limit=x")
    message = answer.json["error"]["message"] if profile == "documented" else "limit param must be an integer"
    assert "400" in shown
    assert message in shown


def test_a_list_is_that_of_a_caller():
    ask = in_process(app_of(IMAGE, {"name": "theirs", "owner": "q"}, projects=[{"id": "q"}]))
    for caller, names in {"": ["one"], "p": ["one"], "q": ["theirs"], "*": ["one", "theirs"]}.items():
        shown = page(ask, **{"as": caller})
        assert sorted(re.findall("<bdi>(one|theirs)</bdi></a>", shown.raw)) == names
    assert "curl -s http://localhost/v2/images -H &#39;X-Project-Id: q&#39;" in page(ask, **{"as": "q"}).raw
    assert "$TOKEN" in page(ask, **{"as": "*"}).raw


def test_requests_are_filtered_and_revisions_repeated(ask):
    for target in ("/v2/images?limit=1", "/v2/images?limit=x", "/v2/images/nothing", "/versions"):
        ask(target)
    assert re.findall('id="request-(.)"', page(ask, "pages/requests").raw) == ["4", "3", "2", "1"]
    assert re.findall('id="request-(.)"', page(ask, "pages/requests", path="images", status="4xx").raw) == ["3", "2"]
    assert re.findall('id="request-(.)"', page(ask, "pages/requests", status="404").raw) == ["3"]
    assert ask("/_ims/pages/requests?before=x", HTML).status == 400
    etag = ask("/_ims/pages/requests", HTML).headers["ETag"]
    assert ask("/_ims/pages/requests", {**HTML, "If-None-Match": etag}).status == 304
    ask("/_ims/requests", method="DELETE")
    assert ask("/_ims/pages/requests", {**HTML, "If-None-Match": etag}).status == 200


def test_older_requests_are_on_other_pages(ask):
    for number in range(MAX_ROWS + 1):
        ask(f"/v2/images?limit={number}")
    shown = page(ask, "pages/requests")
    assert 'id="request-1"' not in shown.raw
    older = next(link for link in shown.links if "before=2" in link)
    assert re.findall('id="request-(.+)"', ask(older, HTML).text) == ["1"]


def changed(ask, path, value, method="POST"):
    assert send_json(ask, method, f"/_ims/{path}", value).status < 300


PLACES = {
    "a name in the list": ({"name": HOSTILE}, "", None),
    "a version in the list": ({"__os_version": HOSTILE}, "", None),
    "a name": ({"name": HOSTILE}, "pages/images/a", None),
    "a description": ({"__description": HOSTILE}, "pages/images/a", None),
    "a property": ({"colour": HOSTILE}, "pages/images/a", None),
    "the name of a property": ({HOSTILE: "x"}, "pages/images/a", None),
    "a tag": ({"tags": [HOSTILE]}, "pages/images/a", None),
    "a member": ({"members": {HOSTILE: "accepted"}}, "pages/images/a", None),
    "an owner": ({"owner": HOSTILE}, "pages/images/a", None),
    "a finding about a query": ({}, f"?query={quote(f'{quote(HOSTILE)}=x')}", None),
    "a path": ({}, "pages/requests", lambda ask: ask(f"/v2/images/{quote(HOSTILE)}")),
    "a finding": ({}, "pages/requests", lambda ask: ask(f"/v2/images?{quote(HOSTILE)}=x")),
    "an error": ({}, "pages/requests", lambda ask: ask(f"/v2/images?marker={quote(HOSTILE)}")),
    "a project": ({}, "pages/requests", lambda ask: ask("/v2/images", {"X-Project-Id": HEADER})),
    "a header": ({}, "pages/requests", lambda ask: ask("/v2/images", {"User-Agent": HEADER})),
    "a walk": ({}, "pages/walks", lambda ask: ask(f"/v2/images?name={quote(HOSTILE)}")),
    "a snapshot": ({}, "pages/clock-and-snapshots", lambda ask: changed(ask, "snapshots", {"name": HOSTILE})),
    "a rule": ({}, "pages/faults", lambda ask: changed(ask, "faults", RULE)),
    "an error of a page": ({}, f"pages/images/{quote(HOSTILE)}", None),
}  # fmt: skip


@pytest.mark.parametrize(("image", "path", "change"), PLACES.values(), ids=PLACES)
def test_hostile_text_is_shown_as_text(image, path, change):
    ask = in_process(make_app({"project": "p", "images": [IMAGE | image]}))
    if change:
        change(ask)
    shown = Page(ask(f"/_ims/{path}", HTML))
    assert shown.tags.count("script") == 1
    assert not {"\u202e", "\u200f"} & set(shown.shown)
    assert "<script>alert(1)</script>" in shown.shown
    assert "\\u202e" in shown.shown or "%E2%80%AE" in shown.shown
