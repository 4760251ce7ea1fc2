"""Concurrent clients: every response matches one version of the catalog, and no write is lost."""

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import accumulate
from threading import Event

import pytest
from helpers import TRANSPORTS, in_process, over_socket, send_json, token_of

from ims_mock.catalog.catalog import Catalog
from ims_mock.emulator import Emulator
from ims_mock.loading.loader import load
from ims_mock.web.app import app_for

READERS, WRITERS = 16, 4

PATCH = "application/openstack-images-v2.1-json-patch"
CATALOG = {
    "project": "a",
    "credentials": {"tokens": [token_of("of-a", "a"), token_of("of-b", "b"), token_of("admin", "c", "admin")]},
    "defaults": {"owner": "a"},
    "images": [
        *({"name": f"image {number}", "tags": ["x86"], "colour": "blue"} for number in range(40)),
        {"id": "common", "name": "common"},
        {"id": "queued", "name": "queued", "status": "queued", "__image_size": "0"},
    ],
}


class Recorded(Emulator):
    """An emulator that keeps a log of all written images."""

    def __init__(self, *arguments):
        self.log = []
        super().__init__(*arguments)

    def write_image(self, made):
        def recorded(catalog):
            self.log.append(made(catalog))
            return self.log[-1]

        return super().write_image(recorded)


QUESTIONS = (  # tokens with queries of the list
    ("of-a", ""),
    ("admin", ""),
    ("of-a", "sort_key=name&sort_dir=asc"),
    ("admin", "sort_key=updated_at"),
    ("of-a", "status=queued&sort_dir=asc"),
    ("of-a", "status=deleted"),
    ("of-a", "tag=x86"),
    ("of-a", "colour=red"),
    ("of-b", "visibility=shared"),
)


def response_hash(ask, question):
    token, query = question
    found = ask(f"/v2/images?{query}&limit=50", {"X-Auth-Token": token})
    assert found.status == 200, found.text
    return hash(found.body)


def read(ask, emulator, ends, seed):
    """Query the list until a time; return each question, the writes that its response may reflect, and its hash."""
    rng, readings = random.Random(seed), []
    while time.monotonic() < ends:
        question = rng.choice(QUESTIONS)
        first = max(len(emulator.log) - 1, 0)  # the last write may not count yet
        says = response_hash(ask, question)
        readings.append((question, first, len(emulator.log), says))
    return readings


def write(ask, ends, number):
    """Write until a time; return the ids of new images, and the numbers of writes and of changes to ``common``."""
    rng, made, done, changes = random.Random(number), [], 0, 0
    others = ask("/v2/images?limit=20", {"X-Auth-Token": "of-a"}).ids

    def send(method, path, body=b"", token="of-a"):
        headers = {"X-Auth-Token": token, **({"Content-Type": PATCH} if method == "PATCH" else {})}
        answer = send_json(ask, method, f"/v2/images{path}", body, headers)
        assert answer.status in (200, 201, 204, 404, 409), answer.text
        return answer

    while time.monotonic() < ends:
        image, done = rng.choice([*others, *made[-5:]]), done + 1
        act = rng.randrange(8)
        if act == 0:
            made.append(send("POST", "", {"name": f"made {rng.random()}", "tags": ["x86"]}).json["id"])
        elif act == 1:
            colour = rng.choice(("red", "blue"))
            send("PATCH", f"/{image}", [{"op": "add", "path": "/colour", "value": colour}])
        elif act == 2:
            send(rng.choice(("PUT", "DELETE")), f"/{image}/tags/x86")
        elif act == 3:
            send("POST", f"/{image}/members", {"member": "b"})
        elif act == 4:
            send("PUT", f"/{image}/members/b", {"status": rng.choice(("accepted", "rejected"))}, "of-b")
        elif act == 5:
            send("DELETE", f"/{image}/members/b")
        elif act == 6 and len(made) > 5:
            send("DELETE", f"/{rng.choice(made)}")
        else:
            changes += 1
            change = {"op": "add", "path": f"/writer {number}", "value": str(changes)}
            assert send("PATCH", "/common", [change]).status == 200
    return made, done, changes


def check(readings, first, log):
    """Replay the log, and assert that each response matches a catalog between the start and end of its request.

    The responses to compare with are those of an emulator without other clients, which tests/catalog compares with a
    naive implementation.
    """
    quiet = Emulator(load([CATALOG]))
    ask, answers = in_process(app_for(quiet)), []
    for version in accumulate(log, Catalog.with_image, initial=first):
        quiet.edit_catalog(lambda _, version=version: version)
        answers.append({question: response_hash(ask, question) for question in QUESTIONS})
    for question, first_write, last_write, says in readings:
        assert says in [version[question] for version in answers[first_write : last_write + 1]], question


@contextmanager
def restless():
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.001)
    yield
    sys.setswitchinterval(before)


OVER_SOCKET = partial(over_socket, threads=READERS + WRITERS)


@pytest.mark.parametrize(
    ("opened", "seconds"),
    [(TRANSPORTS["in process"], 2), pytest.param(OVER_SOCKET, 30, marks=pytest.mark.slow)],
    ids=["in process", "over a socket"],
)
def test_every_response_matches_one_version_of_the_catalog(opened, seconds):
    emulator = Recorded(load([CATALOG]))
    first, ends = emulator.catalog, time.monotonic() + seconds
    with opened(app_for(emulator)) as ask, restless(), ThreadPoolExecutor(READERS + WRITERS) as pool:
        reading = [pool.submit(read, ask, emulator, ends, seed) for seed in range(READERS)]
        writing = [pool.submit(write, ask, ends, number) for number in range(WRITERS)]
        readings = [one for future in reading for one in future.result()]
        writes = [future.result() for future in writing]
    last = {image.id: image for image in (*first, *emulator.log)}
    assert {image.id: image for image in emulator.catalog} == last
    made = [name for names, _, _ in writes for name in names]
    assert len({*made}) == len(made)
    assert {*last} == {*made, *(image.id for image in first)}
    for number, (_, _, changes) in enumerate(writes):
        assert last["common"].text(f"writer {number}") == (str(changes) if changes else "")
    check(readings, first, emulator.log)
    assert len(readings) > READERS
    assert sum(done for _, done, _ in writes) > WRITERS


@pytest.fixture
def pool():
    with ThreadPoolExecutor(10) as threads:
        yield threads


def test_readers_do_not_wait_for_writers(emulator, ask, pool):
    begun, ends = Event(), Event()

    def slowly(catalog):
        begun.set()
        assert ends.wait(20)
        return catalog.get("common")

    slow = pool.submit(emulator.write_image, slowly)
    assert begun.wait(20)
    try:
        for path in ("", "/common", "/common/file", "/common/members", "?sort_key=name&tag=x86"):
            assert pool.submit(ask, f"/v2/images{path}").result(timeout=10).status in (200, 204)
        waiting = pool.submit(ask, "/v2/images/common/tags/late", method="PUT")
        time.sleep(0.1)
        assert not waiting.done()
    finally:
        ends.set()
    assert slow.result(timeout=10).id == "common"
    assert waiting.result(timeout=10).status == 204


def test_only_one_of_many_uploads_succeeds(ask, pool):
    headers = {"Content-Type": "application/octet-stream"}
    with restless():
        sent = [pool.submit(ask, "/v2/images/queued/file", headers, "PUT", b"%d" % number) for number in range(10)]
        statuses = [one.result(timeout=20).status for one in sent]
    assert sorted(statuses) == [204] + [409] * 9
    assert ask("/v2/images/queued/file").body == b"%d" % statuses.index(204)
