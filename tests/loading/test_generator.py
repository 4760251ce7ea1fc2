"""Generated images are plausible, reproducible, and have the fixed values."""

import json
import random
import re
from collections import Counter
from hashlib import sha256

import pytest
from faker import Faker

from ims_mock.catalog.attribute_defaults import SERVICE_PROJECT
from ims_mock.contract.fields import BY_NAME, FIELDS, MEMBER_STATUSES
from ims_mock.contract.values import LINK
from ims_mock.loading.generator import ImageProvider, generate
from ims_mock.loading.lint import lint
from ims_mock.loading.schema import read_image

PROJECT = "aaaa1111bbbb2222cccc3333dddd4444"
LINKS = {field.name for field in FIELDS if field.type is LINK}


def images(count=40, seed=7, /, **fixed):
    return list(generate(count, seed, project=PROJECT, fixed=fixed))


UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
HEX = r"[0-9a-f]{32}"
SHAPES = {
    "id": UUID, "owner": HEX, "name": r"[\w\-.](?:[\w\-. ]{0,126}[\w\-.])?", "__description": r"[^<>\r]{1,1024}",
    "checksum": HEX, "__image_size": r"0|[1-9][0-9]*", "max_ram": r"0|[1-9][0-9]*", "__backup_id": UUID,
    "__data_origin": rf"instance,{UUID}|image,[a-z0-9-]+,{UUID}", "__originalimagename": UUID, "__root_origin": "file",
    "__sequence_num": "[0-9]", "__image_location": r"obs\.[a-z0-9-]+\.myhuaweicloud\.com:443:[^:]+:[^:]+",
    "__support_agent_list": "hss|ces|hss,ces", "__system__cmkid": UUID, "__productcode": HEX,
    "__account_code": r"[0-9A-F]*", "enterprise_project_id": f"0|{UUID}", "_sys_enterprise_project_id": f"0|{UUID}",
    **dict.fromkeys(("created_at", "updated_at", "active_at"), r"20(18|19|2[0-3])-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
}  # fmt: skip
ALWAYS = {
    "id", "name", "status", "visibility", "protected", "owner", "min_disk", "min_ram", "virtual_size",
    "container_format", "disk_format", "created_at", "updated_at", "tags", "__isregistered", "__imagetype",
    "__image_source_type", "__image_size", "virtual_env_type", "__os_type", "__os_bit",
}  # fmt: skip
ENUMERATED = {field.name: (*field.values, *field.seen_values) for field in FIELDS if field.values}
LINUX = {*ENUMERATED["__platform"]} - {"Windows", "Other"}


def implausibilities(image):
    """Return everything about an image that no real one would have."""
    for name in ALWAYS - set(image):
        yield f"no {name}"
    if image != {**read_image(image), "tags": list(image["tags"])}:
        yield "a value has another type"
    for name, value in image.items():
        if name not in BY_NAME and name != "members":
            yield f"{name} is no attribute"
        elif (value is None) != (name == "virtual_size"):
            yield f"{name} is {value!r}"
        elif name in SHAPES and not re.fullmatch(SHAPES[name], value):
            yield f"{name} looks like {value!r}"
        elif name in ENUMERATED and value not in ENUMERATED[name]:
            yield f"{name} is {value!r}"
    yield from (f"{name} {message}" for name, message in lint(dict(image)) if name != "members")
    yield from (problem for is_broken, problem in rules(image) if is_broken)


def rules(image):
    """Return the rules that the lint checks of catalogs do not know: whether they are broken, and how."""
    image_type, status = image.get("__imagetype"), image["status"]
    is_public, is_market = image.get("visibility") == "public", image_type == "market"
    yield is_public != (image_type in ("gold", "market")), "only gold and market images are public"
    yield is_public != (image.get("owner") == SERVICE_PROJECT), "public images are the service's"
    yield is_market != ("__productcode" in image), "every market image is a product, and nothing else is"
    yield is_market != ("__is_offshelved" in image), "the market sells market images"
    yield "__account_code" in image and not is_market, "charged and not of the market"
    yield "__backup_id" in image and is_public, "a public image of a backup"
    yield "__system__cmkid" in image and image_type != "private", "encrypted for others"
    yield "__root_origin" in image and "__originalimagename" in image, "imported and with a parent"
    yield image.get("enterprise_project_id") != image.get("_sys_enterprise_project_id"), "two enterprise projects"
    members = image.get("members", {})
    yield bool(members) != ("shared" in (image_type, image.get("visibility"))), "members make an image shared"
    yield image.get("owner") in members, "shared with its owner"
    yield not set(members.values()) <= set(MEMBER_STATUSES), "unknown member status"
    yield not all(re.fullmatch(HEX, project) for project in members), "a member is no project"
    yield len({re.split("[.=]", tag)[0] for tag in image["tags"]}) < len(image["tags"]), "a tag twice"
    origin = image.get("__data_origin", "")
    parents = {origin.split(",")[-1], image.get("__originalimagename")}
    yield origin.startswith("image") and None not in parents and len(parents) > 1, "copied from another image"
    yield image.get("__support_arm") == "true" and image.get("__support_amd") == "true", "ARM and AMD"
    platform, version = image.get("__platform"), image.get("__os_version")
    yield platform is None and version is not None, "a version without a platform"
    yield platform in LINUX and image["__os_type"] != "Linux", f"{platform} is no {image['__os_type']}"
    created, updated, active = (image.get(name, "") for name in ("created_at", "updated_at", "active_at"))
    has_data = status in ("active", "deleted")
    yield not "2018-01-01" <= created <= updated < "2023-11-13", "outside of its time"
    yield bool(active) != has_data, "active_at is for those that became active"
    yield has_data and not created <= active <= updated, "active before it was created"
    yield ("size" in image) != has_data or ("checksum" in image) != has_data, "size and checksum come with the data"
    yield (image["__image_size"] == "0") != (status == "queued"), "no image is empty, and no queued one is not"
    yield image["min_disk"] < 40, "min_disk is below 40 GB"
    yield 0 < int(image.get("max_ram", "0")) < image["min_ram"], "max_ram below min_ram"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 7, 20231113, -3, 2**70])
