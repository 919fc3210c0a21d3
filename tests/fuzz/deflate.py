"""permessage-deflate: messages of one direction, between some of which bytes were lost, against zlib that lost nothing.

What is accepted must be exactly what zlib makes of it with the whole history: after a loss too, for then what is not
certain has to be refused. The first byte chooses whether the context is taken over and how much output is kept.
"""

from __future__ import annotations

import zlib

from tests.fuzz.script import CUT, GAP, events
from wsobserve.websocket.deflate import Inflater
from wsobserve.websocket.unknown_window import BLOCK_END

KEEPS = (1 << 20, 300, 1, 0)
EMPTY_FINAL_BLOCK = b"\x03\x00"


class Truth:
    """zlib with the whole history. `sound`: it stands between two blocks, as a compressor leaves it."""

    def __init__(self) -> None:
        self.sound = True
        self._decompressor = zlib.decompressobj(-15)

    def inflate(self, payload: bytes) -> bytes | None:
        """None when it is an error, or ends the whole stream, or ends inside a block: then this is the truth no longer."""
        if not self.sound:
            return None
        try:
            output = self._decompressor.decompress(payload + BLOCK_END)
            probe = self._decompressor.copy()
            self.sound = not self._decompressor.eof and probe.decompress(EMPTY_FINAL_BLOCK) == b"" and probe.eof
        except zlib.error:
            self.sound = False
        return output if self.sound else None


def tell(data: bytes) -> object:
    """Pieces of the script are messages, its holes are losses."""
    if not data:
        return None
    takeover, keep = not data[0] & 4, KEEPS[data[0] & 3]
    inflater = Inflater(takeover, keep)
    truth = Truth()
    lossless = True
    told: list[tuple[int, bool, bytes]] = []
    for event in events(data[1:]):
        if event.kind == GAP:
            inflater.lose_context()
            lossless = False
            continue
        if event.kind != CUT:
            continue
        if not takeover:
            truth = Truth()
        was_sound = truth.sound
        expected = truth.inflate(event.data)
        inflated = inflater.inflate(event.data)
        told.append((inflated.length, inflated.error, inflated.payload))
        assert len(inflated.payload) <= max(keep, 0)
        assert len(inflated.payload) <= inflated.length
        if inflated.error:
            assert expected is None or not lossless, "zlib inflates it"
            lossless = False
        elif expected is not None:
            assert inflated.length == len(expected)
            assert inflated.payload == expected[:keep]
        else:
            assert not was_sound or not truth.sound
    return told
