"""A stretch of one direction of which is known what it is: an HTTP head, or a frame; its redacted bytes come out.

They depend on nothing but the structure, so a retransmission is redacted to the same bytes, whatever it holds. A payload
becomes `x`, masked as it was; that of a compressed message a deflate stream of the same length, which inflates to `x`.
"""

from __future__ import annotations

PLAIN = 0x78  # `x`
# RFC 1951, 3.2.6: a block with fixed codes, in which every byte ends one literal `x` and begins the next.
LITERAL = 0xA8
BLOCK_BEGIN = 0xAA  # with the header of the block in front of the first literal
EMPTY_BLOCK_BEGIN = 0x02
BLOCK_END = b"\0\0"  # the end of the block, and the header of a stored one: RFC 7692, 7.2.1 leaves away what follows
FRAGMENT_END = b"\0\0\0\0\xff\xff"  # what follows is there when the message goes on
NO_KEY = b"\0\0\0\0"


class Stretch:
    """Bytes `start` to `end` of a stream: `shown` as they are, then a payload of `filling`, the last of it `tail`.

    `first`: instead of the first byte of the filling. `key`: with which the payload is masked, from `payload_start` on.
    """

    __slots__ = ("end", "filling", "first", "key", "payload_start", "shown", "start", "tail")

    def __init__(
        self, start: int, shown: bytes, payload_start: int, end: int, filling: int, first: int, tail: bytes, key: bytes
    ) -> None:
        self.start = start
        self.shown = shown
        self.payload_start = payload_start
        self.end = end
        self.filling = filling
        self.first = first
        self.tail = tail
        self.key = key

    def write(self, out: bytearray, start: int, end: int) -> None:
        """Append the redacted bytes of the stream from `start` to `end`, which lie in here."""
        shown_end = self.start + len(self.shown)
        if start < shown_end:
            stop = end if end < shown_end else shown_end
            out += self.shown[start - self.start : stop - self.start]
            start = stop
        if start >= end:
            return
        key = self.key
        turn = (start - self.payload_start) & 3
        count = end - start
        filling = self.filling
        if key == NO_KEY:
            filler = bytes((filling,)) * count
        else:
            word = bytes((key[0] ^ filling, key[1] ^ filling, key[2] ^ filling, key[3] ^ filling))
            filler = (word * ((count + 6) >> 2))[turn : turn + count]
        position = len(out)
        out += filler
        if filling != PLAIN:
            self._patch(out, position, start, end)

    def _patch(self, out: bytearray, position: int, start: int, end: int) -> None:
        """The beginning and the end of a deflate stream; the byte `start` of the stream is at `position`."""
        if start == self.payload_start:
            out[position] = self.first ^ self.key[0]
        tail = self.tail
        at = self.end - len(tail)
        for index in range(len(tail)):  # not over the bytes themselves: compiled, those from 128 on would be negative
            # The tail of an empty block begins with the block's header, `first`.
            if start <= at < end and (at > self.payload_start or self.first == 0):
                out[position + at - start] = tail[index] ^ self.key[(at - self.payload_start) & 3]
            at += 1


def head_stretch(start: int, redacted: bytes) -> Stretch:
    """An HTTP head, redacted."""
    end = start + len(redacted)
    return Stretch(start, redacted, end, end, PLAIN, PLAIN, b"", NO_KEY)


def plain_stretch(start: int, shown: bytes, payload_start: int, end: int, key: bytes) -> Stretch:
    """A frame whose payload is not compressed; of the payload `shown` may hold the first bytes."""
    return Stretch(start, shown, payload_start, end, PLAIN, PLAIN, b"", key)


def deflated_stretch(start: int, shown: bytes, end: int, key: bytes, final: bool, begun: bool) -> tuple[Stretch, bool]:
    """A frame of a compressed message, and whether a block is left unfinished behind it; `begun`: one is in front of it."""
    payload_start = start + len(shown)
    length = end - payload_start
    tail = BLOCK_END if final else FRAGMENT_END
    first = LITERAL if begun else BLOCK_BEGIN
    unfinished = False
    if length < len(tail):
        tail = b""
        if not final:
            unfinished = begun or length > 0
        elif length == 1 and not begun:
            first = 0  # the header of a stored block alone: an empty message
    elif length == len(tail):
        first = 0 if begun else EMPTY_BLOCK_BEGIN
    return Stretch(start, shown, payload_start, end, LITERAL, first, tail, key), unfinished
