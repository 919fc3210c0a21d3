"""What several commands share: captures observed as a whole, failures of the world as one line, and words for people."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from wsobserve.listing import ListingForm
    from wsobserve.records import CaptureLoss, Snapshot
    from wsobserve.workers import Step


class Failure(Exception):
    """Ends the command with exit status 1 and this one line."""


@contextmanager
def failures_as_lines() -> Iterator[None]:
    """What the world does wrong is one line on standard error and exit status 1."""
    from wsobserve.capture.error import CaptureError
    from wsobserve.export.error import ExportError

    try:
        yield
    except (CaptureError, ExportError, Failure) as error:
        sys.stdout.flush()
        say(str(error))
        raise click.exceptions.Exit(1) from None


def say(line: str) -> None:
    """A line on standard error."""
    print(f"wsobserve: {line}", file=sys.stderr, flush=True)


def loss_text(loss: CaptureLoss) -> str:
    """What a capture lost, as one line."""
    from wsobserve.export.rows import loss_row
    from wsobserve.export.text import loss_line

    return loss_line(loss_row(loss)).removeprefix("! ")


def chosen_form(form: ListingForm | None) -> ListingForm:
    """The form that was asked for; else lines for people on a terminal, and NDJSON for programs."""
    if form is not None:
        return form
    return "table" if sys.stdout.isatty() else "ndjson"


def observed(files: tuple[str, ...], workers: int | None) -> Snapshot:
    """What all of the files hold; what was lost is said on standard error. Failure when one cannot be read."""
    last = last_step(files, workers)
    if last.failures:
        raise Failure("; ".join(last.failures))
    assert last.findings is not None
    return last.findings.snapshot(final=True)


def last_step(files: tuple[str, ...], workers: int | None, *, folds: bool = True, progress: bool | None = False) -> Step:
    """The last step of observing the files, with what was found; what was lost is said on standard error."""
    from wsobserve.progress import progress_bar
    from wsobserve.records import CaptureLoss
    from wsobserve.workers import Plan, Workers, fitting_workers

    plan = Plan(paths=files, folds=folds, messages=0)
    wanted = sys.stderr.isatty() if progress is None else progress
    with Workers(plan, fitting_workers(files, workers)) as observers, progress_bar(wanted) as show:
        for step in observers.steps(show):
            for record in step.records:
                if isinstance(record, CaptureLoss):
                    say(loss_text(record))
    return step
