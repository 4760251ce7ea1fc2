"""What no real image would show, and the nearest thing that one would."""

import pytest
from hypothesis import given as invented
from hypothesis import settings
from hypothesis import strategies as st

from ims_mock.contract.fields import BY_NAME, FIELDS, nearest
from ims_mock.contract.operating_systems import SYSTEMS
from ims_mock.contract.values import TEXT
from ims_mock.loading.defaults import completed
from ims_mock.loading.lint import RULES, all_doubts, doubts, is_plainly_believable


def doubted(**given):
    """Give what is odd about an image with these values, everything else filled in: messages by attribute."""
    found = {}
    for doubt in doubts(completed(given, 0, project="p", seed=0)):
        found.setdefault(doubt.name, []).append(doubt.message)
    return found


def rule(name, words):
    """Find a rule by its attribute and a part of what it says."""
    (found,) = (one for one in RULES if one.name == name and words in one.says)
    return found


def dated(**given):
    """Give an image its creation in the year 2020."""
    return {"created_at": "2020-01-01T00:00:00Z", **given}


OPEN, PUBLIC = "on a gold or market image", "is public on a private or shared image"
XEN, KVM = {"__support_xen": "true"}, {"__support_kvm": "true"}
ARM = {"__support_arm": "true", "hw_firmware_type": "uefi"}
FEATURES = "is not the JSON text of an object"
SIZE = "is not a decimal number above 0"
BEFORE = "2019-12-31T23:59:59Z"

