"""All changes that clients can make, in any order, against a naive model of the contract.

What lists contain is compared with a naive list in ``tests/catalog/test_catalog.py``.
"""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import NamedTuple

import pytest
from helpers import in_process, make_app, send_json, token_of
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

START = datetime(2023, 11, 13, 8, tzinfo=timezone.utc)
PROJECTS = ("a", "b", "c")
KEPT_BYTES = 8
OLD, NEW = (f"application/openstack-images-v2.{minor}-json-patch" for minor in (0, 1))


class Asker(NamedTuple):
    """Who asks, and which version of the API."""

    project: str
    is_admin: bool
    is_queens: bool

    @property
    def headers(self):
        return {"X-Auth-Token": f"of-{self.project}", "X-Api-Version": "Queens" if self.is_queens else "Mitaka"}


ASKERS = [Asker(name, name == "admin", is_queens) for name in (*PROJECTS, "admin") for is_queens in (False, True)]


def given(name, owner, **values):
    """Write an image with all that is filled in otherwise, so that the model need not fill it in."""
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
    given("nobody's", None, protected=True),
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
    """One image as the model knows it: its values on the wire, its members, and its data."""

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


UUIDS = tuple(f"{digit * 8}-0000-4000-8000-{'0' * 12}" for digit in "123")
VALUES = {
    "name": ("web", "db 1", "镜像", "", None, 5, " x"),
    "visibility": ("private", "public", "shared", "community", "sideways"),
    "protected": (True, False, "true"),
    "tags": ([], ["a=b"], ["a.b", "x86", "x86"], [""], "x86"),
    "min_disk": (1, 40, -1, "40", True),
    "disk_format": ("raw", "iso", "tape", None),
    "container_format": ("bare",),
    "owner": ("a", "b"),
    "id": UUIDS,
    "__isregistered": ("true", "false"),
    "__description": ("for tests", ""),
    "__os_version": (*SYSTEMS,),
    "colour": ("blue", "", None, 7),
    "status": ("active",),
    "self": ("/v2/images/x",),
    "locations": ("x",),
}
pairs = st.sampled_from([(name, value) for name, pool in VALUES.items() for value in pool])
easy = st.sampled_from([(name, value) for name in VALUES for value in VALUES[name][:2]][:-3])
bodies = st.lists(easy, max_size=4).map(
    lambda drawn: {"container_format": "bare", "disk_format": "raw", **dict(drawn)}
) | st.lists(pairs, max_size=3).map(dict)
operation = st.tuples(st.sampled_from(("add", "replace", "remove")), easy | pairs).map(lambda one: (one[0], *one[1]))
statuses = st.sampled_from(("accepted", "rejected", "accepted", "pending", "perhaps"))
askers, projects = st.sampled_from(ASKERS), st.sampled_from(PROJECTS)
aims = st.tuples(st.integers(0, 999), askers, st.booleans())
"""The number of an image, who asks, and whether its owner asks instead, lest most requests be refused."""


