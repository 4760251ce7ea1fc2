"""Report card of the SDKs that have an adapter in ``examples/adapters``.

``python scripts/report_card.py NAME …`` builds the adapters of these names (``all`` for all), runs ``ims-mock conformance``
on each, and stores what failed. With or without names it then writes ``docs/reference/report-card.md``.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path

from ims_mock.conformance.expectations import FAILED, UNSUPPORTED
from ims_mock.conformance.scenarios import MUST, SCENARIOS, Scenario

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "examples/adapters"
STORED = SOURCES / "outcomes.json"
PAGE = ROOT / "docs/reference/report-card.md"
BUILD = ROOT / "build/adapters"
"""A copy of the adapters, where they are built and run, and a virtual environment for those in Python."""
REFERENCE = "reference in "
GROUPS = {group: [*scenarios] for group, scenarios in groupby(SCENARIOS, key=lambda scenario: scenario.group)}
Result = Mapping[str, Sequence[str]]
"""The names of the scenarios that failed or are unsupported; all others passed."""


UNREADABLE = "page-?-truncated page-2-html* page-2-not-utf-8 page-?-empty-body"
RETRIED = "page-2-*-retried"
# fmt: off
CAUSES = (
    ("huaweicloud-sdk-go-v3 huaweicloud-sdk-ims*", "large-sizes", "`virtual_size` is read into 32 bits: a page with a larger one is an error."),
    ("*", "moved-ahead", "The images of earlier pages are not remembered."),
    ("huaweicloudsdkims", UNREADABLE, "`Client.deserialize` takes a body that is not JSON as text. No attribute of the response is in it, so `images` and `next` are `None`, without an error: the list ends."),
    ("huaweicloudsdkims", RETRIED, "Requests are repeated only by `glance_list_images_invoker(…).with_retry(…)`, or after a 429 or a broken connection by `HttpConfig.retry_times`, which is 0."),
    ("openstacksdk", "filter-*", "`images()` ignores filters that it does not know, without an error: all those of this service whose names begin with `__`."),
    ("openstacksdk", RETRIED, "Requests are repeated only after a 503 (`image_status_code_retries`)."),
    ("openstacksdk", "next-loops", "`Resource.list` compares a link with the one before, not with earlier ones."),
    ("python-glanceclient", "tag-*", "`filters['tag']` is taken as a list: a text becomes one tag for each letter."),
    ("python-glanceclient", RETRIED, "Requests are not repeated. Errors of the gateway, whose JSON holds texts, become an `AttributeError` without a status in `exc.from_response`."),
    ("otcextensions", "time-*", "`imsv2.images()` does not send `created_at` and `updated_at`; it compares the text, operator included, with the times of the images. None is equal."),
    ("otcextensions", RETRIED, "Requests are not repeated: `image_status_code_retries` of openstacksdk does not hold for `imsv2`."),
    ("huaweicloud-sdk-go-v3", "page-?-empty-body", "`deserializeResponseFields` reads a body only if it has a byte. Otherwise `Images` and `Next` are nil, without an error: the list ends."),
    ("huaweicloud-sdk-go-v3", RETRIED, "Requests are repeated only by `GlanceListImagesInvoker(…).WithRetry(…)`."),
    ("gophercloud", RETRIED, "Requests are repeated only by a `RetryFunc` or `RetryBackoffFunc` of the caller."),
    ("huaweicloud-sdk-ims*", "page-?-empty-body", "A response without a body has `null` as images and next link, without an error: the list ends."),
    ("huaweicloud-sdk-ims*", RETRIED, "Requests are repeated only by `glanceListImagesInvoker(…).retryTimes(…)`."),
    ("@huaweicloud/*", UNREADABLE, "The HTTP client returns a body that is not JSON as text (`silentJSONParsing`), and `HcClient.extractResponse` replaces it by an empty object, without an error: the list ends."),
    ("@huaweicloud/*", "sort-two-keys", "`AKSKSigner` sorts the values of a repeated parameter before they are sent."),
    ("@huaweicloud/*", RETRIED, "Requests are repeated only if there is a second endpoint."),
    ("*", "next-loops next-repeats", "`next` is followed without remembering the links."),
)
# fmt: on
"""Names of SDKs and scenarios, as patterns separated by spaces, and why they fail. The first row that fits counts."""

HEAD = """# Report card of SDKs

<!-- Written by scripts/report_card.py. -->

What `ims-mock conformance` reports about real SDKs. A cell counts the scenarios of a group that passed, of those that the SDK
has parameters for. It is **bold** if a `must` is among the failed ones. The adapters are in `examples/adapters`; the commands
of each section repeat a run in a checkout. `.ci/run` repeats all of them and compares the results with this page.

