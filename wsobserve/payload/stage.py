"""Messages become channel messages: on which channel, in which format, under which name, with which body.

In go handshakes and messages of any connection, in order; out come channel messages, at least one for each message.
A connection's state is the route and subprotocol of its handshake and nothing else; each message is judged alone.
Where the handshake is not in the capture, rules may tell both, at the first message: a connection keeps its route.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.payload.formats import recognise
from wsobserve.payload.name import message_name
from wsobserve.payload.route_rules import MissedRoutes, RouteRules, Told
from wsobserve.payload.structure import COMPILED, UNKNOWN, StructureReader, repeats_a_key
from wsobserve.records import ChannelMessage, ConnectionSummary, Half, Handshake, Message

TEXT = 1  # RFC 6455, 5.2: opcode of a text frame
UNKNOWN_ROUTE = "unknown route"
NO_ROUTE = (None, None, None)  # no subprotocol, and nothing by which the route is known
NOT_KNOWN = (UNKNOWN, None)  # of messages that have to be decoded

_decode = msgspec.json.Decoder().decode

Known: TypeAlias = "tuple[str, str | None]"
RouteKey: TypeAlias = "str | tuple[str, int]"  # the connection, and the stream of it if it has any


class Payload:
    """The stage of this room: one object for all connections of a pipeline.

    `structures`: whether JSON is told by its structure, and decoded only where that is new. It is the faster way where
    the reader of structures is compiled; what is said of a message is the same, but for which of `body` and `structure`
    comes with it. `routes`: rules for connections whose handshake is not in the capture.
    """

    def __init__(
        self, limits: Limits = DEFAULT_LIMITS, *, structures: bool = COMPILED, routes: RouteRules | None = None
    ) -> None:
        self._limits = limits
        self._routes: dict[RouteKey, Told] = {}
        self._missed = MissedRoutes(routes, limits.routes) if routes is not None and routes.routes else None
        self._reader = StructureReader() if structures else None
        self._known: dict[str, Known] = {}  # by structure: the same one, and the name of messages that have it
        self.forgotten = 0  # connections whose route was given up to stay within the limit

    def receive(self, record: Handshake | Message) -> list[ChannelMessage]:
        """What this message says; nothing for a handshake, whose route the messages after it take."""
        if type(record) is Message:
            return [self._said(record)]
        if type(record) is Handshake:
            self._open(record)
        return []

    def _said(self, record: Message) -> ChannelMessage:
        half = record.half
        told = self._routes.get(_route_key(half.connection, half.stream))
        if told is None:
            told = NO_ROUTE if self._missed is None else self._join(half)
        route, subprotocol, _ = told
        channel = UNKNOWN_ROUTE if route is None else route
        format_name, body, name, structure = "undecoded", None, None, UNKNOWN
        elements: tuple[int, ...] = ()
        if record.complete and record.undecoded is None:
            text = record.opcode == TEXT
            if self._reader is not None:
                structure = self._reader.structure(record.payload, record.valid_utf8 is True)
                elements = self._reader.elements()
            known: Known | None = None
            # Bytes are JSON only when there is an object or an array at their top: see `formats`.
            if structure and (text or structure[0] in "{["):
                known = self._known.get(structure)
                if known is None:
                    known = self._learn(structure)
            structure, name = NOT_KNOWN if known is None else known
            if structure:
                format_name = "json"
            else:
                elements = ()
                format_name, body = recognise(record.payload, text=text)
                name = message_name(body)
        return ChannelMessage(
            message=record,
            format=format_name,
            channel=channel,
            route=route,
            subprotocol=subprotocol,
            name=name,
            frame_bytes=record.frame_bytes,
            length=record.length or 0,
            body=body,
            structure=structure,
            elements=elements,
        )

    def _learn(self, structure: str) -> Known:
        """What is to be known about messages of a structure that is new here."""
        if len(self._known) >= self._limits.structures:
            self._known.clear()  # those that still come are learnt again
        known: Known = NOT_KNOWN
        decoded = _decode(structure)
        if not repeats_a_key(structure, decoded):
            known = structure, message_name(decoded)
        self._known[structure] = known
        return known

    def _open(self, handshake: Handshake) -> None:
        if handshake.state != "accepted":
            return
        told: Told = (handshake.path_template, handshake.subprotocol, "handshake")
        if handshake.path_template is None:
            told = (None, handshake.subprotocol, None)
            if self._missed is not None:
                route, _, source = self._missed.of(handshake.half)
                told = (route, handshake.subprotocol, source)
        elif self._missed is not None:
            self._missed.add(handshake)
        self._keep(handshake.half, told)

    def _join(self, half: Half) -> Told:
        """The first message of a connection of which no handshake was captured."""
        told = NO_ROUTE if self._missed is None else self._missed.of(half)
        self._keep(half, told)
        return told

    def _keep(self, half: Half, told: Told) -> None:
        key = _route_key(half.connection, half.stream)
        self._routes.pop(key, None)  # the one that opened last stands last
        self._routes[key] = told
        if len(self._routes) > self._limits.connections:
            del self._routes[next(iter(self._routes))]
            self.forgotten += 1

    def state_route(self, summary: ConnectionSummary) -> ConnectionSummary:
        """The same with the route of its messages."""
        half = summary.half
        told = self._routes.get(_route_key(half.connection, half.stream), NO_ROUTE)
        if self._missed is not None and summary.handshake is None and told is NO_ROUTE:
            told = self._missed.of(half)  # it has had no message
        if told == NO_ROUTE:
            return summary
        route, subprotocol, source = told
        return msgspec.structs.replace(summary, route=route, subprotocol=subprotocol, route_source=source)

    def forget(self, connection: str, stream: int | None = None) -> None:
        """This connection (or this stream of it) has ended; its identifier may be used again."""
        self._routes.pop(_route_key(connection, stream), None)

    def expire(self, now_ns: int) -> list[ChannelMessage]:
        """Nothing waits in this stage."""
        return []

    def finish(self) -> list[ChannelMessage]:
        """Nothing is left to say; all connections are forgotten."""
        self._routes.clear()
        self._known.clear()
        return []


def _route_key(connection: str, stream: int | None) -> RouteKey:
    return connection if stream is None else (connection, stream)
