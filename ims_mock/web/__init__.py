"""The HTTP API as a Flask application, created in ``app.py``.

Each module has the views of one kind of resource; they read the request from ``context.py`` and raise
:class:`ims_mock.errors.RequestError`, whose body ``error_bodies.py`` writes. Only this package uses Flask.
"""
