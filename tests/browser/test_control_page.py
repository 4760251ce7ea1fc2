"""The control page in Chromium. With ``PICTURES=docs/images`` in the environment it writes the pictures of the docs."""

import json
import os
import shutil
from urllib.parse import quote, urlsplit

import pytest
from helpers import make_app, over_socket, send_json

CHROMIUM, PICTURES = shutil.which("chromium"), os.environ.get("PICTURES")
SHARED = "615a465e-3da5-412a-98e3-7864d36f8ffa"
NOTHING = "__imagetype=gold&__platform=CentOS&__os_bit=16"
VIEWS = ("requests", "walks", "coverage", "faults", "clock-and-snapshots", "sandboxes")
SCENES = {
    "images": "",
    "no-image": f"?query={quote(NOTHING)}&image={SHARED}",
    "error": "?query=limit%3Dx%26imagetype%3Dgold&as=*",
    "image": f"pages/images/{SHARED}",
    **{view: f"pages/{view}" for view in VIEWS},
}
LOOKS = {"light": ("light", 1280), "dark": ("dark", 1600), "narrow": ("light", 360)}
SHOWN = {"images": "light", "no-image": "light", "requests": "dark", "walks": "light", "faults": "light"}
"""The scenes of which the docs have a picture, and its look."""

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="needs the Debian package chromium")]


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser")
    arguments = ["--disable-lcd-text"]
    if os.name == "posix" and os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium demands it of root
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def ask():
    with over_socket(make_app("default")) as over:
        yield over


