"""A real OpenStack Glance 33 without Keystone, filled with the images of the recordings of Glance Queens.

It runs in the virtual environment ``.venv-glance``, or that of the variable ``GLANCE_VENV``, with the packages of the
extra ``glance``. Run this file to start it by hand; it prints its URL and a token.
"""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from helpers import over_port
from serving import free_port

HERE = Path(__file__).parent
PYTHON = Path(os.environ.get("GLANCE_VENV", HERE.parent / ".venv-glance")) / "bin" / "python"
CATALOG = json.loads((HERE / "data" / "glance-queens" / "catalog.json").read_text(encoding="utf-8"))
PROJECT = CATALOG["project"]
HIDDEN = {**CATALOG["images"][-1], "id": "33333333-3333-4333-8333-333333333333", "name": "hidden", "owner": PROJECT,
          "status": "queued", "visibility": "private", "os_hidden": True}  # fmt: skip
"""An image that no list shows unless it asks for hidden ones."""

IMAGES = [*CATALOG["images"], HIDDEN]

_CONFIGURATION = """
[DEFAULT]
log_file = {folder}/glance.log
enabled_backends = disk:file
[database]
connection = sqlite:///{folder}/glance.sqlite
[glance_store]
default_backend = disk
[disk]
filesystem_store_datadir = {folder}/store
[paste_deploy]
flavor = trusted
config_file = {folder}/glance-api-paste.ini
[image_format]
disk_formats = raw,qcow2,vhd,vmdk,iso,zvhd,zvhd2
container_formats = bare,ovf
"""
_PIPELINE = """
[pipeline:glance-api-trusted]
pipeline = trusted versionnegotiation context rootapp
[composite:rootapp]
paste.composite_factory = glance.api:root_app_factory
/v2: apiv2app
[app:apiv2app]
paste.app_factory = glance.api.v2.router:API.factory
[filter:versionnegotiation]
paste.filter_factory = glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory
[filter:context]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory
[filter:trusted]
paste.filter_factory = trusted:factory
"""
_NOT_WRITABLE = {"status", "size", "virtual_size", "checksum", "created_at", "updated_at", "owner", "members"}
_OTHER_BYTES = {"raw", "zvhd", "zvhd2"}
"""The formats whose data may be any bytes; Glance inspects the others."""


def is_installed():
    """Return whether Glance is installed in its virtual environment."""
    command = [PYTHON, "-c", "import glance, waitress"]
    return PYTHON.exists() and subprocess.run(command, capture_output=True).returncode == 0


def token(project, *roles):
    """Return a token."""
    return f"{project}:{','.join(roles or ('member', 'reader'))}"


@contextmanager
def serving_glance():
    """Yield the URL of a Glance that has the images."""
    with TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        (folder / "store").mkdir()
        (folder / "glance-api.conf").write_text(_CONFIGURATION.format(folder=folder))
        (folder / "glance-api-paste.ini").write_text(_PIPELINE)
        environment = {
            **os.environ, "OS_GLANCE_CONFIG_DIR": name, "PYTHONPATH": str(HERE / "glance"), "PYTHONWARNINGS": "ignore",
        }  # fmt: skip
        options = {"env": environment, "cwd": name, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        manage = [PYTHON.with_name("glance-manage"), "--config-file", folder / "glance-api.conf", "db_sync"]
        subprocess.run(manage, check=True, **options)
        listen = [f"--listen=127.0.0.1:{port}", "--threads=4", "glance.wsgi.api:application"]
        process = subprocess.Popen([PYTHON, "-m", "waitress", *listen], **options)
        try:
            ask = over_port(port)
            _wait(ask, process, folder / "glance.log")
            for image in IMAGES:
                _create(ask, image)
            _set_times(folder / "glance.sqlite")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait(20)


def _wait(ask, process, log):
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            return ask("/")
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(log.read_text()[-2000:])


def _create(ask, image):
    owner = image.get("owner") or CATALOG["projects"][0]["id"]
    admin = {"X-Auth-Token": token(owner, "admin", "member", "reader"), "Content-Type": "application/json"}

    def send(method, path, body=b"", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = ask(f"/v2/images{path}", {**admin, **headers}, method, data)
        assert 200 <= answer.status < 300, (method, path, answer)

    values = {name: value for name, value in image.items() if name not in _NOT_WRITABLE and value is not None}
    has_data = image["status"] in ("active", "deactivated", "deleted") and "disk_format" in values
    if has_data and values["disk_format"] not in _OTHER_BYTES:
        values["disk_format"] = "zvhd"
    values["protected"] = image["protected"] and image["status"] != "deleted"
    send("POST", "", values)
    path = f"/{image['id']}"
    if has_data:
        data = b"x" * min(image.get("size") or 1, 5000)
        send("PUT", f"{path}/file", data, **{"Content-Type": "application/octet-stream"})
    for member, status in (image.get("members") or {}).items() if image["visibility"] == "shared" else ():
        send("POST", f"{path}/members", {"member": member})
        send("PUT", f"{path}/members/{member}", {"status": status}, **{"X-Auth-Token": token(member)})
    if image["status"] == "deactivated":
        send("POST", f"{path}/actions/deactivate")
    if image["status"] == "deleted":
        send("DELETE", path)


def _set_times(database):
    """Set the times of the catalog; the service has whole seconds, SQLite and Glance microseconds."""
    times = {image["id"]: [image[name][:19] for name in ("created_at", "updated_at")] for image in IMAGES}
    rows = [(*(time.replace("T", " ") + ".000000" for time in both), one) for one, both in times.items()]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany("UPDATE images SET created_at = ?, updated_at = ? WHERE id = ?", rows)


if __name__ == "__main__":
    with serving_glance() as url:
        print(url, token(PROJECT), flush=True)
        sys.stdin.read()
