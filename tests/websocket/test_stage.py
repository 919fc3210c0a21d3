"""The stage: many connections at once, counted to the last message; whatever comes, nothing raises."""

from __future__ import annotations

import itertools
from pathlib import Path

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
    close,
    frame,
    head,
    request,
    response,
    text,
)
from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.config import Limits
from wsobserve.records import (
    Accounting,
    Anomaly,
    CaptureLoss,
    ConnectionEnd,
    Frame,
    Handshake,
    Message,
    Record,
    StreamBytes,
    StreamRecord,
)
from wsobserve.transport.stage import Transport
from wsobserve.websocket.stage import WebSocket

REFUSED = head("HTTP/1.1 401 Unauthorized", [("Content-Length", "0")])
TICK = '{"type":"tick","price":17.25}'


def accounting(stage: WebSocket) -> Accounting:
    made = Accounting()
    stage.account(made)
    return made


def test_connections_are_told_apart_and_counted_by_what_they_carried() -> None:
    stage = WebSocket()
    first = Wire(stage, identifier="first").opened()
    second = Wire(stage, identifier="second").opened()
    first.server(text("one")).client(text("a", KEY))
    second.server(text("two"))
    assert (first.payloads, second.payloads) == ([b"one", b"a"], [b"two"])
    first.ends()
    Wire(stage, identifier="refused").client(request()).server(REFUSED).ends()
    Wire(stage, identifier="http").client(head("GET / HTTP/1.1")).ends()
    Wire(stage, identifier="tls").client(b"\x16\x03\x01\x00\x05").ends()
    Wire(stage, identifier="other").client(b"\x00\x01").ends()
    Wire(stage, identifier="middle", syn=False).server(text(TICK)).client(text(TICK, KEY)).ends()
    Wire(stage, identifier="open", syn=False)
    counted = accounting(stage)
    assert counted.connections == {"websocket": 3, "http": 2, "tls": 1, "other": 1, "undecided": 1}
    assert counted.handshakes == {"accepted": 2, "refused": 1, "mid_stream": 1}
    assert (counted.messages, counted.messages_decoded, counted.messages_undecoded) == (5, 5, {})
    assert (counted.frames, counted.payload_length) == ({"text": 5}, 7 + 2 * len(TICK))
    assert [summary.half.connection for summary in stage.summaries()] == ["second"]
    second.records += stage.finish()
    assert second.summary.state == "open"
    assert stage.summaries() == []


def test_an_ignored_connection_is_named_once_and_its_bytes_are_not_looked_at() -> None:
    stage = WebSocket()
    wire = Wire(stage).client(b"\x16\x03\x01\x00\x05")
    assert stage.take_ignored() == ["c"]
    wire.client(request()).server(response()).gap(0, 5).ends()
    assert stage.take_ignored() == []
    assert wire.records == []


def test_records_of_connections_that_are_not_known_are_passed_over() -> None:
    stage = WebSocket()
    stray: list[StreamRecord] = [
        StreamBytes("gone", 0, 1, 1, b"x"),
        ConnectionEnd(connection="gone", time_ns=1, packet=1, how="fin"),
    ]
    assert [stage.receive(record) for record in stray] == [[], []]
    assert stage.expire(10) == []
    assert stage.finish() == []


def test_anomalies_and_lost_bytes_are_counted() -> None:
    stage = WebSocket(Limits(held_anomalies=1))
    wire = Wire(stage).opened().server(frame(3) * 5).server(b"\x81\x7f\xff" + bytes(7))
    assert len(wire.anomalies) == 3
    counted = accounting(stage)
    assert counted.anomalies == {"frame_reserved_opcode": 5, "frame_length_invalid": 1, "direction_lost": 1}
    assert counted.bytes_unsynchronised == 10
    assert wire.ends().summary.anomalies == counted.anomalies
    assert accounting(stage).anomalies == counted.anomalies


pieces = st.sampled_from(
    [
        request(),
        response(),
        response(DEFLATE_AGREED),
        REFUSED,
        text(TICK),
        text(TICK, KEY),
        frame(TEXT, Deflater()(TICK.encode()), rsv=RSV1),
        frame(BINARY, b"x" * 300, key=KEY),
        frame(PING),
        frame(CONTINUATION, b"x", fin=False),
        frame(TEXT, b"\xff", fin=False),
        close(1000),
        b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
        head("CONNECT h:80 HTTP/1.1"),
        head("HTTP/1.1 200 OK"),
    ]
)
events = st.tuples(st.integers(0, 1), st.one_of(pieces, pieces, st.binary(max_size=30), st.integers(1, 400)))


