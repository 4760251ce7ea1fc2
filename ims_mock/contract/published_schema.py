"""Constraints on attributes in the JSON Schema that the service publishes for images.

They are copied from the vendor document as they are, although some are narrower than the service itself
(``disk_format`` has no ``zvhd2``): clients get the same schema from the real service.
"""

from __future__ import annotations

from typing import Any, Final

UUID_PATTERN: Final = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"

CONSTRAINTS: Final[dict[str, dict[str, Any]]] = {
    "id": {"pattern": UUID_PATTERN},
    "name": {"maxLength": 255},
    "status": {"enum": ["queued", "saving", "active", "killed", "deleted", "pending_delete"]},
    "visibility": {"enum": ["public", "private"]},
    "owner": {"maxLength": 255},
    "checksum": {"maxLength": 32},
    "container_format": {"enum": ["ami", "ari", "aki", "bare", "ovf", "ova"]},
    "disk_format": {"enum": ["ami", "ari", "aki", "vhd", "vmdk", "raw", "qcow2", "vdi", "iso"]},
}
"""JSON Schema keywords by attribute, in addition to its type."""

UNUSED_PROPERTIES: Final[dict[str, dict[str, Any]]] = {
    "kernel_id": {"type": "string", "pattern": UUID_PATTERN, "is_base": False},
    "ramdisk_id": {"type": "string", "pattern": UUID_PATTERN, "is_base": False},
    "instance_uuid": {"type": "string", "is_base": False},
    "os_distro": {"type": "string", "is_base": False},
    "os_version": {"type": "string", "is_base": False},
    "architecture": {"type": "string", "is_base": False},
    "direct_url": {"type": "string"},
    "locations": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["url", "metadata"],
            "properties": {"url": {"type": "string", "maxLength": 255}, "metadata": {"type": "object"}},
        },
    },
}
"""Attributes in the published schema that no image of this service has."""
