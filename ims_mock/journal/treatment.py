"""What becomes of findings: how loudly they are told, and which appear nowhere."""

from __future__ import annotations

import difflib
from typing import Final, NamedTuple

from ims_mock.contract.values import joined, quoted
from ims_mock.options import LENIENT, MODES


class Treatment(NamedTuple):
    """What becomes of findings.

    Attributes:
        mode: ``lenient`` keeps them in the journal, ``warn`` tells them in headers too, ``strict`` refuses requests.
        ignored: the names of those that appear nowhere.
    """

    mode: str = LENIENT
    ignored: frozenset[str] = frozenset()


LENIENTLY: Final = Treatment()


def treatment_of(mode: str = LENIENT, ignore: str = "") -> Treatment:
    """Make a treatment of the words of the command line.

    Args:
        mode: one of :data:`ims_mock.settings.MODES`.
        ignore: names of findings, separated by commas.

    Raises:
        ValueError: there is no such mode, or no such finding; the message says what is legal.
    """
    if mode not in MODES:
        raise ValueError(f"findings is {quoted(mode)}; legal are {joined(MODES)}")
    ignored = frozenset(filter(None, map(str.strip, ignore.split(","))))
    if ignored:
        from ims_mock.journal.findings import BY_ROW  # most emulators do without

        for name in sorted(ignored - BY_ROW.keys()):
            near = difflib.get_close_matches(name, BY_ROW, 1)
            hint = f"did you mean {near[0]}?" if near else f"legal are {', '.join(BY_ROW)}"
            raise ValueError(f"findings-ignore names no finding {quoted(name)}; {hint}")
    return Treatment(mode, ignored)
