"""The control page: what it shows, to whom, and that all of it is text. How it works is tested in a browser."""

import io
import re
import shutil
import subprocess
from contextlib import redirect_stdout
from html import unescape
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import pytest
from helpers import in_process, make_app, over_socket, send_json, shared_app

from ims_mock.catalog.cloudimages import CLOUDIMAGES, IMAGES
from ims_mock.contract.parameters import PARAMETERS
from ims_mock.web.pages.images import sdk_request
from ims_mock.web.pages.state import MAX_ROWS

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HOSTILE = "<script>alert(1)</script>\u202e\u200f&\"'"
HEADER = HOSTILE.encode().decode("latin-1")
RULE = {"match": {"path": HOSTILE}, "effect": {"delay": 0}}
IMAGE = {"id": "a", "name": "one", "owner": "p"}
STATE = "pages/clock-and-snapshots"
PAGES = ("", "pages/requests", "pages/walks", "pages/coverage", "pages/faults", STATE, "pages/sandboxes")
ID = "<code><bdi>(.*?)</bdi>"


class Page(HTMLParser):
    """The source of a page, its text, its tags and its links."""

    def __init__(self, ask, page="", /, **query):
        super().__init__()
        self.source = ask(f"/_ims/{page}{'?' if query else ''}{urlencode(query)}", HTML).text
        self.text, self.tags, self.links = "", [], []
        self.feed(self.source)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        links = [value for name, value in attributes if name in ("href", "src", "action") and value != "#main"]
        self.links += links

    def handle_data(self, data):
        self.text += data

    def found(self, pattern):
        return re.findall(pattern, self.source)


def test_programs_get_links_and_browsers_a_page(ask):
    links = ask("/_ims/").json["links"]
    assert {"health", "catalog", "requests", "explain"} <= links.keys()
    assert {ask(path).status for path in links.values()} == {200}
    page = ask("/_ims/", HTML)
    assert ask("/_ims", HTML).body == page.body
    assert (page.headers["Content-Type"], page.headers["Vary"]) == ("text/html; charset=utf-8", "Accept")


@pytest.mark.parametrize("path", [*PAGES, "pages/images/b5fb1e40-6497-446a-b12d-37032f007384"])
def test_pages_load_and_link_nothing_of_other_origins(ask, path):
    headers = ask(f"/_ims/{path}", HTML).headers
    assert (headers["Content-Security-Policy"], headers["X-Frame-Options"]) == ("default-src 'self'", "DENY")
    links = Page(ask, path).links
    assert [link for link in links if not link.startswith("/_ims/")] == []
    assert {ask(link, HTML).status for link in links if "/static/" not in link} == {200}


@pytest.mark.parametrize("path", PAGES)
def test_a_read_only_server_offers_no_change(path):
    page = Page(in_process(shared_app("default", read_only="on")), path)
    assert "data-send" not in page.source
    assert "read-only" in page.text


def test_a_sandbox_has_the_page_under_its_own_url(ask):
    made = ask("/_ims/sandboxes", method="POST").json["id"]
    assert made in Page(ask, "pages/sandboxes").text
    ask(f"/_ims/sandboxes/{made}/v2/images?limit=7")
    page = Page(ask, f"sandboxes/{made}/_ims/pages/requests")
    assert f'data-control="/_ims/sandboxes/{made}/_ims/"' in page.source
    assert "/v2/images?limit=7" in page.text
    assert "limit=7" not in Page(ask, "pages/requests").text
    assert ask(f"/_ims/sandboxes/{made}/_ims/pages/sandboxes", HTML).status == 404
    assert "Control page of the server" in Page(ask, "sandboxes/0123456789ab/_ims/").text


@pytest.mark.parametrize("query", ["limit=3", "limit=1000", "limit=7&__os_type=Linux&sort_key=name"])
def test_links_lead_to_every_page_and_back(ask, query):
    everything = ask(f"/v2/images?{query.partition('&')[2]}&limit=1000").ids
    pages, links, target = [], [], f"?query={quote(query)}"
    while target:
        page = Page(ask, target)
        found = page.found('<a href="/_ims/([^"]+)">(First|Previous|Next|Last)</a>')
        pages.append(page.found(ID))
        links.append({title: Page(ask, unescape(link)).found(ID) for link, title in found})
        target = next((unescape(link) for link, title in found if title == "Next"), "")
    assert [image for page in pages for image in page] == everything
    for index, found in enumerate(links):
        before = {"First": pages[0], "Previous": pages[index - 1]} if index else {}
        after = {"Next": pages[index + 1], "Last": pages[-1]} if index + 1 < len(pages) else {}
        assert found == before | after


