"""Messages become channel messages: on which channel, in which format, under which name, with which body.

In go handshakes and messages of any connection, in order; out come channel messages, at least one for each message.
A connection's state is the route and subprotocol of its handshake and nothing else; each message is judged alone.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.payload.formats import recognise
from wsobserve.payload.name import message_name
from wsobserve.payload.structure import COMPILED, UNKNOWN, StructureReader, repeats_a_key
from wsobserve.records import ChannelMessage, Handshake, Message

TEXT = 1  # RFC 6455, 5.2: opcode of a text frame
UNKNOWN_ROUTE = "unknown route"
NO_ROUTE = (None, None)  # and no subprotocol
NOT_KNOWN = (UNKNOWN, None)  # of messages that have to be decoded

_decode = msgspec.json.Decoder().decode

Known: TypeAlias = "tuple[str, str | None]"
RouteKey: TypeAlias = "str | tuple[str, int]"  # the connection, and the stream of it if it has any


class Payload:
    """The stage of this room: one object for all connections of a pipeline.

    `structures`: whether JSON is told by its structure, and decoded only where that is new. It is the faster way where
    the reader of structures is compiled; what is said of a message is the same, but for which of `body` and `structure`
    comes with it.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, structures: bool = COMPILED) -> None:
        self._limits = limits
        self._routes: dict[RouteKey, tuple[str | None, str | None]] = {}  # the route and the subprotocol
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
        route, subprotocol = self._routes.get(_route_key(half.connection, half.stream), NO_ROUTE)
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
        key = _route_key(handshake.half.connection, handshake.half.stream)
        self._routes.pop(key, None)  # the one that opened last stands last
        self._routes[key] = (handshake.path_template, handshake.subprotocol)
        if len(self._routes) > self._limits.connections:
            del self._routes[next(iter(self._routes))]
            self.forgotten += 1

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
