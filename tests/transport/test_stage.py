"""The whole transport room: streams come out whole however their segments arrive, and every packet and byte is counted."""

from __future__ import annotations

import struct
from array import array
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.records import (
    Accounting,
    Anomaly,
    AnomalyKind,
    Connection,
    ConnectionEnd,
    PacketBatch,
    StreamBytes,
    StreamEnd,
    StreamGap,
    StreamRecord,
)
from wsobserve.transport.stage import Transport

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
CLIENT, SERVER = (b"\x0a\x00\x00\x01", 40000), (b"\x0a\x00\x00\x02", 80)
SECOND = 1_000_000_000
MILLISECOND = 1_000_000


class Packet(NamedTuple):
    data: bytes
    time_ns: int = 0
    wire: int | None = None


def segment(
    source: tuple[bytes, int],
    destination: tuple[bytes, int],
    sequence: int,
    acknowledgment: int | None,
    flags: int = 0,
    payload: bytes = b"",
    window: int = 1000,
    urgent: int = 0,
) -> bytes:
    """An IPv4 packet, RFC 791 and RFC 9293; checksums left out."""
    if acknowledgment is not None:
        flags |= ACK
    tcp = struct.pack(
        ">HHIIBBHHH",
        source[1],
        destination[1],
        sequence % 2**32,
        (acknowledgment or 0) % 2**32,
        5 << 4,
        flags,
        window,
        0,
        urgent,
    )
    total = 20 + len(tcp) + len(payload)
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, total, 0, 0, 64, 6, 0, source[0], destination[0]) + tcp + payload


def up(sequence: int, payload: bytes = b"", ack: int | None = 5001, flags: int = 0, **more: int) -> bytes:
    return segment(CLIENT, SERVER, sequence, ack, flags, payload, **more)


def down(sequence: int, payload: bytes = b"", ack: int | None = 1001, flags: int = 0, **more: int) -> bytes:
    return segment(SERVER, CLIENT, sequence, ack, flags, payload, **more)


HANDSHAKE = [up(1000, ack=None, flags=SYN), down(5000, ack=1001, flags=SYN), up(1001, ack=5001)]


def batch(packets: Sequence[bytes | Packet], first: int = 1, link_type: int = 101, step_ns: int = MILLISECOND) -> PacketBatch:
    """Raw IP packets, one millisecond apart unless they say their time."""
    all_packets = [one if isinstance(one, Packet) else Packet(one, (first + i) * step_ns) for i, one in enumerate(packets)]
    offsets, at = array("q"), 0
    for one in all_packets:
        offsets.append(at)
        at += len(one.data)
    return PacketBatch(
        b"".join(one.data for one in all_packets),
        offsets,
        array("q", [len(one.data) for one in all_packets]),
        array("q", [len(one.data) if one.wire is None else one.wire for one in all_packets]),
        array("q", [one.time_ns for one in all_packets]),
        link_type,
        first,
        "test",
    )


def account(transport: Transport) -> Accounting:
    """The counters, after their equations have been checked."""
    one = Accounting()
    transport.account(one)
    assert one.packets_seen == one.packets_decoded + sum(one.packets_skipped.values()) + sum(one.packets_dropped.values())
    assert one.payload_bytes == (
        one.bytes_delivered + one.bytes_duplicate + sum(one.bytes_discarded.values()) + one.bytes_buffered
    )
    assert all(count >= 0 for count in one.packets_skipped.values())
    return one


def run(packets: Sequence[bytes | Packet], limits: Limits | None = None, link_type: int = 101) -> list[StreamRecord]:
    transport = Transport(limits or Limits())
    records = transport.receive(batch(packets, link_type=link_type))
    account(transport)
    records += transport.finish()
    assert account(transport).bytes_buffered == 0
    return records


def sources(records: Sequence[StreamRecord]) -> dict[tuple[str, int], str]:
    return {(one.id, i): half.source for one in records if isinstance(one, Connection) for i, half in enumerate(one.halves)}


