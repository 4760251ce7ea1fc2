"""Contract tests of the client: they need neither an account nor a network."""

from urllib.error import HTTPError

import pytest
from images import list_images

pytestmark = pytest.mark.ims_mock(catalog="team.yaml", auth="on")


def test_all_pages_are_read(ims_mock):
    ims_mock.generate(30, seed=7, __platform="CentOS", __isregistered="true", owner=ims_mock.project)
    found = list(list_images(ims_mock.url, "team-token", __platform="CentOS", limit="10"))
    assert len(found) == 31
    ims_mock.assert_walked_everything()
    ims_mock.assert_no_findings()


def test_a_wrong_token_is_an_error(ims_mock):
    with pytest.raises(HTTPError, match="401"):
        list(list_images(ims_mock.url, "wrong"))


def test_an_incomplete_list_is_never_returned(ims_mock):
    ims_mock.faults.add(path="/v2/images", page=2, status=503)
    with pytest.raises(HTTPError, match="503"):
        list(list_images(ims_mock.url, "team-token", limit="1"))
