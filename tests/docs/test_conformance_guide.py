"""The adapters, the messages and the commands of the guide about the conformance suite."""

import json
import re
import shlex
import shutil

import pytest
from docs_pages import PAGES, block_after
from serving import run

from ims_mock.conformance.adapter import parse_answer
from ims_mock.conformance.runner import Runner
from ims_mock.conformance.scenarios import SCENARIOS

GUIDE = PAGES["guides/conformance.md"]
ADAPTER = block_after(GUIDE, "<!-- adapter -->", "python")


@pytest.fixture(autouse=True)
def _in_a_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "adapter.py").write_text(ADAPTER)


@pytest.mark.slow
def test_python_adapter_passes_every_must():
    program, *arguments = shlex.split(block_after(GUIDE, "Run it in the same directory"))
    assert program == "ims-mock"
    done = run(*arguments, "--level", "must")
    assert (done.returncode, done.stderr) == (0, "")
    assert "; failed: 0 must, 0 should" in done.stdout


@pytest.mark.sdks
@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_node_adapter_passes_every_must(tmp_path):
    (tmp_path / "adapter.mjs").write_text(block_after(GUIDE, "<!-- node -->", "js"))
    _, *arguments = shlex.split(re.search(r"^ims-mock conformance --command .*$", GUIDE, re.MULTILINE)[0])
    done = run(*arguments, "--level", "must")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "; failed: 0 must, 0 should" in done.stdout


def test_failure_is_as_printed(tmp_path):
    (tmp_path / "adapter.py").write_text(ADAPTER.replace('if "next" in page else None', "if False else None"))
    done = run("conformance", "adapter:list_images", "--only", "two-a-page")
    assert done.returncode == 1
    assert f"\n{block_after(GUIDE, '<!-- failure -->', 'text')}\n" in done.stdout


def test_request_and_answers_are_as_printed(monkeypatch):
    sent = []
    monkeypatch.setattr("ims_mock.conformance.adapter.Adapter.ask", lambda _, request, *__: sent.append(request))
    Runner(["cat"]).run(next(one for one in SCENARIOS if one.name == "tags-over-pages"))
    shown = json.loads(block_after(GUIDE, "<!-- request -->", "json"))
    assert {name: shown[name] for name in ("scenario", "query")} == {
        name: sent[0][name] for name in ("scenario", "query")
    }
    assert shown["service"].keys() == sent[0]["service"].keys()
    for name in shown["service"]:
        assert f"`{name}`" in GUIDE
    answers = [parse_answer(line.encode(), 7) for line in block_after(GUIDE, "<!-- answers -->", "text").splitlines()]
    assert answers[0].images
    assert (answers[1].status, answers[1].error) == (404, "error 404 IMG.0027 no such image")
    assert answers[2].unsupported == "the SDK sends one tag at most"


def test_commands_of_the_options_work():
    commands = block_after(GUIDE, "## Options").splitlines()
    for command in commands:
        _, *arguments = shlex.split(command, comments=True)
        quick = () if {"--list", "--only"} & {*arguments} else ("--only", "one-image")
        assert run(*arguments, *quick).returncode == 0, command
    assert len(commands) == 5
