"""``ims-mock verify``."""

import difflib
import sys
from dataclasses import replace
from typing import Any

import click

from ims_mock.cli.common import (
    ProgressBar,
    UnusableEndpoint,
    choose_format,
    connected,
    endpoint_errors,
    make_command,
    split_names,
    write,
)
from ims_mock.cli.record import read_images
from ims_mock.clock import Clock
from ims_mock.contract.profiles import Profile
from ims_mock.endpoint.comparison import short_view
from ims_mock.endpoint.evidence import Report
from ims_mock.endpoint.identities import Identities
from ims_mock.endpoint.questions import QUESTIONS, Question, Sample
from ims_mock.endpoint.verify import DIFFERS, Asker, Emulation, Verification
from ims_mock.text import counted


@make_command("verify")
def command(
    profile: str, format: str, output: str, only: str, pace: float, yes: bool, foreign_image: str,
    keep_identities: bool, **remote: Any,
) -> int:  # fmt: skip
    """Send the same requests to a real endpoint and to the emulator with its images, and report differences."""
    form = choose_format(format, "verify")
    questions = _questions(only)
    if not yes and not is_interactive():
        raise click.UsageError("verify asks before it sends its requests, and there is no terminal. Use --yes.")
    try:
        expected = Profile.parse(profile)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    endpoint = connected(remote)
    reading = read_images(endpoint)
    if foreign_image in [image["id"] for image in reading.images()]:
        raise click.UsageError(
            f"Invalid --foreign-image {foreign_image!r}: the project sees it. Use one of another project."
        )
    sample, version = Sample(reading, foreign_image), remote["api_version"]
    asker = Asker(endpoint, pace)
    verification = Verification(asker, Emulation(sample, version), sample, expected)
    asker.limit = verification.plan(questions)
    images, requests = counted(len(reading.listed), "image"), counted(asker.limit, "request")
    click.echo(f"Read {images}. Verifying them sends at most {requests}, {pace:g} s apart.", err=True)
    identities = Identities(reading, endpoint.credentials.secrets, is_kept=keep_identities)

    def shown(view: Any) -> Any:
        return short_view(identities.value(view))

    with endpoint_errors("all questions were asked"):
        if not yes and not click.confirm("Continue?", err=True):
            raise click.UsageError("Nothing was verified, because the question was answered with no.")
        with ProgressBar() as progress:
            rows = []
            for row in verification.run(questions):
                rows.append(replace(row, there=shown(row.there), here=shown(row.here), why=identities.text(row.why)))
                progress("asking questions", len(rows), len(questions))
    if asker.requests and not asker.has_answers:
        raise UnusableEndpoint(f"No question was answered: {rows[-1].why}")
    today = Clock().now().date().isoformat()
    report = Report(
        endpoint.url.netloc, today, expected.label, version, len(reading.listed), asker.requests,
        verification.matching_profile, tuple(rows),
    )  # fmt: skip
    write(report.text(form), output)
    return int(any(row.outcome == DIFFERS for row in rows))


def is_interactive() -> bool:
    """Return whether there is a terminal to ask on."""
    return bool(sys.stdin and sys.stdin.isatty())


def _questions(only: str) -> list[Question]:
    """Return the questions with these names, or all of them."""
    names = [question.name for question in QUESTIONS]
    chosen = split_names(only)
    for name in chosen:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Use {', '.join(names)}."
            raise click.UsageError(f"Invalid --only {name!r}. {hint}")
    return [question for question in QUESTIONS if not chosen or question.name in chosen]
