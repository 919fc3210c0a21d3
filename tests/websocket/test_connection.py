"""One connection from its first byte to its summary: handshake, frames both ways, close, and everything that can go wrong."""

from __future__ import annotations

import msgspec
import pytest

from tests.websocket.wire import (
    BINARY,
    CLIENT,
    CLIENT_HALF,
    DEFLATE_AGREED,
    KEY,
    PING,
    RSV1,
    SERVER,
    SERVER_HALF,
    TEXT,
    Deflater,
    Wire,
    close,
    cuts,
    frame,
    head,
    request,
    response,
    text,
    timeless,
)
from wsobserve.config import Limits
from wsobserve.records import (
    Anomaly,
    AnomalyKind,
    Connection,
    ConnectionEnd,
    ConnectionSummary,
    Frame,
    Half,
    Handshake,
    Message,
    TcpHealth,
)
from wsobserve.websocket.connection import WebSocketConnection
from wsobserve.websocket.stage import WebSocket

A = AnomalyKind
TICK = '{"type":"tick","price":17.25}'
REFUSED = head("HTTP/1.1 401 Unauthorized", [("Content-Length", "0")])


def test_a_connection_from_its_handshake_to_its_close() -> None:
    wire = Wire().opened()
    wire.client(text("Hello", KEY)).server(text("World")).client(close(1000, b"bye", KEY)).server(close(1000)).ends()
    handshake, hello, _, world, _, ours, theirs, summary = wire.records
    assert isinstance(handshake, Handshake)
    assert (handshake.state, handshake.half) == ("accepted", CLIENT_HALF)
    assert (handshake.request_packet, handshake.packet) == (1, 2)
    assert isinstance(hello, Frame)
    assert isinstance(world, Frame)
    assert (hello.half, world.half) == (CLIENT_HALF, SERVER_HALF)
    assert (hello.packet, world.packet) == (3, 4)
    assert isinstance(ours, Frame)
    assert isinstance(theirs, Frame)
    assert wire.payloads == [b"Hello", b"World"]
    assert isinstance(summary, ConnectionSummary)
    assert (summary.state, summary.started_mid_stream, summary.handshake) == ("closed", False, handshake)
    assert (summary.client_to_server.messages, summary.server_to_client.wire_bytes) == (1, 11)
    assert summary.close.verdict == "clean"
    assert (summary.close.status_code, summary.close.reason, summary.close.first_sent_by) == (1000, "bye", "client")
    assert (summary.anomalies, summary.undecoded) == ({}, {})


def test_records_do_not_depend_on_how_either_direction_is_cut() -> None:
    ours = text("Hello", KEY) + frame(BINARY, b"", key=KEY) + close(1000, b"", KEY)
    theirs = response() + text("World") + frame(PING) + close(1000)
    whole = timeless(Wire().client(request()).server(theirs).client(ours).ends().records)
    for pieces in cuts(theirs):
        assert timeless(Wire().client(request()).server(*pieces).client(ours).ends().records) == whole
    for pieces in cuts(ours):
        assert timeless(Wire().client(request()).server(theirs).client(*pieces).ends().records) == whole
    for pieces in cuts(request()):
        assert timeless(Wire().client(*pieces).server(theirs).client(ours).ends().records) == whole


def test_frames_in_the_segment_of_the_101() -> None:
    wire = Wire().client(request()).server(response() + text("first"))
    assert wire.payloads == [b"first"]
    assert wire.messages[0].packet == 2


def test_client_data_before_the_101_is_decoded_and_said() -> None:
    wire = Wire().client(request() + text("early", KEY)).client(text("too", KEY)).server(response() + text("late"))
    assert wire.payloads == [b"early", b"too", b"late"]
    assert [message.packet for message in wire.messages] == [1, 2, 3]
    assert wire.anomalies == [A.HANDSHAKE_DATA_BEFORE_RESPONSE]


