"""The first bytes of a stream in; out: whether it is HTTP/1.1, what it is otherwise, and what a proxy put in front of it."""

from __future__ import annotations

from wsobserve.websocket.boundary import Search
from wsobserve.websocket.http import REQUEST_START, looks_like_http

PROXY_V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
PROXY_V1_SIGNATURE = b"PROXY "
PROXY_V1_LONGEST = 107
FRAME_BITS = 12.0  # of evidence; only few of other protocols' first bytes have them


class Beginning:
    """One direction, as long as its bytes are too few to tell what they are.

    A PROXY header goes as it comes. No more than `longest` bytes stay without an answer, in `most_pieces` pieces: if there
    are more, they are joined, as if all of them had come with the last.
    """

    __slots__ = ("_longest", "_most_pieces", "_proxy_header", "in_line", "length", "pieces")

    def __init__(self, longest: int, most_pieces: int) -> None:
        self.length = 0
        self.pieces: list[tuple[bytes, int, int]] = []  # each with its `time_ns` and `packet`
        self._longest = max(longest, PROXY_V1_LONGEST)
        self._most_pieces = most_pieces
        self._proxy_header: int | None = None  # bytes of it that have not been passed over; None: is there one?
        self.in_line = False  # a request line has begun, and not ended

    def receive(self, data: bytes, time_ns: int, packet: int) -> bool | None:
        """The next bytes. Whether it is HTTP/1.1; None: too little to tell."""
        self.length += len(data)
        self.pieces.append((data, time_ns, packet))
        if len(self.pieces) > self._most_pieces:
            self.pieces = [(self.joined(), time_ns, packet)]
        if self._proxy_header is None:
            self._proxy_header = proxy_header_length(self.joined())
        if self._proxy_header != 0:
            self._pass_over_proxy_header()
        if not self.length or self._proxy_header != 0 or (self.in_line and b"\n" not in data and self.length < self._longest):
            return None
        return self._is_http()

    def joined(self) -> bytes:
        """All that is here."""
        return self.pieces[0][0] if len(self.pieces) == 1 else b"".join([data for data, _, _ in self.pieces])

    def take(self) -> list[tuple[bytes, int, int]]:
        """The pieces, which are not held any more."""
        pieces, self.pieces, self.length = self.pieces, [], 0
        return pieces

    def _pass_over_proxy_header(self) -> None:
        while self._proxy_header and self.pieces:
            data, time_ns, packet = self.pieces.pop(0)
            passed = min(self._proxy_header, len(data))
            self._proxy_header -= passed
            self.length -= passed
            if passed < len(data):
                self.pieces.insert(0, (data[passed:], time_ns, packet))

    def _is_http(self) -> bool | None:
        start = self.joined()[: self._longest]
        verdict = looks_like_http(start)
        self.in_line = verdict is None and REQUEST_START.match(start.lstrip(b"\r\n")) is not None
        if verdict is None:
            return None if self.length < self._longest else False
        return None if not verdict and len(start) < 3 and is_tls(start) else verdict


def what_else(data: bytes) -> str:
    """What a stream that does not begin with HTTP/1.1 is."""
    if is_tls(data):
        return "tls"
    if data.startswith(b"PRI * HTTP/2.0"):
        return "http2"  # RFC 9113, 3.4
    return "other"


def looks_like_frames(data: bytes) -> bool:
    """Whether a server's first bytes may follow an opening handshake of which nothing was captured."""
    return Search(data, {0}, False).bits(0) >= FRAME_BITS


def is_tls(data: bytes) -> bool:
    """Whether `data` can be the beginning of a TLS record (RFC 8446, 5.1: content types 20 to 23, version 3.x)."""
    return b"\x14" <= data[:1] <= b"\x17" and data[1:2] in (b"\x03", b"") and data[2:3] <= b"\x04"


def proxy_header_length(data: bytes) -> int | None:
    """How long the PROXY protocol header is that a stream begins with, be it all there or not; None: too little to tell.

    As in haproxy's proxy-protocol.txt, versions 1 and 2.
    """
    if data.startswith(PROXY_V2_SIGNATURE):
        return 16 + int.from_bytes(data[14:16], "big") if len(data) >= 16 else None
    if data.startswith(PROXY_V1_SIGNATURE):
        end = data.find(b"\r\n", 0, PROXY_V1_LONGEST)
        if end >= 0:
            return end + 2
        return None if len(data) < PROXY_V1_LONGEST else 0
    return None if PROXY_V2_SIGNATURE.startswith(data) or PROXY_V1_SIGNATURE.startswith(data) else 0
