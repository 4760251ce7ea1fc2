"""The bytes of an image: what stands in them is found again, left out and replaced, whatever it is."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ims_mock import rendering
from ims_mock.fields import FIELDS
from ims_mock.image import Shapes
from ims_mock.kinds import BOOLEAN, INTEGER, LINK, TAGS, TEXT, TIME
from ims_mock.listing import CLOUDIMAGES

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['"', "\\", "\x00", "é", "镜像"]
)


def values_of(field):
    """Draw values of a field."""
    if field.kind is INTEGER:
        return st.integers(-(2**63), 2**63)
    if field.kind is BOOLEAN:
        return st.booleans()
    if field.kind is TAGS:
        return st.lists(TEXTS, max_size=3).map(tuple)
    return st.sampled_from(field.values) | TEXTS if field.values else TEXTS


STORED = [field for field in FIELDS if field.kind is not LINK]
TEXT_NAMES = [field.name for field in STORED if field.kind in (TEXT, TIME)]
IN_CLOUDIMAGES = {field.name for field in FIELDS if field.in_cloudimages} | {'fr"ee', "other"}
IMAGES = st.fixed_dictionaries(
    {"id": TEXTS},
    optional={field.name: values_of(field) for field in STORED if field.name != "id"}
    | {'fr"ee': TEXTS, "other": TEXTS},
)


@settings(max_examples=200)
@given(values=IMAGES)
def test_the_newer_list_leaves_texts_out(values):
    """And nothing else."""
    image = Shapes().image(values)
    fewer = {name: value for name, value in image.wire().items() if name in IN_CLOUDIMAGES}
    written = json.dumps(fewer, ensure_ascii=False).encode()
    assert CLOUDIMAGES.shown(image.rendered) == written


@settings(max_examples=200)
@given(values=IMAGES)
@example(
    values={"id": ', "id": "', "name": '"', "__description": "\\", "__backup_id": '\\"', "other": '\\\\", "other": "'}
)
def test_texts_are_found_in_what_is_written(values):
    """Whatever stands in them, and that there are none of a name."""
    rendered = Shapes().image(values).rendered
    assert rendering.id_in(rendered) == values["id"]
    for name in (*TEXT_NAMES, 'fr"ee', "other"):
        assert rendering.text_in(rendered, name) == values.get(name), name


@given(values=IMAGES, text=TEXTS)
def test_a_text_is_put_in_the_place_of_another(values, text):
    """And nothing else changes."""
    image = Shapes().image({**values, "name": "x"})
    wire = image.wire()
    expected = json.dumps({**wire, "name": text}, ensure_ascii=False).encode()
    assert rendering.replaced(image.rendered, "name", text) == expected
    assert rendering.replaced(expected, "name", "x") == image.rendered


def test_a_text_full_of_quotes_is_found_as_well():
    """However many there are: each is looked at once."""
    text = '"' * 200_000 + "\\"
    rendered = Shapes().image({"id": "i", "name": text, "__image_location": text, "tags": ()}).rendered
    assert rendering.text_in(rendered, "name") == text
    assert CLOUDIMAGES.shown(rendered).endswith(b'"tags": []}')
