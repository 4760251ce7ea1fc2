"""Limits of the service: sizes of pages, names and tags."""

from typing import Final

DEFAULT_LIMIT: Final = 25
"""Images on a page of ``/v2/images`` if the query has no ``limit``."""

CLOUDIMAGES_DEFAULT_LIMIT: Final = 500
"""The same for ``/v2/cloudimages``."""

LIMIT_CAP: Final = 1000
"""A larger ``limit`` counts as this one."""

NAME_LENGTH: Final = 128
DESCRIPTION_LENGTH: Final = 1024
TAG_LENGTH: Final = 255
