"""Broken catalogs and hostile requests from a seed, and a client that sends them."""

import json
import random
import socket
from http.client import HTTPException, HTTPResponse
from urllib.parse import quote

import yaml

from ims_mock.contract.fields import FIELDS
from ims_mock.contract.parameters import PARAMETERS
from ims_mock.openapi.operations import ENDPOINTS

IDS = ("a", "b", "queued", "bc6bed6e-ba3a-4447-afcc-449174a3eb52", "7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e")
CATALOG = {
    "project": "p",
    "clock": "2030-01-01T00:00:00Z",
    "projects": [{"id": "p", "name": "cn-north-4_p"}],
    "credentials": {
        "tokens": [{"token": "token", "project": "p", "roles": ["admin"]}],
        "keys": [{"access": "AK", "secret": "a-secret-key", "project": "p"}],
        "users": [{"name": "u", "password": "password", "project": "p"}],
    },
    "defaults": {"__os_type": "Linux"},
    "images": [
        {"id": "a", "name": "one", "tags": ["x=y"], "min_disk": 1, "created_at": "1 day ago"},
        {"id": "b", "name": "two", "members": {"q": "accepted"}, "__imagetype": "gold", "colour": "blue"},
        {"id": "queued", "status": "queued"},
    ],
    "generate": [{"count": 2, "seed": 1, "set": {"__platform": "CentOS"}}],
}  # fmt: skip
USER = {"name": "u", "password": "password", "domain": {"name": "testdomain"}}
LOGIN = {"auth": {"identity": {"methods": ["password"], "password": {"user": USER}}, "scope": {"project": {"id": "p"}}}}
VALUES = (
    None, True, False, 0, -1, 2**63, 1e308, "", " ", "null", "~", "\0", "\r\nX-Evil: 1", "\x1b[31m", "镜像", "\ud800",
    "x" * 300, "x" * 70_000, "1 day ago", "in:a,b", "gte:", "%", "..", "<<", "*a", [], {}, [[]], [None], {"": ""},
    {"id": {}}, ["a"] * 500,
)  # fmt: skip
TEXTS = (*(value for value in VALUES if isinstance(value, str)), "1", "9" * 20, "a:b", "%zz", "%00", "%ff")


