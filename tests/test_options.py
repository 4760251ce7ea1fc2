"""Every interface is derived from the table of options, so a new row reaches all of them."""

import inspect
import json
from dataclasses import dataclass, field, fields

import pytest
from helpers import in_process, make_app

import ims_mock
from ims_mock import options as table


def names(cls):
    return [option.name for option in table.options_of(cls)]


@pytest.mark.parametrize(
    ("callable_", "options"), [(ims_mock.create_app, table.AppOptions), (ims_mock.ImsMock, table.MockOptions)]
)
def test_signatures_have_the_options_and_defaults_of_the_table(callable_, options):
    parameters = inspect.signature(callable_).parameters
    assert {name: one.default for name, one in parameters.items()} == {
        option.name: option.default for option in table.options_of(options)
    }
    assert [name for name, one in parameters.items() if one.kind is not one.KEYWORD_ONLY] == ["catalog"]


def test_sandbox_schema_has_the_options_of_the_table():
    document = in_process(make_app("empty"))("/openapi.json").json
    assert [*document["components"]["schemas"]["NewSandbox"]["properties"]] == names(table.SandboxOptions)


def test_serve_accepts_its_options():
    assert {option.name for option in table.OPTIONS if "serve" in option.commands} == set(names(table.ServeOptions))


def test_a_new_row_is_accepted_checked_and_described():
    @dataclass(frozen=True, kw_only=True)
    class Extended(table.EmulatorOptions):
        pages: int = field(default=3, metadata={"help": "Number of pages.", "bounds": (1, 9)})

    @table.keywords_of_function(Extended)
    def use(options):
        return options.pages

    class User:
        @table.keywords_of_method(Extended)
        def __init__(self, options):
            self.pages = options.pages

    (row,) = (option for option in table.options_of(Extended) if option.name == "pages")
    assert (row.flag, row.variable) == ("--pages", "IMS_MOCK_PAGES")
    assert row.json_schema() == {"type": "integer", "minimum": 1, "maximum": 9}
    assert (use(), use(pages=4), User(pages=5).pages) == (3, 4, 5)
    with pytest.raises(ValueError, match=r"Invalid pages 10\. Use a whole number from 1 to 9\."):
        use(pages=10)


@pytest.mark.parametrize("make", [ims_mock.create_app, ims_mock.ImsMock])
def test_unknown_options_are_rejected_with_the_nearest_one(make):
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'profil'\. Did you mean profile\?"):
        make("empty", profil="glance")
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'x'\. Use catalog, generate, "):
        make("empty", x=1)


@pytest.mark.parametrize("option", table.OPTIONS, ids=lambda option: option.name)
def test_rows_are_complete(option):
    assert option.commands
    assert option.help.endswith(".")
    assert option.accepts(option.default)
    json.dumps(option.json_schema())


@pytest.mark.parametrize("option", table.options_of(table.SandboxOptions), ids=lambda option: option.name)
def test_values_of_another_type_are_rejected(option):
    if not option.is_argument:
        assert not any(map(option.accepts, (None, [], True, {})))


def test_options_are_converted_to_those_of_another_class():
    converted = table.convert(table.MockOptions("empty", seed=7, url="http://localhost"), table.AppOptions)
    assert converted == table.AppOptions("empty", seed=7)
    assert {one.name for one in fields(converted)} == set(names(table.AppOptions))