class Machine(RuleBasedStateMachine):
    """Asks the emulator and the model the same."""

    def __init__(self, app, profile):
        super().__init__()
        self.emulator = app.extensions["ims_mock"]
        self.ask = in_process(app)
        self.is_documented = profile == "documented"
        self.reset()

    @rule()
    def reset(self):
        self.emulator.reset()
        self.model = Model(self.is_documented)

    def aimed(self, aim):
        number, who, is_owner = aim
        names = [*self.model.images, "nobody"]
        name = names[number % len(names)]
        owner = name in self.model.images and self.model.images[name]["owner"]
        if is_owner and owner in PROJECTS:
            who = Asker(owner, False, who.is_queens)
        return who, name, self.model.seen(name, who)

    def sent(self, who, method, path, body=None, media_type="application/json"):
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.ask(f"/v2/images{path}", {**who.headers, "Content-Type": media_type}, method, data)

    def is_done(self, answer, refusals, status):
        assert answer.status in (refusals or {status}), (answer.status, refusals, answer.text)
        return not refusals

    @invariant()
    def agrees(self):
        """Compare all images that are not dead, as an admin is shown them."""
        admin = ASKERS[-2]
        images = self.sent(admin, "GET", "?limit=1000").json["images"]
        alive = [one for one in self.model.images.values() if one["status"] not in ("deleted", "killed")]
        alive.sort(key=lambda one: (one["created_at"], one["id"]), reverse=True)
        assert images == [self.model.shown(one, admin) for one in alive]

    # --- what is written

    @rule(seconds=st.integers(1, 5))
    def wait(self, seconds):
        answer = send_json(self.ask, "PUT", "/_ims/clock", {"advance": seconds})
        self.model.now += timedelta(seconds=seconds)
        assert answer.json["now"] == self.model.time

    @rule(who=askers, body=bodies)
    def create(self, who, body):
        answer = self.sent(who, "POST", "", body)
        if self.is_done(answer, self.model.creation(body, who), 201):
            name = answer.json["id"]
            assert name not in self.model.images
            assert name == body.get("id", name)
            assert answer.headers["Location"] == f"http://localhost/v2/images/{name}"
            self.model.create(name, body, who)
            assert answer.json == self.model.shown(self.model.images[name], who)

    @rule(aim=aims, operations=st.lists(operation, max_size=2), is_old=st.booleans())
    def patch(self, aim, operations, is_old):
        who, name, one = self.aimed(aim)
        body = [
            ({act: f"/{one}"} if is_old else {"op": act, "path": f"/{one}"})
            | ({"value": value} if act != "remove" else {})
            for act, one, value in operations
        ]
        answer = self.sent(who, "PATCH", f"/{name}", body, OLD if is_old else NEW)
        written = ((one, "" if act == "remove" else value) for act, one, value in operations)
        wrong = {self.model.refused(one, value, who, is_new=False) for one, value in written} - {None}
        refusals = wrong | ({404} if one is None else set())
        if one is not None:
            trial = deepcopy(one)
            refusals |= self.model.patch(trial, operations, who, is_old=is_old)
        if self.is_done(answer, refusals, 200):
            self.model.images[name] = trial
            assert answer.json == self.model.shown(trial, who)

    @rule(aim=aims, tag=st.sampled_from(("a=b", "x86", "a.b", "镜")), is_set=st.booleans())
    def tag(self, aim, tag, is_set):
        who, name, one = self.aimed(aim)
        answer = self.sent(who, "PUT" if is_set else "DELETE", f"/{name}/tags/{tag}")
        refusals = self.model.owning(one, who) or (set() if is_set or tag in one["tags"] else {404})
        if self.is_done(answer, refusals, 204) and is_set != (tag in one["tags"]):
            tags = [*one["tags"], tag] if is_set else [kept for kept in one["tags"] if kept != tag]
            self.model.set(one, {"tags": tags, "updated_at": self.model.time})

    @rule(aim=aims, body=st.sampled_from((b"", b"data", b"longer than is kept")))
    def upload(self, aim, body):
        who, name, one = self.aimed(aim)
        answer = self.sent(who, "PUT", f"/{name}/file", body, "application/octet-stream")
        refusals = self.model.owning(one, who)
        if not refusals:
            is_bare = not self.is_documented and not (one["disk_format"] and one["container_format"])
            refusals = {409} if one["status"] != "queued" else {400} if is_bare else set()
        if self.is_done(answer, refusals, 204):
            one.data = body if len(body) <= KEPT_BYTES else None
            shown = self.sent(who, "GET", f"/{name}").json
            assert len(shown["checksum"]) == 32
            values = {"status": "active", "size": len(body), "checksum": shown["checksum"]}
            if self.is_documented:
                values |= {"active_at": self.model.time, "__image_size": str(len(body))}
            self.model.set(one, {**values, "updated_at": self.model.time})

    @rule(aim=aims)
    def delete(self, aim):
        who, name, one = self.aimed(aim)
        answer = self.sent(who, "DELETE", f"/{name}")
        refusals = self.model.owning(one, who)
        if not refusals:
            is_public = self.is_documented and one["visibility"] == "public" and not who.is_admin
            refusals = {403} if is_public or one["protected"] else set()
        if self.is_done(answer, refusals, 204):
            self.model.set(one, {"status": "deleted", "updated_at": self.model.time})
            one.members, one.data = {}, None

    # --- members

    @rule(aim=aims, project=projects)
    def share(self, aim, project):
        who, name, one = self.aimed(aim)
        answer = self.sent(who, "POST", f"/{name}/members", {"member": project})
        refusals = self.model.sharing(one, who)
        if not refusals:
            refusals = {
                *({403} if not self.model.is_own(one, who) else ()),
                *({400} if self.is_documented and project == one["owner"] else ()),
            } or ({409} if project in one.members else set())
        if self.is_done(answer, refusals, 200):
            one.members[project] = ["pending", self.model.time, self.model.time]
            assert answer.json == self.model.member(one, project)

    @rule(aim=aims, project=projects, status=statuses, is_self=st.booleans())
    def decide(self, aim, project, status, is_self):
        who, name, one = self.aimed(aim)
        if is_self and one:
            project = next(iter(one.members), project)
            who = Asker(project, False, who.is_queens)
            one = self.model.seen(name, who)
        answer = self.sent(who, "PUT", f"/{name}/members/{project}", {"status": status})
        refusals = self.model.sharing(one, who, project)
        if not refusals and project != who.project and not who.is_admin:
            refusals = {403}
        refusals |= {400} if status == "perhaps" else set()
        if self.is_done(answer, refusals, 200):
            one.members[project][::2] = status, self.model.time
            assert answer.json == self.model.member(one, project)

    @rule(aim=aims, project=projects, is_known=st.booleans())
    def withdraw(self, aim, project, is_known):
        who, name, one = self.aimed(aim)
        project = next(iter(one.members), project) if one and is_known else project
        answer = self.sent(who, "DELETE", f"/{name}/members/{project}")
        refusals = self.model.sharing(one, who, project) or self.model.owning(one, who)
        if self.is_done(answer, refusals, 204):
            del one.members[project]

    @rule(aim=aims, project=projects)
    def members(self, aim, project):
        who, name, one = self.aimed(aim)
        answer = self.sent(who, "GET", f"/{name}/members")
        if self.is_done(answer, self.model.sharing(one, who), 200):
            known = [each for each in one.members if self.model.knows(one, each, who)]
            listed = [self.model.member(one, each) for each in known]
            assert answer.json == {"members": listed, "schema": "/v2/schemas/members"}
            answer = self.sent(who, "GET", f"/{name}/members/{project}")
            if self.is_done(answer, set() if project in known else {404}, 200):
                assert answer.json == self.model.member(one, project)

    # --- what is read

    @rule(aim=aims)
    def show(self, aim):
        who, name, one = self.aimed(aim)
        refusals = {404} if one is None else set()
        answer = self.sent(who, "GET", f"/{name}")
        if self.is_done(answer, refusals, 200):
            assert answer.json == self.model.shown(one, who)
        answer = self.sent(who, "GET", f"/{name}/file")
        if self.is_done(answer, refusals, 204 if one and one.data is None else 200):
            assert answer.body == (one.data or b"")


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["documented", "glance"])
def test_the_emulator_agrees_with_the_model(profile):
    app = make_app(CATALOG, profile=profile, auth="on", keep_data=KEPT_BYTES)
    run_state_machine_as_test(
        partial(Machine, app, profile), settings=settings(max_examples=120, stateful_step_count=40, deadline=None)
    )
