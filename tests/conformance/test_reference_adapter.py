"""The reference adapter passes every scenario, with the command that the guide shows."""

import json

import pytest
from docs_pages import ROOT
from serving import run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("profile", ["documented", "glance"])
def test_reference_adapter_passes_every_scenario(monkeypatch, profile):
    monkeypatch.chdir(ROOT / "examples" / "adapters" / "python")
    done = run("conformance", "adapter:list_images", "--format", "json", "--profile", profile)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert [one for one in report["scenarios"] if (one["outcome"], one["why"]) != ("passed", "")] == []
    assert report["passed"] == len(report["scenarios"]) > 100
