"""Whether bytes are a protocol buffer, told without its descriptor.

The wire format alone proves little: many short byte strings are valid. So it must fill the payload exactly, in the
order in which serializers write, and carry evidence that chance rarely gives; what is in doubt is not one.
"""

from __future__ import annotations

MAX_FIELD_NUMBER = 1_000  # far above what people number by hand
MAX_FIELDS = 10_000
MAX_DEPTH = 4
ENOUGH = 3

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5  # 3 and 4, groups, have not been written for a decade


def looks_like_protobuf(payload: bytes) -> bool:
    """Whether the payload is, in all likelihood, one serialized message."""
    return _evidence(payload, 0) >= ENOUGH


def _evidence(payload: bytes, depth: int) -> int:
    """A point for each field number, two more for a field of text or of a message; 0 when it is no message at all."""
    points = 0
    fields = 0
    position = 0
    previous = 0
    while position < len(payload):
        key, position = _varint(payload, position)
        number, wire_type = key >> 3, key & 7
        fields += 1
        if position < 0 or not max(previous, 1) <= number <= MAX_FIELD_NUMBER or fields > MAX_FIELDS:
            return 0
        points += number > previous
        previous = number
        if wire_type == VARINT:
            _, position = _varint(payload, position)
            if position < 0:
                return 0
        elif wire_type == LENGTH_DELIMITED:
            length, position = _varint(payload, position)
            if position < 0 or position + length > len(payload):
                return 0
            if points < ENOUGH and _holds_sense(payload[position : position + length], depth + 1):
                points += 2
            position += length
        elif wire_type in (FIXED64, FIXED32):
            position += 8 if wire_type == FIXED64 else 4
        else:
            return 0
    return points if position == len(payload) else 0


def _varint(payload: bytes, position: int) -> tuple[int, int]:
    """The number and the position behind it; position -1 when there is none, or it is longer than its value needs."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(payload):
            return 0, -1
        byte = payload[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value, position) if byte or not shift else (0, -1)
    return 0, -1


def _holds_sense(content: bytes, depth: int) -> bool:
    if len(content) < 3:
        return False
    if depth < MAX_DEPTH and _evidence(content, depth) >= 2:
        return True
    try:
        return content.decode().isprintable()
    except UnicodeDecodeError:
        return False
