"""Lint checks, each with images that fail it and similar ones that pass."""

import pytest

from ims_mock.catalog.attribute_defaults import with_defaults
from ims_mock.contract.fields import BY_NAME, FIELDS, OTHER_PROPERTIES, nearest
from ims_mock.contract.operating_systems import SYSTEMS
from ims_mock.contract.values import TEXT
from ims_mock.loading.lint import CHECKS, Spelling, lint


def warnings(**given):
    found = {}
    for name, message in lint(with_defaults(given, 0, project="p", seed=0)):
        found.setdefault(name, []).append(message)
    return found


def dated(**given):
    return {"created_at": "2020-01-01T00:00:00Z", **given}


XEN, KVM = {"__support_xen": "true"}, {"__support_kvm": "true"}
ARM = {"__support_arm": "true", "hw_firmware_type": "uefi"}
FEATURES = "is not a JSON object"
SIZE = "is not a decimal number above 0"
BEFORE = "2019-12-31T23:59:59Z"

PAIRS = [
    # the check, images that fail it, and similar images that pass
    (("visibility", "is not public"),
     [{"__imagetype": "gold", "visibility": "private"}, {"__imagetype": "market", "visibility": "shared"},
      {"__imagetype": "GOLD", "visibility": None}],
     [{"__imagetype": "gold", "visibility": "Public"}, {"__imagetype": "market"}, {"visibility": "private"},
      {"__imagetype": None, "visibility": "private"}]),
    (("visibility", "does not suit"),
     [{"visibility": "public", "__imagetype": "private"}, {"__imagetype": "shared", "visibility": "PUBLIC"}],
     [{"visibility": "shared"}, {"__imagetype": "shared", "visibility": "private"}, {"__imagetype": "gold"},
      {"__imagetype": None, "visibility": "public"}, {"visibility": "public"}]),
    (("protected", "is not true"),
     [{"__imagetype": "gold", "protected": False}, {"__imagetype": "market", "protected": None}],
     [{"__imagetype": "gold", "protected": True}, {"protected": False}, {"protected": True}]),
    (("__productcode", "market images only"),
     [{"__productcode": "c"}, {"__productcode": "c", "__imagetype": "gold"}],
     [{"__productcode": "c", "__imagetype": "market"}, {"__productcode": None}, {"__productcode": ""},
      {"__productcode": "", "__imagetype": "gold"}]),
    (("__is_offshelved", "market images only"),
     [{"__is_offshelved": "true"}, {"__is_offshelved": "true", "__imagetype": "gold"}],
     [{"__is_offshelved": "true", "__imagetype": "Market"}, {"__is_offshelved": "false"}]),
    (("virtual_env_type", "does not match disk_format"),
     [{"virtual_env_type": "IsoImage", "disk_format": "zvhd2"}, {"virtual_env_type": "DataImage", "disk_format": "ISO"},
      {"virtual_env_type": "FusionCompute", "disk_format": "iso"}],
     [{"virtual_env_type": "isoimage", "disk_format": "ISO"}, {"virtual_env_type": "IsoImage", "disk_format": None},
      {"virtual_env_type": None, "disk_format": "iso"}, {"virtual_env_type": "DataImage"}, {"disk_format": "iso"}]),
    *((("__support_" + name, "cannot be combined with"),
       [{"__support_" + name: value, **other} for other in (XEN, KVM, {**XEN, **KVM})],
       [{"__support_" + name: value}, {**XEN, **KVM}, {"__support_" + name: None, **XEN}])
      for name, value in (("xen_gpu_type", "M60_vGPU"), ("kvm_gpu_type", "V100"), ("xen_hana", "true"))),
    (("__support_kvm_infiniband", "cannot be combined with"),
     [{"__support_kvm_infiniband": "true", **XEN}],
     [{"__support_kvm_infiniband": "true", **KVM}, XEN]),
    (("hw_firmware_type", "is not uefi"),
     [{"__support_arm": "true"}, {"__support_arm": "True", "hw_firmware_type": "bios"}],
     [ARM, {**ARM, "hw_firmware_type": "UEFI"}, {"__support_arm": "false"}, {"hw_firmware_type": "bios"}]),
    (("__support_kvm", "cannot be combined with __support_arm"),
     [{**ARM, **KVM}],
     [ARM, KVM, {"__support_arm": "false", **KVM}]),
    (("__os_type", "does not match __platform"),
     [{"__platform": "Windows", "__os_type": "Linux"}, {"__platform": "CentOS", "__os_type": "Windows"},
      {"__platform": "Other", "__os_type": "windows"}],
     [{"__platform": "windows", "__os_type": "Windows"}, {"__platform": "CentOS", "__os_type": "Linux"},
      {"__platform": "Other", "__os_type": "Other"}, {"__os_type": "Windows"},
      {"__platform": "Windows", "__os_type": None}]),
    (("__os_version", "does not begin with the name of its __platform"),
     [{"__platform": "CentOS", "__os_version": "Ubuntu 18.04 server 64bit"},
      {"__platform": "SUSE", "__os_version": "openSUSE 15.1 64bit"},
      {"__platform": "RedHat", "__os_version": "CentOS 7.6 64bit"}],
     [{"__platform": "centos", "__os_version": "CENTOS 7.6 64bit"}, {"__platform": "CentOS"},
      {"__platform": "Red Hat", "__os_version": "Redhat Linux Enterprise 7.6 64bit"},
      {"__platform": "RedHat", "__os_version": "Red Hat 7.6"},
      {"__platform": "OracleLinux", "__os_version": "Oracle Linux Server release 7.6 64bit"},
      {"__platform": "Other", "__os_version": "anything"}, {"__os_version": "anything"},
      {"__platform": "CentOS", "__os_version": ""}]),
    (("__os_bit", "does not match the bits"),
     [{"__os_version": "CentOS 7.6 64bit", "__os_bit": "32"},
      {"__os_version": "Other Linux(32 bit)", "__os_bit": "64"}],
     [{"__os_version": "CentOS 7.6 64bit", "__os_bit": "64"}, {"__os_version": "CentOS 7.6 64bit"},
      {"__os_version": "CoreOS 1298.6.0", "__os_bit": "32"}, {"__os_bit": "32"}]),
    (("active_at", "have been active only"),
     [{"active_at": "2020-01-01T00:00:00Z", "status": status} for status in ("queued", "Saving")],
     [{"active_at": "2024-01-01T00:00:00Z", "status": status} for status in ("active", "deleted", "killed")]
     + [{"status": "queued"}]),
    (("updated_at", "is before created_at"),
     [dated(updated_at=BEFORE)],
     [dated(), dated(updated_at="2020-01-01T00:00:01Z"), dated(updated_at=None),
      {"created_at": None, "updated_at": BEFORE}]),
    (("tags", "contains a tag of more than 255 characters"),
     [{"tags": ("x" * 256,)}, {"tags": ("a", "x" * 256)}],
     [{"tags": ("x" * 255,)}, {"tags": ()}, {"tags": None}]),
    (("checksum", "images with data only"),
     [{"checksum": "d41d8cd98f00b204e9800998ecf8427e", "status": "queued"}],
     [{"checksum": "d41d8cd98f00b204e9800998ecf8427e"}, {"checksum": None, "status": "queued"}]),
    (("size", "images with data only"),
     [{"size": 0, "status": "queued"}],
     [{"size": 0}, {"size": None, "status": "queued"}]),
    (("__image_size", SIZE),
     [{"__image_size": value} for value in ("", "0", "00", "-1", "1.5", "1e9", "x", " 1", "1 ", "\u0663", "1_000")]
     + [{"__image_size": "x", "status": "queued"}],
     [{"__image_size": "1"}, {"__image_size": "9223372036854775808"}, {"__image_size": None}, {},
      {"__image_size": "0", "status": "queued"}]),
    (("__os_feature_list", FEATURES),
     [{"__os_feature_list": value}
      for value in ("", "x", "[]", "null", "1", "{'a': 1}", "{", '{"a": 1}}', "[" * 100_000)],
     [{"__os_feature_list": "{}"}, {"__os_feature_list": '{"ssh_key": "true"}'}, {"__os_feature_list": None}]),
    (("name", "is not 1 to 128 letters"),
     [{"name": value}
      for value in ("", "x" * 129, " x", "x ", " ", "a\tb", "a\n", "a/b", "a=b", "a,b", "a(b)", "it's", "🚀")],
     [{"name": value} for value in ("x", "x" * 128, "a b", "CentOS 7.6-64_bit", "镜像 1", ".", "-", None)] + [{}]),
    (("__description", "is longer than 1024"),
     [{"__description": value} for value in ("x" * 1025, "a<b", "a>b", "a\rb")],
     [{"__description": value} for value in ("x" * 1024, "", "a\nb", "说明,带标点。", None)]),
    (("min_disk", "is not 1 to 1024 GB"),
     [{"min_disk": value} for value in (0, -1, 1025)] + [{"min_disk": -1, "disk_format": "iso"}],
     [{"min_disk": value} for value in (1, 40, 1024, None)] + [{"min_disk": 0, "disk_format": "iso"}]),
]  # fmt: skip


