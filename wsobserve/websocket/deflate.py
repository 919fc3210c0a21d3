"""Compressed message payloads in, inflated ones out (RFC 7692, permessage-deflate).

One `Inflater` per direction. Two rules hold in here. The output is capped, the window is not: a payload that inflates
beyond the limit is inflated to its end, counted, and thrown away, so that the next message still finds its context
(unless there is no end in sight). And after a loss nothing is guessed: with an empty window zlib refuses every reference
to bytes it has not seen, so a payload that inflates without error, to the end of a block, is exact; one that does not is
said to be lost.

Nearly every message takes one call of zlib and nothing else. The window lives in zlib alone: where it is needed (behind a
block with BFINAL), zlib is asked to repeat it. Where it refuses, because the window is not known, the payload is
followed without one: see `unknown_window`.
"""

from __future__ import annotations

import zlib

from wsobserve.websocket.unknown_window import BLOCK_END, FINAL_BLOCKS, WINDOW_LENGTH, NotDeflate, UnknownWindow

EMPTY_FINAL_BLOCK = b"\x03\x00"  # RFC 1951, 3.2.6: understood as such only between two blocks
CONTEXT_WEIGHT = 44_000  # bytes: zlib's window of 32 KiB, its tables and state, the objects around them
DISCARD_STEP = 1 << 16
FEED = 4096  # bytes given to zlib at once while it discards: it copies those that it could not take, each time
WALK = 1024 * 1024 * 1024
FOLLOWED = 1024 * 1024  # bytes of output of one message that are followed without its window


class Inflated:
    """What became of one payload. `length` is right even when `payload` was cut. `error`: it could not be inflated;
    then `length` is 0, or right if only its window is not known.

    `given_up`: it inflates to more than we follow; then `length` is only what it is at least, and the context is lost.
    """

    __slots__ = ("error", "given_up", "length", "payload")

    def __init__(self, payload: bytes, length: int, error: bool, given_up: bool = False) -> None:
        self.payload = payload
        self.length = length
        self.error = error
        self.given_up = given_up


def _inflated(payload: bytes, length: int) -> Inflated:
    """A whole one, made without a call of `__init__`."""
    record = Inflated.__new__(Inflated)
    record.payload = payload
    record.length = length
    record.error = False
    record.given_up = False
    return record


