"""What a store's registry of schemas answers, as the public fields and as lines for people.

A row is a dict of JSON values under the documented names, as those of `rows.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsobserve.export.rows import Row, time_text
from wsobserve.export.text import printable

_SENDERS = {"client_to_server": "client", "server_to_client": "server", None: "not known"}
_BASES = {
    "first": "first version",
    "wider": "more was seen",
    "united": "more was seen, joined with what was known",
    "replaced": "less is used, on strong evidence",
}
_MARKS = {"breaking": "!", "warning": "~"}
_CHANGES_SHOWN = 20


def registered_row(row: Row) -> Row:
    """A kind with its latest version, from `StoreReader.schema_kinds`."""
    return {
        "kind": "schema",
        "service": row["service"],
        "channel": row["channel"],
        "id": row["kind"],
        "name": row["name"],
        "direction": row["direction"],
        "versions": row["number"],
        "first_seen": time_text(row["first_seen_ns"]),
        "first_seen_ns": row["first_seen_ns"],
        "changed": time_text(row["changed_ns"]),
        "changed_ns": row["changed_ns"],
        "last": time_text(row["last_ns"]),
        "last_ns": row["last_ns"],
        "messages": row["messages"],
    }


def registered_heading() -> str:
    """The heading over lines of registered kinds."""
    counts = f"{'versions':>8} {'messages':>9}"
    return f"{'channel':<28} {'name':<24} {'sent by':<9} {counts}  {'first seen':<19}  {'changed':<19}  kind"


def registered_line(row: Row) -> str:
    """One registered kind; times in UTC."""
    where = f"{printable(row['channel']):<28} {printable(row['name']):<24} {_SENDERS.get(row['direction'], ''):<9}"
    changed = _second(row["changed"]) if row["versions"] > 1 else "-"
    counts = f"{row['versions']:>8} {row['messages']:>9}"
    line = f"{where} {counts}  {_second(row['first_seen']):<19}  {changed:<19}  {printable(row['id'])}"
    return line + (f"  ({printable(row['service'])})" if row["service"] else "")


def version_row(row: Row) -> Row:
    """One published version, from `StoreReader.history`, without its schema."""
    return {
        "kind": "schema_version",
        "service": row["service"],
        "channel": row["channel"],
        "id": row["kind"],
        "name": row["name"],
        "direction": row["direction"],
        "version": row["number"],
        "basis": row["basis"],
        "first_seen": time_text(row["first_seen_ns"]),
        "first_seen_ns": row["first_seen_ns"],
        "published": time_text(row["published_ns"]),
        "published_ns": row["published_ns"],
        "run": row["run"],
        "connection": row["connection"],
        "client": row["client"],
        "messages": row["messages"],
        "messages_before": row["messages_before"],
        "confidence": row["confidence"],
        "digest": row["digest"],
        "changes": row["changes"],
    }


def version_line(row: Row) -> str:
    """One published version and below it what changed, a line each; times in UTC."""
    name = f"{printable(row['channel'])}  {printable(row['name'])}  [{printable(row['id'])}]"
    by = [f"client {printable(row['client'])}"] if row["client"] else []
    by += [f"connection {printable(row['connection'])}"] if row["connection"] else []
    by.append(f"run {row['run']}")
    heading = f"{_second(row['first_seen'])}  {name}  version {row['version']}: {_BASES.get(row['basis'], row['basis'])}"
    return "\n".join(
        [
            heading,
            f"    {', '.join(by)}, {row['messages']} message{'' if row['messages'] == 1 else 's'}",
            *_changes(row["changes"]),
        ]
    )


def _changes(changes: list[Row]) -> Iterator[str]:
    for change in changes[:_CHANGES_SHOWN]:
        yield f"  {_MARKS.get(change['severity'], ' ')} {change_text(change)}"
    if len(changes) > _CHANGES_SHOWN:
        yield f"    and {len(changes) - _CHANGES_SHOWN} more"


def change_text(change: Row) -> str:
    """One change of a schema, as `compare` tells it, without who breaks by it."""
    what = str(change["what"]).replace("_", " ")
    sides = [printable(change[side]) for side in ("old", "new") if change.get(side)]
    values = f": {' -> '.join(sides)}" if sides else ""
    certainty = "" if change["certainty"] == "observed" else ", inferred from absence"
    return f"{printable(change['path'])}  {what}{values}  ({change['class']}{certainty})"


def _second(time: str | None) -> str:
    return time[:19].replace("T", " ") if time else "-"
