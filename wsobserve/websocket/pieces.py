"""Bytes that come in pieces: held as they came, and joined once, when all of them are there.

So a payload of many segments is copied once. Small pieces are gathered into larger ones, because each object costs
some forty bytes besides what it holds.
"""

from __future__ import annotations

SMALL = 1_024
GATHERED = 65_536  # so much of small pieces is gathered into one


class Pieces:
    """`length`: how many bytes are held."""

    __slots__ = ("_last", "_pieces", "length")

    def __init__(self) -> None:
        self.length = 0
        self._pieces: list[bytes | bytearray] | None = None
        self._last: bytearray | None = None  # the last piece, when it is one that small ones are gathered in

    def add(self, piece: bytes) -> None:
        """Hold one more piece."""
        length = len(piece)
        if not length:
            return
        self.length += length
        if self._pieces is None:
            self._pieces = [piece]
        elif length >= SMALL:
            self._pieces.append(piece)
            self._last = None
        elif self._last is not None and len(self._last) < GATHERED:
            self._last += piece
        else:
            self._last = bytearray(piece)
            self._pieces.append(self._last)

    def join(self) -> bytes:
        """All of them; nothing is held any more."""
        pieces = self._pieces
        if pieces is None:
            return b""
        self.clear()
        # Of one piece there is only one, and it came as bytes: joining it makes no copy.
        return b"".join(pieces)

    def clear(self) -> None:
        """Hold nothing."""
        self.length = 0
        self._pieces = None
        self._last = None
