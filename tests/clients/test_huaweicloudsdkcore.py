"""huaweicloudsdkcore over a socket: signatures, and the lookup of projects and domains."""

from types import SimpleNamespace
from typing import ClassVar

import pytest
from clients import region
from clients.region import A, B
from helpers import make_app, over_socket, probed

pytest.importorskip("huaweicloudsdkcore")

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.client import Client, ClientBuilder
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, SdkException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.sdk_response import SdkResponse
from huaweicloudsdkims.v2 import GlanceListImagesRequest, ImsClient

KEYS = [
    {"access": "AK", "secret": "SK", "project": A},
    {"access": "AK", "secret": "SK", "project": B, "roles": ["reader"]},
    {"access": "TEMPORARY", "secret": "SK", "project": A, "security_token": "security/token+=="},
]
CATALOG = {**region.CATALOG, "credentials": {"keys": KEYS}}


@pytest.fixture(scope="module")
def url():
    with over_socket(probed(make_app(CATALOG, auth="on"))) as ask:
        yield ask.url


@pytest.fixture(autouse=True)
def _clear_caches():
    BasicCredentials._CACHE.clear()
    GlobalCredentials._CACHE.clear()


class Caller(SdkResponse):
    """The response to an unknown path: the caller that was authenticated."""

    openapi_types: ClassVar = {"project": "str", "roles": "list[str]"}
    attribute_map: ClassVar = {"project": "project", "roles": "roles"}

    def __init__(self, project=None, roles=None):
        super().__init__()
        self.project, self.roles = project, roles


def send(url, method, path, credentials=None, **what):
    builder = ClientBuilder(Client).with_credentials(credentials or BasicCredentials("AK", "SK", A)).with_endpoint(url)
    client = builder.with_http_config(HttpConfig(timeout=20)).build()
    client.model_package = SimpleNamespace(Caller=Caller)
    return client.do_http_request(method, path, response_type="Caller", **what)


NAMES = {"name": "镜像 CentOS 7.3~x/y", "empty": "", "tag": "a=b"}
JSON = "application/json;charset=utf-8"
PATCH = "application/openstack-images-v2.1-json-patch"
BYTES = "application/octet-stream"
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
def test_signature_of_the_sdk_is_accepted(url, name, access):
    method, path, what = REQUESTS[name]
    credentials = BasicCredentials(access, "SK", A)
    if access == "TEMPORARY":
        credentials.with_security_token("security/token+==")
    answer = send(url, method, path, credentials, **what)
    assert (answer.project, answer.roles) == (A, ["member"])


@pytest.mark.parametrize("data", [b"", b"bytes \x00\xff", b"x" * 3_000_000])
def test_signature_of_an_upload_does_not_cover_its_data(url, data, tmp_path):
    (tmp_path / "data").write_bytes(data)
    with (tmp_path / "data").open("rb") as file:
        what = {"body": file, "header_params": {"Content-Type": BYTES}}
        assert send(url, "PUT", "/v2/other/abc/file", **what).project == A


@pytest.mark.parametrize(
    ("credentials", "status", "code", "words"),
    [
        (("AK", "WRONG", A), 401, "APIGW.0301", "verify aksk signature fail, canonicalRequest:GET|/v2/images/|"),
        (("AK", "SK", "c" * 32), 403, "APIGW.0302", "X-Project-Id"),
    ],
)
def test_refusal_raises_the_exception_of_the_sdk(url, credentials, status, code, words):
    with pytest.raises(ClientRequestException) as refused:
        send(url, "GET", "/v2/images", BasicCredentials(*credentials))
    error = refused.value
    assert (error.status_code, error.error_code) == (status, code)
    assert words in error.error_msg
    assert len(error.request_id) == 32


def client_in_region(monkeypatch, url, credentials, region):
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", url)
    return ImsClient.new_builder().with_credentials(credentials).with_region(Region(region, url)).build()


@pytest.mark.parametrize(("region", "project", "images"), [("cn-north-4", A, 5), ("cn-east-3", B, 0)])
def test_sdk_looks_up_its_project_by_region(url, region, project, images, monkeypatch):
    credentials = BasicCredentials("AK", "SK")
    client = client_in_region(monkeypatch, url, credentials, region)
    assert credentials.project_id == project
    assert len(client.glance_list_images(GlanceListImagesRequest()).images) == images


def test_unknown_region_raises_the_exception_of_the_sdk(url, monkeypatch):
    with pytest.raises(SdkException, match="Failed to get project id of region 'eu-west-0'"):
        client_in_region(monkeypatch, url, BasicCredentials("AK", "SK"), "eu-west-0")


def test_any_region_is_found_without_authentication(monkeypatch):
    credentials = BasicCredentials("ANY", "ANY")
    with over_socket(make_app(CATALOG)) as ask:
        client = client_in_region(monkeypatch, ask.url, credentials, "eu-west-0")
        assert credentials.project_id == A
        assert len(client.glance_list_images(GlanceListImagesRequest()).images) == 5


def test_global_credentials_look_up_their_domain(url, monkeypatch):
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", url)
    credentials = GlobalCredentials("AK", "SK")
    builder = ClientBuilder(Client, "GlobalCredentials").with_credentials(credentials)
    builder.with_region(Region("cn-north-4", url)).build()
    assert len(credentials.domain_id) == 32
