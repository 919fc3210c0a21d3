"""The packets of one connection in, in the order of the capture; out, in the same order, what may be shown of each.

A packet waits until the structure of its payload is known, and those behind it wait too: for the rest of a head, or for
a packet in front of it that comes later. How many bytes wait, and for how long, is bounded; then the direction is lost, and
its packets are shown without payload.
"""

from __future__ import annotations

from wsobserve.export.recording.held_packet import HeldPacket
from wsobserve.export.recording.stream_redactor import StreamRedactor
from wsobserve.websocket.handshake import deflate_parameters, parse_extensions
from wsobserve.websocket.http import parse_head

SYN, ACK = 2, 16
MOST_WAITING = 256 * 1024  # bytes, with what it costs to keep them
LONGEST_WAIT_NS = 2_000_000_000


class Waiting:
    """A packet, up to its payload, and the payload."""

    __slots__ = ("index", "packet", "payload", "position")

    def __init__(self, packet: HeldPacket, index: int, position: int, payload: bytes) -> None:
        self.packet = packet
        self.index = index
        self.position = position
        self.payload = payload


class ConnectionRedactor:
    """Both directions, by index: 0 is that of the packet that was seen first. `waiting_packets` have not come out yet."""

    def __init__(self) -> None:
        self._streams: list[StreamRedactor | None] = [None, None]
        self._client = -1  # the index of the client's; -1: not known
        self._agreed = False
        self._waiting: list[Waiting] = []
        self._unread: list[Waiting] = []  # those of which not all is read
        self.waiting_packets = 0
        self.waiting_bytes = 0

    @property
    def waits_since_ns(self) -> int:
        """The time of the packet that waits for longest; there is one."""
        return self._waiting[0].packet.time_ns

    def receive(
        self,
        index: int,
        flags: int,
        sequence_number: int,
        acknowledgment_number: int,
        packet: HeldPacket,
        payload: bytes,
        ready: list[HeldPacket],
    ) -> None:
        """One packet, `packet` without its payload; appends to `ready` what can be shown now. Cut packets say so."""
        stream = self._streams[index]
        if stream is None or flags & SYN:
            stream = self._stream(index, flags, sequence_number, acknowledgment_number)
        if not payload:
            if self._waiting:
                self._wait(packet, index, 0, payload, ready, False)
            else:
                ready.append(packet)
            return
        position = stream.position(sequence_number + 1 if flags & SYN else sequence_number)
        changed = stream.learn(position, payload)
        if not self._agreed and stream.agreeing:
            changed = self._agree() or changed
        if not self._waiting and self._show(stream, packet, position, payload, ready):
            stream.trim()
            return
        self._wait(packet, index, position, payload, ready, changed)

    def give_up_waiting(self, ready: list[HeldPacket]) -> None:
        """Time is over: what waits comes out without what is not known."""
        while self._waiting:
            self._lose_first()
            self._drain(ready)

    def _stream(self, index: int, flags: int, sequence_number: int, acknowledgment_number: int) -> StreamRedactor:
        """The stream of a direction whose first packet this is."""
        known = self._streams[index]
        if flags & SYN:
            if known is not None:
                return known  # sent again
            self._client = 1 - index if flags & ACK else index
            if flags & ACK and self._streams[1 - index] is None:
                self._streams[1 - index] = StreamRedactor(acknowledgment_number, True, 1)
            stream = StreamRedactor(sequence_number + 1, True, 0 if flags & ACK else 1)
        else:
            stream = StreamRedactor(sequence_number, False, -1 if self._client < 0 else int(index == self._client))
        self._streams[index] = stream
        return stream

    def _agree(self) -> bool:
        """Whether it has just become known what is behind the heads: frames when both sides agreed (RFC 6455, 4)."""
        server = None if self._client < 0 else self._streams[1 - self._client]
        client = None if self._client < 0 else self._streams[self._client]
        if server is None or not server.agreeing or (client is not None and not (client.agreeing or client.lost)):
            return False
        self._agreed = True
        response = parse_head(server.raw_head.rstrip(b"\r\n"), 0, 0)
        requested = True
        if client is not None and client.agreeing:
            request = parse_head(client.raw_head.rstrip(b"\r\n"), 0, 0)
            requested = request is not None and request.asks_for_websocket
        accepted = requested and response is not None and response.status_code == 101 and response.asks_for_websocket
        extensions = parse_extensions(response.fields.get("sec-websocket-extensions", ""))[0] if response else ()
        deflate = deflate_parameters(extensions) is not None
        for stream in (client, server):
            if stream is None or not stream.agreeing:
                continue
            if accepted:
                stream.agree(deflate)
            else:
                stream.lose()
        server.raw_head = b""
        if client is not None:
            client.raw_head = b""
        return True

    def _show(self, stream: StreamRedactor, packet: HeldPacket, position: int, payload: bytes, ready: list[HeldPacket]) -> bool:
        """Whether this packet can be shown now."""
        parts = [packet.data]
        known = stream.show(position, len(payload), parts)
        if known < 0:
            return False
        packet.data = b"".join(parts)
        packet.cut = not known
        ready.append(packet)
        return True

    def _wait(
        self, packet: HeldPacket, index: int, position: int, payload: bytes, ready: list[HeldPacket], changed: bool
    ) -> None:
        """One more that waits. `changed`: more is known than when the others began to wait."""
        waiting = Waiting(packet, index, position, payload)
        self._waiting.append(waiting)
        self._unread.append(waiting)
        self.waiting_packets += 1
        self.waiting_bytes += packet.size + len(payload)
        if changed:
            self._read_on()
        self._drain(ready)
        while self.waiting_bytes > MOST_WAITING:
            self._lose_first()
            self._drain(ready)

    def _read_on(self) -> None:
        """Read on in the packets that wait, as far as they follow what was read."""
        changed = True
        while changed:
            changed = False
            unread: list[Waiting] = []
            for waiting in self._unread:
                stream = self._streams[waiting.index]
                if stream is None or not waiting.payload:
                    continue
                if stream.learn(waiting.position, waiting.payload):
                    changed = True
                    if not self._agreed and stream.agreeing:
                        self._agree()
                if not stream.lost and stream.next < waiting.position + len(waiting.payload):
                    unread.append(waiting)
            self._unread = unread

    def _drain(self, ready: list[HeldPacket]) -> None:
        """What can be shown of the packets that wait, in their order."""
        count = 0
        for waiting in self._waiting:
            stream = self._streams[waiting.index]
            size = waiting.packet.size + len(waiting.payload)
            if stream is None or not waiting.payload:
                ready.append(waiting.packet)
            elif not self._show(stream, waiting.packet, waiting.position, waiting.payload, ready):
                break
            self.waiting_bytes -= size
            count += 1
        del self._waiting[:count]
        self.waiting_packets -= count
        if not self._waiting:
            self._unread = []
            for each in self._streams:
                if each is not None:
                    each.trim()

    def _lose_first(self) -> None:
        """The packet in front cannot wait any longer."""
        stream = self._streams[self._waiting[0].index]
        if stream is not None:
            stream.lose()
        if not self._agreed:
            self._agree()
        self._read_on()
