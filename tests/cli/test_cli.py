"""The command line as people and their scripts use it: a process with arguments, an environment and an exit status."""

import http.client
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from array import array
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from helpers import in_process, make_app

from ims_mock import __version__
from ims_mock.auth.credentials import DEFAULT_PROJECT
from ims_mock.catalog.cloudimages import CLOUDIMAGES
from ims_mock.cli.main import CHECK, GENERATE, HEALTH, OPENAPI, REPORT, SERVE
from ims_mock.contract.fields import FIELDS
from ims_mock.contract.parameters import PARAMETERS
from ims_mock.journal.coverage import Coverage
from ims_mock.loading.loader import load
from ims_mock.options import OPTIONS

if os.name == "posix":
    import fcntl
    import termios

COMMAND = (sys.executable, "-m", "ims_mock")
TLS = Path(__file__).parent.parent / "data" / "tls"
CERT, KEY, OTHER_CERT, OTHER_KEY = (str(TLS / f"{name}.pem") for name in ("cert", "key", "other-cert", "other-key"))
COMMANDS = (SERVE, CHECK, GENERATE, "fields", OPENAPI, REPORT, HEALTH)
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("IMS_MOCK_")}
READY = re.compile(r"ims-mock (\S+): (\d+) images? \((.*)\) on ((https?)://(.+):(\d+))\n")
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs the signals, pipes or terminals of POSIX")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
NOT_ROOT = pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read and write everything")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    """Work in a folder of one's own."""
    monkeypatch.chdir(tmp_path)


def run(*arguments, **environment):
    """Run the command to its end; its environment holds no other settings than those given."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env={**CLEAN, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def started(*arguments, cwd=None, **environment):
    """Start ``serve`` without waiting for anything."""
    return subprocess.Popen(
        [*COMMAND, SERVE, *map(str, arguments)],
        cwd=cwd,
        env={**CLEAN, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


class Server:
    """A running ``serve`` that has said it is ready."""

    def __init__(self, process):
        self.process = process
        self.line = process.stdout.readline()
        match = READY.fullmatch(self.line)
        assert match, (self.line, process.communicate(timeout=10))
        self.version, images, self.catalog, self.url, self.scheme, self.host, port = match.groups()
        self.images, self.port = int(images), int(port)

    def connection(self):
        """Make a connection; of HTTPS with one of the certificates of the tests."""
        host = self.host.strip("[]")
        if self.scheme == "http":
            return http.client.HTTPConnection(host, self.port, timeout=10)
        trust = ssl.create_default_context()
        for certificate in (CERT, OTHER_CERT):
            trust.load_verify_locations(certificate)
        return http.client.HTTPSConnection(host, self.port, timeout=10, context=trust)

    def ask(self, path="/v2/images", method="GET", body=None, **headers):
        """Send one request: status, headers and body of the answer."""
        connection = self.connection()
        try:
            connection.request(method, path, body, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def ids(self, query="limit=1000"):
        """List the ids of the images."""
        return [image["id"] for image in json.loads(self.ask(f"/v2/images?{query}")[2])["images"]]

    def stopped(self):
        """End the server and give what it wrote to standard error."""
        self.process.terminate()
        rest, errors = self.process.communicate(timeout=10)
        assert (rest, self.process.returncode) == ("", 0), errors
        return errors


@contextmanager
def serving(*arguments, **environment):
    """Serve on a free port, unless another is given, for as long as the block lasts."""
    process = started(*arguments, **{"IMS_MOCK_PORT": "0", **environment})
    try:
        yield Server(process)
    finally:
        process.kill()
        process.communicate(timeout=10)


def free_port():
    """Find a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def refusal(done, status):
    """Give the one line with which the command refused, having written nothing else."""
    assert done.returncode == status, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    return line


# --- names and help -------------------------------------------------------------------------------