def test_a_hole_in_client_data_before_the_101() -> None:
    early = text("0123456789", KEY)
    wire = Wire().client(request() + early[:10]).gap(0, 4).client(early[14:] + text("next", KEY)).server(response())
    assert [message.undecoded for message in wire.messages] == ["incomplete", None]
    assert wire.anomalies == [A.HANDSHAKE_DATA_BEFORE_RESPONSE, A.GAP_IN_STREAM]


def test_the_101_before_its_request_in_the_capture() -> None:
    wire = Wire().server(response() + text("first")).client(request()).client(text("x", KEY))
    assert wire.payloads == [b"first", b"x"]
    assert wire.handshakes[0].accept_valid is True


def test_a_101_without_its_request() -> None:
    wire = Wire(syn=False).server(response() + text("first")).client(text("x", KEY))
    assert wire.payloads == [b"first", b"x"]
    assert wire.anomalies == [A.HANDSHAKE_MISSING_REQUEST]
    assert (wire.ends().summary.half.client, wire.summary.started_mid_stream) == (CLIENT, False)


def test_a_101_whose_request_is_lost_does_not_say_where_the_clients_frames_begin() -> None:
    wire = (
        Wire()
        .gap(0, 200)
        .server(response() + text("first"))
        .client(text(TICK, KEY)[9:])
        .client(text(TICK, KEY), text(TICK, KEY))
    )
    assert wire.payloads == [b"first", TICK.encode(), TICK.encode()]
    assert wire.ends().summary.client_to_server.unsynchronised_bytes == len(text(TICK, KEY)) - 9


def test_a_lost_101_is_implied_by_the_frames() -> None:
    wire = Wire().client(request()).gap(1, 150).server(text(TICK)).client(text(TICK, KEY)).server(text(TICK)).ends()
    (handshake,) = wire.handshakes
    assert (handshake.state, handshake.status_code, handshake.path_template) == ("accepted", None, "/chat")
    assert wire.payloads == [TICK.encode()] * 3
    assert (wire.summary.state, wire.summary.started_mid_stream) == ("closed", False)


def test_an_unanswered_request_stays_unanswered_whatever_else_comes() -> None:
    for follows in ([], [b"no frames at all"], [b"\x00" * 3_000]):
        wire = Wire().client(request()).gap(1, 10).server(*follows).ends()
        (handshake,) = wire.handshakes
        assert (handshake.state, wire.summary.state) == ("unanswered", "unanswered")
        assert wire.frames == []


def test_when_the_client_goes_on_in_http_its_upgrade_is_unanswered_and_a_later_one_is_followed() -> None:
    wire = Wire().client(request("/a")).gap(1, 10).server(b"the rest of some response")
    wire.client(head("GET / HTTP/1.1")).client(request("/b")).server(response() + text("x")).ends()
    assert [(handshake.state, handshake.target) for handshake in wire.handshakes] == [("unanswered", "/a"), ("accepted", "/b")]
    assert wire.payloads == [b"x"]


def test_the_answer_may_come_behind_bytes_that_are_none() -> None:
    wire = Wire().client(request("/a")).gap(1, 10).server(b"the rest of some response").server(response() + text("x")).ends()
    assert [(handshake.state, handshake.target) for handshake in wire.handshakes] == [("accepted", "/a")]
    assert wire.payloads == [b"x"]


def test_unanswered_and_refused_upgrades_are_recorded() -> None:
    wire = Wire().client(request("/a")).ends("reset")
    assert (wire.handshakes[0].state, wire.summary.state, wire.summary.close.tcp) == ("unanswered", "unanswered", "reset")
    wire = Wire().client(request("/a")).server(REFUSED).ends()
    assert (wire.handshakes[0].state, wire.handshakes[0].status_code, wire.summary.state) == ("refused", 401, "refused")
    assert wire.anomalies == []


def test_refused_and_then_accepted() -> None:
    wire = Wire().client(request("/a")).server(REFUSED).client(request("/b")).server(response() + text("x")).ends()
    assert [handshake.state for handshake in wire.handshakes] == ["refused", "accepted"]
    assert wire.payloads == [b"x"]
    assert wire.summary.handshake == wire.handshakes[1]


