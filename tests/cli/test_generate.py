import json
from pathlib import Path

import pytest
from serving import refusal, run

from ims_mock.auth.credentials import DEFAULT_PROJECT
from ims_mock.loading.loader import load


@pytest.mark.parametrize(("count", "form"), [(60, "yaml"), (60, "json"), (0, "yaml")])
def test_generated_catalog_has_the_images_that_serve_generates_and_no_problems(count, form):
    name = f"generated.{form}"
    done = run("generate", "--count", count, "--seed", 7, "--format", form)
    variables = {"IMS_MOCK_COUNT": str(count), "IMS_MOCK_SEED": "7", "IMS_MOCK_FORMAT": form, "IMS_MOCK_OUTPUT": name}
    assert run("generate", **variables).stdout == ""
    assert Path(name).read_bytes() == done.stdout.encode()
    assert run("check", name).stdout.endswith(f" ({name}): no problems\n")
    loaded, direct = load([Path(name)]), load(["empty"], generate=count, seed=7)
    written, generated = ([(image.as_json(), image.members) for image in one.catalog] for one in (loaded, direct))
    assert (len(written), loaded.credentials.default_project) == (count, DEFAULT_PROJECT)
    assert written == generated


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
