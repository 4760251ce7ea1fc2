"""What can be wrong with a request: one row a problem, with its status, its code and its words.

A :class:`RequestError` is raised with the name of a row, the parameter, its value and what is legal. How it is shown
(the service's JSON, the gateway's JSON, Glance's text) is decided where answers are written, by the profile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from ims_mock.contract.values import printable, quoted


class Problem(NamedTuple):
    """One thing that can be wrong: its HTTP status, its code, our words for it, and Glance's recorded sentence.

    ``IMG.`` codes are the service's own answers, ``APIGW.`` codes those of the gateway in front of it; the identity
    service and the control paths have none, they repeat the status. The meaning may hold the words that a :class:`RequestError` is given.
    Where ``glance`` is empty, Glance has no such check, or answers with the status' usual sentence; a second line is
    what Glance shows below the sentence. ``glance_status`` is Glance's own status, where that is another.
    """

    name: str
    status: int
    code: str
    meaning: str
    glance: str = ""
    glance_status: int = 0

    @property
    def is_of_gateway(self) -> bool:
        """Whether the gateway refuses, before the service has seen the request."""
        return self.code.startswith("APIGW.")


_QUERY = "The query string is not valid:"
_UNAUTHORIZED: Final = (
    "This server could not verify that you are authorized to access the document you requested. Either you supplied "
    "the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required."
)
_NO_IMAGE: Final = "No image has this id:"
_CONFLICT: Final = "There was a conflict when trying to complete your request."
_INCORRECT: Final = "Incorrect IAM authentication information:"

QUERY: Final = (
    Problem("encoding", 400, "IMG.0017", _QUERY, "Error decoding your request. Either the URL or the request body contained characters that could not be decoded by Glance"),
    Problem("stray-percent", 400, "IMG.0017", _QUERY),
    Problem("repeated", 400, "IMG.0017", _QUERY),
    Problem("limit", 400, "IMG.0017", _QUERY, "limit param must be an integer"),
    Problem("negative-limit", 400, "IMG.0017", _QUERY, "limit param must be positive"),
    Problem("sort-key", 400, "IMG.0017", _QUERY, "Invalid sort key: {wrong}. It must be one of the following: {keys}."),
    Problem("sort-direction", 400, "IMG.0017", _QUERY, "Invalid sort direction: {wrong}"),
    Problem("sort-directions", 400, "IMG.0017", _QUERY, "Number of sort dirs does not match the number of sort keys"),
    Problem("sort-syntaxes", 400, "IMG.0017", _QUERY, "Old and new sorting syntax cannot be combined"),
    Problem("visibility", 400, "IMG.0017", _QUERY, "Invalid visibility value: {value}"),
    Problem("member-status", 400, "IMG.0017", _QUERY, "Invalid status: {value}"),
    Problem("changes-since", 400, "IMG.0017", _QUERY, 'The "changes-since" filter is no longer available on v2.'),
    Problem("boolean", 400, "IMG.0017", _QUERY, "Invalid value '{value}' for '{parameter}' filter. Valid values are 'true' or 'false'."),
    Problem("integer", 400, "IMG.0017", _QUERY),
    Problem("range", 400, "IMG.0017", _QUERY, "Unable to filter on a range with a non-numeric value."),
    Problem("time", 400, "IMG.0017", _QUERY, 'Bad "{parameter}" query filter format. Use ISO 8601 DateTime notation.'),
    Problem("time-operator", 400, "IMG.0017", _QUERY, "Unable to filter on a unknown operator."),
    Problem("operator", 400, "IMG.0017", _QUERY, "Unable to filter by unknown operator '{operator}'."),
    Problem("quote-before", 400, "IMG.0017", _QUERY, "Invalid filter value {picked}. There is no comma before opening quotation mark."),
    Problem("quote-after", 400, "IMG.0017", _QUERY, "Invalid filter value {picked}. There is no comma after closing quotation mark."),
    Problem("quote-open", 400, "IMG.0017", _QUERY, "Invalid filter value {picked}. The quote is not closed."),
)
"""What can be wrong with the query string of a list."""

CLOUDIMAGES: Final = (
    Problem("architecture", 400, "IMG.0212", "No such architecture is known:"),
    Problem("enterprise-project", 400, "IMG.0155", "The enterprise project cannot be checked:"),
    Problem("flavor", 400, "IMG.0192", "This is no flavor that images can be found for:"),
)
"""What can be wrong with the filters that only ``/v2/cloudimages`` has."""

MARKER: Final = (
    Problem("marker", 400, "IMG.0027", "No image has this id:", "No image found with ID {value}"),
    Problem("long-marker", 400, "IMG.0027", "No image has this id:", "Image with the given id %(image_id)s was not found"),
    Problem("hidden-marker", 403, "IMG.0026", "The image is not the caller's to see:", "Forbidding request, image {value} not visible"),
)
"""What can be wrong with a marker."""

IMAGE: Final = (
    Problem("image", 404, "IMG.0027", _NO_IMAGE, "No image found with ID {value}"),
    Problem("image-to-change", 404, "IMG.0027", _NO_IMAGE, "Failed to find image {value} to update"),
    Problem("image-to-delete", 404, "IMG.0144", _NO_IMAGE, "Failed to find image {value} to delete"),
    Problem("image-with-parts", 404, "IMG.0027", _NO_IMAGE, "Image {value} not found."),
    Problem("image-gone", 404, "IMG.0027", "The image was deleted while its data was uploaded:", "Image {value} could not be found after upload. The image may have been deleted during the upload.", 410),
    Problem("not-own", 403, "IMG.0026", "The image is another project's; its members only look at it:", "You are not permitted to {act}"),
    Problem("protected", 403, "IMG.0028", "The image is protected against being deleted:", "Image {value} is protected and cannot be deleted."),
    Problem("public-deleted", 403, "IMG.0094", "Only an admin deletes a public image:"),
)
"""What can be wrong with the image of a path."""

ATTRIBUTES: Final = (
    Problem("read-only-attribute", 403, "IMG.0026", "The service alone sets this attribute:", "Attribute '{value}' is read-only."),
    Problem("reserved-attribute", 403, "IMG.0026", "The name of the attribute is reserved:", "Attribute '{value}' is reserved."),
    Problem("attribute-removed", 403, "IMG.0026", "Every image has this attribute:", "Property {value} may not be removed."),
    Problem("format-change", 403, "IMG.0026", "The format of an image with data stays as it is:", "Attribute {value} can be only replaced for a queued image."),
    Problem("owner", 403, "IMG.0026", "Only an admin makes images for another project:", "You are not permitted to create images owned by '{value}'."),
    Problem("owner-change", 403, "IMG.0026", "Only an admin gives an image to another project:", "Owner can't be updated by non admin."),
    Problem("visibility-chosen", 403, "IMG.0026", "The visibility is not the caller's to choose:", "You are not authorized to complete this action."),
    Problem("property-missing", 409, "IMG.0035", "The image has no such property:", f"{_CONFLICT}\nProperty {{value}} does not exist."),
    Problem("property-present", 409, "IMG.0035", "The image has this property already:", f"{_CONFLICT}\nProperty {{value}} already present."),
    Problem("id-taken", 409, "IMG.0035", "An image has this id already:", "Image ID {value} already exists!"),
    Problem("name-long", 400, "IMG.0002", "The name of the image is too long:"),
    Problem("name-format", 400, "IMG.0003", "The name of the image is not valid:"),
    Problem("description-long", 400, "IMG.0004", "The description of the image is too long:"),
    Problem("description-format", 400, "IMG.0054", "The description of the image is not valid:"),
    Problem("hardware", 400, "IMG.0055", "The size of memory or disk is not valid:"),
    Problem("system-family", 400, "IMG.0056", "The type of the operating system is not valid:"),
    Problem("disk-format", 400, "IMG.0072", "The format of the image is not supported:"),
    Problem("firmware", 400, "IMG.0141", "The firmware is neither uefi nor bios:"),
    Problem("attribute", 400, "IMG.0001", "The attribute is not valid:"),
    Problem("patch", 400, "IMG.0001", "The request body is not valid: {what}", "{says}"),
)
"""What can be wrong with what a client writes to an image."""

PARTS: Final = (
    Problem("tag", 400, "IMG.0115", "The tag is not valid:"),
    Problem("tag-missing", 404, "IMG.0115", "The image has no such tag:"),
    Problem("tags-full", 400, "IMG.0116", "The image has as many tags as it may have:", "The limit has been exceeded on the number of allowed image tags. Attempted: {attempted}, Maximum: {most}", 413),
    Problem("upload-state", 409, "IMG.0035", "Only a queued image takes data:", "Image status transition from {value} to saving is not allowed"),
    Problem("formats-missing", 400, "IMG.0001", "The image has no format yet:", "Properties disk_format, container_format must be set prior to saving data."),
    Problem("upload-torn", 400, "IMG.0057", "The image file did not arrive whole: {what}"),
)
"""What can be wrong with its tags and its data."""

MEMBERS: Final = (
    Problem("public-shared", 403, "IMG.0089", "A public image is everybody's, and has no members:", "Error fetching members of image {value}: Public images do not have members."),
    Problem("not-shared", 403, "IMG.0089", "Only an image of the visibility shared has members:", "Error fetching members of image {value}: Only shared images have members."),
    Problem("encrypted-shared", 400, "IMG.0098", "An encrypted image cannot be shared:"),
    Problem("members-not-own", 403, "IMG.0026", "The members of the image are not the caller's to {act}:", "Not allowed to {act} members for image {image}."),
    Problem("member", 400, "IMG.0001", "The request body is not valid: {what}", "{says}"),
    Problem("member-missing", 404, "IMG.0108", "The image has no such member:", "{value} not found in the member list of the image {image}."),
    Problem("member-duplicate", 409, "IMG.0112", "The image is shared with this project already:", "Member {value} is duplicated for image {image}"),
    Problem("member-self", 400, "IMG.0076", "An image is not shared with its own project:"),
    Problem("members-full", 400, "IMG.0088", "The image is shared with as many projects as it may be:", "Image member limit exceeded for image {image}: The limit has been exceeded on the number of allowed image members for this image. Attempted: {attempted}, Maximum: {most}:", 413),
)
"""What can be wrong with its members."""

CREDENTIALS: Final = (
    Problem("token-missing", 401, "APIGW.0301", f"{_INCORRECT} x-auth-token not found", _UNAUTHORIZED),
    Problem("token-unknown", 401, "APIGW.0301", f"{_INCORRECT} decrypt token fail", _UNAUTHORIZED),
    Problem("token-unproven", 401, "APIGW.0301", f"{_INCORRECT} decrypt token fail; the token was issued with --auth off to somebody who did not prove all they asked for", _UNAUTHORIZED),
    Problem("token-expired", 401, "APIGW.0307", "The token must be updated.", _UNAUTHORIZED),
    Problem("algorithm", 401, "APIGW.0301", f"{_INCORRECT} Authorization is of another scheme:", _UNAUTHORIZED),
    Problem("authorization", 401, "APIGW.0301", f"{_INCORRECT} Authorization {{what}}", _UNAUTHORIZED),
    Problem("signed-headers", 401, "APIGW.0301", f"{_INCORRECT} the list of signed headers is wrong", _UNAUTHORIZED),
    Problem("header-missing", 401, "APIGW.0301", f"{_INCORRECT} the signed header {{header}} was not sent", _UNAUTHORIZED),
    Problem("date-missing", 401, "APIGW.0301", f"{_INCORRECT} X-Sdk-Date not found", _UNAUTHORIZED),
    Problem("date", 401, "APIGW.0301", f"{_INCORRECT} the time of the signature cannot be read:", _UNAUTHORIZED),
    Problem("signature-expired", 401, "APIGW.0301", f"{_INCORRECT} signature expired, signature time:{{sent}},server time:{{now}}", _UNAUTHORIZED),
    Problem("key-unknown", 401, "APIGW.0301", f"{_INCORRECT} ak {{access}} not exist", _UNAUTHORIZED),
    Problem("key-secret", 401, "APIGW.0301", f"{_INCORRECT} ak not exist; Access holds a secret, where an ak belongs", _UNAUTHORIZED),
    Problem("key-expired", 401, "APIGW.0301", f"{_INCORRECT} the temporary ak {{access}} expired at {{expires}}", _UNAUTHORIZED),
    Problem("security-token-missing", 401, "APIGW.0301", f"{_INCORRECT} x-security-token not found; ak {{access}} is a temporary one", _UNAUTHORIZED),
    Problem("security-token", 401, "APIGW.0301", f"{_INCORRECT} decrypt securitytoken fail; X-Security-Token does not belong to ak {{access}}", _UNAUTHORIZED),
    Problem("body-hash", 401, "APIGW.0301", f"{_INCORRECT} the body is another than the one that was signed:", _UNAUTHORIZED),
    Problem("signature", 401, "APIGW.0301", f"{_INCORRECT} verify aksk signature fail, canonicalRequest:{{canonical}}", _UNAUTHORIZED),
    Problem("other-project", 403, "APIGW.0302", "The credentials do not open this project:", "Access was denied to this resource."),
    Problem("no-project", 403, "APIGW.0302", "The token opens no project: it is {scope}", "Access was denied to this resource."),
    Problem("read-only", 403, "APIGW.0302", "The IAM user is not authorized to access the API: only the roles admin and member may write", "Access was denied to this resource."),
    Problem("throttled", 429, "APIGW.0308", "The throttling threshold has been reached: policy ip over ratelimit,limit:{count},time:{seconds} second"),
)
"""What can be wrong with credentials; the gateway judges them."""

CONTROL: Final = (
    Problem("origin", 403, "", "A page of another origin may not change the emulator:"),
    Problem("catalog", 400, "", "The catalog is not valid:\n{what}"),
    Problem("snapshot", 404, "", "No snapshot has this name:"),
    Problem("snapshots", 429, "", "There are too many snapshots; delete one, or give one of their names"),
    Problem("rule", 404, "", "No fault has this id:"),
    Problem("sandbox", 404, "APIGW.0101", "There is no such sandbox, or it was unused for too long:", "There is no such sandbox, or it was unused for too long."),
    Problem("sandboxes", 429, "", "There are too many sandboxes; delete one, or wait until unused ones expire"),
)
"""What can be wrong at the control paths."""

SEVERAL: Final = (
    Problem("unchanging", 403, "APIGW.0302", "The emulator is read-only (--read-only on):"),
    Problem("divided", 403, "APIGW.0302", "Several processes may answer, by what the server says, and each {what}"),
)
"""What can be wrong where it is one of several that answer alike."""

IDENTITY: Final = (
    Problem("login", 401, "", "The request you have made requires authentication: {what}"),
    Problem("login-method", 401, "", "This method of authentication is not supported:"),
    Problem("login-scope", 401, "", "The credentials do not open {what}"),
    Problem("content-type", 400, "IMG.0001", "The media type of the body is not valid:"),
    Problem("subject-missing", 400, "", "X-Subject-Token not found"),
    Problem("subject", 404, "", "X-Subject-Token names no token that is known and valid"),
    Problem("unscoped", 403, "", "The token opens neither a project nor a domain, so there is no catalog"),
)
"""What can be wrong at the identity service."""

BODIES: Final = (
    Problem("media-type", 415, "IMG.0001", "The media type of the body is not served:"),
    Problem("body", 400, "IMG.0001", "The request body is not valid: {what}"),
    Problem("body-missing", 400, "IMG.0007", "The request body is empty", "Body expected in request."),
    Problem("json", 400, "IMG.0001", "The request body is not valid: {what}", "Malformed JSON in request body."),
)
"""What can be wrong with any body."""

REQUEST: Final = (
    Problem("route", 404, "APIGW.0101", "The API does not exist or has not been published in the environment"),
    Problem("method", 404, "APIGW.0101", "The API does not exist or has not been published in the environment", glance_status=405),
    Problem("body-too-large", 413, "APIGW.0201", "Request entity too large."),
    Problem("uri-too-large", 414, "APIGW.0201", "Request URI too large."),
    Problem("findings", 400, "IMG.0017", "--findings strict refuses what the document does not have:\n{says}", "{says}"),
    Problem("host", 400, "APIGW.0602", "The request is not valid HTTP:"),
    Problem("malformed", 400, "APIGW.0602", "The request is not valid HTTP."),
    Problem("away", 503, "APIGW.0201", "Backend unavailable."),
    Problem("internal", 500, "APIGW.0601", "The emulator itself failed; its log tells why under this request id."),
)
"""What can be wrong with any request."""

PROBLEMS: Final = (
    *QUERY, *CLOUDIMAGES, *MARKER, *IMAGE, *ATTRIBUTES, *PARTS, *MEMBERS, *CREDENTIALS, *CONTROL, *SEVERAL, *IDENTITY, *BODIES, *REQUEST,
)  # fmt: skip

_WORDS: Final = re.compile(r"\{\w+\}")
_BY_NAME: Final = {problem.name: problem for problem in PROBLEMS}


def meaning(problem: str) -> str:
    """Give our words for a problem, whatever request has it."""
    return _WORDS.sub("…", _BY_NAME[problem].meaning)


def usual_code(status: int) -> str:
    """Give the code that a status usually has: that of the first problem with it, or like it."""
    statuses = (status, 503 if status >= 500 else 400)
    return next(one.code for wanted in statuses for one in PROBLEMS if one.status == wanted and one.code)


class RequestError(Exception):
    """A request that is answered with an error.

    Args:
        problem: name of a row of :data:`PROBLEMS`, or a problem of its own.
        parameter: the query parameter, header or path part that is wrong.
        value: what it holds.
        legal: what it may hold.
        cure: what else the client should know.
        headers: what the answer says in its headers.
        words: anything else that the row's sentences name.
    """

    def __init__(
        self, problem: str | Problem, parameter: str = "", value: str = "", legal: str = "", *, cure: str = "", headers: Mapping[str, str] | None = None, **words: str
    ) -> None:
        self.problem = _BY_NAME[problem] if isinstance(problem, str) else problem
        self.words = {"parameter": parameter, "value": value, **words}
        self.legal = legal
        self.cure = cure
        self.headers = headers or {}
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The sentence of this project: what the code means, then the parameter, the value and what is legal."""
        message = self.problem.meaning.format(**self.words)
        if self.words["parameter"]:
            separator = " " if message.endswith(":") else ": "
            message = message.removesuffix(".")
            message += f"{separator}{printable(self.words['parameter'])} is {quoted(self.words['value'])}"
        if self.legal:
            message = f"{message.removesuffix('.')}; legal is {self.legal}"
        return f"{message}; {self.cure}" if self.cure else message

    @property
    def glance(self) -> str:
        """The sentence of Glance, empty where Glance has no such check."""
        return self.problem.glance.format(**self.words)