@pytest.mark.parametrize(("named", "failing", "passing"), PAIRS, ids=[" ".join(named) for named, _, _ in PAIRS])
def test_check_fails_for_implausible_images_only(named, failing, passing):
    name, words = named
    (message,) = (check.message for check in CHECKS if check.name == name and words in check.message)
    for given in (*failing, *passing):
        found = any(one.endswith(message) for one in warnings(**given).get(name, ()))
        assert found == (given in failing), given


ENUMERATED = [field for field in FIELDS if field.values]
FREE = {field.name for field in FIELDS if field.type is TEXT and not field.values} - {check.name for check in CHECKS}


@pytest.mark.parametrize("field", ENUMERATED, ids=lambda field: field.name)
def test_documented_values_are_plausible_in_any_case(field):
    for value in field.known_values:
        for written in (value, value.lower(), value.upper(), value.swapcase()):
            found = warnings(**{field.name: written}).get(field.name, [])
            assert not [message for message in found if "is not one of" in message], written


@pytest.mark.parametrize("field", ENUMERATED, ids=lambda field: field.name)
def test_undocumented_value_is_warned_about_with_the_documented_ones(field):
    for value in ("", "odd", field.values[0] + " ", "x" * 1000):
        (message, *_) = warnings(**{field.name: value})[field.name]
        assert message.startswith(repr(value)[:60])
        assert all(legal in message for legal in field.values)
        assert len(message) < 400