def test_the_version_is_printed():
    """``--version`` names the program and its version."""
    done = run("--version")
    assert (done.stdout, done.stderr, done.returncode) == (f"ims-mock {__version__}\n", "", 0)


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(flag):
    """Each command has a line."""
    done = run(flag)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(re.search(rf"^  {command} +\S", done.stdout, re.MULTILINE) for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_option_and_its_variable(command):
    """The help of a command shows flag, variable and default of each of its settings."""
    done = run(command, "--help")
    shown = " ".join(done.stdout.split())
    assert (done.returncode, done.stderr) == (0, "")
    for option in OPTIONS:
        if command in option.commands and not option.is_argument:
            assert f" {option.flag} " in shown
            assert f"env var: {option.variable}" in shown
            default = f"no-{option.name}" if option.default is False else option.shown_default
            assert not default or f"default: {default}" in shown
        elif option.is_argument:
            assert ("CATALOG" in shown) == (command in option.commands)


def test_the_settings_have_names_of_their_own():
    """A variable is its flag in capitals, and no two settings share one."""
    for setting in OPTIONS:
        assert setting.commands
        assert set(setting.commands) <= set(COMMANDS)
        assert setting.help.endswith(".")


# --- wrong calls ----------------------------------------------------------------------------------

USAGE = [
    ((), {}, "command"),
    (("bogus",), {}, "'bogus'"),
    (("serv",), {}, "'serve'"),
    (("--bogus",), {}, "'--bogus'"),
    (("serve", "--bogus"), {}, "'--bogus'"),
    (("serve", "--prot", "1"), {}, "'--port'"),
    (("serve", "--port"), {}, "'--port' requires an argument"),
    (("serve", "--profile", "foo"), {}, "unknown profile 'foo'; legal are documented and glance"),
    (("serve", "--findings", "loud"), {}, "'loud' is not one of 'lenient', 'warn', 'strict'"),
    (("serve", "--findings-ignore", "old-speling"), {}, "no finding 'old-speling'. Did you mean old-spelling?"),
    (("serve", "--throttle", "5"), {}, "invalid throttle '5'; use REQUESTS/SECONDS such as 5/10"),
    (("serve", "--profile", "documented,-registred-only"), {}, "did you mean -registered-only?"),
    (("serve", "--tls-cert", "c.pem"), {}, "--tls-cert is given without --tls-key; legal are both or neither"),
    (("serve",), {"IMS_MOCK_TLS_KEY": "k.pem"}, "--tls-key is given without --tls-cert"),
    (("serve",), {"IMS_MOCK_WATCH": "maybe"}, "'--watch' (env var: 'IMS_MOCK_WATCH'): 'maybe'"),
    (("generate", "extra"), {}, "extra"),
    (("generate", "--format", "xml"), {}, "legal are yaml, json"),
    (("generate",), {"IMS_MOCK_FORMAT": "markdown"}, "legal are yaml, json"),
    (("generate", "--set", "min_disk"), {}, "'min_disk' is not FIELD=VALUE"),
    (("generate", "--set", "min_disk=x"), {}, "min_disk: 'x' is not a whole number"),
    (("generate", "--set", "__os_verison=x"), {}, "did you mean __os_version?"),
    (("generate", "--count", "2", "--set", "id=x"), {}, "id"),
    (("fields", "--format", "yaml"), {}, "legal are table, json, markdown"),
]


@pytest.mark.parametrize(("arguments", "environment", "words"), USAGE, ids=str)
def test_a_wrong_call_is_one_line_and_status_2(arguments, environment, words):
    """The line names what was given and what is legal."""
    line = refusal(run(*arguments, **environment), 2)
    assert line.startswith("ims-mock: ")
    assert words in line


BOUNDED = [(setting, setting.commands[0]) for setting in OPTIONS if setting.bounds]
CHOSEN = [(setting, setting.commands[0]) for setting in OPTIONS if setting.choices]


@pytest.mark.parametrize(("setting", "command"), BOUNDED, ids=lambda value: getattr(value, "name", value))
def test_a_bad_number_is_refused(setting, command):
    """A flag or variable that is no number, or out of bounds, is refused with what is legal."""
    low, high = setting.bounds
    for value, by_flag in (("abc", True), (low - 1, False), (high + 1, True)):
        done = run(command, f"{setting.flag}={value}") if by_flag else run(command, **{setting.variable: str(value)})
        line = refusal(done, 2)
        assert setting.flag in line
        assert setting.variable in line
        assert str(value) in line
        assert str(low) in line
        assert str(high) in line


@pytest.mark.parametrize(("setting", "command"), CHOSEN, ids=lambda value: getattr(value, "name", value))
def test_a_bad_choice_is_refused(setting, command):
    """A flag or variable that is none of its choices is refused with all of them."""
    for done in (run(command, setting.flag, "maybe"), run(command, **{setting.variable: "maybe"})):
        line = refusal(done, 2)
        assert all(f"'{choice}'" in line for choice in (*setting.choices, "maybe", setting.flag))


# --- wrong catalogs -------------------------------------------------------------------------------

WRONG = {
    "not YAML": ("c.yaml", "images: [}", "c.yaml:1: not YAML: "),
    "a list": ("c.yaml", "- id: a\n", "c.yaml:1: the catalog is a list; it must be a mapping with project, "),
    "an alias bomb": (
        "c.yaml",
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcde", "bcdef", strict=True)),
        "c.yaml:5: aliases make the document",
    ),
    "a tab": ("c.yaml", "images:\n\t- id: a\n", "c.yaml:2: not YAML: "),
    "a duplicate key": ("c.yaml", "images:\n- id: a\n  id: b\n", "c.yaml:3: the key 'id' is repeated"),
    "a duplicate id": ("c.yaml", "images:\n- id: a\n- id: a\n", "c.yaml:3: images[1].id: 'a' is also the id of"),
    "a wrong value": ("c.yaml", "images:\n- id: a\n  min_disk: x\n", "c.yaml:3: images[0].min_disk: 'x' is not a wh"),
    "a name no terminal shows": ("c.json", '{"\\ud800\\n\\u001b[31m": 1}', "c.json:1: \\ud800\\n\\x1b[31m: is not a k"),
    "deep JSON": ("c.json", '{"images":' + "[" * 900 + "]" * 900 + "}", "c.json:1: values are nested deeper"),
}  # fmt: skip


def put(name, content):
    """Write a file, text or bytes."""
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_catalog_is_one_line_and_status_1(case):
    """``serve`` says it on standard error and ends."""
    name, content, begins = WRONG[case]
    put(name, content)
    assert refusal(run(SERVE, "--port", 0, name), 1).startswith(begins)


def test_check_prints_what_serve_refuses():
    """The same line comes from both, of ``check`` on standard output."""
    name, content, begins = WRONG["a name no terminal shows"]
    put(name, content)
    done = run(CHECK, name)
    assert (done.returncode, done.stdout.startswith(begins), done.stderr) == (1, True, "")
    assert done.stdout == run(SERVE, "--port", 0, name).stderr


@pytest.mark.parametrize("name", ["missing.yaml", "defualt", "no/folder", "hollow", ""])
def test_a_missing_catalog_is_one_line_and_status_1(name):
    """A file, folder or name that is not there says so."""
    Path("hollow").mkdir()
    assert refusal(run(SERVE, "--port", 0, name), 1).startswith(f"{name or 'catalog'}: ")


@NOT_ROOT
def test_an_unreadable_folder_is_one_line_and_status_1():
    """A folder that may not be read says so."""
    Path("closed").mkdir(mode=0)
    assert refusal(run(SERVE, "--port", 0, "closed"), 1) == "closed: cannot be read: Permission denied"


def test_every_problem_of_a_catalog_is_a_line():
    """Several problems are several lines, in ``serve`` as in ``check``; nothing is served."""
    put("c.yaml", "images:\n- {id: a, min_disk: x}\n- {id: b, protected: x}\n- {id: c, min_disk: 0}\n")
    checked = run(CHECK, "c.yaml")
    served = run(SERVE, "--port", 0, "c.yaml")
    assert (checked.returncode, served.returncode, served.stdout) == (1, 1, "")
    assert checked.stdout == served.stderr
    assert [line.split(": ")[0] for line in checked.stdout.splitlines()] == ["c.yaml:2", "c.yaml:3", "c.yaml:4"]


# --- check ----------------------------------------------------------------------------------------


def test_check_says_when_nothing_is_wrong():
    """A clean catalog is one line with its name and size, and status 0."""
    for arguments, line in (
        ((), "default: 63 images, no problems\n"),
        (("document-sample", "empty"), "document-sample, empty: 3 images, no problems\n"),
    ):
        done = run(CHECK, *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, line, "")


def test_check_counts_one_image_as_one():
    """One image is no images."""
    put("c.yaml", "images: [{name: a}]")
    assert run(CHECK, "c.yaml").stdout == "c.yaml: 1 image, no problems\n"


def test_check_prints_warnings_and_passes():
    """What is only odd is printed and no error, for a bundled catalog too."""
    put("c.yaml", "images:\n- id: a\n  min_disk: 0\n")
    done = run(CHECK, "c.yaml", "edge-cases")
    first, *rest = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert first == "c.yaml:3: images[0].min_disk: warning: 0 is not 1 to 1024 GB"
    assert rest
    assert all(re.match(r"edge-cases:\d+: images\[\d+\]\.\w+: warning: ", line) for line in rest)


def test_catalogs_come_from_the_variable_too():
    """``IMS_MOCK_CATALOG`` separates them by commas; arguments win."""
    for value, name in (("empty", "empty"), (" empty , document-sample,", "empty, document-sample"), ("", "default")):
        assert run(CHECK, IMS_MOCK_CATALOG=value).stdout.startswith(f"{name}: ")
    assert run(CHECK, "empty", IMS_MOCK_CATALOG="default").stdout == "empty: 0 images, no problems\n"


def test_a_variable_without_a_catalog_is_as_good_as_none():
    """A lone comma names nothing."""
    assert run(CHECK, IMS_MOCK_CATALOG=",").stdout.startswith("default: ")


# --- generate -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_generated_images_make_a_clean_catalog(form):
    """What ``generate`` writes, ``check`` finds nothing odd about; the same seed gives the same bytes."""
    arguments, name = (GENERATE, "--count", 60, "--seed", 7, "--format", form), f"generated.{form}"
    done = run(*arguments)
    assert run(*arguments, "--output", name).stdout == ""
    assert Path(name).read_bytes() == done.stdout.encode()
    assert run(CHECK, name).stdout == f"{name}: 60 images, no problems\n"
    loaded = load([Path(name)])
    assert (len(loaded.catalog), loaded.credentials.default_project) == (60, DEFAULT_PROJECT)


def test_both_formats_hold_the_same():
    """The format changes nothing but the writing, and the images are those that ``serve`` would generate."""
    for form in ("yaml", "json"):
        run(GENERATE, IMS_MOCK_COUNT="25", IMS_MOCK_SEED="3", IMS_MOCK_FORMAT=form, IMS_MOCK_OUTPUT=f"g.{form}")
    loaded = (load([Path("g.yaml")]), load([Path("g.json")]), load(["empty"], generate=25, seed=3))
    from_yaml, from_json, direct = ([(image.shown(), image.members) for image in one.catalog] for one in loaded)
    assert len(direct) == 25
    assert from_yaml == from_json == direct


def test_generated_values_are_set():
    """Flags, repeated, and the lines of the variable fix values of every image."""
    given = (
        "--set",
        "__platform=CentOS",
        "--set",
        "tags=a=b,c",
        "--set",
        "protected=true",
        "--set",
        "name=with = sign",
    )
    loaded = json.loads(run(GENERATE, "--count", 5, "--format", "json", *given).stdout)["images"]
    assert len(loaded) == 5
    for image in loaded:
        assert (image["__platform"], image["tags"], image["protected"]) == ("CentOS", ["a=b", "c"], True)
        assert image["name"] == "with = sign"
        assert image["__os_version"].startswith("CentOS")
    by_variable = run(
        GENERATE, "--format", "json", IMS_MOCK_SET="min_disk=77\nname=two words\n", IMS_MOCK_COUNT="2"
    ).stdout
    found = [(image["min_disk"], image["name"]) for image in json.loads(by_variable)["images"]]
    assert found == [(77, "two words")] * 2


def test_generated_images_belong_to_a_project():
    """``--project`` owns the private ones, and is the catalog's."""
    catalog = json.loads(run(GENERATE, "--count", 40, "--format", "json", "--project", "mine").stdout)
    assert catalog["project"] == "mine"
    assert "mine" in {image["owner"] for image in catalog["images"]}


def test_no_images_are_a_catalog_too():
    """A count of zero writes an empty catalog."""
    put("none.yaml", run(GENERATE, "--count", 0).stdout)
    assert run(CHECK, "none.yaml").stdout == "none.yaml: 0 images, no problems\n"


@pytest.mark.parametrize("path", ["no/folder/file.yaml", "."])
def test_a_file_that_cannot_be_written_is_one_line(path):
    """The line names the file and the reason."""
    assert f"cannot write {path}: " in refusal(run(GENERATE, "--output", path), 1)


# --- openapi --------------------------------------------------------------------------------------


def test_the_openapi_document_is_printed():
    """As an emulator with these settings shows it."""
    app = make_app("empty", profile="glance", auth="on")
    assert run("openapi", "--profile", "glance", "--auth", "on").stdout == in_process(app)("/openapi.json").text
    assert not [path for path in json.loads(run("openapi", "--control", "off").stdout)["paths"] if "_ims" in path]


def test_the_openapi_document_is_written_to_a_file(tmp_path):
    """Where one is named."""
    done = run("openapi", "--output", "ims.json")
    assert (done.stdout, done.returncode) == ("", 0)
    assert (tmp_path / "ims.json").read_text() == run("openapi").stdout
    assert "cannot write" in refusal(run("openapi", "--output", "no/such/folder"), 1)


def test_the_openapi_document_of_an_unknown_profile_is_refused():
    """With what is legal."""
    line = refusal(run("openapi", "--profile", "nova"), 2)
    assert line == "ims-mock: unknown profile 'nova'; legal are documented and glance"


# --- fields ---------------------------------------------------------------------------------------


def test_fields_are_printed_as_a_table():
    """All 32 parameters, those of the newer list, then all 61 fields, a line each, in columns."""
    done = run("fields")
    parameters, cloudimages, fields = done.stdout.split("\n\n")
    assert (done.returncode, done.stderr) == (0, "")
    for table, rows in ((parameters, PARAMETERS), (cloudimages, CLOUDIMAGES.extras)):
        assert [line.split()[0] for line in table.splitlines()] == ["parameter", *(one.name for one in rows)]
    assert [line.split()[0] for line in fields.splitlines()] == ["field", *(one.name for one in FIELDS)]
    assert (len(PARAMETERS), len(FIELDS)) == (32, 61)
    assert not any(line.endswith(" ") for line in done.stdout.splitlines())


def test_fields_are_printed_as_json():
    """The same rows as objects, each with its evidence."""
    found = json.loads(run("fields", "--format", "json").stdout)
    assert [one["parameter"] for one in found["parameters"]] == [one.name for one in PARAMETERS]
    assert [one["parameter"] for one in found["cloudimages"]] == [one.name for one in CLOUDIMAGES.extras]
    assert [one["field"] for one in found["fields"]] == [one.name for one in FIELDS]
    assert all(one["evidence"] for table in found.values() for one in table)


def test_fields_are_printed_as_markdown():
    """The same rows as three tables, names in backticks, every row as wide as its head."""
    tables = run("fields", IMS_MOCK_FORMAT="markdown").stdout.rstrip().split("\n\n")
    for table, rows in zip(tables, (PARAMETERS, CLOUDIMAGES.extras, FIELDS), strict=True):
        head, rule, *lines = table.splitlines()
        assert [re.match(r"\| `(\S+)` \|", line)[1] for line in lines] == [row.name for row in rows]
        assert {len(re.findall(r"(?<!\\)\|", line)) for line in (head, rule, *lines)} == {head.count("|")}


# --- serve ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "images", "name"),
    [((), 63, "default"), (("empty",), 0, "empty"), (("document-sample", "empty"), 3, "document-sample, empty")],
)
def test_serve_says_one_line_when_it_is_ready(arguments, images, name):
    """The line is the documented one, comes when requests are answered, and nothing else is ever printed."""
    with serving(*arguments, "--port", "0") as server:
        plural = "" if images == 1 else "s"
        assert server.line == (
            f"ims-mock {__version__}: {images} image{plural} ({name}) on http://127.0.0.1:{server.port}\n"
        )
        status, headers, body = server.ask("/v2/images?limit=2")
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert len(json.loads(body)["images"]) == min(images, 2)
        assert server.stopped() == ""