@given(
    st.lists(events, max_size=25),
    st.booleans(),
    st.booleans(),
    st.integers(20, 2_000),
    st.sampled_from(["fin", "reset", "capture_end"]),
)
def test_any_bytes_holes_and_ends_never_raise_and_the_equations_hold(
    story: list[tuple[int, bytes | int]], opened: bool, syn: bool, limit: int, how: str
) -> None:
    limits = Limits(
        http_head=1_000,
        held_bytes=limit,
        message_payload=limit,
        inflated_payload=limit,
        resynchronise_buffer=limit,
        held_anomalies=4,
    )
    stage = WebSocket(limits)
    wire = Wire(stage, syn=syn)
    if opened:
        wire.opened(DEFLATE_AGREED)
    for half, event in story:
        if isinstance(event, int):
            wire.gap(half, event)
        else:
            wire.sends(half, event)
        stage.summaries()
    before = accounting(stage)
    wire.ends(how)
    counted = accounting(stage)
    seen = wire.records
    assert counted.messages == counted.messages_decoded + sum(counted.messages_undecoded.values())
    assert counted.messages == len(wire.messages) >= before.messages
    assert sum(counted.frames.values()) == len(wire.frames)
    assert counted.frame_bytes == sum(each.header_length + each.payload_length for each in wire.frames)
    assert sum(counted.connections.values()) == 1
    summaries = [record for record in seen if not isinstance(record, Frame | Message | Handshake | Anomaly)]
    assert len(summaries) == (1 if any(isinstance(record, Handshake | Frame) for record in seen) or summaries else 0)
    for anomaly in (record for record in seen if isinstance(record, Anomaly)):
        assert counted.anomalies[anomaly.anomaly.value] >= 1
    if summaries:
        assert wire.summary.client_to_server.messages + wire.summary.server_to_client.messages == counted.messages
        assert wire.summary.anomalies == counted.anomalies
        assert wire.summary.undecoded == counted.messages_undecoded


messages = st.lists(st.tuples(st.booleans(), st.booleans(), st.binary(max_size=200)), max_size=12)


@given(messages, st.integers(1, 60), st.integers(1, 60))
def test_an_accepted_dialogue_comes_back_whatever_the_cuts(story: list[tuple[bool, bool, bytes]], one: int, two: int) -> None:
    deflaters = (Deflater(), Deflater())
    wire = Wire().opened(DEFLATE_AGREED)
    for from_server, compressed, payload in story:
        body = deflaters[from_server](payload) if compressed else payload
        data = frame(BINARY, body, rsv=RSV1 if compressed else 0, key=None if from_server else KEY)
        size = two if from_server else one
        wire.sends(int(from_server), *(data[i : i + size] for i in range(0, len(data), size)))
    assert wire.payloads == [payload for _, _, payload in story]
    assert wire.anomalies == []


CHECKOUT = Path(__file__).resolve().parents[2]
CORPUS = CHECKOUT.parent / "shared" / "corpus"
CAPTURES = [
    *sorted((CHECKOUT / "captures").glob("*.pcap*")),
    *sorted((CORPUS / "captures").glob("*")),
    *sorted((CORPUS / "real").glob("*.pcap*")),
]


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_what_is_counted_and_told_does_not_depend_on_which_records_are_wanted(capture: Path) -> None:
    stages = {
        wanted: WebSocket(frames=wanted[0], messages=wanted[1]) for wanted in itertools.product((True, False), (True, False))
    }
    told: dict[tuple[bool, bool], list[Record]] = {wanted: [] for wanted in stages}
    transport = Transport()
    try:
        for item in read_captures([str(capture)]):
            if isinstance(item, CaptureLoss):
                continue
            for record in transport.receive(item):
                for wanted, stage in stages.items():
                    told[wanted] += stage.receive(record)
            ignored = {wanted: stage.take_ignored() for wanted, stage in stages.items()}
            assert len({tuple(names) for names in ignored.values()}) == 1
            for name in ignored[True, True]:
                transport.ignore(name)
    except CaptureError:
        pass
    for record in transport.finish():
        for wanted, stage in stages.items():
            told[wanted] += stage.receive(record)
    for wanted, stage in stages.items():
        told[wanted] += stage.finish()
        assert accounting(stage) == accounting(stages[True, True])
        kept = (wanted[0], Frame), (wanted[1], Message)
        expected = [record for record in told[True, True] if all(keep or type(record) is not kind for keep, kind in kept)]
        assert told[wanted] == expected
