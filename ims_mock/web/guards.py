"""Guards: requests that a web page must not send, and requests that replicas must not answer.

A browser asks for permission before it sends anything but ``GET``, ``HEAD`` and ``POST``, or a media type other than
the three of HTML forms. The emulator never gives that permission, so only ``POST`` requests with such a media type have
to be checked; a browser sends their ``Origin``. Changes to the emulator itself are all checked.
"""

import re
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from ims_mock.errors import RequestError
from ims_mock.openapi.operations import is_glance_format
from ims_mock.web.context import RequestContext

GATEWAY_URI_BYTES: Final = 32_768  # the longest path and query that the gateway accepts (its documentation)
GLANCE_LINE_BYTES: Final = 8_192  # Glance rejects a request line of as many bytes, line end included (recorded)

# The media types, a missing one included, that a page may send to any server (the Fetch standard)
FORM_MEDIA_TYPES: Final = frozenset({"", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
LOGIN: Final = "identity.create_token"  # changes nothing: every replica understands an issued token, which has it all
PER_PROCESS: Final = {"requests": "journal", "walks": "journal", "coverage": "coverage", "sandboxes": "sandboxes"}
"""What a process reports of the requests that it received, by the ends of paths of the control API and its pages."""

SINGLE_PROCESS_CLAIMS: Final = ("Granian",)  # servers that never set wsgi.multiprocess, whatever they run
_PORT: Final = re.compile(r":[0-9]*$")


def refuse_long_target(context: RequestContext) -> None:
    """Refuse a path and query that the gateway does not accept, or a request line that Glance does not accept."""
    length = len(context.environ.get("PATH_INFO", "")) + len(context.query_string) + bool(context.query_string)
    line_length = length + len(context.environ["REQUEST_METHOD"]) + len("  HTTP/1.1\r\n")
    if length > GATEWAY_URI_BYTES or (
        line_length >= GLANCE_LINE_BYTES and is_glance_format(context.emulator.profile, context.request.path)
    ):
        raise RequestError("uri-too-large")


def refuse_invalid_host(context: RequestContext) -> None:
    """Refuse a ``Host`` that no client can have resolved; one with illegal characters counts as none."""
    if not _is_host_name(context.request.host):
        raise context.invalid_host()


@lru_cache(maxsize=64)
def _is_host_name(host: str) -> bool:
    """Return whether the labels of a host name have valid lengths; without ``Host`` the name is empty."""
    try:
        host.partition(":")[0].encode("idna")
    except UnicodeError:
        return False
    return True


def refuse_foreign_origin(context: RequestContext) -> None:
    """Refuse a request that a page of another origin sends."""
    origin = context.header("Origin")
    own = f"{context.request.scheme}://{context.host}"
    if origin and origin.lower() != own.lower():
        raise RequestError("origin", "Origin", origin, f"no Origin, or {own}")


def refuse_foreign_host(context: RequestContext) -> None:
    """Refuse a request of a web page whose host name an attacker could point to this address (DNS rebinding)."""
    host = context.host.lower()
    name = _PORT.sub("", host)
    is_local = "." not in name or name.endswith(".localhost") or _is_address(name)
    if context.header("Origin") and not is_local and name not in context.emulator.allowed_hosts:
        legal = "localhost, an IP address, a name without a dot, or a name in --allowed-hosts"
        raise RequestError("foreign-host", "Host", host, legal)


def _is_address(name: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(name.strip("[]")))
    return False


def refuse_forwarded_scheme(context: RequestContext) -> None:
    """Refuse a request for which a proxy sends another scheme than those of HTTP, in upper or lower case."""
    scheme = context.request.scheme
    context.request.scheme = scheme.lower()
    if context.request.scheme not in ("http", "https"):
        raise RequestError("scheme", "X-Forwarded-Proto", scheme, "http or https")


def refuse_foreign_form(context: RequestContext) -> None:
    """Refuse what a browser sends for a page of another origin without asking for permission."""
    if context.request.method == "POST" and context.request.mimetype in FORM_MEDIA_TYPES:
        refuse_foreign_origin(context)


def refuse_changes(context: RequestContext) -> None:
    """Refuse a request that would change state."""
    if _is_change(context):
        raise RequestError("unchanging", "the method", context.request.method, "GET, or log in")


def refuse_per_process_state(context: RequestContext) -> None:
    """Refuse what depends on the state of one process, if the server may answer with several."""
    environ, rule = context.environ, context.request.url_rule
    if not environ.get("wsgi.multiprocess") and environ.get("SERVER_SOFTWARE") not in SINGLE_PROCESS_CLAIMS:
        return
    if _is_change(context):
        what = "has its own catalog"
    elif report := rule and PER_PROCESS.get(rule.rule.rpartition("/")[2]):
        what = f"has its own {report}"
    elif context.emulator.throttle:
        what = "counts requests on its own"
    else:
        return
    raise RequestError("divided", legal="one process with threads", what=what)


def _is_change(context: RequestContext) -> bool:
    """Return whether a request would change state, after checking its credentials."""
    request = context.request
    if request.method in ("GET", "HEAD") or request.url_rule is None or request.endpoint == LOGIN:
        return False
    if "control" not in request.blueprints:
        context.caller()
    return True
