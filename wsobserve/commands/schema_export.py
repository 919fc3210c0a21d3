"""`wsobserve schema export`: the inferred schemas as documents, as code and as pages to read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from wsobserve import options
from wsobserve.commands.files import text_of, write_texts
from wsobserve.commands.running import Failure, failures_as_lines, observed, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wsobserve.publish.overlay_file import ChannelNote
    from wsobserve.records import Direction, MessageKind

# The forms that are one text, and the file that holds it where only a directory is named.
FILE_NAMES = {"pydantic": "messages.py", "typescript": "messages.ts", "markdown": "messages.md", "html": "messages.html"}

overlay = click.option(
    "--overlay", metavar="FILE", help="Names, descriptions and marks of a person, to lay over what was inferred."
)


@click.command("export", epilog=options.FILES_HELP)
@options.files
@click.option(
    "--as", "form", type=click.Choice(["json-schema", *FILE_NAMES]), default="json-schema", show_default=True, help="The form."
)
@click.option(
    "--output",
    metavar="PATH",
    help="Write one document a channel into this directory; in the other forms this file, or one in this directory. "
    "Default: everything to standard output.",
)
@click.option(
    "--direction",
    type=click.Choice(["client_to_server", "server_to_client"]),
    help="Only what goes in this direction, or in one that is not known.",
)
@options.channel
@overlay
@click.option("--title", help="With markdown and html: the title of the page.")
@options.workers
def schema_export(
    files: tuple[str, ...],
    form: str,
    output: str | None,
    direction: Direction | None,
    channel: str | None,
    overlay: str | None,
    title: str | None,
    workers: int | None,
) -> None:
    """Export the inferred schemas.

    As json-schema: one JSON Schema (2020-12) a channel. As pydantic or typescript: a module of types. As markdown or html:
    a reference to read.
    """
    from wsobserve.publish.documents import channel_documents, document_name, document_text, in_direction

    if title is not None and form not in ("markdown", "html"):
        raise click.UsageError("--title goes with --as markdown and --as html.")
    with failures_as_lines():
        said = None if overlay is None else text_of(overlay)
        kinds, notes = laid_over(observed(files, workers).kinds, overlay, said)
        kinds = tuple(kind for kind in in_direction(kinds, direction) if channel in (None, kind.channel))
        if not kinds:
            say("there are no message kinds to export")
        if form != "json-schema":
            _write_one(_text(form, kinds, notes, title), output, FILE_NAMES[form])
            return
        documents = channel_documents(kinds, direction, notes)
        if output is None:
            sys.stdout.write(document_text(documents))
            return
        names = {name: os.path.join(output, document_name(name)) for name in documents}
        write_texts({names[name]: document_text(document) for name, document in documents.items()}, directory=output)


def laid_over(
    kinds: tuple[MessageKind, ...], name: str | None, text: str | None
) -> tuple[tuple[MessageKind, ...], Mapping[str, ChannelNote]]:
    """The kinds with what the overlay's text says of them, and what it says of channels; what it cannot find is said."""
    if text is None:
        return kinds, {}
    from wsobserve.publish.overlay import overlaid
    from wsobserve.publish.overlay_file import OverlayError, parse_overlay

    try:
        result = overlaid(kinds, parse_overlay(text))
    except OverlayError as error:
        raise Failure(f"{name}: {error}") from None
    for line in result.unmatched:
        say(f"{name}: {line}")
    return result.kinds, result.channels


def _text(form: str, kinds: tuple[MessageKind, ...], notes: Mapping[str, ChannelNote], title: str | None) -> str:
    if form == "pydantic":
        from wsobserve.publish.pydantic_models import pydantic_module

        return pydantic_module(kinds)
    if form == "typescript":
        from wsobserve.publish.typescript import typescript_text

        return typescript_text(kinds)
    from wsobserve.publish.html_page import html_text
    from wsobserve.publish.markdown import markdown_text

    page = html_text if form == "html" else markdown_text
    return page(kinds, notes) if title is None else page(kinds, notes, title)


def _write_one(text: str, output: str | None, name: str) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    is_file = os.path.splitext(output)[1] == os.path.splitext(name)[1] and not os.path.isdir(output)
    path = output if is_file else os.path.join(output, name)
    write_texts({path: text}, directory=os.path.dirname(path) or ".")
