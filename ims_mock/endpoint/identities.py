"""The replacement of identities, so that what was read from a real account can be published.

Each identity is replaced by the same value wherever it occurs: ids of projects, of private images, of keys and of
enterprise projects, account codes, and the names of private images. The service's own project stays.

Within texts an id matches with letters of any case, with or without dashes. A name matches with letters of any case
and with spaces, ``-`` and ``_`` for each other, but not as a part of a word of ASCII letters or digits.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlencode

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
_EDGE: Final = re.compile(r"(?<![0-9A-Za-z])|(?![0-9A-Za-z])")  # where a name can start or end: not inside a word
_WORD: Final = re.compile(r"[^\d _-]")  # what numbers, dates and lines do not have
_ALIKE: Final = str.maketrans("_-İ", "  i")  # the lower case of the last one would be two characters


class Identities:
    """The identities in the images of an account and their replacements, if they are not kept.

    Secrets are redacted everywhere.
    """

    def __init__(self, reading: Reading, secrets: Iterable[str], *, is_kept: bool) -> None:
        self._reading, self._secrets = reading, [secret for secret in secrets if secret]
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        within = {} if is_kept else self._collect([*reading.images()])
        forms = [(one, new) for old, new in within.items() for one in (old, quote(old, safe=""), quote_plus(old))]
        self._within = {_folded(form): new for form, new in reversed(forms) if len(form) >= _SHORTEST}
        self._plain_ids = {_plain(old): new for old, new in self._ids.items()}
        self._lengths: dict[str, set[int]] = {}  # by the first characters: one alternative per name would take minutes
        for old in self._within:
            self._lengths.setdefault(old[:_SHORTEST], set()).add(len(old))

    def _collect(self, images: list[Shown]) -> dict[str, str]:
        """Collect the identities, and return the replacements of those that are no UUIDs within texts."""
        public = [image for image in images if is_public(image)]
        private = [image for image in images if not is_public(image)]
        self._ids = {old: _replacement(old) for old in self._found_ids(public, private)}
        published = {str(image.get("name")) for image in public}
        asked = [pair for pair in self._reading.query if pair[0] in _NAMES and pair[1] not in {"", *published}]
        self._names = {old: _name_of(old) for _, old in asked}
        for image in reversed(private):  # of images with the same name the first one in the list
            self._names |= {str(image[name]): _name_of(image["id"]) for name in _NAMES if image.get(name)}
        systems = {str(image.get(name)) for image in images for name in ("__os_version", "__platform")}
        known = {value for row in FIELDS for value in row.known_values}
        words = {word for name in (*BY_NAME, "images") for word in _folded(name).split()}
        ordinary = words.union(map(_folded, known | systems | published))
        return {
            **{old: new for old, new in self._names.items() if _WORD.search(old) and _folded(old) not in ordinary},
            **{urlencode([(name, old)]): urlencode([(name, self._names[old])]) for name, old in asked},
            **{old: new for old, new in self._ids.items() if not _ID.fullmatch(old)},
        }

    def _found_ids(self, public: list[Shown], private: list[Shown]) -> set[str]:
        gold = {image["owner"] for image in public if image["__imagetype"] == "gold"}
        gold -= {self._reading.project, *(image["owner"] for image in private)}
        images = [*public, *private]
        found = {self._reading.project, *(image["owner"] for image in images), *(image["id"] for image in private)}
        found |= {image.get(name) for image in images for name in _CODES}
        mentioned = {one for image in private for name in _ORIGINS for one in _ID.findall(str(image.get(name)))}
        mentioned |= {value for name, value in self._reading.query if name in _IDS}
        shown = {_plain(image["id"]) for image in public}
        found |= {one for one in mentioned if _plain(one) not in shown}
        return {str(one) for one in found - {None, "", _DEFAULT_ENTERPRISE_PROJECT, SERVICE_PROJECT, *gold}}

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
        request = {"method": "GET", "target": self.text(answer.target), "headers": self._headers(answer.sent)}
        return {"request": request, "status": answer.status, "headers": self._headers(answer.headers), "body": body}

    def value(self, value: Any) -> Any:
        """Return a JSON value with the replacements; an image in it without what may hold secrets."""
        return self._value(value, self.text)

    def text(self, text: str) -> str:
        """Return a text with the replacements."""
        text = self._id_text(text)
        folded, parts, end = _folded(text), [], 0
        for start in (match.start() for match in _EDGE.finditer(text)):
            for length in sorted(self._lengths.get(folded[start : start + _SHORTEST], ()), reverse=True):
                new = self._within.get(folded[start : start + length])
                if new and start >= end and _EDGE.match(text, start + length):
                    parts += [text[end:start], new]
                    end = start + length
        return "".join([*parts, text[end:]])

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        secret = {*SECRET_HEADERS, "set-cookie"}
        return {n: redacted(value) if n.lower() in secret else self.text(value) for n, value in headers.items()}

    def _image(self, image: Mapping[str, Any]) -> Shown:
        shown: Shown = {}
        replace = self._id_text if is_public(image) else self.text
        for name, value in image.items():
            if isinstance(value, str) and name in _IDS | {*_NAMES}:
                known = self._ids if name in _IDS else {} if is_public(image) else self._names
                shown[name] = known.get(value) or self._id_text(value)
            elif name == MEMBERS and isinstance(value, Mapping):
                shown[name] = {self._ids.get(project, project): status for project, status in value.items()}
            elif name not in SECRET_ATTRIBUTES:
                is_known = name in BY_NAME
                replace_in = self._id_text if is_known and name not in _FREE_TEXT else replace
                shown[name if is_known else replace(name)] = self._value(value, replace_in)
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
        return _ID.sub(lambda match: self._ids.get(match[0]) or self._plain_ids.get(_plain(match[0]), match[0]), text)


def _name_of(identity: str) -> str:
    return f"image-{_replacement(identity)[:8]}"


def _plain(identity: str) -> str:
    return identity.replace("-", "").lower()


def _folded(text: str) -> str:
    """Return a text, character by character, in the form in which identities are compared."""
    return text.translate(_ALIKE).lower()


def _replacement(identity: str) -> str:
    """Return another identity of the same form, always the same one."""
    digits = sha256(f"ims-mock {identity}".encode()).hexdigest()
    return random_uuid(digits) if "-" in identity and _ID.fullmatch(identity) else digits[:32]
