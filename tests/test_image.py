"""What an image is made of, and what images share."""

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from ims_mock.columns import names_in
from ims_mock.fields import BY_NAME
from ims_mock.image import Shapes
from ims_mock.shape import in_table_order

NAMES = st.lists(st.sampled_from([*BY_NAME, "colour", "flavour", "用途"]), unique=True)


@given(names=NAMES, seed=st.integers())
def test_values_of_any_order_make_the_same_image(names, seed):
    """However its values are given, an image is shown in the order of the table, changed or not."""
    shapes, shuffled = Shapes(), random.Random(seed).sample(names, len(names))
    images = [shapes.image({name: f"the {name}" for name in some}) for some in (names, shuffled)]
    if "name" in names:
        images += [
            images[1].changed({"name": None}).changed({"name": "the name"}),
            images[0].changed({"name": "the name"}),
        ]
    for image in images:
        assert list(image.stored().items()) == [(name, f"the {name}") for name in in_table_order(names)]
        assert all(image.get(name) == f"the {name}" for name in names)
        assert names_in([image]) == set(names)


@given(names=NAMES, count=st.integers(1, 5))
def test_images_of_a_shape_share_it(names, count):
    """The same attributes are one shape, in whatever order they are given."""
    shapes = Shapes()
    for place in range(count):
        image = shapes.image(dict.fromkeys(names[::-1] if place % 2 else names, "x"))
        assert image.get("id") == ("x" if "id" in names else None)
    assert len(shapes) == 1


@given(names=NAMES)
def test_free_properties_come_last(names):
    """The attributes of the table come in its order, the others in theirs."""
    ordered = in_table_order(names)
    known = [name for name in ordered if name in BY_NAME]
    assert ordered == (*(name for name in BY_NAME if name in names), *sorted(set(names) - set(known)))


def test_the_bytes_are_in_the_order_of_the_table():
    """What is rendered quickly is what the wire form of an image says, whatever order its values came in."""
    values = {"tags": ("a",), "name": "x", "colour": "red", "id": "i", "min_disk": 40, "__os_bit": "64"}
    image = Shapes().image(values)
    assert image.rendered.decode() == json.dumps(image.wire(), ensure_ascii=False)
    assert [*json.loads(image.rendered)][4:] == ["id", "name", "min_disk", "tags", "__os_bit", "colour"]