def streams(records: Sequence[StreamRecord]) -> dict[str, bytes]:
    """What each source delivered; a gap shows as that many dots."""
    names = sources(records)
    found: dict[str, bytes] = defaultdict(bytes)
    for one in records:
        if isinstance(one, StreamBytes):
            found[names[one.connection, one.half]] += one.data
        elif isinstance(one, StreamGap):
            found[names[one.connection, one.half]] += b"." * one.length
    return dict(found)


def anomalies(records: Sequence[StreamRecord]) -> list[AnomalyKind]:
    return [one.anomaly for one in records if isinstance(one, Anomaly)]


def ends(records: Sequence[StreamRecord]) -> list[str]:
    return [one.reason for one in records if isinstance(one, StreamEnd)]


def only_end(records: Sequence[StreamRecord]) -> ConnectionEnd:
    (end,) = [one for one in records if isinstance(one, ConnectionEnd)]
    return end


UP, DOWN = "10.0.0.1:40000", "10.0.0.2:80"
CLOSING = [up(1006, flags=FIN), down(5003, ack=1007, flags=FIN), up(1007, ack=5004)]


def test_a_whole_connection_tells_its_bytes_and_its_end() -> None:
    records = run([*HANDSHAKE, up(1001, b"hello"), down(5001, b"ok", ack=1006), up(1006, flags=FIN), down(5003, flags=FIN)])
    connection = records[0]
    assert isinstance(connection, Connection)
    assert connection.endpoints == (UP, DOWN)
    assert connection.initiator == 0
    assert [type(one).__name__ for one in records] == [
        "Connection",
        "StreamBytes",
        "StreamBytes",
        "StreamEnd",
        "StreamEnd",
        "ConnectionEnd",
    ]
    assert streams(records) == {UP: b"hello", DOWN: b"ok"}
    first = records[1]
    assert isinstance(first, StreamBytes)
    assert (first.packet, first.time_ns) == (4, 4 * MILLISECOND)
    end = only_end(records)
    assert (end.how, end.ended_by) == ("fin", 0)
    assert end.health.round_trip_ns == MILLISECOND
    assert end.health.payload_bytes == (5, 2)


def test_the_identifier_depends_on_the_connection_alone() -> None:
    other = segment((b"\x0a\x00\x00\x09", 1), SERVER, 1, None, SYN)
    alone = run([Packet(other, 5), *HANDSHAKE])[0]
    late = run([Packet(other[:12] + b"\x0a\x00\x00\x08" + other[16:], 7), *HANDSHAKE])[0]
    assert isinstance(alone, Connection)
    assert isinstance(late, Connection)
    assert alone.id == late.id
    assert len(alone.id) == 16


def test_a_hole_that_is_filled_gives_its_bytes_with_the_packet_that_filled_it() -> None:
    records = run([*HANDSHAKE, up(1004, b"lo"), up(1001, b"hel")])
    found = [one for one in records if isinstance(one, StreamBytes)]
    assert [(one.packet, one.data) for one in found] == [(5, b"hel"), (5, b"lo")]


def test_a_hole_that_was_acknowledged_is_given_up_after_the_wait() -> None:
    transport = Transport()
    transport.receive(batch([*HANDSHAKE, up(1004, b"lo"), down(5001, ack=1006)]))
    assert transport.expire(SECOND) == []
    gap, data = transport.expire(2 * SECOND + 10 * MILLISECOND)
    assert isinstance(gap, StreamGap)
    assert isinstance(data, StreamBytes)
    assert (gap.length, gap.reason, gap.packet) == (3, "lost", 4)
    assert (data.data, data.packet, data.time_ns) == (b"lo", 4, 4 * MILLISECOND)


def test_a_hole_that_nobody_acknowledged_waits_ten_seconds() -> None:
    transport = Transport()
    transport.receive(batch([*HANDSHAKE, up(1004, b"lo")]))
    assert transport.expire(9 * SECOND) == []
    assert len(transport.expire(11 * SECOND)) == 2


