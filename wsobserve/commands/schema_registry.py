"""`wsobserve schema list | show | history`: what is known of the kinds of message, in captures or in a store."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from wsobserve import options
from wsobserve.commands.running import Failure, chosen_form, failures_as_lines, observed, say

if TYPE_CHECKING:
    from wsobserve.export.store import StoreReader
    from wsobserve.export.store.stored_kinds import Moment
    from wsobserve.listing import ListingForm
    from wsobserve.records import MessageKind

store = click.option("--store", metavar="URL", required=True, help="The store to read: a file, or sqlite:///FILE.")
of_service = click.option("--service", help="Only of this service (service.name; empty: the one without a name).")


class MomentType(click.ParamType[Any]):
    """`v3`, `run2` or a time; see `stored_kinds.parse_moment`."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        from wsobserve.export.store.stored_kinds import parse_moment

        try:
            return parse_moment(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)


at = click.option(
    "--at", metavar="MOMENT", type=MomentType(), help="As of v3 (version 3 of each kind), run2, or a time in UTC."
)


@click.command("list")
@store
@of_service
@options.channel
@options.form
def schema_list(store: str, service: str | None, channel: str | None, form: ListingForm | None) -> None:
    """List the kinds of message with a published schema: versions, when first seen and changed, messages."""
    from wsobserve.export.schema_text import registered_heading, registered_line, registered_row

    with failures_as_lines():
        reader = _reader(store)
        rows = [row for row in reader.schema_kinds() if _wanted(row, service) and channel in (None, row["channel"])]
        _list([registered_row(row) for row in rows], form, registered_line, registered_heading())


@click.command("history")
@click.argument("about", metavar="[CHANNEL|KIND]", required=False)
@store
@of_service
@options.form
def schema_history(about: str | None, store: str, service: str | None, form: ListingForm | None) -> None:
    """Tell what changed when in the published schemas, and which connection and client showed it first.

    CHANNEL|KIND: a channel, or the id or name of a kind. `!` marks what breaks clients, `~` what may.
    """
    from wsobserve.export.schema_text import version_line, version_row

    with failures_as_lines():
        reader = _reader(store)
        rows = reader.history(about, service)
        if about is not None and not rows:
            raise Failure(f"store {reader.shown}: no schema is published of a channel or kind {about!a}")
        _list([version_row(row) for row in rows], form, version_line)


@click.command("show")
@click.argument("names", metavar="FILE... | KIND...", nargs=-1)
@click.option("--store", metavar="URL", help="Show what this store holds: of each KIND (id or name), or of all.")
@click.option("--version", "number", type=click.IntRange(min=1), metavar="N", help="This version of each kind; with --store.")
@at
@of_service
@options.channel
@options.workers
def schema_show(
    names: tuple[str, ...],
    store: str | None,
    number: int | None,
    at: Moment | None,
    service: str | None,
    channel: str | None,
    workers: int | None,
) -> None:
    """Show message kinds with their fields and how often each is there.

    FILE: a capture file (pcap, pcapng; also gzip, zstd, bz2, xz); - is standard input. With --store: the published
    schemas of the store, or the drafts of a run (--at run2).
    """
    if store is None and not names:
        raise click.UsageError("Name capture files, or a store with --store.")
    if store is None and (number, at, service) != (None, None, None):
        raise click.UsageError("--version, --at and --service go with --store.")
    if number is not None and at is not None:
        raise click.UsageError("--version and --at exclude each other.")
    with failures_as_lines():
        if store is None:
            kinds = observed(names, workers).kinds
        else:
            kinds = _stored(store, names, number, at, service)
        _show([kind for kind in kinds if channel in (None, kind.channel)])


def _show(kinds: list[MessageKind]) -> None:
    from wsobserve.export.kind_text import kind_lines

    if not kinds:
        say("no structured messages were seen, so there are no message kinds")
    for kind in kinds:
        print("\n".join(kind_lines(kind)))


def _stored(
    store: str, names: tuple[str, ...], number: int | None, at: Moment | None, service: str | None
) -> tuple[MessageKind, ...]:
    from wsobserve.export.store.kind_rows import kind_of_version
    from wsobserve.export.store.stored_kinds import stored_kinds

    reader = _reader(store)
    if number is None:
        kinds = stored_kinds(reader, at, service)
    else:
        kinds = tuple(kind_of_version(row) for row in reader.published(service) if row["number"] == number)
    kinds = tuple(kind for kind in kinds if not names or kind.id in names or kind.name in names)
    known = {name for kind in kinds for name in (kind.id, kind.name)}
    for name in names:
        if name not in known:
            version = "" if number is None else f" version {number} of"
            raise Failure(f"store {reader.shown}: there is no{version} kind {name!a}")
    return kinds


def _reader(store: str) -> StoreReader:
    from wsobserve.export.store import StoreReader

    return StoreReader(store)


def _wanted(row: dict[str, Any], service: str | None) -> bool:
    return service is None or (row["service"] or "") == service


def _list(
    rows: list[dict[str, Any]],
    form: ListingForm | None,
    line: Callable[[dict[str, Any]], str],
    heading: str | None = None,
) -> None:
    from wsobserve.listing import Listing

    chosen = chosen_form(form)
    listing = Listing(chosen, sys.stdout.write, line)
    if not rows:
        say("no schema is published in this store yet")
    elif chosen == "table" and heading is not None:
        print(heading)
    for row in rows:
        listing.add(row)
    sys.stdout.flush()
