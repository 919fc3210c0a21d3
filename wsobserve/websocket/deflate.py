"""Compressed message payloads in, inflated ones out (RFC 7692, permessage-deflate).

One `Inflater` per direction. Two rules hold in here. The output is capped, the window is not: a payload that inflates
beyond the limit is inflated to its end, counted, and thrown away, so that the next message still finds its context.
And after a loss nothing is guessed: with an empty window zlib refuses every reference to bytes it has not seen, so a
payload that inflates without error, to the end of a block, is exact; one that does not is said to be lost.
"""

from __future__ import annotations

import zlib

WINDOW_LENGTH = 32768  # LZ77 sliding window at its largest, RFC 7692 7.1.2
BLOCK_END = b"\x00\x00\xff\xff"  # RFC 7692, 7.2.2: the compressor removed this
EMPTY_FINAL_BLOCK = b"\x03\x00"  # RFC 1951, 3.2.6: understood as such only between two blocks
DISCARD_STEP = 1 << 16
CONTEXT_WEIGHT = 44_000  # bytes: zlib's window of 32 KiB, its tables and state, the objects around them
FINAL_BLOCKS = 64  # in one message: each costs a new decompressor, and two bytes are enough to ask for one


class Inflated:
    """What became of one payload. `length` is right even when `payload` was cut. `error`: it could not be inflated."""

    __slots__ = ("error", "length", "payload")

    def __init__(self, payload: bytes, length: int, error: bool) -> None:
        self.payload = payload
        self.length = length
        self.error = error


class Inflater:
    """One direction of permessage-deflate.

    `context_takeover`: whether this direction's sender may refer to earlier messages (RFC 7692, 7.1.1). `keep`: bytes
    of one message's output that are kept. Every window size is inflated with the largest window: it accepts all that
    a smaller one accepts.
    """

    def __init__(self, context_takeover: bool, keep: int) -> None:
        self.context_takeover = context_takeover
        self.keep = keep
        self.context_certain = True
        self.weight = 0  # bytes of memory that are held now, between messages
        self._decompressor: zlib._Decompress | None = None
        self._history = bytearray()  # the end of what was inflated since the context began, at least a window of it

    def lose_context(self) -> None:
        """Bytes of this direction were lost: what follows may refer to them."""
        self._forget()
        self.context_certain = not self.context_takeover

    def inflate(self, payload: bytes) -> Inflated:
        """One message's payload, as RFC 7692, 7.2.2 says: append 00 00 ff ff, inflate, keep the window."""
        if not self.context_takeover:
            self._forget()
        if not payload:
            # RFC 7692, 7.2.3.6: an empty message is one byte; but none at all can mean nothing else.
            return Inflated(b"", 0, False)
        kept: list[bytes] = []
        kept_length = 0
        length = 0
        decompressor = self._decompressor or zlib.decompressobj(-15)
        data = payload
        tail_appended = False
        final_blocks = 0
        try:
            while True:
                room = self.keep - kept_length
                output = decompressor.decompress(data, room if room > 0 else DISCARD_STEP)
                if output:
                    length += len(output)
                    self._remember(output)
                    if room > 0:
                        kept.append(output)
                        kept_length += len(output)
                if decompressor.eof:
                    # RFC 7692, 7.2.3.4: a block with BFINAL ends the DEFLATE stream, not the message nor its context.
                    data = decompressor.unused_data
                    final_blocks += 1
                    if final_blocks > FINAL_BLOCKS:
                        raise zlib.error("too many final blocks")
                    decompressor = zlib.decompressobj(-15, zdict=self._window())
                    if not data:
                        break
                else:
                    data = decompressor.unconsumed_tail
                if data:
                    continue
                if tail_appended and (not output or kept_length < self.keep):
                    break
                if not tail_appended:
                    data = BLOCK_END
                    tail_appended = True
            # RFC 7692, 7.2.1: the three zero bits of an empty block and padding came before what was removed.
            suspect = payload[-1] >= 0x20 or not self.context_certain
            if suspect and not _is_between_blocks(decompressor):
                raise zlib.error("the data ends inside a block")
        except zlib.error:
            self.lose_context()
            return Inflated(b"".join(kept), length, True)
        self._decompressor = decompressor if self.context_takeover else None
        self.weight = (CONTEXT_WEIGHT if self.context_takeover else 0) + len(self._history)
        if not self.context_certain and len(self._history) >= WINDOW_LENGTH:
            self.context_certain = True
        return Inflated(kept[0] if len(kept) == 1 else b"".join(kept), length, False)

    def _remember(self, output: bytes) -> None:
        self._history += output[-WINDOW_LENGTH:]
        if len(self._history) > 2 * WINDOW_LENGTH:
            del self._history[:-WINDOW_LENGTH]

    def _window(self) -> bytes:
        return bytes(self._history[-WINDOW_LENGTH:])

    def _forget(self) -> None:
        self._decompressor = None
        self._history = bytearray()
        self.weight = 0


def _is_between_blocks(decompressor: zlib._Decompress) -> bool:
    """Whether the next bit begins a block, tried on a copy."""
    probe = decompressor.copy()
    return probe.decompress(EMPTY_FINAL_BLOCK) == b"" and probe.eof
