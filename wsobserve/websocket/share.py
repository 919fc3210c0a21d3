"""What the connections of one partition hold in, which of them has to let go out.

Unfinished messages, bytes that wait for a handshake or for a frame boundary, and inflate windows of all connections
share one limit. When it is reached, the connection that was used least recently lets go of what it holds, then the
next one; the one in use only when nothing else is left.
"""

from __future__ import annotations

from collections import OrderedDict

from wsobserve.websocket.connection import WebSocketConnection


class Share:
    """One partition. `held`: bytes of memory that its connections hold, at most `limit` once `over` returns None."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._holding: OrderedDict[str, WebSocketConnection] = OrderedDict()  # the one used least recently first

    def note(self, connection: WebSocketConnection) -> None:
        """It has just been used: its `weight` is what it holds now."""
        identifier = connection.connection.id
        if connection.weight:
            self._holding[identifier] = connection
            self._holding.move_to_end(identifier)
        elif connection.counted:
            self._holding.pop(identifier, None)
        self.recount(connection)

    def over(self) -> WebSocketConnection | None:
        """Who has to let go because the limit is passed; it is not asked again before it holds something new."""
        if self.held <= self.limit or not self._holding:
            return None
        _, connection = self._holding.popitem(last=False)
        return connection

    def recount(self, connection: WebSocketConnection) -> None:
        """It holds more or less than before, and was not used."""
        self.held += connection.weight - connection.counted
        connection.counted = connection.weight
