"""A stretch of one direction of which is known what it is: an HTTP head, or a frame; its redacted bytes come out.

They depend on nothing but the structure, so a retransmission is redacted to the same bytes, whatever it holds. A payload
becomes `x`, masked as it was; that of a compressed message a deflate stream of the same length, which inflates to `x`.
"""

from __future__ import annotations

from wsobserve.excerpt import excerpt
from wsobserve.websocket.mask import unmask

PLAIN = 0x78  # `x`
# RFC 1951, 3.2.6: a block with fixed codes, in which every byte ends one literal `x` and begins the next.
LITERAL = 0xA8
BLOCK_BEGIN = 0xAA  # with the header of the block in front of the first literal
EMPTY_BLOCK_BEGIN = 0x02
BLOCK_END = b"\0\0"  # the end of the block, and the header of a stored one: RFC 7692, 7.2.1 leaves away what follows
FRAGMENT_END = b"\0\0\0\0\xff\xff"  # what follows is there when the message goes on
NO_KEY = b"\0\0\0\0"
FILLER_LENGTH = 65_536
FILLER = b"x" * FILLER_LENGTH


class Stretch:
    """Bytes `start` to `end` of a stream: `shown` as they are, then a payload of `filling`, the last of it `tail`.

    `first`: instead of the first byte of the filling. `key`: with which the payload is masked, from `payload_start` on.
    """

    __slots__ = ("end", "filling", "first", "key", "payload_start", "shown", "start", "tail")

    start: int
    shown: bytes
    payload_start: int
    end: int
    filling: int
    first: int
    tail: bytes
    key: bytes

    def piece(self, start: int, end: int) -> bytes:
        """The redacted bytes of the stream from `start` to `end`, which lie in here."""
        shown_end = self.start + len(self.shown)
        if end <= shown_end:
            return excerpt(self.shown, start - self.start, end - self.start)
        shown = b""
        if start < shown_end:
            shown = excerpt(self.shown, start - self.start, len(self.shown))
            start = shown_end
        count = end - start
        filler = b""
        if self.filling == PLAIN and count <= FILLER_LENGTH:
            filler = excerpt(FILLER, 0, count)
        else:
            filler = bytes((self.filling,)) * count
            if self.filling != PLAIN:
                filler = self._patched(filler, start, end)
        if self.key != NO_KEY:
            turn = (start - self.payload_start) & 3
            filler = unmask(filler, self.key if not turn else self.key[turn:] + self.key[:turn])
        return shown + filler

    def _patched(self, filler: bytes, start: int, end: int) -> bytes:
        """With the beginning and the end of a deflate stream, not masked."""
        patched = bytearray(filler)
        if start == self.payload_start:
            patched[0] = self.first
        tail = self.tail
        at = self.end - len(tail)
        for index in range(len(tail)):  # not over the bytes themselves: compiled, those from 128 on would be negative
            # The tail of an empty block begins with the block's header, `first`.
            if start <= at < end and (at > self.payload_start or self.first == 0):
                patched[at - start] = tail[index]
            at += 1
        return bytes(patched)


def make_stretch(
    start: int, shown: bytes, payload_start: int, end: int, filling: int, first: int, tail: bytes, key: bytes
) -> Stretch:
    """A stretch. Compiled, a constructor of so many arguments would take 200 ns."""
    stretch = Stretch.__new__(Stretch)
    stretch.start = start
    stretch.shown = shown
    stretch.payload_start = payload_start
    stretch.end = end
    stretch.filling = filling
    stretch.first = first
    stretch.tail = tail
    stretch.key = key
    return stretch


def head_stretch(start: int, redacted: bytes) -> Stretch:
    """An HTTP head, redacted."""
    end = start + len(redacted)
    return make_stretch(start, redacted, end, end, PLAIN, PLAIN, b"", NO_KEY)


def plain_stretch(start: int, shown: bytes, payload_start: int, end: int, key: bytes) -> Stretch:
    """A frame whose payload is not compressed; of the payload `shown` may hold the first bytes."""
    return make_stretch(start, shown, payload_start, end, PLAIN, PLAIN, b"", key)


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
    return make_stretch(start, shown, payload_start, end, LITERAL, first, tail, key), unfinished
