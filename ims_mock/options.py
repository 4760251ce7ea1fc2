"""The table of all options: each field of the classes below is one option, and its metadata is the option's row.

Everything that accepts options is derived from the rows: flags, environment variables, the keywords of
:func:`ims_mock.create_app` and :class:`ims_mock.ImsMock`, the pytest marker and ini file, the body of
``POST /_ims/sandboxes`` with its schema, and the reference table. The class of an option says who accepts it in Python.
Names of profiles and findings are validated by their own packages.
"""

import difflib
import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from inspect import Signature, signature
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

PREFIX: Final = "IMS_MOCK_"
REMOTE_PREFIX: Final = f"{PREFIX}REMOTE_"
MAX_GENERATED: Final = 10_000_000
MAX_SEED: Final = 2**63 - 1
SWITCH: Final = ("off", "on")
LENIENT, WARN, STRICT = FINDINGS_MODES = ("lenient", "warn", "strict")

CatalogSource = str | Path | Mapping[str, Any]  # a bundled name, the path of a file or directory, or its content
P = ParamSpec("P")
Instance = TypeVar("Instance")
Method = TypeVar("Method", bound=Callable[..., Any])
Options = TypeVar("Options")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Option:
    """A row of the table."""

    name: str  # keyword in Python; flag, environment variable and ini option are derived from it
    default: Any  # its type is the type of the option
    help: str  # one or more sentences for users, units included
    commands: tuple[str, ...] = ("serve",)  # that have the flag
    choices: tuple[str, ...] = ()  # legal values, if there are few
    bounds: tuple[float, float] | None = None  # smallest and largest number
    metavar: str = "TEXT"  # placeholder of the value in help texts
    is_argument: bool = False  # on the command line, instead of a flag; exactly one if there is no default
    is_optional: bool = False  # whether that one argument may be left out
    in_marker: bool = False  # whether the pytest marker accepts it
    in_ini: bool = False  # whether a pytest ini file accepts it, as ims_mock_NAME
    prefix: str = PREFIX  # of the name of its environment variable

    @property
    def flag(self) -> str:
        """The flag on the command line."""
        return self.metavar if self.is_argument else f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """The environment variable; the flag wins over it."""
        return self.prefix + self.name.upper()

    @property
    def shown_default(self) -> str:
        """The default value as users write it."""
        if isinstance(self.default, bool):
            return "on" if self.default else "off"
        return ", ".join(self.default) if isinstance(self.default, tuple) else str(self.default)

    @property
    def legal(self) -> str:
        """The legal values, as a noun phrase."""
        if self.bounds:
            kind = "number" if isinstance(self.default, float) else "whole number"
            return "a {} from {} to {}".format(kind, *self.bounds)
        if not self.choices:
            return "a text"
        *most, last = map(repr, self.choices)
        return f"{', '.join(most)} or {last}"

    def accepts(self, value: object) -> bool:
        """Return whether a value has the right type and is among the choices or within the bounds."""
        low, high = self.bounds or (0, 0)
        if self.is_argument:
            return True
        if isinstance(self.default, float):
            return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        if self.bounds:
            return type(value) is int and low <= value <= high
        return isinstance(value, type(self.default)) and (not self.choices or value in self.choices)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a value."""
        low, high = self.bounds or (0, 0)
        if self.bounds:
            kind = "number" if isinstance(self.default, float) else "integer"
            return {"type": kind, "minimum": low, "maximum": high}
        return {"enum": [*self.choices]} if self.choices else {"type": "string"}


def _option(default: Any, help: str, **row: Any) -> Any:
    return field(default=default, metadata={"help": help, **row})


@dataclass(frozen=True)
class EmulatorOptions:
    """Options of one emulated service, accepted wherever one can be made. An illegal value is a ``ValueError``."""

    catalog: CatalogSource | Sequence[CatalogSource] = _option("default", "Bundled names, .yaml or .json files, or directories, separated by commas; arguments on the command line.", commands=("serve", "check", "explain"), metavar="CATALOG", is_argument=True, in_marker=True, in_ini=True)
    _: KW_ONLY
    generate: int = _option(0, "Number of generated images to add.", bounds=(0, MAX_GENERATED), metavar="N", in_marker=True)
    seed: int = _option(0, "Seed of generated images and of ids that a catalog leaves out.", commands=("serve", "check", "generate"), bounds=(0, MAX_SEED), metavar="S", in_marker=True)
    profile: str = _option("documented", "Profile: documented or glance, optionally with departures: documented,-registered-only.", commands=("serve", "openapi", "explain", "conformance", "verify"), metavar="PROFILE", in_marker=True, in_ini=True)
    auth: str = _option("off", "Whether to reject requests without valid credentials.", commands=("serve", "openapi"), choices=SWITCH, in_marker=True)
    project: str = _option("", "Project of unauthenticated requests; default: the catalog's project.", commands=("serve", "generate", "explain"), metavar="ID")
    findings: str = _option(LENIENT, "How to report undocumented client behaviour: lenient (journal and log only), warn (response headers), strict (400).", choices=FINDINGS_MODES, in_marker=True, in_ini=True)
    findings_ignore: str = _option("", "Names of findings that are not reported, separated by commas.", metavar="NAME,...", in_marker=True, in_ini=True)

    def __post_init__(self) -> None:
        for option in options_of(type(self)):
            if not option.accepts(value := getattr(self, option.name)):
                raise ValueError(f"Invalid {option.name} {value!r:.80}. Use {option.legal}.")

    @property
    def sources(self) -> list[CatalogSource]:
        """The catalogs, also if only one is given."""
        given = self.catalog
        return list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]


@dataclass(frozen=True, kw_only=True)
class MockOptions(EmulatorOptions):
    """Options of :class:`ims_mock.ImsMock`."""

    url: str = _option("", "URL of a running server; default for report and healthcheck: made from host and port.", commands=("report", "healthcheck"), metavar="URL")


@dataclass(frozen=True, kw_only=True)
class SandboxOptions(EmulatorOptions):
    """Options in the body of ``POST /_ims/sandboxes``."""

    expires: float = _option(3600.0, "Seconds after which an unused sandbox is removed.", commands=(), bounds=(0.001, 7 * 24 * 3_600), metavar="SECONDS")


@dataclass(frozen=True, kw_only=True)
class AppOptions(EmulatorOptions):
    """Options of :func:`ims_mock.create_app`."""

    throttle: str = _option("", "Largest number of requests per address as REQUESTS/SECONDS, such as 5/10; more are answered with 429.", metavar="N/S")
    forwarded: str = _option("off", "Whether to trust X-Forwarded-For, -Proto, -Host, -Port and -Prefix of a proxy.", choices=SWITCH)
    allowed_hosts: str = _option("", "Host names with a dot under which web pages may change the emulator, separated by commas.", metavar="NAME,...")
    read_only: str = _option("off", "Whether to reject every request that would change state.", choices=SWITCH)
    keep_data: int = _option(16 * 2**20, "Bytes of each uploaded image file that are kept for download; larger files are only hashed.", bounds=(0, 2**40), metavar="BYTES")
    journal: int = _option(1000, "Number of requests that the journal keeps.", bounds=(0, 1_000_000), metavar="N")


@dataclass(frozen=True, kw_only=True)
class ServeOptions(AppOptions):
    """Options of ``ims-mock serve``."""

    host: str = _option("127.0.0.1", "Address that the server listens on.", commands=("serve", "report", "healthcheck"), metavar="ADDRESS")
    port: int = _option(9292, "Port that the server listens on; 0 for any free port.", commands=("serve", "report", "healthcheck"), bounds=(0, 65_535), metavar="PORT")
    tls_cert: str = _option("", "The server's certificate chain in PEM format; enables HTTPS.", commands=("serve", "report", "healthcheck"), metavar="FILE")
    tls_key: str = _option("", "Private key of the certificate in PEM format, without a passphrase.", metavar="FILE")
    watch: bool = _option(False, "Whether to reload catalog files when they change; --no-watch overrides the variable.")
    control: str = _option("on", "Whether to serve the control API under /_ims/.", commands=("serve", "openapi"), choices=("on", "off"))
    threads: int = _option(8, "Number of requests answered at the same time, besides uploads and injected delays.", bounds=(1, 256), metavar="N")
    log_level: str = _option("warning", "Level of the log on standard error; info logs every request.", choices=("debug", "info", "warning", "error"))
    log_format: str = _option("text", "Format of the log.", choices=("text", "json"))


def _remote(default: Any, help: str, **row: Any) -> Any:
    return _option(default, help, **{"commands": ("record", "verify"), "prefix": REMOTE_PREFIX, **row})


@dataclass(frozen=True, kw_only=True)
class RemoteOptions:
    """Options of the commands that send requests to a real endpoint."""

    token: str = _remote("", "Token of the endpoint.", metavar="TOKEN")
    access_key: str = _remote("", "Access key that signs the requests; requires the secret key.", metavar="KEY")
    secret_key: str = _remote("", "Secret key of the access key.", metavar="SECRET")
    security_token: str = _remote("", "Security token of a temporary access key.", metavar="TOKEN")
    user: str = _remote("", "User who logs in once for a token; requires password, domain and iam.", metavar="NAME")
    password: str = _remote("", "Password of the user.", metavar="PASSWORD")
    domain: str = _remote("", "Name of the user's domain (account).", metavar="NAME")
    iam: str = _remote("", "URL of the identity service for the login; ends in /v3.", metavar="URL")
    project: str = _remote("", "Project of the credentials; default: that of the login, else the only owner of private images.", metavar="ID")
    api_version: str = _remote("", "Value of X-Api-Version in every request; default: no such header.", metavar="VERSION")
    insecure: bool = _remote(False, "Whether to accept any certificate; --no-insecure overrides the variable.")
    ca_file: str = _remote("", "Certificates in PEM format to trust instead of those of the system.", metavar="FILE")
    timeout: int = _remote(30, "Seconds to wait for a complete response, the connection included, and before repetitions of a request.", bounds=(1, 3600), metavar="SECONDS")
    url: str = _remote("", "URL of the endpoint, without /v2.", metavar="URL", is_argument=True)


FORMATS: Final = {
    "generate": ("yaml", "json"), "fields": ("table", "json", "markdown"), "report": ("table", "json", "markdown"),
    "conformance": ("terminal", "markdown", "json", "junit"), "verify": ("terminal", "markdown", "json"),
}  # fmt: skip
"""The output formats of each command; the first one is the default."""
_ALL_FORMATS: Final = "; ".join(f"{', '.join(legal)} ({command})" for command, legal in FORMATS.items())


@dataclass(frozen=True, kw_only=True)
class CommandOptions:
    """Options of the other commands."""

    strict: bool = _option(False, "Whether warnings fail the check; --no-strict overrides the variable.", commands=("check",))
    count: int = _option(10, "Number of images to write.", commands=("generate",), bounds=(0, MAX_GENERATED), metavar="N")
    set: tuple[str, ...] = _option((), "Value of a field of every image; repeatable, in the variable one per line.", commands=("generate",), metavar="FIELD=VALUE")
    format: str = _option("", f"Output format: {_ALL_FORMATS}.", commands=tuple(FORMATS), metavar="FORMAT")
    output: str = _option("", "File to write; default: standard output.", commands=("generate", "openapi", "schema", "report", "record", "conformance", "verify"), metavar="FILE")
    image: str = _option("", "Id of the image to explain.", commands=("explain",), metavar="ID")
    path: str = _option("/v2/images", "Path of the list.", commands=("explain",), choices=("/v2/images", "/v2/cloudimages"))
    adapter: str = _option("", "Function of a Python module that lists images with the SDK; the module is found from the current directory.", commands=("conformance",), metavar="MODULE:FUNCTION", is_argument=True, is_optional=True)
    command: str = _option("", "Program and arguments of an adapter in another language, instead of MODULE:FUNCTION.", commands=("conformance",), metavar="COMMAND")
    list: bool = _option(False, "Whether to print the scenarios instead of running them.", commands=("conformance",))
    only: str = _option("", "Names of the only scenarios (conformance) or questions (verify), separated by commas.", commands=("conformance", "verify"), metavar="NAME,...")
    skip: str = _option("", "Names of scenarios to leave out, separated by commas.", commands=("conformance",), metavar="NAME,...")
    level: str = _option("should", "Which scenarios to run: must, or all of them.", commands=("conformance",), choices=("must", "should"))
    timeout: float = _option(30.0, "Seconds that a scenario may take.", commands=("conformance",), bounds=(0.001, 3600), metavar="SECONDS")
    query: tuple[str, ...] = _option((), "Filter of the images to read; repeatable, in the variable one per line.", commands=("record",), metavar="NAME=VALUE")
    answers: str = _option("", "File for all answers of the endpoint, one JSON object per line, with secrets redacted.", commands=("record",), metavar="FILE")
    keep_identities: bool = _option(False, "Whether to keep the ids of projects, keys and private images, account codes and names; --no-keep-identities overrides the variable.", commands=("record", "verify"))
    pace: float = _option(0.5, "Seconds between two requests.", commands=("verify",), bounds=(0, 3600), metavar="SECONDS")
    yes: bool = _option(False, "Whether to send the requests without asking; --no-yes overrides the variable.", commands=("verify",))
    foreign_image: str = _option("", "Id of an existing image that the project must not see.", commands=("verify",), metavar="ID")
    evidence: str = _option("", "Report of ims-mock verify in JSON to show beside the tables.", commands=("fields",), metavar="FILE")


def options_of(accepted_by: Any) -> tuple[Option, ...]:
    """Return the rows of an options class."""
    return tuple(Option(one.name, one.default, **one.metadata) for one in fields(accepted_by))


_CLASSES: Final = (ServeOptions, MockOptions, RemoteOptions, CommandOptions)
OPTIONS: Final = tuple({one.variable: one for cls in _CLASSES for one in options_of(cls)}.values())
"""The options of the command line."""


def convert(options: EmulatorOptions, to: type[Options]) -> Options:
    """Return the options that another class accepts as well, and its defaults for the rest."""
    shared = {one.name for one in options_of(to)} & {one.name for one in options_of(type(options))}
    return to(**{name: getattr(options, name) for name in shared})


# --- options as keywords


def keywords_of_function(options: Callable[P, Options]) -> Callable[[Callable[[Options], Result]], Callable[P, Result]]:
    """Let a function that takes an object with options be called with the options as keywords.

    Type checkers and editors see the fields of the class as parameters, so that a signature needs no list of its own.
    """
    return lambda function: _with_keywords(function, options)


def keywords_of_method(
    options: Callable[P, Options],
) -> Callable[[Callable[[Instance, Options], Result]], Callable[Concatenate[Instance, P], Result]]:
    """Do for a method what :func:`keywords_of_function` does for a function."""
    return lambda method: _with_keywords(method, options)


def given_keywords(
    options: Callable[P, Any],
) -> Callable[[Callable[[Instance, Mapping[str, Any]], Result]], Callable[Concatenate[Instance, P], Result]]:
    """Let a method that takes a mapping be called with options as keywords; the mapping has those that were given."""
    takes = signature(options)
    return lambda method: _with_keywords(method, options, lambda *args, **kwargs: takes.bind(*args, **kwargs).arguments)


def suggests_keywords(method: Method) -> Method:
    """Let the error for an unknown keyword of a method suggest a similar one."""

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        _check_keywords(method, kwargs, [name for name in signature(method).parameters if name != "self"])
        return method(*args, **kwargs)

    return cast(Method, call)


def _check_keywords(function: Callable[..., Any], given: Mapping[str, Any], legal: Collection[str]) -> None:
    for name in given.keys() - legal:
        near = difflib.get_close_matches(name, legal, 1)
        hint = f"Did you mean {near[0]}?" if near else f"Use {', '.join(legal)}."
        caller = function.__qualname__.removesuffix(".__init__")
        raise TypeError(f"{caller}() got an unexpected keyword argument {name!r}. {hint}")


def _with_keywords(
    function: Callable[..., Any], options: Callable[..., Any], make: Callable[..., Any] | None = None
) -> Any:
    """Return a function with the options as keywords instead of the object with options, its last parameter."""
    *before, _ = signature(function).parameters.values()
    legal, count = signature(options).parameters, len(before)
    make = make or options

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        _check_keywords(function, kwargs, legal)
        return function(*args[:count], make(*args[count:], **kwargs))

    call.__signature__ = Signature([*before, *legal.values()])  # type: ignore[attr-defined]
    return call
