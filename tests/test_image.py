"""What an image is made of, and what images share."""

import random

from hypothesis import given
from hypothesis import strategies as st

from ims_mock.fields import BY_NAME
from ims_mock.image import Shapes, in_table_order

NAMES = st.lists(st.sampled_from([*BY_NAME, "colour", "flavour", "用途"]), unique=True)


@given(names=NAMES, seed=st.integers())
def test_values_of_any_order_make_the_same_image(names, seed):
    """Images with the same attributes share their shape, and keep their values in the order of the table."""
    shapes, shuffled = Shapes(), random.Random(seed).sample(names, len(names))
    one, other = (shapes.image({name: f"the {name}" for name in some}) for some in (names, shuffled))
    assert one.stored() == other.stored() == {name: f"the {name}" for name in names}
    assert tuple(one.names) == tuple(other.names) == in_table_order(names)
    assert len(shapes) == 1


@given(names=NAMES)
def test_free_properties_come_last(names):
    """The attributes of the table come in its order, the others in theirs."""
    ordered = in_table_order(names)
    known = [name for name in ordered if name in BY_NAME]
    assert ordered == (*(name for name in BY_NAME if name in names), *sorted(set(names) - set(known)))
