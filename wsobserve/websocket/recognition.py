"""Bytes of both directions of a connection whose opening handshake is not known; out: whether it is a WebSocket.

A connection that was open before the capture began has no handshake to tell. Its frames tell: one side masks, the
other does not, and headers follow each other exactly. Nothing is believed on one lucky header (see `boundary`).
"""

from __future__ import annotations

from wsobserve.config import Limits
from wsobserve.websocket.boundary import RECOGNISE_BITS, RESYNCHRONISE_BITS, find_boundary
from wsobserve.websocket.opening import Chunk

BOTH_BITS = 54.0  # together, when both directions give some evidence
EACH_BITS = 20.0
SEARCH_LENGTH = 64 * 1024  # bytes per direction that are held
SEARCH_CHUNKS = 256


class Recognition:
    """`client` turns from None to the half that masks, once that is certain. `hopeless`: too much came without evidence."""

    def __init__(self, limits: Limits) -> None:
        self.length_limit = min(SEARCH_LENGTH, limits.resynchronise_buffer)
        self.client: int | None = None
        self.hopeless = False
        self.chunks: tuple[list[Chunk], list[Chunk]] = ([], [])
        self._bits = ([0.0, 0.0], [0.0, 0.0])  # per half: evidence that its frames are unmasked, masked
        self._passed_bytes = 0

    def receive(self, half: int, data: bytes, time_ns: int, packet: int) -> None:
        """The next bytes of a half."""
        chunks = self.chunks[half]
        chunks.append((data, time_ns, packet))
        self._judge(half)
        if self.client is not None:
            return
        if len(chunks) > SEARCH_CHUNKS or sum(len(piece) for piece, _, _ in chunks) > self.length_limit:
            self._passed_bytes += sum(len(piece) for piece, _, _ in chunks)
            chunks.clear()
            self.hopeless = self._passed_bytes > 2 * self.length_limit

    def gap(self, half: int) -> None:
        """Bytes of a half are missing: what is held does not go on behind them."""
        self.chunks[half].clear()

    def _judge(self, half: int) -> None:
        starts, position = [], 0
        for data, _, _ in self.chunks[half]:
            starts.append(position)
            position += len(data)
        joined = b"".join([data for data, _, _ in self.chunks[half]])
        for masked in (False, True):
            found = find_boundary(joined, starts, masked, EACH_BITS, everywhere=False)
            self._bits[half][masked] = found.bits if found else 0.0
        for client in (0, 1):
            of_client, of_server = self._bits[client][True], self._bits[1 - client][False]
            enough = max(of_client, of_server) >= RECOGNISE_BITS
            both = min(of_client, of_server) >= EACH_BITS and of_client + of_server >= BOTH_BITS
            # Evidence for the opposite roles makes it a coincidence, whatever its size.
            contrary = max(self._bits[client][False], self._bits[1 - client][True]) >= RESYNCHRONISE_BITS
            if (enough or both) and not contrary:
                self.client = client
