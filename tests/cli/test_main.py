import json
import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from serving import CLEAN, COMMAND, LINUX, NOT_ROOT, POSIX, free_port, put, refusal, run, run_process, started

from ims_mock import __version__
from ims_mock.cli.main import COMMANDS
from ims_mock.options import FORMATS, OPTIONS

pytestmark = pytest.mark.slow  # starts processes


def test_version_names_the_program():
    done = run_process("--version")
    assert (done.stdout, done.stderr, done.returncode) == (f"ims-mock {__version__}\n", "", 0)


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(flag):
    done = run(flag)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(re.search(rf"^  {command} +\S", done.stdout, re.MULTILINE) for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_names_flags_variables_and_defaults(command):
    done = run(command, "--help")
    shown = " ".join(done.stdout.split()).replace("no- ", "no-")  # a line may end in it
    assert (done.returncode, done.stderr) == (0, "")
    for option in OPTIONS:
        if option.is_argument:
            assert (option.metavar in done.stdout.splitlines()[0]) == (command in option.commands)
        elif command in option.commands:
            assert f" {option.flag} " in shown
            assert f"env var: {option.variable}" in shown
            default = option.flag.replace("--", "no-") if option.default is False else option.shown_default
            assert not default or f"default: {default}" in shown


@pytest.mark.parametrize("command", FORMATS)
def test_help_names_the_formats_of_the_command_only(command):
    shown = " ".join(run(command, "--help").stdout.split())
    assert f"Output format: {', '.join(FORMATS[command])}. " in shown


USAGE = [
    ((), {}, "command"),
    (("bogus",), {}, "No such command 'bogus'. Use one of serve, check, "),
    (("--bogus",), {}, "'--bogus'"),
    (("serve", "--bogus"), {}, "'--bogus'"),
    (("serve", "--prot", "1"), {}, "'--port'"),
    (("serve", "--port"), {}, "'--port' requires an argument"),
    (("serve", "--profile", "foo"), {}, "Invalid profile 'foo'. Use 'documented' or 'glance'."),
    (("serve", "--findings", "loud"), {}, "'loud' is not one of 'lenient', 'warn', 'strict'"),
    (("serve", "--findings-ignore", "old-speling"), {}, "Invalid findings_ignore 'old-speling': no finding "),
    (("serve", "--throttle", "5"), {}, "Invalid throttle '5'. Use REQUESTS/SECONDS such as 5/10."),
    (("serve", "--profile", "documented,-registred-only"), {}, "Did you mean -registered-only?"),
    (("serve", "--tls-cert", "c.pem"), {}, "--tls-cert requires --tls-key"),
    (("serve",), {"IMS_MOCK_TLS_KEY": "k.pem"}, "--tls-key requires --tls-cert"),
    (("serve",), {"IMS_MOCK_WATCH": "maybe"}, "'--watch' (env var: 'IMS_MOCK_WATCH'): 'maybe'"),
    (("generate", "extra"), {}, "extra"),
    (("generate", "--format", "xml"), {}, "Invalid --format 'xml'. Use one of yaml, json."),
    (("generate",), {"IMS_MOCK_FORMAT": "markdown"}, "Use one of yaml, json."),
    (("generate", "--set", "min_disk"), {}, "Invalid --set 'min_disk'. Use FIELD=VALUE."),
    (("generate", "--set", "min_disk=x"), {}, "Invalid --set min_disk: 'x' is not a whole number"),
    (("generate", "--set", "__os_verison=x"), {}, "Did you mean __os_version?"),
    (("generate", "--count", "2", "--set", "id=x"), {}, "Invalid --set 'id=x'"),
    (("fields", "--format", "yaml"), {}, "Use one of table, json, markdown."),
    (("report", "--format", "yaml"), {}, "Use one of table, json, markdown."),
    (("record",), {"IMS_MOCK_URL": "http://127.0.0.1:1"}, "Missing argument 'URL'"),
    (("record", "http://127.0.0.1:1/v2"), {}, "http://127.0.0.1:1/v2 ends in /v2. Use the URL without it."),
    (("record",), {"IMS_MOCK_REMOTE_URL": "nowhere"}, "'nowhere' is not the URL of a service."),
    (("record", "http://127.0.0.1:1", "--query", "limit=5"), {}, "Invalid --query 'limit=5'. Use NAME=VALUE "),
    (("record", "http://127.0.0.1:1"), {"IMS_MOCK_REMOTE_USER": "me"}, "--user requires --password, --domain, --iam."),
    (("openapi", "--profile", "nova"), {}, "Invalid profile 'nova'. Use 'documented' or 'glance'."),
]


@pytest.mark.parametrize(("arguments", "environment", "words"), USAGE, ids=str)
def test_wrong_usage_is_one_line_and_status_2(arguments, environment, words):
    line = refusal(run(*arguments, **environment), 2)
    assert line.startswith("ims-mock: ")
    assert words in line


ARGUMENTS = {"explain": ("",), "record": ("http://127.0.0.1:1",), "verify": ("http://127.0.0.1:1",)}
"""The arguments that commands require."""

BOUNDED = [option for option in OPTIONS if option.bounds]
CHOSEN = [option for option in OPTIONS if option.choices]


@pytest.mark.parametrize("option", BOUNDED, ids=lambda option: option.name)
def test_invalid_numbers_are_rejected_with_the_bounds(option):
    low, high = option.bounds
    command = option.commands[0]
    arguments = ARGUMENTS.get(command, ())
    for value, by_flag in (("abc", True), (low - 1, False), (high + 1, True)):
        given = ((f"{option.flag}={value}",), {}) if by_flag else ((), {option.variable: str(value)})
        done = run(command, *arguments, *given[0], **given[1])
        line = refusal(done, 2)
        assert all(str(part) in line for part in (option.flag, option.variable, value, low, high))


@pytest.mark.parametrize("option", CHOSEN, ids=lambda option: option.name)
def test_invalid_choices_are_rejected_with_the_legal_ones(option):
    command = option.commands[0]
    by_flag = run(command, "argument", option.flag, "maybe")
    by_variable = run(command, "argument", **{option.variable: "maybe"})
    for line in (refusal(by_flag, 2), refusal(by_variable, 2)):
        assert all(f"'{part}'" in line for part in (*option.choices, "maybe", option.flag))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("no/such/file", "its directory does not exist"),
        ("read/write", "its directory does not exist"),
        ("link", "its directory does not exist"),
        (".", "it is a directory"),
        pytest.param("read", "permission denied", marks=NOT_ROOT),
        pytest.param("locked/file", "permission denied", marks=NOT_ROOT),
    ],
)
@pytest.mark.parametrize("option", [one for one in OPTIONS if one.name in ("output", "answers")])
def test_files_that_cannot_be_written_are_found_first(option, path, reason):
    put("read", "old")
    os.chmod("read", 0o400)
    os.mkdir("locked", 0o500)
    os.symlink("no/such/file", "link")
    for command in option.commands:
        line = refusal(run(command, *ARGUMENTS.get(command, ()), option.flag, path), 2)
        assert f"'{option.flag}'" in line
        assert line.endswith(f": cannot write {path}: {reason}")