def test_a_hole_that_was_acknowledged_is_given_up_after_64_segments() -> None:
    packets = [*HANDSHAKE, up(1002, b"b"), down(5001, ack=1003), *(up(1003 + i, b"c") for i in range(64))]
    transport = Transport()
    records = transport.receive(batch(packets))
    assert streams(records)[UP] == b".b" + b"c" * 64


def test_buffered_bytes_beyond_the_limit_give_up_the_hole() -> None:
    limits = Limits(stream_buffer=5000)
    transport = Transport(limits)
    records = transport.receive(batch([*HANDSHAKE, *(up(1002 + i * 1000, b"x" * 1000) for i in range(5))]))
    gap = next(one for one in records if isinstance(one, StreamGap))
    assert gap.reason == "limit"
    assert account(transport).bytes_buffered <= 5000


def test_the_buffers_of_all_connections_together_have_a_limit() -> None:
    transport = Transport(Limits(total_buffer=10_000))
    packets = []
    for port in range(20):
        client = (CLIENT[0], 1000 + port)
        packets += [segment(client, SERVER, 1, None, SYN), segment(client, SERVER, 100, None, 0, b"x" * 1000)]
    transport.receive(batch(packets))
    assert account(transport).bytes_buffered <= 10_000


def test_bytes_cut_by_the_snap_length_are_a_gap_at_once() -> None:
    whole = up(1001, b"hello world")
    records = run([*HANDSHAKE, Packet(whole[:45], 4 * MILLISECOND, len(whole)), up(1012, b"!")])
    assert streams(records) == {UP: b"hello" + b"." * 6 + b"!"}
    gap = next(one for one in records if isinstance(one, StreamGap))
    assert gap.reason == "cut"


def test_a_tail_that_was_acknowledged_but_never_seen_is_a_gap_at_the_end() -> None:
    assert streams(run([*HANDSHAKE, up(1001, b"hi"), down(5001, ack=1010)]))[UP] == b"hi" + b"." * 7


def test_an_acknowledged_fin_that_was_not_captured_is_no_gap() -> None:
    assert streams(run([*HANDSHAKE, up(1001, b"hi"), down(5001, ack=1004, flags=FIN)]))[UP] == b"hi"


def test_a_fin_says_how_many_bytes_are_missing() -> None:
    records = run([*HANDSHAKE, up(1001, b"hi"), up(1010, flags=FIN)])
    assert streams(records)[UP] == b"hi" + b"." * 7
    assert ends(records) == ["fin", "capture_end"]


def test_data_on_a_syn_starts_the_stream() -> None:
    records = run([up(1000, b"early", ack=None, flags=SYN), down(5000, ack=1006, flags=SYN), up(1006, b"late")])
    assert streams(records) == {UP: b"earlylate"}


def test_sequence_numbers_wrap() -> None:
    start = 2**32 - 3
    packets = [up(start - 1, ack=None, flags=SYN), up(start, b"abcde"), up(start + 8, b"ij"), up(start + 5, b"fgh")]
    assert streams(run(packets)) == {UP: b"abcdefghij"}


def test_the_first_copy_of_a_byte_wins_and_another_one_is_an_anomaly() -> None:
    records = run([*HANDSHAKE, up(1001, b"GOOD"), up(1001, b"EVIL")])
    assert streams(records) == {UP: b"GOOD"}
    assert anomalies(records) == [AnomalyKind.TCP_OVERLAP_CONFLICT]


def test_overlaps_of_held_bytes_are_compared_too() -> None:
    records = run([*HANDSHAKE, up(1003, b"cd"), up(1002, b"bXd"), up(1001, b"a")])
    assert streams(records) == {UP: b"abcd"}
    assert anomalies(records) == [AnomalyKind.TCP_OVERLAP_CONFLICT]


def test_a_retransmission_with_the_same_bytes_is_counted_and_no_anomaly() -> None:
    records = run([*HANDSHAKE, up(1001, b"same"), up(1001, b"same"), up(1003, b"me+")])
    assert streams(records) == {UP: b"same+"}
    assert anomalies(records) == []
    assert only_end(records).health.retransmitted_segments == (2, 0)


