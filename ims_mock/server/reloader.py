"""``ims-mock serve --watch``: polls the catalog files and loads them again when they change."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from threading import Thread
from typing import Final

from ims_mock.contract.profiles import Profile
from ims_mock.emulator import describe, load_options
from ims_mock.loading.loader import LoadedCatalog
from ims_mock.loading.sources import CatalogError, catalog_paths, is_bundled, report_problems
from ims_mock.options import EmulatorOptions
from ims_mock.text import escaped

POLL_SECONDS: Final = 0.2

_KEPT: Final = "the catalog was not reloaded; the previous one is still served"
_log = logging.getLogger("ims_mock")


class Reloader:
    """Detects changes of catalog files since it was created; bundled catalogs never change."""

    def __init__(self, options: EmulatorOptions) -> None:
        self._options = options
        self._paths = [Path(str(source)) for source in options.sources if not is_bundled(source)]
        self._loaded = self._latest = self._states()

    def start(self, use: Callable[[LoadedCatalog], None]) -> None:
        """Start a daemon thread that calls :meth:`reload` whenever the files have changed."""

        def run() -> None:
            while True:
                time.sleep(POLL_SECONDS)
                if self.has_changes():
                    self.reload(use)

        if self._paths:
            Thread(target=run, daemon=True).start()
        else:
            _log.warning("--watch has no effect: only bundled catalogs are served")

    def has_changes(self) -> bool:
        """Poll the files; return true once for each change, when two polls in a row agree: nothing is being written."""
        before, self._latest = self._latest, self._states()
        if self._latest != before or self._latest == self._loaded:
            return False
        self._loaded = self._latest
        return True

    def _states(self) -> list[tuple[Path, int, int, int]]:
        """Return the path, modification time, change time and size of each regular, readable file."""
        states = []
        for path in self._paths:
            with suppress(OSError):
                files = [(file, file.stat()) for file in catalog_paths(path)]
                states += [
                    (file, one.st_mtime_ns, one.st_ctime_ns, one.st_size) for file, one in files if S_ISREG(one.st_mode)
                ]
        return states

    def reload(self, use: Callable[[LoadedCatalog], None]) -> None:
        """Load the catalogs of the options and use them, or log what is wrong with them."""
        for path in self._paths:
            if path.exists() and not path.is_file() and not path.is_dir():  # a pipe would block
                _log.error("%s: is no longer a file or a folder; %s", escaped(str(path)), _KEPT)
                return
        try:
            loaded = load_options(self._options)
        except CatalogError as error:
            for line in report_problems(error.problems):
                _log.error("%s", line)
            _log.error(_KEPT)
        except Exception:  # a bug must not end the thread
            _log.exception(_KEPT)
        else:
            for line in report_problems(loaded.warnings):
                _log.warning("%s", line)
            use(loaded)
            _log.info("reloaded %s", describe(loaded, Profile.parse(self._options.profile)))
