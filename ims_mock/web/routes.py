"""The routes of the application: matched at once, and turned into URLs only when somebody asks for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class Route(Rule):
    """A route whose URLs hardly anybody builds.

    The framework compiles code for that twice a route, which takes longer than all the rest of making the application.
    """

    def _compile_builder(self, *arguments: Any, **others: Any) -> Callable[..., tuple[str, str]]:
        """Put off the compiling until a URL is built; the framework names no better place to do so."""
        compiled = super()._compile_builder
        built: Callable[..., tuple[str, str]] | None = None

        def build(route: Rule, **values: Any) -> tuple[str, str]:
            nonlocal built
            if built is None:
                built = compiled(*arguments, **others)
            return built(route, **values)

        return build