@pytest.mark.parametrize(
    ("given", "modules"),
    [((), set()), (("--watch",), {"reloader"})],
    ids=len,
)
def test_a_start_imports_only_what_is_asked_for(given, modules):
    """What most starts do without costs them nothing."""
    put("c.yaml", "{}")
    with serving("c.yaml", *given, PYTHONPROFILEIMPORTTIME="1") as server:
        imported = set(re.findall(r"ims_mock\.[\w.]*?(\w+)$", server.stopped(), re.MULTILINE))
    without = {"generator", "signature", "reloader"}
    assert imported & without == modules


def test_one_image_is_one():
    """The ready line counts as people do."""
    put("c.yaml", "images: [{id: a}]")
    with serving("c.yaml") as server:
        assert server.line == f"ims-mock {__version__}: 1 image (c.yaml) on {server.url}\n"


def test_warnings_of_a_served_catalog_go_to_standard_error():
    """They precede the ready line and hinder nothing; a bundled catalog's are known."""
    put("c.yaml", "images:\n- id: a\n  min_disk: 0\n")
    with serving("c.yaml", "edge-cases") as server:
        assert server.ask()[0] == 200
        assert server.stopped() == "c.yaml:3: images[0].min_disk: warning: 0 is not 1 to 1024 GB\n"


