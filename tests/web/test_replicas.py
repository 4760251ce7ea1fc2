"""Read-only replicas behind a proxy, and an application served by several processes."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import warnings
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from clients.sdks import ims_client
from docs_pages import PAGES, block_after
from helpers import in_process, make_app, over_port, over_socket, token_of
from login_helpers import login_body
from raw_http import connected, head, read_head
from serving import POSIX, free_port, serving
from werkzeug.serving import make_server

from ims_mock import ImsMock
from ims_mock.auth.credentials import DEFAULT_PROJECT
from ims_mock.web.guards import LOGIN

pytestmark = pytest.mark.slow  # starts processes

JSON = {"Content-Type": "application/json"}
TOKEN = {"X-Auth-Token": "ims-mock-token"}
LIST = "/v2/images?limit=1000"
LOGIN_BODY = login_body({"project": {"name": "cn-north-4"}}, "tester", "secret", {"name": "testdomain"})
LOGGING_IN = json.dumps(LOGIN_BODY).encode()
HAPROXY = shutil.which("haproxy", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")


def changes(app):
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != LOGIN]
    return [(method, re.sub("<.*?>", "x", one.rule)) for one in rules for method in one.methods - {"GET", "HEAD"}]


def several(app, name="wsgi.multiprocess", value=True):
    application = app.wsgi_app
    app.wsgi_app = lambda environ, start: application({**environ, name: value}, start)
    return in_process(app)


@pytest.fixture(params=[False, True], ids=["read-only", "several processes"])
def is_several(request):
    return request.param


@pytest.fixture
def restricted(is_several):
    """Make an application that is read-only or served by several processes, and return it with how to call it."""

    def restricted(catalog="default", **options):
        app = make_app(catalog, read_only="off" if is_several else "on", **options)
        return app, several(app) if is_several else in_process(app)

    return restricted


@pytest.mark.parametrize("auth", ["off", "on"])
def test_every_change_is_rejected(profile, restricted, is_several, auth):
    app, ask = restricted(profile=profile, auth=auth)
    before, held = ask(LIST, TOKEN).ids, app.extensions["ims_mock"].state
    assert len(changes(app)) > 20
    for method, path in changes(app):
        answer = ask(path, {**JSON, **TOKEN}, method, b"{}")
        assert answer.status == 403, (method, path)
        assert "several processes" in answer.text if is_several else "--read-only on" in answer.text
        assert ("Use one process" if is_several else "Use GET, or log in") in answer.text
        if path.startswith("/_ims/"):
            assert answer.json["error"]["code"] == 403
        elif profile == "documented":
            assert answer.json["error_code"] == "APIGW.0302"
        else:
            assert answer.headers["Content-Type"].startswith("text/plain")
    assert app.extensions["ims_mock"].state is held
    assert ask(LIST, TOKEN).ids == before != []
    assert len(app.extensions.get("ims_mock.sandboxes", ())) == 0


def test_missing_permissions_are_reported_first(restricted):
    _, ask = restricted({"credentials": {"tokens": [token_of("reader", "a" * 32, "reader")]}}, auth="on")
    assert ask("/v2/images", JSON, "POST", b"{}").status == 401
    assert "only the roles" in ask("/v2/images", {**JSON, "X-Auth-Token": "reader"}, "POST", b"{}").text
    assert ask("/v2/nothing", JSON, "POST", b"{}").status == 404


def test_reading_and_logging_in_work(restricted):
    _, ask = restricted(auth="on")
    issued = ask("/v3/auth/tokens", JSON, "POST", LOGGING_IN)
    assert issued.status == 201
    token = {"X-Auth-Token": issued.headers["X-Subject-Token"]}
    image = ask("/v2/images?limit=1", token).json["images"][0]["self"]
    for path in (image, "/v2/cloudimages", "/v2/schemas/image", "/v3/auth/projects", "/_ims/catalog"):
        assert ask(path, token).status == 200
    assert ask("/_ims/health").json["images"] == 63


def test_a_read_only_server_keeps_its_own_journal():
    ask = in_process(make_app("empty", read_only="on"))
    ask("/v2/images")
    ask("/v2/images", JSON, "POST", b"{}")
    assert [entry["status"] for entry in ask("/_ims/requests").json["requests"]] == [200, 403]


def test_several_processes_reject_the_journal_and_the_rate_limit():
    reports = {"requests": "journal", "walks": "journal", "coverage": "coverage", "sandboxes": "sandboxes"}
    for path, name in reports.items():
        for page in (path, f"pages/{path}"):
            assert f"each has its own {name}. Use one process" in several(make_app("empty"))(f"/_ims/{page}").text
    answer = several(make_app("empty", throttle="5/10"))("/v2/images")
    assert (answer.status, answer.json["error_code"]) == (403, "APIGW.0302")
    assert "counts requests on its own" in answer.text
    ask = several(make_app("empty"), "SERVER_SOFTWARE", "Granian")  # never says how many it has
    assert ask("/v2/images", JSON, "POST", b"{}").status == 403


def test_the_fixture_reports_a_read_only_server():
    with over_socket(make_app("empty", read_only="on")) as ask, pytest.raises(Exception, match="--read-only on"):
        ImsMock(url=ask.url)


@POSIX
def test_a_forking_server_sets_multiprocess():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
        server = make_server("127.0.0.1", 0, make_app("default"), processes=2)
        serve = threading.Thread(target=server.serve_forever, args=(0.01,))
        serve.start()
        try:
            ask = over_port(server.server_port)
            assert len(ask("/v2/images?limit=2").ids) == 2
            assert "each has its own catalog" in ask("/v2/images", JSON, "POST", b"{}").json["error_msg"]
        finally:
            server.shutdown()
            serve.join()
            server.server_close()


@contextmanager
def proxied(folder, config):
    """Run the proxy with a configuration, and wait until it answers from a replica."""
    (folder / "haproxy.cfg").write_text(f"{config}\n")
    port = int(re.search(r"bind 127\.0\.0\.1:(\d+)", config)[1])
    process = subprocess.Popen([HAPROXY, "-f", "haproxy.cfg"], cwd=folder, stderr=subprocess.PIPE)
    try:
        for _ in range(500):
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.02)
        assert process.poll() is None, process.stderr.read()
        yield port
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def proxy(tmp_path):
    """The proxy of the guide with its replicas."""
    if not HAPROXY:
        pytest.skip("needs haproxy, of the Debian package of that name")
    text = PAGES["guides/replicas.md"]
    config, commands = block_after(text, "", "haproxy"), block_after(text, "").replace(" &", "").splitlines()
    ports = {port: str(free_port()) for port in ("9292", "9293", "9294")}
    for printed, free in ports.items():
        config = config.replace(f":{printed}", f":{free}")
    (one, first), (two, second) = (command.split(" serve ") for command in commands[:2])
    assert (one, two, commands[2]) == ("ims-mock", "ims-mock", "haproxy -f haproxy.cfg")
    arguments = [[ports.get(word, word) for word in line.split()] for line in (first, second)]
    settings = {"IMS_MOCK_AUTH": "on"}
    with (
        serving(*arguments[0], **settings) as left,
        serving(*arguments[1], **settings) as right,
        proxied(tmp_path, config) as port,
    ):
        assert {str(left.port), str(right.port)} == {ports["9293"], ports["9294"]}
        yield SimpleNamespace(port=port, url=f"http://127.0.0.1:{port}", ask=over_port(port), replicas=(left, right))


def test_a_walk_through_both_replicas_finds_every_image_once(proxy):
    def counts():
        return [len(json.loads(one.ask("/_ims/requests")[2])["requests"]) for one in proxy.replicas]

    alone = [json.loads(one.ask(LIST, **TOKEN)[2]) for one in proxy.replicas]
    assert alone[0] == alone[1]
    ids = [image["id"] for image in alone[0]["images"]]
    before, found, target = counts(), [], "/v2/images?limit=3"
    while target:
        page = proxy.ask(target, TOKEN)
        found += page.ids
        target = page.json.get("next")
    assert found == ids
    assert len(ids) > 20
    asked = [after - count for after, count in zip(counts(), before, strict=True)]
    assert min(asked) >= len(ids) // 3 // 2
    pages = [proxy.ask("/v2/images?limit=3&__imagetype=gold", TOKEN) for _ in range(4)]
    assert len({page.body for page in pages}) == 1
    assert len({page.headers["X-Request-Id"] for page in pages}) == 4
    assert json.loads(pages[0].body)["next"].startswith("/v2/images?")


def test_a_token_of_one_replica_works_on_the_other(proxy):
    issued = [proxy.ask("/v3/auth/tokens", JSON, "POST", LOGGING_IN) for _ in range(2)]
    for answer in issued:
        assert answer.status == 201
        token = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
        assert [proxy.ask("/v2/images?limit=1", token).status for _ in range(4)] == [200] * 4
        assert f'"{proxy.url}/v3"' in answer.text
    assert proxy.ask("/v2/images?limit=1").status == 401


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Method 'glance_:DeprecationWarning")
def test_signatures_of_the_vendors_client_work_on_both(proxy):
    client = ims_client(proxy.url, "IMSMOCKACCESSKEY00001", "ims-mock-secret-key", DEFAULT_PROJECT)
    import huaweicloudsdkims.v2 as ims

    asked = [client.glance_list_images(ims.GlanceListImagesRequest(limit=2, name="镜像 %")) for _ in range(4)]
    assert [page.images for page in asked] == [[]] * 4


def test_the_proxy_forwards_long_and_encoded_requests(proxy):
    assert proxy.ask(f"/v2/images?name={'a' * 30_000}", TOKEN).status == 200
    answer = proxy.ask(f"/v2/images?name={'a' * 100_000}", TOKEN)
    assert (answer.status, answer.json["error_code"]) == (414, "APIGW.0201")
    names = ("镜像".encode().decode("latin-1"), quote("镜像"))
    raw, encoded = (proxy.ask(f"/v2/images?name={name}", TOKEN) for name in names)
    assert (raw.status, raw.body) == (200, encoded.body)


def test_a_write_through_the_proxy_is_rejected(proxy):
    for _ in range(2):
        answer = proxy.ask("/v2/images", {**JSON, **TOKEN}, "POST", b'{"name": "lost"}')
        assert answer.status == 403
        assert "read-only" in answer.json["error_msg"]
    for prefix in ("/_ims", "/%5fims", "//_ims", "/%2F_ims", "///%5F%69ms"):
        assert "Ask a replica" in proxy.ask(f"{prefix}/requests").json["error"]["message"]
        assert "Ask a replica" in proxy.ask(f"{prefix}/reset", JSON, "POST").json["error"]["message"]
    assert "Ask a replica" not in proxy.ask("/v2/images?x=/_ims/", TOKEN).text
    for prefix in ("", "http:/", "x:/", f"{proxy.url}/", "http:///"):
        target = f"{prefix}_ims/catalog"
        with connected(proxy.url) as connection:
            connection.sendall(head("GET", target, {"Connection": "close"}))
            assert read_head(connection)[0] in (400, 404), target
    assert proxy.ask("/_ims/health").json["status"] == "ok"


def test_a_stopped_replica_is_replaced_by_the_other(proxy):
    kept = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)

    def ask():
        kept.request("GET", "/v2/images?limit=1", headers=TOKEN)
        answer = kept.getresponse()
        return answer.status, len(answer.read())

    expected = ask()
    assert ask() == expected
    assert expected[0] == 200
    proxy.replicas[0].stopped()
    assert [ask() for _ in range(6)] == [expected] * 6
    kept.close()
