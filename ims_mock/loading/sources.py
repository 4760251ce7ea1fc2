"""Catalog sources: bundled catalogs (in ``fixtures/``), files and folders, and the problems found in them."""

import difflib
import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, TimeoutError
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from threading import Thread
from typing import IO, Any, Final, NamedTuple

from ims_mock.loading.parser import MAX_BYTES, CatalogText
from ims_mock.loading.schema import MAX_PROBLEMS, STOP_AFTER
from ims_mock.text import counted, escaped, printable, quoted

Source = str | Path | Mapping[str, object] | CatalogText
"""A bundled name, the path of a file or folder, or the structure or the text of a catalog."""

UNNAMED: Final = "catalog"  # what messages call a catalog that is not a file
SUFFIXES: Final = (".yaml", ".yml", ".json")
PIPE_SECONDS: Final = 10.0  # how long another process may take to open a named pipe for writing
MAX_REPORTED: Final = 50  # problems that a report shows
_PACKAGE: Final = Path(__file__).parent.parent


@dataclass(frozen=True)
class CatalogProblem:
    """One problem of a catalog."""

    file: str
    line: int  # of the value, counted from 1; 0 if the catalog is not a text
    path: str  # of the value, such as images[3].min_disk; empty for the whole catalog
    message: str
    is_warning: bool = False  # whether the catalog can be used all the same

    def __str__(self) -> str:
        file = f"{self.file}:{self.line}" if self.line else self.file
        path = f" {self.path}:" if self.path else ""
        return escaped(f"{file}:{path} {'warning: ' if self.is_warning else ''}{self.message}")


class CatalogError(Exception):
    """The catalogs cannot be used.

    Its ``problems`` are all that were found, warnings included; its text is that of :func:`report_problems`.
    """

    def __init__(self, problems: Sequence[CatalogProblem]) -> None:
        super().__init__("\n".join(report_problems(problems)))
        self.problems = tuple(problems)


def report_problems(problems: Sequence[CatalogProblem]) -> list[str]:
    """Return a line for each problem. Of too many, errors come first, and a last line counts the rest."""
    errors_first = sorted(range(len(problems)), key=lambda index: problems[index].is_warning)
    lines = [str(problems[index]) for index in sorted(errors_first[:MAX_REPORTED])]
    if len(problems) > len(lines):
        lines.append(f"and {count_problems(problems, len(lines))}")
    return lines


def count_problems(problems: Sequence[CatalogProblem], shown: int = 0) -> str:
    """Return a phrase with the number of problems, such as ``at least 950 more errors`` if 50 are shown already."""
    counts = Counter("warning" if problem.is_warning else "error" for problem in problems)
    total = sum(min(count, MAX_PROBLEMS) for count in counts.values())
    least = "at least " if max(counts.values(), default=0) > MAX_PROBLEMS else ""
    noun = "problem" if len(counts) > 1 else next(iter(counts), "problem")
    return f"{least}{counted(total - shown, f'more {noun}' if shown else noun)}"


class CatalogFile(NamedTuple):
    """One catalog: a file, or a text or structure from another place, with its name in messages."""

    name: str
    content: CatalogText | Mapping[str, Any]
    is_bundled: bool = False


class CatalogWarning(UserWarning):
    """A catalog or an image can be used, but no real image is like it, or the default project does not see it."""


def warn(lines: Sequence[str]) -> None:
    """Issue a :class:`CatalogWarning` with these lines, if there are any, at the code that called this package."""
    if not lines:
        return
    frame, depth = sys._getframe(), 1
    while frame.f_back and Path(frame.f_code.co_filename).is_relative_to(_PACKAGE):
        frame, depth = frame.f_back, depth + 1
    warnings.warn("\n".join(lines), CatalogWarning, stacklevel=depth)


class Problems:
    """The errors and warnings of catalogs that are being loaded, which ends with too many errors."""

    def __init__(self, files: Iterable[CatalogFile]) -> None:
        self._order = {file.name: index for index, file in enumerate(files)}
        self.errors: list[CatalogProblem] = []
        self.warnings: list[CatalogProblem] = []

    def add(self, problem: CatalogProblem) -> None:
        """Add a problem; raise a :class:`CatalogError` if there are too many errors."""
        kept = self.warnings if problem.is_warning else self.errors
        if len(kept) < STOP_AFTER:
            kept.append(problem)
        if len(self.errors) == STOP_AFTER:
            self.refuse_errors()

    def refuse_errors(self) -> None:
        """Raise a :class:`CatalogError` if there are errors."""
        if self.errors:
            raise CatalogError(self.sorted([*self.errors, *self.warnings]))

    def sorted(self, problems: Iterable[CatalogProblem]) -> tuple[CatalogProblem, ...]:
        """Return problems in the order of their files and lines."""
        return tuple(sorted(problems, key=lambda problem: (self._order[problem.file], problem.line)))


