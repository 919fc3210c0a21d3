"""Requests of one connection in, in the order in which they came; each out again when its response has come.

Responses come in the order of their requests (RFC 9112, 9.3.2). Of a capture with one direction alone no response comes.
"""

from __future__ import annotations

from collections import deque

from wsobserve.websocket.http import Head

MOST = 1_000  # requests without a response


class Requests:
    """Those that wait. What they hold has a limit of `most_bytes`: of those beyond it only the method stays."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.held_bytes = 0
        self._heads: deque[Head] = deque()

    def __len__(self) -> int:
        return len(self._heads)

    def append(self, head: Head, *, whole: bool) -> bool:
        """One more; `whole`: it is kept, limit or not. Returns whether nothing had to be forgotten."""
        forgotten = len(self._heads) >= MOST
        if forgotten:
            self.popleft()
        if not whole and self.held_bytes + _length(head) > self.most_bytes:
            forgotten = True
            head = Head(head.time_ns, head.packet, head.method)
        self._heads.append(head)
        self.held_bytes += _length(head)
        return not forgotten

    def popleft(self) -> Head | None:
        """The one that waits longest, if there is any. Without a target: it was forgotten but for its method."""
        if not self._heads:
            return None
        head = self._heads.popleft()
        self.held_bytes -= _length(head)
        return head

    def clear(self) -> None:
        """None waits any more."""
        self._heads.clear()
        self.held_bytes = 0


def _length(head: Head) -> int:
    return len(head.target or "") + sum(map(len, head.fields.values())) + sum(map(len, head.carried))
