"""One half of a connection, fed with payloads by hand."""

from __future__ import annotations

from wsobserve.config import Limits
from wsobserve.records import Half, StreamBytes, StreamEnd, StreamGap, StreamRecord
from wsobserve.transport.held import StreamTotals
from wsobserve.transport.tcp import HalfStream

SECOND = 1_000_000_000


class Feed:
    """A half and what came out of it; each call is one packet, a second after the one before."""

    def __init__(self, syn: int | None = 999) -> None:
        self.half = HalfStream(Half(connection="c", source="a", destination="b"), 0, StreamTotals(Limits()))
        self.out: list[StreamRecord] = []
        self.packet = 0
        if syn is not None:
            self.half.synchronise(syn, self.out)

    def data(self, sequence: int, data: bytes, length: int | None = None, at_ns: int | None = None) -> list[object]:
        self.packet += 1
        time_ns = self.packet if at_ns is None else at_ns
        wire = len(data) if length is None else length
        self.half.receive(sequence % 2**32, data, 0, len(data), wire, time_ns, self.packet, self.out)
        return self.take()

    def fin(self, sequence: int) -> list[object]:
        self.packet += 1
        self.half.finish_at(sequence % 2**32, self.packet, self.packet, self.out)
        return self.take()

    def take(self) -> list[object]:
        """New bytes as bytes, gaps as their length, the end as its reason; each once."""
        found: list[object] = []
        for one in self.out:
            match one:
                case StreamBytes():
                    found.append(one.data)
                case StreamGap():
                    found.append(one.length)
                case StreamEnd():
                    found.append(one.reason)
                case _:
                    found.append(one)
        self.out.clear()
        return found


def test_bytes_in_order_come_out_at_once() -> None:
    feed = Feed()
    assert feed.data(1000, b"ab") == [b"ab"]
    assert feed.data(1002, b"cd") == [b"cd"]
    assert feed.fin(1004) == ["fin"]


def test_the_end_waits_for_the_bytes_in_front_of_it() -> None:
    feed = Feed()
    assert feed.fin(1004) == []
    assert feed.data(1002, b"cd") == []
    assert feed.data(1000, b"ab") == [b"ab", b"cd", "fin"]


def test_an_acknowledgment_behind_the_hole_starts_the_wait() -> None:
    feed = Feed()
    feed.data(1002, b"cd")
    feed.half.acknowledge(1004, 5 * SECOND)
    feed.half.expire(6 * SECOND, feed.out)
    assert feed.take() == []
    feed.half.expire(7 * SECOND, feed.out)
    assert feed.take() == [2, b"cd"]


def test_an_acknowledgment_in_front_of_the_hole_starts_nothing() -> None:
    feed = Feed()
    feed.data(1002, b"cd")
    feed.half.acknowledge(1000, 5 * SECOND)
    feed.half.expire(9 * SECOND, feed.out)
    assert feed.take() == []


def test_several_holes_are_given_up_one_after_the_other() -> None:
    feed = Feed()
    feed.data(1002, b"c")
    feed.data(1004, b"e")
    feed.half.acknowledge(1005, 10)
    feed.half.expire(3 * SECOND, feed.out)
    assert feed.take() == [2, b"c", 1, b"e"]


def test_bytes_of_a_given_up_hole_that_come_late_are_doubled_ones() -> None:
    feed = Feed()
    feed.data(1002, b"cd")
    feed.half.expire(20 * SECOND, feed.out)
    feed.take()
    assert feed.data(1000, b"ab") == []
    assert feed.half.totals.duplicate == 2


def test_a_cut_payload_out_of_order_is_a_gap_in_its_turn() -> None:
    feed = Feed()
    assert feed.data(1002, b"c", length=4) == []
    assert feed.data(1000, b"ab") == [b"ab", b"c", 3]
    assert feed.data(1006, b"g") == [b"g"]


def test_without_a_syn_nothing_comes_out_until_the_start_is_settled() -> None:
    feed = Feed(syn=None)
    assert feed.data(1002, b"cd") == []
    assert feed.data(1000, b"ab") == []
    feed.half.settle(False, feed.out)
    assert feed.take() == [b"ab", b"cd"]


def test_with_a_handshake_seen_the_lowest_acknowledgment_is_the_start() -> None:
    feed = Feed(syn=None)
    feed.half.acknowledge(1000, 1)
    feed.data(1002, b"cd")
    feed.half.settle(True, feed.out)
    feed.half.end("capture_end", 9, 9, feed.out)
    assert feed.take() == [2, b"cd", "capture_end"]


def test_a_silent_half_starts_where_the_receiver_expects_it() -> None:
    feed = Feed(syn=None)
    feed.half.acknowledge(1000, 1)
    feed.half.settle(False, feed.out)
    assert feed.data(1002, b"cd") == []
    assert feed.data(1000, b"ab") == [b"ab", b"cd"]


def test_a_half_of_which_nothing_is_known_starts_with_its_first_bytes() -> None:
    feed = Feed(syn=None)
    feed.half.settle(False, feed.out)
    assert feed.data(7, b"first") == [b"first"]


def test_a_wrong_acknowledgment_does_not_hide_the_data() -> None:
    feed = Feed(syn=None)
    feed.half.acknowledge(2**31 + 5, 1)
    feed.half.settle(False, feed.out)
    assert feed.data(7, b"first") == [b"first"]


def test_positions_go_on_where_sequence_numbers_wrap() -> None:
    feed = Feed(syn=2**32 - 2)
    assert feed.data(2**32 - 1, b"a") == [b"a"]
    assert feed.data(0, b"b") == [b"b"]
    assert feed.half.ordered.expected - feed.half.ordered.start == 2


def test_the_second_fin_changes_nothing() -> None:
    feed = Feed()
    feed.fin(1002)
    assert feed.fin(1001) == []
    assert feed.data(1000, b"ab") == [b"ab", "fin"]
