"""A connection joined in its middle: recognised by its frames, and nothing else is taken for a WebSocket."""

from __future__ import annotations

import json
import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import BINARY, PING, PONG, RSV1, TEXT, Deflater, frame, head, text
from wsobserve.config import Limits
from wsobserve.websocket.opening import Chunk
from wsobserve.websocket.recognition import Recognition

NUMBERS = random.Random(11)
Story = list[tuple[int, bytes]]


def key() -> bytes:
    return NUMBERS.randbytes(4)


def document(number: int) -> str:
    return json.dumps({"type": "tick", "number": number, "price": number * 1.25})


def recognise(story: Story, asked: int | None = None, limits: Limits | None = None) -> Recognition:
    recognition = Recognition(limits or Limits(), asked)
    for packet, (half, data) in enumerate(story):
        if recognition.client is None:
            recognition.receive(half, Chunk(data, packet, packet))
    if recognition.client is None:
        recognition.finish()
    return recognition


@pytest.mark.parametrize("client", [0, 1])
def test_a_dialogue_in_json_is_recognised_by_one_message_each_way(client: int) -> None:
    story = [(client, text(document(1), key())), (1 - client, text(document(1)))]
    assert recognise(story).client == client
    assert recognise(story[::-1]).client == client


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("masked", [False, True])
def test_one_direction_alone_takes_more(half: int, masked: bool) -> None:
    one = (half, text(document(1), key() if masked else None))
    assert recognise([one]).client is None
    assert recognise([one] * 3).client == (half if masked else 1 - half)


def test_binary_messages_both_ways() -> None:
    story: Story = []
    for _ in range(6):
        story += [(0, frame(BINARY, NUMBERS.randbytes(50), key=key())), (1, frame(BINARY, NUMBERS.randbytes(300)))]
    assert recognise(story).client == 0
    assert recognise(story[:1]).client is None


def test_compressed_messages_both_ways() -> None:
    ours, theirs = Deflater(), Deflater()
    for number in range(3):  # before the capture
        ours(document(number).encode())
        theirs(document(number).encode())
    story: Story = []
    for number in range(4):
        story.append((0, frame(TEXT, ours(document(number).encode()), rsv=RSV1, key=key())))
        story.append((1, frame(TEXT, theirs(document(number).encode()), rsv=RSV1)))
    assert recognise(story).client == 0


def test_small_answers_do_not_contradict_a_talkative_server() -> None:
    story: Story = []
    for number in range(4):
        story += [(1, frame(PING)), (0, frame(PONG, key=key())), (1, text(document(number)))]
    assert recognise(story).client == 0


def test_frames_larger_than_what_is_held() -> None:
    data = b"".join(frame(BINARY, NUMBERS.randbytes(200_000)) for _ in range(5))
    assert recognise([(1, data[i : i + 1_448]) for i in range(0, len(data), 1_448)]).client == 0


def test_joined_in_the_middle_of_a_message() -> None:
    first = text(document(1) * 50, key())
    story = [
        (0, first[700:1_400]),
        (0, first[1_400:]),
        (1, text(document(2))),
        (0, text(document(3), key())),
        (1, text(document(4))),
    ]
    assert recognise(story).client == 0


def test_when_it_was_asked_for_less_evidence_is_enough_and_the_roles_are_known() -> None:
    assert recognise([(1, text(document(1)))], asked=0).client == 0
    assert recognise([(1, text(document(1)))], asked=1).client is None


def test_the_other_direction_may_contradict() -> None:
    lies = [(1, text(document(number))) for number in range(4)]
    assert recognise([(0, b"\x90\x03abc"), *lies]).client is None
    assert recognise([(0, text(document(1))), *lies]).client is None


def test_a_hole_does_not_join_what_it_parts() -> None:
    recognition = Recognition(Limits())
    data = text(document(1))
    recognition.receive(1, Chunk(data[:10], 1, 1))
    recognition.gap(1, 5)
    recognition.receive(1, Chunk(data[15:], 2, 2))
    recognition.finish()
    assert recognition.client is None


def integers(*values: int, form: str = ">i") -> bytes:
    return b"".join(struct.pack(form, value) for value in values)


def mysql() -> Story:
    def packet(number: int, body: bytes) -> bytes:
        return len(body).to_bytes(3, "little") + bytes([number]) + body

    story: Story = []
    for row in range(40):
        story.append((0, packet(0, b"\x03SELECT * FROM t WHERE id=%d" % row)))
        rows = b"".join(packet(2 + n, b"\x01%d\x05hello" % (n % 10)) for n in range(5))
        story.append((1, packet(1, b"\x02") + rows + packet(9, b"\xfe\x00\x00\x02\x00")))
        story.append((1, packet(1, b"\x00\x00\x00\x02\x00\x00\x00")))
    return story


def postgres() -> Story:
    def message(kind: bytes, body: bytes) -> bytes:
        return kind + (len(body) + 4).to_bytes(4, "big") + body

    bind = message(b"P", b"\x00SELECT $1\x00\x00\x00") + message(b"B", b"\x00\x00\x00\x00\x00\x01\x00\x00\x00\x011\x00\x00")
    answer = (
        message(b"1", b"") + message(b"2", b"") + message(b"D", b"\x00\x01\x00\x00\x00\x011") + message(b"C", b"SELECT 1\x00")
    )
    return [
        (half, data) for _ in range(40) for half, data in ((0, bind + message(b"S", b"")), (1, answer + message(b"Z", b"I")))
    ]