All runs use the profile `documented`. An SDK that leaves paging to its caller is paged as its documentation says. No adapter
corrects its SDK: a response that has no images, and is no error for the SDK, counts as an empty page.
"""


@dataclass(frozen=True)
class Adapter:
    """A row of a table in ``examples/adapters/README.md``."""

    name: str
    version: str
    build: str
    arguments: str

    @property
    def missing_tools(self) -> list[str]:
        """The tools that the row needs and this machine lacks."""
        return missing_tools(f"{self.build} {self.arguments}")


def missing_tools(command: str) -> list[str]:
    """Return the tools that a command needs and this machine lacks."""
    tools = [tool for tool in ("go", "java", "mvn", "node", "npm") if re.search(rf"\b{tool}\b", command)]
    missing = [tool for tool in tools if not shutil.which(tool)]
    if "go" in tools and "go" not in missing:
        version = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout
        if [int(part) for part in re.findall(r"\d+", version)[:2]] < [1, 21]:
            missing.append("Go 1.21, which fetches the version that a module needs")
    return missing


def adapters() -> dict[str, Adapter]:
    """Return the rows of the tables by name."""
    found = {}
    for line in re.findall(r"^\| (.*[^…]`) \|$", (SOURCES / "README.md").read_text(), re.MULTILINE):
        *names, _, build, arguments = (cell.strip("`") for cell in line.split(" | "))
        name, version = names if len(names) == 2 else (REFERENCE + names[0], "")
        found[name] = Adapter(name, version, "" if build == "none" else build, arguments)
    return found


def run(adapter: Adapter) -> Result:
    """Build an adapter, run the conformance suite on it, and return the names of scenarios by outcome."""
    programs = BUILD / "venv/bin"
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one build at a time: they share the files and the virtual environment
        shutil.copytree(SOURCES, BUILD, dirs_exist_ok=True, ignore=shutil.ignore_patterns("build", "node_modules"))
        if not (programs / "ims-mock").exists():
            venv.create(BUILD / "venv", with_pip=True)
            subprocess.run([programs / "pip", "install", "-q", "-e", ROOT], check=True)
        subprocess.run(adapter.build, shell=True, check=True, cwd=BUILD, env=environment)
    command = [str(programs / "ims-mock"), "conformance", *shlex.split(adapter.arguments), "--format", "json"]
    done = subprocess.run(command, cwd=BUILD, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"ims-mock conformance {adapter.arguments} ended with {done.returncode}")
    results = json.loads(done.stdout)["scenarios"]
    return {outcome: [one["name"] for one in results if one["outcome"] == outcome] for outcome in (FAILED, UNSUPPORTED)}


def stored() -> dict[str, Result]:
    """Return the stored names of scenarios that failed or are unsupported, by adapter; all others passed."""
    found: dict[str, Result] = json.loads(STORED.read_text()) if STORED.exists() else {}
    return found


def store(results: Mapping[str, Result]) -> None:
    """Store results of adapters."""
    STORED.write_text(json.dumps({name: results[name] for name in adapters() if name in results}, indent=1) + "\n")


def cause(name: str, scenario: str) -> str:
    """Return why a scenario fails with an SDK."""
    for names, scenarios, text in CAUSES:
        if _fits(name, names) and _fits(scenario, scenarios):
            return text
    raise LookupError(f"no cause explains that {scenario} fails with {name}")


def _fits(name: str, patterns: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns.split())


def page() -> str:
    """Return the report card."""
    results, known = stored(), adapters()
    sdks = [one for name, one in known.items() if not name.startswith(REFERENCE)]
    table = [("scenarios", *(f"{one.name} {one.version}" for one in sdks))]
    table += [(group, *(_cell(scenarios, results[one.name]) for one in sdks)) for group, scenarios in GROUPS.items()]
    lines = [HEAD, *_rows(table), ""]
    for one in sdks:
        lines += [f"## {one.name}", "", "```sh", "cd examples/adapters", one.build]
        lines += [f"ims-mock conformance {one.arguments}", "```", ""]
        lines += [*_failures(one.name, results[one.name]), *_unsupported(results[one.name])]
    languages = [name.removeprefix(REFERENCE) for name in known if name.startswith(REFERENCE)]
    lines += ["## Reference adapters", "", f"Those in {', '.join(languages)} pass every scenario."]
    return "\n".join(lines) + "\n"


def _cell(scenarios: Sequence[Scenario], result: Result) -> str:
    """Return how many scenarios of a group passed, of those that the SDK has the parameters for."""
    judged = [one for one in scenarios if one.name not in result[UNSUPPORTED]]
    failed = [one for one in judged if one.name in result[FAILED]]
    text = f"{len(judged) - len(failed)}/{len(judged)}" if judged else "none"
    return f"**{text}**" if any(one.level == MUST for one in failed) else text


def _failures(name: str, result: Result) -> Iterator[str]:
    """Yield the lines about the failures of an adapter, ``must`` first."""
    levels = {one.name: one.level for one in SCENARIOS}
    rows: dict[tuple[str, str], list[str]] = {}
    for scenario in sorted(result[FAILED], key=lambda scenario: levels[scenario]):
        rows.setdefault((levels[scenario], cause(name, scenario)), []).append(f"`{scenario}`")
    table = [(", ".join(scenarios), level, text) for (level, text), scenarios in rows.items()]
    yield from (*_rows([("failed", "level", "cause"), *table]), "") if table else ("Nothing failed.", "")


def _unsupported(result: Result) -> Iterator[str]:
    """Yield the lines about scenarios without parameters, whole groups by their names."""
    texts = []
    for group, scenarios in GROUPS.items():
        names = [one.name for one in scenarios if one.name in result[UNSUPPORTED]]
        texts += [f"all of {group}"] if len(names) == len(scenarios) else [f"`{name}`" for name in names]
    if texts:
        yield from (f"The SDK has no parameters for {', '.join(texts)}.", "")


def _rows(table: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, whose first row is the head."""
    for number, row in enumerate(table):
        yield f"| {' | '.join(row)} |"
        if number == 0:
            yield "|" + "---|" * len(row)


if __name__ == "__main__":
    known = adapters()
    names = list(known) if sys.argv[1:] == ["all"] else sys.argv[1:]
    for name in names:
        store({**stored(), name: run(known[name])})
    PAGE.write_text(page())
