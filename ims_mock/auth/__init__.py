"""Authentication: credentials, tokens, request signatures, logins and the rate limit.

Nothing here knows HTTP responses: a failure is a :class:`~ims_mock.errors.RequestError`.
"""
