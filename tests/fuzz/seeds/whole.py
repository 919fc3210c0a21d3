"""Conversations from TCP to schemas: lost, doubled, late, several at a time."""

from __future__ import annotations

import json

from tests.fuzz.recorded import TICK, Seeds, recorded, script_of
from tests.fuzz.script import CLIENT, CUT, DOUBLED, END, GAP, LATE, LOST, OTHER, RESET, SERVER, TIME, written
from tests.websocket.wire import DEFLATE_AGREED, DEFLATE_OFFER, KEY, RSV1, TEXT, Deflater, close, frame, request, response, text


def seeds() -> Seeds:
    """The first byte: 1 with small limits."""
    for name in ("socketio.pcapng", "graphql_ws.pcap", "abnormal_close.pcap"):
        yield (
            f"recorded_{name.partition('.')[0]}",
            b"\x01" + script_of([each for each in recorded(name, 9) if len(each.payload) < 600][:6]),
        )
    ask, answer = request("/chat", DEFLATE_OFFER), response(DEFLATE_AGREED)
    tick, packed = text(TICK), frame(TEXT, Deflater()(TICK), rsv=RSV1)
    opened: tuple[bytes | int | tuple[int, int], ...] = (ask, SERVER, answer)
    yield (
        "plain",
        b"\x01" + written(*opened, tick, CLIENT, text(TICK, KEY), close(1000, b"", KEY), SERVER, close(1000), END, CLIENT, END),
    )
    yield "lost", b"\x01" + written(*opened, tick, CUT, tick, LOST, tick * 4, CUT, tick, CUT, tick)
    yield "doubled_and_late", b"\x00" + written(*opened, tick, DOUBLED, packed, LATE, tick, CUT, tick, LATE, DOUBLED)
    yield (
        "hole_waits",
        b"\x02"
        + written(
            *opened, tick, (GAP, 50), (TIME, 30), tick * 9, (TIME, 30), CLIENT, text("Hi", KEY), (TIME, 30), SERVER, tick
        ),
    )
    yield (
        "four_connections",
        b"\x03"
        + written(
            *opened,
            tick,
            CLIENT,
            (OTHER, 1),
            *opened,
            packed,
            CLIENT,
            (OTHER, 2),
            b"GET / HTTP/1.0\r\n\r\n",
            SERVER,
            b"HTTP/1.0 200 OK\r\n\r\nhi",
            CLIENT,
            (OTHER, 3),
            tick,
            (OTHER, 0),
            text("Hi", KEY),
        ),
    )
    yield (
        "many_kinds",
        b"\x01"
        + written(
            *opened, *[text(json.dumps({"type": f"kind{i:c}" if i > 64 else "kind", "x": {"y": i}})) for i in range(60, 76)]
        ),
    )
    yield "reset", b"\x01" + written(*opened, tick, RESET, tick)
    yield "request_lost", b"\x01" + written(ask, LOST, SERVER, answer, tick, CLIENT, text(TICK, KEY))
    yield "answer_lost", b"\x01" + written(*opened, LOST, tick, CUT, tick, CUT, tick, CUT, tick, CLIENT, text(TICK, KEY))
    yield (
        "first_packets_lost",
        b"\x01" + written(SERVER, *[each for _ in range(8) for each in (tick, CUT)], CLIENT, text(TICK, KEY)),
    )