PAIRS = [
    # the rule, images that break it, and the nearest ones that do not
    (("visibility", f"is not public {OPEN}"),
     [{"__imagetype": "gold", "visibility": "private"}, {"__imagetype": "market", "visibility": "shared"},
      {"__imagetype": "GOLD", "visibility": None}],
     [{"__imagetype": "gold", "visibility": "Public"}, {"__imagetype": "market"}, {"visibility": "private"},
      {"__imagetype": None, "visibility": "private"}]),
    (("visibility", PUBLIC),
     [{"visibility": "public"}, {"__imagetype": "shared", "visibility": "PUBLIC"}],
     [{"visibility": "shared"}, {"__imagetype": "shared", "visibility": "private"}, {"__imagetype": "gold"},
      {"__imagetype": None, "visibility": "public"}]),
    (("protected", f"is not true {OPEN}"),
     [{"__imagetype": "gold", "protected": False}, {"__imagetype": "market", "protected": None}],
     [{"__imagetype": "gold", "protected": True}, {"protected": False}, {"protected": True}]),
    (("__productcode", "not of the market"),
     [{"__productcode": "c"}, {"__productcode": "", "__imagetype": "gold"}],
     [{"__productcode": "c", "__imagetype": "market"}, {"__productcode": None}]),
    (("__is_offshelved", "not of the market"),
     [{"__is_offshelved": "false"}],
     [{"__is_offshelved": "false", "__imagetype": "Market"}]),
    (("virtual_env_type", "and disk_format disagree"),
     [{"virtual_env_type": "IsoImage", "disk_format": "zvhd2"}, {"virtual_env_type": "DataImage", "disk_format": "ISO"},
      {"virtual_env_type": "FusionCompute", "disk_format": "iso"}],
     [{"virtual_env_type": "isoimage", "disk_format": "ISO"}, {"virtual_env_type": "IsoImage", "disk_format": None},
      {"virtual_env_type": None, "disk_format": "iso"}, {"virtual_env_type": "DataImage"}, {"disk_format": "iso"}]),
    *((("__support_" + name, "which it excludes"),
       [{"__support_" + name: value, **other} for other in (XEN, KVM, {**XEN, **KVM})],
       [{"__support_" + name: value}, {**XEN, **KVM}, {"__support_" + name: None, **XEN}])
      for name, value in (("xen_gpu_type", "M60_vGPU"), ("kvm_gpu_type", "V100"), ("xen_hana", "true"))),
    (("__support_kvm_infiniband", "which it excludes"),
     [{"__support_kvm_infiniband": "true", **XEN}],
     [{"__support_kvm_infiniband": "true", **KVM}, XEN]),
    (("hw_firmware_type", "is not uefi on an ARM image"),
     [{"__support_arm": "true"}, {"__support_arm": "True", "hw_firmware_type": "bios"}],
     [ARM, {**ARM, "hw_firmware_type": "UEFI"}, {"__support_arm": "false"}, {"hw_firmware_type": "bios"}]),
    (("__support_kvm", "stands on an ARM image"),
     [{**ARM, **KVM}],
     [ARM, KVM, {"__support_arm": "false", **KVM}]),
    (("__os_type", "and __platform disagree about Windows"),
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
    (("__os_bit", "and the bits in __os_version disagree"),
     [{"__os_version": "CentOS 7.6 64bit", "__os_bit": "32"},
      {"__os_version": "Other Linux(32 bit)", "__os_bit": "64"}],
     [{"__os_version": "CentOS 7.6 64bit", "__os_bit": "64"}, {"__os_version": "CentOS 7.6 64bit"},
      {"__os_version": "CoreOS 1298.6.0", "__os_bit": "32"}, {"__os_bit": "32"}]),
    (("active_at", "never was active"),
     [{"active_at": "2020-01-01T00:00:00Z", "status": status} for status in ("queued", "Saving")],
     [{"active_at": "2024-01-01T00:00:00Z", "status": status} for status in ("active", "deleted", "killed")]
     + [{"status": "queued"}]),
    (("updated_at", "lies before created_at"),
     [dated(updated_at=BEFORE)],
     [dated(), dated(updated_at="2020-01-01T00:00:01Z"), dated(updated_at=None),
      {"created_at": None, "updated_at": BEFORE}]),
    (("tags", "holds a tag of more than 255 characters"),
     [{"tags": ("x" * 256,)}, {"tags": ("a", "x" * 256)}],
     [{"tags": ("x" * 255,)}, {"tags": ()}, {"tags": None}]),
    (("checksum", "stands on an image without data"),
     [{"checksum": "d41d8cd98f00b204e9800998ecf8427e", "status": "queued"}],
     [{"checksum": "d41d8cd98f00b204e9800998ecf8427e"}, {"checksum": None, "status": "queued"}]),
    (("size", "stands on an image without data"),
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
     [{"min_disk": value} for value in (0, -1, 1025)],
     [{"min_disk": value} for value in (1, 40, 1024, None)]),
]  # fmt: skip


@pytest.mark.parametrize(("named", "broken", "kept"), PAIRS, ids=[" ".join(named) for named, _, _ in PAIRS])
def test_a_rule_is_broken_and_kept(named, broken, kept):
    """An image that breaks a rule is doubted at the rule's attribute in the rule's words; its neighbour is not."""
    says = rule(*named).says
    for given in broken:
        assert [message for message in doubted(**given).get(named[0], ()) if message.endswith(says)], given
    for given in kept:
        assert not [message for message in doubted(**given).get(named[0], ()) if message.endswith(says)], given


def test_every_rule_has_its_pair():
    """No rule goes without an image that breaks it."""
    assert [rule(*named) for named, _, _ in PAIRS] == list(RULES)


ENUMERATED = [field for field in FIELDS if field.values]
FREE = [field for field in FIELDS if field.type is TEXT and not field.values]


@pytest.mark.parametrize("field", ENUMERATED, ids=lambda field: field.name)
def test_documented_values_are_believed_in_any_case(field):
    """A documented or seen value is none to wonder about, however it is cased."""
    for value in (*field.values, *field.seen_values):
        for written in (value, value.lower(), value.upper(), value.swapcase()):
            found = doubted(**{field.name: written}).get(field.name, [])
            assert not [message for message in found if "is not one of" in message], written


@pytest.mark.parametrize("field", ENUMERATED, ids=lambda field: field.name)
def test_other_values_of_an_enumerated_field_are_doubted(field):
    """The message names the value and every legal one."""
    for value in ("", "odd", field.values[0] + " ", "x" * 1000):
        (message, *_) = doubted(**{field.name: value})[field.name]
        assert message.startswith(repr(value)[:60])
        assert all(legal in message for legal in field.values)
        assert len(message) < 400


@pytest.mark.parametrize("field", FREE, ids=lambda field: field.name)
def test_free_text_is_believed(field):
    """A field without documented values takes any, as far as no rule is about it."""
    if field.name not in {one.name for one in RULES}:
        assert doubted(**{field.name: "Anything at all"}) == {}


@pytest.mark.parametrize("field", [field for field in FIELDS if len(field.name) > 5], ids=lambda field: field.name)
def test_a_misspelt_attribute_is_asked_about(field):
    """A name with a letter too many, too few or in the wrong place gets a did-you-mean that exists."""
    name = field.name
    for misspelt in (name + name[-1], name[:-1], name[:-2] + name[-1] + name[-2]):
        if misspelt not in BY_NAME:
            assert doubted(**{misspelt: "x"})[misspelt] == [f"is no known attribute; did you mean {nearest(misspelt)}?"]
    assert nearest(name + name[-1]) == name


@pytest.mark.parametrize("name", ["__os_verison", "__platfrom", "_platform", "os_type", "visiblity", "min_disc"])
def test_likely_mistakes_are_asked_about(name):
    """What people write by mistake is recognized."""
    assert "did you mean" in doubted(**{name: "x"})[name][0]


@pytest.mark.parametrize("name", ["__zzz", "__vendor_note", "____"])
def test_an_unknown_service_attribute_is_doubted(name):
    """The document names all attributes that begin with two underscores."""
    assert doubted(**{name: "x"}) == {name: ["is no attribute that the document names"]}


@pytest.mark.parametrize("name", ["colour", "用途", "x.y", "a b", "_", "hw_disk_bus", "flavour", "50%"])
def test_a_free_property_is_believed(name):
    """Anyone may give an image properties of one's own."""
    assert doubted(**{name: "x"}) == {}


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.os_version)
def test_every_documented_system_is_believed(system):
    """Platform, family, version and word size of the document's own table agree with one another."""
    values = {
        "__platform": system.platform,
        "__os_type": system.os_type,
        "__os_version": system.os_version,
        "__os_bit": system.os_bit,
    }
    assert doubted(**values) == {}


