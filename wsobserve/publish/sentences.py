"""Kinds of message in, what is known of them as sentences for the documentation in generated code and pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from wsobserve.publish.structure import FORMAT, PRESENCE, TRUNCATED, Schema
from wsobserve.records import MessageKind

DIRECTION_WORDS = {
    "client_to_server": "client to server",
    "server_to_client": "server to client",
    "unknown": "direction unknown",
}


def counted(count: int, noun: str) -> str:
    """`1 message`, `12,345 messages`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def direction_words(kind: MessageKind) -> str:
    """Who sends it to whom, with a count each when it goes both ways."""
    seen = {direction: count for direction, count in kind.directions.items() if count}
    if len(seen) > 1:
        order = [direction for direction in DIRECTION_WORDS if direction in seen]
        return ", ".join(f"{seen[direction]:,} {DIRECTION_WORDS[direction]}" for direction in order)
    return DIRECTION_WORDS[next(iter(seen), kind.direction or "unknown")]


def kind_sentence(kind: MessageKind) -> str:
    """How often, in which direction and on which channel it was seen."""
    return f"{counted(kind.messages, 'message')}, {direction_words(kind)}, on {kind.channel}."


def moment(time_ns: int) -> str:
    """A time as a person writes it, to the second, in UTC; empty when it is beyond the calendar."""
    try:
        return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return ""


def share_words(share: float) -> str:
    """`12.5 %`; what is not quite all or none is never written as such."""
    percent = f"{share:.1%}"
    if percent == "100.0%" and share < 1:
        return "over 99.9 %"
    if percent == "0.0%" and share > 0:
        return "under 0.1 %"
    return percent.replace(".0%", "%").replace("%", " %")


def presence_words(schema: Schema) -> list[str]:
    """How often an optional field is there, when that is known."""
    share = schema.get(PRESENCE)
    return [f"in {share_words(share)}"] if isinstance(share, float | int) and share < 1 else []


RANGES = (("minimum", "maximum", ""), ("minLength", "maxLength", "characters"), ("minItems", "maxItems", "elements"))


def constraint_words(schema: Schema) -> list[str]:
    """Formats, patterns and ranges, in words."""
    said = [str(schema[keyword]) for keyword in ("format", FORMAT) if keyword in schema]
    if "pattern" in schema:
        said.append(f"matches {schema['pattern']}")
    if schema.get("contentEncoding"):
        said.append(f"bytes, in JSON as {schema['contentEncoding']}")
    for least, most, noun in RANGES:
        if least in schema and schema.get(least) == schema.get(most):
            said.append(f"exactly {schema[least]} {noun}".rstrip())
        elif least in schema and most in schema:
            said.append(f"{schema[least]} to {schema[most]} {noun}".rstrip())
        elif least in schema:
            said.append(f"at least {schema[least]} {noun}".rstrip())
        elif most in schema:
            said.append(f"at most {schema[most]} {noun}".rstrip())
    if schema.get(TRUNCATED):
        said.append("not described in full")
    return said


def kind_facts(kind: MessageKind, total: int, code: Callable[[str], str], *, with_direction: bool = True) -> list[str]:
    """What is known of a kind as a whole. `total`: messages of its channel; `code` writes a name or value."""
    share = f" ({share_words(kind.messages / total)} of the channel)" if total > kind.messages else ""
    facts = [f"{counted(kind.messages, 'message')}{share}{', ' + direction_words(kind) if with_direction else ''}"]
    if kind.discriminator:
        constants = [f"{code(at)} = {code(json.dumps(value, ensure_ascii=False))}" for at, value in kind.discriminator]
        facts.append(f"told by {', '.join(constants)}")
    if kind.formats:
        facts.append("as " + ", ".join(sorted(kind.formats)))
    if kind.confidence is not None:
        facts.append(f"the next one fits with a chance of {share_words(kind.confidence)}")
    return [*facts, f"id {code(kind.id)}"]


def summary_sentences(kinds: Sequence[MessageKind]) -> str:
    """How much was seen, when, and what such figures are worth."""
    channels = len({kind.channel for kind in kinds})
    messages = sum(kind.messages for kind in kinds)
    told = f"{counted(channels, 'channel')}, {counted(len(kinds), 'kind')}, {counted(messages, 'message')}."
    if kinds:
        first, last = moment(min(kind.first_ns for kind in kinds)), moment(max(kind.last_ns for kind in kinds))
        told += f" Seen from {first} to {last}." if first and last else ""
    return f"{told} Inferred from captured traffic by wsobserve: what was seen, not what is allowed."
