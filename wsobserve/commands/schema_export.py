"""`wsobserve schema export`: the inferred schemas as documents, as code and as pages to read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from wsobserve import options
from wsobserve.commands.files import text_of, write_texts
from wsobserve.commands.running import Failure, failures_as_lines, observed, say
from wsobserve.commands.schema_registry import at, of_service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wsobserve.export.store.stored_kinds import Moment
    from wsobserve.publish.overlay_file import ChannelNote
    from wsobserve.records import Direction, MessageKind, Snapshot

# The forms that are one text, and the file that holds it where only a directory is named.
FILE_NAMES = {"pydantic": "messages.py", "typescript": "messages.ts", "markdown": "messages.md", "html": "messages.html"}

overlay = click.option(
    "--overlay", metavar="FILE", help="Names, descriptions and marks of a person, to lay over what was inferred."
)


@click.command("export", epilog=options.FILES_HELP)
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option(
    "--as",
    "form",
    type=click.Choice(["json-schema", "asyncapi", *FILE_NAMES]),
    default="json-schema",
    show_default=True,
    help="The form.",
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
@click.option("--title", help="With asyncapi, markdown and html: the title.")
@click.option("--store", metavar="URL", help="Export the published schemas of this store, not of captures.")
@at
@of_service
@options.workers
def schema_export(
    files: tuple[str, ...],
    form: str,
    output: str | None,
    direction: Direction | None,
    channel: str | None,
    overlay: str | None,
    title: str | None,
    store: str | None,
    at: Moment | None,
    service: str | None,
    workers: int | None,
) -> None:
    """Export the inferred schemas, of capture files or of a store.

    As json-schema: one JSON Schema (2020-12) a channel. As asyncapi: one AsyncAPI 3.1 document. As pydantic or typescript:
    a module of types. As markdown or html: a reference to read.
    """
    from wsobserve.commands.asyncapi_export import export_asyncapi
    from wsobserve.publish.documents import channel_documents, document_name, document_text, in_direction

    if title is not None and form not in ("asyncapi", "markdown", "html"):
        raise click.UsageError("--title goes with --as asyncapi, --as markdown and --as html.")
    if (store is None) == (not files):
        raise click.UsageError("Name capture files, or a store with --store.")
    if store is None and (at, service) != (None, None):
        raise click.UsageError("--at and --service go with --store.")
    if store is not None and form == "asyncapi":
        raise click.UsageError("--as asyncapi tells how to connect, which a store of schemas does not: name capture files.")
    with failures_as_lines():
        said = None if overlay is None else text_of(overlay)
        snapshot = None if store is not None else observed(files, workers)
        inferred = _stored(store, at, service) if snapshot is None else snapshot.kinds
        kinds, notes = laid_over(inferred, overlay, said)
        kinds = tuple(kind for kind in in_direction(kinds, direction) if channel in (None, kind.channel))
        if not kinds:
            say("there are no message kinds to export")
        if form == "asyncapi":
            assert snapshot is not None
            export_asyncapi(_narrowed(snapshot, kinds, direction, channel), output, title)
            return
        if form != "json-schema":
            _write_one(_text(form, kinds, notes, title), output, FILE_NAMES[form])
            return
        documents = channel_documents(kinds, direction, notes)
        if output is None:
            sys.stdout.write(document_text(documents))
            return
        names = {name: os.path.join(output, document_name(name)) for name in documents}
        write_texts({names[name]: document_text(document) for name, document in documents.items()}, directory=output)


def _stored(store: str | None, at: Moment | None, service: str | None) -> tuple[MessageKind, ...]:
    from wsobserve.export.store import StoreReader
    from wsobserve.export.store.stored_kinds import stored_kinds

    assert store is not None
    return stored_kinds(StoreReader(store), at, service)


def _narrowed(snapshot: Snapshot, kinds: tuple[MessageKind, ...], direction: Direction | None, channel: str | None) -> Snapshot:
    """The same with these kinds, and of this direction and channel alone where they are given."""
    import msgspec

    totals = [
        total
        for total in snapshot.channels
        if channel in (None, total.channel) and (direction is None or total.direction in (None, direction))
    ]
    return msgspec.structs.replace(snapshot, kinds=kinds, channels=tuple(totals))


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
