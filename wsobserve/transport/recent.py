"""The last delivered bytes of one half, kept by reference to be compared with bytes that come again."""

from __future__ import annotations

FEWEST_PIECES = 8
MOST_PIECES = 16  # then the oldest go, several at once


class RecentBytes:
    """What was delivered last, without gap up to the next expected byte: the last 8 to 15 pieces, as far as they fit."""

    __slots__ = ("length", "pieces")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.length = 0

    def add(self, data: bytes, limit: int) -> None:
        """These bytes have been delivered; keep at most `limit` in all."""
        pieces = self.pieces
        pieces.append(data)
        self.length += len(data)
        if self.length > limit or len(pieces) >= MOST_PIECES:
            self._shorten(limit)

    def _shorten(self, limit: int) -> None:
        pieces = self.pieces
        count = 0
        for piece in pieces:
            if self.length <= limit and len(pieces) - count <= FEWEST_PIECES:
                break
            count += 1
            self.length -= len(piece)
        last = pieces[len(pieces) - 1]
        del pieces[:count]
        if not pieces and limit:
            pieces.append(last[len(last) - limit :])
            self.length = limit

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
