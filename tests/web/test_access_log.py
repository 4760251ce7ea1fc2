"""The access log, in text and in JSON, and the masking of secrets in it."""

import json
import logging
import re
import socket
import time

import pytest
from helpers import in_process, make_app, over_socket
from raw_http import CHUNKED, body, connected, head
from serving import serving

from ims_mock.journal.redaction import redacted_query

INFO = {"IMS_MOCK_LOG_LEVEL": "info"}
JSON = {**INFO, "IMS_MOCK_LOG_FORMAT": "json"}
TEXT_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO (\S+ \S+ \d+) (\d+\.\d) ms ([0-9a-f]{32})((?: \(.+\))?)")


def last_parts(caplog):
    return caplog.records[-1].parts


def test_each_request_is_a_line_of_text():
    with serving("empty", **INFO) as server:
        answers = [server.ask("/v2/images?imagetype=gold&limit=x"), server.ask("/nowhere", "POST")]
        answers += [server.ask("/_ims/snapshots/nosuch/restore", "POST"), server.ask("/v2/images")]
        found = [TEXT_LINE.fullmatch(line).groups() for line in server.stopped().splitlines()]
    assert [(asked, note) for asked, _, _, note in found] == [
        (
            "GET /v2/images?imagetype=gold&limit=x 400",
            " (IMG.0017 Invalid limit 'x': it is not a whole number. Use a whole number from 0 (more than 1000 counts"
            " as 1000).)"
            " (undocumented-parameter: imagetype is not a documented parameter of GET /v2/images;"
            " did you mean __imagetype?) (undocumented-value: limit is 'x', not a whole number from 0;"
            " write limit= and digits)",
        ),
        (
            "POST /nowhere 404",
            " (APIGW.0101 The API does not exist or has not been published in the environment: '/nowhere')",
        ),
        ("POST /_ims/snapshots/nosuch/restore 404", " (Snapshot 'nosuch' not found.)"),
        ("GET /v2/images 200", ""),
    ]
    assert [identifier for _, _, identifier, _ in found] == [headers["X-Request-Id"] for _, headers, _ in answers]