class Hostile:
    """Makes catalogs and requests that are wrong in most ways a client or an editor can make them."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def changed(self, value, depth=0):
        """Return a JSON value with a few parts replaced, renamed, removed or repeated."""
        pick = self.random
        if pick.random() < 0.01 * depth:
            return pick.choice(VALUES)
        if isinstance(value, dict):
            items = [(name, self.changed(one, depth + 1)) for name, one in value.items() if pick.random() > 0.01]
            if pick.random() < 0.03:
                items.append((pick.choice((*TEXTS, *(field.name for field in FIELDS))), pick.choice(VALUES)))
            return dict(items)
        if isinstance(value, list):
            items = [self.changed(one, depth + 1) for one in value]
            return items * 2 if pick.random() < 0.05 else items
        return value

    def damaged(self, data):
        """Return bytes with some of them replaced, removed, repeated or cut off."""
        pick, damaged = self.random, bytearray(data)
        for _ in range(pick.choice((1, 1, 2, 5, 30))):
            start = pick.randrange(len(damaged) + 1)
            end = min(len(damaged), start + pick.choice((0, 1, 2, 40)))
            sign = bytes([pick.choice(b"{}[]:,&*!|>-\"'%\0\r\n\t#?<~")])
            damaged[start:end] = pick.choice((bytes(damaged[start:end]) * 3, b"", pick.randbytes(3), sign))
        return bytes(damaged[: pick.randrange(len(damaged) + 1)] if pick.random() < 0.1 else damaged)

    def catalog(self):
        """Return the bytes of a catalog, and whether they are JSON rather than YAML."""
        pick, is_json = self.random, self.random.random() < 0.5
        value = self.changed(CATALOG)
        if is_json:
            data = json.dumps(value, ensure_ascii=pick.random() < 0.5).encode("utf-8", "surrogatepass")
        else:
            data = yaml.safe_dump(json.loads(json.dumps(value).replace("\\ud800", "?")), allow_unicode=True).encode()
        kind = pick.randrange(20)
        if kind == 0:
            return b"[" * pick.randrange(5000) + data, is_json
        if kind == 1:  # each alias is twice as large as the one before it
            aliases = (b"%c: &%c [*%c, *%c]\n" % (n + 1, n + 1, n, n) for n in range(97, 120))
            return b"a: &a [x, x]\n" + b"".join(aliases), False
        if kind == 2:
            return b"%TAG ! tag:x,2000:\n" * pick.randrange(1000) + b"---\n" + data, False
        return (self.damaged(data) if kind < 10 else data), is_json

    def target(self, path):
        """Return a target with the path of an endpoint."""
        pick = self.random
        for name in ("{image_id}", "{member_id}", "{tag}", "{id}", "{name}"):
            path = path.replace(name, self.quoted((*IDS * 4, *TEXTS), "%"))
        if pick.random() < 0.05:
            path = self.damaged(path.encode()).decode("latin-1")
        count = pick.choice((0, 0, 0, 1, 9))
        pairs = (f"{pick.choice(PARAMETERS).name}={self.quoted((*TEXTS, *IDS), '%:,')}" for _ in range(count))
        return path + "?" * bool(count) + "&".join(pairs)

    def quoted(self, texts, safe):
        return quote(self.random.choice(texts).encode("utf-8", "surrogatepass"), safe=safe)

    def body(self):
        """Return a body and its media type."""
        pick = self.random
        valid = pick.choice((
            {"name": "n", "__os_version": "CentOS 7.3 64bit"},
            [{"op": "replace", "path": "/name", "value": "n"}, {"op": "add", "path": "/tags", "value": ["x"]}],
            {"member": "q"}, {"status": "accepted"}, {"now": "2030-01-01T00:00:00Z"}, {"advance": "PT1H"},
            LOGIN, CATALOG, {"match": {"path": "/v2/images"}, "times": 1}, {"name": "s"}, {"generate": 3},
        ))  # fmt: skip
        data = json.dumps(self.changed(valid)).encode()
        media_type = pick.choice((
            *["application/json"] * 4, *["application/openstack-images-v2.1-json-patch"] * 2, "application/yaml",
            "application/octet-stream", "text/plain", "", "x" * 300,
        ))  # fmt: skip
        return (self.damaged(data) if pick.random() < 0.4 else data), media_type

    def request(self):
        """Return the bytes of a request, and whether it is well-formed HTTP, after which the connection may be used."""
        pick = self.random
        methods = ("GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "X" * 40)
        endpoint = pick.choice(ENDPOINTS)
        method = endpoint.method if pick.random() < 0.7 else pick.choice(methods)
        data, media_type = self.body() if method in ("POST", "PUT", "PATCH") or pick.random() < 0.05 else (b"", "")
        headers = {"Host": pick.choice((*["localhost"] * 20, "127.0.0.1:1", "a b", "", "x" * 300, "[::1]"))}
        if media_type:
            headers["Content-Type"] = media_type
        if pick.random() < 0.8:
            headers["X-Auth-Token"] = "token"
        for name, values in {
            "X-Auth-Token": ("token", "x", "", "sandbox-000000000000.x", "x" * 5000),
            "Authorization": ("SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=0", "SDK-HMAC-SHA256", "x y"),
            "X-Sdk-Date": ("20300101T000000Z", "x"), "X-Project-Id": ("p", "\xe9\x95\x9c"),
            "X-Api-Version": ("2.7", "x"), "Origin": ("http://localhost", "null", "x"),
            "X-Forwarded-Host": ("a, b", ""), "Cookie": ("a=b; c", "="), "Range": ("bytes=0-1",),
            "Accept": ("*/*", "text/html;q=x", ";"), "X-Subject-Token": ("token", "x"), "If-None-Match": ("*",),
        }.items():  # fmt: skip
            if pick.random() < 0.05:
                headers[name] = pick.choice(values)
        if data or pick.random() < 0.1:
            headers["Content-Length"] = str(len(data))
        lines = [f"{method} {self.target(endpoint.path)} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
        whole = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + data
        return (self.damaged(whole), False) if pick.random() < 0.15 else (whole, True)


class Client:
    """Sends requests over one connection as long as it is open, else over a new one."""

    def __init__(self, port):
        self._address = ("127.0.0.1", port)
        self._socket = None

    def close(self):
        if self._socket:
            self._socket.close()
            self._socket = None

    def send(self, request, *, is_well_formed=True):
        """Return the status of the response, 0 without one; raise an error if none comes in ten seconds."""
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=10)
        try:
            self._socket.sendall(request)
            if not is_well_formed:  # the server may wait for the rest
                self._socket.shutdown(socket.SHUT_WR)
            response = HTTPResponse(self._socket, method=request[:4].decode("latin-1"))
            response.begin()
            response.read()
            status, is_open = response.status, not response.will_close
        except (ConnectionError, HTTPException):
            status, is_open = 0, False
        if not (is_open and is_well_formed):
            self.close()
        return status