@pytest.mark.parametrize("kind", ["gold", "private", "shared", "market"])
@pytest.mark.parametrize(
    "purpose", [{}, {"disk_format": "iso"}, {"virtual_env_type": "DataImage"}, ARM, {"status": "queued"}], ids=str
)
def test_an_image_completed_by_the_rules_is_believed(kind, purpose):
    """What is filled in for absent values raises no doubt by itself."""
    assert doubted(__imagetype=kind, **purpose) == {}


ODD = (
    "",
    "x",
    "X-1",
    "0",
    "true",
    "TRUE",
    "CentOS 7.6 32bit",
    "Windows",
    "windows",
    "{}",
    "a  ",
    "2020-01-01T00:00:00Z",
)
ANY_IMAGE = st.dictionaries(
    st.sampled_from([*BY_NAME, "colour", "__zzz", "visiblity"]), st.none() | st.sampled_from(ODD), max_size=8
)


@settings(max_examples=500, deadline=None)
@invented(
    values=ANY_IMAGE,
    legal=st.lists(st.sampled_from([(one.name, value) for one in FIELDS for value in (*one.values, *one.seen_values)])),
    numbers=st.fixed_dictionaries({}, optional={"min_disk": st.integers(0, 1025), "protected": st.booleans()}),
)
def test_what_is_plainly_believable_has_no_doubt(values, legal, numbers):
    """The quick look at an image finds the same as every rule does."""
    image = completed({**values, **dict(legal), **numbers, "tags": ()}, 0, project="p", seed=0)
    assert is_plainly_believable(image) <= (not list(all_doubts(image)))
    assert list(doubts(image)) == list(all_doubts(image))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.os_version)
def test_most_images_are_plainly_believable(system):
    """What is not odd need not be looked at twice."""
    values = {"name": "x", "__os_version": system.os_version, "__platform": system.platform, "__os_bit": system.os_bit}
    assert is_plainly_believable(completed({**values, "__os_type": system.os_type}, 0, project="p", seed=0))


def test_every_doubt_is_told_at_once():
    """An image that breaks several rules hears of all of them, one sentence each."""
    found = doubted(
        name="", visibility="public", min_disk=0, disk_format="vmdk", __support_arm="true", __support_kvm="yes",
        __zzz="x", __os_tpye="x",
    )  # fmt: skip
    assert {name: len(messages) for name, messages in found.items()} == {
        "name": 1, "visibility": 1, "min_disk": 1, "disk_format": 1, "hw_firmware_type": 1, "__support_kvm": 2,
        "__zzz": 1, "__os_tpye": 1,
    }  # fmt: skip


def test_a_doubt_shows_the_value_or_says_that_there_is_none():
    """What was given stands before what is odd about it, shortened; where nothing was given, nothing does."""
    assert doubted(min_disk=0)["min_disk"] == ["0 is not 1 to 1024 GB"]
    assert doubted(**{"__support_arm": "true"})["hw_firmware_type"] == ["is not uefi on an ARM image"]
    assert len(doubted(name="x" * 60_000)["name"][0]) < 250
