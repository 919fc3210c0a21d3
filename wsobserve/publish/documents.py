"""Message kinds in, documents for export out: one JSON Schema (2020-12) a channel, the union of its kinds.

What the kinds of a channel share stands in `$defs` beside them, so each document is complete by itself.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from wsobserve.publish.definitions import shared_definitions
from wsobserve.publish.structure import COUNT, OWN, REFERENCE, Schema, in_order
from wsobserve.records import Direction, MessageKind

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DIRECTIONS, DISCRIMINATOR = f"{OWN}directions", f"{OWN}discriminator"

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Noted(Protocol):
    """What a person says of a channel."""

    @property
    def title(self) -> str | None:
        """Instead of its path."""

    @property
    def description(self) -> str | None:
        """In a sentence or two."""


def channel_documents(
    kinds: Iterable[MessageKind], direction: Direction | None = None, notes: Mapping[str, Noted] | None = None
) -> dict[str, Schema]:
    """By channel: a schema that accepts what any of its kinds accepts, with each kind as a definition.

    `direction`: only what was seen in that one, or in a direction that is not known. `notes`: what is said of channels.
    """
    found = by_channel(in_direction(kinds, direction))
    return {channel: _document(channel, ordered, (notes or {}).get(channel)) for channel, ordered in found.items()}


def in_direction(kinds: Iterable[MessageKind], direction: Direction | None) -> list[MessageKind]:
    """The kinds that go in the direction, as far as is known; None: all of them."""
    return [kind for kind in kinds if direction is None or direction in directions_of(kind) or not directions_of(kind)]


def directions_of(kind: MessageKind) -> list[Direction]:
    """The directions in which it was seen; empty when none is known."""
    seen: list[Direction] = ["client_to_server", "server_to_client"]
    return [direction for direction in seen if kind.directions.get(direction) or kind.direction == direction]


def by_channel(kinds: Iterable[MessageKind]) -> dict[str, list[MessageKind]]:
    """The kinds of each channel, both in the order of their names."""
    found: dict[str, list[MessageKind]] = {}
    for kind in sorted(kinds, key=lambda kind: kind.id):
        found.setdefault(kind.channel, []).append(kind)
    return dict(sorted(found.items()))


def _document(channel: str, kinds: list[MessageKind], note: Noted | None) -> Schema:
    shared = shared_definitions(kinds)
    messages = {kind.id: shared.schemas[kind.id] | _told_beside(kind) for kind in kinds}
    return in_order(
        {
            "$schema": DIALECT,
            "title": (note.title if note is not None else None) or channel,
            **({"description": note.description} if note is not None and note.description else {}),
            "anyOf": [{"$ref": REFERENCE + kind.id} for kind in kinds],
            COUNT: sum(kind.messages for kind in kinds),
            "$defs": {**messages, **shared.definitions},
        }
    )


def _told_beside(kind: MessageKind) -> Schema:
    """What is known of a kind and is no constraint."""
    told: Schema = {}
    if kind.directions:
        told[DIRECTIONS] = dict(sorted(kind.directions.items()))
    elif kind.direction:
        told[DIRECTIONS] = {kind.direction: kind.messages}
    if kind.discriminator:
        told[DISCRIMINATOR] = dict(kind.discriminator)
    return told


def document_text(document: object) -> str:
    """A document as it is written to a file: the same schema always gives the same text."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"  # no file can hold one as it is


def document_name(channel: str) -> str:
    """A file name for a channel: readable, and never the same for two channels."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", channel).strip("-")[:80] or "root"
    return f"{readable}.{hashlib.blake2b(channel.encode(), digest_size=3).hexdigest()}.schema.json"
