"""The number of images on a page of each list."""

from typing import Final

DEFAULT_LIMIT: Final = 25
"""Images on a page of ``/v2/images`` if the query has no ``limit``."""

CLOUDIMAGES_DEFAULT_LIMIT: Final = 500
"""The same for ``/v2/cloudimages``."""

LIMIT_CAP: Final = 1000
"""A larger ``limit`` counts as this one."""
