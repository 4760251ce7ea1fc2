"""A naive model of the contract of single images: which requests are refused, and what the others change."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import NamedTuple

from helpers import token_of

START = datetime(2023, 11, 13, 8, tzinfo=timezone.utc)
PROJECTS = ("a", "b", "c")


class Caller(NamedTuple):
    """The sender of a request, and the version of the API."""

    project: str
    is_admin: bool
    is_queens: bool

    @property
    def headers(self):
        return {"X-Auth-Token": f"of-{self.project}", "X-Api-Version": "Queens" if self.is_queens else "Mitaka"}


CALLERS = [Caller(name, name == "admin", is_queens) for name in (*PROJECTS, "admin") for is_queens in (False, True)]


def given(name, owner, **values):
    """Return an image of a catalog with all attributes that have defaults."""
    return {
        "id": name, "name": name[:2], "status": "active", "visibility": "private", "protected": False, "owner": owner,
        "min_disk": 40, "min_ram": 0, "container_format": "bare", "disk_format": "raw", "tags": [],
        "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-02T00:00:00Z", "__isregistered": "true",
        "__imagetype": "private", "__image_source_type": "uds", "virtual_env_type": "FusionCompute",
        "__os_type": "Linux",
        **values,
    }  # fmt: skip


IMAGES = (
    given("gold", "service", visibility="public", protected=True, __imagetype="gold", size=2, tags=["a=b"]),
    given("public of a", "a", visibility="public", __imagetype="gold", members={"b": "accepted"}),
    given("queued of a", "a", status="queued", created_at="2021-01-01T00:00:00Z", colour="blue"),
    given("offered by b", "b", tags=["a.b", "x86"], members={"a": "pending", "c": "rejected"}, size=18),
    given("shared by b", "b", visibility="shared", __imagetype="shared", members={"a": "accepted", "b": "pending"}),
    given("community", "c", visibility="community", members={"a": "accepted"}, disk_format="iso"),
    given("unregistered", "c", __isregistered="false"),
    given("killed", "a", status="killed"),
    given("deleted", "a", status="deleted"),
    given("without owner", None, protected=True),
)
CATALOG = {
    "clock": f"{START:%Y-%m-%dT%H:%M:%SZ}",
    "credentials": {
        "tokens": [*(token_of(f"of-{name}", name) for name in PROJECTS), token_of("of-admin", "admin", "admin")]
    },
    "images": IMAGES,
}
COLUMNS = (
    *("id", "name", "status", "visibility", "protected", "owner", "min_disk", "min_ram", "size", "virtual_size"),
    *("checksum", "container_format", "disk_format", "created_at", "updated_at", "tags"),
)
FORMATS = ("container_format", "disk_format")
SERVICE_NEW = {
    "name": "", "visibility": "private", "min_disk": 40, "container_format": "bare", "disk_format": "zvhd2",
    "__isregistered": "true", "__imagetype": "private", "__image_source_type": "uds", "__image_size": "0",
    "__os_version": "Other Linux(64 bit)",
}  # fmt: skip
SYSTEMS = {"Other Linux(64 bit)": ("Other", "Linux", "64"), "Windows 10 32bit": ("Windows", "Windows", "32")}


@dataclass
class Record:
    """One image: its values on the wire, its members, and its data."""

    values: dict
    members: dict = field(default_factory=dict)
    data: bytes | None = None

    @classmethod
    def of(cls, values):
        kept = {name: deepcopy(value) for name, value in values.items() if name != "members" and value is not None}
        created = values["created_at"]
        return cls(kept, {project: [status, created, created] for project, status in values.get("members", {}).items()})

    def __getitem__(self, name):
        return self.values.get(name)


@dataclass
class Model:
    """What the contract says of every request."""

    is_documented: bool
    now: datetime = START
    images: dict = field(default_factory=lambda: {one["id"]: Record.of(one) for one in IMAGES})

    @property
    def time(self):
        return f"{self.now:%Y-%m-%dT%H:%M:%SZ}"

    # --- who sees what

    def is_open(self, one, who):
        return one["visibility"] == "public" or (who.is_queens and one["visibility"] == "community")

    def membership(self, one, who):
        status = one.members.get(who.project, [None])[0]
        if self.is_documented:
            return None if self.is_open(one, who) or one["owner"] == who.project else status
        return status if not who.is_queens or one["visibility"] == "shared" else None

    def is_own(self, one, who):
        return who.is_admin or one["owner"] == who.project

    def seen(self, name, who):
        one = self.images.get(name)
        if one is None or one["status"] == "deleted":
            return None
        return one if self.is_visible(one, who) else None

    def is_visible(self, one, who):
        is_known = one["owner"] is None or self.is_own(one, who) or self.is_open(one, who)
        return is_known or self.membership(one, who) is not None

    def shown(self, one, who):
        path = f"/v2/images/{one['id']}"
        wire = {"virtual_size": None, **one.values, "self": path, "file": f"{path}/file", "schema": "/v2/schemas/image"}
        if not self.is_documented:
            wire = dict.fromkeys(("name", "size", "checksum", *FORMATS)) | wire
        if self.is_documented and not who.is_admin and self.membership(one, who):
            wire |= {"visibility": "shared", "__imagetype": "shared"}
        elif not who.is_queens and one["visibility"] in ("shared", "community"):
            wire |= {"visibility": "private"}
        return wire

    # --- what is written

    def refused(self, name, value, who, *, is_new):
        """Return the status of the error for a value in any image; ``None`` if it may be written."""
        if name in ("status", "self", "created_at", "locations") or (
            name == "id" and (self.is_documented or not is_new)
        ):
            return 403
        if value is None and name in ("name", *FORMATS) and not self.is_documented:
            return None
        if type(value) is not {"protected": bool, "min_disk": int, "tags": list}.get(name, str):
            return 400
        known = ["public", "private"] + ["shared"] * (self.is_documented or who.is_queens)
        known += ["community"] * (not self.is_documented and who.is_queens)
        wrong = {
            "name": self.is_documented and str(value).strip() != value,
            "min_disk": name == "min_disk" and value < 0,
            "tags": name == "tags" and self.is_documented and "" in value,
            "disk_format": value == "tape",
            "visibility": value not in known,
        }
        if wrong.get(name):
            return 400
        is_free = value != "public" if not self.is_documented else value == "private"
        if name == "visibility" and not who.is_admin and not is_free:
            return 403
        return None

    def creation(self, body, who):
        found = {self.refused(name, value, who, is_new=True) for name, value in body.items()}
        if not who.is_admin:
            found |= {403} if body.get("owner", who.project) != who.project else set()
            found |= {403} if self.is_documented and body.get("__isregistered", "true") != "true" else set()
        return (found | ({409} if body.get("id") in self.images else set())) - {None}

    def create(self, name, body, who):
        values = {"status": "queued", "owner": who.project, "protected": False, "min_disk": 0, "min_ram": 0, "tags": []}
        values |= {"created_at": self.time, "updated_at": self.time, "id": name}
        if self.is_documented:
            values |= SERVICE_NEW
            system = SYSTEMS[body.get("__os_version", values["__os_version"])]
            values |= dict(zip(("__platform", "__os_type", "__os_bit"), system, strict=True))
            values["virtual_env_type"] = "IsoImage" if body.get("disk_format") == "iso" else "FusionCompute"
        else:
            values["visibility"] = "shared" if who.is_queens else "private"
        self.images[name] = Record({})
        self.set(self.images[name], values | body)

    def set(self, one, values):
        one.values |= values
        one.values = {name: value for name, value in one.values.items() if value is not None}
        one.values["tags"] = list(dict.fromkeys(one["tags"]))

    def patch(self, one, operations, who, *, is_old):
        wrong, values = set(), dict(one.values)
        for act, name, value in operations:
            is_there = name in COLUMNS or values.get(name) is not None
            of_service = self.is_documented and name == "__isregistered" and not who.is_admin
            found = {
                403: (act == "remove" and name in COLUMNS)
                or (name == "owner" and not who.is_admin)
                or (name in FORMATS and one["status"] != "queued")
                or (of_service and (act == "remove" or value != one[name]))
                or not self.is_own(one, who),
                409: not is_there if act != "add" else is_old and is_there,
            }
            if not any(found.values()):
                values[name] = None if act == "remove" else value
            wrong |= {status for status, is_wrong in found.items() if is_wrong}
        if operations and not wrong:
            self.set(one, {**values, "updated_at": self.time})
        return wrong

    def owning(self, one, who):
        """Return the statuses of the error for a change to an image that may be hidden."""
        return {404} if one is None else set() if self.is_own(one, who) else {403}

    def sharing(self, one, who, project=None):
        """Return the statuses of the error for a request for its members, or for one of them."""
        if one is None:
            return {404}
        is_wrong = not self.is_documented and who.is_queens and one["visibility"] != "shared"
        refusals = {403} if one["visibility"] == "public" or is_wrong else set()
        return refusals or (set() if project is None or self.knows(one, project, who) else {404})

    def knows(self, one, project, who):
        return project in one.members and (self.is_own(one, who) or project == who.project)

    def member(self, one, project):
        status, created, updated = one.members[project]
        says = {"member_id": project, "image_id": one["id"], "status": status, "schema": "/v2/schemas/member"}
        return says | {"created_at": created, "updated_at": updated}
