"""The data of an image: uploaded, downloaded, kept or thrown away."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from helpers import in_process, make_app

from ims_mock.loading.dump import dump_image

A, B = "a" * 32, "b" * 32
CATALOG = {
    "project": A,
    "clock": "2030-01-01T00:00:00Z",
    "images": [
        {"id": "queued", "owner": A, "status": "queued", "members": {B: "accepted"}, "__image_size": "0"},
        {"id": "bare", "owner": A, "status": "queued", "disk_format": None},
        *({"id": status, "owner": A, "status": status} for status in ("active", "saving", "killed")),
    ],
}
DATA = {"Content-Type": "application/octet-stream"}
LONG = bytes(range(256)) * 1000


def upload(ask, body, image="queued", **headers):
    return ask(f"/v2/images/{image}/file", {**DATA, **headers}, "PUT", body)


@pytest.mark.parametrize("body", [b"", b"x", LONG], ids=len)
def test_data_makes_an_image_active(ask, profile, body):
    assert upload(ask, body).status == 204
    image = ask("/v2/images/queued").json
    assert (image["status"], image["size"], image["checksum"]) == ("active", len(body), hashlib.md5(body).hexdigest())
    assert image["updated_at"] == "2030-01-01T00:00:00Z"
    if profile == "documented":
        assert (image["__image_size"], image["active_at"]) == (str(len(body)), "2030-01-01T00:00:00Z")
    assert ask("/v2/images?status=active&limit=1000").json["images"].count(image) == 1


@pytest.mark.parametrize("project", [A, B])
def test_data_can_be_downloaded(ask, project):
    upload(ask, LONG)
    answer = ask("/v2/images/queued/file", {"X-Project-Id": project})
    assert (answer.status, answer.body) == (200, LONG)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-MD5"] == hashlib.md5(LONG).hexdigest()
    assert answer.headers["Content-Length"] == "256000"


@pytest.mark.parametrize("image", ["queued", "active"])
def test_an_image_without_data_downloads_nothing(ask, image):
    assert ask(f"/v2/images/{image}/file").status == 204


@pytest.mark.parametrize(("most", "kept"), [(0, b""), (2, b""), (3, b"abc"), (4, b"abc")])
def test_long_data_is_hashed_but_not_kept(most, kept):
    ask = in_process(make_app(CATALOG, keep_data=most))
    assert upload(ask, b"abc").status == 204
    assert ask("/v2/images/queued").json["checksum"] == hashlib.md5(b"abc").hexdigest()
    answer = ask("/v2/images/queued/file")
    assert (answer.status, answer.body) == (200 if kept else 204, kept)


SMALL = {"project": A, "images": [{"id": str(number), "status": "queued", "owner": A} for number in range(18)]}


def test_the_oldest_data_is_dropped_when_16_times_the_limit_is_kept():
    app = make_app(SMALL, keep_data=3)
    ask = in_process(app)

    def kept():
        return [number for number in range(18) if ask(f"/v2/images/{number}/file").status == 200]

    for number in range(16):
        assert upload(ask, b"abc", number).status == 204
    assert kept() == [*range(16)]
    ask("/_ims/snapshots", {"Content-Type": "application/json"}, "POST", b'{"name": "one"}')
    assert upload(ask, b"a", 16).status == 204
    assert kept() == [*range(1, 17)]
    ask("/v2/images/5", method="DELETE")
    app.extensions["ims_mock"].restore("one")  # has the image that is deleted, but not the data that is dropped
    assert kept() == [*range(1, 16)]
    assert ask("/v2/images/0").json["size"] == 3


def test_data_of_deleted_images_makes_room():
    ask = in_process(make_app(SMALL, keep_data=3, profile="glance"))
    for number in range(16):
        upload(ask, b"abc", number)
    ask("/v2/images/5", method="DELETE")
    ask("/_ims/requests", method="DELETE")  # the journal keeps the catalogs of lists
    upload(ask, b"abc", 16)
    assert [ask(f"/v2/images/{number}/file").status for number in (0, 1, 16)] == [200] * 3


@pytest.mark.parametrize("image", ["active", "saving", "killed"])
def test_only_queued_images_accept_data(ask, profile, image):
    answer = upload(ask, b"x", image)
    assert answer.status == 409
    if profile == "documented":
        assert answer.json["error"]["code"] == "IMG.0035"
    else:
        assert f"Image status transition from {image} to saving is not allowed" in answer.text
    assert ask(f"/v2/images/{image}").json["status"] == image


def test_data_can_be_uploaded_only_once(ask):
    assert upload(ask, b"first").status == 204
    assert upload(ask, b"second").status == 409
    assert ask("/v2/images/queued/file").body == b"first"


def test_glance_requires_both_formats(ask, profile):
    answer = upload(ask, b"x", "bare")
    assert answer.status == (400 if profile == "glance" else 204)
    assert ("must be set prior to saving data" in answer.text) == (profile == "glance")


@pytest.mark.parametrize("kind", ["application/json", "", "text/plain"])
def test_data_needs_its_media_type(ask, kind):
    answer = upload(ask, b"x", **{"Content-Type": kind})
    assert answer.status == 415
    assert ask("/v2/images/queued").json["status"] == "queued"


class Watched(io.RawIOBase):
    """A body that looks at the emulator while it is read, and ends as it is told."""

    def __init__(self, pieces, look):
        self.pieces, self.look = list(pieces), look

    def readable(self):
        return True

    def readinto(self, buffer):
        self.look()
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        buffer[: len(piece)] = piece
        return len(piece)


def streamed(app, pieces, look=lambda: None, length=None):
    announced = {"CONTENT_LENGTH": str(length)} if length else {}
    raw = {"wsgi.input": Watched(pieces, look), "wsgi.input_terminated": True, **announced}
    return app.test_client().put("/v2/images/queued/file", headers=DATA, environ_overrides=raw)


def test_an_image_is_saving_during_the_upload(app, ask):
    seen = []
    answer = streamed(app, [b"a", b"b"], lambda: seen.append(ask("/v2/images/queued").json["status"]))
    assert answer.status_code == 204
    assert set(seen) == {"saving"}
    assert ask("/v2/images/queued/file").body == b"ab"


@pytest.mark.parametrize(
    ("pieces", "length", "status"),
    [([b"a", ConnectionError("gone")], None, 400), ([b"a"], 5, 400), ([ZeroDivisionError()], None, 500)],
    ids=["broken", "short", "internal error"],
)
def test_an_image_is_queued_again_after_a_failed_upload(app, ask, pieces, length, status):
    assert streamed(app, pieces, length=length).status_code == status
    assert ask("/v2/images/queued").json["status"] == "queued"
    assert upload(ask, b"whole").status == 204


def test_image_and_owner_can_be_changed_during_the_upload(app, emulator, ask):
    def change():
        ask("/v2/images/queued/tags/meanwhile", method="PUT")
        emulator.put_image("queued", {**dump_image(emulator.find_image("queued")), "owner": B})

    assert streamed(app, [b"a"], change).status_code == 204
    image = emulator.find_image("queued")
    assert (image.get("status"), image.tags, image.get("owner"), image.data) == ("active", ("meanwhile",), B, b"a")


@pytest.mark.parametrize("piece", [b"a", ConnectionError()])
def test_an_image_can_be_deleted_during_the_upload(app, ask, profile, piece):
    answer = streamed(app, [piece], lambda: ask("/v2/images/queued", method="DELETE"))
    assert answer.status_code == (404 if profile == "documented" else 410)
    assert ask("/v2/images/queued").status == 404


def test_a_reset_ends_an_upload(app, emulator, ask, profile):
    answer = streamed(app, [b"a"], emulator.reset)
    assert answer.status_code == (404 if profile == "documented" else 410)
    assert ask("/v2/images/queued").json["status"] == "queued"


def test_an_upload_started_before_a_reset_does_not_affect_later_ones(app, emulator, ask, profile):
    begun, goes, ended = Event(), Event(), []

    def wait():
        begun.set()
        assert goes.wait(20)

    def end_first():
        goes.set()
        ended.append((before.result(timeout=20).status_code, ask("/v2/images/queued").json["status"]))

    with ThreadPoolExecutor() as pool:
        before = pool.submit(streamed, app, [b"before"], wait)
        assert begun.wait(20)
        emulator.reset()
        assert streamed(app, [b"after"], end_first).status_code == 204
    assert set(ended) == {(404 if profile == "documented" else 410, "saving")}
    assert ask("/v2/images/queued/file").body == b"after"


def test_a_deleted_image_keeps_no_data(emulator, ask):
    upload(ask, LONG)
    ask("/v2/images/queued", method="DELETE")
    image = emulator.catalog.get("queued")
    assert (image.data, dict(image.members)) == (None, {})
