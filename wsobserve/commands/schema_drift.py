"""`wsobserve schema drift`: what about the messages of captures is not as it was before in them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from wsobserve import options
from wsobserve.commands.running import chosen_form, failures_as_lines, loss_text, say

if TYPE_CHECKING:
    from wsobserve.listing import ListingForm


@click.command("drift", epilog=options.FILES_HELP)
@options.files
@options.channel
@options.form
def schema_drift(files: tuple[str, ...], channel: str | None, form: ListingForm | None) -> None:
    """List what changes about the messages: new fields, broken formats, kinds that come no more. Files in their order."""
    from wsobserve.export.rows import drift_row
    from wsobserve.listing import Listing
    from wsobserve.observing import observe_files
    from wsobserve.pipeline import Pipeline
    from wsobserve.records import CaptureLoss, SchemaDrift

    listing = Listing(chosen_form(form), sys.stdout.write)
    changes: dict[str, int] = {}
    pipeline = Pipeline(frames=False, messages=0, drift=True, survive=True)
    with failures_as_lines():
        try:
            for records in observe_files(files, pipeline):
                for record in records:
                    if isinstance(record, CaptureLoss):
                        say(loss_text(record))
                    if isinstance(record, SchemaDrift) and channel in (None, record.channel):
                        changes[record.change] = changes.get(record.change, 0) + 1
                        listing.add(drift_row(record))
        finally:
            sys.stdout.flush()
            counted = ", ".join(f"{count} {change}" for change, count in sorted(changes.items()))
            left_out = f"; {pipeline.drift_left_out} times there was no place to watch more" if pipeline.drift_left_out else ""
            say(f"drift: {counted or 'none'}{left_out}")