@pytest.fixture
def opened(chromium, ask):
    """Open a page of the control page. In the end it has logged no error and has sent nothing to other origins."""
    contexts, errors, origins = [], [], set()

    def opened(path="", **options):
        contexts.append(chromium.new_context(base_url=ask.url, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: origins.add("{0.scheme}://{0.netloc}".format(urlsplit(request.url))))
        page.goto(f"/_ims/{path}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [error for error in errors if "status of 400" not in error] == []
    assert origins == {ask.url}


def use(ask):
    """Send requests like a client with mistakes, and change the emulator."""
    target = "/v2/images?limit=20"
    while target:
        target = ask(target).json.get("next")
    ask("/v2/images?imagetype=gold&limit=1001")
    walk_with_mistake(ask)
    slow = {"match": {"path": "/v2/*", "query": {"limit": "7"}}, "effect": {"delay": [0, 1]}}
    for rule in ({"match": {"page": 2}, "effect": {"status": 503}, "times": 2}, slow):
        send_json(ask, "POST", "/_ims/faults", rule)
    ask(ask("/v2/images?__os_type=Linux&limit=5").json["next"])
    send_json(ask, "POST", "/_ims/snapshots", {"name": "before the upgrade"})
    send_json(ask, "POST", "/_ims/sandboxes", {"catalog": "edge-cases"})


def walk_with_mistake(ask):
    last = ask("/v2/images?__platform=CentOS&limit=2").ids[-1]
    ask(f"/v2/images?limit=2&marker={last}")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("scene", SCENES)
def test_every_view_in_every_look(opened, ask, scene, look):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the extra browser")
    use(ask)
    scheme, width = LOOKS[look]
    page = opened(SCENES[scene], color_scheme=scheme, viewport={"width": width, "height": 800})
    assert page.locator("main").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (int(background[4:].split(",")[0]) < 128) == (scheme == "dark")
    violations = axe.Axe().run(page).response["violations"]
    assert [one["id"] for one in violations if one["impact"] in ("serious", "critical")] == []
    if PICTURES and SHOWN.get(scene) == look:
        picture(page, f"{PICTURES}/control-page-{scene}.png", ask.url)


@pytest.mark.parametrize("path", [f"?as={'p' * 80}", "pages/images/long", *map("pages/{}".format, VIEWS)])
def test_long_words_fit_a_narrow_screen(opened, ask, path):
    long = "w" * 200
    send_json(ask, "PUT", "/_ims/images/long", {"name": long, "tags": [long], long: long, "owner": long})
    send_json(ask, "POST", "/_ims/snapshots", {"name": long})
    ask(f"/v2/images?{long}={long}", {"X-Project-Id": long})
    page = opened(path, viewport={"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def picture(page, path, url):
    """Write a picture in few colours, with the usual port."""
    from PIL import Image

    page.evaluate(f"document.body.innerHTML = document.body.innerHTML.replaceAll('{url}', 'http://127.0.0.1:9292')")
    page.set_viewport_size({"width": 1200, "height": 720})
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(160, dither=Image.Dither.NONE).save(path, optimize=True)


def test_a_filter_without_results_is_explained(opened):
    page = opened()
    page.get_by_label("Query").fill(NOTHING)
    page.get_by_label("Image", exact=True).fill(SHARED)
    page.keyboard.press("Enter")
    assert "__os_bit is '16'" in page.locator("tr", has_text="No image is left.").inner_text()
    assert "__imagetype is 'shared'; required:" in page.locator(".why").inner_text()
    page.get_by_text("Documented parameters").click()
    page.get_by_label("__os_bit").fill("32")
    page.get_by_role("button", name="List").last.click()
    page.get_by_role("link", name="CentOS 6.10 32bit").click()
    assert page.locator("h1").inner_text() == "CentOS 6.10 32bit"


def test_a_fault_is_added_triggered_and_removed(opened, ask):
    page, journal = opened("pages/faults"), opened("pages/requests")
    for label, value in {"path": "/v2/images", "query": '{"limit": "7"}', "delay": "long"}.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Add").click()
    page.get_by_role("alert").get_by_text("effect.delay: got 'long'").wait_for()
    page.get_by_label("delay").fill("")
    page.get_by_label("status").select_option("503")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("0 of 1").wait_for()
    assert ask("/v2/images?limit=7").status == 503
    page.get_by_text("1 of 1").wait_for()
    journal.get_by_role("link", name="fault 1").wait_for()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_text("No fault is injected.").wait_for()


def test_a_walk_with_a_mistake_is_marked(opened, ask):
    page = opened("pages/walks")
    walk_with_mistake(ask)
    page.get_by_text("Repeat every filter on every page").wait_for()
    marked = page.locator(".steps li.failed")
    assert "filters-changed" in marked.inner_text()
    marked.get_by_role("link").click()
    page.locator("#request-2:target").wait_for()


def test_requests_appear_and_what_is_open_stays_open(opened, ask):
    page = opened("pages/requests")
    ask("/v2/images?imagetype=gold")
    page.locator("#request-1", has_text="did you mean __imagetype?").locator("summary").click()
    ask("/v2/images?limit=4")
    page.locator("#request-2").wait_for()
    assert page.locator("#request-1 dl").is_visible()


def test_clock_and_snapshots_are_changed(opened, ask):
    page = opened("pages/clock-and-snapshots")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("Name").fill("a/b?")
    page.get_by_role("button", name="Take a snapshot").click()
    page.get_by_role("cell", name="a/b?").wait_for()
    page.get_by_label("Set to").fill("2030-01-01T00:00:00Z")
    page.get_by_role("button", name="Set", exact=True).click()
    page.get_by_text("2030-01-01T00:00:00Z").wait_for()
    page.get_by_role("button", name="+1 day").click()
    page.get_by_text("2030-01-02T00:00:00Z").wait_for()
    ask(f"/_ims/images/{SHARED}", method="DELETE")
    page.get_by_role("button", name="Restore").click()
    page.get_by_text("running, real time").wait_for()
    assert ask(f"/_ims/images/{SHARED}").status == 200
    page.get_by_role("button", name="+1 hour").click()
    page.get_by_text("1:00:00 from real time").wait_for()
    page.get_by_role("button", name="Reset").click()
    page.get_by_text("running, real time").wait_for()
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("No snapshot was taken.").wait_for()


def test_a_sandbox_is_made_and_has_its_own_page(opened, ask):
    page = opened("pages/sandboxes")
    page.get_by_label("catalog").select_option("edge-cases")
    page.get_by_role("button", name="Create").click()
    made = json.loads(page.locator("[data-response]:visible").inner_text())
    assert ask("/v2/images?limit=9", {"X-Auth-Token": made["token"]}).status == 200
    page.get_by_role("link", name=made["id"]).click()
    page.get_by_text(f"sandbox {made['id']}").wait_for()
    page.get_by_role("link", name="Requests").click()
    page.get_by_text("/v2/images?limit=9").wait_for()


def test_the_page_is_used_by_keyboard(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pages/requests")


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_is_read_without_javascript(opened, ask, view):
    use(ask)
    page = opened(f"pages/{view}", java_script_enabled=False)
    assert page.locator("[data-send]:visible").count() == 0
    if view in ("faults", "clock-and-snapshots", "sandboxes"):
        assert page.get_by_text("Changes need JavaScript").is_visible()
    page.get_by_role("link", name="Images", exact=True).click()
    page.get_by_label("Query").fill("limit=3")
    page.get_by_role("button", name="List").first.click()
    assert page.locator("tbody .name").count() == 3
