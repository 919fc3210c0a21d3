"""What all connections hold together stays within its limit; who has to let go says so, and is followed on."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import (
    BINARY,
    CONTINUATION,
    DEFLATE_AGREED,
    KEY,
    PING,
    RSV1,
    TEXT,
    Deflater,
    Wire,
    frame,
    header,
    request,
    text,
)
from wsobserve.config import PARTITIONS, Limits
from wsobserve.records import Accounting, Anomaly, AnomalyKind
from wsobserve.websocket.stage import WebSocket

KIB = 1024
LET_GO = AnomalyKind.LIMIT_MEMORY


def stage_with(share: int) -> WebSocket:
    """All connections of these tests are of one partition."""
    return WebSocket(Limits(held_total=share * PARTITIONS))


def let_go(wire: Wire) -> list[Anomaly]:
    return [record for record in wire.records if isinstance(record, Anomaly) and record.anomaly is LET_GO]


def accounting(stage: WebSocket) -> Accounting:
    made = Accounting()
    stage.account(made)
    assert made.messages == made.messages_decoded + sum(made.messages_undecoded.values())
    return made


def test_the_connection_used_least_recently_lets_go_of_its_unfinished_message() -> None:
    stage = stage_with(10_000)
    first, second, third = (Wire(stage, identifier=name).opened() for name in ("first", "second", "third"))
    first.server(frame(BINARY, bytes(4_000), fin=False))
    second.server(frame(BINARY, bytes(4_000), fin=False))
    first.server(frame(CONTINUATION, b"again", fin=False))
    assert (stage.held_bytes, first.anomalies + second.anomalies) == (8_005, [])
    third.server(frame(BINARY, bytes(4_000), fin=False))
    assert stage.held_bytes == 8_005
    # What others let go of is told when it happens: with the records of the one that needs the room.
    assert [each.half.connection for each in let_go(third)] == ["second"]
    second.server(frame(CONTINUATION, b"!") + text("next"))
    cut, following = second.messages
    assert (cut.undecoded, cut.length, cut.payload) == ("over_limit", 4_001, b"")
    assert following.payload == b"next"
    first.server(frame(CONTINUATION))
    assert (first.messages[0].complete, first.messages[0].length) == (True, 4_005)
    assert accounting(stage).anomalies == {"limit_memory": 1}
    assert second.ends().summary.anomalies == {"limit_memory": 1}


@pytest.mark.parametrize("key", [None, KEY])
def test_a_frame_in_pieces_is_let_go_of_and_its_length_is_right(key: bytes | None) -> None:
    stage = stage_with(1_000)
    wire = Wire(stage).opened()
    whole = frame(BINARY, b"x" * 5_000, key=key)
    wire.sends(int(key is None), *(whole[start : start + 700] for start in range(0, len(whole), 700)))
    assert wire.anomalies == [LET_GO]
    (message,) = wire.messages
    assert (message.undecoded, message.length, message.payload) == ("over_limit", 5_000, b"")
    assert stage.held_bytes == 0


def test_inflate_windows_are_let_go_of_and_what_refers_to_them_is_lost() -> None:
    stage = stage_with(200_000)  # four windows
    words = [b'{"type":"words that come again","number":%d}' % number for number in range(3)]
    wires, deflaters = [], []
    for number in range(300):
        wire, deflater = Wire(stage, identifier=str(number)).opened(DEFLATE_AGREED), Deflater()
        wire.server(frame(TEXT, deflater(words[0]), rsv=RSV1))
        assert stage.held_bytes <= 200_000
        wires.append(wire)
        deflaters.append(deflater)
    for wire, deflater in zip(wires, deflaters, strict=True):
        wire.server(frame(TEXT, deflater(words[1]), rsv=RSV1), text("plain"))
        assert stage.held_bytes <= 200_000
    assert {message.undecoded for message in wires[0].messages} == {None, "context_lost"}
    assert [message.payload for message in wires[0].messages if message.complete] == [words[0], b"plain"]
    counted = accounting(stage)
    assert counted.messages == 900
    assert counted.anomalies["limit_memory"] >= 296
    assert counted.messages_undecoded == {"context_lost": counted.anomalies["inflate_context_lost"]}


def test_thousands_of_half_finished_messages_stay_within_the_limit() -> None:
    stage = stage_with(100 * KIB)
    wires = [Wire(stage, identifier=str(number)).opened() for number in range(1_000)]
    tracemalloc.start()
    for wire in wires:
        wire.server(frame(TEXT, b"x" * 10 * KIB, fin=False))
        assert stage.held_bytes <= 100 * KIB
        wire.records.clear()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 3_000 * KIB  # and not ten megabytes
    for wire in wires:
        wire.ends()
    counted = accounting(stage)
    assert stage.held_bytes == 0
    assert counted.messages_undecoded == {"incomplete": 1_000}
    assert counted.anomalies["limit_memory"] == 990


def test_claims_of_any_length_take_no_more_than_the_limit() -> None:
    stage = stage_with(100 * KIB)
    wire = Wire(stage).opened()
    wire.server(header(BINARY, 1 << 32))
    for _ in range(20):
        wire.server(b"x" * 20 * KIB)
        assert stage.held_bytes <= 100 * KIB
    other = Wire(stage, identifier="ping").opened()
    other.server(header(PING, 1_000_000_000))
    for _ in range(20):
        other.server(b"x" * 20 * KIB)
        assert stage.held_bytes <= 100 * KIB
    endless = Wire(stage, identifier="endless").opened()
    endless.server(frame(TEXT, b"x", fin=False))
    for _ in range(50):
        endless.server(frame(CONTINUATION, b"y" * 5 * KIB, fin=False) * 2)
        assert stage.held_bytes <= 100 * KIB
    assert accounting(stage).anomalies["limit_memory"] >= 3
    endless.server(frame(CONTINUATION))
    (message,) = endless.messages
    assert (message.undecoded, message.length, message.fragments) == ("over_limit", 1 + 100 * 5 * KIB, 102)


def test_bytes_in_which_a_boundary_is_looked_for_are_passed_over() -> None:
    stage = stage_with(20_000)
    noise = random.Random(5).randbytes(6_000)
    wires = [Wire(stage, identifier=str(number)).opened().gap(1, 5) for number in range(6)]
    for wire in wires:
        wire.server(noise)
        assert stage.held_bytes <= 20_000
    message = text('{"kept":1,"b":"c"}')
    wires[0].server(*[message] * 6)
    assert len(wires[0].messages) == 6
    wires[0].ends()
    assert wires[0].summary.server_to_client.unsynchronised_bytes == 6_000
    assert wires[0].summary.anomalies["limit_memory"] == 1


def test_what_waits_for_an_answer_is_let_go_of_and_frames_are_recognised() -> None:
    stage = stage_with(20_000)
    wires = [Wire(stage, identifier=str(number)).client(request()) for number in range(10)]
    message = text('{"kept":1,"b":"c"}' + "x" * 500, KEY)
    for wire in wires:
        wire.client(*[message] * 8)
        assert stage.held_bytes <= 20_000
    assert accounting(stage).anomalies["limit_memory"] >= 1
    wires[0].client(*[message] * 8).server(*[text('{"kept":1,"b":"c"}')] * 8)
    assert len(wires[0].messages) >= 8


def test_heads_that_never_end_and_requests_without_answers_stay_within_the_limit() -> None:
    stage = stage_with(50_000)
    for number in range(20):
        wire = Wire(stage, identifier=str(number))
        wire.client(b"GET / HTTP/1.1\r\nX: " + b"x" * 10_000)
        assert stage.held_bytes <= 50_000
    piped = Wire(stage, identifier="piped")
    for _ in range(50):
        piped.client(b"GET / HTTP/1.1\r\nX: " + b"x" * 5_000 + b"\r\n\r\n")
        assert stage.held_bytes <= 50_000
    assert accounting(stage).anomalies["limit_memory"] >= 16


def test_what_one_partition_holds_is_no_concern_of_another() -> None:
    stage = stage_with(1_000)
    first = Wire(stage, identifier="first", partition=1).opened().server(frame(BINARY, bytes(900), fin=False))
    Wire(stage, identifier="second", partition=2).opened().server(frame(BINARY, bytes(900), fin=False))
    assert stage.held_bytes == 1_800
    Wire(stage, identifier="third", partition=1).opened().server(frame(BINARY, bytes(900), fin=False))
    assert stage.held_bytes == 1_800
    assert first.server(frame(CONTINUATION)).messages[0].undecoded == "over_limit"


pieces = st.sampled_from(
    [
        text("x" * 50),
        frame(TEXT, Deflater()(b"a" * 50), rsv=RSV1),
        frame(BINARY, b"x" * 300),
        frame(BINARY, b"x" * 3_000)[:2_000],
        frame(TEXT, b"x" * 200, fin=False),
        frame(CONTINUATION, b"x" * 200),
        frame(PING, b"x"),
    ]
)
events = st.lists(st.tuples(st.integers(0, 3), st.one_of(pieces, st.binary(max_size=40), st.integers(1, 3_000))), max_size=40)


@given(events, st.integers(0, 60_000))
def test_the_equations_hold_whoever_lets_go(story: list[tuple[int, bytes | int]], share: int) -> None:
    stage = stage_with(share)
    wires = [Wire(stage, identifier=str(number)).opened(DEFLATE_AGREED) for number in range(4)]
    for number, event in story:
        if isinstance(event, int):
            wires[number].gap(1, event)
        else:
            wires[number].server(event)
        assert stage.held_bytes <= share
        counted = accounting(stage)
        assert counted.anomalies.get("limit_memory", 0) == sum(len(let_go(wire)) for wire in wires)
    for wire in wires:
        wire.ends()
    assert stage.held_bytes == 0
    accounting(stage)
