"""``ims-mock serve --watch``: polls the catalog files and loads them again when they change."""

from __future__ import annotations

import logging
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import Any, Final

from ims_mock.loading.loader import LoadedCatalog, load
from ims_mock.loading.sources import CatalogError, catalog_paths, is_bundled

POLL_SECONDS: Final = 0.2

FileStates = tuple[tuple[Path, int, int, int], ...]
"""The path, modification time, change time and size of each file."""

_KEPT: Final = "the catalog was not reloaded; the previous one is still served"
_log = logging.getLogger("ims_mock")


class Reloader:
    """Detects changes of catalog files since it was created.

    Args:
        sources: Paths of files and folders; bundled names are ignored because they never change.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = sources
        self._paths = [Path(source) for source in sources if not is_bundled(source)]
        self._loaded = self._latest = self._states()

    def start(self, use: Callable[[LoadedCatalog], None], **options: Any) -> None:
        """Start a daemon thread that calls :meth:`reload` whenever the files have changed."""

        def run() -> None:
            while True:
                time.sleep(POLL_SECONDS)
                if self.has_changes():
                    self.reload(use, **options)

        if self._paths:
            Thread(target=run, daemon=True).start()
        else:
            _log.warning("--watch has no effect: only bundled catalogs are served")

    def has_changes(self) -> bool:
        """Poll the files; return true once for each change, when two polls in a row find the same files.

        A file that differs between two polls is still being written.
        """
        before, self._latest = self._latest, self._states()
        has_changes = self._latest == before != self._loaded
        if has_changes:
            self._loaded = self._latest
        return has_changes

    def _states(self) -> FileStates:
        return tuple(state for path in self._paths for state in _file_states(path))

    def reload(self, use: Callable[[LoadedCatalog], None], **options: Any) -> None:
        """Load the catalogs, or log what is wrong with them.

        Args:
            use: Called with what was loaded.
            options: Passed on to :func:`ims_mock.loading.loader.load`.
        """
        try:
            loaded = load(self._sources, **options)
        except CatalogError as error:
            for problem in error.problems:
                _log.error("%s", problem)
            _log.error(_KEPT)
        except Exception:  # a bug must not end the thread
            _log.exception(_KEPT)
        else:
            for warning in loaded.warnings:
                _log.warning("%s", warning)
            use(loaded)
            images = len(loaded.catalog)
            _log.info("reloaded %d image%s (%s)", images, "s" * (images != 1), loaded.name)


def _file_states(path: Path) -> FileStates:
    """Return the state of a file, or of all files of a folder; only regular, readable files have one."""
    try:
        found = [(file, file.stat()) for file in catalog_paths(path)]
    except OSError:
        return ()
    return tuple(
        (file, one.st_mtime_ns, one.st_ctime_ns, one.st_size) for file, one in found if stat.S_ISREG(one.st_mode)
    )
