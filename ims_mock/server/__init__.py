"""The HTTP server: waitress with streaming uploads, TLS and reloading.

:mod:`ims_mock.server.server` puts the parts together, for ``ims-mock serve`` and as a server in a thread. Only this
package uses waitress; ``http.py`` says on which of its internals it relies.
"""
