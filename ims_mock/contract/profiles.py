"""The table of departures: the differences between the documented service and OpenStack Glance, each with a name.

A profile is a set of departures. Code asks ``"full-last-page" in profile``, never which profile it is.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from ims_mock.text import quoted


@dataclass(frozen=True)
class Departure:
    """One difference: its name, the behaviour of the documented service and that of Glance."""

    name: str
    documented: str
    glance: str


DEPARTURES: Final = (
    Departure("full-last-page", "the last page has no `next`, also when it is exactly full", "`next` whenever the page is full"),
    Departure("repeated-parameters-in-links", "`first` and `next` keep repeated parameters, in order", "they collapse to the last one"),
    Departure("repeated-single-values", "`limit`, `marker`, `member_status` or `visibility` given twice is a 400", "the first `limit`, `marker`, `member_status` counts, the second empties the list; of two `visibility` values the last one is checked, and they match nothing"),
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
    Departure("shared-through-membership", "members of an image see, and filter by, `shared` as its `visibility` and `__imagetype`; a public image is never shared", "stored values"),
    Departure("absent-base-properties", "an attribute without a value is absent, but for `virtual_size`, which is `null`", "`name`, `size`, `checksum`, `disk_format` and `container_format` without a value are `null`"),
    Departure("service-rules", "clients write images as the service allows: names, formats and sizes are checked; a new image is private and has attributes of the service that clients cannot change; only an admin can delete a public image", "clients write as Glance allows: any text for a name, an `id` of their own, any visibility but `public`, free properties; data can be uploaded only when both formats are set"),
    Departure("error-body", "errors are JSON, of the service or of the gateway in front of it", "an HTML page if `Accept` contains `html` or `*/*`, else in Queens `code`, `title` and `message` if it contains `application/json`, else text/plain; a request line over 8 KB is refused"),
)

_NAMES: Final = frozenset(departure.name for departure in DEPARTURES)
_BASES: Final = {"documented": _NAMES, "glance": frozenset[str]()}


@dataclass(frozen=True)
class Profile:
    """A set of departures, named by the text that it was parsed from, without its spaces."""

    label: str
    departures: frozenset[str]

    def __contains__(self, name: object) -> bool:
        """Return whether the profile has a departure. An unknown name is a bug and raises ``KeyError``."""
        if name in self.departures:
            return True
        if name not in _NAMES:
            raise KeyError(name)
        return False

    @classmethod
    def parse(cls, text: str) -> Profile:
        """Parse a profile with changes, if any: ``glance,+dotted-tags``; raise ``ValueError`` for unknown names."""
        base, *changes = (part.strip() for part in text.split(","))
        if base not in _BASES:
            raise ValueError(f"Invalid profile {quoted(text)}. Use {' or '.join(map(repr, _BASES))}.")
        departures = set(_BASES[base])
        for change in changes:
            sign, name = (change[0], change[1:]) if change.startswith(("+", "-")) else ("", change)
            if not sign or name not in _NAMES:
                hint = f"Use + or - and one of {', '.join(sorted(_NAMES))}."
                if near := difflib.get_close_matches(name, _NAMES, 1):
                    hint = f"Did you mean {' or '.join(one + near[0] for one in sign or '+-')}?"
                raise ValueError(f"Invalid profile {quoted(text)}: unknown departure {change!r}. {hint}")
            (departures.add if sign == "+" else departures.discard)(name)
        return cls(",".join((base, *changes)), frozenset(departures))


DOCUMENTED: Final = Profile.parse("documented")
GLANCE: Final = Profile.parse("glance")
