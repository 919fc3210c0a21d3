"""The stage: packets in, what became of the TCP connections out. Keeps the clock, and shares the connections out.

Nothing in here reads a clock: time passes with the packets, and with the caller's `expire`. The connections are shared
out over partitions by their endpoints; see `table.py`.
"""

from __future__ import annotations

from wsobserve.config import DEFAULT_LIMITS, PARTITIONS, Limits
from wsobserve.records import Accounting, PacketBatch, StreamRecord
from wsobserve.transport.connection import SYN, TcpConnection
from wsobserve.transport.endpoints import partition_of
from wsobserve.transport.fragment import Fragments
from wsobserve.transport.packet import PacketDecoder
from wsobserve.transport.table import ConnectionTable, add_counts

CHECK_NS = 1_000_000_000  # how often holes are looked at, in time of the capture
TURN_PACKETS = 1_024  # the clock is set back at most once in so many packets: looking at everything costs time


class Transport:
    """Packets to ordered bytes: link and IP decode, TCP reassembly.

    A connection of which a SYN and its answer are all that was seen is told of when more comes. When it ends before,
    it is counted in `Accounting.connections["half_open"]` and nothing more.

    With `workers` that get the same packets, each keeps the partitions whose number leaves the rest `worker`: the sum of
    what they account for, and all their records together, are those of one. What is no TCP segment counts the first one.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, worker: int = 0, workers: int = 1) -> None:
        if not 0 <= worker < workers <= PARTITIONS:
            raise ValueError(f"worker {worker} of {workers}: there are 1 to {PARTITIONS}, numbered from 0")
        self._fragments = Fragments(limits)
        self._decoder = PacketDecoder(self._fragments, worker, workers)
        self._known: dict[bytes, TcpConnection] = {}  # by the key of either direction
        self._tables = [ConnectionTable(partition, limits, self._known) for partition in range(PARTITIONS)]
        self._sweep_ns = min(limits.closed_ns, limits.idle_ns) // 4
        self._packets_seen = 0
        self._first_time_ns = 0  # of all packets; meaningless as long as there was none
        self._last_time_ns = 0
        self._previous_ns = 0  # time of the packet before
        self._checked_ns = 0
        self._swept_ns = 0
        self._turned = -TURN_PACKETS  # packets seen when the clock was set back

    def receive(self, batch: PacketBatch) -> list[StreamRecord]:
        """What these packets bring: Connection, StreamBytes, StreamGap, StreamEnd, ConnectionEnd, Anomaly, as it happens."""
        out: list[StreamRecord] = []
        count = len(batch.offsets)
        if not count:
            return out
        decoder = self._decoder
        known = self._known
        buffer = batch.buffer
        offsets, captured_lengths, original_lengths = batch.offsets, batch.captured_lengths, batch.original_lengths
        times_ns = batch.times_ns
        link_type = batch.link_type
        number = batch.first_packet
        previous_ns, checked_ns = self._previous_ns, self._checked_ns
        first_ns, last_ns = self._first_time_ns, self._last_time_ns
        if not self._packets_seen:
            first_ns = last_ns = times_ns[0]
        seen = self._packets_seen
        self._packets_seen += count
        for i in range(count):
            time_ns = times_ns[i]
            if time_ns < first_ns:
                first_ns = time_ns
            elif time_ns > last_ns:
                last_ns = time_ns
            # One wrong time must not make all connections old: time has passed when two packets in a row say so.
            now_ns = time_ns if time_ns < previous_ns else previous_ns
            previous_ns = time_ns
            if not -CHECK_NS < now_ns - checked_ns < CHECK_NS and (now_ns > checked_ns or self._turns_back(seen + i)):
                checked_ns = now_ns
                self._check(now_ns, out)
            if not decoder.decode(buffer, offsets[i], captured_lengths[i], original_lengths[i], link_type, time_ns):
                continue
            packet = number + i
            connection = known.get(decoder.key)
            if connection is None or decoder.flags & SYN:
                connection = self._connection_for(connection, time_ns, packet, out)
                if connection is None:
                    continue
            index = 0 if connection.key == decoder.key else 1
            if connection.receive(index, decoder, time_ns, packet, out):
                self._tables[connection.partition].look_after(connection)
        self._previous_ns = previous_ns
        self._first_time_ns, self._last_time_ns = first_ns, last_ns
        return out

    def expire(self, now_ns: int) -> list[StreamRecord]:
        """Give up holes, fragments and idle connections whose time is over at `now_ns` of the capture's clock."""
        out: list[StreamRecord] = []
        self._check(now_ns, out)
        return out

    def finish(self) -> list[StreamRecord]:
        """The capture has ended: deliver what is left behind gaps, and end every connection."""
        out: list[StreamRecord] = []
        self._fragments.finish()
        for table in self._tables:
            table.finish(out)
        self._known.clear()
        return out

    def ignore(self, connection: str) -> None:
        """Nobody wants the bytes of this connection any more: they are counted as `ignored`; its end is still told."""
        for table in self._tables:
            if table.ignore(connection):
                return

    def follow_only(self, partitions: int) -> list[StreamRecord]:
        """From now on only connections of the first so many partitions, to save memory; what the others held comes out.

        Packets of the others are counted as skipped, `sampled_out`.
        """
        if not 1 <= partitions <= PARTITIONS:
            raise ValueError(f"{partitions} of {PARTITIONS} partitions")
        out: list[StreamRecord] = []
        self._decoder.followed = (1 << partitions) - 1
        for table in self._tables[partitions:]:
            table.give_up(out)
        return out

    def account(self, accounting: Accounting) -> None:
        """Add everything this stage has counted since its start."""
        decoder = self._decoder
        accounting.packets_seen += self._packets_seen - decoder.foreign
        accounting.packets_decoded += decoder.decoded
        accounting.packets_cut += decoder.cut
        skipped, dropped = dict(decoder.skipped), dict(decoder.dropped)
        if decoder.worker == 0:
            for reason, count in self._fragments.given_up.items():
                skipped["fragment"] = skipped.get("fragment", 0) - count
                dropped[reason] = dropped.get(reason, 0) + count
        add_counts(accounting.packets_skipped, skipped)
        add_counts(accounting.packets_dropped, dropped)
        for table in self._tables:
            table.account(accounting)
        if self._packets_seen:
            first, last = accounting.first_time_ns, accounting.last_time_ns
            accounting.first_time_ns = self._first_time_ns if first is None else min(first, self._first_time_ns)
            accounting.last_time_ns = self._last_time_ns if last is None else max(last, self._last_time_ns)

    def _connection_for(
        self, known: TcpConnection | None, time_ns: int, packet: int, out: list[StreamRecord]
    ) -> TcpConnection | None:
        key = self._decoder.key
        ports = len(key) - 4
        table = self._tables[partition_of(key, 0, ports, ports)]
        return table.connection_for(known, self._decoder, time_ns, packet, out)

    def _turns_back(self, seen: int) -> bool:
        """Whether the clock, which has gone back, is set back now."""
        if seen - self._turned < TURN_PACKETS:
            return False
        self._turned = seen
        return True

    def _check(self, now_ns: int, out: list[StreamRecord]) -> None:
        self._checked_ns = now_ns
        self._fragments.expire(now_ns)
        sweeps = abs(now_ns - self._swept_ns) >= self._sweep_ns
        if sweeps:
            self._swept_ns = now_ns
        for table in self._tables:
            table.expire(now_ns, out)
            if sweeps:
                table.sweep(now_ns, out)