def test_the_garbage_byte_of_a_keep_alive_is_not_compared() -> None:
    records = run([*HANDSHAKE, up(1001, b"data"), up(1004, b"\0"), up(1004, b""), up(1005, b"!")])
    assert streams(records) == {UP: b"data!"}
    assert anomalies(records) == []
    assert only_end(records).health.retransmitted_segments == (0, 0)


def test_data_behind_the_fin_is_an_anomaly_and_not_delivered() -> None:
    records = run([*HANDSHAKE, up(1001, b"end", flags=FIN), up(1004, b"more"), up(1008, b"more")])
    assert streams(records) == {UP: b"end"}
    assert anomalies(records) == [AnomalyKind.TCP_DATA_AFTER_FIN]


def test_held_data_behind_a_fin_that_comes_late_is_not_delivered() -> None:
    records = run([*HANDSHAKE, up(1003, b"cdef"), up(1005, flags=FIN), up(1001, b"ab")])
    assert streams(records) == {UP: b"abcd"}
    assert anomalies(records) == [AnomalyKind.TCP_DATA_AFTER_FIN]


def test_data_far_from_the_window_is_an_anomaly() -> None:
    records = run([*HANDSHAKE, up(1001 + 2**30 + 5, b"far"), up(1001, b"near")])
    assert streams(records) == {UP: b"near"}
    assert anomalies(records) == [AnomalyKind.TCP_OUT_OF_WINDOW]


def test_a_stream_that_went_on_far_away_is_followed_behind_a_gap_when_both_sides_are_there() -> None:
    for jump in (2**30 + 7, 2**31, 3 * 2**30 - 9):
        at = 1006 + jump
        far = [up(at + 2 * i, b"..") for i in range(4)]
        records = run([*HANDSHAKE, up(1001, b"hello"), *far, down(5001, ack=at + 8), up(at + 8, b"on"), up(at + 10, b"ward")])
        assert [one.data for one in records if isinstance(one, StreamBytes)] == [b"hello", b"on", b"ward"]
        assert [(one.length, one.packet) for one in records if isinstance(one, StreamGap)] == [(jump + 8, 10)]
        assert anomalies(records) == [AnomalyKind.TCP_OUT_OF_WINDOW] * 4


def test_a_stream_far_away_that_the_receiver_does_not_acknowledge_is_not_believed() -> None:
    far = [up(2**31 + i, b"x") for i in range(50)]
    records = run([*HANDSHAKE, *far, down(5001, ack=1001), up(1001, b"near")])
    assert streams(records) == {UP: b"near"}


def test_urgent_data_is_read_in_line_and_told_once() -> None:
    records = run([*HANDSHAKE, up(1001, b"ab", flags=URG, urgent=1), up(1003, b"cd", flags=URG, urgent=1)])
    assert streams(records) == {UP: b"abcd"}
    assert anomalies(records) == [AnomalyKind.TCP_URGENT_DATA]


def test_one_half_closes_and_the_other_goes_on() -> None:
    records = run([*HANDSHAKE, up(1001, flags=FIN), down(5001, b"answer", ack=1002), down(5007, flags=FIN)])
    assert streams(records) == {DOWN: b"answer"}
    assert only_end(records).how == "fin"
    assert only_end(records).ended_by == 0


def test_a_reset_ends_both_halves_and_its_text_is_no_stream_data() -> None:
    records = run([*HANDSHAKE, up(1001, b"hi"), down(5001, b"go away", ack=1003, flags=RST)])
    assert streams(records) == {UP: b"hi"}
    assert ends(records) == ["reset", "reset"]
    end = only_end(records)
    assert (end.how, end.ended_by, end.packet) == ("reset", 1, 5)


def test_a_reset_takes_effect_when_nothing_came_for_a_while() -> None:
    transport = Transport()
    assert only_end(transport.receive(batch([*HANDSHAKE, up(1001, flags=RST)])) + transport.expire(3 * SECOND)).how == "reset"


