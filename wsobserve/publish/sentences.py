"""Kinds of message in, what is known of them as sentences for the documentation in generated code and pages."""

from __future__ import annotations

from datetime import UTC, datetime

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
