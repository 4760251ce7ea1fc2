"""The table of errors, one row per error: its status, code and message.

Code raises :class:`RequestError` with the name of a row and the parameter, value and legal values. The shape of
the body, which depends on the profile, is in ``web/error_bodies.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ims_mock.text import printable, quoted

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Problem:
    """One error.

    Attributes:
        name: Its name in this project.
        status: The HTTP status.
        code: The error code: ``IMG.`` codes are those of the service, ``APIGW.`` codes those of its gateway. The
            identity service and the control API have none; they repeat the status.
        message: The message, with the details of :class:`RequestError` as placeholders.
        glance: The message of Glance (recorded), likewise. If it is empty, Glance has no such check, or shows the usual
            message of the status. Glance shows a second line below the message.
        glance_status: The status of Glance if it differs.
    """

    name: str
    status: int
    code: str
    message: str
    glance: str = ""
    glance_status: int = 0

    @property
    def is_of_gateway(self) -> bool:
        """Whether the gateway rejects the request, before the service."""
        return self.code.startswith("APIGW.")

    @property
    def summary(self) -> str:
        """The message without details."""
        return _PLACEHOLDER.sub(lambda match: match[1].upper(), self.message)


_UNAUTHORIZED: Final = (
    "This server could not verify that you are authorized to access the document you requested. Either you supplied "
    "the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required."
)
_CONFLICT: Final = "There was a conflict when trying to complete your request."
_INCORRECT: Final = "Incorrect IAM authentication information:"
_CALCULATION: Final = "calc aksk signature fail:"

QUERY: Final = (
    Problem("encoding", 400, "IMG.0017", "Invalid {parameter} {value}: it is not UTF-8.", "Error decoding your request. Either the URL or the request body contained characters that could not be decoded by Glance"),
    Problem("stray-percent", 400, "IMG.0017", "Invalid {parameter} {value}: a % is not followed by two hexadecimal digits."),
    Problem("repeated", 400, "IMG.0017", "Invalid {parameter} {value}: it was sent more than once."),
    Problem("limit", 400, "IMG.0017", "Invalid {parameter} {value}: it is not a whole number.", "limit param must be an integer"),
    Problem("negative-limit", 400, "IMG.0017", "Invalid {parameter} {value}: it is negative.", "limit param must be positive"),
    Problem("sort-key", 400, "IMG.0017", "Invalid {parameter} {value}: unknown sort key.", "Invalid sort key: {wrong}. It must be one of the following: {keys}."),
    Problem("sort-direction", 400, "IMG.0017", "Invalid {parameter} {value}: unknown sort direction.", "Invalid sort direction: {wrong}"),
    Problem("sort-directions", 400, "IMG.0017", "Invalid {parameter} {value}: the number of directions does not match the number of keys.", "Number of sort dirs does not match the number of sort keys"),
    Problem("sort-syntaxes", 400, "IMG.0017", "Invalid {parameter} {value}: it cannot be combined with sort_key or sort_dir.", "Old and new sorting syntax cannot be combined"),
    Problem("visibility", 400, "IMG.0017", "Invalid {parameter} {value}: unknown visibility.", "Invalid visibility value: {value}"),
    Problem("member-status", 400, "IMG.0017", "Invalid {parameter} {value}: unknown status.", "Invalid status: {value}"),
    Problem("changes-since", 400, "IMG.0017", "Invalid {parameter} {value}: this filter is not supported.", 'The "changes-since" filter is no longer available on v2.'),
    Problem("boolean", 400, "IMG.0017", "Invalid {parameter} {value}: it is neither true nor false.", "Invalid value '{value}' for '{parameter}' filter. Valid values are 'true' or 'false'."),
    Problem("integer", 400, "IMG.0017", "Invalid {parameter} {value}: it is not a whole number."),
    Problem("range", 400, "IMG.0017", "Invalid {parameter} {value}: it is not a whole number.", "Unable to filter on a range with a non-numeric value."),
    Problem("time", 400, "IMG.0017", "Invalid {parameter} {value}: it is not a time.", 'Bad "{parameter}" query filter format. Use ISO 8601 DateTime notation.'),
    Problem("time-operator", 400, "IMG.0017", "Invalid {parameter} {value}: the text before the colon is read as an operator, and there is no such operator.", "Unable to filter on a unknown operator."),
    Problem("operator", 400, "IMG.0017", "Invalid {parameter} {value}: the text before the colon is read as an operator, and there is no such operator.", "Unable to filter by unknown operator '{operator}'."),
    Problem("quote-before", 400, "IMG.0017", "Invalid {parameter} {value}: no comma before an opening quotation mark.", "Invalid filter value {picked}. There is no comma before opening quotation mark."),
    Problem("quote-after", 400, "IMG.0017", "Invalid {parameter} {value}: no comma after a closing quotation mark.", "Invalid filter value {picked}. There is no comma after closing quotation mark."),
    Problem("quote-open", 400, "IMG.0017", "Invalid {parameter} {value}: a quotation mark is not closed.", "Invalid filter value {picked}. The quote is not closed."),
)
"""Errors of the query string of a list."""

CLOUDIMAGES: Final = (
    Problem("architecture", 400, "IMG.0212", "Invalid {parameter} {value}: unknown architecture."),
    Problem("enterprise-project", 400, "IMG.0155", "Invalid {parameter} {value}: it is not an enterprise project."),
    Problem("flavor", 400, "IMG.0192", "Invalid {parameter} {value}: it is not the name of a flavor."),
)
"""Errors of the filters that only ``/v2/cloudimages`` has."""

MARKER: Final = (
    Problem("marker", 400, "IMG.0027", "Invalid {parameter} {value}: no such image.", "No image found with ID {value}"),
    Problem("long-marker", 400, "IMG.0027", "Invalid {parameter} {value}: no such image.", "Image with the given id %(image_id)s was not found"),
    Problem("hidden-marker", 403, "IMG.0026", "Invalid {parameter} {value}: the caller cannot see this image.", "Forbidding request, image {value} not visible"),
)
"""Errors of a marker."""

IMAGE: Final = (
    Problem("image", 404, "IMG.0027", "Image {value} not found.", "No image found with ID {value}"),
    Problem("image-to-change", 404, "IMG.0027", "Image {value} not found.", "Failed to find image {value} to update"),
    Problem("image-to-delete", 404, "IMG.0144", "Image {value} not found.", "Failed to find image {value} to delete"),
    Problem("image-with-parts", 404, "IMG.0027", "Image {value} not found.", "Image {value} not found."),
    Problem("image-gone", 404, "IMG.0027", "Image {value} was deleted during the upload.", "Image {value} could not be found after upload. The image may have been deleted during the upload.", 410),
    Problem("not-own", 403, "IMG.0026", "Image {value} belongs to another project.", "You are not permitted to {act}"),
    Problem("protected", 403, "IMG.0028", "Image {value} is protected and cannot be deleted.", "Image {value} is protected and cannot be deleted."),
    Problem("public-deleted", 403, "IMG.0094", "Image {value} is public and can be deleted only by an admin."),
)
"""Errors of the image that a path names."""

ATTRIBUTES: Final = (
    Problem("read-only-attribute", 403, "IMG.0026", "Attribute {value} is read-only.", "Attribute '{value}' is read-only."),
    Problem("reserved-attribute", 403, "IMG.0026", "Attribute {value} is reserved.", "Attribute '{value}' is reserved."),
    Problem("attribute-removed", 403, "IMG.0026", "Attribute {value} cannot be removed.", "Property {value} may not be removed."),
    Problem("format-change", 403, "IMG.0026", "Attribute {value} can be changed only while the image is queued.", "Attribute {value} can be only replaced for a queued image."),
    Problem("owner", 403, "IMG.0026", "Invalid {parameter} {value}: only an admin can create images for another project.", "You are not permitted to create images owned by '{value}'."),
    Problem("owner-change", 403, "IMG.0026", "Invalid {parameter} {value}: only an admin can give an image to another project.", "Owner can't be updated by non admin."),
    Problem("visibility-chosen", 403, "IMG.0026", "Invalid {parameter} {value}: the caller cannot choose it.", "You are not authorized to complete this action."),
    Problem("property-missing", 409, "IMG.0035", "Property {value} does not exist.", f"{_CONFLICT}\nProperty {{value}} does not exist."),
    Problem("property-present", 409, "IMG.0035", "Property {value} already exists.", f"{_CONFLICT}\nProperty {{value}} already present."),
    Problem("id-taken", 409, "IMG.0035", "Invalid {parameter} {value}: another image has this id.", "Image ID {value} already exists!"),
    Problem("name-long", 400, "IMG.0002", "Invalid {parameter} {value}: it is too long."),
    Problem("name-format", 400, "IMG.0003", "Invalid {parameter} {value}: it contains characters that are not allowed."),
    Problem("description-long", 400, "IMG.0004", "Invalid {parameter} {value}: it is too long."),
    Problem("description-format", 400, "IMG.0054", "Invalid {parameter} {value}: it contains characters that are not allowed."),
    Problem("hardware", 400, "IMG.0055", "Invalid {parameter} {value}: it is out of range."),
    Problem("system-family", 400, "IMG.0056", "Invalid {parameter} {value}: unknown type of operating system."),
    Problem("disk-format", 400, "IMG.0072", "Invalid {parameter} {value}: unsupported format."),
    Problem("firmware", 400, "IMG.0141", "Invalid {parameter} {value}: unknown firmware."),
    Problem("attribute", 400, "IMG.0001", "Invalid {parameter} {value}."),
    Problem("patch", 400, "IMG.0001", "Invalid request body: {what}.", "{says}"),
)
"""Errors of attributes that a client writes."""

TAGS_AND_DATA: Final = (
    Problem("tag", 400, "IMG.0115", "Invalid tag {value}."),
    Problem("tag-missing", 404, "IMG.0115", "Tag {value} not found."),
    Problem("tags-full", 400, "IMG.0116", "Too many tags: {attempted}.", "The limit has been exceeded on the number of allowed image tags. Attempted: {attempted}, Maximum: {most}", 413),
    Problem("upload-state", 409, "IMG.0035", "Data can be uploaded only to a queued image; the status is {value}.", "Image status transition from {value} to saving is not allowed"),
    Problem("formats-missing", 400, "IMG.0001", "The image has no {parameter}, which is needed before data can be uploaded.", "Properties disk_format, container_format must be set prior to saving data."),
    Problem("upload-torn", 400, "IMG.0057", "The image file is incomplete: {what}."),
)
"""Errors of tags and image data."""

MEMBERS: Final = (
    Problem("public-shared", 403, "IMG.0089", "Image {value} is public and cannot have members.", "Error fetching members of image {value}: Public images do not have members."),
    Problem("not-shared", 403, "IMG.0089", "Image {value} cannot have members because its visibility is not shared.", "Error fetching members of image {value}: Only shared images have members."),
    Problem("encrypted-shared", 400, "IMG.0098", "Image {value} is encrypted and cannot be shared."),
    Problem("members-not-own", 403, "IMG.0026", "The caller cannot {act} members of the image.", "Not allowed to {act} members for image {image}."),
    Problem("member", 400, "IMG.0001", "Invalid request body: {what}.", "{says}"),
    Problem("member-missing", 404, "IMG.0108", "Member {value} not found.", "{value} not found in the member list of the image {image}."),
    Problem("member-duplicate", 409, "IMG.0112", "Invalid {parameter} {value}: the image is already shared with this project.", "Member {value} is duplicated for image {image}"),
    Problem("member-self", 400, "IMG.0076", "Invalid {parameter} {value}: this project owns the image."),
    Problem("members-full", 400, "IMG.0088", "Too many members: {attempted}.", "Image member limit exceeded for image {image}: The limit has been exceeded on the number of allowed image members for this image. Attempted: {attempted}, Maximum: {most}:", 413),
)
"""Errors of members."""

CREDENTIALS: Final = (
    Problem("token-missing", 401, "APIGW.0301", f"{_INCORRECT} x-auth-token not found", _UNAUTHORIZED),
    Problem("token-unknown", 401, "APIGW.0301", f"{_INCORRECT} decrypt token fail", _UNAUTHORIZED),
    Problem("token-unproven", 401, "APIGW.0301", f"{_INCORRECT} decrypt token fail; the token was issued with --auth off and without complete credentials", _UNAUTHORIZED),
    Problem("token-expired", 401, "APIGW.0307", "The token must be updated.", _UNAUTHORIZED),
    Problem("algorithm", 401, "APIGW.0301", f"{_INCORRECT} unsupported scheme in Authorization", _UNAUTHORIZED),
    Problem("authorization", 401, "APIGW.0301", f"{_INCORRECT} Authorization {{what}}", _UNAUTHORIZED),
    Problem("signed-headers", 401, "APIGW.0301", f"{_INCORRECT} invalid SignedHeaders", _UNAUTHORIZED),
    Problem("header-missing", 401, "APIGW.0301", f"{_INCORRECT} the signed header {{header}} was not sent", _UNAUTHORIZED),
    Problem("date-missing", 401, "APIGW.0301", f"{_INCORRECT} X-Sdk-Date not found", _UNAUTHORIZED),
    Problem("date", 401, "APIGW.0301", f"{_INCORRECT} invalid X-Sdk-Date {{value}}", _UNAUTHORIZED),
    Problem("signature-expired", 401, "APIGW.0301", f"{_INCORRECT} {_CALCULATION}signature expired, signature time:{{sent}},server time:{{now}}", _UNAUTHORIZED),
    Problem("key-unknown", 401, "APIGW.0301", f"{_INCORRECT} ak {{access}} not exist", _UNAUTHORIZED),
    Problem("key-secret", 401, "APIGW.0301", f"{_INCORRECT} ak not exist; Access contains a secret key instead of an access key", _UNAUTHORIZED),
    Problem("key-expired", 401, "APIGW.0301", f"{_INCORRECT} the temporary ak {{access}} expired at {{expires}}", _UNAUTHORIZED),
    Problem("security-token-missing", 401, "APIGW.0301", f"{_INCORRECT} x-security-token not found; ak {{access}} is temporary", _UNAUTHORIZED),
    Problem("security-token", 401, "APIGW.0301", f"{_INCORRECT} decrypt securitytoken fail; X-Security-Token does not belong to ak {{access}}", _UNAUTHORIZED),
    Problem("signed-body", 401, "APIGW.0301", f"{_INCORRECT} {_CALCULATION}body too large", _UNAUTHORIZED),
    Problem("body-hash", 401, "APIGW.0301", f"{_INCORRECT} the body does not match {{parameter}} {{value}}", _UNAUTHORIZED),
    Problem("signature", 401, "APIGW.0301", f"{_INCORRECT} verify aksk signature fail, canonicalRequest:{{canonical}}", _UNAUTHORIZED),
    Problem("other-project", 403, "APIGW.0302", "The credentials are not valid for {parameter} {value}.", "Access was denied to this resource."),
    Problem("no-project", 403, "APIGW.0302", "The token has no project: it is {scope}.", "Access was denied to this resource."),
    Problem("read-only", 403, "APIGW.0302", "The IAM user is not authorized to access the API: only the roles admin and member can change images.", "Access was denied to this resource."),
    Problem("throttled", 429, "APIGW.0308", "The throttling threshold has been reached: policy ip over ratelimit,limit:{count},time:{seconds} second"),
)
"""Errors of credentials, in the words of the gateway."""

CONTROL: Final = (
    Problem("origin", 403, "", "Origin {value} cannot change the emulator."),
    Problem("catalog", 400, "", "Invalid catalog:\n{what}"),
    Problem("snapshot", 404, "", "Snapshot {value} not found."),
    Problem("snapshots", 429, "", "Too many snapshots; reuse the name of one."),
    Problem("rule", 404, "", "Fault {value} not found."),
    Problem("sandbox", 404, "APIGW.0101", "Sandbox {value} not found: it does not exist or has expired.", "Sandbox not found: it does not exist or has expired."),
    Problem("sandboxes", 429, "", "Too many sandboxes; delete one, or wait until unused ones expire."),
)
"""Errors of the control API."""

REPLICAS: Final = (
    Problem("unchanging", 403, "APIGW.0302", "The emulator is read-only (--read-only on) and rejects {value}."),
    Problem("divided", 403, "APIGW.0302", "The server runs several processes, and each {what}."),
)
"""Errors of read-only and replicated servers."""

IDENTITY: Final = (
    Problem("login", 401, "", "The request you have made requires authentication: {what}."),
    Problem("login-method", 401, "", "Unsupported method {value} in {parameter}."),
    Problem("login-scope", 401, "", "The credentials are not valid for {what}."),
    Problem("content-type", 400, "IMG.0001", "Unsupported {parameter} {value}."),
    Problem("subject-missing", 400, "", "X-Subject-Token not found."),
    Problem("subject", 404, "", "X-Subject-Token is unknown, invalid or expired."),
    Problem("unscoped", 403, "", "The token has neither a project nor a domain, and so no service catalog."),
)
"""Errors of the identity service."""

BODIES: Final = (
    Problem("media-type", 415, "IMG.0001", "Unsupported {parameter} {value}."),
    Problem("body", 400, "IMG.0001", "Invalid request body: {what}."),
    Problem("body-missing", 400, "IMG.0007", "The request body is empty.", "Body expected in request."),
    Problem("json", 400, "IMG.0001", "Invalid request body: {what}.", "Malformed JSON in request body."),
)
"""Errors of request bodies."""

REQUEST: Final = (
    Problem("route", 404, "APIGW.0101", "The API does not exist or has not been published in the environment"),
    Problem("method", 404, "APIGW.0101", "The API does not exist or has not been published in the environment", glance_status=405),
    Problem("body-too-large", 413, "APIGW.0201", "Request entity too large."),
    Problem("uri-too-large", 414, "APIGW.0201", "Request URI too large."),
    Problem("findings", 400, "IMG.0017", "--findings strict rejects undocumented requests:\n{says}", "{says}"),
    Problem("host", 400, "APIGW.0602", "Invalid {parameter} {value}."),
    Problem("malformed", 400, "APIGW.0602", "Invalid HTTP request."),
    Problem("away", 503, "APIGW.0201", "Backend unavailable."),
    Problem("internal", 500, "APIGW.0601", "The emulator failed. Its log has the details under this request id."),
)
"""Errors of any request."""

PROBLEMS: Final = (
    *QUERY, *CLOUDIMAGES, *MARKER, *IMAGE, *ATTRIBUTES, *TAGS_AND_DATA, *MEMBERS, *CREDENTIALS, *CONTROL, *REPLICAS, *IDENTITY, *BODIES, *REQUEST,
)  # fmt: skip
"""All errors."""

BY_NAME: Final = {problem.name: problem for problem in PROBLEMS}


def usual_code(status: int) -> str:
    """Return the code of the first error with a status, or else of the first client or server error."""
    statuses = (status, 503 if status >= 500 else 400)
    return next(one.code for wanted in statuses for one in PROBLEMS if one.status == wanted and one.code)


class RequestError(Exception):
    """A request is answered with an error.

    Args:
        problem: The name of a row of :data:`PROBLEMS`, or another error.
        parameter: The parameter, header or attribute that is wrong.
        value: Its value.
        legal: The legal values, as a phrase that can follow "Use".
        hint: A further clause for the client.
        headers: Additional headers of the response.
        details: The other placeholders of the messages.
    """

    def __init__(
        self, problem: str | Problem, parameter: str = "", value: str = "", legal: str = "", *, hint: str = "", headers: Mapping[str, str] | None = None, **details: str
    ) -> None:
        self.problem = BY_NAME[problem] if isinstance(problem, str) else problem
        self.details = {"parameter": parameter, "value": value, **details}
        self.legal = legal
        self.hint = hint
        self.headers = headers or {}
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The message of the documented service, with the value and what is legal."""
        return self.message_about(self.details["value"])

    def message_about(self, value: str) -> str:
        """Return the message with something else in place of the value, such as a redacted one."""
        escaped = {"parameter": printable(self.details["parameter"]), "value": quoted(value)}
        message = self.problem.message.format(**self.details | escaped)
        if message.endswith(("..", "?.")):  # a detail may be a sentence of its own
            message = message[:-1]
        if value and "{value}" not in self.problem.message:
            message = f"{message.removesuffix('.')}: {escaped['value']}"
        if self.legal:
            message = f"{message.removesuffix('.')}. Use {self.legal}."
        return f"{message.removesuffix('.')}; {self.hint}" if self.hint else message

    @property
    def glance(self) -> str:
        """The message of Glance, or an empty string."""
        return self.problem.glance.format(**self.details)
