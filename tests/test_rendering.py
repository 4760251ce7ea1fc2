"""The bytes of an image: what the standard library writes of its values, however they are put together."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ims_mock import rendering
from ims_mock.fields import FIELDS
from ims_mock.image import Shapes
from ims_mock.kinds import BOOLEAN, INTEGER, LINK, TAGS, TEXT, TIME
from ims_mock.listing import CLOUDIMAGES
from ims_mock.rendering import Frame

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
def test_an_image_is_written_as_the_standard_library_does(values):
    """Whatever its values and which it has, and also when it is written again."""
    image = Shapes().image(values)
    expected = json.dumps(image.wire(), ensure_ascii=False).encode()
    assert image.rendered == expected
    fewer = {name: value for name, value in image.wire().items() if name in IN_CLOUDIMAGES}
    fewer_written = json.dumps(fewer, ensure_ascii=False).encode()
    assert CLOUDIMAGES.joined((image.rendered, image.rendered)) == fewer_written + b", " + fewer_written
    assert Shapes().image(values).rendered == expected


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


def test_a_number_is_no_truth():
    """1 and true are equal to Python, and not to a client."""
    frame = Frame(["id", "min_disk", "protected"])
    assert [frame.write(["i", *pair]) for pair in ((1, True), (0, False), (1, True))] == [
        b'{"id": "i", "min_disk": 1, "protected": true}',
        b'{"id": "i", "min_disk": 0, "protected": false}',
        b'{"id": "i", "min_disk": 1, "protected": true}',
    ]


@pytest.mark.parametrize(
    ("names", "values", "text"),
    [
        (["id"], ["i"], '{"id": "i"}'),
        (["id", "size"], ["i", 1], '{"id": "i", "size": 1}'),
        (["id", "size", "min_ram", "name"], ['"', 1, 2, ", "], r'{"id": "\"", "size": 1, "min_ram": 2, "name": ", "}'),
        (["id", "virtual_size", "tags"], ["i", None, ("t",)], '{"id": "i", "virtual_size": null, "tags": ["t"]}'),
        ([", "], ["i"], '{", ": "i"}'),
        (['"'], ["i"], r'{"\"": "i"}'),
    ],
)
def test_quotes_stand_around_texts(names, values, text):
    """And only around these, whatever stands beside them, and whatever they are called."""
    assert Frame(names).write(values) == text.encode()


def test_no_long_text_is_kept():
    """Of an attribute whose values are few."""
    for length in (20, 5_000):
        text = f"{length} " + '"' * length
        image = Shapes().image({"id": "i", "tags": (text,), "__os_feature_list": text})
        assert json.loads(image.rendered)["__os_feature_list"] == text
    kept = [*rendering._written["__os_feature_list"], *rendering._written["tags"]]
    assert any(str(one).count("20 ") for one in kept)
    assert all(len(str(one)) < 1_000 for one in kept)


def test_few_texts_are_kept():
    """Catalogs come and go, and what was written for them does not stay for ever."""
    for number in range(3000):
        Frame(["id", "min_disk", f"free-{number}"]).write(["i", number, "x"])
    assert len(rendering._written["min_disk"]) <= 500
    assert not any(name.startswith("free-") for one in (rendering._after_text, rendering._after_other) for name in one)
