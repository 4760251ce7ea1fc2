"""The dump of a catalog as a catalog file, which loads as the same images. Its secrets are masked.

The dump contains neither the data of images nor the times of their memberships.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from ims_mock.auth.credentials import CredentialStore
from ims_mock.catalog.attribute_defaults import DEFAULTED
from ims_mock.catalog.image import Image
from ims_mock.clock import Clock
from ims_mock.loading.schema import CREDENTIAL_KEYS, MEMBERS, PROJECT_KEYS, EntryKey

_MASK: Final = re.compile(r"masked-[0-9a-f]{16}")


class Masks:
    """Masks of secrets, which are replaced by the secrets when a dump is loaded again.

    The mask of a secret is derived from it with a random key; nothing is stored.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def mask(self, secret: str) -> str:
        """Return the mask of a secret, always the same one."""
        return f"masked-{hmac.digest(self._key, secret.encode('utf-8', 'surrogatepass'), 'sha256').hex()[:16]}"

    def unmasker(self, stores: Iterable[CredentialStore]) -> Callable[[str], str]:
        """Return a function that returns the secret of a mask, if credentials hold it, and any other text unchanged.

        It raises ``ValueError`` for the mask of a secret that they do not hold, which is every mask in a file.
        """
        masked = {self.mask(secret): secret for secret in {secret for store in stores for secret in store.secrets}}

        def unmask(text: str) -> str:
            if text in masked or not _MASK.fullmatch(text):
                return masked.get(text, text)
            raise ValueError("is a mask of no secret that is known here; write the secret itself")

        return unmask


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
    return replace(image, members=members, uploaded=old.uploaded)


def dump_catalog(
    images: Iterable[Image], credentials: CredentialStore, clock: Clock, mask: Callable[[str], str] = str
) -> dict[str, Any]:
    """Return a whole catalog file; only a frozen clock is part of it. ``mask`` is as in :func:`dump_credentials`."""
    frozen = {"clock": clock.wire()} if clock.frozen else {}
    return {**frozen, **dump_credentials(credentials, mask), "images": [dump_image(image) for image in images]}


def dump_credentials(credentials: CredentialStore, mask: Callable[[str], str] = str) -> dict[str, Any]:
    """Return the sections of projects and credentials; ``mask`` returns what to write in place of a secret."""

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
