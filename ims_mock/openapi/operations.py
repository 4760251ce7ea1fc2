"""The table of operations: one row for each method of each path, with its request, its responses and its errors."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from ims_mock import errors
from ims_mock.catalog.cloudimages import CLOUDIMAGES, IMAGES, LISTS, VERSIONS
from ims_mock.contract.parameters import PARAMETERS, Parameter
from ims_mock.contract.profiles import Profile
from ims_mock.errors import Problem
from ims_mock.journal.coverage import Endpoint
from ims_mock.openapi.schemas import PUBLISHED
from ims_mock.writes.json_patch import MEDIA_TYPES
from ims_mock.writes.lifecycle import DATA_MEDIA_TYPE

SERVICE: Final = "images"  # behind its gateway
IDENTITY: Final = "identity"
CONTROL: Final = "control"  # the emulator itself
JSON: Final = "application/json"
YAML: Final = "application/yaml"
_OLD_PATCH, _PATCH = MEDIA_TYPES


def _names(*groups: Iterable[Problem]) -> frozenset[str]:
    return frozenset(problem.name for problem in chain(*groups))


def is_under(path: str, *prefixes: str) -> bool:
    """Return whether a path is one of the prefixes, or continues one after a slash."""
    return f"{path}/".startswith(tuple([f"{prefix}/" for prefix in prefixes]))


def service_of(path: str) -> str:
    """Return the service that a path belongs to."""
    if is_under(path, "/_ims", "/openapi.json"):
        return CONTROL
    return IDENTITY if is_under(path, "/v3") else SERVICE


def is_glance_format(profile: Profile, path: str = "") -> bool:
    """Return whether the errors at a path are in the format of Glance."""
    return service_of(path) == SERVICE and "error-body" not in profile and not is_under(path, CLOUDIMAGES.path)


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str  # with its parameters in braces
    id: str
    summary: str
    responses: Mapping[int, str]  # the name of the body, or an empty string, for each status of success
    own_problems: Set[str] = frozenset()  # the names of the errors that are specific to the operation
    bodies: Mapping[str, str] = field(default_factory=dict)  # the name of the request body for each media type
    is_body_required: bool = True
    parameters: tuple[Parameter, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)  # the required request headers, with descriptions
    response_headers: Mapping[str, str] = field(default_factory=dict)  # those of a success, with descriptions
    response_types: tuple[str, ...] = (JSON,)
    path_values: tuple[str, ...] = ()  # the legal values of the path parameter, if they are known
    links: Mapping[str, str] = field(default_factory=dict)  # where responses have path parameters, as JSON pointers
    is_public: bool = False  # whether the operation needs no credentials
    has_list_errors: bool = False  # whether it is one of the control API but also has the errors of the list

    @property
    def service(self) -> str:
        """The service that the operation belongs to."""
        return service_of(self.path)

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """The names of the path parameters."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All errors that are possible, in the order of the table of errors."""
        names = {"sandbox", "uri-too-large", "scheme", "malformed", "internal", "away"}
        names |= _names(errors.REPLICAS) | self.own_problems
        if self.method == "GET":
            names.discard("unchanging")
        elif self.service == CONTROL:
            names |= {"origin", "foreign-host", "media-type"}
        elif self.method == "POST":
            names.add("origin")
        if self.service != CONTROL:
            names |= {"throttled"} if self.is_public else {"findings", *_CREDENTIALS}
        return tuple(problem for problem in errors.PROBLEMS if problem.name in names)


_IMAGE: Final = "/v2/images/{image_id}"
_MEMBERS: Final = f"{_IMAGE}/members"
_MEMBER: Final = f"{_MEMBERS}/{{member_id}}"
_TAG: Final = f"{_IMAGE}/tags/{{tag}}"
_NO_BODY: Final = {204: ""}

_QUERY = _names(errors.QUERY, errors.MARKER)
_CREDENTIALS = _names(errors.CREDENTIALS)
_BODY = _names(errors.BODIES) | {"body-too-large"}
_CATALOG = _BODY | {"catalog"}
_TAGS = {"tag", "tags-full"}
_ON_MEMBERS = {"image-with-parts", "public-shared", "not-shared"}

