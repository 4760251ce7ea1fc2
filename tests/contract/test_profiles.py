"""Profiles are sets of departures, each a switch."""

import pytest

from ims_mock.contract.profiles import DEPARTURES, DOCUMENTED, GLANCE, Profile


def test_documented_has_all_departures_and_glance_none():
    """Every difference between the two is in the table."""
    names = {departure.name for departure in DEPARTURES}
    assert (DOCUMENTED.departures, GLANCE.departures) == (names, set())


@pytest.mark.parametrize("name", [departure.name for departure in DEPARTURES])
def test_each_departure_is_a_switch(name):
    """It can be taken from one profile and given to the other, alone."""
    assert Profile.parse(f"documented,-{name}").departures == DOCUMENTED.departures - {name}
    assert Profile.parse(f"glance, +{name}").departures == {name}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "unknown profile ''; legal are documented and glance"),
        ("documented,full-last-page", "did you mean +full-last-page or -full-last-page?"),
        ("documented,-full-last-pgae", "did you mean -full-last-page?"),
        ("documented,", "legal are + or - and one of "),
    ],
)
def test_an_unknown_profile_is_refused_with_what_is_legal(text, words):
    """The message is ready to be copied."""
    with pytest.raises(ValueError, match="unknown") as refused:
        Profile.parse(text)
    assert words in str(refused.value)


def test_asking_for_an_unknown_departure_is_a_bug():
    """A typing slip in the code cannot pass for a switch that is off."""
    with pytest.raises(KeyError):
        "no-such-departure" in GLANCE  # noqa: B015