def redis() -> Story:
    ask = b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"
    return [(half, data) for n in range(60) for half, data in ((0, ask), (1, b"$%d\r\n%s\r\n" % (n, b"A" * n)))]


def amqp() -> Story:
    def method(channel: int, body: bytes) -> bytes:
        return b"\x01" + channel.to_bytes(2, "big") + len(body).to_bytes(4, "big") + body + b"\xce"

    publish = method(1, b"\x00\x3c\x00\x28\x00\x00\x05amq.d\x03key\x00")
    header = b"\x02\x00\x01\x00\x00\x00\x0e\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\xce"
    content = header + b"\x03\x00\x01\x00\x00\x00\x05hello\xce"
    return [
        (half, data) for _ in range(60) for half, data in ((0, publish + content), (1, b"\x08\x00\x00\x00\x00\x00\x00\xce"))
    ]


def mqtt_subscriber() -> Story:
    """SUBSCRIBE begins with 0x82 and its length in one byte: exactly what an unmasked binary frame looks like."""
    story: Story = []
    for number in range(60):
        topic = b"devices/%d/#" % number
        body = number.to_bytes(2, "big") + len(topic).to_bytes(2, "big") + topic + b"\x01"
        story += [(0, bytes([0x82, len(body)]) + body), (1, b"\x90\x03" + number.to_bytes(2, "big") + b"\x01")]
    return story


def http2() -> Story:
    def framed(kind: int, flags: int, stream: int, body: bytes) -> bytes:
        return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body

    story: Story = []
    for number in range(60):
        story.append((0, framed(1, 5, 2 * number + 1, NUMBERS.randbytes(20)) + framed(8, 0, 0, b"\x00\x01\x00\x00")))
        story.append(
            (1, framed(1, 4, 2 * number + 1, NUMBERS.randbytes(9)) + framed(0, 1, 2 * number + 1, NUMBERS.randbytes(130)))
        )
        story.append((1, framed(4, 1, 0, b"") + framed(6, 0, 0, bytes(8))))
    return story


def tls() -> Story:
    return [
        (half, b"\x17\x03\x03" + len(body).to_bytes(2, "big") + body)
        for n in range(100)
        for half, body in ((n % 2, NUMBERS.randbytes(100 + n)),)
    ]


def dns() -> Story:
    return [(n % 2, (40 + n % 90).to_bytes(2, "big") + NUMBERS.randbytes(40 + n % 90)) for n in range(200)]


def of_one_side(data: bytes, size: int = 1_448) -> Story:
    return [(0, data[i : i + size]) for i in range(0, len(data), size)]


OTHERS = [
    pytest.param([(1, head("HTTP/1.1 200 OK")), *of_one_side(document(1).encode() * 2_000)], id="HTTP with JSON"),
    pytest.param(of_one_side(zlib.compress(NUMBERS.randbytes(100_000))), id="HTTP with gzip"),
    pytest.param(tls(), id="TLS"),
    pytest.param(mysql(), id="MySQL"),
    pytest.param(postgres(), id="PostgreSQL"),
    pytest.param(redis(), id="Redis"),
    pytest.param(amqp(), id="AMQP"),
    pytest.param(mqtt_subscriber(), id="MQTT"),
    pytest.param(http2(), id="HTTP/2"),
    pytest.param(dns(), id="DNS"),
    pytest.param(of_one_side(bytes(200_000)), id="zeroes"),
    pytest.param(of_one_side(NUMBERS.randbytes(300_000)), id="random"),
    pytest.param([(n % 2, NUMBERS.randbytes(NUMBERS.randrange(1, 60))) for n in range(4_000)], id="random and short"),
    pytest.param(of_one_side(bytes(NUMBERS.choice((0x7F, 0x80, 0x81, 0x82)) for _ in range(100_000)), 160), id="8-bit audio"),
    pytest.param(of_one_side(bytes(NUMBERS.choice((0x80, 0x81, 0x82)) for _ in range(50_000)), 160), id="quiet 8-bit audio"),
    pytest.param(
        of_one_side(integers(*(NUMBERS.randrange(-3, 4) for _ in range(50_000)), form="<h"), 640), id="quiet 16-bit audio"
    ),
    pytest.param(of_one_side(integers(*range(50_000), form=">i")), id="counters"),
    pytest.param(of_one_side(integers(*range(50_000), form="<i")), id="counters, little-endian"),
    pytest.param(of_one_side(b"\x02\x05abcde" * 5_000), id="records of seven bytes"),
]


@pytest.mark.parametrize("story", OTHERS)
def test_nothing_else_is_taken_for_a_websocket(story: Story) -> None:
    assert recognise(story).client is None
    assert recognise([(1 - half, data) for half, data in story]).client is None


def test_too_much_without_evidence_is_hopeless_and_memory_stays_bounded() -> None:
    recognition = Recognition(Limits())
    while not recognition.hopeless:
        recognition.receive(0, Chunk(NUMBERS.randbytes(1_448), 0, 0))
        assert all(search.held_bytes <= 64 * 1024 for searches in recognition._searches for search in searches)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.one_of(st.binary(max_size=60), st.integers(1, 100))), max_size=30),
    st.none() | st.integers(0, 1),
)
def test_any_bytes_and_holes_never_raise(story: list[tuple[int, bytes | int]], asked: int | None) -> None:
    recognition = Recognition(Limits(resynchronise_buffer=100), asked)
    for half, event in story:
        if isinstance(event, int):
            recognition.gap(half, event)
        else:
            recognition.receive(half, Chunk(event, 0, 0))
    recognition.finish()
    assert recognition.client in (None, 0, 1)
