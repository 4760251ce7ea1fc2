"""The order of the house: who may import whom, and who alone imports which library."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ims_mock"

LAYERS = (
    ("bitmaps", "keeping", "kinds", "masking", "pipe", "settings"),
    ("errors", "fields", "profile", "clock"),
    ("parts", "rendering"),
    ("shape",),
    ("bodies", "image", "reading", "schemas", "sections", "signing", "systems", "throttle"),
    ("columns", "conditions", "credentials", "packing", "region", "schema", "slips", "sources", "tenancy"),
    ("listing", "login", "tokens"),
    ("plausibility", "query"),
    ("groups", "identity", "walks"),
    ("contract",),
    ("findings",),
    ("treatment",),
    ("issuing", "table"),
    ("generating", "sorting", "writing"),
    ("order",),
    ("postings", "zones"),
    ("lists",),
    ("walking",),
    ("index",),
    ("catalog", "completing"),
    ("access", "building", "filing", "notes"),
    ("places",),
    ("journal",),
    ("remarks", "trails"),
    ("auditing", "lifecycle", "members", "patching", "uploading"),
    ("loading", "moving"),
    ("effects", "state"),
    ("faults", "payloads", "reference"),
    ("operations",),
    ("coverage", "openapi"),
    ("exercising",),
    ("gathering",),
    ("emulator",),
    ("sandboxes",),
    ("web.answers", "web.noting", "web.routes"),
    ("web.telling",),
    ("web.current",),
    ("web.choice",),
    (
        "web.documents",
        "web.faulting",
        "web.identity",
        "web.images",
        "web.lines",
        "web.openapi",
        "web.origin",
        "web.replicas",
        "web.schemas",
        "web.versions",
    ),
    (
        "web.clock",
        "web.coverage",
        "web.data",
        "web.faults",
        "web.members",
        "web.requests",
        "web.sandboxes",
        "web.stored",
        "web.tags",
        "web.walks",
    ),
    ("web.control", "web.straight"),
    ("web.app",),
    ("application", "connection", "watching"),
    ("huge_pages", "tls"),
    ("server",),
    ("background", "beginning", "cli", "matching", "web.forwarding"),
    ("complaining", "service"),
    ("local", "remote"),
    ("mock",),
    ("__main__", "pytest_plugin"),
)
"""Each module imports only from the lines above its own."""

OWNERS = {
    "flask": {"web", "server", "application", "background"},  # the doors for its type only
    "werkzeug": {"web", "local", "mock", "remote", "service"},  # the doors for its type only
    "marshmallow": {"schema"},
    "yaml": {"reading"},
    "faker": {"generating"},
    "click": {"cli"},
    "waitress": {"background", "connection", "server"},
}
"""The libraries, each with the only places that may import it."""

ANYWHERE = {"ims_mock", "ims_mock.fixtures"}


def modules() -> dict[str, ast.Module]:
    """Parse every module of the package, by its name inside it."""
    paths = [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text()) for path in paths}


def imported(tree: ast.Module) -> list[str]:
    """Name every module that is imported anywhere in a tree, in functions too."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = node.module or ""
            names += (
                [f"{found}.{alias.name}" for alias in node.names] if found in ("ims_mock", "ims_mock.web") else [found]
            )
    return names


def test_every_module_has_its_layer():
    """The declared order names each module once."""
    declared = [name for layer in LAYERS for name in layer]
    assert sorted(declared) == sorted(modules())


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_imports_only_from_above(name):
    """Imports inside the package point to layers above the module's own."""
    height = {module: place for place, layer in enumerate(LAYERS) for module in layer}
    for target in imported(modules()[name]):
        if target.startswith("ims_mock.") and target not in ANYWHERE and target != "ims_mock.__version__":
            assert height[target.removeprefix("ims_mock.")] < height[name], f"{name} imports {target}"


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_has_its_owner(library):
    """Each library is imported in its own place only."""
    users = {
        name.split(".")[0]
        for name, tree in modules().items()
        if any(target.split(".")[0] == library for target in imported(tree))
    }
    assert users == OWNERS[library]


def test_the_package_imports_nothing_heavy():
    """``import ims_mock`` alone loads none of the libraries."""
    code = "import sys, ims_mock; print([name for name in sys.argv[1:] if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *OWNERS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