_EXTRA_NAMES = {one.name for one in CLOUDIMAGES.extras}
_CLOUDIMAGES_PARAMETERS = (*(one for one in PARAMETERS if one.name not in _EXTRA_NAMES), *CLOUDIMAGES.extras)
_PROJECT_NAME = Parameter("name", "string", "Only the project with this name; with `--auth off` every name has one.")
_NO_CATALOG = Parameter("nocatalog", "string", "Omit the service catalog, whatever the value.")
_PATH = Parameter("path", "string", "Only requests to this path.")
_SINCE = Parameter("since", "integer", "Only requests after the one with this number.", default="0", is_checked=True)
_EXPLAIN_PARAMETERS = (
    Parameter("query", "string", "The query string of the list, percent-encoded."),
    Parameter("image", "string", "The id of an image to explain."),
    Parameter("path", "string", "The path of the list.", tuple(LISTS), IMAGES.path, is_checked=True),
)
_SUBJECT: Final = {"X-Subject-Token": "The token."}

_IMAGE_ROWS: Final = (
    Operation("GET", "/v2/images", "listImages", "List the images that the caller may see and that match the query, one page at a time.", {200: "Images"}, _QUERY, parameters=PARAMETERS),
    Operation("GET", CLOUDIMAGES.path, "listCloudImages", "List images in the form of the newer list.", {200: "CloudImages"}, _QUERY | _names(errors.CLOUDIMAGES), parameters=_CLOUDIMAGES_PARAMETERS),
    Operation("POST", "/v2/images", "createImage", "Create an image without data; its status is queued.", {201: "Image"}, (_names(errors.ATTRIBUTES) - {"patch"}) | _TAGS | _BODY | {"host"}, {JSON: "NewImage"}, response_headers={"Location": "URL of the image."}, links={"image_id": "/id"}),
    Operation("GET", _IMAGE, "showImage", "Show an image that the caller may see, including images shared with the caller's project.", {200: "Image"}, {"image"}),
    Operation("PATCH", _IMAGE, "changeImage", "Change attributes of an image; a patch is applied completely or not at all.", {200: "Image"}, _names(errors.ATTRIBUTES) | _TAGS | _BODY | {"image-to-change", "not-own"}, {_OLD_PATCH: "OldPatch", _PATCH: "Patch"}),
    Operation("DELETE", _IMAGE, "deleteImage", "Delete an image. It is still listed by a query for deleted images.", _NO_BODY, _BODY | {"image-to-delete", "protected", "public-deleted", "not-own"}, {JSON: "Deletion"}, is_body_required=False),
    Operation("PUT", f"{_IMAGE}/file", "uploadData", "Upload the data of a queued image and make it active.", _NO_BODY, {"image", "not-own", "image-gone", "upload-state", "formats-missing", "upload-torn", "media-type"}, {DATA_MEDIA_TYPE: "Data"}),
    Operation("GET", f"{_IMAGE}/file", "downloadData", "Download the data of an image, if it was kept.", {200: "Data", 204: ""}, {"image"}, response_types=(DATA_MEDIA_TYPE,)),
    Operation("PUT", _TAG, "setTag", "Add a tag, unless the image has it already.", _NO_BODY, _TAGS | {"image-with-parts", "not-own"}),
    Operation("DELETE", _TAG, "removeTag", "Remove a tag.", _NO_BODY, {"image-with-parts", "not-own", "tag-missing"}),
    Operation("GET", _MEMBERS, "listMembers", "List the members that the caller may see.", {200: "Members"}, _ON_MEMBERS),
    Operation("POST", _MEMBERS, "addMember", "Share an image with a project, which may accept or reject it.", {200: "Member"}, (_names(errors.MEMBERS) - {"member-missing"}) | _BODY | {"image-with-parts"}, {JSON: "Offer"}, links={"image_id": "/image_id", "member_id": "/member_id"}),
    Operation("GET", _MEMBER, "showMember", "Show one member.", {200: "Member"}, _ON_MEMBERS | {"member-missing"}),
    Operation("PUT", _MEMBER, "decideMember", "Accept or reject a shared image, as its member.", {200: "Member"}, _ON_MEMBERS | _BODY | {"member-missing", "members-not-own", "member"}, {JSON: "Decision"}),
    Operation("DELETE", _MEMBER, "removeMember", "Stop sharing an image with a project.", _NO_BODY, _ON_MEMBERS | {"member-missing", "members-not-own"}),
    Operation("GET", "/", "listVersionsAtRoot", "List the versions of the API as choices.", {300: "Versions"}, {"host"}, is_public=True),
    Operation("GET", "/v2", "listVersionsAtV2", "List the versions of the API as choices.", {300: "Versions"}, {"host"}, is_public=True),
    Operation("GET", "/v2/", "listVersionsUnderV2", "List the versions of the API as choices.", {300: "Versions"}, {"host"}, is_public=True),
    Operation("GET", "/versions", "listVersions", "List the versions of the API.", {200: "Versions"}, {"host"}, is_public=True),
    Operation("GET", "/{version}", "showVersion", "Show one version of the API.", {300: "Versions"}, {"host", "route"}, path_values=tuple(VERSIONS), is_public=True),
    Operation("GET", "/v2/schemas/{name}", "showSchema", "Show the JSON Schema of images or members.", {200: "Schema"}, {"route"}, path_values=PUBLISHED),
)  # fmt: skip

