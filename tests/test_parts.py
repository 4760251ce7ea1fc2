"""The parts of a query string, however they are written: as the standard library reads and writes forms."""

from urllib.parse import quote_plus, unquote_plus

from hypothesis import example, given
from hypothesis import strategies as st

from ims_mock.parts import Part, parts_of

WRITTEN = st.lists(st.sampled_from([*"aZ0_.~:-+=/é ", "%3A", "%3D", "%3a", "%20", "%2B", "%25", "%C3%A9"]), max_size=8)


@given(name=WRITTEN.map("".join), value=WRITTEN.map("".join))
@example(name="tag", value="a%3Db")
@example(name="created_at", value="gte:2018-09-06T14%3A03:27Z")
@example(name="name", value="CentOS+7.3+64bit")
def test_a_part_is_read_and_written_as_in_forms(name, value):
    """Decoded, and encoded again; at its first ``=`` it is split."""
    raw = f"{name}={value}".encode().decode("latin-1")
    name, _, value = (unquote_plus(one) for one in f"{name}={value}".partition("="))
    assert parts_of(raw, is_strict=True) == [Part(name, value, f"{quote_plus(name)}={quote_plus(value)}")]