@LINUX
def test_serve_listens_on_ipv6():
    """An IPv6 address stands in brackets in the URL."""
    if not Path("/proc/net/if_inet6").exists() or not Path("/proc/net/if_inet6").read_text():
        pytest.skip("this machine has no IPv6")
    with serving("empty", "--host", "::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert server.ask()[0] == 200
        assert run(HEALTH, "--host", "::1", "--port", server.port).returncode == 0


def images_of(server):
    """Count the images of the ready line."""
    return server.images


def gold_ids(server):
    """List the public images of the service."""
    return sorted(server.ids("__imagetype=gold&limit=1000"))


def error_type(server):
    """Give the media type of an error."""
    return server.ask("/v2/images?limit=x")[1]["Content-Type"].split(";")[0]


def threads_of(server):
    """Count the threads beside the main one."""
    return int(re.search(r"Threads:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())[1]) - 1


def kept_requests(server):
    """Tell how many of three requests are kept."""
    for _ in range(3):
        server.ask("/versions")
    return len(json.loads(server.ask("/_ims/requests")[2])["requests"])


def kept_bytes(server):
    """Give how much comes back of three bytes that were uploaded."""
    created = server.ask("/v2/images", "POST", "{}", **{"Content-Type": "application/json"})[2]
    path = json.loads(created)["file"]
    assert server.ask(path, "PUT", "abc", **{"Content-Type": "application/octet-stream"})[0] == 204
    return len(server.ask(path)[2])


def private_ids(server):
    """List the private images that a caller without credentials sees."""
    return sorted(server.ids("__imagetype=private&limit=1000"))


def logged(server):
    """Give what one request leaves in the log: how many lines, and whether they are JSON."""
    assert server.ask("/v2/images?limit=1")[0] == 200
    lines = server.stopped().splitlines()
    return len(lines), [line.startswith("{") for line in lines[:1]]


def status_of_a_slip(server):
    """Ask with a parameter that the document does not name."""
    return server.ask("/v2/images?imagetype=gold")[0]


def statuses(server):
    """Ask three times."""
    return [server.ask()[0] for _ in range(3)]


def link_host(server):
    """Give the host to which the identity service leads a client of a proxy."""
    (link,) = json.loads(server.ask("/v3", **{"X-Forwarded-Host": "proxy.test"})[2])["version"]["links"]
    return urlsplit(link["href"]).hostname


def common_name(server):
    """Give the name in the certificate that is shown."""
    connection = server.connection()
    connection.connect()
    try:
        return dict(pair for (pair,) in connection.sock.getpeercert()["subject"])["commonName"]
    finally:
        connection.close()


def images_after_a_change(server):
    """Put an image into the empty catalog that is served, and count those listed after a while."""
    assert server.ids() == []
    put("empty.yaml", "images: [{id: a}]")
    end = time.monotonic() + 3
    while not (found := server.ids()) and time.monotonic() < end:
        time.sleep(0.05)
    return len(found)


TEAM_B = "aa51716fa0fb470cb45fb2a22b18a9a9"
MORE = ("--generate", "30")
INFO = ("--log-level", "info")
THROTTLED = [200, 200, 429]
EFFECTS = {
    # setting: arguments besides, how it shows, then two values, each with what it shows
    "host": ((), lambda server: server.host, ("localhost", "127.0.0.1"), ("127.0.0.2", "127.0.0.2")),
    "generate": ((), images_of, ("5", 68), ("0", 63)),
    "seed": (MORE, gold_ids, ("1", "gold"), ("2", "gold")),
    "profile": ((), error_type, ("glance", "text/plain"), ("documented", "application/json")),
    "auth": ((), lambda server: server.ask()[0], ("on", 401), ("off", 200)),
    "throttle": ((), statuses, ("2/3600", THROTTLED), ("", [200, 200, 200])),
    "forwarded": ((), link_host, ("on", "proxy.test"), ("off", "127.0.0.1")),
    "project": ((), private_ids, (TEAM_B, "private"), (DEFAULT_PROJECT, "private")),
    "keep-data": ((), kept_bytes, ("3", 3), ("2", 0)),
    "journal": ((), kept_requests, ("2", 2), ("0", 0)),
    "findings": ((), status_of_a_slip, ("strict", 400), ("warn", 200)),
    "findings-ignore": (("--findings", "strict"), status_of_a_slip, ("undocumented-parameter", 200), ("", 400)),
    "control": ((), lambda server: server.ask("/_ims/health")[0], ("off", 404), ("on", 200)),
    "read-only": ((), lambda server: server.ask("/_ims/reset", "POST")[0], ("on", 403), ("off", 204)),
    "threads": ((), threads_of, ("3", 3), ("1", 1)),
    "watch": (("empty.yaml",), images_after_a_change, ("on", 1), ("off", 0)),
    "log-level": ((), logged, ("info", (1, [False])), ("warning", (0, []))),
    "log-format": (INFO, logged, ("json", (1, [True])), ("text", (1, [False]))),
}


def test_every_option_of_serve_has_an_effect():
    """No setting is without its row here."""
    assert {*EFFECTS, "CATALOG", "port", "tls-cert", "tls-key"} == {
        option.flag.removeprefix("--") for option in OPTIONS if SERVE in option.commands
    }


def expected(name, value, effect):
    """Give what an option's value should show; of images, those that an application in this process lists."""
    if effect not in ("gold", "private"):
        return effect
    options = {"generate": 30, "seed": int(value)} if name == "seed" else {"project": value}
    listed = in_process(make_app("default", **options))(f"/v2/images?__imagetype={effect}&limit=1000").ids
    assert listed
    return sorted(listed)


@LINUX
@pytest.mark.parametrize("name", EFFECTS)
def test_an_option_of_serve_is_set_by_variable_and_by_flag(name):
    """The variable counts, and the flag wins over it."""
    (setting,) = (one for one in OPTIONS if one.flag == f"--{name}")
    more, observe, by_variable, by_flag = EFFECTS[name]
    put("empty.yaml", "{}")
    environment = {"IMS_MOCK_PORT": "0", setting.variable: by_variable[0]}
    given = [setting.flag, by_flag[0]]
    if setting.is_switch:
        given = [setting.flag if by_flag[0] == "on" else f"--no-{setting.name}"]
    processes = started(*more, **environment), started(*more, *given, **environment)
    try:
        first, second = map(Server, processes)
        assert observe(first) == expected(name, *by_variable)
        assert observe(second) == expected(name, *by_flag)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_the_port_is_set_by_variable_and_by_flag():
    """The variable counts, and the flag wins over it."""
    one, other = free_port(), free_port()
    with serving("empty", IMS_MOCK_PORT=str(one)) as server:
        assert server.port == one
    with serving("empty", "--port", other, IMS_MOCK_PORT=str(one)) as server:
        assert server.port == other


def test_certificate_and_key_are_set_by_variable_and_by_flag():
    """The variables count, and the flags win over them."""
    environment = {"IMS_MOCK_TLS_CERT": CERT, "IMS_MOCK_TLS_KEY": KEY}
    with serving("empty", **environment) as server:
        assert common_name(server) == "emulator"
    with serving("empty", "--tls-cert", OTHER_CERT, "--tls-key", OTHER_KEY, **environment) as server:
        assert common_name(server) == "other-emulator"


def test_a_port_is_free_again_at_once():
    """A server that had connections leaves no port behind that its successor could not take."""
    port = free_port()
    for _ in range(2):
        with serving("empty", "--port", port) as server:
            assert server.ask()[0] == 200
            server.stopped()


BUSY = [
    (("--host", "127.0.0.1"), "already in use"),
    (("--host", "localhost"), "already in use"),
]


@pytest.mark.parametrize(("arguments", "words"), BUSY)
def test_a_busy_port_is_one_line_and_status_1(arguments, words):
    """The line names address, port and reason, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal(run(SERVE, "--port", port, *arguments), 1)
    assert line.startswith(f"ims-mock: cannot listen on {arguments[1]} port {port}: ")
    assert words in line
    assert line.endswith("use another --host or --port")


@pytest.mark.parametrize(("option", "value"), [("--profile", "foo"), ("--throttle", "5")])
def test_a_wrong_call_is_one_whoever_has_the_port(option, value):
    """What the caller got wrong is told first, with status 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = refusal(run(SERVE, "--port", taken.getsockname()[1], option, value), 2)
    assert f"unknown {option.removeprefix('--')} {value!r}" in line


@pytest.mark.parametrize("host", ["203.0.113.1", "nowhere.invalid", "x" * 300, "a\nb", "..", "\udcff"])
def test_an_address_that_is_not_ours_is_one_line_and_status_1(host):
    """Another machine's address, or no address at all, is refused like a busy port."""
    assert "cannot listen on " in refusal(run(SERVE, "--port", 0, "--host", host), 1)


# --- ending ---------------------------------------------------------------------------------------


def idle(server, stack):
    """Leave the server alone."""


def kept_alive(server, stack):
    """Keep ten answered connections open."""
    for _ in range(10):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/v2/images?limit=1")
        assert connection.getresponse().read()
        stack.append(connection)


def half_asked(server, stack):
    """Send half a request."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(b"GET /v2/images HTTP/1.1\r\nHost: ")
    stack.append(connection)


def seconds_to_end(process, number):
    """Send a signal and wait for the end, which comes with status 0 and without a word."""
    begun = time.monotonic()
    process.send_signal(number)
    assert process.wait(10) == 0
    took = time.monotonic() - begun
    assert process.communicate() == ("", "")
    return took


ENDING = [
    pytest.param(number, state, id=f"{number.name}-{state.__name__}")
    for number, states in ((signal.SIGTERM, (idle, kept_alive, half_asked)), (signal.SIGINT, (idle, kept_alive)))
    for state in states
]
LOADING = [(signal.SIGTERM, stage) for stage in ("opening", "reading", "generating")] + [(signal.SIGINT, "reading")]


@POSIX
@pytest.mark.parametrize(("number", "state"), ENDING)
def test_a_signal_ends_serve_within_a_second(number, state):
    """Whatever its connections do; a busy machine gets two more tries."""
    for is_last in (False, False, True):
        connections = []
        with serving("empty") as server:
            state(server, connections)
            took = seconds_to_end(server.process, number)
        for connection in connections:
            connection.close()
        if took < 1:
            return
        assert not is_last, f"it took {took:.2f} seconds"


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_that_come_again_are_as_quiet(number):
    """Whatever the end of the process has come to when they come."""
    for pause in (0, 0.001, 0.002, 0.004, 0.008):
        with serving("empty") as server:
            server.process.send_signal(number)
            while server.process.poll() is None:
                time.sleep(pause)
                server.process.send_signal(number)
            assert (server.process.returncode, *server.process.communicate(timeout=10)) == (0, "", "")


def unread(pipe):
    """Count the bytes that nobody has read, once no more come."""
    counts = [0, -1]
    while counts[-1] <= 0 or counts[-1] != counts[-2]:
        time.sleep(0.3)
        count = array("i", [0])
        fcntl.ioctl(pipe, termios.FIONREAD, count)
        counts.append(count[0])
    return counts[-1]


@POSIX
def test_a_signal_ends_serve_when_nobody_reads_its_errors():
    """A faulty catalog has more to say than a pipe takes in."""
    Path("faulty.yaml").write_text("images:\n" + "- {min_disk: wrong}\n" * 3000)
    process = started("faulty.yaml", IMS_MOCK_PORT="0", PYTHONUNBUFFERED="")
    try:
        assert unread(process.stderr) > 4096
        assert process.poll() is None
        process.terminate()
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.communicate()


@POSIX
def test_a_signal_ends_serve_when_nobody_reads_its_log():
    """Each request waits to be told, until there is nobody left to answer."""
    with serving("empty", "--log-level", "info", "--threads", 2, PYTHONUNBUFFERED="") as server:
        connections = [server.connection() for _ in range(3)]
        with suppress(TimeoutError):
            for number in range(1500):
                connections[number % 3].timeout = 1
                connections[number % 3].request("GET", f"/v2/images?name={'x' * 400}")
                connections[number % 3].getresponse().read()
            raise AssertionError("everything was read")
        server.process.terminate()
        assert server.process.wait(5) == 0
        for connection in connections:
            connection.close()


MANY = b"images:\n" + b"- {name: x, tags: [a, b, c]}\n" * 100_000


@POSIX
@pytest.mark.parametrize(("number", "stage"), LOADING)
def test_a_signal_ends_serve_while_it_loads(number, stage):
    """A big catalog is given up at once, wherever loading is; a busy machine gets two more tries."""
    os.mkfifo("big.yaml")
    for is_last in (False, False, True):
        process = started("big.yaml", "--generate", "3000000", IMS_MOCK_PORT="0")
        try:
            with open("big.yaml", "wb") as pipe:  # opens once loading has begun
                if stage == "opening":
                    took = seconds_to_end(process, number)
                elif stage == "reading":
                    pipe.write(MANY)
            if stage != "opening":
                time.sleep(0.3)
                took = seconds_to_end(process, number)
        finally:
            process.kill()
            process.communicate()
        if took < 1:
            return
        assert not is_last, f"it took {took:.2f} seconds"


@POSIX
def test_two_servers_that_start_at_once_do_not_share_a_port():
    """When both have bound it before either listens, the later one gives up in one line."""
    port = free_port()
    names = ("one.yaml", "two.yaml")
    processes = []
    for name in names:
        os.mkfifo(name)
        processes.append(started(name, "--port", port))
    try:
        pipes = [open(name, "wb") for name in names]  # opens once each has bound  # noqa: SIM115 - closed below
        pipes[0].close()
        first = Server(processes[0])
        pipes[1].close()
        output, errors = processes[1].communicate(timeout=20)
        assert first.ask()[0] == 200
        assert (processes[1].returncode, output) == (1, "")
        assert "Traceback" not in errors
        assert re.fullmatch(rf"ims-mock: cannot listen on \S+ port {port}: .*in use.*\n", errors)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


# --- healthcheck ----------------------------------------------------------------------------------


def test_healthcheck_asks_a_running_server():
    """It finds the server by the environment that ``serve`` has, by flags or by URL, and prints its answer."""
    with serving() as server:
        port = str(server.port)
        for done in (
            run(HEALTH, IMS_MOCK_PORT=port),
            run(HEALTH, IMS_MOCK_PORT=port, IMS_MOCK_HOST="0.0.0.0"),
            run(HEALTH, "--port", port, IMS_MOCK_PORT="1"),
            run(HEALTH, IMS_MOCK_URL=server.url, IMS_MOCK_PORT="1"),
            run(HEALTH, "--url", server.url + "/", IMS_MOCK_URL="http://127.0.0.1:1"),
        ):
            assert (done.returncode, done.stderr) == (0, "")
            answer = json.loads(done.stdout)
            assert (answer["status"], answer["images"]) == ("ok", 63)


def test_healthcheck_asks_over_https():
    """It takes any certificate, and finds the server by the environment that ``serve`` has, or by URL."""
    environment = {"IMS_MOCK_TLS_CERT": CERT, "IMS_MOCK_TLS_KEY": KEY, "IMS_MOCK_HOST": "0.0.0.0"}
    with serving(**environment) as server:
        port = str(server.port)
        for done in (
            run(HEALTH, IMS_MOCK_PORT=port, **environment),
            run(HEALTH, "--tls-cert", CERT, "--port", port),
            run(HEALTH, "--url", f"https://localhost:{port}"),
        ):
            assert (done.returncode, done.stderr) == (0, "")
            assert json.loads(done.stdout)["images"] == 63
        assert "does not answer: " in refusal(run(HEALTH, "--port", port), 1)


def test_healthcheck_asks_no_proxy():
    """Containers are told of proxies that know nothing of what runs inside them."""
    with serving("empty") as server:
        dead = "http://127.0.0.1:1"
        done = run(HEALTH, "--port", server.port, http_proxy=dead, https_proxy=dead, all_proxy=dead)
        assert (done.returncode, done.stderr) == (0, "")


def test_healthcheck_knows_a_server_without_control():
    """A server that hides its control paths answers all the same."""
    with serving("empty", "--control", "off") as server:
        done = run(HEALTH, "--port", server.port)
        assert (done.returncode, done.stdout) == (0, f"{server.url} answers with 404\n")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://", "http://[::1", "file:///etc", ""])
def test_healthcheck_of_a_dead_server_is_one_line_and_status_1(url):
    """A refused connection and a URL that is none end alike."""
    done = run(HEALTH, "--url", url, "--port", 1)
    assert f"{url or 'http://127.0.0.1:1'} does not answer: " in refusal(done, 1)


class _Failing(BaseHTTPRequestHandler):
    """Answers as its server's mood says."""

    protocol_version = "HTTP/1.0"

    def do_GET(self):
        """Answer one request."""
        if self.server.mood == "broken":
            self.send_error(503)
        elif self.server.mood == "chatty":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")
        elif self.server.mood == "rude":
            self.wfile.write(b"\0\0\0 what?\r\n\r\n")
        else:
            self.server.patience.wait(10)

    def log_message(self, *_):
        """Keep quiet."""


@pytest.mark.parametrize("mood", ["broken", "chatty", "rude", "silent"])
def test_healthcheck_of_another_server_is_status_1(mood):
    """A server that fails, talks of something else, no HTTP or not at all is not well; and nobody waits for long."""
    other = HTTPServer(("127.0.0.1", 0), _Failing)
    other.mood, other.patience = mood, threading.Event()
    thread = threading.Thread(target=other.handle_request)
    thread.start()
    try:
        begun = time.monotonic()
        done = run(HEALTH, "--port", other.server_port)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert len((done.stdout + done.stderr).splitlines()) == 1
        assert time.monotonic() - begun < 15
    finally:
        other.patience.set()
        thread.join()
        other.server_close()


# --- report ---------------------------------------------------------------------------------------


def test_report_tells_what_a_running_server_was_asked(tmp_path):
    """And what never, in each format; found as ``healthcheck`` finds it, sandboxes included, and written to a file."""
    with serving("empty") as server:
        server.ask("/v2/images?status=active")
        box = requests.post(f"{server.url}/_ims/sandboxes", timeout=10).json()
        requests.get(f"{box['url']}/v2/images?status=queued", timeout=10)
        text = run(REPORT, IMS_MOCK_PORT=str(server.port))
        assert (text.returncode, text.stderr) == (0, "")
        assert re.match(r"6 of \d+ covered ", text.stdout)
        assert "values: status=saving, deleted, killed; " in text.stdout
        says = json.loads(run(REPORT, "--url", server.url + "/", "--format", "json").stdout)
        assert says == requests.get(f"{server.url}/_ims/coverage", timeout=10).json()
        done = run(REPORT, "--port", server.port, "--format", "markdown", "--output", tmp_path / "report.md")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert (tmp_path / "report.md").read_text().count("| `values` | 2 of 56 | ") == 1
        inside = json.loads(run(REPORT, "--url", box["url"], "--format", "json").stdout)
        assert Coverage.read(inside).covered("values") == ("status=queued",)
        wrong = run(REPORT, "--url", server.url, "--output", tmp_path / "absent" / "report")
        assert "cannot write " in refusal(wrong, 1)


def test_report_wants_a_server_with_control_paths():
    """Without them nobody can tell."""
    with serving("empty", "--control", "off") as server:
        line = refusal(run(REPORT, "--url", server.url), 1)
        assert f"{server.url} answers with 404; legal is a running ims-mock with control paths" in line


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://[::1"])
def test_report_of_a_dead_server_is_one_line_and_status_1(url):
    """A refused connection and a URL that is none end alike."""
    line = refusal(run(REPORT, "--url", url), 1)
    assert f"{url} does not tell: " in line
    assert line.endswith("; legal is a running ims-mock with control paths")


@pytest.mark.parametrize("mood", ["broken", "chatty", "rude", "else"])
def test_report_of_another_server_is_one_line_and_status_1(mood):
    """One that fails, talks of something else, or no HTTP."""
    other = HTTPServer(("127.0.0.1", 0), _Failing)
    other.mood, other.patience = mood, threading.Event()
    other.patience.set()
    thread = threading.Thread(target=other.handle_request)
    thread.start()
    try:
        line = refusal(run(REPORT, "--port", other.server_port), 1)
        assert f"http://127.0.0.1:{other.server_port} " in line
    finally:
        thread.join()
        other.server_close()


def test_report_knows_its_formats():
    """Another one is a wrong call."""
    assert "--format yaml is unknown; legal are table, json, markdown" in refusal(run(REPORT, "--format", "yaml"), 2)


# --- output ---------------------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize(
    "arguments",
    [("generate", "--count", "300"), ("fields", "--format", "json"), ("check", "edge-cases"), ("--help",), ("serve",)],
    ids=lambda arguments: arguments[0],
)
def test_output_into_a_closed_pipe_ends_quietly(arguments):
    """A reader that goes away early, as ``head -1`` does, gets no traceback thrown after it."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env={**CLEAN, "IMS_MOCK_PORT": "0"},
        stdout=writing,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    os.close(writing)
    os.close(reading)
    try:
        with suppress(subprocess.TimeoutExpired):  # serve may go on without a reader
            process.wait(2 if arguments[0] == "serve" else 20)
    finally:
        process.terminate()
        errors = process.communicate(timeout=10)[1]
    assert "Traceback" not in errors
    assert "Exception" not in errors


@LINUX
@pytest.mark.parametrize(
    "arguments", [("generate",), ("fields",), ("check", "empty")], ids=lambda arguments: arguments[0]
)
def test_output_onto_a_full_disk_is_one_line_and_status_1(arguments):
    """What cannot be written is said in a line."""
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, *arguments], env=CLEAN, stdout=full, stderr=subprocess.PIPE, encoding="utf-8")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert re.fullmatch("ims-mock: .*[Nn]o space left on device.*\n", done.stderr)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_output_is_utf_8_whatever_the_terminal_is(encoding):
    """Chinese names pass through a terminal or pipe that knows none."""
    done = run(GENERATE, "--count", 60, "--format", "json", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert any(not image["name"].isascii() for image in json.loads(done.stdout)["images"])
    put("c.yaml", "images: [{id: a, name: 镜像🚀}]")
    done = run(CHECK, "c.yaml", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr, "'镜像🚀'" in done.stdout) == (0, "", True)


def on_a_terminal(process, terminal, until, seconds):
    """Collect what a process writes on a terminal until something is seen."""
    seen, end = "", time.monotonic() + seconds
    while until not in seen and time.monotonic() < end and process.poll() is None:
        if select.select([terminal], [], [], 0.1)[0]:
            with suppress(OSError):  # the other side is closed
                seen += os.read(terminal, 4096).decode()
    return seen


@POSIX
def test_a_terminal_is_shown_how_far_long_loading_is():
    """After a second a bar appears on standard error, and standard output stays the ready line's."""
    terminal, inner = os.openpty()
    process = subprocess.Popen(
        [*COMMAND, SERVE, "empty", "--port", "0", "--generate", "3000000"],
        env={**CLEAN, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=inner,
        encoding="utf-8",
    )
    os.close(inner)
    begun = time.monotonic()
    try:
        seen = on_a_terminal(process, terminal, "%", 20)
        assert time.monotonic() - begun > 1
        assert re.search(r"building images +\[[#-]+\] +\d+%", seen)
        process.terminate()
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
        assert "Traceback" not in on_a_terminal(process, terminal, "Traceback", 0.2)
    finally:
        process.kill()
        process.communicate()
        os.close(terminal)


@POSIX
def test_a_terminal_is_shown_nothing_when_loading_is_short():
    """Nobody sees a bar for what takes no second."""
    terminal, inner = os.openpty()
    process = subprocess.Popen(
        [*COMMAND, SERVE, "empty", "--port", "0"],
        env={**CLEAN, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=inner,
        encoding="utf-8",
    )
    os.close(inner)
    try:
        assert READY.fullmatch(process.stdout.readline())
        assert on_a_terminal(process, terminal, "%", 0.2) == ""
    finally:
        process.kill()
        process.communicate()
        os.close(terminal)


def test_a_pipe_is_shown_no_progress():
    """Where standard error is no terminal, long loading is silent."""
    with serving("empty", "--generate", "25000") as server:
        assert server.images == 25_000
        assert server.stopped() == ""
