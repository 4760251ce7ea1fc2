"""The OpenAPI document, the JSON Schemas of the API, and the reference tables.

Everything here is derived from the tables of the packages below. A new endpoint is a row in ``operations.py`` and the
schemas of its bodies in ``schemas.py``. ``catalog_file.py`` is about files, not about the API.
"""
