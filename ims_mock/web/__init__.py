"""The HTTP API as a Flask application, created in ``app.py``.

Each module has the views of one kind of resource; they read the request from ``context.py`` and answer with
``responses.py`` and, for errors, ``error_responses.py``. Only this package uses Flask.
"""
