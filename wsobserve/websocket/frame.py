"""Bytes of one direction in, frames out (RFC 6455, 5.2).

The reader keeps step: as long as it knows where a frame ends, a hole in that frame's payload costs only the payload.
A hole anywhere else leaves no known boundary; the reader then says so (`in_step` is False) and takes no more bytes until
it is told where a frame begins. It never judges a frame: what RFC 6455 forbids is the business of its caller.

Frames come one at a time, as the fields of one object: a record of each is made only for those who want it.

      0                   1                   2                   3
     |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
     |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
     |N|V|V|V|       |S|             |   (if payload len==126/127)   |
     | |1|2|3|       |K|             |                               |
     |     Extended payload length continued, if payload len == 127  |
     |                               |Masking-key, if MASK set to 1  |
     | Masking-key (continued)       |          Payload Data         |
"""

from __future__ import annotations

from wsobserve.excerpt import excerpt, is_ascii
from wsobserve.records import Frame, Half
from wsobserve.websocket.mask import is_ascii_behind_key, unmask_behind_key
from wsobserve.websocket.mask import unmask as unmask
from wsobserve.websocket.pieces import Pieces
from wsobserve.websocket.utf8 import is_utf8

UNKNOWN = -1  # of a time: every other number may be one


def smallest_header_length(payload_length: int, masked: bool) -> int:
    """The header length that RFC 6455, 5.2 demands: the payload length in as few bytes as possible."""
    length = 2 if payload_length < 126 else 4 if payload_length < 65536 else 10
    return length + 4 if masked else length


class CurrentFrame:
    """The frame that was read last. The fields are those of the record `Frame`, and change with the next one.

    `at_hand`: how many bytes of the payload are there, from its first on. `missing`: how many fell into holes.
    `minimal`: whether the header is as short as it can be. `given_up`: whether bytes of it were at hand and were let go,
    to stay within a limit.
    """

    __slots__ = (
        "_data",
        "_payload",
        "_pieces",
        "_start",
        "at_hand",
        "fin",
        "given_up",
        "header_length",
        "masked",
        "minimal",
        "missing",
        "opcode",
        "packet",
        "payload_length",
        "rsv",
        "started_ns",
        "time_ns",
    )

    def __init__(self) -> None:
        self.time_ns = 0
        self.packet = 0
        self.started_ns = 0
        self.fin = False
        self.rsv = 0
        self.opcode = 0
        self.masked = False
        self.payload_length = 0
        self.header_length = 0
        self.minimal = True
        self.at_hand = 0
        self.missing = 0
        self.given_up = False
        self._data = b""  # in which the payload begins at `_start`, behind its masking key; or else
        self._start = 0
        self._pieces: Pieces | None = None  # those of the payload, unmasked; or else
        self._payload: bytes | None = None  # all of it, unmasked

    @property
    def whole(self) -> bool:
        """Whether all of the payload is at hand."""
        return self.at_hand == self.payload_length

    def payload(self) -> bytes:
        """What is at hand of the payload, unmasked."""
        payload = self._payload
        if payload is None:
            if self._pieces is not None:
                payload = self._pieces.join()
                self._pieces = None
            else:
                end = self._start + self.at_hand
                if self.masked and self.at_hand:
                    payload = unmask_behind_key(self._data, self._start, end)
                else:
                    payload = excerpt(self._data, self._start, end)
            self._payload = payload
        return payload

    def is_utf8(self) -> bool:
        """Whether the payload is UTF-8. Whoever wants the payload too asks for that first."""
        if self._payload is None and self._pieces is None:
            end = self._start + self.at_hand
            if self.masked and self.at_hand:
                if is_ascii_behind_key(self._data, self._start, end):
                    return True
            elif is_ascii(self._data, self._start, end):
                return True
        return is_utf8(self.payload())

    def record(self, half: Half) -> Frame:
        """The same as a record that stays."""
        return Frame(
            half,
            self.time_ns,
            self.packet,
            self.started_ns,
            self.fin,
            self.rsv,
            self.opcode,
            self.masked,
            self.payload_length,
            self.header_length,
            self.payload(),
        )

    def let_go(self) -> None:
        """Nobody asks for the payload any more."""
        self._data = b""
        self._pieces = None
        self._payload = None


