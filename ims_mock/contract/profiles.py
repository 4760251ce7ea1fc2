"""The departures: where the documented service leaves real Glance, each a switch with a name.

Code asks ``"full-last-page" in profile`` and never which profile it is; the README's table is made from this one.
"""

from __future__ import annotations

import difflib
from typing import Final, NamedTuple


class Departure(NamedTuple):
    """One difference between the IMS document and OpenStack Glance: its name and both sides."""

    name: str
    documented: str
    glance: str


DEPARTURES: Final = (
    Departure("full-last-page", "the last page has no `next`, also when it is exactly full", "`next` whenever the page is full"),
    Departure("repeated-parameters-in-links", "`first` and `next` keep repeated parameters, in order", "they collapse to the last one"),
    Departure(
        "repeated-single-values",
        "`limit`, `marker`, `member_status` or `visibility` given twice is a 400",
        "the first `limit`, `marker`, `member_status` counts, the second empties the list; two `visibility` are judged by the last and match nothing",
    ),
    Departure("registered-only", "ordinary callers see registered images only; `__isregistered=true` is added to their links", "`__isregistered` is a property like any other"),
    Departure("bare-time", "a time without an operator means `eq`", "Mitaka answers 400"),
    Departure("lower-case-time", "`t` and `z` stand for `T` and `Z`", "400"),
    Departure("enumerations-ignore-case", "fields with documented values match in any case, and in both spellings of a platform", "exact"),
    Departure("booleans-ignore-case", "`protected` is `true` or `false` in any case, else 400", "Queens: lower case only, else 400; Mitaka: only `1` and `0` match, nothing is refused"),
    Departure("integers-are-checked", "a number filter that is no whole number is a 400", "read as far as possible, else nothing matches"),
    Departure("stray-percent", "a `%` that escapes nothing is a 400", "taken literally"),
    Departure("empty-visibility", "`visibility=` is a 400", "Mitaka ignores it, Queens matches nothing"),
    Departure("dotted-tags", "a stored tag `a.b` answers to `tag=a=b` as well", "exact"),
    Departure("dead-images-on-request", "`status=deleted` and `status=killed` list such images, and they may then be markers", "deleted and killed images are never listed"),
    Departure("shared-through-membership", "whoever sees an image as its member is shown, and filters by, `visibility` and `__imagetype` `shared`; a public image is never shared", "stored values"),
    Departure(
        "service-rules",
        "clients write images as the service allows: names, formats and sizes are checked, a new image is private and carries the service's attributes, which clients can not change; only an admin deletes a public image",
        "clients write as Glance allows: any text for a name, an `id` of their own, any visibility but `public`, free properties; data wants both formats set",
    ),
    Departure(
        "error-body",
        "errors are JSON, of the service or of the gateway in front of it",
        "text/plain, or `code`, `title` and `message` for a client that accepts only JSON; a request line over 8 KB is refused",
    ),
)

_NAMES: Final = frozenset(departure.name for departure in DEPARTURES)
_BASES: Final = {"documented": _NAMES, "glance": frozenset[str]()}


class Profile(NamedTuple):
    """A set of departures, with the words that asked for it."""

    label: str
    departures: frozenset[str]

    def __contains__(self, name: object) -> bool:
        """Whether this profile departs from Glance here; an unknown name is a bug and raises ``KeyError``."""
        if name in self.departures:
            return True
        if name not in _NAMES:
            raise KeyError(name)
        return False

    @classmethod
    def parse(cls, text: str) -> Profile:
        """Read ``documented`` or ``glance``, followed by switches: ``documented,-registered-only`` or ``glance,+dotted-tags``.

        Raises:
            ValueError: an unknown profile or departure; the message names it and what is legal.
        """
        base, *switches = (part.strip() for part in text.split(","))
        if base not in _BASES:
            raise ValueError(f"unknown profile {base!r}; legal are {' and '.join(_BASES)}")
        departures = set(_BASES[base])
        for switch in switches:
            sign, name = (switch[:1], switch[1:]) if switch[:1] in ("+", "-") else ("", switch)
            if not sign or name not in _NAMES:
                near = [name] if name in _NAMES else difflib.get_close_matches(name, _NAMES, 1)
                written = " or ".join(f"{one}{near[0]}" for one in ([sign] if sign else "+-")) if near else ""
                hint = f"did you mean {written}?" if near else f"legal are + or - and one of {', '.join(sorted(_NAMES))}"
                raise ValueError(f"unknown departure {switch!r} in the profile; {hint}")
            (departures.add if sign == "+" else departures.discard)(name)
        return cls(text, frozenset(departures))


DOCUMENTED: Final = Profile.parse("documented")
GLANCE: Final = Profile.parse("glance")
