"""Packed images: written as the standard library does, and the same to everybody as those that are not packed."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_rendering import IMAGES, STORED, TEXTS

from ims_mock import packing
from ims_mock.image import NO_MEMBERS, Membership, Shapes
from ims_mock.loading import load
from ims_mock.packing import Packer
from ims_mock.shape import DISTINCT

NAMES = [*(field.name for field in STORED), 'fr"ee', "other", "self", "nosuch"]
PLAIN = st.text("aZ0 :-é镜", max_size=8)
PLAIN_IMAGES = st.fixed_dictionaries(
    {"id": PLAIN, "tags": st.lists(PLAIN, max_size=2).map(tuple)},
    optional={
        "name": PLAIN,
        "status": PLAIN,
        "visibility": PLAIN,
        "protected": st.booleans(),
        "size": st.integers(0, 9),
        "checksum": PLAIN,
        "created_at": PLAIN,
        "__imagetype": PLAIN,
        "__os_feature_list": TEXTS,
        "__description": PLAIN,
        "active_at": PLAIN,
    },
)


@settings(max_examples=300)
@given(values=IMAGES | PLAIN_IMAGES, members=st.dictionaries(PLAIN, st.just("accepted"), max_size=2))
@example(values={"id": "i", "tags": ()}, members={})
@example(values={"tags": (), "name": "n", "id": '"'}, members={})
@example(values={"id": "i", "tags": (), "__os_feature_list": '{"a": "b"}'}, members={})
def test_a_packed_image_is_as_any_other(values, members):
    """As it is written, asked for, stored, shown to a member, and changed in every way."""
    packed, plain = Packer().image(values, members), Shapes().image(values, members)
    assert packed.rendered == plain.rendered == json.dumps(plain.wire(), ensure_ascii=False).encode()
    assert [packed.get(name) for name in NAMES] == [plain.get(name) for name in NAMES]
    assert list(packed.stored().items()) == list(plain.stored().items())
    assert list(packed.wire().items()) == list(plain.wire().items())
    assert (packed.id, packed.tags, packed.members) == (plain.id, plain.tags, plain.members)
    for change in (
        lambda image: image.as_member,
        lambda image: image.changed({"name": "other", "__os_bit": "64", "checksum": None}),
        lambda image: image.shared_with({"p": Membership("pending")}),
        lambda image: image.holding(b"data"),
        lambda image: image.holding(b"data").shared_with(NO_MEMBERS).changed({"status": "deleted"}).as_member,
    ):
        one, other = change(packed), change(plain)
        assert one.rendered == other.rendered
        assert list(one.stored().items()) == list(other.stored().items())
        assert (one.members, one.data) == (other.members, other.data)


def test_no_text_of_its_own_is_kept_twice():
    """Only in what is written; of an attribute that is computed nothing is packed."""
    values = {"id": "i", "name": "n", "tags": (), "active_at": "2018-09-06T14:03:27Z", "__os_bit": "64", "free": "f"}
    image = Packer().image(values)
    assert DISTINCT.isdisjoint(image.shape.places)
    assert list(image.shape.places) == ["id", "tags", "__os_bit", "free"]
    assert list(Packer().image({**values, "virtual_size": 3}).shape.places) == [
        "id", "name", "virtual_size", "tags", "__os_bit", "active_at", "free",
    ]  # fmt: skip


def test_shapes_are_shared():
    """Whatever order the attributes come in, and whatever images have to themselves."""
    packer = Packer()
    one, other = (
        packer.image({"id": "a", "tags": (), "name": "n"}),
        packer.image({"checksum": "c", "tags": (), "id": "b"}),
    )
    assert one.shape is other.shape


def test_a_number_is_no_truth():
    """1 and true are equal to Python, and not to a client."""
    packer = Packer()
    written = [
        packer.image({"id": "i", "min_disk": disk, "protected": truth, "tags": ()}).rendered.partition(b'"id": "i", ')[
            2
        ]
        for disk, truth in ((1, True), (0, False), (1, True))
    ]
    assert written == [
        b'"protected": true, "min_disk": 1, "tags": []}',
        b'"protected": false, "min_disk": 0, "tags": []}',
        b'"protected": true, "min_disk": 1, "tags": []}',
    ]


@pytest.mark.parametrize("length", [20, 5_000])
def test_no_long_text_is_kept(length):
    """Of an attribute whose values are few."""
    text = f"{length} " + '"' * length
    image = Packer().image({"id": "i", "tags": (f"{length}" * 100,), "__os_feature_list": text})
    assert json.loads(image.rendered)["__os_feature_list"] == text
    assert (text in packing._features) is (length == 20)
    assert all(len(str(one)) < 1_000 for kept in (packing._features, packing._written["tags"]) for one in kept)


def test_few_texts_are_kept():
    """Catalogs come and go, and what was written for them does not stay for ever."""
    for number in range(3000):
        Packer().image({"id": "i", "min_disk": number, "tags": ()})
    assert len(packing._written["min_disk"]) <= 500


@pytest.mark.parametrize(
    "fixed", [{}, {"name": 'say "x"', "status": "active"}, {"__os_version": "a\\b"}, {"tags": ['"']}]
)
@pytest.mark.parametrize("seed", range(3))
def test_generated_images_are_written_as_any_other(seed, fixed):
    """Though nobody looks whether anything in their texts must be escaped, unless somebody else gave a text."""
    catalog = {"project": 'p"' if seed else "p", "generate": [{"count": 400, "seed": seed, "set": fixed}]}
    packed, plain = (load([catalog], is_shown=is_shown).catalog for is_shown in (True, False))
    for image in plain:
        assert packed.image(image.id).rendered == json.dumps(image.wire(), ensure_ascii=False).encode()