def test_a_refused_connection_is_counted_and_nothing_is_told_of_it() -> None:
    transport = Transport()
    refused = [up(1000, ack=None, flags=SYN), down(0, ack=1001, flags=RST)]
    assert transport.receive(batch(refused)) + transport.finish() == []
    assert account(transport).connections == {"half_open": 1}


def test_a_forged_refusal_does_not_hide_the_connection() -> None:
    records = run([HANDSHAKE[0], down(0, ack=1001, flags=RST), HANDSHAKE[1], HANDSHAKE[2], up(1001, b"hello")])
    assert streams(records) == {UP: b"hello"}
    assert only_end(records).how == "capture_end"


def test_a_forged_reset_does_not_blind_us() -> None:
    for forged in (up(1001, flags=RST), up(1500, flags=RST), down(5001, flags=RST)):
        records = run(
            [*HANDSHAKE, forged, up(1001, b"hel"), down(5001, ack=1004), up(1004, b"lo"), down(5001, b"ok", ack=1006)]
        )
        assert streams(records) == {UP: b"hello", DOWN: b"ok"}
        assert only_end(records).how == "capture_end"


def test_a_reset_out_of_the_window_is_an_anomaly_and_counts_when_nothing_follows() -> None:
    records = run([*HANDSHAKE, up(1001, b"hi"), up(1500, flags=RST)])
    assert anomalies(records) == [AnomalyKind.TCP_RESET_OUT_OF_WINDOW]
    assert only_end(records).how == "reset"


def test_ports_used_again_are_a_new_connection() -> None:
    records = run([*HANDSHAKE, up(1001, b"old"), up(9000, ack=None, flags=SYN), up(9001, b"new")])
    first, second = (one for one in records if isinstance(one, Connection))
    assert first.id != second.id
    assert [one.data for one in records if isinstance(one, StreamBytes)] == [b"old", b"new"]
    assert ends(records)[:2] == ["replaced", "replaced"]
    assert records.index(second) > max(
        i for i, one in enumerate(records) if isinstance(one, ConnectionEnd) and one.connection == first.id
    )


def test_ports_used_again_are_known_by_a_syn_ack_too() -> None:
    records = run([*HANDSHAKE, up(1001, b"old"), down(7000, ack=9001, flags=SYN), up(9001, b"new", ack=7001)])
    assert sum(isinstance(one, Connection) for one in records) == 2
    assert [one.data for one in records if isinstance(one, StreamBytes)] == [b"old", b"new"]


def test_a_syn_sent_again_is_the_same_connection() -> None:
    records = run([HANDSHAKE[0], HANDSHAKE[0], HANDSHAKE[1], HANDSHAKE[1], up(1001, b"x"), HANDSHAKE[0]])
    assert sum(isinstance(one, Connection) for one in records) == 1
    assert only_end(records).health.round_trip_ns is None


def test_late_packets_of_a_closed_connection_make_no_new_one() -> None:
    closing = [up(1001, b"hello"), *CLOSING, up(1001, b"hello"), down(5003, ack=1007, flags=FIN), HANDSHAKE[0]]
    packets = [*HANDSHAKE, down(5001, b"ok"), *closing]
    records = run(packets)
    assert sum(isinstance(one, Connection) for one in records) == 1
    assert sum(isinstance(one, ConnectionEnd) for one in records) == 1


def test_a_closed_connection_is_forgotten_in_time() -> None:
    packets: list[bytes | Packet] = [*HANDSHAKE, down(5001, b"ok"), up(1001, b"hello"), *CLOSING]
    records = run([*packets, Packet(up(2000, b"other"), 100 * SECOND)])
    assert sum(isinstance(one, Connection) for one in records) == 2
    assert streams(records)[UP] == b"helloother"


def test_an_idle_connection_is_evicted() -> None:
    transport = Transport()
    transport.receive(batch([*HANDSHAKE]))
    assert transport.expire(3000 * SECOND) == []
    records = transport.expire(3700 * SECOND)
    assert ends(records) == ["evicted", "evicted"]
    assert transport.finish() == []


