"""Compressed messages: the examples of RFC 7692, blocks of every kind, windows, losses."""

from __future__ import annotations

import zlib

from tests.fuzz.recorded import CHAT, TICK, Seeds
from tests.fuzz.script import CUT, GAP, written
from tests.websocket.wire import Deflater


def seeds() -> Seeds:
    """The first byte: 4 without context takeover; 0 to 3 how much is kept."""
    for takeover in (True, False):
        deflater = Deflater(takeover)
        said: list[bytes | int | tuple[int, int]] = []
        for each in (b"Hello", b"Hello", TICK, TICK, CHAT * 3, TICK):
            said += [deflater(each), CUT]
        word = "takeover" if takeover else "no_takeover"
        yield f"{word}", bytes([0 if takeover else 4]) + written(*said)
        yield f"{word}_keep_little", bytes([1 if takeover else 5]) + written(*said)
        yield f"{word}_lost", bytes([0 if takeover else 4]) + written(*said[:4], (GAP, 1), *said[4:])
    examples = {
        "one_block": "f248cdc9c90700",
        "stored": "000500faff48656c6c6f00",
        "final": "f348cdc9c9070000",
        "two_blocks": "f248050000 00ffffcac9c90700",
        "empty": "00",
        "stored_over_the_tail": "00ffff0000616263",
        "distance_too_far": "f2001100 00",
        "reserved_block": "06",
        "final_without_end": "0300" * 70,
        "dynamic_incomplete": "05e0810800000000209fd6",
        "tail_inside": "0000ffff0000ffff00",
        "not_compressed": "7b2261223a317d",
    }
    for name, digits in examples.items():
        payload = bytes.fromhex(digits)
        yield name, b"\x00" + written(payload, CUT, payload, CUT, b"\xf2\x00\x11\x00\x00")
    for level, strategy in ((0, zlib.Z_DEFAULT_STRATEGY), (9, zlib.Z_FIXED), (9, zlib.Z_RLE), (9, zlib.Z_HUFFMAN_ONLY)):
        compressor = zlib.compressobj(level, zlib.DEFLATED, -9, 9, strategy)
        data = compressor.compress(TICK * 3 + bytes(range(64))) + compressor.flush(zlib.Z_SYNC_FLUSH)
        yield f"level_{level}_strategy_{strategy}", b"\x00" + written(data[:-4], CUT, data[:-4])
    window = Deflater()
    yield (
        "window_full_again",
        b"\x00" + written(window(b"x" * 10), (GAP, 1), window(bytes(40_000)), CUT, window(TICK), CUT, window(TICK)),
    )
