"""The pages of the documentation: tables, links and anchors, and code blocks without a server."""

import re
import subprocess
import sys
from pathlib import PurePosixPath

import pytest
import yaml
from docs_pages import DOCS, PAGES, README, ROOT, anchors, block_after

from ims_mock.faults.rules import FaultRules, rule_from_keywords
from ims_mock.loading.loader import load
from ims_mock.loading.sources import bundled_catalogs
from ims_mock.openapi.operations import OPERATIONS
from ims_mock.openapi.tables import TABLES

CLIENTS = "guides/clients.md"


def test_navigation_has_every_page_once():
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    assert sorted(re.findall(r": (\S+\.md)$", navigation, re.MULTILINE)) == sorted(PAGES)
    assert len(PAGES) >= 20


def test_each_table_has_one_place():
    found = [name for text in PAGES.values() for name in re.findall(r"^<!-- table: ([\w-]+) -->$", text, re.MULTILINE)]
    assert sorted(found) == sorted([*TABLES, "questions", "scenarios"])  # these two are above the package of the others


@pytest.mark.parametrize("file", [README, *(DOCS / page for page in PAGES)], ids=lambda file: file.name)
def test_links_lead_to_files_and_headings(file):
    for target in re.findall(r"\]\((?!https:)([^)\s]+)\)", file.read_text()):
        path, _, anchor = target.partition("#")
        found = file.parent / path if path else file
        assert found.exists(), target
        assert not anchor or anchor in anchors(found.read_text()), target


@pytest.mark.parametrize("page", PAGES)
def test_json_and_yaml_blocks_can_be_parsed(page):
    for block in re.findall(r"```(?:json|yaml)\n(.*?)```", PAGES[page], re.DOTALL):
        assert yaml.safe_load(block) is not None


@pytest.mark.parametrize("page", [page for page in PAGES if page != CLIENTS])
def test_python_blocks_run(page):
    for block in re.findall(r"```python\n(.*?)```", PAGES[page], re.DOTALL):
        subprocess.run([sys.executable, "-c", block], check=True, cwd="/")


def test_catalog_example_loads_without_warnings(tmp_path):
    path = tmp_path / "example.yaml"
    path.write_text(block_after(PAGES["guides/catalogs.md"], "# Catalogs", "yaml"))
    loaded = load([str(path)])
    assert (len(loaded.catalog), loaded.warnings) == (41, ())


def test_fault_rules_are_valid():
    text = PAGES["guides/fault-injection.md"]
    rules = [yaml.safe_load(one) for one in re.findall(r"<!-- rule -->\n```json\n(.*?)```", text, re.DOTALL)]
    assert [FaultRules().add(rule).id for rule in rules] == ["1", "1", "1"]
    (keys,) = re.findall(r"`ims_mock\.faults\.add\((path=.*?)\)`", text)
    assert eval(f"rule_from_keywords({keys})", {"rule_from_keywords": rule_from_keywords}) == rules[0]


def test_faults_to_test_are_valid():
    section = PAGES["guides/fault-injection.md"].partition("## What to test")[2]
    keywords = re.findall(r"^\| [^`|]+ \| `(.+)` \|$", section, re.MULTILINE)
    assert len(keywords) >= 8
    for keys in keywords:
        rule = eval(f"rule_from_keywords(page=2, {keys})", {"rule_from_keywords": rule_from_keywords})
        assert FaultRules().add(rule).id == "1"


def test_every_control_path_is_documented_once():
    operations = [f"{one.method} {re.sub(r'{[a-z]+_', '{', one.path)}" for one in OPERATIONS]
    paths = [re.sub("/_ims/(?=.)", "", one) for one in operations if "/_ims/" in one]
    rows = "".join(re.findall(r"^\| (`[A-Z]+ [^|]+) \|", PAGES["reference/control-api.md"], re.MULTILINE))
    assert sorted(re.findall(r"`([^`]+)`", rows)) == sorted(paths)


def test_every_bundled_catalog_is_documented():
    text = PAGES["guides/catalogs.md"]
    for name in bundled_catalogs():
        assert f"| `{name}` |" in text
    assert f"| {len(load(['default']).catalog)} hand-written images" in text


def test_every_module_in_a_table_of_the_architecture_exists():
    for name in re.findall(r"^\| (`.+?`) \|", PAGES["explanation/architecture.md"], re.MULTILINE):
        for path in re.findall(r"`([^`]+)`", name):
            assert (ROOT / "ims_mock" / PurePosixPath(path)).exists(), path
