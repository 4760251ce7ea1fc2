"""Parameters of a query string, decoded and form-encoded again as the standard library does."""

from urllib.parse import parse_qsl, urlencode

from hypothesis import example, given
from hypothesis import strategies as st

from ims_mock.catalog.links import first_link
from ims_mock.catalog.query import parse
from ims_mock.catalog.visibility import Caller, View
from ims_mock.contract.profiles import GLANCE

WRITTEN = st.lists(
    st.sampled_from([*"aZ0_.~:-+=/é ", "%3A", "%3D", "%3a", "%20", "%2B", "%25", "%C3%A9"]), max_size=8
).map("".join)


@given(name=WRITTEN, value=WRITTEN)
@example(name="x", value="a%3Db")
@example(name="x", value="2018-09-06T14%3A03:27Z")
@example(name="x", value="CentOS+7.3+64bit")
def test_links_repeat_a_parameter_as_forms_encode_it(name, value):
    raw = f"x{name}={value}"
    [pair] = parse_qsl(raw, keep_blank_values=True)
    query = parse(raw.encode().decode("latin-1"), View(Caller("a"), GLANCE, is_queens=False))
    assert first_link(query) == f"/v2/images?{urlencode([pair])}"
