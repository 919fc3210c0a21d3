"""CBOR (RFC 8949) to plain values: what a stranger's bytes may be read as without acting on them.

Tags are passed over and their content kept: a tag asks the reader to build something (a date, a regular expression,
a reference), and an observer builds nothing. Bytes stay bytes. One item must fill the payload exactly.
"""

from __future__ import annotations

import struct

MAX_DEPTH = 64
MAX_ITEMS = 200_000

INDEFINITE = 31  # 3: additional information 31
FLOATS = {25: ("!e", 2), 26: ("!f", 4), 27: ("!d", 8)}
SIMPLE: dict[int, object] = {20: False, 21: True, 22: None, 23: None}  # 23 is `undefined`


class Break:
    """The stop code of an indefinite-length item (RFC 8949, 3.2.1)."""


BREAK = Break()


def decode(payload: bytes) -> object:
    """The one item that the payload consists of; ValueError when it does not, or when it is too deep or too large."""
    reader = Reader(payload)
    value = reader.item(0)
    if isinstance(value, Break) or reader.position != len(payload):
        raise ValueError("not exactly one CBOR item")
    return value


class Reader:
    """A position in the payload, and how many items lie before it."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.position = 0
        self.items = 0

    def item(self, depth: int) -> object:
        """The next item, its tags passed over."""
        self.items += 1
        if depth > MAX_DEPTH or self.items > MAX_ITEMS:
            raise ValueError("too deep or too many items")
        initial = self._take(1)[0]
        major, additional = initial >> 5, initial & 0x1F
        if major == 7:
            return self._simple_or_float(additional)
        if additional == INDEFINITE:
            return self._indefinite(major, depth)
        argument = self._argument(additional)
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self._take(argument)
            case 3:
                return self._take(argument).decode()  # an invalid one raises UnicodeDecodeError, a ValueError
            case 4:
                return [self._value(depth + 1) for _ in range(self._fitting(argument))]
            case 5:
                return self._map(self._fitting(argument), depth + 1)
            case _:
                return self._value(depth + 1)

    def _take(self, length: int) -> bytes:
        start, self.position = self.position, self.position + length
        if self.position > len(self.payload):
            raise ValueError("the payload ends inside an item")
        return self.payload[start : self.position]

    def _argument(self, additional: int) -> int:
        # 3: 24-27 say that 1, 2, 4 or 8 bytes follow; 28-30 are reserved.
        if additional < 24:
            return additional
        if additional > 27:
            raise ValueError("reserved additional information")
        return int.from_bytes(self._take(1 << (additional - 24)), "big")

    def _fitting(self, count: int) -> int:
        if count > len(self.payload) - self.position:
            raise ValueError("more entries than bytes")
        return count

    def _simple_or_float(self, additional: int) -> object:
        if additional in FLOATS:
            form, length = FLOATS[additional]
            return struct.unpack(form, self._take(length))[0]
        if additional == INDEFINITE:
            return BREAK
        if additional not in SIMPLE:  # the unassigned ones are nobody's data
            raise ValueError("unassigned simple value")
        return SIMPLE[additional]

    def _value(self, depth: int) -> object:
        value = self.item(depth)
        if isinstance(value, Break):
            raise ValueError("a stop code where an item belongs")
        return value

    def _map(self, entries: int, depth: int) -> dict[object, object]:
        result: dict[object, object] = {}
        for _ in range(entries):
            key = self._value(depth)
            result[_hashable(key)] = self._value(depth)
        return result

    def _indefinite(self, major: int, depth: int) -> object:
        if major not in (2, 3, 4, 5):
            raise ValueError("this kind of item has no indefinite length")
        parts: list[object] = []
        while not isinstance(part := self.item(depth + 1), Break):
            parts.append(part)
        if major == 4:
            return parts
        if major == 5:
            if len(parts) % 2:
                raise ValueError("a key without a value")
            return {_hashable(key): value for key, value in zip(parts[::2], parts[1::2], strict=True)}
        # 3.2.3: the chunks of a string are strings of the same kind.
        if major == 2:
            return b"".join(_bytes(part) for part in parts)
        return "".join(_text(part) for part in parts)


def _hashable(key: object) -> object:
    return None if isinstance(key, (list, dict)) else key


def _bytes(part: object) -> bytes:
    if not isinstance(part, bytes):
        raise ValueError("a chunk of another kind")
    return part


def _text(part: object) -> str:
    if not isinstance(part, str):
        raise ValueError("a chunk of another kind")
    return part
