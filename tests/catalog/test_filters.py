"""Conditions as sentences."""

import pytest

from ims_mock.catalog.query import parse
from ims_mock.catalog.visibility import Caller, View
from ims_mock.contract.profiles import DOCUMENTED, GLANCE


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ("name=web", "name is 'web'"),
        ("name=in:a,b", "name is 'a' or 'b'"),
        ("__platform=CentOS", "__platform is 'centos' in any case"),
        ("tag=x86", "tags contains 'x86'"),
        ("tag=a%3Db", "tags contains 'a.b' or 'a=b'"),
        ("created_at=gte:2018-01-01T00:00:00Z", "created_at is not before 2018-01-01T00:00:00Z"),
        ("size_min=5", "size is at least 5"),
        ("self=x", "self has a value that no image can have"),
        ("is_public=0", "not: visibility is 'public'"),
    ],
)
def test_a_filter_is_a_sentence(raw, sentence):
    admin = View(Caller("p", frozenset({"admin"})), DOCUMENTED, is_queens=False)
    assert str(parse(raw, admin).conditions[1]) == sentence


@pytest.mark.parametrize(
    ("raw", "roles", "sentence"),
    [
        ("", {"member"}, "the image is visible to project p"),
        ("visibility=shared", {"member"}, "the image is visible to project p with visibility 'shared'"),
        ("", {"admin"}, "the image is visible to an admin"),
    ],
)
def test_visibility_is_a_sentence(raw, roles, sentence):
    view = View(Caller("p", frozenset(roles)), GLANCE, is_queens=False)
    assert str(parse(raw, view).conditions[0]) == sentence
