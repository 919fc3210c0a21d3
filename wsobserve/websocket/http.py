"""Bytes of one direction of an HTTP/1.1 connection in, heads out (RFC 9112).

Only heads matter here: an Upgrade may come after any number of earlier requests, so bodies are stepped over, exactly
where their length is known. The reader stops behind a head until its caller has said how long the body is, because
only the two directions together know (a response to HEAD has none; behind a 101 there is no HTTP any more).
"""

from __future__ import annotations

import re

import msgspec

from wsobserve.websocket.carried import Carried

REQUEST_START = re.compile(rb"[A-Z][A-Z-]{1,19} ")
# What every request line looks like before its first space, as far as it has come.
REQUEST_PREFIX = re.compile(rb"[A-Z][A-Z-]{0,19}( .*)?", re.DOTALL)
REQUEST_LINE = re.compile(rb"([A-Z][A-Z-]{1,19}) +(\S+) +HTTP/1\.[0-9] *")
STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] +([0-9]{3})(?: .*)?", re.DOTALL)
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
LINE_LIMIT = 4096  # of a chunk's size line and of a trailer's line
LOOK = 65536  # so long may a request line be at most

UNTIL_CLOSE = -1

# The fields that anybody here reads. The others are not kept: a head full of short ones would take forty times its length.
FIELDS = {
    "content-length",
    "host",
    "origin",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-key1",
    "sec-websocket-origin",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "traceparent",
    "transfer-encoding",
    "upgrade",
    "user-agent",
}


class Head(msgspec.Struct, frozen=True):
    """The head of a request or a response. Of its fields those of FIELDS; those of one name are joined by `, `.

    `carried`: what a request's other fields are, without a value (see `carried`).
    """

    time_ns: int
    packet: int
    method: str | None = None  # of a request
    target: str | None = None
    status_code: int | None = None  # of a response
    fields: dict[str, str] = {}
    carried: tuple[str, ...] = ()

    def tokens(self, name: str) -> list[str]:
        """The comma-separated tokens of a field, lower case."""
        return [token.strip().lower() for token in self.fields.get(name, "").split(",") if token.strip()]

    @property
    def asks_for_websocket(self) -> bool:
        """Whether it has `Upgrade: websocket` (RFC 6455, 4.1)."""
        return "websocket" in self.tokens("upgrade")


def looks_like_http(data: bytes) -> bool | None:
    """Whether a stream that starts with `data` is HTTP/1.1; None: too little to tell."""
    data = data.lstrip(b"\r\n")
    if not data:
        return None
    start = data[:5]
    if b"HTTP/".startswith(start) or start == b"HTTP/":
        return True if len(start) == 5 else None
    if REQUEST_START.match(data):
        line_end = data.find(b"\n")
        if line_end < 0:
            return None if len(data) < LOOK else False
        return REQUEST_LINE.fullmatch(data[:line_end].rstrip(b"\r")) is not None
    return None if len(data) < 20 and REQUEST_PREFIX.fullmatch(data) else False