class FrameReader:
    """One direction. `keep`: how many payload bytes of one frame are kept; longer ones are counted in full.

    After `feed`, each `next` that says so has put the next frame into `frame`.
    """

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.frame = CurrentFrame()
        self.in_step = True
        self.invalid_length = False  # the last header held a length that cannot be; `rest` is what came behind it
        self.rest = b""
        self.skipped_bytes = 0  # bytes at hand that became part of no frame: broken headers, the beginning of a lost frame
        self.missing_bytes = 0  # of the payloads of complete frames: fell into holes
        self._data = b""  # what is being read, from `_position` on
        self._position = 0
        self._time_ns = 0
        self._packet = 0
        self._head = b""  # the first bytes of a header that is not complete
        self._started_ns = UNKNOWN  # of that header
        self._in_payload = False
        self._remaining = 0  # payload bytes still to come
        self._masking_key = b""
        self._pieces = Pieces()  # of the payload, unmasked
        self._cut = False  # the kept prefix has ended

    @property
    def pending_bytes(self) -> int:
        """Bytes at hand of a frame that is not complete."""
        if self._in_payload:
            frame = self.frame
            return frame.payload_length - self._remaining - frame.missing + frame.header_length
        return len(self._head)

    @property
    def in_frame(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._in_payload or bool(self._head)

    @property
    def held_bytes(self) -> int:
        """How much is kept of a payload that is not complete."""
        return self._pieces.length

    def feed(self, data: bytes, time_ns: int, packet: int) -> None:
        """The next bytes; all that came before have been read."""
        if self._head:
            # A header in pieces: at most 13 bytes are waiting, so joining is cheap.
            data = self._head + data
            self._head = b""
        self._data = data
        self._position = 0
        self._time_ns = time_ns
        self._packet = packet

    def next(self) -> bool:
        """Whether there is one more frame. When a header is broken, `in_step` turns False."""
        if self._in_payload:
            return self._fill()
        data = self._data
        position = self._position
        available = len(data) - position
        if available < 2:
            return self._wait()
        first = data[position]
        second = data[position + 1]
        masked = second >= 128
        payload_length = second & 0x7F
        header_length = 2
        minimal = True
        if payload_length == 126:
            if available < 4:
                return self._wait()
            payload_length = (data[position + 2] << 8) | data[position + 3]
            header_length = 4
            minimal = payload_length > 125
        elif payload_length == 127:
            if available < 10:
                return self._wait()
            header_length = 10
            if data[position + 2] >= 128:
                # RFC 6455, 5.2: the most significant bit MUST be 0.
                self.lose()
                self.invalid_length = True
                self.skipped_bytes += header_length
                self.rest = data[position + header_length :]
                self.frame.let_go()
                return False
            payload_length = int.from_bytes(data[position + 2 : position + 10], "big")
            minimal = payload_length > 65535
        if masked:
            header_length += 4
            if available < header_length:
                return self._wait()
        start = position + header_length
        frame = self.frame
        frame.started_ns = self._time_ns if self._started_ns == UNKNOWN else self._started_ns
        frame.fin = first >= 128
        frame.rsv = (first >> 4) & 7
        frame.opcode = first & 15
        frame.masked = masked
        frame.payload_length = payload_length
        frame.header_length = header_length
        frame.minimal = minimal
        frame.missing = 0
        frame.given_up = False
        frame._payload = None
        frame._pieces = None
        self._started_ns = UNKNOWN
        # Lengths are compared, not added up: the largest one is the largest integer of C.
        if payload_length <= available - header_length and payload_length <= self.keep:
            frame.time_ns = self._time_ns
            frame.packet = self._packet
            frame.at_hand = payload_length
            frame._data = data
            frame._start = start
            self._position = start + payload_length
            return True
        frame.at_hand = 0
        frame._data = b""
        self._masking_key = data[start - 4 : start] if masked else b""
        self._remaining = payload_length
        self._in_payload = True
        self._cut = False
        self._position = start
        return self._fill()

    def gap(self, length: int, time_ns: int, packet: int) -> bool:
        """`length` bytes are missing; whether a frame ends with them.

        Ends in step when they all lay inside one payload; else `in_step` is False.
        """
        if length <= 0:
            return False
        if self._in_payload:
            frame = self.frame
            missing = min(length, self._remaining)
            self._cut = True
            self._remaining -= missing
            frame.missing += missing
            if self._remaining:
                return False
            self._finish(time_ns, packet)
            if length > missing:
                self.lose()
            return True
        self.lose()
        return False

    def give_up(self) -> None:
        """Keep nothing of the payload that is not complete: only its length is still of interest."""
        if self._in_payload:
            self.frame.given_up = self.frame.given_up or self.frame.at_hand > 0
            self.frame.at_hand = 0
            self._cut = True
            self._pieces.clear()

    def lose(self) -> None:
        """The boundary is not known any more; bytes of an unfinished frame are counted as skipped."""
        self.skipped_bytes += self.pending_bytes
        self._forget()
        self.in_step = False

    def refuse(self) -> None:
        """The frame that was read last was none, so nothing is known of what came with it or behind it."""
        frame = self.frame
        self.skipped_bytes += frame.payload_length - frame.missing + frame.header_length + len(self._data) - self._position
        self.missing_bytes -= frame.missing
        frame.let_go()
        self.lose()

    def begin(self) -> None:
        """The next byte is the first of a frame, for certain."""
        self._forget()
        self.in_step = True
        self.invalid_length = False
        self.rest = b""

    def _wait(self) -> bool:
        """What is left is less than a header."""
        data = self._data
        position = self._position
        if position < len(data):
            self._head = data[position:]
            if self._started_ns == UNKNOWN:
                self._started_ns = self._time_ns
        self._data = b""
        self._position = 0
        self.frame.let_go()
        return False

    def _fill(self) -> bool:
        """Take payload bytes; whether they complete the frame."""
        data = self._data
        position = self._position
        remaining = self._remaining
        taken = min(remaining, len(data) - position)
        if taken and not self._cut:
            kept = min(taken, self.keep - self.frame.at_hand)
            self._cut = kept < taken
            self._keep(data[position : position + kept])
        self._remaining = remaining - taken
        self._position = position + taken
        if self._remaining:
            self._data = b""
            self._position = 0
            return False
        self._finish(self._time_ns, self._packet)
        return True

    def _keep(self, piece: bytes) -> None:
        frame = self.frame
        if frame.masked:
            turn = frame.at_hand & 3
            key = self._masking_key
            piece = unmask(piece, key[turn:] + key[:turn])
        frame.at_hand += len(piece)
        self._pieces.add(piece)

    def _finish(self, time_ns: int, packet: int) -> None:
        frame = self.frame
        frame.time_ns = time_ns
        frame.packet = packet
        frame._pieces = self._pieces
        self._pieces = Pieces()
        self.missing_bytes += frame.missing
        self._in_payload = False

    def _forget(self) -> None:
        self._data = b""
        self._position = 0
        self._head = b""
        self._started_ns = UNKNOWN
        self._in_payload = False
        self._pieces.clear()
