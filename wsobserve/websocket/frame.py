"""Bytes of one direction in, frames out (RFC 6455, 5.2).

The reader keeps step: as long as it knows where a frame ends, a hole in that frame's payload costs only the payload.
A hole anywhere else leaves no known boundary; the reader then says so (`in_step` is False) and takes no more bytes until
it is told where a frame begins. It never judges a frame: what RFC 6455 forbids is the business of its caller.

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

from wsobserve.records import Frame, Half

UNKNOWN = -1  # of a time: every other number may be one


def unmask(payload: bytes, masking_key: bytes) -> bytes:
    """XOR with the masking key (RFC 6455, 5.3). As one big integer: 15 us for 4 KiB, less than a compiled byte loop's 20."""
    length = len(payload)
    if masking_key == b"\0\0\0\0":
        return payload
    key = (masking_key * ((length + 3) // 4))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(length, "little")


def smallest_header_length(payload_length: int, masked: bool) -> int:
    """The header length that RFC 6455, 5.2 demands: the payload length in as few bytes as possible."""
    length = 2 if payload_length < 126 else 4 if payload_length < 65536 else 10
    return length + 4 if masked else length


class FrameReader:
    """One direction. `keep`: how many payload bytes of one frame are kept; longer ones are counted in full."""

    def __init__(self, half: Half, keep: int) -> None:
        self.half = half
        self.keep = keep
        self.in_step = True
        self.invalid_length = False  # the last header held a length that cannot be; `rest` is what came behind it
        self.rest = b""
        self.skipped_bytes = 0  # bytes at hand that became part of no frame: broken headers, the beginning of a lost frame
        self.missing_bytes = 0  # of the payloads of complete frames: fell into holes
        self.missing_in_first = 0  # the same, of the first frame that the last call returned: only that one can have a hole
        self._head = b""  # the first bytes of a header that is not complete
        self._in_payload = False
        self._started_ns = UNKNOWN
        self._first = 0
        self._masked = False
        self._masking_key = b""
        self._payload_length = 0
        self._header_length = 0
        self._remaining = 0  # payload bytes still to come
        self._missing = 0  # payload bytes that fell into a hole
        self._kept = bytearray()
        self._cut = False  # the kept prefix has ended

    @property
    def pending_bytes(self) -> int:
        """Bytes at hand of a frame that is not complete."""
        if self._in_payload:
            return self._payload_length - self._remaining - self._missing + self._header_length
        return len(self._head)

    @property
    def in_frame(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._in_payload or bool(self._head)

    def receive(self, data: bytes, time_ns: int, packet: int) -> list[Frame]:
        """Frames completed by `data`. When a header is broken, `in_step` turns False."""
        frames: list[Frame] = []
        position = 0
        self.missing_in_first = 0
        if self._in_payload:
            position = self._fill(data, 0)
            if self._remaining:
                return frames
            frames.append(self._finish_frame(time_ns, packet))
        elif self._head:
            # A header in pieces: at most 13 bytes are waiting, so joining is cheap.
            data = self._head + data
            self._head = b""
        length = len(data)
        while position < length:
            available = length - position
            if available < 2:
                break
            first = data[position]
            second = data[position + 1]
            masked = second >= 128
            payload_length = second & 0x7F
            header_length = 2
            if payload_length == 126:
                if available < 4:
                    break
                payload_length = (data[position + 2] << 8) | data[position + 3]
                header_length = 4
            elif payload_length == 127:
                if available < 10:
                    break
                header_length = 10
                if data[position + 2] >= 128:
                    # RFC 6455, 5.2: the most significant bit MUST be 0.
                    self.lose()
                    self.invalid_length = True
                    self.skipped_bytes += header_length
                    self.rest = data[position + header_length :]
                    return frames
                payload_length = int.from_bytes(data[position + 2 : position + 10], "big")
            if masked:
                header_length += 4
                if available < header_length:
                    break
            start = position + header_length
            if self._started_ns == UNKNOWN:
                self._started_ns = time_ns
            # Lengths are compared, not added up: the largest one is the largest integer of C.
            if payload_length <= length - start and payload_length <= self.keep:
                end = start + payload_length
                payload = data[start:end]
                if masked and payload_length:
                    payload = unmask(payload, data[start - 4 : start])
                frames.append(
                    Frame(
                        self.half,
                        time_ns,
                        packet,
                        self._started_ns,
                        first >= 128,
                        (first >> 4) & 7,
                        first & 15,
                        masked,
                        payload_length,
                        header_length,
                        payload,
                    )
                )
                self._started_ns = UNKNOWN
                position = end
                continue
            self._first = first
            self._masked = masked
            self._masking_key = data[start - 4 : start] if masked else b""
            self._payload_length = payload_length
            self._header_length = header_length
            self._remaining = payload_length
            self._in_payload = True
            position = self._fill(data, start)
            if self._remaining:
                return frames
            frames.append(self._finish_frame(time_ns, packet))
        if position < length:
            self._head = data[position:length]
            if self._started_ns == UNKNOWN:
                self._started_ns = time_ns
        return frames

    def gap(self, length: int, time_ns: int, packet: int) -> list[Frame]:
        """`length` bytes are missing. Ends in step when they all lay inside one payload; else `in_step` is False."""
        frames: list[Frame] = []
        if length <= 0:
            return frames
        if self._in_payload:
            self._cut = True
            missing = min(length, self._remaining)
            self._missing += missing
            self._remaining -= missing
            length -= missing
            if self._remaining:
                return frames
            frames.append(self._finish_frame(time_ns, packet))
            if length == 0:
                return frames
        self.lose()
        return frames

    def lose(self) -> None:
        """The boundary is not known any more; bytes of an unfinished frame are counted as skipped."""
        self.skipped_bytes += self.pending_bytes
        self._reset()
        self._head = b""
        self.in_step = False

    def begin(self) -> None:
        """The next byte is the first of a frame, for certain."""
        self._reset()
        self._head = b""
        self.in_step = True
        self.invalid_length = False
        self.rest = b""

    def _fill(self, data: bytes, position: int) -> int:
        """Take payload bytes from `data` at `position`; returns the position behind them."""
        taken = min(self._remaining, len(data) - position)
        if not self._cut:
            room = self.keep - len(self._kept)
            self._kept += data[position : position + min(taken, room)]
            self._cut = taken > room
        self._remaining -= taken
        return position + taken

    def _finish_frame(self, time_ns: int, packet: int) -> Frame:
        payload = bytes(self._kept)
        if self._masked and payload:
            payload = unmask(payload, self._masking_key)
        first = self._first
        frame = Frame(
            self.half,
            time_ns,
            packet,
            self._started_ns,
            first >= 128,
            (first >> 4) & 7,
            first & 15,
            self._masked,
            self._payload_length,
            self._header_length,
            payload,
        )
        self.missing_bytes += self._missing
        self.missing_in_first = self._missing
        self._reset()
        return frame

    def _reset(self) -> None:
        self._in_payload = False
        self._started_ns = UNKNOWN
        self._remaining = 0
        self._missing = 0
        self._payload_length = 0
        self._header_length = 0
        self._kept = bytearray()
        self._cut = False
