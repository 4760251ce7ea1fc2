"""``ims-mock explain``."""

import os

import click

from ims_mock.catalog.cloudimages import LISTS
from ims_mock.catalog.explain import explain
from ims_mock.catalog.query import parse
from ims_mock.cli.common import make_command
from ims_mock.contract.profiles import Profile
from ims_mock.errors import RequestError
from ims_mock.loading.loader import load, view_of_lists
from ims_mock.loading.sources import CatalogError, report_problems


@make_command("explain", "query")
def command(query: str, catalog: tuple[str, ...], profile: str, project: str, image: str, path: str) -> None:
    """Explain which images of catalogs a list query returns, or why it returns an image or does not."""
    try:
        rules = Profile.parse(profile)
        loaded = load(catalog, project=project)
        view = view_of_lists(loaded.credentials, rules)
        parsed = parse(os.fsencode(query).decode("latin-1"), view, LISTS[path])
        found = explain(loaded.catalog, parsed, view, image or None)
    except CatalogError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except RequestError as error:
        raise click.ClickException(f"{error.problem.status} {error.problem.code} {error.message}") from None
    for line in report_problems(loaded.warnings):
        click.echo(line, err=True)
    click.echo(str(found))