def test_the_fields_of_a_form_become_a_query(ask):
    answer = ask("/_ims/?fields=&__platform=CentOS&name=&tag=a&tag=b%3D1&as=*", HTML)
    location = "/_ims/?" + urlencode({"query": "__platform=CentOS&tag=a&tag=b%3D1", "as": "*"})
    assert (answer.status, answer.headers["Location"]) == (302, location)


def test_a_rejected_query_shows_the_error_of_the_service(ask, profile):
    message = {"glance": "limit param must be an integer", "documented": "Invalid limit 'x': it is not a whole number."}
    assert message[profile] in Page(ask, query="limit=x").text


def test_a_list_is_that_of_a_caller():
    images, projects = [IMAGE, {"name": "theirs", "owner": "q"}], [{"id": "q"}]
    ask = in_process(make_app({"project": "p", "images": images, "projects": projects}))
    for caller, names in {"": ["one"], "p": ["one"], "q": ["theirs"], "*": ["one", "theirs"]}.items():
        assert sorted(Page(ask, **{"as": caller}).found("<bdi>(one|theirs)</bdi></a>")) == names
    assert "curl -s http://localhost/v2/images -H 'X-Project-Id: q'" in Page(ask, **{"as": "q"}).text
    assert 'curl -s http://localhost/v2/images -H "X-Auth-Token: $TOKEN"' in Page(ask, **{"as": "*"}).text


@pytest.mark.clients
@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("path", ["/v2/images", "/v2/cloudimages"])
@pytest.mark.parametrize(
    "query", ["limit=3", "__platform=Red+Hat&protected=true&min_disk=40", "name=%E7%BD%91", "tag=x'y"]
)
def test_the_shown_program_and_command_list_the_shown_images(path, query):
    pytest.importorskip("huaweicloudsdkims")
    with over_socket(shared_app("default")) as ask:
        page, output = Page(ask, path=path, query=query), io.StringIO()
        _, curl, program = (unescape(one) for one in re.findall("<pre.*?><code>(.*?)</code>", page.source, re.DOTALL))
        with redirect_stdout(output):
            exec(program, {})
        answer = subprocess.run(["sh", "-c", curl], capture_output=True, check=True, text=True).stdout
    assert eval(output.getvalue()) == page.found(ID) == re.findall('"id": "(.*?)"', answer)


@pytest.mark.parametrize(("listing", "name"), [(IMAGES, "GlanceListImagesRequest"), (CLOUDIMAGES, "ListImagesRequest")])
def test_programs_have_the_parameters_of_the_sdk(listing, name):
    request = getattr(pytest.importorskip("huaweicloudsdkims.v2"), name)
    names = [one.name for one in (*PARAMETERS, *listing.extras)]
    sent = sdk_request(listing, "&".join(f"{one}=1" for one in dict.fromkeys(names)))
    assert sent["request"] == name
    assert {one.partition("=")[0] for one in sent["arguments"]} <= request.attribute_map.keys()
    assert not {one.partition("=")[0] for one in sent["missing"]} & set(request.attribute_map.values())


def test_requests_are_filtered_and_paged_and_revisions_are_not_sent_again(ask):
    for target in ("/v2/images?limit=1", "/v2/images?limit=x", "/v2/images/nothing", "/versions"):
        ask(target)
    for query, numbers in {"": "4321", "path=images&status=4xx": "32", "status=404": "3", "before=3": "21"}.items():
        assert Page(ask, f"pages/requests?{query}").found('id="request-(.)"') == [*numbers]
    assert {ask(f"/_ims/{wrong}", HTML).status for wrong in ("pages/requests?before=x", "?path=/v3")} == {400}
    known = {**HTML, "If-None-Match": ask("/_ims/pages/requests", HTML).headers["ETag"]}
    assert ask("/_ims/pages/requests", known).status == 304
    ask("/_ims/requests", method="DELETE")
    assert ask("/_ims/pages/requests", known).status == 200
    for number in range(MAX_ROWS + 1):
        ask(f"/v2/images?limit={number}")
    (older,) = [link for link in Page(ask, "pages/requests").links if link.endswith("before=2")]
    assert Page(ask, older.removeprefix("/_ims/")).found('id="request-(.+)"') == ["1"]