def test_an_answer_that_cannot_be_read_is_said() -> None:
    wire = Wire().client(request()).server(b"HTTP/1.1 abc\r\n\r\n").server(text(TICK)).client(text(TICK, KEY)).ends()
    assert A.HTTP_MALFORMED in wire.anomalies
    assert wire.payloads == [TICK.encode()] * 2


def test_a_client_that_does_not_wait_for_its_answer_is_followed_without_it() -> None:
    stage = WebSocket(Limits(held_bytes=2_000))
    wire = Wire(stage).client(request()).client(*[text(TICK, KEY)] * 40)
    assert wire.anomalies[0] == A.LIMIT_HANDSHAKE_SIZE
    assert wire.payloads == [TICK.encode()] * 40


def test_a_wrong_accept_value_is_said_and_the_frames_are_decoded() -> None:
    wire = Wire().client(request()).server(response(key="AAAAAAAAAAAAAAAAAAAAAA==") + text("x"))
    assert wire.anomalies == [A.HANDSHAKE_ACCEPT_WRONG]
    assert wire.payloads == [b"x"]
    assert wire.handshakes[0].accept_valid is False


def test_deflate_is_agreed_on_for_each_direction() -> None:
    agreed = ("Sec-WebSocket-Extensions", "permessage-deflate; client_no_context_takeover")
    ours, theirs = Deflater(takeover=False), Deflater(takeover=True)
    wire = Wire().opened(agreed)
    for number in range(3):
        payload = b"the same words %d" % number
        wire.client(frame(TEXT, ours(payload), rsv=RSV1, key=KEY)).server(frame(TEXT, theirs(payload), rsv=RSV1))
    assert wire.payloads == [b"the same words %d" % (number // 2) for number in range(6)]
    assert wire.anomalies == []


def test_an_unknown_extension_is_not_guessed() -> None:
    wire = Wire().client(request("/", ("Sec-WebSocket-Extensions", "x-webkit-deflate-frame")))
    wire.server(response(("Sec-WebSocket-Extensions", "x-webkit-deflate-frame")) + frame(TEXT, b"?", rsv=RSV1) + text("plain"))
    assert [message.undecoded for message in wire.messages] == ["unknown_extension", None]
    assert wire.anomalies == []


def test_the_draft_with_other_frames_is_recorded_and_its_frames_are_left_alone() -> None:
    asked = head("GET /old HTTP/1.1", [("Upgrade", "WebSocket"), ("Sec-WebSocket-Key1", "1"), ("Sec-WebSocket-Key2", "2")])
    wire = (
        Wire().client(asked + b"12345678").server(head("HTTP/1.1 101 x", [("Upgrade", "WebSocket")]) + b"\x00text\xff").ends()
    )
    assert [handshake.state for handshake in wire.handshakes] == ["accepted"]
    assert A.HANDSHAKE_VERSION in wire.anomalies
    assert (wire.frames, wire.summary.state) == ([], "closed")


@pytest.mark.parametrize("version", ["7", "8"])
def test_drafts_with_the_same_frames_are_decoded(version: str) -> None:
    wire = Wire().client(request("/", ("Sec-WebSocket-Origin", "http://example.test"), version=version))
    wire.server(response() + text("x"))
    assert wire.anomalies == [A.HANDSHAKE_VERSION]
    assert wire.payloads == [b"x"]
    assert (wire.handshakes[0].version, wire.handshakes[0].origin) == (version, "http://example.test")


@pytest.mark.parametrize("syn", [True, False])
def test_a_connection_joined_mid_stream(syn: bool) -> None:
    # With a SYN and no handshake, bytes must have been lost.
    wire = Wire(syn=syn)
    if syn:
        wire.gap(0, 300).gap(1, 200)
    wire.client(text(TICK, KEY)).server(text(TICK)).client(close(1001, b"", KEY)).ends()
    assert wire.payloads == [TICK.encode()] * 2
    assert wire.anomalies == ([A.RESYNCHRONISED] * 2)
    assert (wire.summary.started_mid_stream, wire.summary.handshake) == (True, None)
    assert (wire.summary.half.client, wire.summary.close.status_code) == (CLIENT, 1001)


def test_joined_mid_stream_the_client_may_be_either_half() -> None:
    wire = Wire(syn=False).sends(1, text(TICK, KEY)).sends(0, text(TICK)).ends()
    assert (wire.summary.half.client, wire.summary.half.server) == (SERVER, CLIENT)
    assert [message.half.direction for message in wire.messages] == ["server_to_client", "client_to_server"][::-1]


def test_joined_mid_stream_what_was_held_comes_in_the_order_of_its_packets() -> None:
    wire = Wire(syn=False)
    for _ in range(3):
        wire.server(frame(BINARY, bytes(range(60)))).client(frame(BINARY, bytes(range(50)), key=KEY))
    wire.server(text(TICK)).client(text(TICK, KEY)).ends()
    assert sorted(message.packet for message in wire.messages) == [1, 2, 3, 4, 5, 6, 7, 8]
    for half in (CLIENT_HALF, SERVER_HALF):
        packets = [message.packet for message in wire.messages if message.half == half]
        assert packets == sorted(packets)


def test_joined_mid_stream_with_deflate() -> None:
    deflater = Deflater()
    before = [deflater(TICK.encode()) for _ in range(3)]
    wire = Wire(syn=False).server(*(frame(TEXT, each, rsv=RSV1) for each in before[1:]), text(TICK)).client(text(TICK, KEY))
    assert [(message.compressed, message.undecoded) for message in wire.ends().messages] == [
        (True, "context_lost"),
        (True, "context_lost"),
        (False, None),
        (False, None),
    ]


def test_an_upgrade_may_still_come_on_a_connection_joined_mid_stream() -> None:
    rest = b"the rest of some response" * 100
    wire = Wire(syn=False).server(rest).client(request()).server(response() + text("x"))
    assert wire.payloads == [b"x"]
    assert wire.anomalies == []


@pytest.mark.parametrize(
    ("half", "data", "kind"),
    [
        (0, b"\x16\x03\x01\x00\xc8\x01", "tls"),
        (0, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http2"),
        (0, b"\x81\x85abcd\x00\x00\x00\x00\x00", "other"),
        (1, b"220 mail.example ESMTP\r\n", "other"),
    ],
)
def test_what_is_certainly_no_websocket_is_ignored(half: int, data: bytes, kind: str) -> None:
    wire = Wire().sends(half, data)
    assert wire.stage.take_ignored() == ["c"]
    wire.sends(half, text(TICK)).ends()
    assert wire.records == []


def test_plain_http_gives_no_records() -> None:
    wire = Wire().client(head("GET / HTTP/1.1")).server(head("HTTP/1.1 200 OK", [("Content-Length", "2")]) + b"ok").ends()
    assert wire.records == []
    assert wire.stage.take_ignored() == []


@pytest.mark.parametrize(
    ("story", "how", "verdict", "state"),
    [
        (["client", "server"], "fin", "clean", "closed"),
        (["client", "server"], "capture_end", "clean", "closed"),
        (["client"], "fin", "close_without_reply", "closed"),
        (["server"], "reset", "close_without_reply", "closed"),
        ([], "fin", "no_close_frame", "closed"),
        ([], "reset", "reset", "closed"),
        ([], "capture_end", "open", "open"),
        (["server"], "capture_end", "open", "open"),
    ],
)
def test_how_it_ended(story: list[str], how: str, verdict: str, state: str) -> None:
    wire = Wire().opened()
    for who in story:
        (wire.client if who == "client" else wire.server)(close(1001, b"", KEY if who == "client" else None))
    summary = wire.ends(how).summary
    assert (summary.close.verdict, summary.state, summary.close.tcp) == (verdict, state, how)
    assert summary.close.first_sent_by == (story[0] if story else None)


def test_a_summary_while_it_lasts() -> None:
    wire = Wire().opened().server(text("x"))
    (summary,) = wire.stage.summaries()
    assert (summary.state, summary.close.verdict, summary.server_to_client.messages) == ("open", "open", 1)


def test_anomalies_of_the_transport_count_for_a_websocket_only() -> None:
    def anomaly(half: Half) -> Anomaly:
        return Anomaly(half=half, time_ns=1, packet=1, anomaly=A.TCP_OVERLAP_CONFLICT, detail="x")

    wire = Wire()
    wire.records += wire.stage.receive(anomaly(Half(connection="c", source=CLIENT, destination=SERVER)))
    assert wire.records == []
    wire.opened()
    wire.records += wire.stage.receive(anomaly(Half(connection="c", source=SERVER, destination=CLIENT)))
    found = [record for record in wire.records if isinstance(record, Anomaly)]
    assert [each.half for each in found] == [CLIENT_HALF, SERVER_HALF]
    assert wire.ends().summary.anomalies == {"tcp_overlap_conflict": 2}


def test_health_is_told_with_the_client_first() -> None:
    halves = (Half(connection="c", source=SERVER, destination=CLIENT), Half(connection="c", source=CLIENT, destination=SERVER))
    made = WebSocketConnection(
        Connection(id="c", endpoints=(SERVER, CLIENT), halves=halves, time_ns=1, packet=1, initiator=1),
        Limits(),
        frames=True,
        messages=True,
    )
    made.read(1, request(), 1, 1, [])
    made.read(0, response(), 2, 2, [])
    health = TcpHealth(round_trip_ns=5, segments=(1, 2), payload_bytes=(3, 4), retransmitted_segments=(5, 6), gaps=(7, 8))
    *_, summary = made.end(ConnectionEnd(connection="c", time_ns=3, packet=3, how="fin", health=health))
    assert isinstance(summary, ConnectionSummary)
    assert summary.half.client == CLIENT
    assert summary.health == TcpHealth(
        round_trip_ns=5, segments=(2, 1), payload_bytes=(4, 3), retransmitted_segments=(6, 5), gaps=(8, 7)
    )


def test_what_is_unfinished_at_the_end_is_said_even_when_only_the_connection_ends() -> None:
    wire = Wire().opened().server(text("Hello")[:4]).client(frame(TEXT, b"Hel", fin=False, key=KEY))
    wire.records += wire.stage.finish()
    assert wire.anomalies == [A.FRAME_INCOMPLETE]
    assert [message.undecoded for message in wire.messages] == ["incomplete"]


SECRET = "s3cr3tS3CR3Ts3cr3tS3CR3T"


def test_no_secret_of_a_handshake_reaches_any_record() -> None:
    secrets = [
        ("Cookie", f"session={SECRET}"),
        ("Authorization", f"Bearer {SECRET}"),
        ("Sec-WebSocket-Protocol", f"base64url.bearer.phx.{SECRET}, chat"),
        ("Sec-WebSocket-Extensions", f"x-auth; token={SECRET}"),
    ]
    answers = [
        ("Set-Cookie", f"session={SECRET}"),
        ("Sec-WebSocket-Protocol", f"base64url.bearer.phx.{SECRET}"),
        ("Sec-WebSocket-Extensions", f"x-auth; token={SECRET}"),
    ]
    wire = Wire().client(request(f"/chat/{SECRET}?token={SECRET}&{SECRET}", *secrets)).server(response(*answers))
    wire.client(close(1000, SECRET.encode(), KEY)).server(close(1000, f"token {SECRET}".encode())).ends()
    for record in wire.records:
        if not isinstance(record, Frame | Message):
            assert SECRET not in str(msgspec.to_builtins(record))


def test_deflate_that_was_not_agreed_on_is_a_violation() -> None:
    wire = Wire().opened().server(frame(TEXT, Deflater()(b"words"), rsv=RSV1))
    assert wire.anomalies[0] == A.FRAME_RESERVED_BIT
    assert not wire.messages[0].compressed
    wire = Wire().opened(DEFLATE_AGREED).server(frame(TEXT, Deflater()(b"words"), rsv=RSV1))
    assert wire.payloads == [b"words"]
