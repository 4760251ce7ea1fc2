"""The vendor's own SDK, unmodified, over a socket: what it signs is let in, and what it looks up is found."""

from datetime import timedelta
from types import SimpleNamespace
from typing import ClassVar

import pytest
from helpers import make_app, over_socket, probed

pytest.importorskip("huaweicloudsdkcore")

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.client import Client, ClientBuilder
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, SdkException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.sdk_response import SdkResponse
from huaweicloudsdkims.v2 import GlanceListImagesRequest, GlanceShowImageRequest, ImsClient

A, B = "a" * 32, "b" * 32
CATALOG = {
    "projects": [
        {"id": A, "name": "cn-north-4", "domain": "team"},
        {"id": B, "name": "cn-east-3", "domain": "team"},
    ],
    "credentials": {
        "keys": [
            {"access": "AK", "secret": "SK", "project": A},
            {"access": "AK", "secret": "SK", "project": B, "roles": ["reader"]},
            {"access": "TEMPORARY", "secret": "SK", "project": A, "security_token": "security/token+=="},
        ]
    },
    "images": [{"name": f"image {number}", "owner": A} for number in range(5)] + [{"name": "of b", "owner": B}],
}


@pytest.fixture(scope="module")
def application():
    """An application that needs credentials and answers every path and method, by the real clock."""
    return probed(make_app(CATALOG, auth="on"))


@pytest.fixture(scope="module")
def url(application):
    """Where it listens."""
    with over_socket(application) as ask:
        yield ask.url


@pytest.fixture(autouse=True)
def _nothing_is_remembered():
    """Forget the projects that the SDK keeps for the whole process."""
    BasicCredentials._CACHE.clear()
    GlobalCredentials._CACHE.clear()


class Answer(SdkResponse):
    """The answer of the emulator to a path it does not know: whom it let in."""

    openapi_types: ClassVar = {"project": "str", "roles": "list[str]"}
    attribute_map: ClassVar = {"project": "project", "roles": "roles"}

    def __init__(self, project=None, roles=None):
        super().__init__()
        self.project, self.roles = project, roles


def asked(url, method, path, credentials=None, **what):
    """Send a request with the vendor's client, as its generated services do."""
    builder = ClientBuilder(Client).with_credentials(credentials or BasicCredentials("AK", "SK", A)).with_endpoint(url)
    client = builder.with_http_config(HttpConfig(timeout=20)).build()
    client.model_package = SimpleNamespace(Answer=Answer)
    return client.do_http_request(method, path, response_type="Answer", **what)


