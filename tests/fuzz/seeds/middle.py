"""The middle of connections: recorded, aligned, inside of frames, and what only looks like frames."""

from __future__ import annotations

from tests.fuzz.recorded import CHAT, TICK, Seeds, recorded, script_of
from tests.fuzz.script import AGAIN, CLIENT, CUT, GAP, SERVER, written
from tests.websocket.wire import BINARY, KEY, PING, PONG, RSV1, TEXT, Deflater, close, frame, header, request, response, text


def seeds() -> Seeds:
    """The first byte: 4 from the middle of a connection, otherwise behind a hole in one on which 0 to 3 was agreed."""
    for name in ("midstream.pcap", "websockets_chat.pcap", "demo.pcapng"):
        kept = [each for each in recorded(name, 30)[6:] if len(each.payload) < 300][:5]
        yield f"recorded_{name.partition('.')[0]}", b"\x04" + script_of(kept)
        yield f"recorded_{name.partition('.')[0]}_behind_a_hole", b"\x00" + script_of(kept)
    client = [text(TICK, KEY), text(CHAT, b"\x01\x02\x03\x04"), frame(BINARY, TICK, key=KEY), frame(PING, b"p", key=KEY)]
    server = [text(TICK), text(CHAT), frame(BINARY, TICK), frame(PONG), close(1000, b"bye")]
    aligned: list[bytes | int | tuple[int, int]] = [SERVER]
    for each in (*server, *server):
        aligned += [each, CUT]
    aligned.append(CLIENT)
    for each in client:
        aligned += [each, CUT]
    yield "aligned", b"\x04" + written(*aligned)
    yield "aligned_behind_a_hole", b"\x00" + written(*aligned)
    yield (
        "inside_a_frame",
        b"\x04" + written(SERVER, b"rest of a text, " * 4 + b"".join(server) * 2, CLIENT, b"\x55" * 30 + b"".join(client) * 2),
    )
    deflater = Deflater()
    packed: list[bytes | int | tuple[int, int]] = [SERVER]
    for _ in range(6):
        packed += [frame(TEXT, deflater(TICK), rsv=RSV1), CUT]
    yield "compressed", b"\x01" + written(*packed)
    yield "compressed_from_the_middle", b"\x04" + written(*packed)
    yield "zeroes", b"\x00" + written(SERVER, bytes(300), CLIENT, bytes(300))
    yield "continuations_without_end", b"\x00" + written(SERVER, b"\x00\x01" * 200)
    yield "looks_like_headers", b"\x00" + written(SERVER, b"\x81\x02\x81\x00" * 60, CLIENT, b"\x82\x80\x82\x81" * 60)
    yield (
        "garbage_without_end",
        b"\x00" + written(SERVER, b"\x81\x03\x93" * 20, (AGAIN, 250), CLIENT, b"\x81\x83\x93" * 20, (AGAIN, 250)),
    )
    yield (
        "garbage_without_end_from_the_middle",
        b"\x04" + written(SERVER, b"\x81\x03\x93" * 20, (AGAIN, 250), CLIENT, b"x\x83\x93" * 20, (AGAIN, 250)),
    )
    yield "two_holes", b"\x00" + written(SERVER, *server, (GAP, 10), *server, (GAP, 250), *server)
    yield "large_frames", b"\x00" + written(SERVER, header(BINARY, 300), b"\x11" * 300, text(TICK) * 3, header(BINARY, 900))
    yield "http_again", b"\x04" + written(request(), SERVER, response(), text("Hello"))
    yield "mqtt", b"\x04" + written(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", SERVER, b"\x20\x02\x00\x00")
    yield "text_protocol", b"\x04" + written(b"PING :server\r\n" * 9, SERVER, b"PONG\r\n" * 9)
