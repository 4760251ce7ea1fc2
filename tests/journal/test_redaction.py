"""Redaction of secrets in headers, queries and texts."""

import pytest

from ims_mock.journal.redaction import redacted_header, redacted_text, secrets_in_json, secrets_in_query
from ims_mock.text import quoted

SIGNED = "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature="


def test_secrets_are_found_in_queries_and_bodies():
    assert set(secrets_in_query("a=1&my_token=t%2B+1&Signature=s")) == {"t+ 1", "t%2B+1", "t%2B%201", "s"}
    body = b'{"auth": {"password": {"user": {"name": "n", "password": "p"}}, "list": [{"token": ["t", 1]}], "x": "y"}}'
    assert list(secrets_in_json(body)) == ["n", "p", "t"]
    assert list(secrets_in_json(b"\xff{")) == list(secrets_in_json(b"[" * 100_000)) == []


def test_secrets_are_redacted_in_plain_form_and_as_repr():
    assert redacted_text("abcd abcdefgh xyz it\\'s\\n1", ["abcd", "abcdefgh", "xyz", "it's\n1", ""]) == (
        "<4 characters> <8 characters> xyz it\\'s\\n1"
    )
    assert redacted_text(repr("a\n'\"b"), ["a\n'\"b"]) == "'<5 characters>'"


def test_secrets_are_redacted_if_a_message_has_cut_them():
    for secret in ("abcd" * 50, "\n" * 200):
        assert redacted_text(quoted(secret), [secret]).startswith("'<200 characters>")


@pytest.mark.parametrize(
    ("name", "refusal", "shown"),
    [
        ("x-auth-token", "", "<123 characters>"),
        ("authorization", "", SIGNED + "<64 characters>"),
        ("authorization", "signature", SIGNED + "<64 characters>"),
        ("authorization", "key-secret", "<123 characters>"),
        ("authorization", None, "<123 characters>"),
    ],
)
def test_signature_is_redacted_alone_if_the_rest_is_no_secret(name, refusal, shown):
    assert redacted_header(name, SIGNED + "5" * 64, refusal) == shown.replace("123", str(len(SIGNED) + 64))
