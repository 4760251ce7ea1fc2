"""The control paths: how tests and containers look at the emulator, and change it."""

import json

import pytest
from conftest import in_process, make_app

CLOCK = "/_ims/clock"
NOW = "2023-11-13T08:00:00Z"


@pytest.fixture
def ask():
    """Ask an emulator whose clock stands still, and that needs credentials."""
    return in_process(make_app({"clock": NOW}, auth="on", profile="glance"))


def put(ask, body, **headers):
    """Set the clock."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask(CLOCK, {"Content-Type": "application/json", **headers}, "PUT", data)


def test_the_clock_is_shown(ask):
    """Without credentials, whatever the profile."""
    assert ask(CLOCK).json == {"now": NOW, "is_frozen": True, "ahead_seconds": 0}


@pytest.mark.parametrize(
    ("by", "now"),
    [
        ("PT1H", "2023-11-13T09:00:00Z"),
        ("P1DT30M", "2023-11-14T08:30:00Z"),
        ("-P1W", "2023-11-06T08:00:00Z"),
        ("PT1M30S", "2023-11-13T08:01:30Z"),
        ("PT0.5S", NOW),
        (90, "2023-11-13T08:01:30Z"),
        (-3600.0, "2023-11-13T07:00:00Z"),
    ],
)
def test_the_clock_is_moved_on(ask, by, now):
    """By a duration or by seconds."""
    assert put(ask, {"advance": by}).json["now"] == now
    assert ask(CLOCK).json["now"] == now


def test_the_clock_is_set(ask):
    """To stand still, to run on, or to tell the real time."""
    assert put(ask, {"now": "2030-01-01 00:00:00"}).json == {
        "now": "2030-01-01T00:00:00Z",
        "is_frozen": True,
        "ahead_seconds": 0,
    }
    running = put(ask, {"now": "2040-01-01T00:00:00Z", "runs": True}).json
    assert running["now"][:16] == "2040-01-01T00:00"
    assert (running["is_frozen"], running["ahead_seconds"] > 10**8) == (False, True)
    assert put(ask, {"now": None}).json["ahead_seconds"] == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "the body asks for something else; legal is now, now and runs, or advance"),
        ({"now": NOW, "advance": 5}, "legal is now, now and runs, or advance"),
        ({"noww": NOW}, "legal is now, now and runs, or advance"),
        ([], "the body is a list"),
        ({"now": "tomorrow"}, "now 'tomorrow' is not a time"),
        ({"advance": 5, "runs": True}, "legal is now, now and runs, or advance"),
        ({"now": None, "runs": False}, "legal is nothing beside a now that is null"),
        ({"now": 5}, "now is a number; legal is a time such as"),
        ({"now": NOW, "runs": "yes"}, "runs is a text; legal is true or false"),
        *(
            ({"advance": by}, "legal is a duration such as PT1H")
            for by in ("1h", "P", "PT", "P1Y", "P1M", "", True, None)
        ),
        ({"advance": "P9999999D"}, "leads out of the years 1 to 9999"),
        ({"advance": 1e300}, "legal is a duration such as"),
        ({"advance": "P" + "9" * 400 + "D"}, "legal is a duration such as"),
        (b"{", "it is no JSON"),
    ],
)
def test_a_wrong_time_is_named(ask, body, words):
    """With what is legal; the clock stays as it was."""
    answer = put(ask, body)
    assert (answer.status, answer.json["error"]["code"]) == (400, 400)
    assert words in answer.json["error"]["message"]
    assert ask(CLOCK).json["now"] == NOW


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Origin": "https://elsewhere.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "https://localhost"}, 403),
        ({"Origin": "http://ims_mock:9292", "Host": "ims_mock:9292"}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_a_foreign_page_changes_nothing(ask, headers, status):
    """A change must be JSON, and come from no page of another origin."""
    assert put(ask, {"advance": 5}, **headers).status == status
    assert (ask(CLOCK).json["now"] == NOW) == (status != 200)


def test_an_unknown_control_path_is_an_error_in_json(ask):
    """In every profile."""
    assert ask("/_ims/nosuch").json["error"]["code"] == 404
    assert ask("/_ims/health", method="DELETE").json["error"]["code"] == 405


def test_a_reset_sets_the_clock_back():
    """As the catalog has it."""
    app = make_app({"clock": NOW})
    ask = in_process(app)
    put(ask, {"advance": 5})
    app.extensions["ims_mock"].reset()
    assert ask(CLOCK).json["now"] == NOW
