"""Authentication: credentials, tokens, request signatures, logins and the rate limit.

This package knows nothing about HTTP responses: a failure is a :class:`~ims_mock.errors.RequestError`.
"""