def test_each_request_is_an_object_in_json():
    with serving("empty", **JSON) as server:
        identifier = server.ask("/v2/images?limit=5000&marker=caf%C3%A9")[1]["X-Request-Id"]
        server.ask("/v2/images")
        failed, plain = map(json.loads, server.stopped().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", failed.pop("time"))
    assert 0 <= failed.pop("milliseconds") < 10_000
    assert failed == {
        "level": "info",
        "method": "GET",
        "path": "/v2/images",
        "query": "limit=5000&marker=caf%C3%A9",
        "status": 400,
        "request_id": identifier,
        "code": "IMG.0027",
        "message": "Invalid marker 'café': no such image. Use the id of an image from a previous page.",
        "findings": [
            "limit-above-cap: limit is '5000', which counts as 1000; write limit=1000, and request the next page"
        ],
    }
    assert plain.keys() == {*failed, "time", "milliseconds"} - {"code", "message", "findings"}


def test_a_malformed_request_is_logged():
    with serving("empty", **JSON) as server:
        for sent in (b"nonsense\r\n\r\n", b"GET /a?b=1 HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
                connection.sendall(sent)
                assert b" 400 " in connection.recv(65_536)
        first, second = map(json.loads, server.stopped().splitlines())
    assert (first["method"], first["path"], first["status"]) == ("?", "?", 400)
    assert (second["method"], second["path"], second["query"], second["status"]) == ("GET", "/a", "b=1", 400)
    assert (first["code"], second["code"]) == ("APIGW.0602", "APIGW.0602")
    assert first["message"].startswith("Invalid HTTP request: ")


def test_other_lines_have_a_message_in_json():
    with serving("empty", "--watch", **JSON) as server:
        entry = json.loads(server.stopped())
    assert entry.keys() == {"time", "level", "message"}
    assert (entry["level"], entry["message"].split()[0]) == ("warning", "--watch")


def test_a_line_stays_one_line(caplog):
    caplog.set_level(logging.INFO, "ims_mock")
    ask = in_process(make_app("empty"))
    ask("/a%0A%1B[31m%C2%85b?c=\x85\x1b" + "d" * 5000)
    ask("/v2/images?limit=%0A%1B[31m%C2%85&marker=%1B&" + "&".join(f"{number}%0A=1" for number in range(200)))
    ask("/_ims/catalog", {"Content-Type": "application/json"}, "PUT", b'{"images": [{"a\\u001b\\n": []}, 5, 6, 7]}')
    for record in caplog.records:
        assert record.message.isprintable()
        assert len(record.message) < 3500
        assert "(" in record.message
    assert len(caplog.records) == 3


def test_a_line_names_the_fault_rule(caplog):
    caplog.set_level(logging.INFO, "ims_mock")
    app = make_app("empty")
    rule = app.extensions["ims_mock"].faults.add({"match": {"path": "/v2/images"}, "effect": {"status": 503}})
    in_process(app)("/v2/images")
    assert (last_parts(caplog)["status"], last_parts(caplog)["fault"]) == (503, rule.id)
    assert f"(fault {rule.id}) (APIGW.0201 Service Unavailable" in caplog.records[-1].message


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("limit=1&marker=x", "limit=1&marker=x"),
        ("X-Auth-Token=abcdefgh&limit=1", "X-Auth-Token=<8 characters>&limit=1"),
        ("x%2Dauth%2Dtoken=a%20b", "x%2Dauth%2Dtoken=<5 characters>"),
        ("Signature=abc&password=&secret", "Signature=<3 characters>&password=<0 characters>&secret<0 characters>"),
        ("", ""),
    ],
)
def test_secrets_of_a_query_are_masked(query, shown, caplog):
    caplog.set_level(logging.INFO, "ims_mock")
    in_process(make_app("empty"))(f"/v2/images?{query}")
    assert redacted_query(query) == last_parts(caplog)["query"] == shown
    assert "abcdefgh" not in caplog.text


@pytest.mark.parametrize("rest", [{"Content-Length": "100"}, CHUNKED])
@pytest.mark.parametrize("target", ["PUT /_ims/catalog", "POST /_ims/sandboxes", "PUT /v2/images/a/file"])
def test_the_log_says_why_an_upload_was_interrupted(target, rest, caplog):
    caplog.set_level(logging.INFO, "ims_mock")
    media_type = "application/octet-stream" if target.endswith("file") else "application/json"
    with over_socket(make_app({"images": [{"id": "a", "status": "queued"}]})) as ask:
        with connected(ask.url) as connection:
            headers = {"Content-Type": media_type, **rest}
            connection.sendall(head(*target.split(), headers) + body(headers, b"{"))
            time.sleep(0.1)
        deadline = time.monotonic() + 10
        while not caplog.records and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "the client has disconnected" in last_parts(caplog)["message"]


def test_a_traceback_contains_no_secret(monkeypatch, caplog):
    key = {"access": "AK", "secret": "secret-of-the-key", "project": "p"}
    user = {"name": "u", "password": "pass'word", "project": "p"}
    app = make_app({"credentials": {"keys": [key], "users": [user]}})
    sent = {
        "X-Auth-Token": "sent-token",
        "Authorization": f"SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature={'5' * 64}",
        "Content-Type": "application/json",
    }
    quoted = ("secret-of-the-key", "pass'word", "sent-token", "5" * 64, "sent-in-query", "sent-in-body")

    def fail(*_):
        raise KeyError(quoted)

    monkeypatch.setattr("ims_mock.web.context.parse_json", fail)
    body = json.dumps({"password": "sent-in-body"}).encode()
    answer = in_process(app)("/v2/images?token=sent-in-query", sent, "POST", body)
    assert answer.status == 500
    for shown in (caplog.text, json.dumps(last_parts(caplog))):
        assert "KeyError" in shown
        assert answer.headers["X-Request-Id"] in shown
        assert [one for secret in quoted for one in (secret, repr(secret)[1:-1]) if one in shown] == []
