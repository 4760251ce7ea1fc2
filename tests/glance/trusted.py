"""A filter for Glance without Keystone: the token ``PROJECT:ROLE,ROLE`` is believed. It runs in Glance's process."""


def factory(_config, **_options):
    """Return the filter."""
    return lambda application: lambda environ, start_response: application(identified(environ), start_response)


def identified(environ):
    """Return a WSGI environment with the identity of the token, and with no other; without a colon there is none."""
    token = environ.get("HTTP_X_AUTH_TOKEN", "")
    kept = {name: value for name, value in environ.items() if name not in IDENTITY}
    project, colon, roles = token.partition(":")
    identity = zip(IDENTITY, ("Confirmed", project, roles, f"user-of-{project}"), strict=True)
    return {**kept, **dict(identity)} if colon else kept


IDENTITY = ("HTTP_X_IDENTITY_STATUS", "HTTP_X_PROJECT_ID", "HTTP_X_ROLES", "HTTP_X_USER_ID")
