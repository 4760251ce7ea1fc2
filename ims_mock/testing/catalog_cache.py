"""LoadedCatalog catalogs by options, so that tests with the same options load their files once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

from ims_mock.emulator import load_options
from ims_mock.loading.loader import LoadedCatalog
from ims_mock.options import EmulatorOptions


class CatalogCache:
    """Loads the catalogs of options; files that did not change are not loaded again."""

    def __init__(self) -> None:
        self._loaded: dict[Hashable, LoadedCatalog] = {}

    def load(self, options: EmulatorOptions) -> LoadedCatalog:
        """Return the loaded catalogs, which never change.

        Raises:
            CatalogError: If a catalog is invalid.
        """
        key = _key(options)
        if key is None:
            return load_options(options)
        if key not in self._loaded:
            self._loaded[key] = load_options(options)
        return self._loaded[key]


def _key(options: EmulatorOptions) -> Hashable:
    """Return the options and the modification times of their files; ``None`` if the catalogs are not worth caching."""
    written = []
    for source in options.sources:
        if not isinstance(source, str | Path) or Path(source).is_dir():
            return None
        written.append(Path(source).stat().st_mtime_ns if Path(source).is_file() else 0)
    return replace(options, catalog=tuple(map(str, options.sources))), tuple(written)
