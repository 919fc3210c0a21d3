"""Message kinds in; the messages of an AsyncAPI document and the schemas of their payloads out, without a single value.

Messages without structure (text, binary) are messages too, one for each format and direction of a channel.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from wsobserve.publish.definitions import shared_definitions
from wsobserve.publish.draft07 import Schema, draft07
from wsobserve.publish.structure import REFERENCE
from wsobserve.publish.wording import ARROWS, code, counted, moment, tallied_words
from wsobserve.records import ChannelTotal, Direction, MessageKind

CONTENT_TYPES = {
    "json": "application/json",
    "msgpack": "application/vnd.msgpack",
    "cbor": "application/cbor",
    "protobuf": "application/protobuf",
    "text": "text/plain",
    "binary": "application/octet-stream",
    "empty": "text/plain",
}
UNSTRUCTURED: dict[str, tuple[str, Schema]] = {
    "text": ("Text that is no JSON.", {"type": "string"}),
    "binary": ("Bytes of no known format.", {"type": "string", "contentEncoding": "base64"}),
    "empty": ("Nothing at all.", {"type": "string", "maxLength": 0}),
    "protobuf": ("Bytes that look like Protocol Buffers.", {"type": "string", "contentEncoding": "base64"}),
}
SCHEMAS = "#/components/schemas/"


def directions_of(kind: MessageKind) -> dict[Direction | None, int]:
    """Messages of the kind by direction; None: not known."""
    if not kind.directions:
        return {kind.direction: kind.messages}
    known: dict[str, Direction | None] = {str(direction): direction for direction in ARROWS if direction is not None}
    return {known.get(name): count for name, count in sorted(kind.directions.items()) if count}


def payload_schemas(kinds: Iterable[MessageKind]) -> dict[str, Schema]:
    """The schemas of the kinds by their ids, and what they share by its names, as components of the document."""
    shared = shared_definitions(kinds)

    def renamed(reference: str) -> str:
        return SCHEMAS + reference.removeprefix(REFERENCE)

    return {name: draft07(schema, renamed) for name, schema in (shared.schemas | shared.definitions).items()}


def message_of(kind: MessageKind, correlation: tuple[str, str] | None) -> dict[str, Any]:
    """The message of a kind. `correlation`: the field that ties it to others, and why."""
    most = max(sorted(kind.formats), key=kind.formats.__getitem__, default="json")
    message: dict[str, Any] = {
        "name": kind.name or kind.id,
        "title": kind.name or kind.id,
        "summary": f"{counted(kind.messages, 'message')}, {_directions_text(kind)}",
        "description": _description(kind),
        "contentType": CONTENT_TYPES.get(most, "application/octet-stream"),
        "payload": {"$ref": SCHEMAS + kind.id},
    }
    if correlation is not None:
        field, evidence = correlation
        message["correlationId"] = {
            "location": f"$message.payload#/{field.replace('~', '~0').replace('/', '~1')}",
            "description": evidence,
        }
    message["tags"] = [{"name": form} for form in sorted(kind.formats)]
    message["x-wsobserve-messages"] = kind.messages
    if kind.discriminator:
        message["x-wsobserve-discriminator"] = dict(kind.discriminator)
    if kind.confidence is not None:
        message["x-wsobserve-confidence"] = round(kind.confidence, 4)
    return message


def unstructured_messages(
    totals: Iterable[ChannelTotal], kinds: Iterable[MessageKind]
) -> dict[tuple[str, Direction | None], int]:
    """By format and direction: how many messages of one channel are in a format that no kind of it is in."""
    of_kinds = {form for kind in kinds for form in kind.formats}
    counts: dict[tuple[str, Direction | None], int] = {}
    for total in totals:
        for form, count in total.formats.items():
            if form in UNSTRUCTURED and form not in of_kinds:
                counts[form, total.direction] = counts.get((form, total.direction), 0) + count
    return dict(sorted(counts.items(), key=lambda entry: (entry[0][0], entry[0][1] or "")))


def unstructured_message(form: str, counts: dict[Direction | None, int]) -> dict[str, Any]:
    """The message that stands for all of a format on a channel, whatever is in them."""
    description, payload = UNSTRUCTURED[form]
    arrows = ", ".join(f"{count:,} {ARROWS[direction]}" for direction, count in counts.items())
    return {
        "name": form,
        "title": form,
        "summary": f"{counted(sum(counts.values()), 'message')}, {arrows}",
        "description": f"{description} Of such messages the contents are not described.",
        "contentType": CONTENT_TYPES[form],
        "payload": payload,
        "tags": [{"name": form}],
        "x-wsobserve-messages": sum(counts.values()),
    }


def _directions_text(kind: MessageKind) -> str:
    counts = directions_of(kind)
    if len(counts) == 1:
        return ARROWS[next(iter(counts))]
    return ", ".join(f"{count:,} {ARROWS[direction]}" for direction, count in counts.items())


def _description(kind: MessageKind) -> str:
    lines = [f"Seen from {moment(kind.first_ns)} to {moment(kind.last_ns)}: {tallied_words(kind.formats)}."]
    if kind.discriminator:
        constants = [f"{code(pointer)} is {code(_constant(value))}" for pointer, value in kind.discriminator]
        lines.append(f"Told from its siblings: {', '.join(constants)}.")
    if kind.confidence is not None:
        lines.append(f"The next message of this kind fits the schema with a chance of {_percent(kind.confidence)}.")
    return "\n\n".join(lines)


def _constant(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _percent(chance: float) -> str:
    return "100 %" if chance == 1 else f"{min(chance * 100, 99.99):.2f} %".replace(".00", "")
