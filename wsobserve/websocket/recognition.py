"""Bytes of both directions of a connection whose opening handshake is not known; out: whether it is a WebSocket.

A connection that was open before the capture began has no handshake to tell. Its frames tell: one side masks, the
other does not, and headers follow each other exactly. Nothing is believed on one lucky header (see `boundary`), nor on
one direction while the other contradicts it.
"""

from __future__ import annotations

from wsobserve.config import Limits
from wsobserve.websocket.boundary import NO_EVIDENCE, RESYNCHRONISE_BITS
from wsobserve.websocket.opening import Chunk
from wsobserve.websocket.resynchronisation import Resynchronisation

BOTH_BITS = 54.0  # together, when both directions give some evidence
EACH_BITS = 12.0  # a segment that begins with a frame
ALONE_BITS = 64.0  # when the other direction is silent, or not captured
SEARCH_LENGTH = 64 * 1024  # bytes per direction that are held


class Recognition:
    """`client` turns from None to the half that masks, once that is certain. `hopeless`: too much came without evidence.

    `asked`: the half that is known to have asked for a WebSocket; the answer alone is not known.
    """

    def __init__(self, limits: Limits, asked: int | None = None) -> None:
        self.limit = min(SEARCH_LENGTH, limits.resynchronise_buffer)
        self.asked = asked
        self.client: int | None = None
        self._seen = [False, False]
        self._weights = ([NO_EVIDENCE, NO_EVIDENCE], [NO_EVIDENCE, NO_EVIDENCE])  # by half: as unmasked, as masked frames
        self._searches = tuple((self._search(limits), self._search(limits)) for _ in (0, 1))

    @property
    def hopeless(self) -> bool:
        """Whether it can be given up."""
        passed = max(search.passed_bytes for searches in self._searches for search in searches)
        return passed > 2 * self.limit and all(max(weights) < 2 * EACH_BITS for weights in self._weights)

    def receive(self, half: int, chunk: Chunk) -> None:
        """The next bytes of a half."""
        self._seen[half] = True
        for masked in (False, True):
            self._searches[half][masked].hold(chunk, masked)
        self._judge(half)

    def finish(self) -> None:
        """Nothing more comes."""
        for half in (0, 1):
            self._judge(half, last=True)

    def gap(self, half: int, length: int) -> None:
        """`length` bytes of a half are missing."""
        for masked in (False, True):
            self._searches[half][masked].pass_over_all(masked, length)

    def search(self, half: int) -> Resynchronisation:
        """What is held of a half, to be searched for its first frame."""
        return self._searches[half][half == self.client]

    def _search(self, limits: Limits) -> Resynchronisation:
        return Resynchronisation(self.limit, joined=True, most=limits.resynchronise_buffer)

    def _judge(self, half: int, last: bool = False) -> None:
        for masked in (False, True):
            self._weights[half][masked] = self._searches[half][masked].weigh(masked, last)
        for client in (0, 1):
            if self._is_client(client):
                self.client = client

    def _is_client(self, client: int) -> bool:
        if self.asked is not None and client != self.asked:
            return False
        of_client, of_server = self._weights[client][True], self._weights[1 - client][False]
        # Evidence for the opposite roles makes it a coincidence, whatever its size.
        if max(self._weights[client][False], self._weights[1 - client][True]) >= RESYNCHRONISE_BITS:
            return False
        both, alone = (RESYNCHRONISE_BITS, RESYNCHRONISE_BITS) if self.asked is not None else (BOTH_BITS, ALONE_BITS)
        if self._seen[0] and self._seen[1]:
            return min(of_client, of_server) >= EACH_BITS and of_client + of_server >= both
        return max(of_client, of_server) >= alone
