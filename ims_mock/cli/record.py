"""``ims-mock record``."""

import json
import os
from collections.abc import Iterator
from typing import Any

import click

from ims_mock import __version__
from ims_mock.cli.common import ProgressBar, connected, endpoint_errors, make_command, write
from ims_mock.clock import Clock
from ims_mock.endpoint.endpoint import Endpoint
from ims_mock.endpoint.identities import Identities
from ims_mock.endpoint.reading import Query, Reading, read
from ims_mock.endpoint.transport import Answer
from ims_mock.loading.parser import dumps
from ims_mock.loading.published import private_owners, project_shown_to
from ims_mock.loading.schema import MEMBERS
from ims_mock.text import counted, printable


@make_command("record")
def command(output: str, query: tuple[str, ...], answers: str, keep_identities: bool, **remote: Any) -> None:
    """Read the images of a real endpoint and write them as a catalog."""
    if answers and os.path.realpath(answers) == os.path.realpath(output):
        raise click.UsageError("--output and --answers name the same file. Use different ones.")
    filters = [_filter(pair) for pair in query]
    received: list[Answer] = []
    endpoint = connected(remote)
    secrets = endpoint.credentials.secrets
    if answers:
        endpoint.observe = received.append
    reading = read_images(endpoint, filters)
    identities = Identities(reading, secrets, is_kept=keep_identities)
    catalog = identities.catalog()
    if answers:
        write("".join(json.dumps(identities.answer(one)) + "\n" for one in received), answers)
    notes = [*_notes(endpoint, catalog, keep_identities=keep_identities)]
    for note in notes:
        click.echo(note, err=True)
    is_json = output.endswith(".json")  # which has no comments
    comments = "" if is_json else "".join(f"# {note}\n" for note in notes)
    write(comments + dumps(catalog, is_json=is_json), output)


def read_images(endpoint: Endpoint, filters: Query = ()) -> Reading:
    """Read the images that the project of the credentials sees, with a progress bar."""
    with endpoint_errors("all images were read", endpoint.credentials.secrets), ProgressBar() as progress:
        reading = read(endpoint, filters, progress)
    shown = [*reading.listed, *reading.dead]
    if not reading.project:
        reason = "private images have no single owner" if private_owners(shown) else "there are no private images"
        raise click.UsageError(f"Cannot tell the project of the credentials: {reason}. Use --project ID.")
    if (owner := project_shown_to(shown)) not in ("", reading.project):
        project = printable(reading.project)
        text = f"All private images belong to {printable(owner)}, so they count as shared with {project}."
        click.echo(f"{text} Check --project.", err=True)
    return reading


def _filter(pair: str) -> tuple[str, str]:
    name, sign, value = pair.partition("=")
    if not sign or not name or name in ("limit", "marker"):
        raise click.UsageError(f"Invalid --query {pair!r}. Use NAME=VALUE with a filter other than limit and marker.")
    return name, value


def _notes(endpoint: Endpoint, catalog: dict[str, Any], *, keep_identities: bool) -> Iterator[str]:
    images, today = catalog["images"], Clock().now().date()
    host = endpoint.url.netloc
    yield f"Recorded from {host} on {today} by ims-mock {__version__}: {counted(len(images), 'image')}."
    if keep_identities:
        yield "The identities of the account are kept: read the file before it leaves your hands."
    else:
        yield "Identities of the account are replaced; descriptions, tags and properties may still tell about it."
    if shared := sum(MEMBERS in image for image in images):
        yield f"Shared with the project by others: {counted(shared, 'image')}; how their owners see them is unknown."
    if unknown := sum(image["__isregistered"] is None for image in images):
        yield f"Without __isregistered: {counted(unknown, 'image')}; only --profile glance lists them."
