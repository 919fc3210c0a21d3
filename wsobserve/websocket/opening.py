"""The HTTP part of one connection: both directions' bytes in, until a WebSocket begins or it is certain that none will.

An Upgrade may follow any number of other requests, its 101 may come before it in the capture, and the client may have
sent frames that lie before the 101: all of it is held (bounded) until both heads are known, so that nothing is taken
for something else. What is held keeps the time and packet with which it came, and its holes.
"""

from __future__ import annotations

import msgspec

from wsobserve.config import Limits
from wsobserve.websocket.http import LOOK, Head, HttpReader, looks_like_http, request_body, response_body
from wsobserve.websocket.preamble import Beginning, looks_like_frames, what_else
from wsobserve.websocket.requests import Requests

# A client must wait for the answer (RFC 6455, 4.1). One that has sent so much more was answered where nobody captured.
CHUNKS_BEFORE_ANSWER = 16
CHUNK_COST = 128  # bytes of memory that a held chunk takes besides its data: the smallest chunks cost most


class Chunk(msgspec.Struct, frozen=True):
    """Bytes of one half as they came; `missing` bytes in front of them did not."""

    data: bytes
    time_ns: int
    packet: int
    missing: int = 0


class Attempt(msgspec.Struct, frozen=True):
    """An opening handshake: `request` or `response` is None when it was not captured (or never came)."""

    request: Head | None
    response: Head | None