class HttpReader:
    """One direction. Feed it with `receive`; after each head call `body`, or take over what is left with `rest`."""

    def __init__(self, head_limit: int) -> None:
        self.head_limit = head_limit
        self.broken = False  # not HTTP, or a head that cannot be read: nothing more comes out
        self.head_too_long = False
        self._buffer = bytearray()
        self._position = 0  # in the buffer: what lies before it was stepped over
        self._searched = 0  # in the buffer: no head ends before it
        self._in_line = False  # a request line has begun that only its end can tell more of
        self._begun_well = False  # the head at hand has a first line
        self._waiting = False  # a head was given, its body is not known yet
        self._body = 0  # bytes of body to step over; UNTIL_CLOSE
        self._chunked = False
        self._trailer = False

    @property
    def pending_bytes(self) -> int:
        """Bytes at hand that were not stepped over yet."""
        return len(self._buffer) - self._position

    @property
    def in_head(self) -> bool:
        """Whether a head has begun and not ended."""
        return self.pending_bytes > 0 and not (self.broken or self._waiting or self._body or self._chunked)

    def receive(self, data: bytes, time_ns: int, packet: int) -> Head | None:
        """The next head, if `data` completes one. Call again with no data after `body`, until None."""
        if self.broken:
            return None
        if not self._buffer and 0 < len(data) <= self._body:
            self._body -= len(data)
            return None
        self._buffer += data
        if self._waiting:
            if len(self._buffer) > self.head_limit:
                self.give_up()  # nobody will say what these bytes are
            return None
        head = self._read_head(time_ns, packet) if self._step_over_body() else None
        if head is None and self._position:
            # Not behind each of many heads that came at once: what lies behind it would be moved every time.
            del self._buffer[: self._position]
            self._searched = max(self._searched - self._position, 0)
            self._position = 0
        return head

    def give_up(self) -> None:
        """It cannot be read: nothing more comes out, and nothing is held."""
        self.broken = True
        self._buffer = bytearray()
        self._position = self._searched = 0

    def body(self, length: int, chunked: bool) -> None:
        """Behind the head just given come `length` bytes (UNTIL_CLOSE: all that follows), or chunks (RFC 9112, 7.1)."""
        self._waiting = False
        self._body = length
        self._chunked = chunked
        self._trailer = False

    def rest(self) -> bytes:
        """The bytes behind the head just given: they are not HTTP any more."""
        data = bytes(self._buffer[self._position :])
        self._buffer = bytearray()
        self._position = self._searched = 0
        return data

    def gap(self, length: int) -> None:
        """`length` bytes are missing: harmless inside a body of known length, else the boundary is lost."""
        if self._body == UNTIL_CLOSE:
            return
        if not self.pending_bytes and not self._waiting and 0 < length <= self._body:
            self._body -= length
        else:
            self.give_up()

    def _step_over_body(self) -> bool:
        """Whether the next byte begins a head."""
        while True:
            if self._body == UNTIL_CLOSE:
                self._position = len(self._buffer)
                return False
            if self._body:
                taken = min(self._body, len(self._buffer) - self._position)
                self._position += taken
                self._body -= taken
                if self._body:
                    return False
            if not self._chunked:
                return True
            line_end = self._buffer.find(b"\n", self._position)
            if line_end < 0:
                if self.pending_bytes > min(LINE_LIMIT, self.head_limit):
                    self.give_up()
                return False
            line = self._buffer[self._position : line_end].rstrip(b"\r")
            self._position = line_end + 1
            if self._trailer:
                if not line:
                    self._chunked = self._trailer = False
                continue
            if not line:
                continue  # the line end behind a chunk's data
            size = CHUNK_SIZE.fullmatch(line)
            if size is None:
                self.give_up()
                return False
            self._body = int(size[1], 16)
            self._trailer = self._body == 0

    def _read_head(self, time_ns: int, packet: int) -> Head | None:
        # RFC 9112, 2.2: a server SHOULD ignore at least one empty line received prior to the request line.
        while self._position < len(self._buffer) and self._buffer[self._position] in b"\r\n":
            self._position += 1
        match = HEAD_END.search(self._buffer, max(self._position, self._searched))
        length = (match.start() if match else len(self._buffer)) - self._position
        if length > self.head_limit:
            self.head_too_long = True
            self.give_up()
            return None
        if match is None:
            if not self._begun_well and self._is_no_head(length):
                self.give_up()
                return None
            # The four bytes of an end may have come in part.
            self._searched = max(len(self._buffer) - 3, 0)
            return None
        head = parse_head(bytes(self._buffer[self._position : match.start()]), time_ns, packet)
        self._position = match.end()
        self._searched = 0
        self._in_line = self._begun_well = False
        self._waiting = True
        if head is None:
            self.give_up()
        return head

    def _is_no_head(self, length: int) -> bool:
        """Whether what is at hand cannot become a head: no head has ended in these `length` bytes."""
        if self._in_line and length < LOOK and self._buffer.find(b"\n", max(self._position, self._searched)) < 0:
            return False  # not all of it is looked at again with every piece
        start = bytes(self._buffer[self._position : self._position + LOOK])
        verdict = looks_like_http(start)
        self._begun_well = verdict is True
        self._in_line = verdict is None and REQUEST_START.match(start) is not None
        return verdict is False


HEAD_END = re.compile(rb"\r?\n\r?\n")


def parse_head(data: bytes, time_ns: int, packet: int) -> Head | None:
    """A head without its closing empty line; None when its first line is neither a request's nor a status line."""
    lines = [line.rstrip(b"\r") for line in data.split(b"\n")]
    request = REQUEST_LINE.fullmatch(lines[0])
    fields: dict[str, str] = {}
    carried = Carried()
    name = ""
    for line in lines[1:]:
        text = line.decode("latin-1")
        if text[:1] in (" ", "\t"):
            # RFC 9112, 5.2: obsolete line folding. Behind a field that nobody reads it is more of its value, and no field.
            if name:
                fields[name] = f"{fields[name]} {text.strip()}".strip()
            continue
        key, _, value = text.partition(":")
        name = key.strip().lower()
        if len(key) == len(text):
            name = ""
        elif name in FIELDS:
            fields[name] = f"{fields[name]}, {value.strip()}" if name in fields else value.strip()
        else:
            if request is not None:
                carried.add(name, value)
            name = ""
    if request is not None:
        return Head(time_ns, packet, request[1].decode(), request[2].decode("latin-1"), None, fields, carried.names())
    status = STATUS_LINE.fullmatch(lines[0])
    if status is not None:
        return Head(time_ns, packet, None, None, int(status[1]), fields)
    return None


def request_body(head: Head) -> tuple[int, bool]:
    """(length, chunked) of a request's body (RFC 9112, 6.3)."""
    if "chunked" in head.tokens("transfer-encoding"):
        return 0, True
    return content_length(head) or 0, False


def response_body(head: Head, method: str | None) -> tuple[int, bool]:
    """(length, chunked) of the body of a response to `method` (RFC 9112, 6.3); length may be UNTIL_CLOSE."""
    status_code = head.status_code or 0
    if method == "HEAD" or status_code // 100 == 1 or status_code in (204, 304):
        return 0, False
    if "chunked" in head.tokens("transfer-encoding"):
        return 0, True
    length = content_length(head)
    return (UNTIL_CLOSE if length is None else length), False


def content_length(head: Head) -> int | None:
    """Content-Length, when there is a valid one."""
    values = {value.strip() for value in head.fields.get("content-length", "").split(",")}
    value = values.pop() if len(values) == 1 else ""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
