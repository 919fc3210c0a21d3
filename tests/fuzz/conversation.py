"""One connection as the transport would tell of it, from the events of a script; and what must hold of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from tests.fuzz.laws import (
    SMALL,
    START_NS,
    check_counts,
    check_direction,
    check_equations,
    check_records,
    held_bytes,
    pending_at_end,
    summary_of,
)
from tests.fuzz.script import CUT, END, GAP, RESET, TIME, Event
from tests.websocket.wire import DEFLATE_OFFER, request, response
from wsobserve.records import (
    Accounting,
    Anomaly,
    AnomalyKind,
    Connection,
    ConnectionEnd,
    Half,
    Record,
    StreamBytes,
    StreamEnd,
    StreamGap,
)
from wsobserve.websocket.stage import WebSocket

CLIENT, SERVER = "10.0.0.1:40000", "10.0.0.2:80"
HALVES = (Half(connection="c", source=CLIENT, destination=SERVER), Half(connection="c", source=SERVER, destination=CLIENT))
EXTENSIONS = (
    None,
    "permessage-deflate",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    "x-unknown",
)
REQUESTS = (
    request(),
    request("/chat", DEFLATE_OFFER),
    request("/chat", DEFLATE_OFFER),
    request("/chat", (DEFLATE_OFFER[0], "x-unknown")),
)
RESPONSES = tuple(response(*(() if agreed is None else ((DEFLATE_OFFER[0], agreed),))) for agreed in EXTENSIONS)
# What one connection may hold of the bytes it was given: each limit once for each direction.
MOST_HELD = 2 * (
    SMALL.http_head + SMALL.held_bytes + SMALL.message_payload + SMALL.inflated_payload + SMALL.resynchronise_buffer
)
WINDOWS = 2 * 65_536 + 2 * SMALL.inflated_payload  # of deflate
UNCERTAIN = {AnomalyKind.RESYNCHRONISED, AnomalyKind.DIRECTION_LOST, AnomalyKind.LIMIT_HANDSHAKE_SIZE}


class Conversation:
    """`syn`: whether half 0 was seen to open it. Time goes on with every event that is not a cut."""

    def __init__(self, *, syn: bool = True) -> None:
        self.stage = WebSocket(SMALL)
        self.time_ns = START_NS
        self.packet = 1
        self.records: list[Record] = []
        self.came_in = [0, 0]
        self.lost = [0, 0]
        self.ended = [False, False]
        self.ignored = False
        self.compressed = not syn
        initiator = 0 if syn else None
        self.stage.receive(
            Connection(id="c", endpoints=(CLIENT, SERVER), halves=HALVES, time_ns=START_NS, packet=1, initiator=initiator)
        )

    def opened(self, agreed: int) -> Conversation:
        """A good handshake, with one of EXTENSIONS."""
        self.compressed = agreed in (1, 2)
        for half, head in ((0, REQUESTS[agreed]), (1, RESPONSES[agreed])):
            self.records += self.stage.receive(StreamBytes("c", half, self.time_ns, self.packet, head))
        return self

    def follow(self, events: Iterable[Event]) -> Conversation:
        """Everything that the script says, until both sides have ended."""
        speaker = -1
        for event in events:
            half = event.half
            if event.kind != CUT or half != speaker:
                # Pieces that a cut alone divides come in one packet: nothing but the cut must tell them apart.
                speaker = half if event.kind == CUT else -1
                self.time_ns += 1_000_000
                self.packet += 1
            if event.kind == TIME:
                self.time_ns += event.number * 100_000_000
            elif self.ended[half]:
                continue
            elif event.kind == CUT:
                self.came_in[half] += len(event.data)
                self.records += self.stage.receive(StreamBytes("c", half, self.time_ns, self.packet, event.data))
            elif event.kind == GAP:
                length = event.number + 1 if event.number < 240 else (event.number - 239) * 400
                self.lost[half] += length
                self.records += self.stage.receive(StreamGap("c", half, self.time_ns, self.packet, length))
            elif event.kind == END:
                self._end(half, "fin")
            elif event.kind == RESET:
                self._end(0, "reset")
                self._end(1, "reset")
            self.ignored = self.ignored or bool(self.stage.take_ignored())
        return self

    def finished(self) -> list[Record]:
        """All records, after the end of the connection and all checks."""
        most = MOST_HELD + (WINDOWS if self.compressed else 0)
        if sum(self.came_in) > most:
            assert held_bytes(self.stage) <= most
        self._check()
        self._end(0, "capture_end")
        self._end(1, "capture_end")
        end = ConnectionEnd(connection="c", time_ns=self.time_ns, packet=self.packet, how="capture_end")
        self.records += self.stage.receive(end)
        self.records += self.stage.finish()
        check_counts(self._check())
        return self.records

    def check_directions(self) -> None:
        """The law of bytes, both ways. Only where the handshake was not part of the script."""
        summary = summary_of(self.records)
        if summary is None or self.ignored:
            return
        pending = pending_at_end(self.records)
        client = 0 if summary.half.source == CLIENT else 1
        for name, half in (("client_to_server", client), ("server_to_client", 1 - client)):
            check_direction(getattr(summary, name), pending.get(name, 0), self.came_in[half], self.lost[half])

    def _end(self, half: int, reason: Literal["fin", "reset", "capture_end"]) -> None:
        if not self.ended[half]:
            self.ended[half] = True
            self.records += self.stage.receive(StreamEnd("c", half, self.time_ns, self.packet, reason))

    def _check(self) -> Accounting:
        accounting = Accounting()
        self.stage.account(accounting)
        check_equations(accounting)
        check_records(self.records)
        return accounting


def in_step(records: Sequence[Record]) -> bool:
    """Whether no boundary had to be looked for: where a segment begins is evidence then, and cuts may change what is found."""
    return not any(isinstance(record, Anomaly) and record.anomaly in UNCERTAIN for record in records)