def test_one_packet_from_the_far_future_makes_no_connection_old() -> None:
    other = segment((CLIENT[0], 9), SERVER, 1, 1, 0, b"?")
    packets: list[bytes | Packet] = [
        *HANDSHAKE,
        up(1004, b"lo"),
        Packet(other, 10**9 * SECOND),
        up(1007, b"!"),
        up(1001, b"hel"),
        up(1006, b","),
    ]
    transport = Transport()
    records = transport.receive(batch(packets))
    assert ends(records) == []
    assert streams(records)[UP] == b"hello,!"


def test_time_has_passed_when_two_packets_say_so() -> None:
    late = [Packet(segment((CLIENT[0], port), SERVER, 1, 1, 0, b"?"), 4000 * SECOND) for port in (8, 9)]
    transport = Transport()
    assert ends(transport.receive(batch([*HANDSHAKE, late[0]]))) == []
    assert ends(transport.receive(batch([late[1]], first=5))) == ["evicted", "evicted"]


def test_a_flood_of_syns_evicts_itself_and_not_the_others() -> None:
    transport = Transport(Limits(connections=50))
    flood = [segment((i.to_bytes(4, "big"), 1), SERVER, 1, None, SYN) for i in range(1000)]
    records = transport.receive(batch([*HANDSHAKE, *flood, up(1001, b"still here")]))
    assert [one.data for one in records if isinstance(one, StreamBytes)] == [b"still here"]
    assert not any(isinstance(one, ConnectionEnd) for one in records)
    counted = account(transport)
    assert counted.connections == {"half_open": 1000}
    assert 950 <= counted.connections_evicted["limit"] <= 1000


def test_of_a_syn_and_its_answer_nothing_is_told_until_more_comes() -> None:
    transport = Transport()
    assert transport.receive(batch(HANDSHAKE[:2])) == []
    assert account(transport).connections == {"half_open": 1}
    (connection,) = transport.receive(batch(HANDSHAKE[2:], first=3))
    assert isinstance(connection, Connection)
    assert (connection.packet, connection.time_ns, connection.initiator) == (1, MILLISECOND, 0)
    assert account(transport).connections == {}
    assert only_end(transport.finish()).health.round_trip_ns == MILLISECOND


def test_a_syn_alone_that_is_idle_is_counted_and_nothing_is_told_of_it() -> None:
    transport = Transport()
    transport.receive(batch([HANDSHAKE[0]]))
    assert transport.expire(3000 * SECOND) == []
    assert account(transport).connections_evicted == {}
    assert transport.expire(3700 * SECOND) == []
    assert account(transport).connections_evicted == {"idle": 1}
    assert transport.finish() == []
    assert account(transport).connections == {"half_open": 1}


def test_an_ignored_connection_delivers_nothing_more_but_its_end() -> None:
    transport = Transport()
    records = transport.receive(batch([*HANDSHAKE, up(1001, b"hel"), up(1006, b"world")]))
    first = records[0]
    assert isinstance(first, Connection)
    transport.ignore(first.id)
    assert account(transport).bytes_discarded == {"ignored": 5}
    more = [up(1011, b"!!!"), down(5001, b"no", ack=1014), up(1014, flags=FIN), down(5003, ack=1015, flags=FIN)]
    records = transport.receive(batch(more, first=9))
    assert ends(records) == ["fin", "fin"]
    assert [type(one).__name__ for one in records] == ["StreamEnd", "StreamEnd", "ConnectionEnd"]
    assert account(transport).bytes_discarded == {"ignored": 10}
    assert account(transport).bytes_lost == 0


def test_zero_windows_are_measured() -> None:
    records = run([*HANDSHAKE, down(5001, window=0), up(1001, b"?"), down(5001, window=9)])
    assert only_end(records).health.zero_window_ns == (0, 2 * MILLISECOND)


def test_a_connection_joined_in_the_middle_delivers_both_halves_in_the_order_of_arrival() -> None:
    records = run([up(1001, b"ping"), down(5001, b"pong", ack=1005), up(1005, b"again", ack=5005)])
    assert [one.data for one in records if isinstance(one, StreamBytes)] == [b"ping", b"pong", b"again"]
    assert [one.packet for one in records if isinstance(one, StreamBytes)] == [1, 2, 3]
    assert sum(isinstance(one, StreamGap) for one in records) == 0


