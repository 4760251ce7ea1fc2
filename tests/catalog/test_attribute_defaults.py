"""Default values of absent attributes."""

import re
from datetime import datetime, timedelta, timezone

import pytest

from ims_mock.catalog.attribute_defaults import EPOCH, SERVICE_PROJECT, with_defaults
from ims_mock.contract.fields import FIELDS
from ims_mock.contract.values import wire_time

ALWAYS = {
    "status": "active",
    "__imagetype": "private",
    "visibility": "private",
    "protected": False,
    "owner": "the-project",
    "__isregistered": "true",
    "container_format": "bare",
    "disk_format": "zvhd2",
    "virtual_env_type": "FusionCompute",
    "__os_type": "Linux",
    "__image_source_type": "uds",
    "min_ram": 0,
    "min_disk": 40,
    "tags": (),
    "created_at": wire_time(EPOCH),
    "updated_at": wire_time(EPOCH),
}
"""The documented defaults."""

PUBLIC = {"visibility": "public", "protected": True, "owner": SERVICE_PROJECT}
PRIVATE = {"visibility": "private", "protected": False, "owner": "the-project"}


def image(values=(), index=0, **options):
    return with_defaults(dict(values), index, **{"project": "the-project", "seed": 0, **options})


def test_defaults_of_an_empty_image():
    found = image()
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", found.pop("id"))
    assert found == ALWAYS


@pytest.mark.parametrize(
    ("given", "follows"),
    [
        # visibility, protection and owner follow the type
        *(({"__imagetype": name}, PUBLIC) for name in ("gold", "market", "GOLD")),
        ({"__imagetype": "shared"}, PRIVATE | {"visibility": "shared"}),
        *(({"__imagetype": name}, PRIVATE) for name in ("private", "odd", "", None)),
        # and the type follows the visibility
        ({"visibility": "public"}, {"__imagetype": "gold", "protected": True, "owner": SERVICE_PROJECT}),
        ({"visibility": "Public", "owner": "mine"}, {"__imagetype": "gold", "owner": "mine"}),
        ({"visibility": "shared"}, {"__imagetype": "shared", "protected": False, "owner": "the-project"}),
        ({"visibility": None}, {"__imagetype": "private", "protected": False, "owner": "the-project"}),
        ({"__imagetype": "gold", "owner": "mine"}, {"owner": "mine"}),
        # the environment follows the disk, and the disk the environment
        *(({"disk_format": name}, {"virtual_env_type": "IsoImage"}) for name in ("iso", "ISO")),
        *(({"disk_format": name}, {"virtual_env_type": "FusionCompute"}) for name in ("qcow2", None)),
        *(({"virtual_env_type": name}, {"disk_format": "iso"}) for name in ("IsoImage", "isoimage")),
        *(({"virtual_env_type": name}, {"disk_format": "zvhd2"}) for name in ("DataImage", "Ironic", None)),
        ({"virtual_env_type": "IsoImage", "disk_format": "raw"}, {"disk_format": "raw"}),
        # the family follows the platform, else the version
        *(({"__platform": name}, {"__os_type": "Windows"}) for name in ("Windows", "windows")),
        ({"__platform": "CentOS"}, {"__os_type": "Linux"}),
        ({"__platform": "CentOS", "__os_version": "Windows 10 64bit"}, {"__os_type": "Linux"}),
        ({"__platform": None, "__os_version": "Windows 10 64bit"}, {"__os_type": "Windows"}),
        ({"__os_version": "Windows Server 2019 Standard 64bit"}, {"__os_type": "Windows"}),
        *(({"__os_version": name}, {"__os_type": "Linux"}) for name in ("Ubuntu 20.04 server 64bit", None)),
        ({"__platform": "Windows", "__os_type": "Linux"}, {"__os_type": "Linux"}),
        # the last change follows the creation
        ({"created_at": "2018-09-06T14:03:27Z"}, {"updated_at": "2018-09-06T14:03:27Z"}),
        ({"updated_at": "2018-09-06T14:03:27Z"}, {"created_at": wire_time(EPOCH)}),
        ({"created_at": None}, {"updated_at": None}),
    ],
)
def test_defaults_follow_from_given_values(given, follows):
    found = image(given)
    assert {name: found[name] for name in follows} == follows
    assert {name: found[name] for name in given} == given


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_null_gets_no_default(field):
    found = image({field.name: None})
    assert found[field.name] is None
    assert set(found) == {*ALWAYS, "id", field.name}


@pytest.mark.parametrize("name", ALWAYS)
def test_given_value_is_kept(name):
    for value in ("odd", "", 0, False, ()):
        assert image({name: value})[name] == value


def test_other_attributes_are_not_changed():
    given = {"colour": "blue", "__description": "", "members": {"p": "accepted"}, "name": "x", "empty": None}
    found = image(given)
    assert set(found) == {*ALWAYS, "id", *given}
    assert {name: found[name] for name in given} == given


def test_default_creation_time_is_one_second_per_index_or_now():
    assert datetime(2023, 11, 13, tzinfo=timezone.utc) == EPOCH
    for index in (0, 1, 59, 86_400):
        instant = wire_time(EPOCH + timedelta(seconds=index))
        found = image(index=index)
        assert (found["created_at"], found["updated_at"]) == (instant, instant)
    added = image(index=7, now="2030-01-01T00:00:00Z")
    assert (added["created_at"], added["updated_at"]) == ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z")
    assert image({"created_at": "2018-09-06"}, now="2030-01-01T00:00:00Z")["created_at"] == "2018-09-06"
