"""The import order of the packages, and which package may use which library."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ims_mock"

LAYERS = (
    ("contract", "options", "text"),
    ("errors", "clock", "json_body"),
    ("catalog",),
    ("writes", "auth"),
    ("loading",),
    ("faults", "journal"),
    ("openapi",),
    ("emulator", "sandboxes"),
    ("web",),
    ("server",),
    ("testing",),
    ("endpoint", "conformance"),
    ("pytest_plugin", "cli"),
    ("__main__",),
)
"""The packages and top-level modules from bottom to top. None imports from a line below its own."""

OWNERS = {
    "click": "cli",
    "faker": "loading.generator",
    "flask": "web",
    "itsdangerous": "auth.credentials",
    "marshmallow": "loading.schema",
    "urllib3": "endpoint.transport",
    "waitress": "server",
    "yaml": "loading.parser",
}
"""The libraries that only one package or module imports."""

HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path, *, at_run_time=False):
    """Return the dotted names that a module imports, functions and type checking included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if at_run_time:
        tree.body = [node for node in tree.body if not isinstance(node, ast.If)]  # if TYPE_CHECKING
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_packages_import_only_from_below(path):
    package = name_of(path).partition(".")[0]
    for imported in imports(path):
        root, _, rest = imported.partition(".")
        target = rest.partition(".")[0]
        if package and root == "ims_mock" and target in HEIGHT and target != package:
            assert HEIGHT[target] <= HEIGHT[package], f"{package} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_libraries_have_one_user(path):
    name = name_of(path)
    for imported in imports(path, at_run_time=True):
        owner = OWNERS.get(imported.partition(".")[0])
        assert not owner or f"{name}.".startswith(f"{owner}."), f"{name} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_private_names_stay_in_their_module(path):
    private = {name for name in imports(path) if re.fullmatch(r"ims_mock\.(.+\.)?_\w+", name)}
    assert private <= {"ims_mock.__version__"}


def test_packages_have_at_most_13_modules():
    counts = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert {folder: count for folder, count in counts.items() if count > 13} == {}


@pytest.mark.parametrize("module", ["ims_mock", "ims_mock.pytest_plugin"])
def test_light_modules_load_no_library(module):
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"flask", "werkzeug", "marshmallow", "faker", "yaml", "waitress", "click", "urllib3"} & set(loaded)