def test_a_command_that_fails_leaves_its_files_as_they_are():
    put("old", "old")
    arguments = ("record", "http://127.0.0.1:1", "--output", "old", "--answers", "new")
    refusal(run(*arguments), 3)
    assert (Path("old").read_text(), os.path.exists("new")) == ("old", False)


def test_a_bug_is_one_line_and_with_log_level_debug_its_traceback(monkeypatch):
    monkeypatch.setattr("ims_mock.cli.documents.fields_reference", lambda *_: 1 / 0)
    assert refusal(run("fields"), 1).startswith("ims-mock: failed: ZeroDivisionError: ")
    with pytest.raises(ZeroDivisionError):
        run("fields", IMS_MOCK_LOG_LEVEL="debug")


@POSIX
@pytest.mark.parametrize(
    "command", ["generate --count 300", "fields --format json", "check edge-cases", "--help", "serve"]
)
def test_a_closed_pipe_ends_the_output_quietly(command):
    reading, writing = os.pipe()
    with started(*command.split(), command=COMMAND, stdout=writing) as process:
        os.close(writing)
        os.close(reading)
        with suppress(subprocess.TimeoutExpired):  # serve may go on without a reader
            process.wait(2 if command == "serve" else 20)
        assert process.returncode == {"serve": None, "--help": 1}.get(command, 4)
        process.terminate()
        errors = process.communicate(timeout=10)[1]
    assert [word for word in ("Traceback", "Exception") if word in errors] == []


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_output_is_utf_8_on_any_terminal(encoding):
    done = run_process("generate", "--count", 60, "--format", "json", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert any(not image["name"].isascii() for image in json.loads(done.stdout)["images"])
    put("c.yaml", "images: [{id: a, name: 镜像🚀}]")
    done = run_process("check", "c.yaml", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr, "'镜像🚀'" in done.stdout) == (0, "", True)


def redirected(redirections):
    """Return a command whose streams are redirected as a shell does it."""
    return ("sh", "-c", f'exec "$0" "$@" {redirections}', *COMMAND)


def in_shell(command, redirections):
    words = [*redirected(redirections), *command.split()]
    return subprocess.run(words, env=CLEAN, capture_output=True, encoding="utf-8", timeout=60, check=False)


@LINUX
@pytest.mark.parametrize("command", ["generate", "fields", "check empty"])
def test_a_full_disk_is_one_line_and_status_4(command):
    line = refusal(in_shell(command, ">/dev/full"), 4)
    assert re.fullmatch("ims-mock: .*[Nn]o space left on device.*", line)


@POSIX
@pytest.mark.parametrize("command", ["--version", "--help", "generate --count 1", "check", "fields", "schema"])
def test_a_closed_output_is_one_line_and_status_4(command):
    assert refusal(in_shell(command, ">&-"), 4) == "ims-mock: cannot write standard output: it is closed"
    assert in_shell(command, "<&- >&- 2>&-").returncode == 4
    done = in_shell(command, "2>&-")
    assert (done.returncode, done.stdout != "") == (0, True)


@POSIX
def test_a_command_that_writes_a_file_needs_no_streams():
    assert in_shell("generate --count 1 --output new.yaml", "<&- >&- 2>&-").returncode == 0
    assert run("check", "new.yaml").stdout.endswith("(new.yaml): no problems\n")


@POSIX
def test_a_file_that_cannot_be_written_completely_stays_as_it_is():
    put("old.yaml", "old")
    for name in ("old.yaml", "new.yaml"):
        command = ("sh", "-c", 'ulimit -f 1 && exec "$0" "$@"', *COMMAND, "generate", "--output", name)
        done = subprocess.run(command, env=CLEAN, capture_output=True, encoding="utf-8", timeout=60, check=False)
        assert refusal(done, 4) == f"ims-mock: cannot write {name}: File too large"
    assert (os.listdir(), Path("old.yaml").read_text()) == (["old.yaml"], "old")


@POSIX
def test_a_file_that_is_replaced_keeps_its_permissions_and_links_to_it():
    put("old.yaml", "old")
    os.chmod("old.yaml", 0o604)
    os.symlink("old.yaml", "link.yaml")
    assert run("generate", "--output", "link.yaml").returncode == 0
    assert (os.readlink("link.yaml"), os.stat("old.yaml").st_mode & 0o777) == ("old.yaml", 0o604)
    assert run("check", "old.yaml").returncode == 0


@POSIX
def test_a_file_is_written_in_place_if_no_other_can_be_beside_it(monkeypatch):
    os.mkdir("locked")
    put("locked/old.yaml", "old")
    number = os.stat("locked/old.yaml").st_ino
    monkeypatch.setattr("os.access", lambda path, _: Path(path).name != "locked")
    assert run("generate", "--output", "locked/old.yaml").returncode == 0
    assert (run("check", "locked/old.yaml").returncode, os.stat("locked/old.yaml").st_ino) == (0, number)


@LINUX
def test_output_may_be_a_pipe_or_device():
    shown = run("schema").stdout
    assert in_shell("schema --output /dev/stdout", "").stdout == shown
    assert in_shell("schema --output /dev/null", "").returncode == 0
    assert refusal(in_shell("schema --output /dev/full", ""), 4).startswith(
        "ims-mock: cannot write /dev/full: No space"
    )
    os.mkfifo("pipe")
    assert in_shell("schema --output pipe", "& cat pipe").stdout == shown


@POSIX
@pytest.mark.parametrize("redirections", ["2>&-", "<&- >&- 2>&-"])
def test_serve_runs_without_streams(redirections):
    port = free_port()
    put("odd.yaml", "images: [{colour: blue, min_disk: 1}]")
    arguments = ("serve", "odd.yaml", "--port", port, "--log-level", "info")
    with started(*arguments, command=redirected(redirections)) as process:
        for _ in range(200):
            if run_process("healthcheck", "--port", port).returncode == 0:
                break
        process.terminate()
        assert process.wait(10) == 0


@POSIX
def test_control_characters_of_file_names_are_escaped():
    name = "a\x1b[31m\nb\x85\udcff.yaml"
    put(name, "images: [{min_disk: x}]")
    put("good" + name, "{}")
    shown = "a\\x1b[31m\\nb\\x85\\udcff.yaml"
    line, _ = run_process("check", name).stdout.split(" images")
    assert line == f"{shown}:1:"
    assert run_process("check", "good" + name).stdout.endswith(f"(good{shown}): no problems\n")
    for arguments in (("serve", name), ("serve", "no" + name), ("generate", "--output", f"no/{name}")):
        errors = run_process(*arguments).stderr
        assert (shown in errors, errors.count("\n"), "\x1b" in errors) == (True, 1, False)
    with started("good" + name) as process:
        assert f"(good{shown})" in process.stdout.readline()
