"""schemathesis sends legal and illegal requests for every operation of the OpenAPI document, with all its checks."""

import itertools
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import schemathesis
from helpers import make_app, over_socket
from hypothesis import strategies
from schemathesis.config import OperationConfig, SchemathesisConfig
from schemathesis.engine import events, from_schema

from ims_mock.auth.credentials import DEFAULT_PROJECT
from ims_mock.contract.values import TIME
from ims_mock.options import MAX_GENERATED
from ims_mock.writes.json_patch import MEDIA_TYPES

TOKEN = {"X-Auth-Token": "ims-mock-token"}
CHECKS = {
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "negative_data_rejection", "positive_data_acceptance", "missing_required_header",
    "unsupported_method", "allow_header_conformance", "use_after_free", "ensure_resource_availability", "ignored_auth",
    "object_level_authorization",
}  # fmt: skip


LARGE_BODIES = (  # no coverage phase, as it varies each property in turn, which would be ten thousand cases
    "PUT /_ims/catalog", "PATCH /_ims/catalog", "PUT /_ims/images/{image_id}", "POST /_ims/sandboxes",
    "PUT /_ims/sandboxes/{id}",
)  # fmt: skip

# Checks that are disabled for some operations
NO_405 = (  # the gateway responds to unknown methods with 404, which the check allows only for paths with parameters
    "unsupported_method",
    ("GET /", "GET /v2", "GET /v2/", "GET /versions", "GET /v2/images", "POST /v2/images", "GET /v2/cloudimages"),
)
NO_405_IN_GLANCE = "unsupported_method", ("GET /v2/cloudimages",)  # its errors are the gateway's in every profile
NO_FORMATS = "positive_data_acceptance", ("PUT /v2/images/{image_id}/file",)  # Glance needs both formats first
ACROSS_ENTRIES = (  # JSON Schema cannot say that ids differ, that a key has one secret, or that a range is not empty
    "positive_data_acceptance", (*LARGE_BODIES, "POST /_ims/faults")
)  # fmt: skip
OUT_OF_RANGE = "positive_data_acceptance", ("PUT /_ims/clock",)  # the end of the calendar depends on the clock's time
QUERY_AS_VALUE = "positive_data_acceptance", ("GET /_ims/explain",)  # one parameter is the query string of the list
SLASHES = "allow_header_conformance", ("POST /_ims/snapshots/{name}/restore",)  # a snapshot may be named x/restore


@dataclass(frozen=True)
class Run:
    """The operations with one tag, tested on an emulator of their own."""

    profile: str
    tag: str
    auth: str  # if on, over a socket: in process, schemathesis cannot repeat a request without credentials
    examples: int
    least: int  # the minimum number of cases
    waivers: tuple[tuple[str, tuple[str, ...]], ...] = ()


RUNS = (
    Run("documented", "images", "on", 15, 2_600, (NO_405,)),
    Run("documented", "identity", "on", 15, 600),
    Run("documented", "control", "off", 20, 600, (ACROSS_ENTRIES, OUT_OF_RANGE, QUERY_AS_VALUE, SLASHES)),
    Run("glance", "images", "off", 10, 2_200, (NO_405_IN_GLANCE, NO_FORMATS)),
)


def reduced(body, name=""):
    """Return a body that generates few images and has no float that JSON Schema accepts as an integer.

    No image is encrypted: whether a later request shares it, which is an error, no schema can express.
    """
    if isinstance(body, dict):
        return {name: reduced(value, name) for name, value in body.items() if name != "__system__cmkid"}
    if isinstance(body, list):
        return [reduced(one) for one in body]
    if isinstance(body, float) and body.is_integer():
        body = int(body)
    is_count = name in ("count", "generate") and isinstance(body, int) and not isinstance(body, bool)
    return 3 if is_count and 3 < body <= MAX_GENERATED else body


@pytest.fixture(scope="module", autouse=True)
def _formats_and_hooks():
    instants = ("2018-09-10T10:00:00Z", "2018-09-10 10:00:00", "2019-02-28T23:59:59+08:00")
    ids = [image["id"] for image in make_app().test_client().get("/v2/images?limit=20").json["images"]]
    for name, values in {
        "image-id": ids,
        "image-name": ["", "a", "CentOS 7.3 64bit", "镜像-1", "x_y.z"],
        "instant": instants,
        "span": ["PT1H", "-P1DT30M", "P1W"],
        "time-filter": [f"{operator}:{instant}" for operator in TIME.operators for instant in instants],
        "time-or-age": [*instants, "3 days ago"],
    }.items():
        schemathesis.openapi.format(name, strategies.sampled_from(values))
    for media_type in MEDIA_TYPES:
        schemathesis.serializer.alias(media_type, "application/json")

    @schemathesis.hook
    def before_call(_context, case, _kwargs):
        body = reduced(case.body)
        if repr(body) != repr(case.body):  # an assignment makes schemathesis decide again whether the body is legal
            case.body = body

    @schemathesis.hook
    def filter_case(_context, case):
        keys, directions = (case.query.get(name) for name in ("sort_key", "sort_dir"))
        if isinstance(directions, list) and len(directions) > 1 and len(directions) != len(keys or ()):
            return False  # a rule across parameters, which no schema can express
        return not (case.body is None and case.media_type == "application/yaml")

    yield
    schemathesis.hooks.unregister_all()


@contextmanager
def loaded_schema(run):
    """Load the document of an emulator that runs until the block ends."""
    app = make_app("default", profile=run.profile, auth=run.auth)
    config = SchemathesisConfig(seed=20231113)
    if run.auth == "off":
        yield schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
        return
    with over_socket(app, threads=2) as ask:
        yield schemathesis.openapi.from_url(f"{ask.url}/openapi.json", config=config)


def configured(schema, run):
    """Return the operations of a run with its waivers."""
    config = schema.config
    config.update(headers=TOKEN, continue_on_failure=True)
    config.generation.update(max_examples=run.examples, deterministic=True, database="none", no_shrink=True)
    rejection = config.checks.negative_data_rejection
    rejection.expected_statuses = [*rejection.expected_statuses, "413", "414"]
    if run.auth == "off":  # one caller and one version, so that requests find what earlier ones created
        config.parameters = {"header.X-Api-Version": "M", "header.X-Project-Id": DEFAULT_PROJECT}
    if run.tag == "control":  # an id from a response would make a request legal that is meant to be illegal
        config.phases.fuzzing.extra_data_sources.responses = False
    overrides = [
        {"include-name": name, "checks": {check: {"enabled": False}}}
        for check, operations in run.waivers
        for name in operations
    ]
    overrides += [{"include-name": name, "phases": {"coverage": {"enabled": False}}} for name in LARGE_BODIES]
    config.operations.operations += map(OperationConfig.from_dict, overrides)
    return schema.include(tag=run.tag)


@pytest.mark.slow
@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.profile}-{run.tag}")
def test_no_check_fails(run):
    cases, checked, failures = 0, set(), {}
    with loaded_schema(run) as schema:
        for event in from_schema(configured(schema, run)).execute():
            if isinstance(event, events.NonFatalError):
                failures[event.label] = str(event.value)
            if not isinstance(event, events.ScenarioFinished):
                continue
            cases += len(event.recorder.interactions)
            for check in itertools.chain.from_iterable(event.recorder.checks.values()):
                checked.add(check.name)
                if info := check.failure_info:
                    key = event.phase, check.name, info.failure.operation
                    failures[key] = f"{info.failure.message}\n{info.code_sample}"
    assert not failures, "\n\n".join(f"{what}: {why}" for what, why in failures.items())
    assert cases >= run.least
    assert checked == CHECKS
