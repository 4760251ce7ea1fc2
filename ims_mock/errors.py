"""The table of errors, one row per error: its status, code, situation and message.

Code raises :class:`RequestError` with the name of a row and the parameter, value and legal values. The shape of
the body, which depends on the profile, is in ``web/error_bodies.py``. The rows are grouped by what is wrong: the query
string of a list (``CLOUDIMAGES`` are filters that only the newer list has), the image that a path names, credentials.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ims_mock.text import printable, quoted

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Problem:
    """One error.

    ``IMG.`` codes are those of the service, ``APIGW.`` codes those of its gateway. The identity service and the control
    API have none; they repeat the status. Messages have the details of :class:`RequestError` as placeholders. If that
    of Glance (recorded) is empty, Glance has no such check, or shows the usual message of the status. Its second line
    is shown below the message.
    """

    name: str
    status: int
    code: str
    when: str  # the situation in which it occurs, as a clause
    message: str
    glance: str = ""
    glance_status: int = 0  # if it differs

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
    Problem("encoding", 400, "IMG.0017", "a percent-encoded name or value in the query is not UTF-8", "Invalid {parameter} {value}: it is not UTF-8.", "Error decoding your request. Either the URL or the request body contained characters that could not be decoded by Glance"),
    Problem("stray-percent", 400, "IMG.0017", "a `%` in the query escapes nothing", "Invalid {parameter} {value}: a % is not followed by two hexadecimal digits."),
    Problem("repeated", 400, "IMG.0017", "a parameter that counts once is sent twice", "Invalid {parameter} {value}: it was sent more than once."),
    Problem("limit", 400, "IMG.0017", "`limit` is not a number", "Invalid {parameter} {value}: it is not a whole number.", "limit param must be an integer"),
    Problem("negative-limit", 400, "IMG.0017", "`limit` is below 0", "Invalid {parameter} {value}: it is negative.", "limit param must be positive"),
    Problem("sort-key", 400, "IMG.0017", "`sort_key` is not sortable", "Invalid {parameter} {value}: unknown sort key.", "Invalid sort key: {wrong}. It must be one of the following: {keys}."),
    Problem("sort-direction", 400, "IMG.0017", "`sort_dir` is neither `asc` nor `desc`", "Invalid {parameter} {value}: unknown sort direction.", "Invalid sort direction: {wrong}"),
    Problem("sort-directions", 400, "IMG.0017", "there are several `sort_dir`, but not one per `sort_key`", "Invalid {parameter} {value}: the number of directions does not match the number of keys.", "Number of sort dirs does not match the number of sort keys"),
    Problem("sort-syntaxes", 400, "IMG.0017", "`sort` is combined with `sort_key` or `sort_dir`", "Invalid {parameter} {value}: it cannot be combined with sort_key or sort_dir.", "Old and new sorting syntax cannot be combined"),
    Problem("visibility", 400, "IMG.0017", "a filter by `visibility` has an unknown value", "Invalid {parameter} {value}: unknown visibility.", "Invalid visibility value: {value}"),
    Problem("member-status", 400, "IMG.0017", "`member_status` has an unknown value", "Invalid {parameter} {value}: unknown status.", "Invalid status: {value}"),
    Problem("changes-since", 400, "IMG.0017", "`changes-since` of an old version is sent", "Invalid {parameter} {value}: this filter is not supported.", 'The "changes-since" filter is no longer available on v2.'),
    Problem("boolean", 400, "IMG.0017", "a filter by a boolean has another value", "Invalid {parameter} {value}: it is neither true nor false.", "Invalid value '{value}' for '{parameter}' filter. Valid values are 'true' or 'false'."),
    Problem("integer", 400, "IMG.0017", "a filter by a number, or `since` of the journal, has another value", "Invalid {parameter} {value}: it is not a whole number."),
    Problem("range", 400, "IMG.0017", "`size_min` or another bound of a range, which only Glance has, is not a number", "Invalid {parameter} {value}: it is not a whole number.", "Unable to filter on a range with a non-numeric value."),
    Problem("time", 400, "IMG.0017", "a filter by a time has another value", "Invalid {parameter} {value}: it is not a time.", 'Bad "{parameter}" query filter format. Use ISO 8601 DateTime notation.'),
    Problem("time-operator", 400, "IMG.0017", "a filter by a time has an unknown operator", "Invalid {parameter} {value}: the text before the colon is read as an operator, and there is no such operator.", "Unable to filter on a unknown operator."),
    Problem("operator", 400, "IMG.0017", "a filter by text contains a colon after a word that is no operator", "Invalid {parameter} {value}: the text before the colon is read as an operator, and there is no such operator.", "Unable to filter by unknown operator '{operator}'."),
    Problem("quote-before", 400, "IMG.0017", "`in:` has a quotation mark inside an item", "Invalid {parameter} {value}: no comma before an opening quotation mark.", "Invalid filter value {picked}. There is no comma before opening quotation mark."),
    Problem("quote-after", 400, "IMG.0017", "`in:` has text after a quoted item", "Invalid {parameter} {value}: no comma after a closing quotation mark.", "Invalid filter value {picked}. There is no comma after closing quotation mark."),
    Problem("quote-open", 400, "IMG.0017", "`in:` has a quoted item without an end", "Invalid {parameter} {value}: a quotation mark is not closed.", "Invalid filter value {picked}. The quote is not closed."),
)

CLOUDIMAGES: Final = (
    Problem("architecture", 400, "IMG.0212", "`architecture` is neither `x86` nor `arm`", "Invalid {parameter} {value}: unknown architecture."),
    Problem("enterprise-project", 400, "IMG.0155", "`enterprise_project_id` is no UUID, `0` or `all_granted_eps`", "Invalid {parameter} {value}: it is not an enterprise project."),
    Problem("flavor", 400, "IMG.0192", "`flavor_id` is not the name of a flavor", "Invalid {parameter} {value}: it is not the name of a flavor."),
)

MARKER: Final = (
    Problem("marker", 400, "IMG.0027", "`marker` is no image, or one that is not listed", "Invalid {parameter} {value}: no such image.", "No image found with ID {value}"),
    Problem("long-marker", 400, "IMG.0027", "`marker` is longer than an id", "Invalid {parameter} {value}: no such image.", "Image with the given id %(image_id)s was not found"),
    Problem("hidden-marker", 403, "IMG.0026", "`marker` is an image of another project", "Invalid {parameter} {value}: the caller cannot see this image.", "Forbidding request, image {value} not visible"),
)

IMAGE: Final = (
    Problem("image", 404, "IMG.0027", "a request shows, uploads to or downloads an image that does not exist or that the caller does not see", "Image {value} not found.", "No image found with ID {value}"),
    Problem("image-to-change", 404, "IMG.0027", "the same for a patch", "Image {value} not found.", "Failed to find image {value} to update"),
    Problem("image-to-delete", 404, "IMG.0144", "the same for a deletion", "Image {value} not found.", "Failed to find image {value} to delete"),
    Problem("image-with-parts", 404, "IMG.0027", "the same for its tags and members", "Image {value} not found.", "Image {value} not found."),
    Problem("image-gone", 404, "IMG.0027", "the image is deleted while its data arrives", "Image {value} was deleted during the upload.", "Image {value} could not be found after upload. The image may have been deleted during the upload.", 410),
    Problem("not-own", 403, "IMG.0026", "the caller changes, tags or deletes an image of another project", "Image {value} belongs to another project.", "You are not permitted to {act}"),
    Problem("protected", 403, "IMG.0028", "a protected image is deleted", "Image {value} is protected and cannot be deleted.", "Image {value} is protected and cannot be deleted."),
    Problem("public-deleted", 403, "IMG.0094", "a public image is deleted by anyone but an admin", "Image {value} is public and can be deleted only by an admin."),
)

ATTRIBUTES: Final = (
    Problem("read-only-attribute", 403, "IMG.0026", "a new image or a patch contains an attribute that the service sets", "Attribute {value} is read-only.", "Attribute '{value}' is read-only."),
    Problem("reserved-attribute", 403, "IMG.0026", "a new image or a patch contains a reserved name", "Attribute {value} is reserved.", "Attribute '{value}' is reserved."),
    Problem("attribute-removed", 403, "IMG.0026", "a patch removes an attribute that every image has", "Attribute {value} cannot be removed.", "Property {value} may not be removed."),
    Problem("format-change", 403, "IMG.0026", "a patch changes `disk_format` or `container_format` after the upload", "Attribute {value} can be changed only while the image is queued.", "Attribute {value} can be only replaced for a queued image."),
    Problem("owner", 403, "IMG.0026", "a new image has another `owner`", "Invalid {parameter} {value}: only an admin can create images for another project.", "You are not permitted to create images owned by '{value}'."),
    Problem("owner-change", 403, "IMG.0026", "a patch changes `owner`", "Invalid {parameter} {value}: only an admin can give an image to another project.", "Owner can't be updated by non admin."),
    Problem("visibility-chosen", 403, "IMG.0026", "a client chooses a `visibility` that only admins can", "Invalid {parameter} {value}: the caller cannot choose it.", "You are not authorized to complete this action."),
    Problem("property-missing", 409, "IMG.0035", "a patch replaces or removes a property that the image does not have", "Property {value} does not exist.", f"{_CONFLICT}\nProperty {{value}} does not exist."),
    Problem("property-present", 409, "IMG.0035", "a patch in the older format adds a property that the image has", "Property {value} already exists.", f"{_CONFLICT}\nProperty {{value}} already present."),
    Problem("id-taken", 409, "IMG.0035", "the `id` of a new image is in use", "Invalid {parameter} {value}: another image has this id.", "Image ID {value} already exists!"),
    Problem("name-long", 400, "IMG.0002", "a name has more than 128 characters", "Invalid {parameter} {value}: it is too long."),
    Problem("name-format", 400, "IMG.0003", "a name contains characters that are not allowed", "Invalid {parameter} {value}: it contains characters that are not allowed."),
    Problem("description-long", 400, "IMG.0004", "`__description` has more than 1024 characters", "Invalid {parameter} {value}: it is too long."),
    Problem("description-format", 400, "IMG.0054", "`__description` contains `<`, `>` or a carriage return", "Invalid {parameter} {value}: it contains characters that are not allowed."),
    Problem("hardware", 400, "IMG.0055", "`min_disk` or `min_ram` is out of range", "Invalid {parameter} {value}: it is out of range."),
    Problem("system-family", 400, "IMG.0056", "`__os_type` is unknown", "Invalid {parameter} {value}: unknown type of operating system."),
    Problem("disk-format", 400, "IMG.0072", "`disk_format` is unknown", "Invalid {parameter} {value}: unsupported format."),
    Problem("firmware", 400, "IMG.0141", "`hw_firmware_type` is unknown", "Invalid {parameter} {value}: unknown firmware."),
    Problem("attribute", 400, "IMG.0001", "any other attribute has an invalid name or value", "Invalid {parameter} {value}."),
    Problem("patch", 400, "IMG.0001", "the body is not a valid JSON patch", "Invalid request body: {what}.", "{says}"),
)

TAGS_AND_DATA: Final = (
    Problem("tag", 400, "IMG.0115", "a tag is empty or has more than 255 characters", "Invalid tag {value}."),
    Problem("tag-missing", 404, "IMG.0115", "a tag is removed that the image does not have", "Tag {value} not found."),
    Problem("tags-full", 400, "IMG.0116", "an image would have more than 128 tags", "Too many tags: {attempted}.", "The limit has been exceeded on the number of allowed image tags. Attempted: {attempted}, Maximum: {most}", 413),
    Problem("upload-state", 409, "IMG.0035", "data is uploaded to an image that is not queued", "Data can be uploaded only to a queued image; the status is {value}.", "Image status transition from {value} to saving is not allowed"),
    Problem("formats-missing", 400, "IMG.0001", "data is uploaded before both formats are set", "The image has no {parameter}, which is needed before data can be uploaded.", "Properties disk_format, container_format must be set prior to saving data."),
    Problem("upload-torn", 400, "IMG.0057", "an upload ends before its `Content-Length`", "The image file is incomplete: {what}."),
)

MEMBERS: Final = (
    Problem("public-shared", 403, "IMG.0089", "a public image is shared", "Image {value} is public and cannot have members.", "Error fetching members of image {value}: Public images do not have members."),
    Problem("not-shared", 403, "IMG.0089", "an image that Queens does not call `shared` is shared", "Image {value} cannot have members because its visibility is not shared.", "Error fetching members of image {value}: Only shared images have members."),
    Problem("encrypted-shared", 400, "IMG.0098", "an encrypted image is shared", "Image {value} is encrypted and cannot be shared."),
    Problem("members-not-own", 403, "IMG.0026", "someone other than the owner shares an image, or someone other than the member decides", "The caller cannot {act} members of the image.", "Not allowed to {act} members for image {image}."),
    Problem("member", 400, "IMG.0001", "the body of a membership is invalid", "Invalid request body: {what}.", "{says}"),
    Problem("member-missing", 404, "IMG.0108", "the path names no member of the image", "Member {value} not found.", "{value} not found in the member list of the image {image}."),
    Problem("member-duplicate", 409, "IMG.0112", "an image is shared twice with a project", "Invalid {parameter} {value}: the image is already shared with this project.", "Member {value} is duplicated for image {image}"),
    Problem("member-self", 400, "IMG.0076", "an image is shared with its own project", "Invalid {parameter} {value}: this project owns the image."),
    Problem("members-full", 400, "IMG.0088", "an image would have more than 128 members", "Too many members: {attempted}.", "Image member limit exceeded for image {image}: The limit has been exceeded on the number of allowed image members for this image. Attempted: {attempted}, Maximum: {most}:", 413),
)

CREDENTIALS: Final = (
    Problem("token-missing", 401, "APIGW.0301", "a request has no credentials", f"{_INCORRECT} x-auth-token not found", _UNAUTHORIZED),
    Problem("token-unknown", 401, "APIGW.0301", "`X-Auth-Token` is unknown", f"{_INCORRECT} decrypt token fail", _UNAUTHORIZED),
    Problem("token-unproven", 401, "APIGW.0301", "`X-Auth-Token` was issued for an invalid login, with `--auth off`", f"{_INCORRECT} decrypt token fail; the token was issued with --auth off and without complete credentials", _UNAUTHORIZED),
    Problem("token-expired", 401, "APIGW.0307", "`X-Auth-Token` has expired", "The token must be updated.", _UNAUTHORIZED),
    Problem("algorithm", 401, "APIGW.0301", "`Authorization` has another scheme", f"{_INCORRECT} unsupported scheme in Authorization", _UNAUTHORIZED),
    Problem("authorization", 401, "APIGW.0301", "`Authorization` is malformed or incomplete", f"{_INCORRECT} Authorization {{what}}", _UNAUTHORIZED),
    Problem("signed-headers", 401, "APIGW.0301", "`SignedHeaders` is not a sorted list with `x-sdk-date`", f"{_INCORRECT} invalid SignedHeaders", _UNAUTHORIZED),
    Problem("header-missing", 401, "APIGW.0301", "a signed header was not sent", f"{_INCORRECT} the signed header {{header}} was not sent", _UNAUTHORIZED),
    Problem("date-missing", 401, "APIGW.0301", "a signed request has no `X-Sdk-Date`", f"{_INCORRECT} X-Sdk-Date not found", _UNAUTHORIZED),
    Problem("date", 401, "APIGW.0301", "`X-Sdk-Date` is malformed", f"{_INCORRECT} invalid X-Sdk-Date {{value}}", _UNAUTHORIZED),
    Problem("signature-expired", 401, "APIGW.0301", "`X-Sdk-Date` is more than 15 minutes from the clock", f"{_INCORRECT} {_CALCULATION}signature expired, signature time:{{sent}},server time:{{now}}", _UNAUTHORIZED),
    Problem("key-unknown", 401, "APIGW.0301", "the access key is unknown", f"{_INCORRECT} ak {{access}} not exist", _UNAUTHORIZED),
    Problem("key-secret", 401, "APIGW.0301", "the secret key stands in place of the access key", f"{_INCORRECT} ak not exist; Access contains a secret key instead of an access key", _UNAUTHORIZED),
    Problem("key-expired", 401, "APIGW.0301", "a temporary access key has expired", f"{_INCORRECT} the temporary ak {{access}} expired at {{expires}}", _UNAUTHORIZED),
    Problem("security-token-missing", 401, "APIGW.0301", "a temporary access key is used without `X-Security-Token`", f"{_INCORRECT} x-security-token not found; ak {{access}} is temporary", _UNAUTHORIZED),
    Problem("security-token", 401, "APIGW.0301", "`X-Security-Token` is that of another key", f"{_INCORRECT} decrypt securitytoken fail; X-Security-Token does not belong to ak {{access}}", _UNAUTHORIZED),
    Problem("signed-body", 401, "APIGW.0301", "a body over 12 MiB is signed", f"{_INCORRECT} {_CALCULATION}body too large", _UNAUTHORIZED),
    Problem("body-hash", 401, "APIGW.0301", "`X-Sdk-Content-Sha256` is not the hash of the body", f"{_INCORRECT} the body does not match {{parameter}} {{value}}", _UNAUTHORIZED),
    Problem("signature", 401, "APIGW.0301", "the signature is wrong", f"{_INCORRECT} verify aksk signature fail, canonicalRequest:{{canonical}}", _UNAUTHORIZED),
    Problem("other-project", 403, "APIGW.0302", "`X-Project-Id`, or the project in the path, is not one of the credentials", "The credentials are not valid for {parameter} {value}.", "Access was denied to this resource."),
    Problem("no-project", 403, "APIGW.0302", "the token is unscoped or scoped to a domain", "The token has no project: it is {scope}.", "Access was denied to this resource."),
    Problem("read-only", 403, "APIGW.0302", "a caller without the role `admin` or `member` writes", "The IAM user is not authorized to access the API: only the roles admin and member can change images.", "Access was denied to this resource."),
    Problem("throttled", 429, "APIGW.0308", "an address sends more requests than `--throttle` allows", "The throttling threshold has been reached: policy ip over ratelimit,limit:{count},time:{seconds} second"),
)

CONTROL: Final = (
    Problem("origin", 403, "", "a page of another origin changes the emulator", "Origin {value} cannot change the emulator."),
    Problem("foreign-host", 403, "", "a page changes the emulator under a host name that is not allowed (DNS rebinding)", "{parameter} {value} cannot change the emulator from a browser."),
    Problem("catalog", 400, "", "a catalog or image in a control request is invalid", "Invalid catalog:\n{what}"),
    Problem("explain", 400, "", "a parameter of an explanation is unknown, repeated or invalid", "Invalid {parameter} {value}: it {what}."),
    Problem("snapshot", 404, "", "a snapshot does not exist", "Snapshot {value} not found."),
    Problem("snapshots", 429, "", "there are 1,000 snapshots already", "Too many snapshots; reuse the name of one."),
    Problem("rule", 404, "", "a fault rule does not exist", "Fault {value} not found."),
    Problem("sandbox", 404, "APIGW.0101", "a sandbox does not exist or has expired", "Sandbox {value} not found: it does not exist or has expired.", "Sandbox not found: it does not exist or has expired."),
    Problem("sandboxes", 429, "", "there are 1,000 sandboxes already", "Too many sandboxes; delete one, or wait until unused ones expire."),
)

REPLICAS: Final = (
    Problem("unchanging", 403, "APIGW.0302", "a request would change a server with `--read-only on`", "The emulator is read-only (--read-only on) and rejects {value}."),
    Problem("divided", 403, "APIGW.0302", "a request depends on the state of one of several processes", "The server runs several processes, and each {what}."),
)

IDENTITY: Final = (
    Problem("login", 401, "", "the user, password or token of a login is wrong", "The request you have made requires authentication: {what}."),
    Problem("login-method", 401, "", "a login uses a method other than `password` and `token`", "Unsupported method {value} in {parameter}."),
    Problem("login-scope", 401, "", "a login requests a project or domain that is not the user's", "The credentials are not valid for {what}."),
    Problem("content-type", 400, "IMG.0001", "a login is not JSON", "Unsupported {parameter} {value}."),
    Problem("subject-missing", 400, "", "a token is to be shown, but none is sent", "X-Subject-Token not found."),
    Problem("subject", 404, "", "the token to be shown is unknown or has expired", "X-Subject-Token is unknown, invalid or expired."),
    Problem("unscoped", 403, "", "the service catalog of an unscoped token is requested", "The token has neither a project nor a domain, and so no service catalog."),
)

BODIES: Final = (
    Problem("media-type", 415, "IMG.0001", "a body has an unsupported `Content-Type`", "Unsupported {parameter} {value}."),
    Problem("body", 400, "IMG.0001", "a JSON body lacks a member, or has one of the wrong type", "Invalid request body: {what}."),
    Problem("body-missing", 400, "IMG.0007", "a body is empty", "The request body is empty.", "Body expected in request."),
    Problem("json", 400, "IMG.0001", "a body is not JSON", "Invalid request body: {what}.", "Malformed JSON in request body."),
)

REQUEST: Final = (
    Problem("route", 404, "APIGW.0101", "there is no such path", "The API does not exist or has not been published in the environment"),
    Problem("method", 404, "APIGW.0101", "the path does not answer this method", "The API does not exist or has not been published in the environment", glance_status=405),
    Problem("body-too-large", 413, "APIGW.0201", "a body is too large", "Request entity too large."),
    Problem("uri-too-large", 414, "APIGW.0201", "path and query have more than 32 KB (in Glance the request line 8 KB)", "Request URI too large."),
    Problem("findings", 400, "IMG.0017", "a request has findings, with `--findings strict`", "--findings strict rejects undocumented requests:\n{says}", "{says}"),
    Problem("host", 400, "APIGW.0602", "`Host` is invalid, and the response would contain a URL", "Invalid {parameter} {value}."),
    Problem("scheme", 400, "APIGW.0602", "a proxy forwards another scheme than http or https, with `--forwarded on`", "Invalid {parameter} {value}."),
    Problem("malformed", 400, "APIGW.0602", "a request is not valid HTTP", "Invalid HTTP request."),
    Problem("away", 503, "APIGW.0201", "a fault rule injects this status", "Backend unavailable."),
    Problem("internal", 500, "APIGW.0601", "the emulator has a bug", "The emulator failed. Its log has the details under this request id."),
)

PROBLEMS: Final = (
    *QUERY, *CLOUDIMAGES, *MARKER, *IMAGE, *ATTRIBUTES, *TAGS_AND_DATA, *MEMBERS, *CREDENTIALS, *CONTROL, *REPLICAS, *IDENTITY, *BODIES, *REQUEST,
)

BY_NAME: Final = {problem.name: problem for problem in PROBLEMS}


def usual_code(status: int) -> str:
    """Return the code of the first error with a status, or else of the first client or server error."""
    statuses = (status, 503 if status >= 500 else 400)
    return next(one.code for wanted in statuses for one in PROBLEMS if one.status == wanted and one.code)

GLANCE_MESSAGES: Final = {  # the usual ones by status
    404: "The resource could not be found.",
    405: "The method {method} is not allowed for this resource.",
    500: "The server has either erred or is incapable of performing the requested operation.",
}


class RequestError(Exception):
    """A request is answered with an error.

    Args:
        problem: The name of a row of :data:`PROBLEMS`, or another error.
        parameter, value: The parameter, header or attribute that is wrong, and its value.
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

    def about(self, value: str) -> "RequestError":
        """Return the error with something else in place of the value, such as a redacted one."""
        details = {**self.details, "value": value}
        return RequestError(self.problem, legal=self.legal, hint=self.hint, headers=self.headers, **details)

    @property
    def message(self) -> str:
        """The message of the documented service, with the value and what is legal."""
        value = self.details["value"]
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
        """The message of Glance, which may have a second line; a hint follows the recorded words."""
        usual = GLANCE_MESSAGES.get(self.problem.glance_status or self.problem.status, "")
        details = {"method": "", **self.details}
        recorded = self.problem.glance.format(**details) or usual.format(**details)
        if not recorded:
            return self.message
        return f"{recorded.removesuffix('.')}; {self.hint}" if self.hint else recorded