NAMES = {"name": "镜像 CentOS 7.3~x/y", "empty": "", "tag": "a=b"}
JSON, PATCH, BYTES = (
    "application/json;charset=utf-8",
    "application/openstack-images-v2.1-json-patch",
    "application/octet-stream",
)
REQUESTS = {
    "plain": ("GET", "/v2/other", {}),
    "query": ("GET", "/v2/other", {"query_params": list(NAMES.items())}),
    "plus and percent": ("GET", "/v2/other", {"query_params": [("a+b", "c+d %41 &=?#"), ("~", "-_.!*'()")]}),
    "repeated": ("GET", "/v2/other", {"query_params": [("tag", ["b=2", "a=1", "é"]), ("x", "1"), ("x", "0")]}),
    "booleans": ("GET", "/v2/other", {"query_params": [("protected", True), ("limit", 2), ("x", False)]}),
    "order": ("GET", "/v2/other", {"query_params": [("b", "é"), ("b", "~"), ("a", "2"), ("B", "1"), ("a", "10")]}),
    "path": ("GET", "/v2/other/{name}/tags/{tag}", {"path_params": {"name": "镜 像", "tag": "k=v/w%41+"}}),
    "body on GET": ("GET", "/v2/other", {"body": {}}),
    "create": ("POST", "/v2/other", {"body": {"name": "镜像"}, "header_params": {"Content-Type": JSON}}),
    "no body": ("POST", "/v2/other", {}),
    "tag": ("PUT", "/v2/other/abc/tags/{tag}", {"path_params": {"tag": "k=v"}}),
    "member": ("PUT", "/v2/other/abc/members/x", {"body": {"status": "accepted"}}),
    "patch": ("PATCH", "/v2/other/abc", {"body": [{"op": "remove"}], "header_params": {"Content-Type": PATCH}}),
    "patch of nothing": ("PATCH", "/v2/other/abc", {"header_params": {"Content-Type": PATCH}}),
    "delete": ("DELETE", "/v2/other/abc", {"header_params": {"Content-Type": JSON}}),
    "delete with body": ("DELETE", "/v2/other/abc", {"body": {"delete_backup": True}}),
    "headers": ("GET", "/v2/other", {"header_params": {"X-Note": "  Two  Words; é镜  ", "X_Not_Signed": "x"}}),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("access", ["AK", "TEMPORARY"])
def test_what_the_sdk_signs_is_let_in(url, name, access):
    """Every method; Chinese, spaces, escapes, empty and repeated values; permanent and temporary keys."""
    method, path, what = REQUESTS[name]
    credentials = BasicCredentials(access, "SK", A)
    if access == "TEMPORARY":
        credentials.with_security_token("security/token+==")
    answer = asked(url, method, path, credentials, **what)
    assert (answer.project, answer.roles) == (A, ["member"])


@pytest.mark.parametrize("data", [b"", b"bytes \x00\xff", b"x" * 3_000_000])
def test_a_file_is_let_in_unread(url, data, tmp_path):
    """Uploads are not signed with their bytes; an empty one neither."""
    (tmp_path / "data").write_bytes(data)
    with (tmp_path / "data").open("rb") as file:
        what = {"body": file, "header_params": {"Content-Type": BYTES}}
        assert asked(url, "PUT", "/v2/other/abc/file", **what).project == A


@pytest.mark.parametrize(
    ("credentials", "code", "words"),
    [
        (BasicCredentials("NOBODY", "SK", A), "APIGW.0301", "ak NOBODY not exist"),
        (
            BasicCredentials("AK", "WRONG", A),
            "APIGW.0301",
            "verify aksk signature fail, canonicalRequest:GET|/v2/images/|",
        ),
        (BasicCredentials("TEMPORARY", "SK", A), "APIGW.0301", "x-security-token not found"),
        (BasicCredentials("AK", "SK", "c" * 32), "APIGW.0302", "X-Project-Id"),
    ],
)
def test_the_sdk_understands_a_refusal(url, credentials, code, words):
    """As its own exception, with code, message and request id."""
    with pytest.raises(ClientRequestException) as refused:
        asked(url, "GET", "/v2/images", credentials)
    error = refused.value
    assert (error.status_code, error.error_code) == (403 if code.endswith("2") else 401, code)
    assert words in error.error_msg
    assert len(error.request_id) == 32


def test_a_reader_may_not_write(url):
    """The second project of the key is open for reading only."""
    reader = BasicCredentials("AK", "SK", B)
    assert asked(url, "GET", "/v2/other", reader).roles == ["reader"]
    with pytest.raises(ClientRequestException) as refused:
        asked(url, "POST", "/v2/other", reader, body={})
    assert (refused.value.status_code, refused.value.error_code) == (403, "APIGW.0302")


def test_a_signature_of_another_time_is_refused(url, application):
    """By the emulator's clock, not by the machine's."""
    emulator = application.extensions["ims_mock"]
    emulator.change_clock(lambda clock: clock.advanced(timedelta(minutes=16)))
    try:
        with pytest.raises(ClientRequestException) as refused:
            asked(url, "GET", "/v2/other")
        assert "signature expired, signature time:" in refused.value.error_msg
    finally:
        emulator.reset()
    assert asked(url, "GET", "/v2/other").project == A


@pytest.mark.parametrize(("region", "project", "images"), [("cn-north-4", A, 5), ("cn-east-3", B, 1)])
def test_the_sdk_finds_its_project_by_the_region(url, region, project, images, monkeypatch):
    """A client that is given a region looks up the project, signed, and lists its images."""
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", url)
    credentials = BasicCredentials("AK", "SK")
    ims = ImsClient.new_builder().with_credentials(credentials).with_region(Region(region, url)).build()
    assert credentials.project_id == project
    assert len(ims.glance_list_images(GlanceListImagesRequest()).images) == images


def test_the_sdk_shows_an_image(url):
    """One of its own; any other is its exception, with the code of the service."""
    ims = ImsClient.new_builder().with_credentials(BasicCredentials("AK", "SK", A)).with_endpoint(url).build()
    listed = ims.glance_list_images(GlanceListImagesRequest(limit=1)).images[0]
    assert ims.glance_show_image(GlanceShowImageRequest(listed.id)).name == listed.name
    with pytest.raises(ClientRequestException) as refused:
        ims.glance_show_image(GlanceShowImageRequest("nobody's"))
    assert (refused.value.status_code, refused.value.error_code) == (404, "IMG.0027")


def test_a_region_without_a_project_is_none(url, monkeypatch):
    """The SDK says so itself."""
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", url)
    with pytest.raises(SdkException, match="Failed to get project id of region 'eu-west-0'"):
        ImsClient.new_builder().with_credentials(BasicCredentials("AK", "SK")).with_region(
            Region("eu-west-0", url)
        ).build()


def test_global_credentials_find_their_domain(url, monkeypatch):
    """From the list of domains."""
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", url)
    credentials = GlobalCredentials("AK", "SK")
    builder = ClientBuilder(Client, "GlobalCredentials").with_credentials(credentials)
    builder.with_region(Region("cn-north-4", url)).build()
    assert len(credentials.domain_id) == 32


def test_without_authentication_any_region_is_found(monkeypatch):
    """With any key at all."""
    with over_socket(make_app(CATALOG)) as ask:
        monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", ask.url)
        credentials = BasicCredentials("ANY", "ANY")
        ims = ImsClient.new_builder().with_credentials(credentials).with_region(Region("eu-west-0", ask.url)).build()
        assert credentials.project_id == A
        assert len(ims.glance_list_images(GlanceListImagesRequest()).images) == 5
