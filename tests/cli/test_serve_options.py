"""Each option of ``serve`` is set by its variable and by its flag, which wins, and has an effect."""

import json
import re
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from helpers import in_process, make_app
from serving import CERT, KEY, LINUX, OTHER_CERT, OTHER_KEY, Server, free_port, put, serving, started

from ims_mock.auth.credentials import DEFAULT_PROJECT
from ims_mock.options import ServeOptions, options_of

OPTIONS = {option.name: option for option in options_of(ServeOptions)}


def error_type(server):
    return server.ask("/v2/images?limit=x")[1]["Content-Type"].split(";")[0]


def threads_of(server):
    return int(re.search(r"Threads:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())[1]) - 1


def kept_requests(server):
    for _ in range(3):
        server.ask("/versions")
    return len(json.loads(server.ask("/_ims/requests")[2])["requests"])


def kept_bytes(server):
    created = server.ask("/v2/images", "POST", "{}", **{"Content-Type": "application/json"})[2]
    path = json.loads(created)["file"]
    assert server.ask(path, "PUT", "abc", **{"Content-Type": "application/octet-stream"})[0] == 204
    return len(server.ask(path)[2])


def logged(server):
    assert server.ask("/v2/images?limit=1")[0] == 200
    lines = server.stopped().splitlines()
    return len(lines), [line.startswith("{") for line in lines[:1]]


def status_with_finding(server):
    return server.ask("/v2/images?imagetype=gold")[0]


def statuses(server):
    return [server.ask()[0] for _ in range(3)]


def link_host(server):
    (link,) = json.loads(server.ask("/v3", **{"X-Forwarded-Host": "proxy.test"})[2])["version"]["links"]
    return urlsplit(link["href"]).hostname


def common_name(server):
    with closing(server.connection()) as connection:
        connection.connect()
        return dict(pair for (pair,) in connection.sock.getpeercert()["subject"])["commonName"]


def images_after_a_change(server):
    assert server.ids() == []
    put("empty.yaml", "images: [{id: a}]")
    end = time.monotonic() + 3
    while not (found := server.ids()) and time.monotonic() < end:
        time.sleep(0.05)
    return len(found)


def reset_by_a_page(server):
    return server.ask("/_ims/reset", "POST", Origin="http://b.test", Host="b.test")[0]


EFFECTS = {
    # option: further arguments, how to observe the effect, then two values, each with its effect
    "host": ((), lambda server: server.host, ("localhost", "127.0.0.1"), ("127.0.0.2", "127.0.0.2")),
    "generate": ((), lambda server: server.images, ("5", 68), ("0", 63)),
    "seed": (("--generate", "30"), lambda server: server.ids(), ("1", None), ("2", None)),
    "profile": ((), error_type, ("glance", "text/plain"), ("documented", "application/json")),
    "auth": ((), lambda server: server.ask()[0], ("on", 401), ("off", 200)),
    "throttle": ((), statuses, ("2/3600", [200, 200, 429]), ("", [200, 200, 200])),
    "forwarded": ((), link_host, ("on", "proxy.test"), ("off", "127.0.0.1")),
    "project": ((), lambda server: server.project, ("p", "p"), (DEFAULT_PROJECT, DEFAULT_PROJECT)),
    "keep_data": ((), kept_bytes, ("3", 3), ("2", 0)),
    "journal": ((), kept_requests, ("2", 2), ("0", 0)),
    "findings": ((), status_with_finding, ("strict", 400), ("warn", 200)),
    "findings_ignore": (("--findings", "strict"), status_with_finding, ("undocumented-parameter", 200), ("", 400)),
    "control": ((), lambda server: server.ask("/_ims/health")[0], ("off", 404), ("on", 200)),
    "read_only": ((), lambda server: server.ask("/_ims/reset", "POST")[0], ("on", 403), ("off", 204)),
    "allowed_hosts": ((), reset_by_a_page, ("a.test,b.test", 204), ("", 403)),
    "threads": ((), threads_of, ("3", 3), ("1", 1)),
    "watch": (("empty.yaml",), images_after_a_change, ("on", 1), ("off", 0)),
    "log_level": ((), logged, ("info", (1, [False])), ("warning", (0, []))),
    "log_format": (("--log-level", "info"), logged, ("json", (1, [True])), ("text", (1, [False]))),
}


def expected(name, value, effect):
    if name == "seed":
        return in_process(make_app("default", generate=30, seed=int(value)))("/v2/images?limit=1000").ids
    return effect


@LINUX
@pytest.mark.slow
@pytest.mark.parametrize("name", EFFECTS)
def test_option_is_set_by_variable_and_by_flag(name):
    option = OPTIONS[name]
    more, observe, by_variable, by_flag = EFFECTS[name]
    put("empty.yaml", "{}")
    environment = {option.variable: by_variable[0]}
    given = [option.flag, by_flag[0]]
    if option.default is False:
        given = [option.flag if by_flag[0] == "on" else f"--no-{name}"]
    with started(*more, **environment) as one, started(*more, *given, **environment) as other:
        first, second = map(Server, (one, other))
        assert observe(first) == expected(name, *by_variable)
        assert observe(second) == expected(name, *by_flag)


def test_port_is_set_by_variable_and_by_flag():
    one, other = free_port(), free_port()
    with serving("empty", IMS_MOCK_PORT=str(one)) as server:
        assert server.port == one
    with serving("empty", "--port", other, IMS_MOCK_PORT=str(one)) as server:
        assert server.port == other


def test_certificate_and_key_are_set_by_variable_and_by_flag():
    environment = {"IMS_MOCK_TLS_CERT": CERT, "IMS_MOCK_TLS_KEY": KEY}
    with serving("empty", **environment) as server:
        assert common_name(server) == "emulator"
    with serving("empty", "--tls-cert", OTHER_CERT, "--tls-key", OTHER_KEY, **environment) as server:
        assert common_name(server) == "other-emulator"
