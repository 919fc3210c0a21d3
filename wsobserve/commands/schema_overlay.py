"""`wsobserve schema overlay`: files in which a person says what no capture tells."""

from __future__ import annotations

import sys

import click

from wsobserve import options
from wsobserve.commands.running import failures_as_lines, observed


@click.group("overlay")
def schema_overlay() -> None:
    """Name, describe, merge and mark what was inferred (see schema export --overlay)."""


@schema_overlay.command("init", epilog=options.FILES_HELP)
@options.files
@options.workers
def init(files: tuple[str, ...], workers: int | None) -> None:
    """Print an overlay file to start from: all kinds and fields, as comments."""
    from wsobserve.publish.overlay_starter import starter

    with failures_as_lines():
        sys.stdout.write(starter(observed(files, workers).kinds))
