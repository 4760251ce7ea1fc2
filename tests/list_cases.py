"""Test cases of the image list that several test modules use: a catalog, its callers, queries and wrong queries."""

from ims_mock.errors import PROBLEMS

A, B, C = (letter * 32 for letter in "abc")
SERVICE = "1bed856811654c1cb661a6ca845ebc77"


def image(number, **values):
    """Describe one image of the test catalog; its number is its id, its name and its second of creation."""
    return {"id": f"0000000{number}", "name": f"n{number}", "created_at": f"2018-09-10T10:00:0{number}Z", **values}


IMAGES = [
    image(1, __imagetype="gold", __os_type="Linux", __os_bit="64", __platform="CentOS", __support_kvm="true",
          updated_at="2019-01-01T00:00:00Z", min_disk=100, min_ram=2048, __support_highperformance="true"),
    image(2, __imagetype="gold", __platform="Windows", __support_xen="true", disk_format="vhd", __os_bit="32",
          __support_diskintensive="true", __support_largememory="true"),
    image(3, __imagetype="market", owner=SERVICE, __platform="Red Hat", __support_kvm_gpu_type="V100"),
    image(4, owner=A, tags=["team=a", "x86"], __support_xen_gpu_type="M60_vGPU", status="queued", size=0),
    image(5, owner=A, tags=["team.a"], __platform="RedHat", __support_xen_hana="true", container_format="ovf"),
    image(6, owner=B, members={A: "accepted"}, __support_kvm_infiniband="true", size=18),
    image(7, owner=B, members={A: "rejected", C: "accepted"}),
    image(8, owner=B, members={A: "pending"}),
    image(9, owner=A, __isregistered="false", status="deleted"),
    {"id": "00000010", "name": "镜像", "owner": A, "created_at": "2018-09-10T10:00:10Z", "__isregistered": "false"},
    {"id": "00000011", "name": "killed", "owner": A, "created_at": "2018-09-10T10:00:11Z", "status": "killed"},
    {"id": "00000012", "name": "private of B", "owner": B, "created_at": "2018-09-10T10:00:12Z"},
]  # fmt: skip

CATALOG = {
    "project": A,
    "clock": "2023-11-13T08:00:00Z",
    "credentials": {
        "tokens": [
            {"token": "of-a", "project": A, "roles": ["member"]},
            {"token": "admin", "project": A, "roles": ["admin"]},
            {"token": "old", "project": A, "expires": "2023-11-13T08:00:00Z"},
        ],
        "keys": [{"access": "AK-OF-B", "secret": "s", "project": B}],
    },
    "images": IMAGES,
}


