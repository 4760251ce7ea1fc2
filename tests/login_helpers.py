"""A catalog with projects and credentials, and helpers that log in to it."""

from datetime import timedelta

from helpers import send_json

A, B, C, OTHER = "a" * 32, "b" * 32, "c" * 32, "f" * 32
NOW = "2023-11-13T08:00:00Z"
CATALOG = {
    "clock": NOW,
    "project": A,
    "projects": [
        {"id": A, "name": "cn-north-4", "domain": "team"},
        {"id": B, "name": "cn-east-3_web", "domain": "team"},
        {"id": C, "name": "cn-north-4", "domain": "partner"},
    ],
    "credentials": {
        "tokens": [
            {"token": "of-a", "project": A},
            {"token": "reader", "project": A, "roles": ["reader"]},
            {"token": "admin", "project": A, "roles": ["admin"]},
            {"token": "old", "project": A, "expires": NOW},
        ],
        "keys": [{"access": "AK-OF-A", "secret": "SK", "project": A}],
        "users": [
            {"name": "ann", "password": "ann's secret", "domain": "team", "project": A, "roles": ["member"]},
            {"name": "ann", "password": "ann's secret", "domain": "team", "project": B, "roles": ["reader"]},
            {"name": "root", "password": "root's secret", "domain": "team", "project": A, "roles": ["admin"]},
        ],
    },
    "images": [{"id": "of-a", "owner": A}, {"id": "of-b", "owner": B}, {"id": "of-c", "owner": C}],
}
SECRETS = ("ann's secret", "root's secret", "SK")
TEAM, PARTNER = {"name": "team"}, {"name": "partner"}
TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}


def login_body(scope=None, user="ann", password="ann's secret", domain=TEAM, token=None, methods=None):
    """Return the body of a login by password or, if there is a token, by token."""
    identity = {"methods": methods or (["password"] if token is None else ["token"])}
    if "password" in identity["methods"]:
        identity["password"] = {"user": {"name": user, "password": password, "domain": domain}}
    if token is not None:
        identity["token"] = {"id": token}
    return {"auth": {"identity": identity} | ({} if scope is None else {"scope": scope})}


def post_login(ask, body, query="", headers=None):
    """Send a login; a body in bytes is sent as it is."""
    return send_json(ask, "POST", f"/v3/auth/tokens{query}", body, headers)


def login(ask, **what):
    """Log in and return the token and its description."""
    answer = post_login(ask, login_body(**what))
    assert answer.status == 201, answer.text
    return answer.headers["X-Subject-Token"], answer.json["token"]


def advance(app, **by):
    """Advance the clock of an application, by a duration in the words of :class:`timedelta`."""
    app.extensions["ims_mock"].change_clock(lambda clock: clock.advanced(timedelta(**by)))


def check_error(answer, status, *words):
    """Check that an answer is an error of the identity service with these words and without secrets."""
    assert answer.status == status, answer.text
    error = answer.json["error"]
    assert (error["code"], error["title"], set(error)) == (status, TITLES[status], {"code", "title", "message"})
    assert [word for word in words if word not in error["message"]] == []
    assert [secret for secret in SECRETS if secret in answer.text] == []
