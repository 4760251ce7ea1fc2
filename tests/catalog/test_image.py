"""Images as values and as JSON."""

import json
import random

from ims_mock.catalog.image import Image
from ims_mock.contract.fields import BY_NAME


def test_attributes_are_in_table_order_and_free_properties_come_last():
    rng, pool = random.Random(1), [*BY_NAME, "colour", "flavour", "用途"]
    for names in (rng.sample(pool, rng.randrange(len(pool))) for _ in range(100)):
        known = [name for name in BY_NAME if name in names]
        expected = [(name, f"the {name}") for name in (*known, *sorted(set(names) - set(known)))]
        image = Image({name: f"the {name}" for name in names})
        for one in (image, image.with_values({"name": None}).with_values(image.values)):
            assert list(one.values.items()) == expected


def test_json_is_in_table_order():
    values = {"tags": ("a",), "name": "x", "colour": "red", "id": "i", "min_disk": 40, "__os_bit": "64"}
    image = Image(values)
    assert image.json.decode() == json.dumps(image.as_json(), ensure_ascii=False)
    assert [*json.loads(image.json)][4:] == ["id", "name", "min_disk", "tags", "__os_bit", "colour"]
