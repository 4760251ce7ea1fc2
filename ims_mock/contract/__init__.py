"""Facts about the service, as tables: attributes, query parameters, value types and profiles.

The rest of the code, the documentation and many tests derive from these tables. Filters and sort keys are columns of
``fields.py``; limits, and parameters with rules of their own, are in ``parameters.py``.
"""