def test_a_connection_joined_in_the_middle_waits_for_its_start_only_for_some_packets() -> None:
    transport = Transport()
    records = transport.receive(batch([up(1001 + i, bytes([65 + i])) for i in range(20)]))
    assert streams(records) == {UP: bytes(range(65, 85))}


def test_a_late_syn_puts_data_that_came_before_it_in_place() -> None:
    records = run([up(1004, b"lo"), up(1001, b"hel"), HANDSHAKE[1], HANDSHAKE[0]])
    assert streams(records) == {UP: b"hello"}
    assert sum(isinstance(one, Connection) for one in records) == 1


def test_a_start_that_was_lost_is_a_gap_when_the_handshake_was_seen() -> None:
    assert streams(run([HANDSHAKE[0], up(1001, ack=5001), down(5004, b"rest")])) == {DOWN: b"...rest"}


def test_the_same_address_and_port_on_both_sides_is_survived() -> None:
    run([segment(CLIENT, CLIENT, 1, None, SYN), segment(CLIENT, CLIENT, 1, 2, SYN), segment(CLIENT, CLIENT, 2, 2, 0, b"x")])


def test_an_empty_batch_brings_nothing() -> None:
    assert run([]) == []


# --- laws


@st.composite
def shuffled_streams(draw: st.DrawFn) -> tuple[dict[str, bytes], list[bytes]]:
    """Both halves of a connection, cut, overlapped and doubled, their order changed within windows of six packets."""
    starts = draw(st.sampled_from([1000, 2**32 - 4, 2**31 - 3])), draw(st.sampled_from([5000, 2**32 - 1]))
    ends_of = {}
    packets = [
        segment(CLIENT, SERVER, starts[0] - 1, None, SYN),
        segment(SERVER, CLIENT, starts[1] - 1, starts[0], SYN),
        segment(CLIENT, SERVER, starts[0], starts[1]),
    ]
    contents = draw(st.binary(max_size=60)), draw(st.binary(max_size=60))
    done = [0, 0]
    while done[0] < len(contents[0]) or done[1] < len(contents[1]):
        half = draw(st.integers(0, 1))
        if done[half] >= len(contents[half]):
            half = 1 - half
        back = draw(st.integers(0, min(done[half], 4)))
        length = draw(st.integers(1, 9))
        at = done[half] - back
        payload = contents[half][at : at + length]
        pair = (CLIENT, SERVER) if half == 0 else (SERVER, CLIENT)
        one = segment(*pair, starts[half] + at, starts[1 - half] + done[1 - half], PSH, payload)
        packets += [one] * draw(st.integers(1, 2))
        done[half] = max(done[half], at + len(payload))
    if draw(st.booleans()):
        packets.append(segment(CLIENT, SERVER, starts[0] + done[0], starts[1] + done[1], FIN))
        packets.append(segment(SERVER, CLIENT, starts[1] + done[1], starts[0] + done[0] + 1, FIN))
    places = draw(st.lists(st.integers(0, 5), min_size=len(packets), max_size=len(packets)))
    order = sorted(range(len(packets)), key=lambda i: (i + places[i], i))
    ends_of = {name: content for name, content in zip((UP, DOWN), contents, strict=True) if content}
    return ends_of, [packets[i] for i in order]


@given(shuffled_streams())
@settings(max_examples=300, deadline=None)
def test_the_bytes_are_the_same_however_the_segments_arrive(case: tuple[dict[str, bytes], list[bytes]]) -> None:
    expected, packets = case
    records = run(packets)
    assert streams(records) == expected
    assert anomalies(records) == []
    assert sum(isinstance(one, Connection) for one in records) == 1


