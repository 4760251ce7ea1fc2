"""Profiles are sets of departures."""

import pytest

from ims_mock.contract.profiles import DEPARTURES, DOCUMENTED, GLANCE, Profile


def test_documented_has_all_departures_and_glance_none():
    names = {departure.name for departure in DEPARTURES}
    assert (DOCUMENTED.departures, GLANCE.departures) == (names, set())


@pytest.mark.parametrize("name", [departure.name for departure in DEPARTURES])
def test_a_departure_can_be_added_and_removed(name):
    assert Profile.parse(f"documented,-{name}").departures == DOCUMENTED.departures - {name}
    assert Profile.parse(f"glance, +{name}").departures == {name}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Invalid profile ''. Use 'documented' or 'glance'."),
        (
            "documented,full-last-page",
            ": unknown departure 'full-last-page'. Did you mean +full-last-page or -full-last-page?",
        ),
        ("documented,-full-last-pgae", "Did you mean -full-last-page?"),
        ("documented,", "Use + or - and one of "),
    ],
)
def test_an_unknown_profile_is_rejected_with_a_hint(text, words):
    with pytest.raises(ValueError, match="Invalid profile") as rejected:
        Profile.parse(text)
    assert words in str(rejected.value)


def test_asking_for_an_unknown_departure_raises_key_error():
    with pytest.raises(KeyError):
        "no-such-departure" in GLANCE  # noqa: B015
