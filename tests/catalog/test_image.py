"""Images as values and as JSON."""

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from ims_mock.catalog.image import Image, in_table_order
from ims_mock.contract.fields import BY_NAME

NAMES = st.lists(st.sampled_from([*BY_NAME, "colour", "flavour", "用途"]), unique=True)


@given(names=NAMES, seed=st.integers())
def test_the_order_of_values_does_not_matter(names, seed):
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
    ordered = in_table_order(tuple(names))
    known = [name for name in ordered if name in BY_NAME]
    assert ordered == (*(name for name in BY_NAME if name in names), *sorted(set(names) - set(known)))


def test_json_is_in_table_order():
    values = {"tags": ("a",), "name": "x", "colour": "red", "id": "i", "min_disk": 40, "__os_bit": "64"}
    image = Image(values)
    assert image.json.decode() == json.dumps(image.as_json(), ensure_ascii=False)
    assert [*json.loads(image.json)][4:] == ["id", "name", "min_disk", "tags", "__os_bit", "colour"]
