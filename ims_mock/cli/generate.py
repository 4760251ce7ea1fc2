"""``ims-mock generate``."""

import click

from ims_mock.auth.credentials import DEFAULT_PROJECT
from ims_mock.cli.common import choose_format, make_command, write
from ims_mock.contract.fields import BY_NAME, KNOWN_NAMES, nearest
from ims_mock.contract.values import LIST
from ims_mock.loading.generator import generate
from ims_mock.loading.lint import lint
from ims_mock.loading.loader import image_from_entry
from ims_mock.loading.parser import dumps
from ims_mock.loading.schema import SchemaError, read_image


@make_command("generate")
def command(count: int, seed: int, project: str, output: str, set: tuple[str, ...], format: str) -> None:
    """Write generated images as a catalog file."""
    form = choose_format(format, "generate")
    owner = project or DEFAULT_PROJECT
    images = list(generate(count, seed, project=owner, fixed=_parse_values(set)))
    for name, warning in lint(image_from_entry(images[0]).values) if set and images else ():
        click.echo(f"--set {name}: warning: {warning}", err=True)
    projects = [{"id": one} for one in dict.fromkeys([owner, *(image.get("owner") for image in images)]) if one]
    write(dumps({"project": owner, "projects": projects, "images": images}, is_json=form == "json"), output)


def _parse_values(pairs: tuple[str, ...]) -> dict[str, object]:
    values: dict[str, object] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise click.UsageError(f"Invalid --set {pair!r}. Use FIELD=VALUE.")
        if name == "id":
            raise click.UsageError(f"Invalid --set {pair!r}: every image has its own id. Use another field.")
        if name not in KNOWN_NAMES and (near := nearest(name)):
            raise click.UsageError(f"Invalid --set {pair!r}: no such field. Did you mean {near}?")
        values[name] = value.split(",") if name in BY_NAME and BY_NAME[name].type is LIST else value
    try:
        return read_image(values)
    except SchemaError as error:
        path, message = error.problems[0]
        raise click.UsageError(f"Invalid --set {path[0]}: {message}") from None
