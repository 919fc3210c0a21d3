"""Messages become channel messages: on which channel, in which format, under which name, with which body.

In go handshakes and messages of any connection, in order; out come channel messages, at least one for each message.
A connection's state is the route and subprotocol of its handshake and nothing else; each message is judged alone.
"""

from __future__ import annotations

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.payload.formats import STRUCTURED, recognise
from wsobserve.payload.name import message_name
from wsobserve.records import ChannelMessage, Handshake, Message, kind_id

TEXT = 1  # RFC 6455, 5.2: opcode of a text frame
UNKNOWN_ROUTE = "unknown route"


class Payload:
    """The stage of this room: one object for all connections of a pipeline."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._routes: dict[tuple[str, int | None], tuple[str | None, str | None]] = {}
        self.forgotten = 0  # connections whose route was given up to stay within the limit

    def receive(self, record: Handshake | Message) -> list[ChannelMessage]:
        """What this message says; nothing for a handshake, whose route the messages after it take."""
        if isinstance(record, Handshake):
            self._open(record)
            return []
        half = record.half
        route, subprotocol = self._routes.get((half.connection, half.stream), (None, None))
        channel = UNKNOWN_ROUTE if route is None else route
        format_name, body, name = "undecoded", None, None
        if record.complete and record.undecoded is None:
            format_name, body = recognise(record.payload, text=record.opcode == TEXT)
            name = message_name(body)
        return [
            ChannelMessage(
                message=record,
                format=format_name,
                channel=channel,
                route=route,
                subprotocol=subprotocol,
                name=name,
                schema=kind_id(channel, half.direction, name) if format_name in STRUCTURED else None,
                frame_bytes=record.frame_bytes,
                length=record.length or 0,
                body=body,
            )
        ]

    def _open(self, handshake: Handshake) -> None:
        if handshake.state != "accepted":
            return
        key = (handshake.half.connection, handshake.half.stream)
        self._routes.pop(key, None)  # the one that opened last stands last
        self._routes[key] = (handshake.path_template, handshake.subprotocol)
        if len(self._routes) > self._limits.connections:
            del self._routes[next(iter(self._routes))]
            self.forgotten += 1

    def forget(self, connection: str, stream: int | None = None) -> None:
        """This connection (or this stream of it) has ended; its identifier may be used again."""
        self._routes.pop((connection, stream), None)

    def expire(self, now_ns: int) -> list[ChannelMessage]:
        """Nothing waits in this stage."""
        return []

    def finish(self) -> list[ChannelMessage]:
        """Nothing is left to say; all connections are forgotten."""
        self._routes.clear()
        return []
