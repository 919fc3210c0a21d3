"""One TCP connection as the WebSocket room sees it: from HTTP through the opening handshake to frames and the close.

The stages of its life are `opening` (HTTP/1.1, or not known yet), `recognising` (joined in the middle, looking for
frames), `open` (frames both ways) and `ignored` (certainly no WebSocket).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from wsobserve.config import Limits
from wsobserve.message_sink import MessageSink
from wsobserve.records import (
    CLIENT_TO_SERVER,
    SERVER_TO_CLIENT,
    Anomaly,
    AnomalyKind,
    Close,
    Connection,
    ConnectionEnd,
    ConnectionSummary,
    Frame,
    Half,
    HalfCount,
    Handshake,
    Message,
    Record,
)
from wsobserve.websocket.direction import DirectionDecoder
from wsobserve.websocket.ending import close_of, compressed_of, health_of, troubles_of
from wsobserve.websocket.handshake import DEFLATE, deflate_parameters, handshake_of
from wsobserve.websocket.http import looks_like_http
from wsobserve.websocket.opening import Attempt, Chunk, Opening
from wsobserve.websocket.recognition import Recognition
from wsobserve.websocket.waiting import opening_weight, recognition_weight, requests_of


class WebSocketConnection:
    """State of one connection. `kind`: what it turned out to be; `ignored`: its bytes are not wanted any more."""

    def __init__(self, connection: Connection, limits: Limits, *, frames: bool, messages: bool | MessageSink) -> None:
        self.connection = connection
        self.limits = limits
        self.frame_records = frames
        self.message_records = messages
        self.kind: str | None = None  # websocket, http, tls, http2, other
        self.ignored = False
        self.handshake: Handshake | None = None
        self.handshakes: dict[str, int] = {}
        self.mid_stream = False  # no handshake in the capture
        self.recognised_after: int | None = None  # messages that were at hand then; None: not recognised by frames
        self.directions: tuple[DirectionDecoder, DirectionDecoder] | None = None  # by half
        self.client = 0
        self.time_ns = connection.time_ns
        self.packet = connection.packet
        self.anomaly_counts: dict[str, int] = {}  # those that no direction counts
        self.weight = 0  # bytes of memory that are held, beside what every connection costs
        self.counted = 0  # what of it has been added up with that of the others
        self._opening: Opening | None = Opening(connection.initiator, limits)
        self._recognition: Recognition | None = None
        self._unanswered: Attempt | None = None  # the answer is not in the capture: frames will tell
        self._transport_anomalies: list[tuple[int, Anomaly]] = []  # until it is known that this is a WebSocket
        self._heard_bytes = 0  # since the last request that was answered: so long are the heads of the others, at most
        self._gone = [False, False]  # halves of which bytes were lost before the frames began

    def read(self, half: int, data: bytes, time_ns: int, packet: int, out: list[Record]) -> None:
        """The next bytes of a half; the records that they complete are added to `out`."""
        self.time_ns = time_ns
        self.packet = packet
        if self.directions is not None:
            direction = self.directions[half]
            before = direction.weight
            direction.read(data, time_ns, packet, out)
            self.weight += direction.weight - before
            return
        if self._recognition is not None:
            self._recognise(out, half, data, time_ns, packet)
        elif self._opening is not None:
            self._heard_bytes += len(data)
            self._opening.receive(half, data, time_ns, packet)
            self._after_opening(out)
        self._weigh()

    def gap(self, half: int, length: int, time_ns: int, packet: int) -> list[Record]:
        """`length` bytes of a half are missing."""
        self.time_ns, self.packet = time_ns, packet
        if self.directions is not None:
            records = self.directions[half].gap(length, time_ns, packet)
            self._weigh()
            return records
        records = []
        self._gone[half] = True
        if self._recognition is not None:
            self._recognition.gap(half, length)
        elif self._opening is not None:
            self._opening.gap(half, length, time_ns, packet)
            self._after_opening(records)
        self._weigh()
        return records

    def end_half(self, half: int, time_ns: int, packet: int) -> list[Record]:
        """Nothing more comes from a half."""
        if self.directions is not None:
            records = self.directions[half].end(time_ns, packet)
            self._weigh()
            return records
        records = []
        if self._opening is not None:
            self._opening.end(half)
            self._after_opening(records)
            if self.directions is not None:
                records += self.directions[half].end(time_ns, packet)  # type: ignore[unreachable]  # set by the call above
        self._weigh()
        return records

    def transport_anomaly(self, half: int, anomaly: Anomaly) -> list[Record]:
        """An anomaly of the TCP connection: it matters when this is a WebSocket."""
        if self.directions is None:
            if not self.ignored and len(self._transport_anomalies) < self.limits.held_anomalies:
                self._transport_anomalies.append((half, anomaly))
            return []
        records: list[Record] = []
        direction = self.directions[half]
        direction.anomaly(records, anomaly.anomaly, anomaly.time_ns, anomaly.packet, anomaly.detail)
        return records

    def end(self, end: ConnectionEnd | None) -> list[Record]:
        """The connection has ended (None: this room gives it up): what is left, and its summary if it was about WebSocket."""
        records: list[Record] = []
        if self._recognition is not None:
            self._recognition.finish()
            self._after_recognition(records)
        at_ns, packet = (end.time_ns, end.packet) if end else (self.time_ns, self.packet)
        for half in (0, 1):
            records += self.end_half(half, at_ns, packet)
        if self._opening is not None:
            if self._opening.unanswered is not None:
                self._unanswered = Attempt(self._opening.unanswered, None)
                self.client = self.client if self._opening.client is None else self._opening.client
            if self._opening.is_http:
                self.kind = self.kind or "http"
        if self._unanswered is not None and self.directions is None:
            self._add_handshake(records, self._unanswered)
            self.kind = self.kind or "http"
        self.kind = self.kind or "other"
        summary = self.summary(end)
        if summary is not None:
            records.append(summary)
        self.ignored = True
        self.weight = 0
        return records

    def give_up(self) -> list[Record]:
        """Follow it no further: a bug of ours came up. What it carried until now stays counted."""
        records: list[Record] = []
        self._anomaly(records, AnomalyKind.INTERNAL)
        self.ignored = True
        return records

    def let_go(self, time_ns: int, packet: int, out: list[Record]) -> None:
        """Give up what is held, because others that were used more recently need the room. It is followed on."""
        limit = AnomalyKind.LIMIT_MEMORY
        count = self.anomaly_counts.get(limit.value, 0) + 1
        self.anomaly_counts[limit.value] = count
        if count <= self.limits.held_anomalies:
            client_half, _ = self._roles()
            detail = f"{self.weight} bytes given up"
            out.append(Anomaly(half=client_half, time_ns=time_ns, packet=packet, anomaly=limit, detail=detail))
        if self._opening is not None:
            self._let_go_of_opening(out)
        if self._recognition is not None:
            for half in (0, 1):
                self._recognition.gap(half, 0)
        for direction in self.directions or ():
            direction.give_up()
        self._weigh()

    def summary(self, end: ConnectionEnd | None = None) -> ConnectionSummary | None:
        """What is known of it now; None when it is no WebSocket and never tried to be one."""
        if self.directions is None and self.handshake is None:
            return None
        client_half, _ = self._roles()
        undecoded, anomalies = troubles_of(self.directions or (), self.anomaly_counts)
        counts = [direction.count() for direction in self.directions] if self.directions else [HalfCount(), HalfCount()]
        client, server = (self.directions[self.client], self.directions[1 - self.client]) if self.directions else (None, None)
        close = close_of(client, server, end.how if end else None)
        return ConnectionSummary(
            half=client_half,
            time_ns=end.time_ns if end else self.time_ns,
            packet=end.packet if end else self.packet,
            started_ns=self.connection.time_ns,
            state=self._state(end, close),
            started_mid_stream=self.mid_stream,
            handshake=self.handshake,
            client_to_server=counts[self.client],
            server_to_client=counts[1 - self.client],
            close=close,
            undecoded=undecoded,
            anomalies=anomalies,
            health=health_of(end.health, self.client) if end else None,
            joined="handshake" if self.recognised_after is None else "frames",
            recognised_after=self.recognised_after,
            compressed=compressed_of(self.directions or (), self.recognised_after is not None),
        )

    def _after_opening(self, records: list[Record]) -> None:
        opening = self._opening
        assert opening is not None
        self.client = self.client if opening.client is None else opening.client
        for attempt in opening.failed:
            self._add_handshake(records, attempt)
        opening.failed.clear()
        if opening.malformed and (opening.unanswered or opening.attempt):
            self._anomaly(records, AnomalyKind.HTTP_MALFORMED)
            opening.malformed = 0
        if opening.outcome is None:
            return
        self._opening = None
        match opening.outcome:
            case "websocket":
                assert opening.attempt is not None
                self._add_handshake(records, opening.attempt)
                self._open(records)
                if opening.early_client_data:
                    self._anomaly(records, AnomalyKind.HANDSHAKE_DATA_BEFORE_RESPONSE)
                self._replay(records, opening)
            case "unanswered":
                if opening.limit_reached:
                    self._anomaly(records, AnomalyKind.LIMIT_HANDSHAKE_SIZE)
                if opening.attempt is not None and opening.attempt.request is not None:
                    self._unanswered = opening.attempt
                self._begin_recognition(records, opening)
            case "hybi-00":
                assert opening.attempt is not None
                self._add_handshake(records, opening.attempt)
                self._ignore("websocket")
            case "other" if self.connection.initiator is None or self._gone[0] or self._gone[1]:
                self._begin_recognition(records, opening)
            case kind:
                self._ignore(kind)

    def _let_go_of_opening(self, out: list[Record]) -> None:
        """What is held waits for an answer, or is part of a head. Frames may still be recognised by themselves."""
        opening = self._opening
        assert opening is not None
        if opening.unanswered is not None:
            opening._give_up_answer()
            self._after_opening(out)
            return
        self._gone = [True, True]
        self._opening = Opening(None, self.limits)
        self._opening.client = opening.client
        self._opening.is_http = opening.is_http
        for half in (0, 1):
            self._opening.gap(half, 1, self.time_ns, self.packet)

    def _weigh(self) -> None:
        """Find out what is held."""
        weight = 0
        if self.directions is not None:
            for direction in self.directions:
                weight += direction.weight
        elif self._recognition is not None:
            weight = recognition_weight(self._recognition)
        elif self._opening is not None:
            if not requests_of(self._opening):
                self._heard_bytes = 0
            weight = opening_weight(self._opening, self._heard_bytes)
        self.weight = weight

    def _ignore(self, kind: str) -> None:
        self.kind = kind
        self.ignored = True
        self._transport_anomalies.clear()

    def _begin_recognition(self, records: list[Record], opening: Opening) -> None:
        self._recognition = Recognition(self.limits, opening.client if self._unanswered else None)
        for half in (0, 1):
            for chunk in opening.undecided_chunks(half):
                self.read(half, chunk.data, chunk.time_ns, chunk.packet, records)
        self._replay(records, opening)

    def _replay(self, records: list[Record], opening: Opening) -> None:
        """What was held, the client's first: it was there before the response."""
        for half in (self.client, 1 - self.client):
            for chunk in opening.held[half]:
                if chunk.missing:
                    records += self.gap(half, chunk.missing, chunk.time_ns, chunk.packet)
                if chunk.data:
                    self.read(half, chunk.data, chunk.time_ns, chunk.packet, records)

    def _recognise(self, records: list[Record], half: int, data: bytes, time_ns: int, packet: int) -> None:
        recognition = self._recognition
        assert recognition is not None
        is_http = looks_like_http(data)
        if recognition.hopeless or is_http:
            opening = self._return_to_http(records, answer=bool(is_http) and half != self.client)
            opening.receive(half, data, time_ns, packet)
            self._after_opening(records)
            return
        recognition.receive(half, Chunk(data, time_ns, packet))
        self._after_recognition(records)

    def _return_to_http(self, records: list[Record], answer: bool) -> Opening:
        """Somewhere in the middle of HTTP, perhaps: an upgrade may still come. `answer`: or the one that is missing."""
        self._recognition = None
        self._opening = opening = Opening(None, self.limits)
        if self._unanswered is None:
            opening.lose()
        elif answer:
            opening.lose(self.client, self._unanswered.request)
        else:
            self._add_handshake(records, self._unanswered)
            opening.lose()
        self._unanswered = None
        return opening

    def _after_recognition(self, records: list[Record]) -> None:
        recognition = self._recognition
        assert recognition is not None
        if recognition.client is None:
            return
        self._recognition = None
        self.client = recognition.client
        if self._unanswered is not None:
            self._add_handshake(records, self._unanswered, frames_follow=True)
            self._unanswered = None
        self.mid_stream = self.handshake is None or self.handshake.state != "accepted"
        self._open(records, in_step=False)
        assert self.directions is not None
        found: list[Record] = []
        for of_half, direction in enumerate(self.directions):
            direction.assembler.deflate_unknown = True
            found += direction.adopt(recognition.search(of_half))
        self.recognised_after = sum(direction.assembler.messages for direction in self.directions)
        records += sorted(found, key=_time)

    def _roles(self) -> tuple[Half, Half]:
        """(client to server, server to client)"""
        endpoints = self.connection.endpoints
        client, server = endpoints[self.client], endpoints[1 - self.client]
        ours, theirs = self.connection.halves[self.client], self.connection.halves[1 - self.client]
        return (
            msgspec.structs.replace(ours, client=client, server=server, direction=CLIENT_TO_SERVER),
            msgspec.structs.replace(theirs, client=client, server=server, direction=SERVER_TO_CLIENT),
        )

    def _add_handshake(self, records: list[Record], attempt: Attempt, *, frames_follow: bool = False) -> None:
        client_half, _ = self._roles()
        handshake, findings = handshake_of(client_half, attempt.request, attempt.response, frames_follow=frames_follow)
        self.handshake = handshake
        self.handshakes[handshake.state] = self.handshakes.get(handshake.state, 0) + 1
        records.append(handshake)
        for kind, detail in findings if handshake.state == "accepted" else ():
            self._anomaly(records, kind, detail)

    def _anomaly(self, records: list[Record], kind: AnomalyKind, detail: str = "") -> None:
        """One of the handshake as a whole."""
        self.anomaly_counts[kind.value] = self.anomaly_counts.get(kind.value, 0) + 1
        client_half, _ = self._roles()
        records.append(Anomaly(half=client_half, time_ns=self.time_ns, packet=self.packet, anomaly=kind, detail=detail))

    def _open(self, records: list[Record], in_step: bool = True) -> None:
        """Frames begin, both ways."""
        self.kind = "websocket"
        client_half, server_half = self._roles()
        # Without its request, the client's bytes are known to begin a frame only if none of them is missing.
        client_in_step = in_step and not (self._gone[self.client] and self.handshake and self.handshake.request_packet is None)
        client = self._direction(client_half, True, client_in_step)
        server = self._direction(server_half, False, in_step)
        self.directions = (client, server) if self.client == 0 else (server, client)
        if self.handshake is not None and in_step:
            deflate = deflate_parameters(self.handshake.extensions)
            other = any(extension.name != DEFLATE for extension in self.handshake.extensions)
            for direction, side in ((client, "client"), (server, "server")):
                takeover = None if deflate is None else f"{side}_no_context_takeover" not in deflate
                direction.agree_on(takeover, other_extension=other)
        for half, anomaly in self._transport_anomalies:
            records += self.transport_anomaly(half, anomaly)
        self._transport_anomalies.clear()

    def _direction(self, half: Half, masked: bool, in_step: bool) -> DirectionDecoder:
        frames, messages = self.frame_records, self.message_records
        return DirectionDecoder(half, masked, self.limits, in_step, frames=frames, messages=messages)

    def _state(self, end: ConnectionEnd | None, close: Close) -> Literal["open", "closed", "refused", "unanswered"]:
        if self.handshake is not None and self.handshake.state != "accepted" and self.directions is None:
            return self.handshake.state
        if close.clean or (end is not None and end.how != "capture_end"):
            return "closed"
        return "open"


def _time(record: Record) -> tuple[int, int]:
    assert isinstance(record, Frame | Message | Anomaly)
    return record.time_ns, record.packet
