"""The control page under ``/_ims/``: what the control API shows, as HTML for people.

``layout.py`` has what the views of the other modules share. The pages only read: every change is a request of
``static/page.js`` to the control API.
"""

from ims_mock.web.pages import images, state
from ims_mock.web.pages.layout import blueprint

__all__ = ["blueprint", "images", "state"]
