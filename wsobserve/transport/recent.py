"""The last delivered bytes of one half, kept by reference to be compared with bytes that come again."""

from __future__ import annotations

RECENT_BYTES = 8_192
RECENT_PIECES = 8


class RecentBytes:
    """What was delivered last, without gap up to the next expected byte; at most 8 KiB in 8 pieces."""

    __slots__ = ("length", "pieces")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.length = 0

    def add(self, data: bytes) -> None:
        """These bytes have been delivered."""
        pieces = self.pieces
        length = len(data)
        if length > RECENT_BYTES:
            pieces.clear()
            pieces.append(data[length - RECENT_BYTES :])
            self.length = RECENT_BYTES
            return
        pieces.append(data)
        self.length += length
        while self.length > RECENT_BYTES or len(pieces) > RECENT_PIECES:
            self.length -= len(pieces.pop(0))

    def clear(self) -> None:
        """What comes next does not follow on what is here."""
        self.pieces.clear()
        self.length = 0

    def differs(self, before_end: int, data: bytes) -> bool:
        """Whether `data`, which lies `before_end` bytes in front of the next expected byte, has other bytes than before."""
        start = self.length - before_end
        if start < 0:
            data = data[-start:]
            start = 0
        if not data:
            return False
        before = b"".join(self.pieces)[start:]
        common = min(len(before), len(data))
        return before[:common] != data[:common]
