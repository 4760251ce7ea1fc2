"""The table: what it says of itself hangs together."""

import pytest

from ims_mock.catalog.cloudimages import CLOUDIMAGES
from ims_mock.contract.fields import BY_NAME, EVIDENCE, FIELDS, PARAMETERS, SORT_KEYS, nearest


def test_it_has_every_field_and_parameter_of_the_document():
    """61 attributes and 32 parameters, each once."""
    assert (len(FIELDS), len(BY_NAME)) == (61, 61)
    assert (len(PARAMETERS), len({one.name for one in PARAMETERS})) == (32, 32)


def test_sort_keys_are_the_fields_that_sort():
    """The order in which Glance names them is all that the list of sort keys adds."""
    assert set(SORT_KEYS) == {field.name for field in FIELDS if field.sorts}


@pytest.mark.parametrize("row", [*FIELDS, *PARAMETERS, *CLOUDIMAGES.extras], ids=lambda row: row.name)
def test_every_row_has_its_evidence(row):
    """Each says where it is known from, and what it is."""
    assert row.evidence
    assert set(row.evidence) <= set(EVIDENCE)
    assert row.about.endswith(".")


@pytest.mark.parametrize("field", [field for field in FIELDS if field.values], ids=lambda field: field.name)
def test_a_documented_value_folds_onto_itself_in_any_case(field):
    """Folding forgets case and old spellings, and never mixes two documented values but for their case."""
    folded = {field.fold(value) for value in field.values}
    assert folded == {field.fold(value.upper()) for value in field.values}
    assert len(folded) == len({value.lower() for value in field.values})


@pytest.mark.parametrize(
    ("misspelt", "meant"), [("__os_verison", "__os_version"), ("min_dsk", "min_disk"), ("zzz", None)]
)
def test_the_nearest_field_is_found(misspelt, meant):
    """A slip of the finger is told from a property of one's own."""
    assert nearest(misspelt) == meant