class Side:
    """One direction of the HTTP part."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.reader: HttpReader | None = None  # once it is known to be HTTP
        self.foreign: list[Chunk] = []  # once it is known not to be
        self.beginning = self._anew()  # too little to tell what it is
        self.lost = False  # out of step: only a chunk that begins with a head helps
        self.gone = False  # out of step because bytes are missing: anything may have begun in between
        self.seen = False  # bytes or a gap have come

    def start(self) -> None:
        """The next bytes are the start of a head."""
        self.reader = HttpReader(self.limits.http_head)
        self.lost = self.gone = False

    def restart(self) -> None:
        """Whatever follows is something new (behind a CONNECT)."""
        self.reader = None
        self.beginning = self._anew()
        self.lost = self.gone = False
        self.seen = False

    def _anew(self) -> Beginning:
        return Beginning(min(LOOK, self.limits.http_head), self.limits.held_bytes // CHUNK_COST)


class Opening:
    """`initiator`: the half that sent the SYN, if it was seen.

    `outcome` stays None while nothing is certain; then it says what the connection is: `websocket` (`attempt`,
    `client` and `held` tell the rest), `unanswered` (an upgrade was asked for and something follows, but the answer is
    not in the capture; or nothing is in it but what looks like frames), `hybi-00` (a WebSocket of a draft whose frames
    are not RFC 6455's), `http` (upgraded to something else), `tls`, `http2`, `other`.
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
        self.malformed = 0  # heads that could not be read, until the caller takes them
        self.early_client_data = False  # the client's bytes were in the capture before the response
        self.held: tuple[list[Chunk], list[Chunk]] = ([], [])  # per half: bytes behind the handshake
        self._waiting_bytes = 0  # of those
        self._sides = (Side(limits), Side(limits))
        self._requests = Requests(limits.held_bytes)
        self._upgrade: Head | None = None  # the request that everything behind it waits for
        self._request_may_come = True  # so a response without one waits
        self._early: list[Chunk] = []  # the server's bytes, before all of a request
        self._early_half = 0
        self._early_bytes = 0

    @property
    def unanswered(self) -> Head | None:
        """The upgrade request that has no response yet."""
        return self._upgrade if self._upgrade is not None and self._upgrade.asks_for_websocket else None

    @property
    def _held_bytes(self) -> int:
        """Memory for what waits behind a handshake, and for what is not known yet to be HTTP."""
        beginnings = [side.beginning for side in self._sides]
        return self._waiting_bytes + sum(each.length + CHUNK_COST * len(each.pieces) for each in beginnings)

    def receive(self, half: int, data: bytes, time_ns: int, packet: int) -> None:
        """The next bytes of a half."""
        if data:
            self._receive(half, Chunk(data, time_ns, packet))

    def gap(self, half: int, length: int, time_ns: int, packet: int) -> None:
        """`length` bytes of a half are missing."""
        side = self._sides[half]
        side.seen = True
        if self.outcome is not None or (self._upgrade is not None and half == self.client):
            self._hold(half, Chunk(b"", time_ns, packet, length))
            return
        if self._early and half == self._early_half:
            self._early.append(Chunk(b"", time_ns, packet, length))
            self._early_bytes += CHUNK_COST
            return
        if side.reader is not None:
            side.reader.gap(length)
            side.lost = side.reader.broken
        else:
            side.lost = True
        if side.lost:
            side.gone = True
            side.beginning.take()
            self._requests.clear()  # which response answers which request is not known any more
        if half == self.client and self._early:
            self._request_may_come = False
            self._release_early()

    def end(self, half: int) -> None:
        """Nothing more comes from a half."""
        if half != self.client:
            return
        if self._early:
            self._request_may_come = False
            self._release_early()
        if self.outcome is None and self.unanswered is not None and self.held[half]:
            self._give_up_answer()

    def lose(self, client: int | None = None, upgrade: Head | None = None) -> None:
        """Both halves are somewhere in the middle: only heads at the beginning of a chunk are looked for.

        `upgrade`: a request of the half `client` whose answer may still come.
        """
        self.client, self._upgrade = client, upgrade
        for side in self._sides:
            side.lost = True
            side.seen = True

    def undecided_chunks(self, half: int) -> list[Chunk]:
        """The first bytes of a half that turned out not to be HTTP, or of which it is not known."""
        side = self._sides[half]
        return side.foreign or _chunks(side.beginning.pieces)

    def _receive(self, half: int, chunk: Chunk) -> None:
        side = self._sides[half]
        side.seen = True
        if self.outcome is not None:
            self._hold(half, chunk)
        elif side.lost:
            self._receive_lost(half, side, chunk)
        elif side.reader is not None:
            self._feed(half, chunk)
        else:
            self._receive_beginning(half, side, chunk)

    def _receive_lost(self, half: int, side: Side, chunk: Chunk) -> None:
        if self._upgrade is not None and half == self.client:
            self._hold(half, chunk)
        elif looks_like_http(chunk.data):
            side.start()
            self.is_http = True
            self._learn_role(half, chunk.data)
            self._feed(half, chunk)
        elif self.unanswered is not None:
            # The answer may lie in the hole, and these may be frames.
            self._hold(half, chunk)
            self._give_up_answer()
        elif side.gone and not self._is_http_of(1 - half):
            # Both heads of a handshake may lie in holes.
            side.foreign = [chunk]
            self.outcome = "other"

    def _is_http_of(self, half: int) -> bool:
        return self._sides[half].reader is not None and not self._sides[half].lost

    def _receive_beginning(self, half: int, side: Side, chunk: Chunk) -> None:
        """Bytes of a half of which it is not known what they are."""
        is_http = side.beginning.receive(chunk.data, chunk.time_ns, chunk.packet)
        if is_http is None:
            return
        # A first line that is too long makes a head too long, as its reader will say: others may follow it.
        is_http = is_http or (side.beginning.in_line and half == self.initiator)
        data = side.beginning.joined()
        chunks = _chunks(side.beginning.take())
        if not is_http:
            side.foreign = chunks
            self._release_early()  # perhaps a 101 without its request; then these are frames
            if self.outcome is None and (self.unanswered is None or half == self.client):
                self.outcome = what_else(data)
                # A client whose SYN was captured cannot have gone on without it: the gap would have come first.
                from_server = self.initiator is not None and half != self.initiator and not self._is_http_of(1 - half)
                if from_server and looks_like_frames(data):
                    self.outcome = "unanswered"
                return
            side.foreign = []
            for chunk in chunks:
                self._hold(half, chunk)
            if self.outcome is None:
                self._give_up_answer()
            return
        self.is_http = True
        self._learn_role(half, data)
        side.start()
        for chunk in chunks:
            self._receive(half, chunk)

    def _learn_role(self, half: int, data: bytes) -> None:
        is_response = data.lstrip(b"\r\n").startswith(b"HTTP/")
        self.client = 1 - half if is_response else half

    def _feed(self, half: int, chunk: Chunk) -> None:
        if half == self.client:
            self._feed_client(half, chunk)
            if self._early and (self._requests or self._sides[half].lost):
                self._release_early()
        elif self._waits_for_request():
            # The response before its request: the capture is out of order, or the request is lost and a gap will say so.
            self._early_half = half
            self._early.append(chunk)
            self._early_bytes += len(chunk.data) + CHUNK_COST
            if self._early_bytes > self.limits.held_bytes:
                self.limit_reached = True
                self._request_may_come = False
                self._release_early()
        else:
            self._feed_server(half, chunk)

    def _waits_for_request(self) -> bool:
        """Whether the server's bytes answer a request of which nothing, or not all, has come yet."""
        if not self._request_may_come or self.client is None or self._requests:
            return False
        side = self._sides[self.client]
        if not side.seen:
            return self.initiator == self.client
        return not side.lost and not side.foreign and (side.reader is None or side.reader.in_head)

    def _release_early(self) -> None:
        if not self._early:
            return
        early, self._early, self._early_bytes = self._early, [], 0
        for chunk in early:
            if chunk.missing:
                self.gap(self._early_half, chunk.missing, chunk.time_ns, chunk.packet)
            else:
                self._receive(self._early_half, chunk)

    def _feed_client(self, half: int, chunk: Chunk) -> None:
        side = self._sides[half]
        if self._upgrade is not None:
            self._hold(half, chunk)
            return
        assert side.reader is not None
        head = side.reader.receive(chunk.data, chunk.time_ns, chunk.packet)
        while head is not None:
            if head.method is None:
                side.reader.give_up()
                break
            waits = head.asks_for_websocket or head.method == "CONNECT"
            if not self._requests.append(head, whole=waits):
                self.limit_reached = True
            if waits:
                self._upgrade = head
                self._hold(half, Chunk(side.reader.rest(), chunk.time_ns, chunk.packet))
                return
            side.reader.body(*request_body(head))
            head = side.reader.receive(b"", chunk.time_ns, chunk.packet)
        self._after_reading(side)

    def _feed_server(self, half: int, chunk: Chunk) -> None:
        side = self._sides[half]
        assert side.reader is not None
        head = side.reader.receive(chunk.data, chunk.time_ns, chunk.packet)
        while head is not None:
            status_code = head.status_code
            if status_code is None:
                side.reader.give_up()
                break
            if status_code // 100 == 1 and status_code != 101:
                # RFC 9110, 15.2: an interim response; the final one is still to come.
                side.reader.body(0, False)
            else:
                rest = self._answer(half, side.reader, head)
                if rest is not None:
                    if rest:
                        self._receive(half, Chunk(rest, chunk.time_ns, chunk.packet))
                    return
            head = side.reader.receive(b"", chunk.time_ns, chunk.packet)
        self._after_reading(side)

    def _after_reading(self, side: Side) -> None:
        assert side.reader is not None
        if side.reader.broken:
            self.limit_reached = self.limit_reached or side.reader.head_too_long
            self.malformed += not side.reader.head_too_long
            side.lost = True
            self._requests.clear()

    def _answer(self, half: int, reader: HttpReader, response: Head) -> bytes | None:
        """A final response has come. Returns the bytes behind it when they are not HTTP of this connection any more."""
        # After a hole it is not known which request this answers.
        request = self._requests.popleft() or self._upgrade
        if response.status_code == 101 and self.unanswered is not None:
            request = self.unanswered  # a 101 can only answer the one that asked
        asked = request is not None and request.asks_for_websocket
        if response.status_code == 101:
            rest = reader.rest()
            if not asked and not response.asks_for_websocket:
                self.outcome = "http2" if "h2c" in response.tokens("upgrade") else "http"
            else:
                for chunk in _chunks(self._sides[1 - half].beginning.take()):
                    self._hold(1 - half, chunk)
                self.attempt = Attempt(request if request and request.target else None, response)
                old = request is not None and "sec-websocket-key1" in request.fields
                self.outcome = "hybi-00" if old else "websocket"
                self.early_client_data = any(chunk.data for chunk in self.held[1 - half])
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
        if side.reader is not None and not side.lost:
            side.reader.body(*request_body(request))
        self._replay(self.client)

    def _begin_tunnel(self) -> None:
        """Behind a successful CONNECT both directions start anew (RFC 9110, 9.3.6)."""
        client = self.client
        self._upgrade = None
        self._requests.clear()
        for side in self._sides:
            side.restart()
        self.client = None
        if client is not None:
            self._replay(client)

    def _replay(self, half: int) -> None:
        chunks = list(self.held[half])
        self.held[half].clear()
        self._waiting_bytes -= sum(len(chunk.data) + CHUNK_COST for chunk in chunks)
        for chunk in chunks:
            if chunk.missing:
                self.gap(half, chunk.missing, chunk.time_ns, chunk.packet)
            else:
                self._receive(half, chunk)

    def _hold(self, half: int, chunk: Chunk) -> None:
        if not chunk.data and not chunk.missing:
            return
        self._waiting_bytes += len(chunk.data) + CHUNK_COST
        self.held[half].append(chunk)
        if self.outcome is not None:
            return
        if self._waiting_bytes > self.limits.held_bytes:
            self.limit_reached = True
            self._give_up_answer()
        elif self.unanswered is not None and len(self.held[half]) > CHUNKS_BEFORE_ANSWER:
            self._give_up_answer()

    def _give_up_answer(self) -> None:
        """What follows the upgrade must be followed without knowing what was answered."""
        self.attempt = Attempt(self.unanswered, None)
        self.outcome = "unanswered"


def _chunks(pieces: list[tuple[bytes, int, int]]) -> list[Chunk]:
    return [Chunk(*piece) for piece in pieces]
