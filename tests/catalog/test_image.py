"""What an image is made of, and what images share."""

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from ims_mock.catalog.image import Image, in_table_order
from ims_mock.contract.fields import BY_NAME

NAMES = st.lists(st.sampled_from([*BY_NAME, "colour", "flavour", "用途"]), unique=True)


@given(names=NAMES, seed=st.integers())
def test_values_of_any_order_make_the_same_image(names, seed):
    """However its values are given, an image is shown in the order of the table, changed or not."""
    shuffled = random.Random(seed).sample(names, len(names))
    images = [Image({name: f"the {name}" for name in some}) for some in (names, shuffled)]
    if "name" in names:
        images += [
            images[1].with_values({"name": None}).with_values({"name": "the name"}),
            images[0].with_values({"name": "the name"}),
        ]
    for image in images:
        assert list(dict(image.values).items()) == [(name, f"the {name}") for name in in_table_order(tuple(names))]
        assert all(image.get(name) == f"the {name}" for name in names)


@given(names=NAMES)
def test_free_properties_come_last(names):
    """The attributes of the table come in its order, the others in theirs."""
    ordered = in_table_order(tuple(names))
    known = [name for name in ordered if name in BY_NAME]
    assert ordered == (*(name for name in BY_NAME if name in names), *sorted(set(names) - set(known)))


def test_the_bytes_are_in_the_order_of_the_table():
    """What is rendered quickly is what the wire form of an image says, whatever order its values came in."""
    values = {"tags": ("a",), "name": "x", "colour": "red", "id": "i", "min_disk": 40, "__os_bit": "64"}
    image = Image(values)
    assert image.json.decode() == json.dumps(image.shown(), ensure_ascii=False)
    assert [*json.loads(image.json)][4:] == ["id", "name", "min_disk", "tags", "__os_bit", "colour"]
