"""Two schemas of one kind of message in, the classified changes from one to the other out, as rows."""

from __future__ import annotations

from typing import Any

from msgspec import structs, to_builtins

from wsobserve.compare.changes import SEVERITIES
from wsobserve.compare.described import described_kinds
from wsobserve.compare.documents import compare
from wsobserve.compare.words import SEPARATOR
from wsobserve.records import MessageKind

Row = dict[str, Any]


def changes_between(old: MessageKind, new: MessageKind) -> list[Row]:
    """A row per change with the fields of `compare.Change`, those that break most first; `path` is that within a message.

    Only the schemas are compared. What goes both ways has a change for each way.
    """
    sides = []
    for kind in (old, new):  # under one short name, that the path is known behind it
        plain = structs.replace(kind, id="k", name="k", channel="/", direction=new.direction, directions=new.directions)
        sides.append(described_kinds("", [structs.replace(plain, discriminator=())]))
    return [_row(to_builtins(change)) for change in compare(*sides).changes]


def _row(change: Row) -> Row:
    path = change["path"].split(SEPARATOR, 2)
    kept = {name: value for name, value in change.items() if name not in ("channel", "kind")}
    return {**kept, "breaks": list(change["breaks"]), "path": path[2] if len(path) > 2 else ""}


def worst(changes: list[Row]) -> str | None:
    """The severity of the worst of the changes; None when there is none."""
    return max((row["severity"] for row in changes), key=SEVERITIES.index, default=None)
