"""Every setting, one row each: name, default, environment variable, flag and help.

The command line, its environment variables and the README's table of settings are made from these rows.
"""

from __future__ import annotations

from typing import Final, NamedTuple

PREFIX: Final = "IMS_MOCK_"
SERVE, CHECK, GENERATE, FIELDS, OPENAPI = "serve", "check", "generate", "fields", "openapi"
REPORT, HEALTH = "report", "healthcheck"


class Setting(NamedTuple):
    """One setting of the command line.

    Attributes:
        name: as in the flag ``--name`` and the variable ``IMS_MOCK_NAME``.
        about: one sentence for people; units included.
        commands: the commands that know it.
        default: what counts when it is not given; ``None`` when it must be given.
        choices: the legal values, when they are few.
        bounds: the legal numbers, smallest and largest, when it is a whole number.
        metavar: what stands for its value in the help.
        repeats: whether the flag may be given several times.
        is_switch: whether the flag is given alone, with ``--no-name`` as its opposite; the variable is ``on`` or ``off``.
    """

    name: str
    about: str
    commands: tuple[str, ...] = (SERVE,)
    default: str | int | None = ""
    choices: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    metavar: str = "TEXT"
    repeats: bool = False
    is_switch: bool = False

    @property
    def flag(self) -> str:
        """The flag on the command line."""
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable; the flag wins over it."""
        return PREFIX + self.name.upper().replace("-", "_")


MAX_GENERATED: Final = 10_000_000
"""The most images that are generated at once."""

KEPT_BYTES: Final = 16 * 2**20
"""How much of the data of one image is kept, unless told."""

JOURNAL_ENTRIES: Final = 1000
"""How many requests the journal keeps, unless told."""

LENIENT, WARN, STRICT = MODES = ("lenient", "warn", "strict")
"""What becomes of what a client does wrong."""

CATALOG: Final = Setting(
    "catalog", "Bundled names, .yaml or .json files or folders, separated by commas; on the command line as arguments.",
    (SERVE, CHECK), "default", metavar="CATALOG",
)  # fmt: skip
"""The one setting that is given as arguments, not as a flag."""

SETTINGS: Final = (
    Setting("host", "Address to listen on.", (SERVE, REPORT, HEALTH), "127.0.0.1", metavar="ADDRESS"),
    Setting("port", "Port to listen on; 0 for any free one.", (SERVE, REPORT, HEALTH), 9292, bounds=(0, 65_535), metavar="PORT"),
    Setting("tls-cert", "Certificate in PEM, with those between it and its root, to serve HTTPS with; empty for HTTP.", (SERVE, REPORT, HEALTH), metavar="FILE"),
    Setting("tls-key", "Its private key in PEM, without a passphrase.", metavar="FILE"),
    Setting("watch", "Whether catalog files that change are loaded again, within a second; --no-watch wins over the variable.", default="off", is_switch=True),
    Setting("generate", "This many generated images besides the catalog's.", default=0, bounds=(0, MAX_GENERATED), metavar="N"),
    Setting("count", "How many images to write.", (GENERATE,), 10, bounds=(0, MAX_GENERATED), metavar="N"),
    Setting("seed", "What generated images and absent ids are made from.", (SERVE, CHECK, GENERATE), 0, bounds=(0, 2**63 - 1), metavar="S"),
    Setting("profile", "documented or glance, with switches: documented,-registered-only.", (SERVE, OPENAPI), "documented", metavar="PROFILE"),
    Setting("auth", "Whether requests without usable credentials are refused.", (SERVE, OPENAPI), "off", choices=("off", "on")),
    Setting("throttle", "REQUESTS/SECONDS that one address may send, such as 5/10; more are a 429; empty for any number.", metavar="N/S"),
    Setting("forwarded", "Whether X-Forwarded-For, -Proto, -Host, -Port and -Prefix of a proxy are believed.", default="off", choices=("off", "on")),
    Setting("project", "Whose eyes a caller without credentials has; empty leaves it to the catalog.", (SERVE, GENERATE), metavar="ID"),
    Setting("keep-data", "Bytes of one uploaded image file that are kept to be downloaded; longer ones are hashed and thrown away.", default=KEPT_BYTES, bounds=(0, 2**40), metavar="BYTES"),
    Setting("journal", "Requests that the journal keeps, the latest; 0 for none.", default=JOURNAL_ENTRIES, bounds=(0, 1_000_000), metavar="N"),
    Setting("findings", "What becomes of what a client does wrong: the journal keeps it, headers of the answer warn of it as well, or it is a 400.", default=LENIENT, choices=MODES),
    Setting("findings-ignore", "Findings that appear nowhere, by their names, separated by commas.", metavar="NAME,..."),
    Setting("control", "Whether the control paths under /_ims/ exist.", (SERVE, OPENAPI), "on", choices=("on", "off")),
    Setting("read-only", "Whether all that would change something is refused: for replicas that answer alike.", default="off", choices=("off", "on")),
    Setting("threads", "Requests answered at the same time, besides uploads on their way and delays on purpose.", default=8, bounds=(1, 256), metavar="N"),
    Setting("log-level", "What is logged to standard error; info logs a line a request.", default="warning", choices=("debug", "info", "warning", "error")),
    Setting("log-format", "How it is logged.", default="text", choices=("text", "json")),
    Setting("set", "A value that every image gets, the rest follows from it; in the variable one a line.", (GENERATE,), metavar="FIELD=VALUE", repeats=True),
    Setting("format", "How to write: yaml or json (generate); table, json or markdown (fields, report).", (GENERATE, FIELDS, REPORT), metavar="FORMAT"),
    Setting("output", "File to write to; empty for standard output.", (GENERATE, OPENAPI, REPORT), metavar="FILE"),
    Setting("url", "Server to ask; made from host and port when empty.", (REPORT, HEALTH), metavar="URL"),
)  # fmt: skip

_TABLES: Final = ("table", "json", "markdown")

FORMATS: Final = {GENERATE: ("yaml", "json"), FIELDS: _TABLES, REPORT: _TABLES}
"""The formats each command writes, the default first."""


def of(command: str) -> tuple[Setting, ...]:
    """Give the settings of a command."""
    return tuple(setting for setting in SETTINGS if command in setting.commands)
