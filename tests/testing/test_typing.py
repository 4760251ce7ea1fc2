"""What type checkers see of the emulator, and its agreement with the table of fault keys."""

import inspect
import re
from collections.abc import Mapping
from typing import get_args, get_origin, get_type_hints

import pytest
from docs_pages import PYTEST_EXAMPLES

from ims_mock.faults.rules import RULE_KEYS, FaultRule
from ims_mock.testing.faults import Faults

TYPES = {"string": str, "integer": int, "number": float, "object": Mapping}

SUITE = """
from ims_mock import ImsMock, create_app
from ims_mock import ImsMok  # wrong


def test_right(ims_mock: ImsMock) -> None:
    hits: int = ims_mock.faults.add(path="/v2/*", query={"limit": 2}, page=2, times=None, delay=[0, 1], status=503).hits
    codes: list[str] = [entry.code for entry in ims_mock.requests[1:]]
    status: int = ims_mock.requests[-1].status
    ims_mock.begin("empty", generate=5, auth="on")
    with ImsMock("empty", auth="on") as other:
        text: str = other.describe_requests()
    print(hits, codes, status, text, create_app("empty", profile="glance"))


def test_wrong(ims_mock: ImsMock) -> None:
    ims_mock.faults.add(statuss=503)  # wrong
    ims_mock.faults.add(status="503")  # wrong
    ims_mock.faults.add(next="mising")  # wrong
    ims_mock.faults.assert_all_hits()  # wrong
    print(ims_mock.requests[0].statuss)  # wrong
    print(ims_mock.requests["0"])  # wrong
    print(ims_mock.findings[0].cures)  # wrong
    print(ims_mock.walks[0].is_hole)  # wrong
    ims_mock.begin(auht="on")  # wrong
    ims_mock.clock.set(5)  # wrong
    ImsMock(auht="on")  # wrong
    create_app(profil="glance")  # wrong
"""


@pytest.mark.slow
def test_mypy_finds_mistakes_in_the_suite_of_a_user(tmp_path, monkeypatch):
    mypy = pytest.importorskip("mypy.api")
    monkeypatch.chdir(tmp_path)
    examples = [f"example_{number}.py" for number in range(len(PYTEST_EXAMPLES))]
    for name, text in zip(examples, PYTEST_EXAMPLES, strict=True):
        (tmp_path / name).write_text(text)
    (tmp_path / "test_suite.py").write_text(SUITE)
    output, problems, _ = mypy.run(["--strict", *examples, "test_suite.py"])
    found = {int(number) for number in re.findall(r"^test_suite\.py:(\d+): error", output, re.MULTILINE)}
    wrong = {number for number, line in enumerate(SUITE.splitlines(), 1) if line.endswith("# wrong")}
    assert (found, problems) == (wrong, ""), output
    assert "example_" not in output
    assert 'Unexpected keyword argument "statuss" for "add" of "Faults"; did you mean "status"?' in output


def test_parameters_of_add_are_the_keys_of_a_rule():
    parameters = dict(inspect.signature(Faults.add).parameters)
    del parameters["self"]
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert [*parameters] == [key.name for key in RULE_KEYS]
    defaults = {name: one.default for name, one in parameters.items() if one.default is not None}
    shown = FaultRule("1", {"effect": {"status": 503}}).as_json()
    assert defaults == {name: shown[name] for name in ("times", "after", "probability")}


@pytest.mark.parametrize("key", RULE_KEYS, ids=lambda key: key.name)
def test_types_of_parameters_are_those_of_the_keys(key):
    hint, schema = get_type_hints(Faults.add)[key.name], key.type.schema
    types = get_args(hint) or (hint,)
    allowed = {get_origin(one) or one for one in types} - {type(None)}
    if isinstance(schema.get("enum", [0])[0], str):
        assert {value for one in types for value in get_args(one)} == {*schema["enum"]}
    elif isinstance(schema.get("type"), str):
        assert allowed == {TYPES[schema["type"]]}
    assert (key.name == "times") == ("null" in schema.get("type", ""))
