"""The one record that is made for nearly every packet, as a class that the compiled build makes in a few nanoseconds.

It lives from the transport to the WebSocket room and no longer. Everything else that passes between rooms is in
`records`, which gives this one out too.
"""

from __future__ import annotations


class StreamBytes:
    """The next bytes of one direction of a connection, in order and without holes. Never changed once made.

    `packet` and `time_ns` belong to the packet with which these bytes became available in order.
    """

    __slots__ = ("connection", "data", "half", "packet", "time_ns")

    def __init__(self, connection: str, half: int, time_ns: int, packet: int, data: bytes) -> None:
        self.connection = connection
        self.half = half
        self.time_ns = time_ns
        self.packet = packet
        self.data = data

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StreamBytes):
            return NotImplemented
        return (
            self.connection == other.connection
            and self.half == other.half
            and self.time_ns == other.time_ns
            and self.packet == other.packet
            and self.data == other.data
        )

    __hash__ = None  # type: ignore[assignment]  # holds payload; nobody keeps it in a table

    def __repr__(self) -> str:
        # The bytes are somebody's secret: how many there are is enough.
        return f"StreamBytes({self.connection!r}, {self.half}, {self.time_ns}, {self.packet}, {len(self.data)} bytes)"


def stream_bytes(connection: str, half: int, time_ns: int, packet: int, data: bytes) -> StreamBytes:
    """A `StreamBytes`, made without a call of `__init__`: compiled, that is a third of the time."""
    record = StreamBytes.__new__(StreamBytes)
    record.connection = connection
    record.half = half
    record.time_ns = time_ns
    record.packet = packet
    record.data = data
    return record
