"""The HTTP part of one connection: both directions' bytes in, until a WebSocket begins or it is certain that none will.

An Upgrade may follow any number of other requests, its 101 may come before it in the capture, and the client may have
sent frames that lie before the 101: all of it is held (bounded) until both heads are known, so that nothing is taken
for something else. What is held keeps the time and packet with which it came.
"""

from __future__ import annotations

from collections import deque

import msgspec

from wsobserve.config import Limits
from wsobserve.websocket.http import Head, HttpReader, looks_like_http, request_body, response_body

PENDING_REQUESTS = 1_000  # pipelined requests without a response
PROXY_V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
PROXY_V1_LONGEST = 107

Chunk = tuple[bytes, int, int]  # data, time_ns, packet


class Attempt(msgspec.Struct, frozen=True):
    """An opening handshake: `request` or `response` is None when it was not captured (or never came)."""

    request: Head | None
    response: Head | None


class Side:
    """One direction of the HTTP part."""

    def __init__(self, head_limit: int) -> None:
        self.head_limit = head_limit
        self.reader: HttpReader | None = None  # once it is known to be HTTP
        self.undecided: list[Chunk] = []  # too little to tell what it is
        self.lost = False  # out of step: only a chunk that begins with a head helps
        self.seen = False  # bytes or a gap have come

    def start(self) -> None:
        """The next bytes are the start of a head."""
        self.reader = HttpReader(self.head_limit)
        self.lost = False

    def restart(self) -> None:
        """Whatever follows is something new (behind a CONNECT)."""
        self.reader = None
        self.undecided = []
        self.lost = False


