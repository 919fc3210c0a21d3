"""A TCP connection: two halves, how it begins, whether a SYN still belongs to it, how it ends, how healthy it was.

In: segments that the decoder has read. Out: the records of both halves, and `ConnectionEnd` when both have ended.
"""

from __future__ import annotations

from heapq import merge

from wsobserve.records import (
    Anomaly,
    AnomalyKind,
    Connection,
    ConnectionEnd,
    Half,
    StreamBytes,
    StreamEnd,
    StreamGap,
    StreamRecord,
    TcpHealth,
)
from wsobserve.transport.endpoints import connection_id, endpoint_names, opposite
from wsobserve.transport.half_open import REFUSED, UNANSWERED, HalfOpen
from wsobserve.transport.held import StreamTotals
from wsobserve.transport.ordered import EndReason
from wsobserve.transport.packet import PacketDecoder
from wsobserve.transport.tcp import HalfStream
from wsobserve.transport.window import ZeroWindow

FIN = 0x01
SYN = 0x02
RST = 0x04
ACK = 0x10
URG = 0x20
TRUE_START = 1 << 16  # a SYN that comes late lies at most so far in front of the data


class TcpConnection:
    """One connection, from its first packet on. Half 0 is the sender of that packet."""

    __slots__ = (
        "closed_ns",
        "ended_by",
        "halves",
        "id",
        "ignored",
        "key",
        "last_ns",
        "last_packet",
        "packets",
        "partition",
        "reset_by",
        "reset_fits",
        "reset_highest",
        "reset_ns",
        "reset_packet",
        "reverse",
        "round_trip_ns",
        "settled",
        "started_ns",
        "syn_half",
        "syn_ns",
        "zero_windows",
    )

    def __init__(
        self,
        key: bytes,
        partition: int,
        flags: int,
        time_ns: int,
        packet: int,
        totals: StreamTotals,
        out: list[StreamRecord],
    ) -> None:
        self.key = key
        self.partition = partition
        self.started_ns = self.last_ns = time_ns
        self.last_packet = packet
        self.packets = 0
        self.closed_ns = -1  # -1: open
        self.ended_by: int | None = None
        self.reset_by = -1  # the half that sent an RST, as long as nothing proves that the connection lives; -1: none
        self.reset_fits = False
        self.reset_ns = 0
        self.reset_packet = 0
        self.reset_highest = (0, 0)  # of this half and its peer when the RST came
        self.ignored = False
        self.settled = False
        self.syn_half = -1
        self.syn_ns = -1  # -1: none, or more than one
        self.round_trip_ns: int | None = None
        self.zero_windows: tuple[ZeroWindow, ZeroWindow] | None = None  # made when a half cannot receive for the first time
        source, destination, source_bracketed, destination_bracketed = endpoint_names(self.key)
        self.reverse = opposite(key)
        self.id = connection_id(key, self.reverse, time_ns, packet)
        first = Half(connection=self.id, source=source, destination=destination)
        second = Half(connection=self.id, source=destination, destination=source)
        self.halves = (HalfStream(first, 0, totals), HalfStream(second, 1, totals))
        initiator = None
        if flags & SYN:
            initiator = 1 if flags & ACK else 0
        out.append(
            Connection(
                id=self.id,
                endpoints=(source_bracketed, destination_bracketed),
                halves=(first, second),
                time_ns=time_ns,
                packet=packet,
                initiator=initiator,
                partition=partition,
            )
        )

    # --- segments

    def open(self, syn: HalfOpen) -> None:
        """Take the SYN with which half 0 began, and its answer if there was one."""
        first, second = self.halves
        self.packets = 1
        self.syn_half = 0
        self.syn_ns = -1 if syn.repeated else syn.time_ns
        first.synchronise(syn.sequence_number, [])
        self._announce(0, syn.window, syn.time_ns)
        if syn.answer == UNANSWERED:
            return
        self.packets = 2
        self.last_ns = syn.answer_ns
        self.last_packet = syn.answer_packet
        if syn.answer == REFUSED:
            self._believe_reset(1, True, syn.answer_ns, syn.answer_packet)
            return
        if not syn.repeated:
            self.round_trip_ns = max(syn.answer_ns - syn.time_ns, 0)
        second.synchronise(syn.answer_sequence_number, [])
        self._announce(1, syn.answer_window, syn.answer_ns)
        self.settled = True

    def receive(self, index: int, segment: PacketDecoder, time_ns: int, packet: int, out: list[StreamRecord]) -> bool:
        """Take a segment of half `index`; `belongs` has said yes when it is a SYN. True: time may decide something now."""
        half = self.halves[index]
        peer = self.halves[1 - index]
        self.last_ns = time_ns
        self.last_packet = packet
        self.packets += 1
        flags = segment.flags
        sequence_number = segment.sequence_number
        if flags & 0x26:
            if flags & RST:
                self._reset(index, segment, time_ns, packet, out)
                return True
            if flags & SYN:
                self._synchronise(index, segment, time_ns, out)
                sequence_number = (sequence_number + 1) & 0xFFFFFFFF
            if flags & URG and segment.urgent_pointer:
                half.urgent(time_ns, packet, out)
        if flags & ACK:
            peer.acknowledge(segment.acknowledgment_number, time_ns)
        if segment.window == 0 or self.zero_windows is not None:
            self._announce(index, segment.window, time_ns)
        if segment.payload_length:
            half.receive(
                sequence_number,
                segment.buffer,
                segment.payload_start,
                segment.payload_end,
                segment.payload_length,
                time_ns,
                packet,
                out,
            )
        if flags & FIN:
            if self.ended_by is None:
                self.ended_by = index
            half.finish_at((sequence_number + segment.payload_length) & 0xFFFFFFFF, time_ns, packet, out)
        if self.reset_by >= 0:
            self._doubt_reset(index, segment)
        if not self.settled and (
            self.packets >= half.totals.start_packets or (half.ordered.anchored and peer.ordered.anchored)
        ):
            self._settle(out)
        if half.ended and peer.ended and self.closed_ns < 0:
            self._close(time_ns, packet, out)
        return not self.settled or half.fin_position >= 0 or len(half.ordered.held.pieces) > 0

    def _announce(self, index: int, window: int, time_ns: int) -> None:
        """Half `index` says how much it can receive."""
        if self.zero_windows is None:
            if window:
                return
            self.zero_windows = (ZeroWindow(), ZeroWindow())
        self.zero_windows[index].announce(window, time_ns)

    def belongs(self, index: int, segment: PacketDecoder) -> bool:
        """Whether this SYN, or SYN-ACK, is of this connection; otherwise the ports are being used again."""
        half = self.halves[index]
        peer = self.halves[1 - index]
        start = half.ordered.position_of(segment.sequence_number) + 1
        if half.syn_seen or (half.ordered.anchored and self.closed_ns >= 0):
            return start == half.ordered.start
        if half.ordered.anchored:
            return start == half.ordered.start or (
                self.packets <= 2 * half.totals.start_packets and 0 < half.ordered.start - start < TRUE_START
            )
        if half.ordered.held.pieces and half.ordered.held.pieces[0].position < start:
            return False
        if not segment.flags & ACK:
            return True
        position = peer.ordered.position_of(segment.acknowledgment_number)
        if peer.ordered.anchored:
            return peer.ordered.start <= position <= peer.ordered.highest
        return not peer.ordered.held.pieces or position - peer.ordered.held.pieces[0].position < TRUE_START

    def _synchronise(self, index: int, segment: PacketDecoder, time_ns: int, out: list[StreamRecord]) -> None:
        half = self.halves[index]
        peer = self.halves[1 - index]
        if not segment.flags & ACK:
            self.syn_ns = time_ns if self.syn_half < 0 else -1
            self.syn_half = index
        elif self.round_trip_ns is None and self.syn_ns >= 0 and self.syn_half != index and not half.syn_seen:
            self.round_trip_ns = max(time_ns - self.syn_ns, 0)
        half.synchronise(segment.sequence_number, out)
        if segment.flags & ACK and not peer.ordered.anchored:  # RFC 9293, 3.5: it acknowledges the other SYN
            position = peer.ordered.position_of(segment.acknowledgment_number)
            if not peer.ordered.held.pieces or peer.ordered.held.pieces[0].position >= position:
                peer.anchor(position, out)

    def _reset(self, index: int, segment: PacketDecoder, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        """RFC 9293, 3.10.7.4: its text is no stream data.

        One at the right place ends the connection, but not at once: what is still under way or was captured late is
        delivered, and a forged one must not blind us. One at a wrong place ends it only if nothing more comes.
        """
        half = self.halves[index]
        peer = self.halves[1 - index]
        captured = segment.payload_end - segment.payload_start
        half.totals.payload_bytes += captured
        half.totals.discard("reset", captured)
        if self.closed_ns >= 0 or (self.reset_by >= 0 and self.reset_fits):
            return
        fits = half.expects_reset(segment.sequence_number)
        if not half.ordered.anchored and peer.syn_seen:  # RFC 9293, 3.10.7.3: it must acknowledge the SYN
            position = peer.ordered.position_of(segment.acknowledgment_number)
            fits = segment.flags & ACK != 0 and peer.ordered.start <= position <= peer.ordered.highest
        if not fits:
            out.append(Anomaly(half=half.record, time_ns=time_ns, packet=packet, anomaly=AnomalyKind.TCP_RESET_OUT_OF_WINDOW))
        self._believe_reset(index, fits, time_ns, packet)

    def _believe_reset(self, index: int, fits: bool, time_ns: int, packet: int) -> None:
        self.reset_by = index
        self.reset_fits = fits
        self.reset_ns = time_ns
        self.reset_packet = packet
        self.reset_highest = (self.halves[index].ordered.highest, self.halves[1 - index].ordered.highest)

    def _doubt_reset(self, index: int, segment: PacketDecoder) -> None:
        """Forget an RST when its half goes on: with new bytes, or by acknowledging bytes sent after the RST.

        One that did not fit is forgotten as soon as either half sends new bytes.
        """
        half = self.halves[self.reset_by]
        peer = self.halves[1 - self.reset_by]
        own, other = self.reset_highest
        if index == self.reset_by:
            alive = half.ordered.highest > own
            if not alive and segment.flags & ACK and peer.ordered.anchored:
                alive = peer.ordered.position_of(segment.acknowledgment_number) > max(other, peer.fin_position + 1)
        else:
            alive = not self.reset_fits and peer.ordered.highest > other
        if alive:
            self.reset_by = -1

    # --- start

    def _settle(self, out: list[StreamRecord]) -> None:
        """No start will come any more that is not known yet: deliver what both halves hold, as it happened."""
        self.settled = True
        first, second = self.halves
        if first.ordered.anchored and second.ordered.anchored:
            return
        handshake_seen = first.syn_seen or second.syn_seen
        records: tuple[list[StreamRecord], list[StreamRecord]] = ([], [])
        first.settle(handshake_seen, records[0])
        second.settle(handshake_seen, records[1])
        out.extend(merge(records[0], records[1], key=_time_of))

    # --- end

    def waits(self) -> bool:
        """Whether time will decide something here."""
        if self.closed_ns >= 0:
            return False
        return not self.settled or self.reset_by >= 0 or self.halves[0].waits() or self.halves[1].waits()

    def expire(self, now_ns: int, wait_ns: int, out: list[StreamRecord]) -> None:
        """Give up holes, the start when it is not known for `wait_ns`, and the connection so long after its RST."""
        if self.closed_ns >= 0:
            return
        if not self.settled and now_ns - self.started_ns >= wait_ns:
            self._settle(out)
        for half in self.halves:
            half.expire(now_ns, out)
        if self.halves[0].ended and self.halves[1].ended:
            self._close(self.last_ns, self.last_packet, out)
        elif self.reset_by >= 0 and self.reset_fits and now_ns - self.reset_ns >= wait_ns:
            self.finish("reset", self.reset_ns, self.reset_packet, out)

    def finish(self, reason: EndReason, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        """End both halves, unless they have."""
        if self.closed_ns >= 0:
            return
        if self.reset_by >= 0:
            reason, time_ns, packet = "reset", self.reset_ns, self.reset_packet
            if self.ended_by is None:
                self.ended_by = self.reset_by
        self._end(reason, time_ns, packet, out)

    def ignore(self) -> None:
        """Nobody wants the bytes of this connection."""
        self.ignored = True
        for half in self.halves:
            half.ignore()

    @property
    def half_open(self) -> bool:
        """Whether only one side has said something, and that without payload: a scan or a flood."""
        return self.halves[0].segments == 0 and self.halves[1].arrivals == 0 and not self.halves[1].syn_seen

    def _end(self, reason: EndReason, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        self._settle(out)
        for half in self.halves:
            half.end(reason, time_ns, packet, out)
        self._close(time_ns, packet, out, reason)

    def _close(self, time_ns: int, packet: int, out: list[StreamRecord], how: EndReason = "fin") -> None:
        self.closed_ns = time_ns
        if self.reset_by >= 0 and self.reset_fits:
            how = "reset"
        self._announce(0, 1, time_ns)
        self._announce(1, 1, time_ns)
        out.append(
            ConnectionEnd(
                connection=self.id, time_ns=time_ns, packet=packet, how=how, ended_by=self.ended_by, health=self.health()
            )
        )

    def health(self) -> TcpHealth:
        """What TCP tells about this connection up to now."""
        first, second = self.halves
        zero = self.zero_windows
        return TcpHealth(
            round_trip_ns=self.round_trip_ns,
            segments=(first.segments, second.segments),
            payload_bytes=(first.payload_bytes, second.payload_bytes),
            retransmitted_segments=(first.retransmitted_segments, second.retransmitted_segments),
            zero_window_ns=(0, 0) if zero is None else (zero[0].total_ns, zero[1].total_ns),
            lost_bytes=(first.ordered.lost_bytes, second.ordered.lost_bytes),
            gaps=(first.ordered.gaps, second.ordered.gaps),
        )


def _time_of(record: StreamRecord) -> int:
    return record.time_ns if isinstance(record, StreamBytes | StreamGap | StreamEnd | Anomaly) else 0