def test_images_are_plausible(seed):
    for image in images(2_000, seed):
        assert not list(implausibilities(image)), image


@pytest.fixture(scope="module")
def many():
    return images(5_000, 1)


def test_every_attribute_of_the_service_but_the_links_occurs(many):
    known = {field.name for field in FIELDS if field.share != 0}
    assert {name for image in many for name in image} == known - LINKS | {"members"}


@pytest.mark.parametrize("name", [field.name for field in FIELDS if field.values])
def test_every_documented_value_but_dead_statuses_occurs(many, name):
    assert {image.get(name) for image in many} >= set(BY_NAME[name].values) - {"deleted", "killed"}


@pytest.mark.parametrize("name", [field.name for field in FIELDS if field.share])
def test_no_attribute_is_more_frequent_than_its_share(many, name):
    share = BY_NAME[name].share
    found = sum(name in image for image in many) / len(many)
    assert 0 < found <= share * 1.15 + (0.1 if name == "hw_firmware_type" else 0)  # every ARM image has a firmware type


@pytest.mark.parametrize(
    ("least", "most", "is_one"),
    [
        (0.50, 0.65, lambda image: image["__imagetype"] == "gold" and image["__os_type"] == "Linux"),
        (0.04, 0.10, lambda image: image.get("__support_arm") == "true"),
        (0.02, 0.06, lambda image: "__support_kvm_gpu_type" in image or "__support_xen_gpu_type" in image),
        (0.20, 0.35, lambda image: image["__imagetype"] == "private"),
        (0.03, 0.08, lambda image: image["__imagetype"] == "shared"),
        (0.05, 0.12, lambda image: image["__imagetype"] == "market"),
        (0.01, 0.04, lambda image: image["virtual_env_type"] == "IsoImage"),
        (0.005, 0.016, lambda image: image["status"] == "queued"),
        (0.10, 0.50, lambda image: not image["name"].isascii()),
        (0.10, 0.30, lambda image: any("=" in tag for tag in image["tags"])),
        (0.001, 0.05, lambda image: any(re.fullmatch(r"\w+\.\w+", tag) for tag in image["tags"])),
    ],
)
def test_mixture_is_that_of_a_region(many, least, most, is_one):
    assert least <= sum(1 for image in many if is_one(image)) / len(many) <= most


def test_project_owns_most_private_images_and_is_member_of_shared_ones(many):
    owners = Counter(image["owner"] for image in many if image["__imagetype"] == "private")
    assert owners.most_common(1)[0][0] == PROJECT
    assert 0.7 < owners[PROJECT] / owners.total() < 0.9
    assert len(owners) in (3, 4)
    shared = [image for image in many if image["__imagetype"] == "shared"]
    assert all(PROJECT in image["members"] and image["owner"] != PROJECT for image in shared)
    assert {image["members"][PROJECT] for image in shared} == set(MEMBER_STATUSES)


