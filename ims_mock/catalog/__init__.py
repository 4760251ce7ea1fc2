"""Images and list queries: what a query string means, which images match, and how they are ordered and paged.

Everything here is immutable and independent of the web framework.
"""
