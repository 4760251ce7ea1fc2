"""Authentication: roles, and what is logged about credentials."""

import pytest
from helpers import in_process, make_app, probed
from login_helpers import SECRETS, A, login


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("roles", [["reader", "member"], ["admin"], ["reader"], ["Reader"], ["te_admin"], []])
def test_only_the_roles_admin_and_member_may_write_with_auth_on(method, roles):
    catalog = {"credentials": {"tokens": [{"token": "t", "project": A, "roles": roles}]}}
    headers, may_write = {"X-Auth-Token": "t"}, bool({"admin", "member"} & set(roles))
    ask, ask_off = (in_process(probed(make_app(catalog, auth=auth))) for auth in ("on", "off"))
    assert ask("/any", headers).status == 200
    answer = ask("/any", headers, method)
    assert answer.status == (200 if may_write else 403)
    if not may_write:
        assert answer.json["error_code"] == "APIGW.0302"
        assert "only the roles admin and member can change images" in answer.json["error_msg"]
    assert ask_off("/any", headers, method).status == 200


def test_no_secret_is_logged_or_in_a_repr(app, ask, caplog):
    caplog.set_level("DEBUG", "ims_mock")
    text, _ = login(ask, scope={"project": {"id": A}})
    signature = "5" * 64
    signed = f"SDK-HMAC-SHA256 Access=AK-OF-A, SignedHeaders=host;x-sdk-date, Signature={signature}"
    for headers in (
        {"X-Auth-Token": text},
        {"X-Auth-Token": "my-own-secret"},
        {"Authorization": signed, "X-Sdk-Date": "20231113T080000Z", "X-Security-Token": "my-own-secret"},
        {"Authorization": "my-own-secret"},
    ):
        answer = ask("/v2/images", headers)
        assert "my-own-secret" not in answer.text
    identity = app.extensions["ims_mock"].credentials
    shown = caplog.text + repr([*identity.keys, *identity.users, *identity.tokens, identity.find_token(text)])
    assert [record.message for record in caplog.records]
    for secret in (*SECRETS, "of-a", text, signature, "my-own-secret"):
        assert f"{secret!r}" not in shown
        assert len(secret) < 8 or secret not in shown
