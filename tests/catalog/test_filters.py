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
        ("__platform=CentOS", "__platform is 'CentOS' (in upper or lower case)"),
        ("tag=x86", "tags contains 'x86'"),
        ("tag=a%3Db", "tags contains 'a.b' or 'a=b'"),
        ("created_at=gte:2018-01-01T00:00:00Z", "created_at is not before 2018-01-01T00:00:00Z"),
        ("size_min=5", "size is at least 5"),
        ("__platform=Red+Hat", "__platform is 'Red Hat' (in upper or lower case)"),
        (
            "updated_at=lt:2018-01-01T00:00:00.5Z",
            "updated_at is before a fraction of a second after 2018-01-01T00:00:00Z",
        ),
        ("updated_at=gt:0001-01-01T00:00:00%2B08:00", "updated_at is later than the first instant of the year 1"),
        ("self=x", "no image matches the requested value of self"),
        ("is_public=0", "visibility is not 'public'"),
    ],
)
def test_a_filter_is_a_sentence(raw, sentence):
    admin = View(Caller("p", frozenset({"admin"})), DOCUMENTED, is_queens=False)
    assert str(parse(raw, admin).conditions[-1]) == sentence


TO_PROJECT, TO_ADMIN = "the image is visible to project p", "the image is visible to an admin of project p"
SHARED = "owned by it, or shared with it as 'accepted')"
WITH_IT, NONE = "the image is shared with the project", "no image matches the requested visibility"


@pytest.mark.parametrize(
    ("raw", "roles", "is_queens", "sentences"),
    [
        ("", {"member"}, False, [f"{TO_PROJECT} (public, {SHARED}"]),
        ("member_status=all", {"member"}, True, [f"{TO_PROJECT} (public, owned by it, or shared with it)"]),
        ("visibility=shared", {"member"}, False, [f"{TO_PROJECT} (public, {SHARED}", WITH_IT]),
        ("visibility=shared", {"admin"}, False, [f"{TO_ADMIN} (any image)", "the image is shared with a project"]),
        ("", {"admin"}, True, [f"{TO_ADMIN} (any image other than community images of other projects)"]),
        ("visibility=private", {"admin"}, True, [f"{TO_ADMIN} (any image)", "visibility is shown as 'private'"]),
        ("visibility=", {"member"}, True, [f"{TO_PROJECT} (public, community, {SHARED}", NONE]),
    ],
)  # fmt: skip
def test_visibility_is_a_sentence(raw, roles, is_queens, sentences):
    view = View(Caller("p", frozenset(roles)), GLANCE, is_queens)
    dead = "status is not 'deleted' or 'killed' (in upper or lower case)"
    assert [str(condition) for condition in parse(raw, view).conditions] == [dead, *sentences]