class Inflater:
    """One direction of permessage-deflate.

    `context_takeover`: whether this direction's sender may refer to earlier messages (RFC 7692, 7.1.1). `keep`: bytes
    of one message's output that are kept. `walk`: bytes of it that are inflated at most. Every window size is inflated
    with the largest window: it accepts all that a smaller one accepts.
    """

    def __init__(self, context_takeover: bool, keep: int, walk: int = WALK) -> None:
        self.context_takeover = context_takeover
        self.keep = keep
        self.walk = walk
        self.context_certain = True
        self.weight = 0  # bytes of memory that are held now, between messages
        self._room = max(keep, 1)  # 0 would mean no limit to zlib
        self._decompressor: zlib._Decompress | None = None
        self._reach = 0  # bytes inflated since the context began: so far back may a reference go, up to a window
        self._unknown: UnknownWindow | None = None  # while the context is not certain
        self._ends_streams = False  # the sender uses BFINAL, and not only in the first block of a message

    def lose_context(self) -> None:
        """Bytes of this direction were lost: what follows may refer to them."""
        self._decompressor = None
        self._reach = 0
        self.weight = 0
        self.context_certain = not self.context_takeover
        self._unknown = UnknownWindow(min(self.walk, FOLLOWED)) if self.context_takeover else None

    def inflate(self, payload: bytes) -> Inflated:
        """One message's payload, as RFC 7692, 7.2.2 says: append 00 00 ff ff, inflate, keep the window."""
        if not payload:
            # RFC 7692, 7.2.3.6: an empty message is one byte; but none at all can mean nothing else.
            return Inflated(b"", 0, False)
        decompressor = self._decompressor
        if decompressor is None:
            decompressor = zlib.decompressobj(-15)
            self._reach = 0
        data = payload + BLOCK_END
        window = None
        try:
            if payload[0] & 1 or self._ends_streams:
                window = _window(decompressor, self._reach)
            output = decompressor.decompress(data, self._room)
            length = len(output)
            if length < self._room and payload[len(payload) - 1] < 0x20 and self.context_certain and not decompressor.eof:
                if self.context_takeover:
                    self._decompressor = decompressor
                    self._reach += length
                    self.weight = CONTEXT_WEIGHT
                return _inflated(output, length)
            return self._walk_on(decompressor, data, output, window)
        except zlib.error:
            if self._unknown is not None:
                return self._follow(self._unknown, payload)
            self.lose_context()
            return Inflated(b"", 0, True)

    def _follow(self, unknown: UnknownWindow, payload: bytes) -> Inflated:
        """A message that refers to what is not known, or is broken."""
        try:
            length, message = unknown.inflate(payload)
        except NotDeflate:
            self.lose_context()
            return Inflated(b"", 0, True)
        known = unknown.known_end()
        self._decompressor = zlib.decompressobj(-15, zdict=known) if known else None
        self._reach = len(known)
        self.weight = (CONTEXT_WEIGHT if known else 0) + unknown.weight
        self._settle()
        if message is None:
            return Inflated(b"", length, True)
        return Inflated(message[: self.keep], length, False)

    def _settle(self) -> None:
        """The context is certain once a whole window is known."""
        if self._reach >= WINDOW_LENGTH:
            self.context_certain = True
            self._unknown = None
            self.weight = CONTEXT_WEIGHT

    def _walk_on(self, decompressor: zlib._Decompress, data: bytes, output: bytes, window: bytes | None) -> Inflated:
        """What is seldom: more output than is kept, blocks with BFINAL, and data that may end inside a block."""
        kept = [output[: self.keep]]
        kept_length = len(kept[0])
        length = len(output)
        asked = self._room
        position = len(data)
        history = bytearray(window or b"")
        history += output[-WINDOW_LENGTH:]
        unseen = window is None and self._reach > 0  # the window goes further back than `history`
        final_blocks = 0
        while True:
            if decompressor.eof:
                # RFC 7692, 7.2.3.4: a block with BFINAL ends the DEFLATE stream, not the message nor its context.
                position -= len(decompressor.unused_data)
                final_blocks += 1
                if final_blocks > FINAL_BLOCKS or position > len(data) - len(BLOCK_END):
                    raise zlib.error("the data ends inside a block, or in too many final ones")
                if unseen and len(history) < WINDOW_LENGTH:
                    # zlib does not tell any more what was before this message; from now on we ask in time.
                    self._ends_streams = True
                    if self.context_takeover:
                        self.context_certain = False
                        self._unknown = UnknownWindow(min(self.walk, FOLLOWED))
                unseen = False
                decompressor = zlib.decompressobj(-15, zdict=bytes(history[-WINDOW_LENGTH:]))
                if position == len(data) - len(BLOCK_END):
                    break
            else:
                position -= len(decompressor.unconsumed_tail)
                if position == len(data) and len(output) < asked:
                    # RFC 7692, 7.2.1: the three zero bits of an empty block and padding came before what was removed.
                    suspect = data[len(data) - len(BLOCK_END) - 1] >= 0x20 or not self.context_certain
                    if suspect and not _is_between_blocks(decompressor):
                        raise zlib.error("the data ends inside a block")
                    break
            piece = data[position : position + FEED]
            position += len(piece)
            room = self.keep - kept_length
            asked = min(DISCARD_STEP, room) if room > 0 else DISCARD_STEP
            output = decompressor.decompress(piece, asked)
            length += len(output)
            if length > self.walk:
                self.lose_context()
                return Inflated(b"".join(kept), length, False, given_up=True)
            if room > 0:
                kept.append(output)
                kept_length += len(output)
            history += output
            if len(history) > 2 * WINDOW_LENGTH:
                del history[:-WINDOW_LENGTH]
        if self.context_takeover:
            self._decompressor = decompressor
            self._reach = len(history) if final_blocks else self._reach + length
            self.weight = CONTEXT_WEIGHT
            if self._unknown is not None:
                self._unknown.add(bytes(history[-min(length, WINDOW_LENGTH) :]) if length else b"")
                self.weight += self._unknown.weight
                self._settle()
        return Inflated(kept[0] if len(kept) == 1 else b"".join(kept), length, False)


def _is_between_blocks(decompressor: zlib._Decompress) -> bool:
    """Whether the next bit begins a block, tried on a copy."""
    probe = decompressor.copy()
    return probe.decompress(EMPTY_FINAL_BLOCK) == b"" and probe.eof


def _window(decompressor: zlib._Decompress, reach: int) -> bytes:
    """The last `reach` bytes, at most a window, that a decompressor between two blocks gave."""
    distance = min(reach, WINDOW_LENGTH)
    if not distance:
        return b""
    return decompressor.copy().decompress(_repetition(distance), distance)


def _repetition(distance: int) -> bytes:
    """A DEFLATE block that says at least `distance` bytes, all of them copied from so far back (RFC 1951, 3.2.5 and 3.2.6)."""
    # A distance's code: the two highest bits of distance - 1, and how many bits follow them.
    extra_bits = max((distance - 1).bit_length() - 2, 0)
    code = 2 * extra_bits + ((distance - 1) >> extra_bits)
    length_bits, length_code = 8, 0b10100011  # length 258: 1100 0101, Huffman codes begin with their highest bit
    reversed_code = int(f"{code:05b}"[::-1], 2)
    pair = length_code | reversed_code << length_bits | ((distance - 1) & ((1 << extra_bits) - 1)) << (length_bits + 5)
    pair_bits = length_bits + 5 + extra_bits
    bits, position = 0b010, 3  # not final, fixed Huffman codes
    for _ in range(distance // 258 + 1):
        bits |= pair << position
        position += pair_bits
    position += 7  # end of block: seven zeroes
    return bits.to_bytes(position // 8 + 1, "little")
