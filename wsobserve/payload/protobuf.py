"""Whether bytes are a protocol buffer, and what it says, told without its descriptor.

The wire format alone proves little: many short byte strings are valid. So it must fill the payload exactly, in the
order in which serializers write, and carry evidence that chance rarely gives; what is in doubt is not one.

The body has a key for each field number, `field_1`, and a list where a number comes more than once in a message. What
stands there follows from the wire type, and where that leaves a choice, from what the bytes would be:

    varint            an integer, negative from 2**63 on (as int32 and int64 write negative numbers)
    64 bit, 32 bit    a floating-point number of ordinary size, else an integer: small integers, times and
                      identifiers would be floating-point numbers that nobody writes down
    length-delimited  text when it is printable; else a message when there is evidence of one; else text with line
                      ends; else bytes (which packed numbers are, too: nobody can tell them without a descriptor)
"""

from __future__ import annotations

import struct

MAX_FIELD_NUMBER = 1_000  # far above what people number by hand
MAX_FIELDS = 10_000
MAX_DEPTH = 4
ENOUGH = 3

MOST_VALUES = 100_000  # of one body; fields behind them are not looked into and stay bytes
MOST_LOOKED_AT = 256 * 1024  # bytes of fields that may be messages, those in messages counted again; the rest stays bytes
DEEPEST = 32  # messages in messages in a body; what is deeper stays bytes
ORDINARY64 = (1e-9, 1e15)  # sizes of floating-point numbers that people write down
ORDINARY32 = (1e-6, 1e8)

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5  # 3 and 4, groups, have not been written for a decade


def decode(payload: bytes) -> dict[str, object] | None:
    """What the payload says if it is, in all likelihood, one serialized message; else None."""
    return BodyReader().message(payload, 0) if looks_like_protobuf(payload) else None


class BodyReader:
    """Reads what is known to be a message; counts the values on the way."""

    def __init__(self) -> None:
        self._values = 0
        self._looked_at = 0

    def message(self, payload: bytes, depth: int) -> dict[str, object]:
        """The fields of a message by `field_` and number."""
        body: dict[str, object] = {}
        repeated: set[str] = set()
        position = 0
        while position < len(payload):
            key, position = _varint(payload, position)
            name = f"field_{key >> 3}"
            wire_type = key & 7
            value: object
            if wire_type == VARINT:
                value, position = _varint(payload, position)
                value = _signed(value)
            elif wire_type == LENGTH_DELIMITED:
                length, position = _varint(payload, position)
                value = self._content(payload[position : position + length], depth + 1)
                position += length
            else:
                size = 8 if wire_type == FIXED64 else 4
                value = _fixed(payload[position : position + size])
                position += size
            self._values += 1
            if name not in body:
                body[name] = value
            elif name in repeated:
                body[name].append(value)  # type: ignore[attr-defined]  # a list, since the second of them
            else:
                repeated.add(name)
                body[name] = [body[name], value]
        return body

    def _content(self, content: bytes, depth: int) -> object:
        text = _text(content)
        if text is not None and text.isprintable():
            return text
        if depth <= DEEPEST and self._values < MOST_VALUES and self._looked_at < MOST_LOOKED_AT:
            self._looked_at += len(content)
            if _is_message(content):
                return self.message(content, depth)
        return content if text is None or not text.translate(LINE_ENDS).isprintable() else text


LINE_ENDS = dict.fromkeys(map(ord, "\t\n\r"))


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _is_message(content: bytes) -> bool:
    """Two points, of which one is given for field number 1: it stands first where there is one."""
    return len(content) >= 2 and _evidence(content, 0) + (content[0] >> 3 == 1) >= 2


def _signed(value: int) -> int:
    value &= 0xFFFF_FFFF_FFFF_FFFF  # ten bytes hold 70 bits, and no reader takes more than 64
    return value - (1 << 64) if value >> 63 else value


def _fixed(content: bytes) -> int | float:
    """A number of 64 or 32 bits."""
    wide = len(content) == 8
    number: float = struct.unpack("<d" if wide else "<f", content)[0]
    least, most = ORDINARY64 if wide else ORDINARY32
    if least <= abs(number) <= most:
        # Of the numbers that 32 bits cannot tell from this one, the one that a person would have written.
        return number if wide else float(f"{number:.7g}")
    return int.from_bytes(content, "little", signed=True)


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
