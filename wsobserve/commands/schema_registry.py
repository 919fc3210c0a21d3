"""`wsobserve schema show`: what is known of the kinds of message."""

from __future__ import annotations

import click

from wsobserve import options
from wsobserve.commands.running import failures_as_lines, observed, say


@click.command("show", epilog=options.FILES_HELP)
@options.files
@options.channel
@options.workers
def schema_show(files: tuple[str, ...], channel: str | None, workers: int | None) -> None:
    """Show the inferred message kinds with their fields and how often each is there."""
    from wsobserve.export.kind_text import kind_lines

    with failures_as_lines():
        kinds = [kind for kind in observed(files, workers).kinds if channel in (None, kind.channel)]
        if not kinds:
            say("no structured messages were seen, so there are no message kinds")
        for kind in kinds:
            print("\n".join(kind_lines(kind)))
