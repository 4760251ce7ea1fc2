"""ims-mock: an offline emulator of Huawei Cloud IMS (Image Management Service)."""

from __future__ import annotations

__version__ = "0.1.0"