_IDENTITY_ROWS: Final = (
    Operation("GET", "/v3", "showIdentity", "Show the version of the identity API.", {200: "Identity"}, {"host"}, is_public=True),
    Operation("GET", "/v3/", "showIdentityUnderV3", "Show the version of the identity API.", {200: "Identity"}, {"host"}, is_public=True),
    Operation("POST", "/v3/auth/tokens", "createToken", "Issue a token for a user's password or another token.", {201: "Token"}, (_BODY - {"media-type"}) | {"content-type", "login", "login-method", "login-scope", "host"}, {JSON: "Login"}, parameters=(_NO_CATALOG,), response_headers=_SUBJECT, is_public=True),
    Operation("GET", "/v3/auth/tokens", "showToken", "Show the user, project and expiry of a token.", {200: "Token"}, {"subject-missing", "subject", "host"}, parameters=(_NO_CATALOG,), headers=_SUBJECT, response_headers=_SUBJECT),
    Operation("GET", "/v3/auth/catalog", "showServices", "Show the service catalog.", {200: "Services"}, {"unscoped", "host"}),
    Operation("GET", "/v3/auth/projects", "listOwnProjects", "List the projects of the caller's credentials.", {200: "Projects"}, {"host"}),
    Operation("GET", "/v3/auth/domains", "listDomains", "List the caller's domain.", {200: "Domains"}, {"host"}),
    Operation("GET", "/v3/projects", "listProjects", "List projects, optionally by name.", {200: "Projects"}, {"host"}, parameters=(_PROJECT_NAME,)),
    Operation("GET", "/v3/projects/{project_id}", "showProject", "Show a project. Every id is one; projects of other domains are shown only to admins.", {200: "Project"}, {"host"}),
)  # fmt: skip

