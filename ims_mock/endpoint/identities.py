"""The replacement of identities, so that what was read from a real account can be published.

Each identity is replaced by the same value wherever it occurs: ids of projects, of private images, of keys and of
enterprise projects, account codes, and the names of private images. The service's own project stays.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

from ims_mock.auth.credentials import SECRET_HEADERS, redacted
from ims_mock.catalog.attribute_defaults import SERVICE_PROJECT
from ims_mock.catalog.image import random_uuid
from ims_mock.contract.fields import BY_NAME, FIELDS
from ims_mock.endpoint.reading import SECRET_ATTRIBUTES, Reading, Shown, is_public
from ims_mock.endpoint.transport import Answer, EndpointError
from ims_mock.journal.redaction import redacted_text
from ims_mock.loading.schema import MEMBERS

_ID: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})(?![0-9A-Za-z])", re.IGNORECASE
)
_CODES: Final = ("__account_code", "enterprise_project_id", "_sys_enterprise_project_id", "__system__cmkid")
_IDS: Final = frozenset({*_CODES, "id", "owner", "image_id", "member_id"})
_ORIGINS: Final = (
    "__data_origin", "__originalimagename", "__backup_id", "__image_location", "__source_owner", "__source_image_id",
)  # fmt: skip
"""The attributes of private images in which every id is an identity, unless it is that of a public image."""

_NAMES: Final = ("name", "__image_displayname")
_FREE_TEXT: Final = frozenset({*_NAMES, *_ORIGINS, "__description", "tags"})
_DEFAULT_ENTERPRISE_PROJECT: Final = "0"
_SHORTEST: Final = 4  # the length from which an identity is replaced within a text; a shorter one may be part of a word
_INNER: Final = re.compile(r"[\w-]")
_WORD: Final = re.compile(rf"(?<![\w-])(?=(.{{{_SHORTEST}}}))", re.DOTALL)  # where an identity can start, and its start


class Identities:
    """The identities in the images of an account and their replacements, if they are not kept.

    Secrets are redacted everywhere.
    """

    def __init__(self, reading: Reading, secrets: Iterable[str], *, is_kept: bool) -> None:
        self._reading, self._secrets = reading, [secret for secret in secrets if secret]
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        within = {} if is_kept else self._collect([*reading.images()])
        self._within = {old.lower(): new for old, new in within.items() if len(old) >= _SHORTEST}
        self._lengths: dict[str, set[int]] = {}  # by the first characters: one alternative per name would take minutes
        for old in self._within:
            self._lengths.setdefault(old[:_SHORTEST], set()).add(len(old))

    def _collect(self, images: list[Shown]) -> dict[str, str]:
        """Collect the identities, and return the replacements of those that are no UUIDs within texts."""
        public = [image for image in images if is_public(image)]
        private = [image for image in images if not is_public(image)]
        gold = {image["owner"] for image in public if image["__imagetype"] == "gold"}
        gold -= {self._reading.project, *(image["owner"] for image in private)}
        own = {image["id"] for image in public}
        found = {self._reading.project, *(image["owner"] for image in images)} - {SERVICE_PROJECT, *gold}
        found |= {image.get(name) for image in images for name in _CODES} | {image["id"] for image in private}
        for image in private:
            found |= {one for name in _ORIGINS for one in _ID.findall(str(image.get(name)))} - own
        self._ids = {old: _replacement(old) for old in map(str, found - {None, "", _DEFAULT_ENTERPRISE_PROJECT})}
        for image in reversed(private):  # of images with the same name the first one in the list
            names = {str(image[name]) for name in _NAMES if image.get(name)}
            self._names |= dict.fromkeys(names, f"image-{self._ids[image['id']][:8]}")
        ordinary = {value.lower() for row in FIELDS for value in row.known_values}
        systems = {str(image.get(name)).lower() for image in images for name in ("__os_version", "__platform")}
        ordinary |= systems | {str(image.get("name")).lower() for image in public}
        return {
            **{old: new for old, new in self._names.items() if old.lower() not in ordinary},
            **{old: new for old, new in self._ids.items() if not _ID.fullmatch(old)},
        }

    def catalog(self) -> dict[str, Any]:
        """Return the content of the catalog file of the account."""
        content = self._reading.catalog()
        project = self._ids.get(content["project"], content["project"])
        return {"project": project, "projects": [{"id": project}], "images": [*map(self._image, content["images"])]}

    def answer(self, answer: Answer) -> dict[str, Any]:
        """Return an answer as an object of JSON."""
        try:
            body = self.value(answer.json)
        except EndpointError:
            body = self.text(answer.body.decode("utf-8", "replace"))
        request = {"method": "GET", "target": self.target(answer.target), "headers": self._headers(answer.sent)}
        return {"request": request, "status": answer.status, "headers": self._headers(answer.headers), "body": body}

    def value(self, value: Any) -> Any:
        """Return a JSON value with the replacements; an image in it without what may hold secrets."""
        return self._value(value, self.text)

    def text(self, text: str) -> str:
        """Return a text with the replacements: a path, a link or any other."""
        if text.startswith("/"):
            return self.target(text)
        text, parts, end = self._id_text(text), [], 0
        for match in _WORD.finditer(text):
            start = match.start()
            for length in sorted(self._lengths.get(match[1].lower(), ()), reverse=True):
                new = self._within.get(text[start : start + length].lower())
                if new and start >= end and not _INNER.match(text, start + length):
                    parts += [text[end:start], new]
                    end = start + length
        return "".join([*parts, text[end:]])

    def target(self, target: str) -> str:
        """Return a path and query with the replacements in the path and in the values of the query."""
        path, mark, query = target.partition("?")
        pairs = (pair.partition("=") for pair in query.split("&"))
        return self._id_text(path) + mark + "&".join(f"{name}{sign}{self._encoded(one)}" for name, sign, one in pairs)

    def _encoded(self, sent: str) -> str:
        plain = unquote_plus(sent)
        new = self._names.get(plain) or self.text(plain)
        return sent if new == plain else quote_plus(new)

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        secret = {*SECRET_HEADERS, "set-cookie"}
        return {n: redacted(value) if n.lower() in secret else self.text(value) for n, value in headers.items()}

    def _image(self, image: Mapping[str, Any]) -> Shown:
        shown: Shown = {}
        for name, value in image.items():
            if isinstance(value, str) and name in _IDS | {*_NAMES}:
                known = self._ids if name in _IDS else {} if is_public(image) else self._names
                shown[name] = known.get(value) or self._id_text(value)
            elif name == MEMBERS and isinstance(value, Mapping):
                shown[name] = {self._ids.get(project, project): status for project, status in value.items()}
            elif name not in SECRET_ATTRIBUTES:
                is_free = not is_public(image) and (name in _FREE_TEXT or name not in BY_NAME)
                shown[name] = self._value(value, self.text if is_free else self._id_text)
        return shown

    def _value(self, value: Any, replace: Callable[[str], str]) -> Any:
        if isinstance(value, str):
            return replace(value)
        if isinstance(value, Mapping):
            if "id" in value and "visibility" in value:  # an image
                return self._image(value)
            return {self._id_text(str(name)): self._value(one, replace) for name, one in value.items()}
        return [self._value(one, replace) for one in value] if isinstance(value, list) else value

    def _id_text(self, text: str) -> str:
        if any(secret in text for secret in self._secrets):
            text = redacted_text(text, self._secrets)
        return _ID.sub(lambda match: self._ids.get(match[0], match[0]), text)


def _replacement(identity: str) -> str:
    """Return another identity of the same form, always the same one."""
    digits = sha256(f"ims-mock {identity}".encode()).hexdigest()
    return random_uuid(digits) if "-" in identity and _ID.fullmatch(identity) else digits[:32]
