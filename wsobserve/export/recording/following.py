"""Packet batches in; each packet to its connection, and from there into a file, into the look-back buffer, or nowhere.

A packet is copied only when it is written or held. When what it says is redacted, that is done before it is held: the
look-back buffer has nothing that a recording would not have.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from wsobserve.config import DEFAULT_LIMITS, SECOND_NS
from wsobserve.excerpt import excerpt
from wsobserve.export.recording.choice import Choice
from wsobserve.export.recording.connection_redactor import LONGEST_WAIT_NS, ConnectionRedactor
from wsobserve.export.recording.held_packet import HeldPacket
from wsobserve.export.recording.look_back import Followed, LookBack
from wsobserve.export.recording.settings import Payloads
from wsobserve.records import PacketBatch
from wsobserve.transport.endpoints import connection_id, opposite
from wsobserve.transport.fragment import Fragments
from wsobserve.transport.packet import PacketDecoder

FIN, SYN, RST, ACK = 1, 2, 4, 16
MOST_FOLLOWED = 10_000  # connections
GIVEN_UP_AT_ONCE = 4  # when there are too many, one in so many: looking for those that were not used takes 8 ms
CLOSED_NS = 60 * SECOND_NS  # a closed connection is followed for so long, an idle one for an hour
IDLE_NS = 3600 * SECOND_NS
SWEEP_NS = 10 * SECOND_NS
WHOLE, REDACTED, HEADERS = 0, 1, 2
WAYS: dict[Payloads, int] = {"whole": WHOLE, "redacted": REDACTED, "headers": HEADERS}


class Following:
    """The connections. `write` is given each packet that is recorded, with a comment for the file."""

    def __init__(
        self, payloads: Payloads, choice: Choice, look_back: LookBack, write: Callable[[HeldPacket, str], None]
    ) -> None:
        self.packets_seen = 0
        self.not_tcp = 0
        self.not_chosen = 0  # packets; those that left the look-back buffer are counted there
        self.missed = 0  # packets of chosen connections that had left it before
        self.chosen: dict[str, int] = {}
        self.chosen_connections = 0
        self._way = WAYS[payloads]
        self._choice = choice
        self._looks_back = choice.looks_back
        self._look_back = look_back
        self._write = write
        # A datagram in fragments is no packet of the file, so none is put together.
        self._decoder = PacketDecoder(Fragments(msgspec.structs.replace(DEFAULT_LIMITS, fragments=1, fragment_buffer=0)))
        self._known: dict[bytes, Followed] = {}  # by the key of either direction
        self._replaced: dict[bytes, Followed] = {}  # whose ports were used again since the last records
        self._waiting: dict[Followed, None] = {}  # those with packets that wait to be redacted
        self._ready: list[HeldPacket] = []
        self._swept_ns = 0

    @property
    def waiting_packets(self) -> int:
        """Packets that wait until they can be redacted."""
        return sum(followed.redactor.waiting_packets for followed in self._waiting if followed.redactor)

    @property
    def waiting_bytes(self) -> int:
        """Their bytes."""
        return sum(followed.redactor.waiting_bytes for followed in self._waiting if followed.redactor)

    @property
    def connections(self) -> int:
        """How many connections are followed, those that are passed over included."""
        return len(self._known) // 2

    def receive(self, batch: PacketBatch) -> None:
        """Packets in the order of the capture."""
        decoder = self._decoder
        buffer = batch.buffer
        offsets, captured_lengths, original_lengths = batch.offsets, batch.captured_lengths, batch.original_lengths
        times_ns = batch.times_ns
        link_type = batch.link_type
        source = batch.source
        number = batch.first_packet
        known = self._known
        count = len(offsets)
        self.packets_seen += count
        for i in range(count):
            offset = offsets[i]
            time_ns = times_ns[i]
            if not decoder.decode(buffer, offset, captured_lengths[i], original_lengths[i], link_type, time_ns):
                self.not_tcp += 1
                continue
            followed = known.get(decoder.key)
            if followed is None or decoder.flags & SYN:
                followed = self._followed(followed, time_ns, number + i)
            if followed.passed_over:
                self.not_chosen += 1
                continue
            followed.last_ns = time_ns
            if self._way == REDACTED:
                self._redact(followed, buffer, offset, original_lengths[i], link_type, source, time_ns)
            else:
                end = decoder.payload_start if self._way == HEADERS else offset + captured_lengths[i]
                self._keep(
                    followed,
                    HeldPacket(time_ns, excerpt(buffer, offset, end), original_lengths[i], link_type, source),
                )
            if decoder.flags & (FIN | RST):
                self._ends(followed, time_ns)

    def choose(self, key: bytes, time_ns: int, by: str, reason: str) -> None:
        """Record the connection of this key that there was at this time, from what is held of it on."""
        followed = self._known.get(key)
        if followed is None or time_ns < followed.started_ns:
            followed = self._replaced.get(key) or self._replaced.get(opposite(key))
        if followed is None or followed.reason or followed.passed_over:
            return
        self._begin(followed, by, reason)
        beginning, recent = self._look_back.take(followed)
        dropped = followed.dropped
        self.missed += dropped
        if dropped and not beginning:
            followed.comment += f"; {dropped} earlier packets of this connection were not kept"
        for packet in beginning:
            self._record(followed, packet)
        if dropped and beginning:
            followed.comment = (
                f"wsobserve: {dropped} packets of this connection between those before and this one were not kept"
            )
        for packet in recent:
            self._record(followed, packet)

    def forget_replaced(self) -> None:
        """Nothing more will be told of connections whose ports have been used again."""
        for followed in self._replaced.values():
            self._give_up(followed)
        self._replaced.clear()

    def expire(self, now_ns: int) -> None:
        """What has waited for long enough comes out; what has ended is forgotten."""
        for followed in list(self._waiting):
            redactor = followed.redactor
            if redactor is None or not redactor.waiting_packets:
                continue
            if not -LONGEST_WAIT_NS < now_ns - redactor.waits_since_ns < LONGEST_WAIT_NS:
                redactor.give_up_waiting(self._ready)
                self._keep_ready(followed)
        if not 0 <= now_ns - self._swept_ns < SWEEP_NS:
            self._swept_ns = now_ns
            for followed in self._all():
                closed = 0 <= followed.closed_ns < now_ns - CLOSED_NS
                if closed or followed.last_ns < now_ns - IDLE_NS:
                    self._forget(followed)
                    self._give_up(followed)

    def finish(self) -> None:
        """The capture has ended: what waits comes out, what is held is not wanted any more."""
        for followed in [*self._replaced.values(), *self._all()]:
            self._give_up(followed)
        self._replaced.clear()
        self._known.clear()

    # --- one packet

    def _redact(
        self,
        followed: Followed,
        buffer: bytes,
        offset: int,
        original_length: int,
        link_type: int,
        source: str,
        time_ns: int,
    ) -> None:
        decoder = self._decoder
        redactor = followed.redactor
        if redactor is None:
            redactor = followed.redactor = ConnectionRedactor()
        packet = HeldPacket(time_ns, excerpt(buffer, offset, decoder.payload_start), original_length, link_type, source)
        payload = excerpt(buffer, decoder.payload_start, decoder.payload_end)
        index = 0 if followed.key == decoder.key else 1
        redactor.receive(
            index, decoder.flags, decoder.sequence_number, decoder.acknowledgment_number, packet, payload, self._ready
        )
        self._keep_ready(followed)

    def _keep_ready(self, followed: Followed) -> None:
        ready = self._ready
        for packet in ready:
            self._keep(followed, packet)
        ready.clear()
        redactor = followed.redactor
        if redactor is not None and redactor.waiting_packets:
            self._waiting[followed] = None
        elif self._waiting:
            self._waiting.pop(followed, None)

    def _keep(self, followed: Followed, packet: HeldPacket) -> None:
        if followed.reason:
            self._record(followed, packet)
        else:
            self._look_back.hold(followed, packet)

    def _record(self, followed: Followed, packet: HeldPacket) -> None:
        comment = followed.comment
        followed.comment = ""
        self._write(packet, comment)

    # --- which connection

    def _followed(self, followed: Followed | None, time_ns: int, packet: int) -> Followed:
        """The connection of this packet: a new one when there is none, or when its ports are used again."""
        decoder = self._decoder
        opens = decoder.flags & (SYN | ACK) == SYN
        if followed is not None:
            if not opens or followed.passed_over:
                return followed
            again = followed.sequence_number == decoder.sequence_number
            if followed.opened and (again or followed.key != decoder.key):
                return followed
            self._forget(followed)
            before = self._replaced.get(followed.key)
            if before is not None:
                self._give_up(before)
            self._replaced[followed.key] = followed
        elif len(self._known) >= 2 * MOST_FOLLOWED:
            self._make_room()
        reverse = opposite(decoder.key)
        followed = Followed(decoder.key, reverse, time_ns, decoder.flags & SYN != 0, decoder.sequence_number, packet)
        if self._choice.sampled(decoder.key, reverse):
            self._begin(followed, "sample", "sample")
        elif not self._looks_back:
            followed.passed_over = True
        self._known[decoder.key] = followed
        self._known[reverse] = followed
        return followed

    def _begin(self, followed: Followed, by: str, reason: str) -> None:
        followed.reason = reason
        self.chosen_connections += 1
        self.chosen[by] = self.chosen.get(by, 0) + 1
        identifier = connection_id(followed.key, followed.reverse, followed.started_ns, followed.packet)
        followed.comment = f"wsobserve: connection {identifier}, recorded for: {reason}"
        if not followed.opened:
            followed.comment += "; its beginning was not seen"

    def _ends(self, followed: Followed, time_ns: int) -> None:
        decoder = self._decoder
        followed.ended |= 3 if decoder.flags & RST else 1 if followed.key == decoder.key else 2
        if followed.ended == 3 and followed.closed_ns < 0:
            followed.closed_ns = time_ns

    def _all(self) -> list[Followed]:
        return [followed for key, followed in self._known.items() if key == followed.key]

    def _forget(self, followed: Followed) -> None:
        self._known.pop(followed.key, None)
        self._known.pop(followed.reverse, None)

    def _give_up(self, followed: Followed) -> None:
        """Nothing more comes of it: what waits comes out, what is held goes."""
        if followed.redactor is not None:
            followed.redactor.give_up_waiting(self._ready)
            self._keep_ready(followed)
        beginning, recent = self._look_back.take(followed)
        self.not_chosen += len(beginning) + len(recent)

    def _make_room(self) -> None:
        """Of those that are not recorded, first those of a single packet, as of a flood, then those not used for longest."""
        everyone = sorted(self._all(), key=_worth)
        for followed in everyone[: MOST_FOLLOWED // GIVEN_UP_AT_ONCE]:
            self._forget(followed)
            self._give_up(followed)


def _worth(followed: Followed) -> tuple[bool, bool, int]:
    several = len(followed.beginning) > 1 or followed.recent is not None or followed.dropped > 0
    return bool(followed.reason), several, followed.last_ns
