"""Where catalogs come from: bundled names, files and folders; one file with its text, and what is wrong with it."""

from __future__ import annotations

import difflib
import os
import select
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from ims_mock.contract.values import printable
from ims_mock.loading.parser import MAX_BYTES, Text, line_of

Source = str | Path | Mapping[str, object] | Text
"""A bundled name, the path of a file or folder, or the structure or the text of a file."""

Place = tuple[str | int, ...]
"""The path of a value in a file."""

UNNAMED: Final = "catalog"
"""What a catalog that is no file is called."""

_STEP_SECONDS: Final = 0.2
_PIECE: Final = 65_536
"""So many bytes are taken out of a pipe at once, which holds no more."""

SUFFIXES: Final = (".yaml", ".yml", ".json")


class Trouble(NamedTuple):
    """One problem of a catalog: ``file:line: path: message``; a warning when the catalog is served all the same."""

    file: str
    line: int
    path: str
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        place = f" {self.path}:" if self.path else ""
        return f"{where}:{place} {'warning: ' if self.is_warning else ''}{self.message}"


class CatalogError(Exception):
    """Catalogs that can not be served, with everything that is wrong in them."""

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        super().__init__("\n".join(map(str, troubles)))
        self.troubles = tuple(troubles)


@dataclass
class CatalogFile:
    """One catalog on its way: where it comes from, its text if it has one, and what it holds."""

    name: str
    text: Text | None = None
    is_bundled: bool = False
    raw: Any = None
    values: dict[str, Any] = field(default_factory=dict)
    images: list[tuple[int, dict[str, Any], bool]] = field(default_factory=list)  # place, values, are all right

    @cached_property
    def _lines(self) -> Mapping[Place, int]:
        return self.text.lines() if self.text else {}

    def trouble(self, path: Place, message: str, *, is_warning: bool = False) -> Trouble:
        """Make a problem of this file, with the line of the value it is about."""
        line = line_of(path, self._lines) if self.text else 0
        return Trouble(self.name, line, written(path), message, is_warning)


def bundled() -> list[str]:
    """Name the bundled catalogs."""
    return sorted(one.stem for one in _bundled_files())


def _bundled_files() -> list[Path]:
    """Find the bundled files: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent.parent
    folder = next(path for path in (package / "fixtures", package.parent / "fixtures") if path.is_dir())
    return [path for path in folder.iterdir() if path.suffix in SUFFIXES]


def is_bundled(source: Source) -> bool:
    """Whether a source is the bare name of a bundled catalog, which wins over a file or folder of that name."""
    if not isinstance(source, str) or Path(source).suffix in SUFFIXES or Path(source).name != source:
        return False
    return source in bundled()


def files_of(path: Path) -> list[Path]:
    """Give the files that a path stands for: those of a folder in the order of their names, or itself."""
    if path.is_dir():
        return sorted(one for one in path.iterdir() if one.suffix in SUFFIXES and one.is_file())
    return [path]


def opened(source: Source) -> Iterator[CatalogFile]:
    """Find what a source stands for: one file, or each of a folder's."""
    if isinstance(source, Mapping):
        yield CatalogFile(UNNAMED, raw=source)
        return
    if isinstance(source, Text):
        yield CatalogFile(UNNAMED, source)
        return
    if not str(source):
        raise CatalogError([Trouble(UNNAMED, 0, "", f"a name is empty; bundled are {', '.join(bundled())}")])
    path = Path(source)
    if is_bundled(source):
        file = next(one for one in _bundled_files() if one.stem == source)
        yield CatalogFile(file.stem, Text(file.read_bytes(), is_json=file.suffix == ".json"), is_bundled=True)
        return
    try:
        paths = files_of(path)
        if not paths:
            nothing = f"the folder holds no file that ends in {', '.join(SUFFIXES)}"
            raise CatalogError([Trouble(str(path), 0, "", nothing)])
        for one in paths:
            yield CatalogFile(str(one), Text(_content(one), is_json=one.suffix == ".json"))
    except FileNotFoundError:
        near = difflib.get_close_matches(str(source), bundled(), 1)
        hint = f"did you mean {near[0]}?" if near else f"bundled are {', '.join(bundled())}"
        raise CatalogError([Trouble(str(source), 0, "", f"no such file, folder or bundled catalog; {hint}")]) from None
    except OSError as error:
        raise CatalogError([Trouble(str(source), 0, "", f"cannot be read: {error.strerror}")]) from None


def _content(path: Path) -> bytes:
    """Read a file, but no more than tells that it is too large.

    A pipe is waited for in steps: a signal that comes right before a read would have to wait until there is something.
    """
    with path.open("rb") as file:
        if not stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            return file.read(MAX_BYTES + 1)
        found = bytearray()
        while len(found) <= MAX_BYTES:
            if select.select([file], [], [], _STEP_SECONDS)[0]:
                part = file.read1(_PIECE)
                if not part:
                    break
                found += part
        return bytes(found)


def written(path: Iterable[str | int]) -> str:
    """Write a path as people do: ``images[3].min_disk``."""
    text = ""
    for step in path:
        name = printable(str(step))
        text += f"[{step}]" if isinstance(step, int) else f".{name}" if text else name
    return text