_CONTROL_ROWS: Final = (
    Operation("GET", "/_ims/", "showControl", "Show the paths of the control API; to browsers, the control page.", {200: "ControlLinks"}),
    Operation("GET", "/_ims/health", "showHealth", "Show that the emulator is running, with its version and catalog.", {200: "Health"}),
    Operation("POST", "/_ims/reset", "reset", "Restore the loaded catalog and clock; clear journal, faults and rate limit.", _NO_BODY),
    Operation("GET", "/_ims/catalog", "showCatalog", "Show the catalog as a catalog file, with secrets redacted.", {200: "Catalog"}, response_types=(JSON, YAML)),
    Operation("PUT", "/_ims/catalog", "replaceCatalog", "Replace the catalog.", {200: "Loaded"}, _CATALOG, {JSON: "CatalogOrImage", YAML: "CatalogOrImage"}),
    Operation("PATCH", "/_ims/catalog", "addToCatalog", "Add to the catalog.", {200: "Loaded"}, _CATALOG, {JSON: "CatalogOrImage", YAML: "CatalogOrImage"}),
    Operation("GET", "/_ims/schema", "showCatalogSchema", "Show the JSON Schema of a catalog file.", {200: "CatalogSchema"}),
    Operation("GET", "/_ims/images/{image_id}", "showStoredImage", "Show an image as it is stored, whatever its owner and status.", {200: "StoredImage"}, {"image"}, response_types=(JSON, YAML)),
    Operation("PUT", "/_ims/images/{image_id}", "putImage", "Create or replace the image with this id.", {200: "LoadedImage"}, _CATALOG, {JSON: "ImageToStore", YAML: "ImageToStore"}, response_types=(JSON, YAML)),
    Operation("DELETE", "/_ims/images/{image_id}", "removeImage", "Remove an image without a trace.", _NO_BODY, {"image"}),
    Operation("GET", "/_ims/clock", "showClock", "Show the emulator's time, and whether it is frozen.", {200: "Clock"}),
    Operation("PUT", "/_ims/clock", "setClock", "Set or advance the clock.", {200: "Clock"}, _BODY, {JSON: "ClockSetting"}),
    Operation("GET", "/_ims/snapshots", "listSnapshots", "List the names of the snapshots.", {200: "Snapshots"}),
    Operation("POST", "/_ims/snapshots", "takeSnapshot", "Take a snapshot of the emulator's state.", {201: "Snapshot"}, _BODY | {"snapshots"}, {JSON: "Snapshot"}, links={"name": "/name"}),
    Operation("POST", "/_ims/snapshots/{name}/restore", "restoreSnapshot", "Restore a snapshot.", _NO_BODY, {"snapshot"}),
    Operation("DELETE", "/_ims/snapshots/{name}", "forgetSnapshot", "Delete a snapshot.", _NO_BODY, {"snapshot"}),
    Operation("GET", "/_ims/faults", "listFaults", "List the fault injection rules and how often each was applied.", {200: "Faults"}),
    Operation("POST", "/_ims/faults", "addFault", "Append a fault injection rule.", {201: "Fault"}, _BODY, {JSON: "NewFault"}, links={"rule_id": "/id"}),
    Operation("DELETE", "/_ims/faults", "removeFaults", "Remove all fault injection rules.", _NO_BODY),
    Operation("DELETE", "/_ims/faults/{rule_id}", "removeFault", "Remove a fault injection rule.", _NO_BODY, {"rule"}),
    Operation("GET", "/_ims/requests", "listRequests", "List the journal of requests, oldest first.", {200: "Requests"}, {"integer"}, parameters=(_PATH, _SINCE)),
    Operation("DELETE", "/_ims/requests", "forgetRequests", "Clear the journal and restart its numbering.", _NO_BODY),
    Operation("GET", "/_ims/walks", "listWalks", "List the walks through paginated lists, with the audit's remarks.", {200: "Walks"}),
    Operation("GET", "/_ims/explain", "explainQuery", "Explain why a list query returns an image, or does not.", {200: "Explanation"}, _QUERY | _names(errors.CLOUDIMAGES) | (_CREDENTIALS - {"throttled"}) | {"explain", "findings"}, parameters=_EXPLAIN_PARAMETERS, has_list_errors=True),
    Operation("GET", "/_ims/coverage", "showCoverage", "Show which items of the contract were covered, and which were not.", {200: "Coverage"}),
    Operation("DELETE", "/_ims/coverage", "forgetCoverage", "Clear the coverage.", _NO_BODY),
    Operation("GET", "/_ims/sandboxes", "listSandboxes", "List the sandboxes with their age and the time since their last use, without secrets.", {200: "Sandboxes"}),
    Operation("POST", "/_ims/sandboxes", "makeSandbox", "Create a sandbox with the server's initial catalog or the one in the body.", {201: "Sandbox"}, _CATALOG | {"sandboxes", "host"}, {JSON: "NewSandbox"}, is_body_required=False, links={"id": "/id"}),
    Operation("PUT", "/_ims/sandboxes/{id}", "beginSandbox", "Recreate a sandbox with the same id and credentials.", {200: "Sandbox"}, _CATALOG | {"host"}, {JSON: "NewSandbox"}, is_body_required=False),
    Operation("DELETE", "/_ims/sandboxes/{id}", "removeSandbox", "Delete a sandbox.", _NO_BODY),
)  # fmt: skip

_DOCUMENT: Final = Operation("GET", "/openapi.json", "showDocument", "Show this document.", {200: "Document"})

OPERATIONS: Final = (*_IMAGE_ROWS, *_IDENTITY_ROWS, _DOCUMENT, *_CONTROL_ROWS)  # the last only with --control on
# The endpoints of the emulated services, as the coverage report counts them
ENDPOINTS: Final = tuple(Endpoint(one.method, one.path, one.path_values) for one in (*_IMAGE_ROWS, *_IDENTITY_ROWS))
