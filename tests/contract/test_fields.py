"""The tables of attributes and query parameters are consistent."""

import pytest

from ims_mock.catalog.cloudimages import CLOUDIMAGES
from ims_mock.contract.fields import EVIDENCE, FIELDS
from ims_mock.contract.parameters import PARAMETERS


@pytest.mark.parametrize("rows", [FIELDS, PARAMETERS, CLOUDIMAGES.extras], ids=["fields", "parameters", "extras"])
def test_names_are_unique_and_every_row_has_evidence_and_a_description(rows):
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert row.evidence
        assert set(row.evidence) <= set(EVIDENCE)
        assert row.description.endswith(".")


@pytest.mark.parametrize("field", [field for field in FIELDS if field.values], ids=lambda field: field.name)
def test_folding_ignores_case_and_keeps_documented_values_apart(field):
    folded = {field.fold(value) for value in field.values}
    assert folded == {field.fold(value.upper()) for value in field.values}
    assert len(folded) == len({value.lower() for value in field.values})
