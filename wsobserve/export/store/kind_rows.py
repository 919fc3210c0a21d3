"""Rows of message kinds, as the store answers them, back as records."""

from __future__ import annotations

from typing import Any

from wsobserve.records import Direction, MessageKind


def kind_of_draft(row: dict[str, Any]) -> MessageKind:
    """A row of `StoreReader.kinds` as a record."""
    return _kind(row, row["id"], row["first_ns"], row["first_connection"])


def kind_of_version(row: dict[str, Any]) -> MessageKind:
    """A row of `StoreReader.versions` as a record."""
    return _kind(row, row["kind"], row["first_seen_ns"], row["connection"])


def _kind(row: dict[str, Any], identifier: str, first_ns: int, connection: str | None) -> MessageKind:
    direction: Direction | None = row["direction"]
    return MessageKind(
        id=identifier,
        channel=row["channel"],
        direction=direction,
        name=row["name"],
        messages=row["messages"],
        first_ns=first_ns,
        last_ns=row["last_ns"],
        formats=row["formats"],
        json_schema=row["json_schema"],
        directions=row["directions"] or {},
        discriminator=tuple((pointer, value) for pointer, value in row["discriminator"] or ()),
        first_connection=connection,
        confidence=row["confidence"],
    )