def test_seed_gives_the_same_images_everywhere():
    text = "\n".join(json.dumps(image, sort_keys=True) for image in images(1_000, 42))
    assert sha256(text.encode()).hexdigest() == "bf069462a57ddfe43257a9f5c30df70aa200e56c42df61941b28c037834d5aa9"


def test_count_does_not_change_the_images_and_the_first_index_only_their_ids():
    assert images(10) == images(20)[:10]
    early, late = images(30), list(generate(30, 7, first=500, project=PROJECT))
    assert [{**image, "id": ""} for image in early] == [{**image, "id": ""} for image in late]
    assert not {image["id"] for image in early} & {image["id"] for image in late}


def test_global_random_generator_is_not_used():
    before = random.getstate()
    images(10)
    assert random.getstate() == before


def test_images_share_no_mutable_values():
    first, second = images(2, tags=["a"], members={PROJECT: "pending"})
    first["tags"].append("b")
    first["members"].clear()
    assert second["tags"] == ["a"]
    assert second["members"] == {PROJECT: "pending"}


@pytest.mark.slow
def test_images_with_many_fixed_values_are_plausible(many):
    chance = random.Random(3)
    names = [field.name for field in FIELDS if field.name in (*ENUMERATED, "protected")]
    for seed, image in enumerate(many[:1_000]):
        chosen = chance.sample(names, chance.randint(3, len(names)))
        fixed = {name: image[name] for name in chosen if name in image}
        for other in images(2, seed, **fixed):
            assert {name: other.get(name) for name in fixed} == fixed
            assert not list(implausibilities(other)), (fixed, other)


@pytest.mark.parametrize(
    ("fixed", "follows"),
    [
        ({"__platform": "CentOS"}, {"__os_type": "Linux", "__platform": "CentOS"}),
        ({"__platform": "windows"}, {"__os_type": "Windows", "__platform": "windows"}),
        ({"__platform": "RedHat"}, {"__os_type": "Linux", "__platform": "RedHat"}),
        ({"__imagetype": "gold"}, {"visibility": "public", "protected": True, "owner": SERVICE_PROJECT}),
        ({"__imagetype": "market"}, {"visibility": "public", "protected": True, "owner": SERVICE_PROJECT}),
        ({"visibility": "public", "__is_offshelved": "true"}, {"__imagetype": "market"}),
        ({"owner": PROJECT}, {"__imagetype": "private"}),
        ({"owner": SERVICE_PROJECT}, {"visibility": "public"}),
        ({"visibility": "community"}, {"visibility": "community", "__imagetype": "private"}),
        ({"virtual_env_type": "IsoImage"}, {"disk_format": "iso"}),
        ({"disk_format": "iso"}, {"virtual_env_type": "IsoImage"}),
        ({"disk_format": "ISO"}, {"virtual_env_type": "IsoImage", "disk_format": "ISO"}),
        ({"disk_format": "vmdk"}, {"virtual_env_type": "FusionCompute", "disk_format": "vmdk"}),
        ({"__support_arm": "true"}, {"hw_firmware_type": "uefi", "__os_bit": "64"}),
        ({"__os_bit": "32", "__platform": "EulerOS"}, {"__os_type": "Linux", "__os_version": None}),
        ({"__os_version": "Windows 7 Professional 32bit"}, {"__platform": "Windows", "__os_bit": "32"}),
        ({"__os_version": "Ubuntu 22.04 server 64bit"}, {"__platform": "Ubuntu", "__os_type": "Linux"}),
        ({"__os_version": "FreeBSD 13 64bit"}, {"__platform": "Other", "__os_type": "Other", "__os_bit": "64"}),
        ({"status": "queued"}, {"__image_size": "0", "size": None, "active_at": None, "__imagetype": "private"}),
        ({"status": "deleted", "__imagetype": "gold"}, {"visibility": "public"}),
        ({"size": 2}, {"checksum": "99914b932bd37a50b983c5e7c90ae93b", "status": "active"}),
        ({"__backup_id": "b"}, {"__imagetype": "private", "__root_origin": None, "__data_origin": None}),
        ({"enterprise_project_id": "e"}, {"_sys_enterprise_project_id": "e", "__imagetype": "private"}),
        ({"_sys_enterprise_project_id": "e"}, {"enterprise_project_id": "e", "__imagetype": "private"}),
        ({"members": {"m": "pending"}}, {"members": {"m": "pending"}, "__imagetype": "shared"}),
        ({"colour": "blue"}, {"colour": "blue"}),
    ],
)
def test_other_values_follow_from_fixed_ones(fixed, follows):
    for image in images(**fixed):
        assert {name: image.get(name) for name in follows} == follows


