"""THE TABLE of operations: every method of every path, one row each: what it takes, what it answers, how it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ims_mock import errors
from ims_mock.catalog.cloudimages import CLOUDIMAGES, VERSIONS
from ims_mock.contract.parameters import PARAMETERS, Parameter
from ims_mock.errors import Problem
from ims_mock.openapi import payloads
from ims_mock.openapi.schemas import SCHEMAS
from ims_mock.writes.json_patch import MEDIA_TYPES
from ims_mock.writes.uploading import MEDIA_TYPE

SERVICE, IDENTITY, CONTROL = "images", "identity", "control"
"""Who answers: the image service behind its gateway, the identity service, and the emulator itself."""

JSON: Final = "application/json"
YAML: Final = "application/yaml"
_OLD, _NEW = MEDIA_TYPES


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    Attributes:
        method: in upper case.
        path: with what varies in it in braces.
        name: its name in the document.
        part: who answers.
        about: what it does, in one sentence.
        answers: the statuses of success, each with the name of its body; empty for none.
        problems: what can be wrong, besides what can be wrong with any request there.
        bodies: the media types of the request's body, each with the name of the body.
        needs_body: whether there must be one.
        parameters: those of the query.
        headers: those of the request, each with what it is; all must be sent.
        answer_headers: those of a success, each with what it is.
        media_types: those that a success may be written in.
        legal: the legal values of what varies in the path, where they are few.
        gives: what varies in other paths, to where a success tells it.
        is_open: whether it needs no credentials.
    """

    method: str
    path: str
    name: str
    part: str
    about: str
    answers: Mapping[int, str]
    problems: tuple[Problem, ...] = ()
    bodies: Mapping[str, str] = field(default_factory=dict)
    needs_body: bool = True
    parameters: tuple[Parameter, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    media_types: tuple[str, ...] = (JSON,)
    legal: tuple[str, ...] = ()
    gives: Mapping[str, str] = field(default_factory=dict)
    is_open: bool = False

    @property
    def has_usual_shape(self) -> bool:
        """Whether its errors are the service's and the gateway's in every profile."""
        return self.path == CLOUDIMAGES.path


def _named(*names: str) -> tuple[Problem, ...]:
    return tuple(one for one in errors.PROBLEMS if one.name in names)


def _without(problems: Iterable[Problem], *names: str) -> tuple[Problem, ...]:
    return tuple(one for one in problems if one.name not in names)


_IMAGE: Final = "/v2/images/{image_id}"
_MEMBERS: Final = f"{_IMAGE}/members"
_MEMBER: Final = f"{_MEMBERS}/{{member_id}}"
_TAG: Final = f"{_IMAGE}/tags/{{tag}}"
_SHOW_NOTHING: Final = {204: ""}

_QUERY = (*errors.QUERY, *errors.MARKER)
_WRITES = (*errors.BODIES, *_named("body-too-large"))
_WORDS = _without(_WRITES, "media-type")
_ON_IMAGE, _ON_PARTS, _OWN = _named("image"), _named("image-with-parts"), _named("not-own")
_ON_MEMBERS = (*_ON_PARTS, *_named("public-shared", "not-shared"))
_HOST = _named("host")
_TAGS = _named("tag", "tags-full")
_CATALOG = (*_WRITES, *_named("catalog"))

_NEWER = (
    *(one for one in PARAMETERS if one.name not in {extra.name for extra in CLOUDIMAGES.extras}),
    *CLOUDIMAGES.extras,
)
_PROJECT_NAME = Parameter("name", "string", "Only the project of this name; with `--auth off` any name is one.")
_NO_CATALOG = Parameter("nocatalog", "string", "Leaves the service catalog out, whatever its value.")
_PATH = Parameter("path", "string", "Only the requests to this path.")
_SINCE = Parameter("since", "integer", "Only the requests after the one of this number.", default="0", is_checked=True)
_SUBJECT: Final = {"X-Subject-Token": "The token."}

_IMAGE_ROWS: Final = (
    Operation("GET", "/v2/images", "listImages", SERVICE, "List the images that the caller sees and the query asks for, a page at a time.", {200: payloads.IMAGES}, _QUERY, parameters=PARAMETERS),
    Operation("GET", CLOUDIMAGES.path, "listCloudImages", SERVICE, "List the same images as the service's newer list does.", {200: payloads.CLOUDIMAGES}, (*_QUERY, *errors.CLOUDIMAGES), parameters=_NEWER),
    Operation("POST", "/v2/images", "createImage", SERVICE, "Create an image, which then waits for its data.", {201: payloads.IMAGE_BODY}, (*_without(errors.ATTRIBUTES, "patch"), *_TAGS, *_WRITES, *_HOST), {JSON: payloads.NEW_IMAGE}, answer_headers={"Location": "URL of the image."}, gives={"image_id": "/id"}),
    Operation("GET", _IMAGE, "showImage", SERVICE, "Show an image that the caller may see, a shared one whatever became of the offer.", {200: payloads.IMAGE_BODY}, _ON_IMAGE),
    Operation("PATCH", _IMAGE, "changeImage", SERVICE, "Change attributes of an image: all that the patch says, or nothing.", {200: payloads.IMAGE_BODY}, (*_named("image-to-change"), *_OWN, *errors.ATTRIBUTES, *_TAGS, *_WRITES), {_OLD: payloads.OLD_PATCH, _NEW: payloads.PATCH}),
    Operation("DELETE", _IMAGE, "deleteImage", SERVICE, "Delete an image; its record stays, and is listed to those who ask for deleted ones.", _SHOW_NOTHING, (*_named("image-to-delete", "protected", "public-deleted"), *_OWN, *_WRITES), {JSON: payloads.DELETION}, needs_body=False),
    Operation("PUT", f"{_IMAGE}/file", "uploadData", SERVICE, "Take the data of an image that waits for it, and make it active.", _SHOW_NOTHING, (*_ON_IMAGE, *_OWN, *_named("image-gone", "upload-state", "formats-missing", "upload-torn", "media-type")), {MEDIA_TYPE: payloads.DATA}),
    Operation("GET", f"{_IMAGE}/file", "downloadData", SERVICE, "Give the data of an image back, when it was kept.", {200: payloads.DATA, 204: ""}, _ON_IMAGE, media_types=(MEDIA_TYPE,)),
    Operation("PUT", _TAG, "setTag", SERVICE, "Set a tag; one that is set stays.", _SHOW_NOTHING, (*_ON_PARTS, *_OWN, *_TAGS)),
    Operation("DELETE", _TAG, "removeTag", SERVICE, "Take a tag away.", _SHOW_NOTHING, (*_ON_PARTS, *_OWN, *_named("tag-missing"))),
    Operation("GET", _MEMBERS, "listMembers", SERVICE, "List the members that the caller may know of.", {200: payloads.MEMBER_LIST}, _ON_MEMBERS),
    Operation("POST", _MEMBERS, "addMember", SERVICE, "Offer an image to a project, which then accepts it or does not.", {200: payloads.MEMBER}, (*_ON_PARTS, *_without(errors.MEMBERS, "member-missing"), *_WRITES), {JSON: payloads.OFFER}, gives={"image_id": "/image_id", "member_id": "/member_id"}),
    Operation("GET", _MEMBER, "showMember", SERVICE, "Show one membership.", {200: payloads.MEMBER}, (*_ON_MEMBERS, *_named("member-missing"))),
    Operation("PUT", _MEMBER, "decideMember", SERVICE, "Let a member accept what it was offered, or reject it.", {200: payloads.MEMBER}, (*_ON_MEMBERS, *_named("member-missing", "members-not-own", "member"), *_WRITES), {JSON: payloads.DECISION}),
    Operation("DELETE", _MEMBER, "removeMember", SERVICE, "Take back what was offered.", _SHOW_NOTHING, (*_ON_MEMBERS, *_named("member-missing", "members-not-own"))),
    Operation("GET", "/", "listVersionsAtRoot", SERVICE, "Offer every version of the API.", {300: payloads.VERSIONS}, _HOST, is_open=True),
    Operation("GET", "/v2", "listVersionsAtV2", SERVICE, "Offer every version of the API.", {300: payloads.VERSIONS}, _HOST, is_open=True),
    Operation("GET", "/v2/", "listVersionsUnderV2", SERVICE, "Offer every version of the API.", {300: payloads.VERSIONS}, _HOST, is_open=True),
    Operation("GET", "/versions", "listVersions", SERVICE, "List every version of the API.", {200: payloads.VERSIONS}, _HOST, is_open=True),
    Operation("GET", "/{version}", "showVersion", SERVICE, "Describe one version of the API.", {300: payloads.VERSIONS}, (*_HOST, *_named("route")), legal=tuple(VERSIONS), is_open=True),
    Operation("GET", "/v2/schemas/{name}", "showSchema", SERVICE, "Show the JSON Schema of images or members.", {200: payloads.SCHEMA}, _named("route"), legal=tuple(SCHEMAS)),
)  # fmt: skip

_IDENTITY_ROWS: Final = (
    Operation("GET", "/v3", "showIdentity", IDENTITY, "Describe the only version of the identity service.", {200: payloads.IDENTITY}, _HOST, is_open=True),
    Operation("GET", "/v3/", "showIdentityUnderV3", IDENTITY, "Describe the only version of the identity service.", {200: payloads.IDENTITY}, _HOST, is_open=True),
    Operation("POST", "/v3/auth/tokens", "createToken", IDENTITY, "Issue a token to whoever proves who they are.", {201: payloads.TOKEN}, (*_WORDS, *_named("content-type", "login", "login-method", "login-scope"), *_HOST), {JSON: payloads.LOGIN}, parameters=(_NO_CATALOG,), answer_headers=_SUBJECT, is_open=True),
    Operation("GET", "/v3/auth/tokens", "showToken", IDENTITY, "Tell what a token says.", {200: payloads.TOKEN}, (*_named("subject-missing", "subject"), *_HOST), parameters=(_NO_CATALOG,), headers=_SUBJECT, answer_headers=_SUBJECT),
    Operation("GET", "/v3/auth/catalog", "showServices", IDENTITY, "Tell where the services are.", {200: payloads.SERVICES}, (*_named("unscoped"), *_HOST)),
    Operation("GET", "/v3/auth/projects", "listOwnProjects", IDENTITY, "List the projects that the credentials open.", {200: payloads.PROJECTS}, _HOST),
    Operation("GET", "/v3/auth/domains", "listDomains", IDENTITY, "List the domain of whoever asks.", {200: payloads.DOMAINS}, _HOST),
    Operation("GET", "/v3/projects", "listProjects", IDENTITY, "List projects, or the one of a name.", {200: payloads.PROJECTS}, _HOST, parameters=(_PROJECT_NAME,)),
    Operation("GET", "/v3/projects/{project}", "showProject", IDENTITY, "Show a project; all exist, but of another domain only admins are shown any.", {200: payloads.ONE_PROJECT}, _HOST),
)  # fmt: skip

_CONTROL_ROWS: Final = (
    Operation("GET", "/_ims/health", "showHealth", CONTROL, "Say that the emulator answers, and from what.", {200: payloads.HEALTH}),
    Operation("POST", "/_ims/reset", "reset", CONTROL, "Go back to the catalogs that were loaded first.", _SHOW_NOTHING),
    Operation("GET", "/_ims/catalog", "showCatalog", CONTROL, "Show all there is as a catalog file, secrets masked.", {200: payloads.CATALOG}, media_types=(JSON, YAML)),
    Operation("PUT", "/_ims/catalog", "replaceCatalog", CONTROL, "Put a catalog in the place of all there is.", {200: payloads.LOADED}, _CATALOG, {JSON: payloads.CATALOG, YAML: payloads.CATALOG}),
    Operation("PATCH", "/_ims/catalog", "addToCatalog", CONTROL, "Add what a catalog holds.", {200: payloads.LOADED}, _CATALOG, {JSON: payloads.CATALOG, YAML: payloads.CATALOG}),
    Operation("GET", "/_ims/images/{image_id}", "showStoredImage", CONTROL, "Show an image as it is stored, whoever may see it and whatever its status.", {200: payloads.STORED}, _ON_IMAGE, media_types=(JSON, YAML)),
    Operation("PUT", "/_ims/images/{image_id}", "putImage", CONTROL, "Make an image, or put another in the place of the one that has this id.", {200: payloads.STORED}, _CATALOG, {JSON: payloads.PUT_IMAGE, YAML: payloads.PUT_IMAGE}, media_types=(JSON, YAML)),
    Operation("DELETE", "/_ims/images/{image_id}", "removeImage", CONTROL, "Take an image away, with its record.", _SHOW_NOTHING, _ON_IMAGE),
    Operation("GET", "/_ims/clock", "showClock", CONTROL, "Tell the emulator's time, and whether it stands still.", {200: payloads.CLOCK}),
    Operation("PUT", "/_ims/clock", "setClock", CONTROL, "Set the clock, or move it on.", {200: payloads.CLOCK}, _WRITES, {JSON: payloads.CLOCK_SETTING}),
    Operation("GET", "/_ims/snapshots", "listSnapshots", CONTROL, "List the names of the snapshots.", {200: payloads.SNAPSHOTS}),
    Operation("POST", "/_ims/snapshots", "takeSnapshot", CONTROL, "Keep all there is under a name.", {201: payloads.SNAPSHOT}, (*_WRITES, *_named("snapshots")), {JSON: payloads.SNAPSHOT}, gives={"name": "/name"}),
    Operation("POST", "/_ims/snapshots/{name}/restore", "restoreSnapshot", CONTROL, "Go back to what was kept under a name.", _SHOW_NOTHING, _named("snapshot")),
    Operation("DELETE", "/_ims/snapshots/{name}", "forgetSnapshot", CONTROL, "Forget what was kept under a name.", _SHOW_NOTHING, _named("snapshot")),
    Operation("GET", "/_ims/faults", "listFaults", CONTROL, "List what goes wrong on purpose, each rule with its hits.", {200: payloads.FAULTS}),
    Operation("POST", "/_ims/faults", "addFault", CONTROL, "Add a rule below the others.", {201: payloads.FAULT}, _WRITES, {JSON: payloads.NEW_FAULT}, gives={"rule_id": "/id"}),
    Operation("DELETE", "/_ims/faults", "removeFaults", CONTROL, "Remove every rule.", _SHOW_NOTHING),
    Operation("DELETE", "/_ims/faults/{rule_id}", "removeFault", CONTROL, "Remove a rule.", _SHOW_NOTHING, _named("rule")),
    Operation("GET", "/_ims/requests", "listRequests", CONTROL, "List the latest requests, the oldest first.", {200: payloads.REQUESTS}, _named("integer"), parameters=(_PATH, _SINCE)),
    Operation("DELETE", "/_ims/requests", "forgetRequests", CONTROL, "Forget every request, and count anew.", _SHOW_NOTHING),
    Operation("GET", "/_ims/walks", "listWalks", CONTROL, "List the walks through lists, with what is remarked of them.", {200: payloads.WALKS}),
    Operation("GET", "/_ims/coverage", "showCoverage", CONTROL, "Show what was exercised of the contract, and what never.", {200: payloads.COVERAGE}),
    Operation("DELETE", "/_ims/coverage", "forgetCoverage", CONTROL, "Forget what was exercised.", _SHOW_NOTHING),
    Operation("POST", "/_ims/sandboxes", "makeSandbox", CONTROL, "Make a sandbox, over the catalog that the server began with or one that is sent.", {201: payloads.SANDBOX}, (*_CATALOG, *_named("sandboxes"), *_HOST), {JSON: payloads.NEW_SANDBOX}, needs_body=False, gives={"id": "/id"}),
    Operation("PUT", "/_ims/sandboxes/{id}", "beginSandbox", CONTROL, "Let a sandbox begin anew, as if it were made now; its id and its credentials stay.", {200: payloads.SANDBOX}, (*_CATALOG, *_HOST), {JSON: payloads.NEW_SANDBOX}, needs_body=False),
    Operation("DELETE", "/_ims/sandboxes/{id}", "removeSandbox", CONTROL, "Remove a sandbox and all that is in it.", _SHOW_NOTHING),
)  # fmt: skip

_DOCUMENT: Final = Operation("GET", "/openapi.json", "showDocument", CONTROL, "Show this document.", {200: payloads.DOCUMENT})  # fmt: skip

OPERATIONS: Final = (*_IMAGE_ROWS, *_IDENTITY_ROWS, _DOCUMENT, *_CONTROL_ROWS)
"""Every method of every path; the paths under ``/_ims/`` are gone where there is no control."""


def possible(operation: Operation) -> tuple[Problem, ...]:
    """Give all that can be wrong with a request, in the order of the table of problems.

    Args:
        operation: what it asks for.
    """
    names = {"sandbox", "uri-too-large", "malformed", "internal", "away"}
    names |= {one.name for one in (*operation.problems, *errors.SEVERAL)}
    is_change = operation.method != "GET"
    if not is_change:
        names.discard("unchanging")
    if operation.part == CONTROL:
        names |= {"origin", "media-type"} if is_change else set()
    else:
        names |= {"throttled"} if operation.is_open else {"findings", *(one.name for one in errors.CREDENTIALS)}
        names |= {"origin"} if operation.method == "POST" else set()
    return _named(*names)