def assert_is_clear_error(answer, problem, status, code):
    """Check that a response is the service's own error of a query, and names what is wrong and what is legal."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json")
    assert set(answer.json) == {"error"}
    error = answer.json["error"]
    assert error["code"] == code
    row = next(one for one in PROBLEMS if one.name == problem)
    assert error["message"].startswith("Invalid ")
    assert row.message.partition("{value}")[2].rstrip(".") in error["message"]
    assert ". Use " in error["message"]
    assert len(error["message"]) < 600


def numbers(answer):
    """Return the numbers of the images of a page, in order."""
    assert answer.status == 200, answer.text
    return [int(one) for one in answer.ids]


FOUND = {
    (8, 7, 6, 5, 4, 3, 2, 1): ["member_status=all&__isregistered=true"],
    (): ["__isregistered=false", "name=N4", "hw_firmware_type=uefi", "foo=bar"],
    (2, 1): ["__imagetype=gold"],
    (6,): ["__imagetype=shared", "__support_kvm_infiniband=true", "visibility=shared", f"owner={B}", "size_min=1"],
    (2,): [
        "__os_type=Windows", "__os_type=windows", "__os_bit=32", "__support_xen=TRUE", "__support_largememory=true",
        "__support_diskintensive=true", "disk_format=vhd",
    ],
    (1,): [
        "__platform=CentOS", "__support_kvm=true", "__support_highperformance=true", "min_ram=2048", "min_disk=100",
        "min_disk=0100", "updated_at=eq:2019-01-01T00:00:00Z",
    ],
    (5, 3): ["__platform=Red+Hat", "__platform=redhat"],
    (5,): ["__support_xen_hana=true", "container_format=ovf", "tag=team.a"],
    (3,): ["__support_kvm_gpu_type=V100", "id=00000003"],
    (4,): [
        "__support_xen_gpu_type=m60_vgpu", "name=n4", "name=eq:n4", "status=queued", "tag=x86", "tag=team=a&tag=x86",
    ],
    (3, 2, 1): ["protected=true", "visibility=public", "visibility=PUBLIC"],
    (6, 5, 4): ["protected=False"],
    (5, 4): ["visibility=private", f"owner={A}", "name=in:n4,%22n5%22", "tag=team=a", "tag=team%3Da"],
    (7,): ["member_status=rejected&visibility=shared"],
    (8, 5, 4, 3, 2, 1): ["member_status=pending"],
    (3, 1): ["id=in:00000003,00000001"],
    (6, 5): ["created_at=gt:2018-09-10T10:00:04Z", "limit=2"],
    (4, 3): ["limit=2&marker=00000005"],
    None: ["marker=00000012"],
    (6, 5, 4, 3, 2, 1): ["sort_key=name", "deleted=true"],
    (1, 2, 3, 4, 5, 6): ["sort_key=name&sort_dir=asc"],
}  # fmt: skip
"""The parameters of queries by the numbers of the images that they find; ``None`` if the query is forbidden."""

ROWS = [(query, None if found is None else list(found)) for found, queries in FOUND.items() for query in queries]

RECIPES = [
    ("__imagetype=gold&visibility=public&protected=true", [2, 1]),
    (f"owner={A}", [5, 4]),
    ("member_status=accepted&visibility=shared&__imagetype=shared", [6]),
    ("member_status=rejected&visibility=shared&__imagetype=shared", [7]),
    ("member_status=pending&visibility=shared&__imagetype=shared", [8]),
]

REJECTED = {
    ("limit", 400, "IMG.0017"): ["limit=abc", "limit=", "limit=1.5", "limit=1_0", "limit=%EF%BC%95"],
    ("negative-limit", 400, "IMG.0017"): ["limit=-1"],
    ("repeated", 400, "IMG.0017"): [
        "limit=5&limit=5", "marker=00000001&marker=00000001", "member_status=all&member_status=all",
        "visibility=public&visibility=public",
    ],
    ("marker", 400, "IMG.0027"): ["marker=nonsense", "marker=", "marker=00000009"],
    ("long-marker", 400, "IMG.0027"): ["marker=" + "a" * 37],
    ("hidden-marker", 403, "IMG.0026"): ["marker=00000012"],
    ("sort-key", 400, "IMG.0017"): ["sort_key=owner", "sort=owner:asc"],
    ("sort-direction", 400, "IMG.0017"): ["sort_dir=DESC", "sort=name:up", "sort=name:up,owner:asc"],
    ("sort-directions", 400, "IMG.0017"): ["sort_key=name&sort_dir=asc&sort_dir=desc"],
    ("sort-syntaxes", 400, "IMG.0017"): ["sort=name&sort_key=name"],
    ("time", 400, "IMG.0017"): ["created_at=before:yesterday", "created_at=gt:2018-02-30", "updated_at="],
    ("time-operator", 400, "IMG.0017"): ["updated_at=GT:2018-01-01"],
    ("boolean", 400, "IMG.0017"): ["protected=maybe", "protected="],
    ("integer", 400, "IMG.0017"): ["min_disk=abc", "min_ram=40.0"],
    ("range", 400, "IMG.0017"): ["size_min=abc"],
    ("visibility", 400, "IMG.0017"): ["visibility=bogus", "visibility=", "visibility=community"],
    ("member-status", 400, "IMG.0017"): ["member_status=bogus"],
    ("changes-since", 400, "IMG.0017"): ["changes-since=2018"],
    ("operator", 400, "IMG.0017"): ["name=neq:x"],
    ("quote-before", 400, "IMG.0017"): ["name=in:a%22b"],
    ("quote-after", 400, "IMG.0017"): ["name=in:%22a%22b"],
    ("quote-open", 400, "IMG.0017"): ["name=in:%22a"],
    ("encoding", 400, "IMG.0017"): ["name=%ff", "%ff=1", "name=\xe9"],
    ("stray-percent", 400, "IMG.0017"): ["name=%zz", "name=100%", "x" * 30_000 + "=%zz"],
    ("uri-too-large", 414, "APIGW.0201"): ["name=" + "x" * 100_000],
}  # fmt: skip
BAD = [(query, *error) for error, queries in REJECTED.items() for query in queries]

CALLERS = [
    ({}, [6, 5, 4, 3, 2, 1]),
    ({"X-Project-Id": B}, [12, 8, 7, 6, 3, 2, 1]),
    ({"X-Project-Id": C}, [7, 3, 2, 1]),
    ({"X-Project-Id": "nobody"}, [3, 2, 1]),
    ({"X-Auth-Token": "of-a"}, [6, 5, 4, 3, 2, 1]),
    ({"X-Auth-Token": "unknown"}, [6, 5, 4, 3, 2, 1]),
    ({"X-Auth-Token": "unknown", "X-Project-Id": C}, [7, 3, 2, 1]),
    ({"X-Auth-Token": "admin"}, [12, 10, 8, 7, 6, 5, 4, 3, 2, 1]),
    ({"X-Auth-Token": "admin", "X-Project-Id": B}, [12, 10, 8, 7, 6, 5, 4, 3, 2, 1]),
    ({"Authorization": "SDK-HMAC-SHA256 Access=AK-OF-B, SignedHeaders=host, Signature=0"}, [12, 8, 7, 6, 3, 2, 1]),
    ({"Authorization": "nonsense"}, [6, 5, 4, 3, 2, 1]),
]