PLAUSIBLE = [
    *({name: "Anything at all"} for name in sorted(FREE)),
    *({name: "x"} for name in ("colour", "用途", "x.y", "a b", "_", "hw_disk_bus", "flavour", "50%", "is", "team")),
    *({name: "x"} for name in OTHER_PROPERTIES),
    {"locations": None, "colour": False, "size_in_gb": 1.5},
    *({"visibility": visibility} for visibility in ("public", "Public", "shared", "private", "community")),
    *(system.attributes for system in SYSTEMS),
    *(
        {"__imagetype": image_type, **purpose}
        for image_type in ("gold", "private", "shared", "market")
        for purpose in ({}, {"disk_format": "iso"}, {"virtual_env_type": "DataImage"}, ARM, {"status": "queued"})
    ),
]


@pytest.mark.parametrize("values", PLAUSIBLE, ids=str)
def test_plausible_image_has_no_warnings(values):
    assert warnings(**values) == {}


@pytest.mark.parametrize("name", [*(field.name for field in FIELDS if len(field.name) > 5), *OTHER_PROPERTIES])
def test_misspelt_attribute_gets_a_suggestion(name):
    for misspelt in (name + name[-1], name[:-1], name[:-2] + name[-1] + name[-2]):
        if misspelt not in BY_NAME:
            message = f"is not a known attribute; did you mean {nearest(misspelt)}?"
            assert warnings(**{misspelt: "x"})[misspelt] == [message]
    assert nearest(name + name[-1]) == name


@pytest.mark.parametrize(
    ("misspelt", "name"),
    [("Name", "name"), ("ID", "id"), ("Created_At", "created_at"), ("MinDisk", "min_disk"), ("osType", "__os_type"),
     ("imagetype", "__imagetype"), ("__name", "name"), ("enterpriseProjectId", "enterprise_project_id"),
     ("Members", "members"), ("nmae", "name"), ("tgas", "tags"), ("sise", "size"), ("Szie", "size"), ("idd", "id"),
     ("STATSU", "status"), ("onwer", "owner")],
)  # fmt: skip
def test_other_case_underscores_and_slips_in_short_names_get_a_suggestion(misspelt, name):
    assert warnings(**{misspelt: "x"})[misspelt] == [f"is not a known attribute; did you mean {name}?"]


@pytest.mark.parametrize("name", ["__zzz", "__vendor_note", "____"])
def test_undocumented_service_attribute_is_warned_about(name):
    assert warnings(**{name: "x"}) == {name: ["is not an attribute in the document"]}


@pytest.mark.parametrize("value", [[], {}, ["a"], {"a": 1}])
def test_nested_property_is_warned_about(value):
    assert warnings(locations=value)["locations"] == ["is a list or a mapping, and clients expect text; it is kept"]


def test_many_properties_are_compared_with_known_names_in_bounded_time():
    found = warnings(**{f"__support_kvm_{number}": "x" for number in range(2_000)})
    assert len(found) == 2_000
    assert sum("did you mean" in message for (message,) in found.values()) == 500


def test_images_of_a_load_share_the_bound_of_compared_names():
    spelling = Spelling()
    assert "did you mean" not in str(list(lint({f"other {number}": "x" for number in range(500)}, spelling)))
    assert "did you mean name" not in str(list(lint({"nmae": "x"}, spelling)))
    assert "did you mean name" in str(list(lint({"nmae": "x"})))


def test_all_warnings_are_returned_at_once():
    found = warnings(
        name="", visibility="public", __imagetype="shared", min_disk=0, disk_format="vhdx", __support_arm="true",
        __support_kvm="yes", __zzz="x", __os_tpye="x",
    )  # fmt: skip
    assert {name: len(messages) for name, messages in found.items()} == {
        "name": 1, "visibility": 1, "min_disk": 1, "disk_format": 1, "hw_firmware_type": 1, "__support_kvm": 2,
        "__zzz": 1, "__os_tpye": 1,
    }  # fmt: skip


def test_message_begins_with_the_value_if_there_is_one():  # or without it: see hw_firmware_type in test_loader
    assert warnings(min_disk=0)["min_disk"] == ["0 is not 1 to 1024 GB"]
    assert len(warnings(name="x" * 60_000)["name"][0]) < 250