@given(shuffled_streams(), st.data())
@settings(max_examples=150, deadline=None)
def test_results_do_not_depend_on_how_packets_are_batched(
    case: tuple[dict[str, bytes], list[bytes]], data: st.DataObject
) -> None:
    _, packets = case
    cut = data.draw(st.integers(0, len(packets)))
    transport = Transport()
    records = transport.receive(batch(packets[:cut])) + transport.receive(batch(packets[cut:], first=cut + 1))
    assert records + transport.finish() == run(packets)


@given(shuffled_streams(), st.data())
@settings(max_examples=200, deadline=None)
def test_what_is_delivered_and_what_is_lost_add_up_to_the_stream(
    case: tuple[dict[str, bytes], list[bytes]], data: st.DataObject
) -> None:
    """With its ends known (SYN and FIN), nothing is missing without being told."""
    expected, packets = case
    kept = [one for one in packets if one[33] & (SYN | FIN) or data.draw(st.booleans())]
    if not any(one[33] & FIN for one in kept):
        return
    for name, content in streams(run(kept)).items():
        assert len(content) == len(expected.get(name, b""))
        assert all(byte == ord(".") or byte == other for byte, other in zip(content, expected[name], strict=True))


@given(st.lists(st.tuples(st.binary(max_size=80), st.integers(0, 2**33), st.integers(0, 100)), max_size=12), st.data())
@settings(max_examples=300, deadline=None)
def test_any_bytes_never_raise(packets: list[tuple[bytes, int, int]], data: st.DataObject) -> None:
    link_type = data.draw(st.sampled_from([0, 1, 9, 12, 50, 51, 101, 104, 105, 108, 113, 117, 127, 219, 239, 258, 276, 9999]))
    run([Packet(one, time_ns, len(one) + more) for one, time_ns, more in packets], link_type=link_type)


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.integers(-5, 30) | st.integers(0, 2**32 - 1),
            st.none() | st.integers(-5, 30) | st.integers(0, 2**32 - 1),
            st.sampled_from([0, 0, 0, SYN, FIN, RST, URG, SYN | FIN, SYN | RST, 255]),
            st.binary(max_size=8),
            st.integers(0, 20) | st.integers(0, 200 * SECOND),
            st.integers(0, 8),
        ),
        max_size=40,
    ),
    st.sampled_from([Limits(), Limits(stream_buffer=600, total_buffer=900, connections=1, closed_ns=50)]),
    st.integers(0, 40),
)
@settings(max_examples=500, deadline=None)
def test_any_segments_never_raise_and_everything_is_counted(
    segments: list[tuple[bool, int, int | None, int, bytes, int, int]], limits: Limits, ignored_after: int
) -> None:
    transport = Transport(limits)
    records: list[StreamRecord] = []
    for number, (client, sequence, acknowledgment, flags, payload, time_ns, cut) in enumerate(segments):
        pair = (CLIENT, SERVER) if client else (SERVER, CLIENT)
        whole = segment(*pair, sequence, acknowledgment, flags, payload, urgent=1)
        kept = whole[: max(40, len(whole) - cut)]
        records += transport.receive(batch([Packet(kept, time_ns, len(whole))], first=number + 1))
        if number == ignored_after:
            for one in records:
                if isinstance(one, Connection):
                    transport.ignore(one.id)
        account(transport)
    records += transport.finish()
    assert account(transport).bytes_buffered == 0
    opened = [one.id for one in records if isinstance(one, Connection)]
    assert sorted(one.connection for one in records if isinstance(one, ConnectionEnd)) == sorted(opened)
    halves_ended = [(one.connection, one.half) for one in records if isinstance(one, StreamEnd)]
    assert sorted(halves_ended) == sorted((one, half) for one in opened for half in (0, 1))
    assert_nothing_comes_after_the_end(records)


def assert_nothing_comes_after_the_end(records: Sequence[StreamRecord]) -> None:
    ended: set[tuple[str, int]] = set()
    for one in records:
        if isinstance(one, StreamBytes | StreamGap | StreamEnd):
            assert (one.connection, one.half) not in ended
            if isinstance(one, StreamEnd):
                ended.add((one.connection, one.half))
            elif isinstance(one, StreamBytes):
                assert one.data
            else:
                assert one.length > 0
