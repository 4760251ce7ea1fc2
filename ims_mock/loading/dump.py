"""A catalog in use becomes a catalog file again, which loads as the same images; its secrets are masked.

The data of images is not part of a file, and neither are the times of their memberships.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Final

from ims_mock.auth.credentials import CredentialStore
from ims_mock.catalog.image import Image
from ims_mock.clock import Clock
from ims_mock.loading.defaults import FILLED
from ims_mock.loading.sections import CREDENTIALS, MEMBERS, PROJECT, Key

MOST: Final = 10_000
"""So many secrets are remembered; of more the ones first masked are forgotten."""

_MASK: Final = re.compile(r"masked-[0-9a-f]{16}")


class Masks:
    """Gives each secret a mask that says nothing about it, and knows whose each mask is when a catalog comes back."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._masks: dict[str, str] = {}
        self._secrets: dict[str, str] = {}

    def mask(self, secret: str) -> str:
        """Give the mask of a secret, always the same one."""
        with self._lock:
            found = self._masks.get(secret)
            if found is None:
                found = self._masks[secret] = f"masked-{secrets.token_hex(8)}"
                self._secrets[found] = secret
                if len(self._masks) > MOST:
                    del self._secrets[self._masks.pop(next(iter(self._masks)))]
            return found

    def lifted(self, text: str) -> str:
        """Give the secret that a text is the mask of; a text that is no mask is the secret itself.

        Raises:
            ValueError: it is a mask, but none that was given here.
        """
        with self._lock:
            if text in self._secrets or not _MASK.fullmatch(text):
                return self._secrets.get(text, text)
        raise ValueError("is a mask that this server did not give, or has forgotten; legal is the secret itself")


def filed_image(image: Image) -> dict[str, Any]:
    """Write an image; what a file would fill in, and it has not, is an explicit ``None``."""
    entry: dict[str, Any] = {**image.values, **{name: None for name in FILLED if image.get(name) is None}}
    if image.members:
        entry[MEMBERS] = {project: one.status for project, one in image.members.items()}
    return entry


def continued(image: Image, old: Image) -> Image:
    """Give an image that was loaded with what no file holds of the one whose place it takes."""
    members = {
        project: known if (known := old.members.get(project)) and known.status == one.status else one
        for project, one in image.members.items()
    }
    return image.with_members(members).with_data(old.data)


def filed_clock(clock: Clock) -> dict[str, str]:
    """Write a clock that stands still; one that runs stands in no file."""
    return {"clock": clock.wire()} if clock.frozen else {}


def filed_identity(identity: CredentialStore, mask: Callable[[str], str] = str) -> dict[str, Any]:
    """Write projects and credentials.

    Args:
        identity: those of a catalog.
        mask: gives what is written in place of a secret.
    """

    def entry(row: object, keys: Mapping[str, Key]) -> dict[str, Any]:
        values = {name: getattr(row, name) for name in keys}
        return {
            name: mask(value) if keys[name].is_secret else value
            for name, value in values.items()
            if value != "" or keys[name].is_required
        }

    return {
        "project": identity.default_project,
        "projects": [entry(one, PROJECT) for one in identity.projects.values()],
        "credentials": {
            kind: [entry(one, keys) for one in getattr(identity, kind)] for kind, keys in CREDENTIALS.items()
        },
    }
