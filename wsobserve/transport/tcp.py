"""TCP reassembly of one direction of one connection (RFC 9293, 3.4 and 3.10.7.4), seen from the side.

In: payloads with their sequence numbers, as captured: doubled, out of order, overlapping, with holes, cut. Out:
`StreamBytes` in order, `StreamGap` where bytes will not come, `StreamEnd` when nothing more comes. An observer cannot
ask for a byte again, so a hole is given up when waiting has no more sense: see `hole.py`.

Sequence numbers are unwrapped to *positions*, integers that only grow, with the same lowest 32 bits.
The first copy of a byte is the one that counts. As long as the start of the stream is not known (no SYN captured yet)
the half is not *anchored*: it holds what comes and delivers nothing.
"""

from __future__ import annotations

from wsobserve.excerpt import excerpt
from wsobserve.records import Anomaly, AnomalyKind, Half, StreamRecord
from wsobserve.transport.held import StreamTotals
from wsobserve.transport.hole import HoleWait
from wsobserve.transport.jump import Jump
from wsobserve.transport.ordered import EndReason, GapReason, OrderedBytes

MASK = (1 << 32) - 1
FARTHEST = 1 << 30  # RFC 7323, 2.3: no window is larger


class HalfStream:
    """One half of a connection: what one side sends. A connection has two."""

    __slots__ = (
        "arrivals",
        "eager",
        "ended",
        "fin_arrival",
        "fin_packet",
        "fin_position",
        "fin_time_ns",
        "guessed",
        "ignored",
        "jump",
        "ordered",
        "payload_bytes",
        "record",
        "retransmitted_segments",
        "segments",
        "syn_seen",
        "told",
        "totals",
        "wait",
    )

    def __init__(self, record: Half, index: int, totals: StreamTotals) -> None:
        self.record = record
        self.totals = totals
        self.ordered = OrderedBytes(record.connection, index, totals)
        self.eager = False  # anchor at whatever comes next
        self.guessed = False  # anchored without SYN: an acknowledgment told where, and may have been wrong
        self.syn_seen = False
        self.ended = False
        self.ignored = False
        self.fin_position = -1  # -1: no FIN seen
        self.fin_time_ns = 0
        self.fin_packet = 0
        self.fin_arrival = 0
        self.wait = totals.no_wait
        self.jump: Jump | None = None  # made when something comes from far away
        self.told = 0  # which anomalies of the kind "once" have been told, as bits
        self.arrivals = 0
        # health
        self.segments = 0
        self.payload_bytes = 0
        self.retransmitted_segments = 0

    # --- what the packets say

    def receive(
        self,
        sequence_number: int,
        buffer: bytes,
        start: int,
        end: int,
        length: int,
        time_ns: int,
        packet: int,
        out: list[StreamRecord],
    ) -> None:
        """Take a payload of `length` bytes of which `buffer[start:end]` was captured."""
        captured = end - start
        totals = self.totals
        totals.payload_bytes += captured
        self.arrivals += 1
        self.segments += 1
        self.payload_bytes += length
        ordered = self.ordered
        if (
            (sequence_number - ordered.expected) & MASK == 0
            and ordered.anchored
            and captured == length
            and self.fin_position < 0
            and not ordered.held.pieces
            and not self.ended
            and not self.ignored
        ):
            ordered.deliver(excerpt(buffer, start, end), self.arrivals, time_ns, packet, out)
            return
        self._receive_unordered(sequence_number, buffer[start:end], length, time_ns, packet, out)

    def synchronise(self, sequence_number: int, out: list[StreamRecord]) -> None:
        """Its SYN has come: the stream starts behind it."""
        self.syn_seen = True
        if not self.ordered.anchored:
            self.anchor(self.ordered.position_of(sequence_number) + 1, out)

    def finish_at(self, sequence_number: int, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        """Its FIN has come, at this sequence number: the stream ends in front of it. The first FIN counts."""
        if self.ended or self.fin_position >= 0:
            return
        position = self.ordered.position_of(sequence_number)
        if not -FARTHEST < position - self.ordered.expected < FARTHEST:
            return
        if not self.ignored and position < self.ordered.highest:
            self._tell(AnomalyKind.TCP_DATA_AFTER_FIN, 1, time_ns, packet, out)
            if self.ordered.anchored and position < self.ordered.expected:
                return
            self.ordered.held.drop_behind(position)
            self.ordered.highest = position
        self.arrivals += 1
        self.fin_position = position
        self.fin_time_ns = time_ns
        self.fin_packet = packet
        self.fin_arrival = self.arrivals
        if self.ignored:
            self.ordered.anchored = True
            self.ordered.expected = position
        self._after_change(time_ns, out)

    def acknowledge(self, acknowledgment_number: int, time_ns: int) -> None:
        """The receiver says which byte it expects next."""
        delta = (acknowledgment_number - self.ordered.expected) & MASK
        if self.ordered.anchored and (delta == 0 or delta >= FARTHEST):
            if self.jump is not None:
                self.jump.acknowledge(acknowledgment_number)
            return
        if self.ended:
            return
        position = self.ordered.position_of(acknowledgment_number)
        if self.wait is self.totals.no_wait:
            self.wait = HoleWait(self.totals.gap_wait_ns)
        if self.wait.acknowledge(position) and self.ordered.anchored:
            self._start_wait(time_ns, self.arrivals)

    def expects_reset(self, sequence_number: int) -> bool:
        """Whether an RST with this number is what a receiver would accept (RFC 5961, 3.2), as far as can be told here."""
        if not self.ordered.anchored:
            return True
        position = self.ordered.position_of(sequence_number)
        if position in (self.ordered.expected, self.ordered.highest, self.wait.acknowledged):
            return True
        return self.fin_position >= 0 and position == self.fin_position + 1

    # --- where the stream starts

    def settle(self, handshake_seen: bool, out: list[StreamRecord]) -> None:
        """The start will not come any more: start with the first byte at hand, or with what the receiver expects.

        With a handshake (of the other half) seen, the lowest acknowledgment tells the true start; joined in the middle
        there is none, and what was under way before the capture is no loss.
        """
        if self.ordered.anchored:
            return
        self.guessed = True
        if self.ordered.held.pieces:
            position = self.ordered.held.pieces[0].position
            if handshake_seen and position - FARTHEST < self.wait.lowest_acknowledged < position:
                position = self.wait.lowest_acknowledged
            self.anchor(position, out)
        elif self.fin_position >= 0:
            self.anchor(self.fin_position, out)
        elif self.wait.acknowledged >= 0:
            self.anchor(self.wait.lowest_acknowledged if handshake_seen else self.wait.acknowledged, out)
        else:
            self.eager = True

    def anchor(self, position: int, out: list[StreamRecord]) -> None:
        """The stream starts at this position; deliver what can be."""
        self.ordered.anchor(position, out)
        if self.fin_position >= 0 and self.fin_position < position:
            self.fin_position = position
        time_ns = self.ordered.held.pieces[0].time_ns if self.ordered.held.pieces else self.fin_time_ns
        self._after_change(time_ns, out)

    # --- out of order, doubled, overlapping

    def _receive_unordered(
        self, sequence_number: int, data: bytes, length: int, time_ns: int, packet: int, out: list[StreamRecord]
    ) -> None:
        totals, ordered = self.totals, self.ordered
        position = self.ordered.position_of(sequence_number)
        captured = len(data)
        end = position + length
        if not -FARTHEST < position - ordered.expected < FARTHEST and not self._start_again(position):
            if not self._jumped(sequence_number, length, time_ns, packet, out):
                totals.discard("out_of_window", captured)
                if not self.ignored:
                    self._anomaly(AnomalyKind.TCP_OUT_OF_WINDOW, time_ns, packet, out)
                return
            position = ordered.expected
            end = position + length
        if self.ignored:
            totals.discard("ignored", captured)
            if end > ordered.expected:
                ordered.expected = ordered.highest = end
            else:
                self.retransmitted_segments += 1
            return
        if self.ended:
            self._receive_after_end(end, captured, time_ns, packet, out)
            return
        if length <= 1 and position < ordered.highest and ordered.anchored and end in (ordered.highest, ordered.expected):
            totals.duplicate += captured  # a keep-alive, RFC 9293, 3.8.4: one byte of garbage in front of the next one
            return
        if not ordered.anchored and self.eager:
            self.anchor(self.wait.acknowledged if 0 <= self.wait.acknowledged <= position else position, out)
        duplicate = totals.duplicate
        if self._accept(position, data, length, time_ns, packet, out):
            self._anomaly(AnomalyKind.TCP_OVERLAP_CONFLICT, time_ns, packet, out)
        if totals.duplicate > duplicate:
            self.retransmitted_segments += 1
        if ordered.anchored and ordered.drain(out):
            self.wait.restart()
        self._after_change(time_ns, out)
        self._keep_limits(out)

    def _jumped(self, sequence_number: int, length: int, time_ns: int, packet: int, out: list[StreamRecord]) -> bool:
        """Whether both sides go on far away: then what lies between is lost, as much as the sequence numbers say."""
        if not self.ordered.anchored or self.ended or self.fin_position >= 0:
            return False
        if self.jump is None:
            self.jump = Jump()
        if not self.jump.receive(sequence_number, length, self.arrivals):
            return False
        self.jump = None
        position = self.ordered.expected + ((sequence_number - self.ordered.expected) & MASK)
        while self.ordered.held.pieces:
            self._give_up("lost", out)
        if position <= self.ordered.expected:
            return False
        if self.ignored:
            self.ordered.expected = position
        else:
            self.ordered.skip(position, "lost", time_ns, packet, out)
        self.ordered.highest = self.ordered.expected
        return True

    def _start_again(self, position: int) -> bool:
        """Where only an acknowledgment said where this half is and its first data says otherwise, the data is right."""
        ordered = self.ordered
        begun = len(ordered.held.pieces) > 0 or ordered.expected != ordered.start
        if begun or self.ended or (ordered.anchored and not self.guessed):
            return False
        ordered.begin(position)
        self.wait.forget()
        self.fin_position = -1
        return True

    def _receive_after_end(self, end: int, captured: int, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        if end <= self.ordered.expected:
            self.totals.duplicate += captured
            self.retransmitted_segments += 1
        elif self.fin_position >= 0:
            self.totals.discard("after_fin", captured)
            self._tell(AnomalyKind.TCP_DATA_AFTER_FIN, 1, time_ns, packet, out)
        else:
            self.totals.discard("after_end", captured)

    def _accept(self, position: int, data: bytes, length: int, time_ns: int, packet: int, out: list[StreamRecord]) -> bool:
        """Keep what is new of a payload; true when a doubled part has other bytes than the first copy."""
        if self.fin_position >= 0 and position + length > self.fin_position:
            length = max(self.fin_position - position, 0)
            self.totals.discard("after_fin", len(data) - length)
            self._tell(AnomalyKind.TCP_DATA_AFTER_FIN, 1, time_ns, packet, out)
            data = data[:length]
        return self.ordered.accept(position, data, length, self.arrivals, time_ns, packet)

    def _after_change(self, time_ns: int, out: list[StreamRecord]) -> None:
        """End at the FIN when everything before it is delivered; give up the first hole when its time has come."""
        if not self.ordered.anchored or self.ended:
            return
        if self.fin_position >= 0 and self.ordered.expected >= self.fin_position:
            self._end_at_fin(out)
        elif self.ordered.held.pieces or self.fin_position >= 0:
            self._start_wait(time_ns, self.arrivals)
            self.expire(time_ns, out)

    def _end_at_fin(self, out: list[StreamRecord]) -> None:
        if self.fin_arrival >= self.ordered.shown_arrival:
            self._end("fin", self.fin_time_ns, self.fin_packet, out)
        else:
            self._end("fin", self.ordered.shown_time_ns, self.ordered.shown_packet, out)

    # --- holes

    def waits(self) -> bool:
        """Whether there is something that time will decide: a hole, or a start that is not known."""
        return not self.ended and (len(self.ordered.held.pieces) > 0 or self.fin_position >= 0)

    def expire(self, now_ns: int, out: list[StreamRecord]) -> None:
        """Give up the holes that will not be filled any more, by the capture's clock."""
        while self.ordered.anchored and not self.ended and (self.ordered.held.pieces or self.fin_position >= 0):
            if 0 <= self.fin_position <= self.ordered.expected:
                self._end_at_fin(out)
                return
            if not self.wait.is_over(self._hole_time_ns(), now_ns, self.arrivals):
                return
            self._give_up("lost", out)

    def _hole_time_ns(self) -> int:
        return self.ordered.held.pieces[0].time_ns if self.ordered.held.pieces else self.fin_time_ns

    def _start_wait(self, time_ns: int, arrival: int) -> None:
        """Remember since when the receiver has acknowledged the bytes of the first hole."""
        if not self.ordered.held.pieces and self.fin_position < 0:
            return
        end = self.ordered.held.pieces[0].position if self.ordered.held.pieces else self.fin_position
        self.wait.start(end, time_ns, arrival)

    def _give_up(self, reason: GapReason, out: list[StreamRecord]) -> None:
        """Go on behind the first hole; of the next one it counts since when there is something behind it."""
        if self.ordered.held.pieces:
            self.ordered.skip_hole(reason, out)
        else:
            self.ordered.skip(self.fin_position, reason, self.fin_time_ns, self.fin_packet, out)
        self.wait.restart()
        if self.ordered.held.pieces:
            self._start_wait(self.ordered.held.pieces[0].time_ns, self.ordered.held.pieces[0].arrival)
        elif self.fin_position >= 0:
            if self.ordered.expected >= self.fin_position:
                self._end_at_fin(out)
            else:
                self._start_wait(self.fin_time_ns, self.fin_arrival)

    def _keep_limits(self, out: list[StreamRecord]) -> None:
        while self.ordered.held.over_limit():
            if self.ordered.anchored:
                self._give_up("limit", out)
            else:
                self.settle(False, out)

    # --- the end

    def end(self, reason: EndReason, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        """Nothing more comes: deliver what is left behind gaps, tell what is known to be missing, end."""
        if self.ended:
            return
        if self.ignored:
            self._end(reason, time_ns, packet, out)
            return
        self.settle(False, out)
        while self.ordered.held.pieces and not self.ended:
            self._give_up("lost", out)
        if self.ended or not self.ordered.anchored:
            if not self.ended:
                self._end(reason, time_ns, packet, out)
            return
        if self.fin_position >= 0:
            if self.fin_position > self.ordered.expected:
                self.ordered.skip(self.fin_position, "lost", time_ns, packet, out)
            self._end_at_fin(out)
            return
        if self.wait.acknowledged > self.ordered.expected + 1:  # one more may be a FIN that was not captured
            self.ordered.skip(self.wait.acknowledged, "lost", time_ns, packet, out)
        self._end(reason, time_ns, packet, out)

    def ignore(self) -> None:
        """Nobody wants these bytes: keep none, count the ones to come."""
        self.ignored = True
        self.ordered.drop("ignored")
        if self.ordered.highest > self.ordered.expected:
            self.ordered.expected = self.ordered.highest
        if self.fin_position > self.ordered.expected:
            self.ordered.expected = self.fin_position
        if self.ordered.started:
            self.ordered.anchored = True

    def _end(self, reason: EndReason, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        self.ended = True
        self.ordered.end(reason, time_ns, packet, out)

    # --- anomalies

    def _tell(self, kind: AnomalyKind, bit: int, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        """An anomaly that is told once per half."""
        if not self.told & bit:
            self.told |= bit
            self._anomaly(kind, time_ns, packet, out)

    def urgent(self, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        """Urgent data (RFC 6093: read in line) is told once."""
        self._tell(AnomalyKind.TCP_URGENT_DATA, 2, time_ns, packet, out)

    def _anomaly(self, kind: AnomalyKind, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        out.append(Anomaly(half=self.record, time_ns=time_ns, packet=packet, anomaly=kind))