class Opening:
    """`initiator`: the half that sent the SYN, if it was seen.

    `outcome` stays None while nothing is certain; then it says what the connection is: `websocket` (`attempt`,
    `client` and `held` tell the rest), `tls`, `http2`, `other`.
    """

    def __init__(self, initiator: int | None, limits: Limits) -> None:
        self.limits = limits
        self.initiator = initiator
        self.client: int | None = None
        self.outcome: str | None = None
        self.attempt: Attempt | None = None
        self.failed: list[Attempt] = []  # refused ones, until the caller takes them
        self.is_http = False
        self.limit_reached = False
        self.early_client_data = False  # the client's bytes were in the capture before the response
        self.held: tuple[list[Chunk], list[Chunk]] = ([], [])  # per half: bytes behind the handshake
        self._held_bytes = 0
        self._sides = (Side(limits.http_head), Side(limits.http_head))
        self._requests: deque[Head] = deque()
        self._upgrade: Head | None = None  # the request that everything behind it waits for
        self._early: list[Chunk] = []  # the server's bytes, before any of the client's

    @property
    def unanswered(self) -> Head | None:
        """The upgrade request that has no response yet."""
        return self._upgrade if self._upgrade is not None and self._upgrade.asks_for_websocket else None

    def receive(self, half: int, data: bytes, time_ns: int, packet: int) -> None:
        """The next bytes of a half."""
        side = self._sides[half]
        first = not side.seen
        side.seen = True
        chunk = (data, time_ns, packet)
        if side.reader is not None and not side.lost:
            self._feed(half, chunk)
            return
        if side.lost:
            if looks_like_http(data):
                side.start()
                self.is_http = True
                self._learn_role(half, data)
                self._feed(half, chunk)
            return
        if first or side.undecided:
            side.undecided.append(chunk)
            self._decide(half, side)

    def gap(self, half: int, length: int) -> None:
        """`length` bytes of a half are missing."""
        side = self._sides[half]
        side.seen = True
        if self._upgrade is not None and half == self.client:
            self._limit()
            return
        if side.reader is not None:
            side.reader.gap(length)
            side.lost = side.reader.broken
        else:
            side.lost = True
        if side.lost:
            side.undecided = []
            self._requests.clear()  # which response answers which request is not known any more
        if half == self.client and self._early:
            self._release_early()

    def end(self, half: int) -> None:
        """Nothing more comes from a half."""
        if half == self.initiator and self._early and not self._sides[half].seen:
            self._release_early()

    def lose(self) -> None:
        """Both halves are somewhere in the middle: only heads at the beginning of a chunk are looked for."""
        for side in self._sides:
            side.lost = True
            side.seen = True

    def _decide(self, half: int, side: Side) -> None:
        """What the first bytes of a half are."""
        joined = b"".join([data for data, _, _ in side.undecided])
        rest = without_proxy_header(joined)
        if rest is None:
            return
        verdict = looks_like_http(rest)
        if verdict is None:
            return
        chunks, side.undecided = side.undecided, []
        skip = len(joined) - len(rest)
        if not verdict:
            self._release_early()  # perhaps a 101 without its request; then these are frames
            if self.outcome is None:
                self.outcome = what_else(rest)
                side.undecided = chunks
            for chunk in chunks if self.outcome == "websocket" else ():
                self._hold(half, chunk)
            return
        self.is_http = True
        self._learn_role(half, rest)
        side.start()
        for data, time_ns, packet in chunks:
            piece = data[skip:]
            skip = max(skip - len(data), 0)
            if piece:
                self._feed(half, (piece, time_ns, packet))

    def _learn_role(self, half: int, data: bytes) -> None:
        is_response = data.lstrip(b"\r\n").startswith(b"HTTP/")
        self.client = 1 - half if is_response else half

    def _feed(self, half: int, chunk: Chunk) -> None:
        if self.outcome is not None:
            self._hold(half, chunk)
        elif half == self.client:
            self._feed_client(half, chunk)
            if self._early and (self._requests or self._sides[half].lost):
                self._release_early()
        elif self.initiator == self.client and self.client is not None and not self._sides[self.client].seen:
            # The response before its request: the capture is out of order, or the request is lost and a gap will say so.
            self._early.append(chunk)
            if sum(len(data) for data, _, _ in self._early) > self.limits.held_bytes:
                self._release_early()
        else:
            self._feed_server(half, chunk)

    def _release_early(self) -> None:
        if not self._early:
            return
        early, self._early = self._early, []
        server = 1 - self.client if self.client is not None else 0
        for chunk in early:
            if self.outcome is not None:
                self._hold(server, chunk)
            else:
                self._feed_server(server, chunk)

    def _feed_client(self, half: int, chunk: Chunk) -> None:
        side = self._sides[half]
        if self._upgrade is not None:
            self._hold(half, chunk)
            return
        assert side.reader is not None
        data, time_ns, packet = chunk
        head = side.reader.receive(data, time_ns, packet)
        while head is not None:
            if head.method is None:
                side.reader.broken = True
                break
            if len(self._requests) >= PENDING_REQUESTS:
                self._requests.popleft()
                self.limit_reached = True
            self._requests.append(head)
            if head.asks_for_websocket or head.method == "CONNECT":
                self._upgrade = head
                self._hold(half, (side.reader.rest(), time_ns, packet))
                return
            side.reader.body(*request_body(head))
            head = side.reader.receive(b"", time_ns, packet)
        self._after_reading(side)

    def _feed_server(self, half: int, chunk: Chunk) -> None:
        side = self._sides[half]
        assert side.reader is not None
        data, time_ns, packet = chunk
        head = side.reader.receive(data, time_ns, packet)
        while head is not None:
            status_code = head.status_code
            if status_code is None:
                side.reader.broken = True
                break
            if status_code // 100 == 1 and status_code != 101:
                # RFC 9110, 15.2: an interim response; the final one is still to come.
                side.reader.body(0, False)
            else:
                request = self._requests.popleft() if self._requests else None
                rest = self._answer(half, side.reader, request, head)
                if rest is not None:
                    if rest:
                        self.receive(half, rest, time_ns, packet)
                    return
            head = side.reader.receive(b"", time_ns, packet)
        self._after_reading(side)

    def _after_reading(self, side: Side) -> None:
        assert side.reader is not None
        if side.reader.broken:
            self.limit_reached = self.limit_reached or side.reader.head_too_long
            side.lost = True
            self._requests.clear()

    def _answer(self, half: int, reader: HttpReader, request: Head | None, response: Head) -> bytes | None:
        """A final response has come. Returns the bytes behind it when they are not HTTP of this connection any more."""
        asked = request is not None and request.asks_for_websocket
        if response.status_code == 101:
            rest = reader.rest()
            if asked or response.asks_for_websocket:
                if request is not None and "sec-websocket-key1" in request.fields:
                    self.outcome = "other"  # the framing of draft-ietf-hybi-thewebsocketprotocol-00, not RFC 6455's
                    return b""
                self.attempt = Attempt(request, response)
                self.outcome = "websocket"
                self.early_client_data = any(data for data, _, _ in self.held[1 - half])
                return rest
            self.outcome = "other"
            return rest
        if request is not None and request.method == "CONNECT" and (response.status_code or 0) // 100 == 2:
            rest = reader.rest()
            self._begin_tunnel()
            return rest
        reader.body(*response_body(response, request.method if request else None))
        if request is not None and request is self._upgrade:
            if asked:
                self.failed.append(Attempt(request, response))
            self._continue_client(request)
        return None

    def _continue_client(self, request: Head) -> None:
        """The upgrade did not happen: what was held behind its request is HTTP."""
        assert self.client is not None
        self._upgrade = None
        side = self._sides[self.client]
        if side.reader is None:
            return
        side.reader.body(*request_body(request))
        for chunk in self._take_held(self.client):
            self._feed_client(self.client, chunk)

    def _begin_tunnel(self) -> None:
        """Behind a successful CONNECT both directions start anew (RFC 9110, 9.3.6)."""
        client = self.client
        self._upgrade = None
        self._requests.clear()
        for side in self._sides:
            side.restart()
            side.seen = False
        self.client = None
        if client is not None:
            for data, time_ns, packet in self._take_held(client):
                if data:
                    self.receive(client, data, time_ns, packet)

    def _take_held(self, half: int) -> list[Chunk]:
        chunks = list(self.held[half])
        self.held[half].clear()
        self._held_bytes -= sum(len(data) for data, _, _ in chunks)
        return chunks

    def _hold(self, half: int, chunk: Chunk) -> None:
        if not chunk[0]:
            return
        self._held_bytes += len(chunk[0])
        self.held[half].append(chunk)
        if self._held_bytes > self.limits.held_bytes and self.outcome is None:
            self._limit()

    def _limit(self) -> None:
        """The client goes on for long without a response, or with a hole: it must be followed without knowing."""
        self.limit_reached = True
        self.attempt = Attempt(self.unanswered, None)
        self.outcome = "unknown"

    def undecided_chunks(self, half: int) -> list[Chunk]:
        """The first bytes of a half that turned out not to be HTTP, or of which it is not known."""
        return self._sides[half].undecided


def what_else(data: bytes) -> str:
    """What a stream that does not begin with HTTP/1.1 is."""
    if data[:1] in (b"\x16", b"\x80") and data[1:2] in (b"\x03", b""):
        return "tls"  # RFC 8446, 5.1: a handshake record
    if data.startswith(b"PRI * HTTP/2.0"):
        return "http2"  # RFC 9113, 3.4
    return "other"


def without_proxy_header(data: bytes) -> bytes | None:
    """`data` behind a PROXY protocol header (haproxy's proxy-protocol.txt, versions 1 and 2); None: not all there yet."""
    if data.startswith(PROXY_V2_SIGNATURE):
        if len(data) < 16:
            return None
        end = 16 + int.from_bytes(data[14:16], "big")
        return data[end:] if len(data) >= end else None
    if data.startswith(b"PROXY "):
        end = data.find(b"\r\n", 0, PROXY_V1_LONGEST)
        if end < 0:
            return None if len(data) < PROXY_V1_LONGEST else data
        return data[end + 2 :]
    if data and PROXY_V2_SIGNATURE.startswith(data):
        return None
    return data
