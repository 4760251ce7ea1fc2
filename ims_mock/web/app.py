"""The WSGI application: all views over one emulator, and the one place where errors become responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, current_app
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.middleware.proxy_fix import ProxyFix

from ims_mock.catalog.cloudimages import asks_list
from ims_mock.emulator import Emulator, check_options, load_options
from ims_mock.errors import RequestError
from ims_mock.loading.sources import CatalogError, report_problems, warn
from ims_mock.openapi.operations import is_under
from ims_mock.options import AppOptions, keywords_of_function
from ims_mock.sandboxes import Sandboxes
from ims_mock.web import control, discovery, guards, images, keystone, members
from ims_mock.web.access_log import log_failure, log_response
from ims_mock.web.context import EMULATOR, RequestContext, current_context
from ims_mock.web.error_bodies import error_response
from ims_mock.web.fault_injection import apply_before_response, apply_to_response
from ims_mock.web.recording import record_response
from ims_mock.web.sandbox_routing import SANDBOXES, mount_sandbox, select_emulator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_HEAD: Final = (control.PREFIX, keystone.PREFIX)  # the paths that answer HEAD; Flask would route it to all


class _Application(Flask):
    """Flask without support for asynchronous views, and with a shortcut for lists.

    Asynchronous views cost an inspection of every hook on every request. Flask's routing, contexts and signals take
    half the time of a page (see docs/explanation/performance.md); the shortcut calls the same functions without them.
    """

    has_shortcut = False  # an application that users can extend has none, because it would skip their hooks

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ.get("PATH_INFO") or "/"  # of http://localhost; Flask would redirect it
        environ.pop("HTTP_UPGRADE", None)  # Flask would look for a route of WebSockets
        if SANDBOXES in self.extensions:
            mount_sandbox(environ)
        if self.has_shortcut and asks_list(environ["REQUEST_METHOD"], environ["PATH_INFO"]):
            return self._list_response(environ)(environ, start_response)
        return super().wsgi_app(environ, start_response)

    def _list_response(self, environ: WSGIEnvironment) -> Response:
        context = RequestContext(self.request_class(environ), self.extensions, self.extensions[EMULATOR])
        try:
            _begin(context)
            response = images.page_response(context)
        except Exception as error:
            response = _error_response(context, error)
        return _end(context, response)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


@keywords_of_function(AppOptions)
def create_app(options: AppOptions) -> Flask:
    """Return the WSGI application for catalogs.

    The options are keywords: ``create_app("default", generate=100, auth="on")``. The parameters and their defaults are
    derived from :class:`ims_mock.options.AppOptions`. If the server runs several processes, requests that depend on the
    state of one process are refused.

    What ``ims-mock check`` warns about is a :class:`ims_mock.CatalogWarning`.

    Returns:
        A Flask application, which any WSGI server can run.

    Raises:
        CatalogError: If a catalog is invalid.
        TypeError: If there is no option of a name.
        ValueError: If the value of an option is invalid.
    """
    check_options(options)
    loaded = load_options(options)
    warn(report_problems(loaded.warnings))
    return app_for(Emulator(loaded, options), is_alone=False)


def app_for(emulator: Emulator, *, has_control: bool = True, is_alone: bool = True) -> Flask:
    """Return the WSGI application for an emulator.

    ``is_alone`` says that this process is the only one that answers, whatever the server claims, and that only the
    emulator has the application.
    """
    app = _Application("ims_mock", static_folder=None)
    app.has_shortcut = is_alone
    app.extensions[EMULATOR] = emulator
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False  # the vendor's client takes a redirect for an empty success
    for part in (discovery, images, members, keystone):
        app.register_blueprint(part.blueprint)
    if has_control:
        app.register_blueprint(control.blueprint)
        app.extensions[SANDBOXES] = Sandboxes(emulator)
    app.before_request(lambda: _begin(current_context(), is_alone=is_alone))
    app.after_request(lambda response: _end(current_context(), response))
    app.register_error_handler(Exception, lambda error: _error_response(current_context(), error))
    if emulator.options.forwarded == "on":
        app.wsgi_app = ProxyFix(app.wsgi_app, x_port=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    return app


def _begin(context: RequestContext, *, is_alone: bool = True) -> None:
    """Select the emulator, apply faults, and refuse what the emulator, the gateway or Glance refuses before a view."""
    environ = context.environ
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
    is_control = is_under(path, control.PREFIX)
    if is_control:
        select_emulator(context)
    else:
        select_emulator(context, environ.get("HTTP_X_AUTH_TOKEN", ""), environ.get("HTTP_AUTHORIZATION", ""))
        context.journal, context.time = context.emulator.journal, context.emulator.clock.now()
    emulator = context.emulator
    guards.refuse_foreign_form(context)
    if not is_control:
        if context.sandbox_id and method not in ("GET", "HEAD"):  # its URL is one of the control API
            guards.refuse_foreign_host(context)
        if emulator.faults.rules:
            apply_before_response(context)
        if emulator.throttle:
            if asks_list(method, path):
                context.authenticate()  # the journal assigns the walk by its project
            emulator.throttle.check(environ.get("REMOTE_ADDR", ""), emulator.clock.now)
    guards.refuse_long_target(context)
    if method == "HEAD" and context.request.url_rule and not is_under(path, *_HEAD):
        routes = current_app.create_url_adapter(context.request)
        raise MethodNotAllowed(valid_methods=routes.allowed_methods() if routes else ())
    if emulator.options.forwarded == "on":
        guards.refuse_forwarded_scheme(context)
    if emulator.options.read_only == "on":
        guards.refuse_changes(context)
    if not is_alone:
        guards.refuse_per_process_state(context)
    guards.refuse_invalid_host(context)


def _end(context: RequestContext, response: Response) -> Response:
    """Add the request id, apply the fault that matched, and write the journal and the log."""
    response.headers.add("X-Request-Id", context.request_id)
    if response.status_code == HTTPStatus.NO_CONTENT:
        del response.headers["Content-Type"]
    if context.fault:
        response = apply_to_response(context, context.fault, response)
    log_response(context, response.status_code, record_response(context, response))
    return response


def _error_response(context: RequestContext, error: Exception) -> Response:
    """Return the response for any exception: ours, a wrong catalog, route or method, or a bug."""
    request = context.request
    if isinstance(error, RequestError):
        return error_response(context, error)
    if isinstance(error, MethodNotAllowed):
        legal = ", ".join(sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"}))
        refused = RequestError("method", "the method", request.method, legal, method=request.method)
        response = error_response(context, refused)
        if response.status_code == MethodNotAllowed.code:
            response.headers["Allow"] = legal
        return response
    if isinstance(error, CatalogError):
        known = RequestError("catalog", what=str(error))
    elif isinstance(error, NotFound):
        known = RequestError("route", "the path", request.path)
    elif isinstance(error, HTTPException):
        known = RequestError("malformed")
    else:
        log_failure(context)
        known = RequestError("internal")
    return error_response(context, known)