def test_fixed_value_keeps_the_mixture_of_other_values():
    found = Counter(image["__imagetype"] for image in images(2_000, __platform="CentOS"))
    assert found["gold"] > found["private"] > found["shared"] > 0


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - LINKS))
def test_none_removes_only_that_attribute(name):
    without = [{key: value for key, value in image.items() if key != name} for image in images()]
    assert images(**{name: None}) == without


def test_contradictory_values_are_kept():
    fixed = {
        "__imagetype": "gold", "visibility": "private", "virtual_env_type": "FusionCompute", "disk_format": "iso",
        "__platform": "Windows", "__os_type": "Linux", "__os_version": "CentOS 7.3 64bit", "__os_bit": "32",
        "__support_arm": "true", "__support_kvm": "true", "hw_firmware_type": "bios", "status": "queued", "size": 5,
        "created_at": "2022-01-01T00:00:00Z", "updated_at": "2019-01-01T00:00:00Z", "active_at": "yesterday",
    }  # fmt: skip
    for image in images(**fixed):
        assert {name: image[name] for name in fixed} == fixed


@pytest.mark.parametrize(
    "fixed",
    [
        {"created_at": "2031-05-01T00:00:00Z"},
        {"created_at": "9999-12-31T23:59:59Z"},
        {"updated_at": "0001-01-01T00:00:00Z"},
        {"updated_at": "2005-02-03T04:05:06Z", "active_at": "2004-02-03T04:05:06Z"},
        {"active_at": "2019-02-03T04:05:06Z"},
        {"created_at": "2022-05-01T00:00:00Z", "updated_at": "2022-05-01T00:00:05Z"},
        {"created_at": "2022-05-01T00:00:00Z", "active_at": "2022-05-01T00:00:05Z"},
    ],
)
def test_times_are_in_order_around_fixed_times(fixed):
    for image in images(**fixed):
        assert image["created_at"] <= image.get("active_at", image["created_at"]) <= image["updated_at"]


@pytest.mark.parametrize("name", sorted(LINKS))
def test_links_cannot_be_fixed(name):
    with pytest.raises(ValueError, match=f"^{name} is computed"):
        generate(1, 7, project=PROJECT, fixed={name: "x"})
    assert images(**{name: None}) == images()


def test_image_of_an_unknown_environment_has_the_usual_attributes():
    for image in images(virtual_env_type="Quantum"):
        assert image["virtual_env_type"] == "Quantum"
        assert set(image) >= ALWAYS


@pytest.fixture
def fake():
    fake = Faker()
    fake.add_provider(ImageProvider)
    fake.seed_instance(7)
    return fake


def test_provider_returns_plausible_images_without_members(fake):
    for image in (fake.image() for _ in range(500)):
        assert not LINKS & set(image)
        assert "members" not in image
        members = {PROJECT: "accepted"} if "shared" in (image["__imagetype"], image["visibility"]) else {}
        assert not list(implausibilities({**image, "members": members})), image


def test_provider_keeps_fixed_values_and_the_given_project(fake):
    image = fake.image(__platform="CentOS", __imagetype="gold", min_ram=None)
    assert image["__os_version"].startswith("CentOS ")
    assert (image["visibility"], image["protected"], image["owner"]) == ("public", True, SERVICE_PROJECT)
    assert "min_ram" not in image
    assert fake.image(members={PROJECT: "pending"})["members"] == {PROJECT: "pending"}
    owners = Counter(fake.image(project=PROJECT, __imagetype="private")["owner"] for _ in range(100))
    assert owners.most_common(1)[0][0] == PROJECT


def test_seeded_provider_repeats_its_images(fake):
    first = [fake.image() for _ in range(5)]
    fake.seed_instance(7)
    assert [fake.image() for _ in range(5)] == first
    common = Faker()
    common.add_provider(ImageProvider)
    Faker.seed(7)
    assert [common.image() for _ in range(5)] == first


def test_provider_returns_names_versions_and_tags(fake):
    assert re.fullmatch(SHAPES["name"], fake.image_name())
    assert re.fullmatch(r"[\w-]+(?:[=.][\w.-]+)?", fake.image_tag())
    assert fake.image_os_version()
    assert all(fake.image_os_version("redhat").startswith("Redhat ") for _ in range(20))


def test_platform_without_versions_is_rejected(fake):
    with pytest.raises(ValueError, match=r"Invalid platform 'BeOS'.*Use one of Windows"):
        fake.image_os_version("BeOS")
