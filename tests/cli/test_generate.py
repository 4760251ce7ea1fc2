import json
from pathlib import Path

import pytest
from serving import put, refusal, run

from ims_mock.auth.credentials import DEFAULT_PROJECT
from ims_mock.loading.loader import load


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_generated_catalog_is_reproducible_and_has_no_problems(form):
    arguments, name = ("generate", "--count", 60, "--seed", 7, "--format", form), f"generated.{form}"
    done = run(*arguments)
    assert run(*arguments, "--output", name).stdout == ""
    assert Path(name).read_bytes() == done.stdout.encode()
    assert run("check", name).stdout.endswith(f" ({name}): no problems\n")
    loaded = load([Path(name)])
    assert (len(loaded.catalog), loaded.credentials.default_project) == (60, DEFAULT_PROJECT)


def test_formats_contain_the_images_that_serve_generates():
    for form in ("yaml", "json"):
        run("generate", IMS_MOCK_COUNT="25", IMS_MOCK_SEED="3", IMS_MOCK_FORMAT=form, IMS_MOCK_OUTPUT=f"g.{form}")
    loaded = (load([Path("g.yaml")]), load([Path("g.json")]), load(["empty"], generate=25, seed=3))
    from_yaml, from_json, direct = ([(image.as_json(), image.members) for image in one.catalog] for one in loaded)
    assert len(direct) == 25
    assert from_yaml == from_json == direct


def test_set_gives_every_image_a_value():
    pairs = ("__platform=CentOS", "tags=a=b,c", "protected=true", "name=with = sign")
    given = [part for pair in pairs for part in ("--set", pair)]
    loaded = json.loads(run("generate", "--count", 5, "--format", "json", *given).stdout)["images"]
    assert len(loaded) == 5
    for image in loaded:
        assert (image["__platform"], image["tags"], image["protected"]) == ("CentOS", ["a=b", "c"], True)
        assert image["name"] == "with = sign"
        assert image["__os_version"].startswith("CentOS")
    variables = {"IMS_MOCK_SET": "min_disk=77\nname=two words\n", "IMS_MOCK_COUNT": "2"}
    images = json.loads(run("generate", "--format", "json", **variables).stdout)["images"]
    assert [(image["min_disk"], image["name"]) for image in images] == [(77, "two words")] * 2


def test_set_is_checked_like_an_image():
    done = run("generate", "--count", 2, "--set", "__platform=Centoss", "--set", "__zzz=1", "--set", "min_ram=0")
    assert done.returncode == 0
    begins = [line.partition(" is ")[0] for line in done.stderr.splitlines()]
    assert begins == ["--set __platform: warning: 'Centoss'", "--set __zzz: warning:"]
    assert "Did you mean __platform?" in refusal(run("generate", "--set", "__platfrom=CentOS"), 2)
    assert run("generate", "--count", 2, "--set", "__support_kvm_fpga_type=x").stderr == ""


def test_project_owns_private_images():
    catalog = json.loads(run("generate", "--count", 40, "--format", "json", "--project", "mine").stdout)
    assert catalog["project"] == "mine"
    assert "mine" in {image["owner"] for image in catalog["images"]}


def test_count_zero_writes_an_empty_catalog():
    put("none.yaml", run("generate", "--count", 0).stdout)
    assert run("check", "none.yaml").stdout.endswith(" (none.yaml): no problems\n")
