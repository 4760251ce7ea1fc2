"""Catalog files that change are loaded again: somebody looks at them a few times a second."""

from __future__ import annotations

import logging
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any, Final

from ims_mock.loading.loader import Loaded, load
from ims_mock.loading.sources import CatalogError, files_of, is_bundled

LOOK_SECONDS: Final = 0.2
"""So long it is between two looks. Files are loaded once two looks find them alike: nobody is writing then."""

Looks = tuple[tuple[Path, int, int, int], ...]
"""What files look like from outside: their times of change, and their sizes."""

_KEPT: Final = "nothing is loaded, and what was served before is served on"
_log = logging.getLogger("ims_mock")


class Watch:
    """Looks at the files of catalogs, from the moment it is made.

    Args:
        sources: bundled names, which never change, and the paths of files and folders.

    Attributes:
        paths: the files and folders.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = sources
        self.paths = tuple(Path(one) for one in sources if not is_bundled(one))
        self._loaded = self._latest = self._look()

    def has_news(self) -> bool:
        """Look, and tell whether files have changed since they were loaded, and are at rest; it is told once."""
        before, self._latest = self._latest, self._look()
        is_news = self._latest == before != self._loaded
        if is_news:
            self._loaded = self._latest
        return is_news

    def _look(self) -> Looks:
        return tuple(found for path in self.paths for found in _looks(path))

    def begin(self, use: Callable[[Loaded], None], **options: Any) -> None:
        """Have a thread load whatever changes, for as long as the program runs.

        Args:
            use: takes what was loaded.
            options: how to load, as :func:`ims_mock.loading.load` has it.
        """
        if not self.paths:
            _log.warning("there is nothing to watch: only bundled catalogs are served")
            return
        Thread(target=self._run, args=(use, options), daemon=True).start()

    def _run(self, use: Callable[[Loaded], None], options: Mapping[str, Any]) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            if self.has_news():
                self.reload(use, **options)

    def reload(self, use: Callable[[Loaded], None], **options: Any) -> None:
        """Load the catalogs, or log what is wrong with them and leave everything as it was.

        Args:
            use: takes what was loaded.
            options: how to load, as :func:`ims_mock.loading.load` has it.
        """
        try:
            loaded = load(self._sources, **options)
        except CatalogError as error:
            for trouble in error.troubles:
                _log.error("%s", trouble)
            _log.error(_KEPT)
        except Exception:  # a bug of ours, and whoever watches goes on
            _log.exception(_KEPT)
        else:
            for trouble in loaded.warnings:
                _log.warning("%s", trouble)
            use(loaded)
            images = len(loaded.catalog)
            _log.info("loaded again: %d image%s (%s)", images, "s" * (images != 1), loaded.name)


def _looks(path: Path) -> Looks:
    """Look at a file, or at all files of a folder; what cannot be read, or only once, looks as if it were not there."""
    found = []
    try:
        for file in files_of(path):
            seen = file.stat()
            if stat.S_ISREG(seen.st_mode):
                found.append((file, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size))
    except OSError:
        return ()
    return tuple(found)
