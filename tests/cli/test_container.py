"""The container, as far as it can be tested without one: its recipe, its examples, and what it writes and loads."""

import re
import shlex
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml
from docs_pages import PAGES, ROOT
from serving import LINUX, put, serving

from ims_mock import __version__
from ims_mock.options import OPTIONS

VARIABLES = {option.variable: option for option in OPTIONS}
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGES["guides/docker-and-ci.md"], re.DOTALL)
COMPOSE, GITHUB, GITLAB = (yaml.safe_load(block) for language, block in BLOCKS if language == "yaml")


def of_instruction(name):
    lines = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()
    last = max(place for place, line in enumerate(lines) if line.startswith("FROM "))
    (found,) = (line.split(maxsplit=1)[1] for line in lines[last:] if line.startswith(f"{name} "))
    return found


def test_labels_are_those_of_the_package():
    metadata = ConfigParser()
    metadata.read(ROOT / "setup.cfg")
    names = {"title": "name", "description": "description", "licenses": "license", "authors": "author"}
    labels = dict(pair.split("=", 1) for pair in shlex.split(of_instruction("LABEL")))
    for label, name in names.items():
        assert labels[f"org.opencontainers.image.{label}"] == metadata["metadata"][name]
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.base.name"] == of_instruction("FROM")


def test_the_image_serves_and_checks_itself_without_root():
    assert (of_instruction("ENTRYPOINT"), of_instruction("CMD")) == ('["ims-mock"]', '["serve"]')
    assert of_instruction("HEALTHCHECK").endswith(' CMD ["ims-mock", "healthcheck"]')
    assert int(of_instruction("USER")) > 0
    environment = dict(pair.split("=", 1) for pair in shlex.split(of_instruction("ENV")))
    assert {name for name in environment if name.startswith("IMS_MOCK_")} < VARIABLES.keys()
    assert environment["IMS_MOCK_HOST"] == "0.0.0.0"
    assert of_instruction("EXPOSE") == str(VARIABLES["IMS_MOCK_PORT"].default)
    assert "IMS_MOCK_CATALOG" not in environment


def test_only_what_is_installed_is_sent_to_the_build():
    first, *rest = (ROOT / ".dockerignore").read_text().split()
    sent = {line.removeprefix("!") for line in rest if line.startswith("!")}
    assert first == "**"
    assert sent == {"ims_mock", "fixtures", "LICENSE", "README.md", "pyproject.toml", "setup.cfg"}
    assert all((ROOT / name).exists() for name in sent)


def test_variables_of_the_guide_are_those_of_options_with_legal_values():
    found = set(re.findall(r"IMS_MOCK_\w+", PAGES["guides/docker-and-ci.md"]))
    assert len(found) > 5
    assert found <= VARIABLES.keys()
    for service in COMPOSE["services"].values():
        for name, value in service["environment"].items():
            assert isinstance(value, str)
            assert value in (VARIABLES[name].choices or (value,))


def test_the_compose_file_fits_the_image():
    emulator, tests = COMPOSE["services"]["ims-mock"], COMPOSE["services"]["tests"]
    port = of_instruction("EXPOSE")
    assert emulator["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert emulator["volumes"][0].split(":")[1] == emulator["environment"]["IMS_MOCK_CATALOG"]
    assert tests["environment"]["IMS_MOCK_URL"] == f"http://ims-mock:{port}"
    assert tests["depends_on"] == {"ims-mock": {"condition": "service_healthy"}}
    compile(tests["command"][2], "compose", "exec")
    assert (emulator["read_only"], emulator["cap_drop"]) == (True, ["ALL"])


def test_continuous_integration_waits_by_the_healthcheck():
    steps = GITHUB["jobs"]["contract"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step], GITLAB["contract"]["script"]
    for script in scripts:
        commands = [shlex.split(command, comments=True) for command in script]
        assert shlex.split("docker compose up --detach --build --wait ims-mock") in commands
    for command in (*scripts[0], *scripts[1], *GITLAB["contract"]["after_script"]):
        words = shlex.split(command, comments=True)
        if words[:2] == ["docker", "compose"]:
            assert words[2] in ("up", "run", "logs")
            assert words[-1] in COMPOSE["services"]


WATCHED = """
import os, sys

def told(event, given):
    flags = given[2] if event == "open" else 0
    writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event.startswith(("tempfile.", "os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink")):
        print("writes", event, given, file=sys.stderr)

sys.addaudithook(told)
from ims_mock.cli.main import main
main()
"""


@LINUX
@pytest.mark.parametrize("arguments", [(), ("--generate", "50", "--watch", "--log-level", "error")], ids=len)
def test_nothing_is_written_anywhere(arguments):
    put("c.yaml", "{}")
    command = [sys.executable, "-c", WATCHED, "serve", "c.yaml"]
    with serving(*arguments, command=command, PYTHONDONTWRITEBYTECODE="1", HOME="/nowhere") as server:
        header = {"Content-Type": "application/json"}
        path = re.search('"file": *"(.*?)"', server.ask("/v2/images", "POST", '{"name": "a"}', **header)[2])[1]
        data = {"Content-Type": "application/octet-stream"}
        assert server.ask(path, "PUT", "x" * 10_000_000, **data)[0] == 204
        assert len(server.ask(path)[2]) == 10_000_000
        assert server.ask("/v2/images", "POST", "x" * 12_000_000, **header)[0] >= 400
        assert server.ask("/v3/auth/tokens", "POST", "{}", **header)[0] == 400
        assert server.stopped() == ""


@LINUX
def test_nothing_is_loaded_unasked():
    for name in ("default", "default.yaml", "catalog.yaml", ".env", "sitecustomize.py", "yaml.py", ".flaskenv"):
        put(name, "raise SystemExit('loaded')\n")
    program = Path(sys.executable).with_name("ims-mock")
    if not program.exists():
        pytest.skip("not installed")
    with serving(command=(program, "serve"), PYTHONPATH=str(ROOT)) as server:
        assert (server.catalog, server.images) == ("default", 63)
        assert server.stopped() == ""