def _bundled_files() -> dict[str, Path]:
    """Return the files of ``fixtures/`` by name. It is inside the package in a wheel and beside it in a checkout."""
    folder = next(path for path in (_PACKAGE / "fixtures", _PACKAGE.parent / "fixtures") if path.is_dir())
    return {path.stem: path for path in folder.glob("*.yaml")}


def bundled_catalogs() -> list[str]:
    """Return the names of the bundled catalogs."""
    return sorted(_bundled_files())


def is_bundled(source: Source) -> bool:
    """Return whether a source names a bundled catalog, which takes precedence over a file or folder of that name."""
    return isinstance(source, str) and source in _bundled_files()


def catalog_paths(path: Path) -> list[Path]:
    """Return the catalog files of a folder in the order of their names, or the path itself if it is not a folder."""
    if path.is_dir():
        return sorted(child for child in path.iterdir() if child.suffix in SUFFIXES and child.is_file())
    return [path]


def open_source(source: Source) -> Iterator[CatalogFile]:
    """Return the catalogs of a source; only a folder may have more than one.

    A missing or unreadable file is a :class:`CatalogError`, and anything else than a source a ``TypeError``.
    """
    if not isinstance(source, str | PathLike | CatalogText | Mapping):
        legal = 'a path, a bundled name or a mapping such as {"images": [...]}'
        raise TypeError(f"Invalid catalog: {quoted(source)} is not {legal}.")
    if isinstance(source, CatalogText | Mapping):
        yield CatalogFile(UNNAMED, source)
    elif isinstance(source, str) and is_bundled(source):
        yield CatalogFile(source, _read(_bundled_files()[source]), is_bundled=True)
    elif not str(source):
        raise _source_error(UNNAMED, f"the name is empty; {_bundled_hint()}")
    else:
        try:
            paths = catalog_paths(Path(source))
            if not paths:
                raise _source_error(str(source), f"the folder contains no file that ends in {', '.join(SUFFIXES)}")
            for path in paths:
                yield CatalogFile(str(path), _read(path))
        except FileNotFoundError:
            near = difflib.get_close_matches(str(source), bundled_catalogs(), 1)
            hint = f"did you mean {near[0]}?" if near else _bundled_hint()
            if "," in str(source):
                hint = "give several catalogs one by one, without commas"
            raise _source_error(str(source), f"no such file, folder or bundled catalog; {hint}") from None
        except OSError as error:
            raise _source_error(str(source), f"cannot be read: {error.strerror}") from None


def _source_error(name: str, message: str) -> CatalogError:
    return CatalogError([CatalogProblem(name, 0, "", message)])


def _bundled_hint() -> str:
    return f"bundled catalogs are {', '.join(bundled_catalogs())}"


def _read(path: Path) -> CatalogText:
    """Read a file, but not more than is needed to see that it is too large."""
    with _open_pipe(path) if path.is_fifo() else path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    return CatalogText(data, is_json=path.suffix == ".json" or (path.suffix not in SUFFIXES and _is_json(data)))


def _open_pipe(path: Path) -> IO[bytes]:
    """Open a named pipe in another thread: opening waits until a process opens it for writing, perhaps forever."""
    opened: Future[IO[bytes]] = Future()

    def run() -> None:
        try:
            opened.set_result(path.open("rb"))
        except OSError as error:
            opened.set_exception(error)

    Thread(target=run, daemon=True).start()
    with suppress(TimeoutError):
        return opened.result(PIPE_SECONDS)
    raise _source_error(str(path), f"is a pipe that no process has opened for writing in {PIPE_SECONDS:g} seconds")


def _is_json(data: bytes) -> bool:
    """Return whether data without a telling name, such as that of a pipe, is JSON. Not all JSON is YAML."""
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def format_path(path: Iterable[str | int]) -> str:
    """Format the path of a value, as in ``images[3].min_disk``."""
    text = ""
    for step in path:
        name = printable(str(step))
        text += f"[{step}]" if isinstance(step, int) else f".{name}" if text else name
    return text
