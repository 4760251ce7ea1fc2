"""The tables of attributes and query parameters are consistent."""

import pytest

from ims_mock.catalog.cloudimages import CLOUDIMAGES
from ims_mock.contract.fields import BY_NAME, EVIDENCE, FIELDS, nearest
from ims_mock.contract.parameters import PARAMETERS, SORT_KEYS


@pytest.mark.parametrize("rows", [FIELDS, PARAMETERS, CLOUDIMAGES.extras], ids=["fields", "parameters", "extras"])
def test_names_are_unique(rows):
    assert len({row.name for row in rows}) == len(rows)


def test_sort_keys_come_in_the_order_of_glance():
    assert SORT_KEYS[:8] == (
        "name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at",
    )  # fmt: skip


@pytest.mark.parametrize("row", [*FIELDS, *PARAMETERS, *CLOUDIMAGES.extras], ids=lambda row: row.name)
def test_every_row_has_evidence_and_a_description(row):
    assert row.evidence
    assert set(row.evidence) <= set(EVIDENCE)
    assert row.description.endswith(".")


@pytest.mark.parametrize("field", [field for field in FIELDS if field.values], ids=lambda field: field.name)
def test_folding_ignores_case_and_keeps_documented_values_apart(field):
    folded = {field.fold(value) for value in field.values}
    assert folded == {field.fold(value.upper()) for value in field.values}
    assert len(folded) == len({value.lower() for value in field.values})


@pytest.mark.parametrize(
    ("misspelled", "meant"), [("__os_verison", "__os_version"), ("min_dsk", "min_disk"), ("zzz", None)]
)
def test_a_misspelled_name_is_recognized(misspelled, meant):
    assert nearest(misspelled) == meant


def test_both_spellings_of_a_platform_are_equal():
    assert BY_NAME["__platform"].fold("RedHat") == BY_NAME["__platform"].fold("Red Hat")
