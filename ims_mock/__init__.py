"""ims-mock: an offline emulator of Huawei Cloud IMS (Image Management Service)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ims_mock.loading.sources import CatalogWarning
    from ims_mock.testing.mock import ImsMock
    from ims_mock.web.app import create_app
else:
    _MODULES = {"CatalogWarning": "loading.sources", "ImsMock": "testing.mock", "create_app": "web.app"}

    def __getattr__(name: str) -> Any:
        """Import what the package offers when it is asked for: importing the package alone loads none of it."""
        if name in _MODULES:
            return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.2.0"
__all__ = ["CatalogWarning", "ImsMock", "__version__", "create_app"]
