"""schemathesis asks all that the OpenAPI document allows, and more, with all its checks."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import schemathesis
from helpers import make_app
from hypothesis import strategies
from schemathesis.config import OperationConfig, SchemathesisConfig
from schemathesis.engine import events, from_schema

from ims_mock.auth.credentials import DEFAULT_PROJECT
from ims_mock.contract.values import TIME
from ims_mock.server.server import BackgroundServer
from ims_mock.writes.json_patch import MEDIA_TYPES

README = Path(__file__).parent.parent.parent / "README.md"
SEED = 20231113
TOKEN = {"X-Auth-Token": "ims-mock-token"}
CASES = 5_000
"""As many are wanted at least."""

MOST_GENERATED = 3
"""So many images are generated at once, of the ten millions that may be."""

CHECKS = {
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "negative_data_rejection", "positive_data_acceptance", "missing_required_header",
    "unsupported_method", "allow_header_conformance", "use_after_free", "ensure_resource_availability", "ignored_auth",
    "object_level_authorization",
}  # fmt: skip


@dataclass(frozen=True)
class Waived:
    """A check that operations are spared, and why."""

    check: str
    why: str
    operations: tuple[str, ...]


NO_405 = Waived(
    "unsupported_method",
    "the gateway answers 404 where a method is unknown; where something varies in the path, the check allows that",
    ("GET /", "GET /v2", "GET /v2/", "GET /versions", "GET /v2/images", "POST /v2/images", "GET /v2/cloudimages"),
)
NO_405_BESIDE_GLANCE = Waived(NO_405.check, "its errors are the gateway's in every profile", ("GET /v2/cloudimages",))
NO_FORMATS = Waived(
    "positive_data_acceptance", "Glance takes no data before both formats are set", ("PUT /v2/images/{image_id}/file",)
)
ACROSS_ROWS = Waived(
    "positive_data_acceptance",
    "no schema says that ids differ, that a key has one secret, or that a span ends after it begins",
    (
        "PUT /_ims/catalog", "PATCH /_ims/catalog", "PUT /_ims/images/{image_id}", "POST /_ims/sandboxes",
        "PUT /_ims/sandboxes/{id}", "POST /_ims/faults",
    ),
)  # fmt: skip
OUT_OF_TIME = Waived(
    "positive_data_acceptance", "whether the clock leaves the calendar is a question of its time", ("PUT /_ims/clock",)
)
SLASHES = Waived(
    "allow_header_conformance",
    "a snapshot may be called x/restore, so that this path may be deleted as well",
    ("POST /_ims/snapshots/{name}/restore",),
)
VAST = ("PUT /_ims/catalog", "PATCH /_ims/catalog", "PUT /_ims/images/{image_id}", "POST /_ims/sandboxes",
        "PUT /_ims/sandboxes/{id}")  # fmt: skip
"""Their bodies have so many members that to try each in turn is ten thousand cases; those are drawn by chance only."""


@dataclass(frozen=True)
class Run:
    """One part of the document, asked of an emulator of its own.

    With ``auth`` on, it is asked over a socket: in process schemathesis can not ask again without credentials.
    ``least`` is how many cases there must be.
    """

    profile: str
    tag: str
    auth: str
    examples: int
    least: int
    waived: tuple[Waived, ...] = ()


RUNS = (
    Run("documented", "images", "on", 15, 2_600, (NO_405,)),
    Run("documented", "identity", "on", 15, 600),
    Run("documented", "control", "off", 20, 600, (ACROSS_ROWS, OUT_OF_TIME, SLASHES)),
    Run("glance", "images", "off", 10, 2_200, (NO_405_BESIDE_GLANCE, NO_FORMATS)),
)


def small(body):
    """Make a body that costs no minutes, and whose numbers are whole where JSON Schema takes them for whole."""
    if isinstance(body, dict):
        return {
            name: generated(small(one)) if name in ("count", "generate") else small(one) for name, one in body.items()
        }
    if isinstance(body, list):
        return [small(one) for one in body]
    return int(body) if isinstance(body, float) and body.is_integer() else body


def generated(number):
    """Bound how many images are generated; what is no legal number stays as it is."""
    is_number = isinstance(number, int) and not isinstance(number, bool)
    return MOST_GENERATED if is_number and MOST_GENERATED < number <= 10_000_000 else number


@pytest.fixture(scope="module", autouse=True)
def _what_the_formats_mean():
    """Tell schemathesis what the formats of the document hold, and how its media types are written."""
    instants = ("2018-09-10T10:00:00Z", "2018-09-10 10:00:00", "2019-02-28T23:59:59+08:00")
    times = [f"{operator}:{instant}" for operator in TIME.operators for instant in instants]
    ids = [image["id"] for image in make_app().test_client().get("/v2/images?limit=20").json["images"]]
    for name, values in {
        "image-id": strategies.sampled_from(ids),
        "image-name": strategies.sampled_from(["", "a", "CentOS 7.3 64bit", "镜像-1", "x_y.z"]),
        "instant": strategies.sampled_from(instants),
        "span": strategies.sampled_from(["PT1H", "-P1DT30M", "P1W"]),
        "time-filter": strategies.sampled_from(times),
        "time-or-age": strategies.sampled_from([*instants, "3 days ago"]),
    }.items():
        schemathesis.openapi.format(name, values)
    for media_type in MEDIA_TYPES:
        schemathesis.serializer.alias(media_type, "application/json")

    @schemathesis.hook
    def before_call(_context, case, _kwargs):
        made = small(case.body)
        if repr(made) != repr(case.body):  # to set it makes schemathesis judge anew whether it is legal
            case.body = made

    @schemathesis.hook
    def filter_case(_context, case):
        """SandboxCredentials over nothing in YAML, which is an empty catalog as a file of comments is."""
        return not (case.body is None and case.media_type == "application/yaml")

    yield
    schemathesis.hooks.unregister_all()


@contextmanager
def described(run):
    """Load the document of an emulator that answers for as long as the block lasts."""
    app = make_app("default", profile=run.profile, auth=run.auth)
    config = SchemathesisConfig(seed=SEED)
    if run.auth == "off":
        yield schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
        return
    server = BackgroundServer(app, threads=2)
    try:
        yield schemathesis.openapi.from_url(f"{server.url}/openapi.json", config=config)
    finally:
        server.close()


def configured(schema, run):
    """Say what is asked of an emulator, and what it is spared."""
    config = schema.config
    config.update(headers=TOKEN, continue_on_failure=True)
    config.generation.update(max_examples=run.examples, deterministic=True, database="none", no_shrink=True)
    refusals = config.checks.negative_data_rejection
    refusals.expected_statuses = [*refusals.expected_statuses, "413", "414"]
    if run.auth == "off":  # one caller, of one release, who finds what it made
        config.parameters = {"header.X-Api-Version": "M", "header.X-Project-Id": DEFAULT_PROJECT}
    if run.tag == "control":  # an id that was answered makes a legal request of one that was to be refused
        config.phases.fuzzing.extra_data_sources.responses = False
    spared = [
        {"include-name": name, "checks": {one.check: {"enabled": False}}}
        for one in run.waived
        for name in one.operations
    ]
    spared += [{"include-name": name, "phases": {"coverage": {"enabled": False}}} for name in VAST]
    config.operations.operations += map(OperationConfig.from_dict, spared)
    return schema.include(tag=run.tag)


def test_so_many_cases_are_asked():
    """All runs together."""
    assert sum(run.least for run in RUNS) >= CASES


def test_the_readme_tells_what_is_spared():
    """Every check that some operations are spared stands in its table, and no other."""
    text = README.read_text()
    rows = [line for line in text[text.index("## OpenAPI") : text.index("## Settings")].splitlines() if "| `" in line]
    told = {row.split("|")[1].strip() for row in rows}
    assert {f"`{one.check}`" for run in RUNS for one in run.waived} == told
    assert {one.check for run in RUNS for one in run.waived} <= CHECKS


@pytest.mark.slow
@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.profile}-{run.tag}")
def test_nothing_fails(run):
    """Each answer is as the document has it: statuses, media types, bodies, headers; legal is legal, wrong refused."""
    cases, checked, failures = 0, Counter(), {}
    with described(run) as schema:
        for event in from_schema(configured(schema, run)).execute():
            if isinstance(event, events.NonFatalError):
                failures[event.label] = str(event.value)
            if not isinstance(event, events.ScenarioFinished):
                continue
            cases += len(event.recorder.interactions)
            for checks in event.recorder.checks.values():
                for one in checks:
                    checked[one.name] += 1
                    if one.failure_info:
                        failure = one.failure_info.failure
                        failures[event.phase, one.name, failure.operation] = (
                            f"{failure.message}\n{one.failure_info.code_sample}"
                        )
    print(f"{run.profile} {run.tag}: {cases} cases, {checked.total()} checks")
    assert not failures, "\n\n".join(f"{what}: {why}" for what, why in failures.items())
    assert cases >= run.least
    assert checked.keys() == CHECKS
