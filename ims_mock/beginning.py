"""What a test's emulator begins with: a few words, which are checked, and the catalogs that they name, loaded once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ims_mock.contract.profiles import Profile
from ims_mock.contract.values import joined, quoted
from ims_mock.journal.treatment import Treatment, treatment_of
from ims_mock.loading.loader import Loaded, load
from ims_mock.loading.sources import Source
from ims_mock.options import LENIENT, SETTINGS, Setting
from ims_mock.web.application import sources_of


@dataclass(frozen=True)
class Beginning:
    """What an emulator begins with, and where a reset leads back to; the words are those of the command line.

    Raises:
        ValueError: a word has a value that the command line would refuse; the message says what is legal.
    """

    catalog: Source | Sequence[Source] = "default"
    generate: int = 0
    seed: int = 0
    profile: str = "documented"
    auth: str = "off"
    project: str = ""
    findings: str = LENIENT
    findings_ignore: str = ""

    def __post_init__(self) -> None:
        for setting in SETTINGS:
            name = setting.name.replace("-", "_")
            if hasattr(self, name):
                _check(setting, getattr(self, name))
        Profile.parse(self.profile)
        treatment_of(self.findings, self.findings_ignore)

    @property
    def treatment(self) -> Treatment:
        """What becomes of findings."""
        return treatment_of(self.findings, self.findings_ignore)


def _check(setting: Setting, value: object) -> None:
    """Refuse a value that a setting can not have."""
    if setting.bounds:
        low, high = setting.bounds
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{setting.name} is {quoted(value)}; legal are whole numbers from {low} to {high}")
    elif not isinstance(value, str):
        raise ValueError(f"{setting.name} is {quoted(value)}; legal is a text")
    elif setting.choices and value not in setting.choices:
        raise ValueError(f"{setting.name} is {quoted(value)}; legal are {joined(setting.choices)}")


class Loader:
    """Loads what emulators begin with; what was loaded from the same files before is given again: it never changes."""

    def __init__(self) -> None:
        self._loaded: dict[Hashable, Loaded] = {}

    def load(self, beginning: Beginning) -> Loaded:
        """Load the catalogs of a beginning.

        Raises:
            CatalogError: with every problem of every catalog.
        """
        key = _key(beginning)
        found = self._loaded.get(key)
        if found is None:
            sources, more = sources_of(beginning.catalog), beginning.generate
            found = load(sources, more=more, seed=beginning.seed, project=beginning.project)
            if key:
                self._loaded[key] = found
        return found


def _key(beginning: Beginning) -> Hashable:
    """Name what is loaded by the files and when they were written; ``None`` for what is not worth keeping."""
    written = []
    for source in sources_of(beginning.catalog):
        if not isinstance(source, str | Path) or Path(source).is_dir():
            return None
        written.append(Path(source).stat().st_mtime_ns if Path(source).is_file() else 0)
    return replace(beginning, catalog=tuple(map(str, sources_of(beginning.catalog)))), tuple(written)
