"""Frames: recorded, of every form, with holes, forbidden, compressed, without end."""

from __future__ import annotations

from tests.fuzz.recorded import CHAT, TICK, Seeds, recorded, script_of
from tests.fuzz.script import AGAIN, CLIENT, CUT, END, GAP, RESET, SERVER, written
from tests.websocket.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    KEY,
    PING,
    PONG,
    RSV1,
    RSV2,
    TEXT,
    Deflater,
    close,
    fragmented,
    frame,
    header,
    text,
)


def seeds() -> Seeds:
    """The first byte: what was agreed (0 nothing, 1 deflate, 2 without context, 3 an unknown extension)."""
    for agreed, name in (
        (1, "ws_deflate.pcapng"),
        (0, "socketio.pcapng"),
        (0, "fragments.pcap"),
        (0, "websockets_chat.pcap"),
        (0, "mqtt.pcapng"),
    ):
        kept = [each for each in recorded(name, 14)[2:] if len(each.payload) < 400][:6]
        yield f"recorded_{name.partition('.')[0]}", bytes([agreed]) + (script_of(kept) if kept else b"")
    deflate = Deflater()
    once = Deflater(takeover=False)
    cases: dict[str, tuple[int, tuple[bytes | int | tuple[int, int], ...]]] = {
        "hello": (0, (text("Hello", KEY), SERVER, text("Hello"))),
        "fragments": (
            0,
            (
                fragmented(TEXT, [b"Hel", b"", b"lo"], key=KEY),
                SERVER,
                frame(BINARY, b"a", fin=False),
                frame(PING, b"p"),
                frame(CONTINUATION, b"b"),
            ),
        ),
        "lengths_16_and_64": (
            0,
            (SERVER, frame(BINARY, bytes(200)), frame(BINARY, b"abc", form=16), frame(TEXT, b"abc", form=64)),
        ),
        "length_of_four_gigabytes": (0, (SERVER, header(BINARY, 1 << 32), bytes(300), CUT, bytes(300))),
        "length_with_its_highest_bit": (0, (SERVER, b"\x82\x7f" + b"\xff" * 8, bytes(30), text("Hello") * 6)),
        "cut_in_the_header": (
            0,
            (b"\x82", CUT, b"\xfe", CUT, b"\x00", CUT, b"\x05", CUT, KEY[:2], CUT, KEY[2:], CUT, b"abcde"),
        ),
        "gap_in_the_payload": (0, (SERVER, header(BINARY, 300), b"abc", (GAP, 99), bytes(197), text("on"))),
        "gap_in_the_header": (0, (SERVER, b"\x82\x7e", (GAP, 1), bytes(20), text("on") * 8)),
        "gap_beyond_the_payload": (0, (SERVER, header(BINARY, 100), b"abc", (GAP, 239), text("Hello again, you") * 6)),
        "gap_huge": (0, (SERVER, text("a"), (GAP, 254), text("Hello again, you") * 6)),
        "masks_the_wrong_way": (0, (text("unmasked"), SERVER, text("masked", KEY))),
        "reserved": (
            0,
            (
                frame(3, b"x", key=KEY),
                frame(11, b"x", key=KEY),
                frame(TEXT, b"x", rsv=RSV2, key=KEY),
                frame(PING, b"x", rsv=RSV1, key=KEY),
            ),
        ),
        "control_too_long": (0, (SERVER, frame(PING, bytes(126), form=16), frame(PONG, b"x", fin=False))),
        "continuations": (
            0,
            (SERVER, frame(CONTINUATION, b"x"), frame(TEXT, b"a", fin=False), frame(TEXT, b"b"), frame(CONTINUATION, b"c")),
        ),
        "utf8": (
            0,
            (
                SERVER,
                text(CHAT),
                frame(TEXT, b"\xc3", fin=False),
                frame(CONTINUATION, b"\xa9"),
                frame(TEXT, b"\xff\xfe"),
                frame(TEXT, b"\xed\xa0\x80"),
            ),
        ),
        "closes": (
            0,
            (
                close(1000, b"bye", KEY),
                text("late", KEY),
                SERVER,
                close(1005),
                close(),
                frame(CLOSE, b"x"),
                close(1000, b"\xff"),
            ),
        ),
        "over_limit": (0, (SERVER, frame(TEXT, b"a" * 257), fragmented(BINARY, [b"b" * 200] * 3))),
        "empty_fragments": (0, (SERVER, frame(TEXT, fin=False), frame(CONTINUATION, fin=False) * 40, frame(CONTINUATION))),
        "deflate": (
            1,
            (frame(TEXT, deflate(TICK), rsv=RSV1, key=KEY), frame(TEXT, deflate(TICK), rsv=RSV1, key=KEY), text("plain", KEY)),
        ),
        "deflate_fragments": (1, (SERVER, fragmented(TEXT, [Deflater()(TICK)[:9], Deflater()(TICK)[9:]], rsv=RSV1))),
        "deflate_without_context": (2, (SERVER, frame(TEXT, once(TICK), rsv=RSV1), frame(TEXT, once(TICK), rsv=RSV1))),
        "deflate_bomb": (
            1,
            (SERVER, frame(BINARY, Deflater()(bytes(100_000)), rsv=RSV1), frame(TEXT, Deflater()(TICK), rsv=RSV1)),
        ),
        "deflate_context_lost": (
            1,
            (
                SERVER,
                header(BINARY, 100, rsv=RSV1),
                b"abc",
                (GAP, 96),
                frame(TEXT, Deflater()(TICK), rsv=RSV1),
                frame(TEXT, b"\xf2\x00\x11\x00\x00", rsv=RSV1),
            ),
        ),
        "deflate_error": (
            1,
            (
                SERVER,
                frame(TEXT, b"\xff\xff\xff", rsv=RSV1),
                frame(TEXT, Deflater()(TICK), rsv=RSV1),
                frame(TEXT, b"", rsv=RSV1),
            ),
        ),
        "deflate_final_blocks": (
            1,
            (SERVER, frame(BINARY, b"\x03\x00" * 100, rsv=RSV1), frame(BINARY, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", rsv=RSV1)),
        ),
        "deflate_stored": (
            1,
            (
                SERVER,
                frame(TEXT, b"\x00\x05\x00\xfa\xffHello\x00", rsv=RSV1),
                frame(TEXT, b"\x00\xff\xff\x00\x00abc", rsv=RSV1),
            ),
        ),
        "unknown_extension": (3, (SERVER, frame(TEXT, b"x", rsv=RSV1 | RSV2), text("y"))),
        "ends": (0, (text("a", KEY), END, SERVER, header(TEXT, 9), b"abc", END)),
        "reset": (0, (text("a", KEY), RESET, SERVER, text("b"))),
        "many_messages": (0, (SERVER, text(TICK), (AGAIN, 250), CLIENT, text(CHAT, KEY), (AGAIN, 250))),
        "payload_without_end": (0, (SERVER, header(BINARY, 1 << 20), bytes(120), (AGAIN, 250))),
        "fragments_without_end": (
            0,
            (SERVER, frame(TEXT, b"a", fin=False), CUT, frame(CONTINUATION, b"b" * 60, fin=False), (AGAIN, 250)),
        ),
        "deflate_fragments_without_end": (
            1,
            (
                SERVER,
                frame(TEXT, b"\x00", fin=False, rsv=RSV1),
                CUT,
                frame(CONTINUATION, b"\x00\x00\xff\xff" * 9, fin=False),
                (AGAIN, 250),
            ),
        ),
    }
    for name, (agreed, said) in cases.items():
        yield name, bytes([agreed]) + written(*said)
