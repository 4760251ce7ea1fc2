"""The dump of a catalog as a catalog file, which loads as the same images. Its secrets are masked.

The dump contains neither the data of images nor the times of their memberships.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any, Final

from ims_mock.auth.credentials import CredentialStore
from ims_mock.catalog.defaults import DEFAULTED
from ims_mock.catalog.image import Image
from ims_mock.clock import Clock
from ims_mock.loading.schema import CREDENTIAL_KEYS, MEMBERS, PROJECT_KEYS, EntryKey

MAX_MASKS: Final = 10_000
"""The number of secrets that are remembered; the oldest are forgotten first."""

_MASK: Final = re.compile(r"masked-[0-9a-f]{16}")


class Masks:
    """Random masks of secrets, which are replaced by the secrets when a dump is loaded again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._masks: dict[str, str] = {}
        self._secrets: dict[str, str] = {}

    def mask(self, secret: str) -> str:
        """Return the mask of a secret, always the same one."""
        with self._lock:
            if secret not in self._masks:
                mask = self._masks[secret] = f"masked-{secrets.token_hex(8)}"
                self._secrets[mask] = secret
                if len(self._masks) > MAX_MASKS:
                    del self._secrets[self._masks.pop(next(iter(self._masks)))]
            return self._masks[secret]

    def unmask(self, text: str) -> str:
        """Return the secret of a mask; any other text is returned unchanged.

        Raises:
            ValueError: The text is a mask that is unknown here.
        """
        with self._lock:
            if text in self._secrets or not _MASK.fullmatch(text):
                return self._secrets.get(text, text)
        raise ValueError("is a mask that this server has not issued or has forgotten; use the secret itself")


def dump_image(image: Image) -> dict[str, Any]:
    """Return an image as it is in a file, with an explicit ``None`` for every default that it does not have."""
    entry: dict[str, Any] = {**image.values, **{name: None for name in DEFAULTED if image.get(name) is None}}
    if image.members:
        entry[MEMBERS] = {project: member.status for project, member in image.members.items()}
    return entry


def with_runtime_state(image: Image, old: Image) -> Image:
    """Return a loaded image with the data and the membership times of the image that it replaces."""
    members = {
        project: known if (known := old.members.get(project)) and known.status == member.status else member
        for project, member in image.members.items()
    }
    return image.with_members(members).with_data(old.data)


def dump_catalog(
    images: Iterable[Image], credentials: CredentialStore, clock: Clock, mask: Callable[[str], str] = str
) -> dict[str, Any]:
    """Return a whole catalog file; only a frozen clock is part of it. ``mask`` is as in :func:`dump_credentials`."""
    frozen = {"clock": clock.wire()} if clock.frozen else {}
    return {**frozen, **dump_credentials(credentials, mask), "images": [dump_image(image) for image in images]}


def dump_credentials(credentials: CredentialStore, mask: Callable[[str], str] = str) -> dict[str, Any]:
    """Return the sections of projects and credentials.

    Args:
        credentials: The projects and credentials.
        mask: Returns what to write in place of a secret.
    """

    def entry(row: object, keys: Mapping[str, EntryKey]) -> dict[str, Any]:
        return {
            name: mask(value) if key.is_secret else value
            for name, key in keys.items()
            if (value := getattr(row, name)) != "" or key.is_required
        }

    return {
        "project": credentials.default_project,
        "projects": [entry(project, PROJECT_KEYS) for project in credentials.projects.values()],
        "credentials": {
            section: [entry(row, keys) for row in getattr(credentials, section)]
            for section, keys in CREDENTIAL_KEYS.items()
        },
    }
