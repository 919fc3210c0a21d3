"""Where whole messages go before a record of each is made: whoever can count one without the record says so.

Making a record, handing it from room to room and looking at it costs several times what counting a message costs that
is like one before. This class is what the WebSocket room knows of whoever counts: it takes nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsobserve.records import Half


class HalfSink:
    """Of one direction of one connection."""

    __slots__ = ()

    def take(self, time_ns: int, opcode: int, payload: bytes, utf8: bool, length: int, frame_bytes: int) -> bool:
        """Whether this message, which is whole and decoded, has been counted: then nobody needs a record of it.

        `utf8`: whether `payload` is known to be UTF-8. The other parameters are the fields of a `Message`.
        """
        return False


class MessageSink:
    """Of all connections."""

    __slots__ = ()

    def of(self, half: Half) -> HalfSink:
        """The sink of this direction."""
        return HalfSink()