def test_a_page_without_news_is_not_logged(ask, caplog):
    caplog.set_level("INFO", "ims_mock")
    for path in ("requests", "walks", "coverage", "faults"):
        etag = ask(f"/_ims/pages/{path}", HTML).headers["ETag"]
        assert (ask(f"/_ims/pages/{path}", {"If-None-Match": etag}).status, len(caplog.records)) == (304, 1)
        caplog.clear()


HOSTILE_IMAGE = IMAGE | {
    **dict.fromkeys(("name", "__os_version", "__description", "owner", "colour", HOSTILE), HOSTILE),
    "tags": [HOSTILE],
    "members": {HOSTILE: "accepted"},
}
PLACES = {
    "?as=*": 2,  # name and version in the list
    f"?query={quote(f'name={quote(HOSTILE)}&{quote(HOSTILE)}=x')}&image={quote(HOSTILE)}": 7,  # conditions, finding, id
    "pages/images/a": 13,  # title, heading, attributes, the name of one, a tag, callers, a member
    "pages/requests": 14,  # a path, a finding, an error, a project, a header
    "pages/walks": 6,
    STATE: 1,
    "pages/faults": 1,
    f"pages/images/{quote(HOSTILE)}": 1,  # the error
}
"""Pages, and in how many places at least each shows the text."""


@pytest.mark.parametrize(("path", "least"), PLACES.items())
def test_hostile_text_is_shown_as_text(path, least):
    ask = in_process(make_app({"project": "p", "images": [HOSTILE_IMAGE]}))
    for target in (
        f"images/{quote(HOSTILE)}",
        *(f"images?{name}={quote(HOSTILE)}" for name in ("name", "marker", quote(HOSTILE))),
    ):
        ask(f"/v2/{target}", {"X-Project-Id": HEADER, "User-Agent": HEADER})
    send_json(ask, "POST", "/_ims/snapshots", {"name": HOSTILE})
    send_json(ask, "POST", "/_ims/faults", RULE)
    page = Page(ask, path)
    assert page.tags.count("script") == 1
    assert not {"\u202e", "\u200f"} & set(page.text)
    assert page.text.count("<script>alert(1)</script>") >= least
    assert "\\u202e" in page.text or "%E2%80%AE" in page.text


@pytest.mark.parametrize("name", ["../faults", "a/../../reset", "a/b?c#d%2f"])
def test_slashes_in_names_stay_in_their_segment(name):
    ask = in_process(make_app({"project": "p", "images": [IMAGE | {"id": name}]}))
    ask("/v2/images")
    send_json(ask, "POST", "/_ims/snapshots", {"name": name})
    segment = quote(name, safe="")
    for page in (Page(ask), Page(ask, image=name), Page(ask, "pages/requests")):
        links = {link for link in page.links if "/pages/images/" in link}
        assert links == {f"/_ims/pages/images/{segment}"}
        assert ask(links.pop(), HTML).status == 200
    sent = Page(ask, STATE).found('data-send="[A-Z]+ (snapshots/.*?)"')
    assert sent == [f"snapshots/{segment}/restore", f"snapshots/{segment}"]


def test_a_name_with_a_line_break_stays_in_its_comment(ask):
    program = Page(ask, query="%0Aexit()%23=1").text
    assert "# The SDK cannot send \\nexit()#='1'." in program


@pytest.mark.parametrize("path", [IMAGES.path, CLOUDIMAGES.path])
def test_a_query_may_be_a_whole_url_which_names_its_list(path):
    ask = in_process(shared_app({"project": "p", "images": [IMAGE, {"name": "two"}]}))
    for before in ("", "?", f"{path}?", f"http://a.test:92{path}?", f"https://ims.example.com{path}?"):
        page = Page(ask, query=f"{before}name=one", path=IMAGES.path)
        assert "1 of 1 listed images" in " ".join(page.text.split())
        shown = path if path in before else IMAGES.path
        assert page.found("<option selected>(.*?)</option>") == [shown]
        assert f"{shown}?name=one" in page.text
