"""The bytes of an image: what the standard library writes of its values, however they are put together."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ims_mock import rendering
from ims_mock.fields import FIELDS
from ims_mock.image import Shapes
from ims_mock.kinds import BOOLEAN, INTEGER, LINK, TAGS
from ims_mock.rendering import json_object

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
IN_CLOUDIMAGES = {field.name for field in FIELDS if field.in_cloudimages} | {'fr"ee', "other"}
IMAGES = st.fixed_dictionaries(
    {"id": TEXTS},
    optional={field.name: values_of(field) for field in STORED if field.name != "id"}
    | {'fr"ee': TEXTS, "other": TEXTS},
)


@settings(max_examples=200)
@given(values=IMAGES)
def test_an_image_is_written_as_the_standard_library_does(values):
    """Whatever its values and which it has, and also when it is written again."""
    image = Shapes().image(values)
    expected = json.dumps(image.wire(), ensure_ascii=False).encode()
    assert image.rendered == expected
    fewer = {name: value for name, value in image.wire().items() if name in IN_CLOUDIMAGES}
    assert image.rendered_in_cloudimages == json.dumps(fewer, ensure_ascii=False).encode()
    assert Shapes().image(values).rendered == expected


def test_a_number_is_no_truth():
    """1 and true are equal to Python, and not to a client."""
    written = [json_object(["min_disk", "protected"], pair) for pair in ((1, True), (0, False), (1, True))]
    assert written == [
        b'{"min_disk": 1, "protected": true}',
        b'{"min_disk": 0, "protected": false}',
        b'{"min_disk": 1, "protected": true}',
    ]


def test_few_texts_are_kept():
    """Catalogs come and go, and what was written for them does not stay for ever."""
    for number in range(3000):
        json_object(["min_disk", f"free-{number}"], [number, "x"])
    assert len(rendering._pieces["min_disk"][1].__self__) <= 500
    assert not any(name.startswith("free-") for name in rendering._pieces)
