"""All changes that clients can make, in any order, against a naive model of the contract.

What lists contain is compared with a naive list in ``tests/catalog/test_catalog.py``.
"""

import json
from copy import deepcopy
from datetime import timedelta
from functools import partial

import pytest
from helpers import in_process, make_app, send_json
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from image_model import CALLERS, CATALOG, PROJECTS, SYSTEMS, Caller, Model

KEPT_BYTES = 8
OLD, NEW = (f"application/openstack-images-v2.{minor}-json-patch" for minor in (0, 1))


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
callers, projects = st.sampled_from(CALLERS), st.sampled_from(PROJECTS)
aims = st.tuples(st.integers(0, 999), callers, st.booleans())
"""The number of an image, a caller, and whether its owner is the caller instead, because most would be refused."""


class Machine(RuleBasedStateMachine):
    """Sends the same requests to the emulator and to the model."""

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
        names = [*self.model.images, "nosuch"]
        name = names[number % len(names)]
        owner = name in self.model.images and self.model.images[name]["owner"]
        if is_owner and owner in PROJECTS:
            who = Caller(owner, False, who.is_queens)
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
        admin = CALLERS[-2]
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

    @rule(who=callers, body=bodies)
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
            who = Caller(project, False, who.is_queens)
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
