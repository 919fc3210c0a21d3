"""wsproto and websockets, two foreign implementations, talk; what we read is what they say they sent and received."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import websockets.frames
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri
from wsproto import ConnectionType, WSConnection
from wsproto.connection import Connection as WsprotoConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import CloseReason

from tests.websocket.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RSV1,
    RSV2,
    TEXT,
    Wire,
    close,
    fragmented,
    frame,
    header,
    text,
)
from wsobserve.records import AnomalyKind

Said = tuple[int, int, bytes]  # half, opcode, payload


def payloads(numbers: random.Random, count: int = 30) -> Iterator[tuple[int, int, bytes]]:
    words = ["alpha", "beta", "γάμμα", "дельта", "{}", '"x"', "\u0000", "🙂"]
    for _ in range(count):
        length = numbers.choice((0, 1, 5, 30, 60, 300, 9_000))
        if numbers.random() < 0.6:
            yield numbers.randrange(2), TEXT, " ".join(numbers.choice(words) for _ in range(length // 4)).encode()
        else:
            yield numbers.randrange(2), BINARY, numbers.randbytes(length)


def pieces(numbers: random.Random, data: bytes) -> list[bytes]:
    cut = sorted(numbers.randrange(len(data) + 1) for _ in range(numbers.randrange(4)))
    return [data[start:end] for start, end in zip([0, *cut], [*cut, len(data)], strict=True) if start < end]


def read(wire: Wire) -> list[Said]:
    return [
        (0 if message.half.direction == "client_to_server" else 1, message.opcode, message.payload) for message in wire.messages
    ]


DEFLATE = [
    pytest.param(None, id="plain"),
    pytest.param({}, id="deflate"),
    pytest.param({"client_no_context_takeover": True}, id="client without takeover"),
    pytest.param({"server_no_context_takeover": True}, id="server without takeover"),
    pytest.param({"client_no_context_takeover": True, "server_no_context_takeover": True}, id="neither with takeover"),
    pytest.param({"client_max_window_bits": 9, "server_max_window_bits": 15}, id="small window of the client"),
    pytest.param({"client_max_window_bits": 12, "server_max_window_bits": 10}, id="windows of two sizes"),
]


@pytest.mark.parametrize("deflate", DEFLATE)
@pytest.mark.parametrize("seed", range(3))
def test_wsproto_says_the_same(deflate: dict[str, int] | None, seed: int) -> None:
    numbers = random.Random(seed)
    ends = (WSConnection(ConnectionType.CLIENT), WSConnection(ConnectionType.SERVER))
    wire, heard = Wire(), list[Said]()
    under_way: dict[int, tuple[int, bytes]] = {}

    def carry(half: int, data: bytes) -> None:
        for piece in pieces(numbers, data):
            wire.sends(half, piece)
            ends[1 - half].receive_data(piece)
        for event in ends[1 - half].events():
            if isinstance(event, TextMessage | BytesMessage):
                part = event.data.encode() if isinstance(event, TextMessage) else bytes(event.data)
                opcode = TEXT if isinstance(event, TextMessage) else BINARY
                before = under_way.pop(half, (opcode, b""))[1] + part
                if event.message_finished:
                    heard.append((half, opcode, before))
                else:
                    under_way[half] = (opcode, before)
            elif isinstance(event, Ping):
                carry(1 - half, ends[1 - half].send(event.response()))

    offered = [PerMessageDeflate()] if deflate is not None else []
    agreed = [PerMessageDeflate(**deflate)] if deflate is not None else []  # type: ignore[arg-type]  # bools and bits
    carry(0, ends[0].send(Request(host="example.test", target="/chat", extensions=list(offered), subprotocols=["a", "b"])))
    carry(1, ends[1].send(AcceptConnection(extensions=list(agreed), subprotocol="b")))
    sent = list(payloads(numbers))
    for half, opcode, payload in sent:
        middle = len(payload) // 2
        while opcode == TEXT and payload[middle : middle + 1] and payload[middle] & 0xC0 == 0x80:
            middle += 1
        split = numbers.random() < 0.3 and payload
        parts = [payload[:middle], payload[middle:]] if split else [payload]
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            if opcode == TEXT:
                carry(half, ends[half].send(TextMessage(part.decode(), message_finished=last)))
            else:
                carry(half, ends[half].send(BytesMessage(part, message_finished=last)))
            # wsproto 1.3 forgets that a message is compressed when a ping comes between its fragments.
            if numbers.random() < 0.2 and (last or deflate is None):
                carry(half, ends[half].send(Ping(b"now")))
    carry(0, ends[0].send(CloseConnection(1000, "bye")))
    carry(1, ends[1].send(CloseConnection(1000, "bye")))
    assert read(wire) == sent
    assert heard == sent
    assert wire.anomalies == []
    assert wire.handshakes[0].subprotocol == "b"
    assert wire.ends().summary.close.verdict == "clean"


@pytest.mark.parametrize("deflate", DEFLATE)
@pytest.mark.parametrize("seed", range(3))
def test_websockets_says_the_same(deflate: dict[str, int] | None, seed: int) -> None:
    numbers = random.Random(seed)
    offers, answers = None, None
    if deflate is not None:
        offers = [ClientPerMessageDeflateFactory(client_max_window_bits=True)]
        answers = [ServerPerMessageDeflateFactory(**deflate)]  # type: ignore[arg-type]  # bools and bits
    client = ClientProtocol(parse_uri("ws://example.test/chat"), extensions=offers)
    server = ServerProtocol(extensions=answers)
    ends = (client, server)
    wire, heard = Wire(), list[Said]()
    under_way: dict[int, tuple[int, bytes]] = {}

    def carry(half: int) -> None:
        data = b"".join(ends[half].data_to_send())
        for piece in pieces(numbers, data):
            wire.sends(half, piece)
            ends[1 - half].receive_data(piece)
        for event in ends[1 - half].events_received():
            if isinstance(event, websockets.frames.Frame) and event.opcode.value <= 2:
                opcode, before = under_way.pop(half, (event.opcode.value, b""))
                before += bytes(event.data)
                if event.fin:
                    heard.append((half, opcode, before))
                else:
                    under_way[half] = (opcode, before)
            elif isinstance(event, websockets.http11.Request):
                server.send_response(server.accept(event))
        if ends[1 - half].data_to_send is not None and ends[1 - half].writes:
            carry(1 - half)

    client.send_request(client.connect())
    carry(0)
    assert (client.state, server.state) == (State.OPEN, State.OPEN)
    sent = list(payloads(numbers))
    for half, opcode, payload in sent:
        end = ends[half]
        if numbers.random() < 0.3:
            middle = numbers.randrange(len(payload) + 1)
            (end.send_text if opcode == TEXT else end.send_binary)(payload[:middle], fin=False)
            end.send_ping(b"now")
            end.send_continuation(payload[middle:], fin=True)
        else:
            (end.send_text if opcode == TEXT else end.send_binary)(payload)
        carry(half)
    client.send_close(1001, "going away")
    carry(0)
    assert read(wire) == sent
    assert heard == sent
    assert wire.anomalies == []
    summary = wire.ends().summary
    assert (summary.close.verdict, summary.close.status_code, summary.close.reason) == ("clean", 1001, "going away")


A = AnomalyKind
# What a client could receive; whether both refuse it is their opinion, what we say of it is ours.
RECEIVED = [
    pytest.param(text("x"), [], id="text"),
    pytest.param(fragmented(TEXT, [b"a", b"", b"b"]), [], id="fragments"),
    pytest.param(frame(TEXT, b"a", fin=False) + frame(PING, b"p") + frame(CONTINUATION, b"b"), [], id="ping between fragments"),
    pytest.param(frame(PONG, b"unasked"), [], id="unasked pong"),
    pytest.param(close(1000, b"bye"), [], id="close"),
    pytest.param(close(), [], id="close without a code"),
    pytest.param(close(3999), [], id="private close code"),
    pytest.param(frame(TEXT, b"x", rsv=RSV1), [A.FRAME_RESERVED_BIT], id="RSV1"),
    pytest.param(frame(BINARY, b"x", rsv=RSV2), [A.FRAME_RESERVED_BIT], id="RSV2"),
    pytest.param(frame(3, b"x"), [A.FRAME_RESERVED_OPCODE], id="opcode 3"),
    pytest.param(frame(0xF), [A.FRAME_RESERVED_OPCODE], id="opcode 15"),
    pytest.param(text("x", b"abcd"), [A.FRAME_MASKED], id="masked"),
    pytest.param(frame(TEXT, b"x", form=16), [A.FRAME_LENGTH_NOT_MINIMAL], id="16-bit length of 1"),
    pytest.param(frame(BINARY, b"x", form=64), [A.FRAME_LENGTH_NOT_MINIMAL], id="64-bit length of 1"),
    pytest.param(header(BINARY, 1 << 63), [A.FRAME_LENGTH_INVALID, A.DIRECTION_LOST], id="highest bit of the length"),
    pytest.param(frame(PING, bytes(126)), [A.CONTROL_FRAME_TOO_LONG], id="long ping"),
    pytest.param(frame(PING, b"x", fin=False), [A.CONTROL_FRAME_FRAGMENTED], id="fragmented ping"),
    pytest.param(frame(CONTINUATION, b"x"), [A.CONTINUATION_UNEXPECTED], id="continuation of nothing"),
    pytest.param(frame(TEXT, b"a", fin=False) + text("b"), [A.CONTINUATION_EXPECTED], id="message in a message"),
    pytest.param(frame(CLOSE, b"x"), [A.CLOSE_PAYLOAD_INVALID], id="close of one byte"),
    pytest.param(close(1000, b"\xff"), [A.CLOSE_PAYLOAD_INVALID], id="reason that is no UTF-8"),
    pytest.param(close(1005), [A.CLOSE_CODE_INVALID], id="close code 1005"),
    pytest.param(close(2000), [A.CLOSE_CODE_INVALID], id="close code 2000"),
    pytest.param(text(b"\xed\xa0\x80"), [A.INVALID_UTF8], id="surrogate in text"),
]
LENIENT = {A.FRAME_LENGTH_NOT_MINIMAL, A.INVALID_UTF8}  # it leaves decoding text to its callers


def refused_by_wsproto(data: bytes) -> bool:
    end = WsprotoConnection(ConnectionType.CLIENT)
    end.receive_data(data)
    wrong = (CloseReason.PROTOCOL_ERROR, CloseReason.INVALID_FRAME_PAYLOAD_DATA)
    return any(isinstance(event, CloseConnection) and event.code in wrong for event in end.events())


def refused_by_websockets(data: bytes) -> bool:
    end = ClientProtocol(parse_uri("ws://example.test/"), state=State.OPEN)
    end.receive_data(data)
    return end.parser_exc is not None and not isinstance(end.parser_exc, EOFError)


@pytest.mark.parametrize(("data", "expected"), RECEIVED)
def test_what_they_refuse_is_a_violation_to_us_too(data: bytes, expected: list[AnomalyKind]) -> None:
    wire = Wire().opened().server(data)
    assert wire.anomalies == expected
    assert refused_by_wsproto(data) == bool(expected)
    assert refused_by_websockets(data) == bool(set(expected) - LENIENT)


some_frame = st.builds(
    lambda opcode, payload, fin, rsv, key, form: frame(opcode, payload, fin=fin, rsv=rsv, key=key, form=form),
    st.sampled_from([TEXT, TEXT, BINARY, CONTINUATION, CONTINUATION, PING, PONG, 5]),
    st.sampled_from([b"", b"a", "é".encode(), "é".encode()[:1], "é".encode()[1:], b"x" * 125, b"y" * 126]),
    st.booleans(),
    st.sampled_from([0] * 9 + [RSV2]),
    st.sampled_from([None] * 9 + [b"abcd"]),
    st.sampled_from([None] * 9 + [16]),
)


@given(st.lists(some_frame, max_size=12))
def test_up_to_what_wsproto_refuses_it_reads_the_same_messages(story: list[bytes]) -> None:
    data = b"".join(story)
    end = WsprotoConnection(ConnectionType.CLIENT)
    end.receive_data(data)
    heard, before, refused = list[tuple[int, bytes]](), b"", False
    for event in end.events():
        if isinstance(event, TextMessage | BytesMessage):
            before += event.data.encode() if isinstance(event, TextMessage) else bytes(event.data)
            if event.message_finished:
                heard.append((TEXT if isinstance(event, TextMessage) else BINARY, before))
                before = b""
        refused = refused or isinstance(event, CloseConnection)
    wire = Wire().opened().server(data)
    assert [(opcode, payload) for _, opcode, payload in read(wire)][: len(heard)] == heard
    if not refused:
        assert len(wire.messages) == len(heard)
        assert wire.anomalies == []
