"""From the header of one frame to that of the next (RFC 6455, 5.2): bytes of one direction in, a stretch for each frame out.

Only headers are read. One that RFC 6455 does not allow ends the walk where bytes that are no frames could look like it:
an opcode or a reserved bit without meaning, a length that cannot be.
"""

from __future__ import annotations

from wsobserve.excerpt import excerpt
from wsobserve.export.recording.stretch import NO_KEY, Stretch, deflated_stretch, plain_stretch

CLOSE = 8
# A payload of 2**40 bytes nobody sends in a frame; with less, positions stay far below 63 bits.
LONGEST_UNPROVEN = 1 << 20
UNKNOWN = -1


class FrameWalk:
    """A walk that begins with a header at `end`. `masked`: whether this direction masks, UNKNOWN or 0 or 1.

    `unproven`: nobody knows that there is a header, so it must be as RFC 6455 wants it in every respect. `end` is where the
    frame that was read last ends, `header` what came behind it of the next one's header, `header_length` how many bytes of
    that one's header there will be, as far as is known.
    """

    __slots__ = (
        "_block_open",
        "_compressed",
        "_deflate",
        "_masked",
        "_message_open",
        "_unproven",
        "broken",
        "end",
        "frames",
        "header",
        "header_length",
    )

    def __init__(self, end: int, masked: int, deflate: bool, unproven: bool) -> None:
        self.end = end
        self.header = b""
        self.header_length = 2
        self.frames = 0
        self.broken = False
        self._masked = masked
        self._deflate = deflate  # whether RSV1 has a meaning
        self._unproven = unproven
        self._message_open = False
        self._compressed = False  # the open message
        self._block_open = False  # of its redacted deflate stream

    def prove(self) -> None:
        """From now on it is known that there are headers."""
        self._unproven = False

    def read(self, data: bytes, offset: int, stretches: list[Stretch]) -> None:
        """Read on; `data[offset]` is the byte behind `end` and `header`. Appends to `stretches`."""
        if self.header:
            data = self.header + data[offset:]
            offset = 0
            self.header = b""
        length = len(data)
        while offset < length:
            available = length - offset
            first = data[offset]
            second = data[offset + 1] if available > 1 else 0
            self.header_length = 2
            if not self._allowed(first, second, available):
                self.broken = True
                return
            payload_length = second & 0x7F
            header_length = 2
            if payload_length > 125:
                header_length = 4 if payload_length == 126 else 10
            needed = header_length
            if second > 127:
                header_length += 4
            self.header_length = header_length
            needed = header_length + 2 if first & 15 == CLOSE and payload_length > 1 else header_length
            if available < needed or available < 2:
                self.header = data[offset:]
                return
            if payload_length == 126:
                payload_length = data[offset + 2] << 8 | data[offset + 3]
            elif payload_length == 127:
                if data[offset + 2] or data[offset + 3] or data[offset + 4]:
                    self.broken = True  # 2**40 or more, or even too much for an integer of C
                    return
                payload_length = int.from_bytes(data[offset + 2 : offset + 10], "big")
            if not self._possible(first, second, payload_length):
                self.broken = True
                return
            self._enter(excerpt(data, offset, offset + needed), header_length, payload_length, stretches)
            offset += header_length + payload_length

    def _allowed(self, first: int, second: int, available: int) -> bool:
        """Whether a header may begin with these two bytes, of which the second one may not be `available`."""
        opcode = first & 15
        reserved = first >> 4 & 7
        if 2 < opcode < CLOSE or opcode > 10:
            return False
        if reserved and not (reserved == 4 and self._deflate and 1 <= opcode <= 2):
            return False
        if not self._unproven:
            # What is text may look like a compressed fragment, but the client's cannot without masking.
            return available < 2 or not reserved or second >> 7 == self._masked
        if opcode >= CLOSE:
            if not first & 128 or second & 0x7F > 125:
                return False
        elif (opcode == 0) != self._message_open:
            return False
        if available > 1:
            if self._masked == UNKNOWN:
                self._masked = second >> 7
            return second >> 7 == self._masked
        return True

    def _possible(self, first: int, second: int, payload_length: int) -> bool:
        if not self._unproven:
            return True
        shortest = 0 if second & 0x7F < 126 else 126 if second & 0x7F == 126 else 65_536
        return shortest <= payload_length <= LONGEST_UNPROVEN

    def _enter(self, shown: bytes, header_length: int, payload_length: int, stretches: list[Stretch]) -> None:
        """One more frame, of which `shown` is the header, and of a close frame the code."""
        first = shown[0]
        opcode = first & 15
        start = self.end
        payload_start = start + header_length
        end = payload_start + payload_length
        key = shown[header_length - 4 : header_length] if shown[1] > 127 else NO_KEY
        final = first >= 128
        self.end = end
        self.frames += 1
        if opcode < CLOSE:
            if opcode:
                self._compressed = first & 0x40 != 0
                self._block_open = False
            self._message_open = not final
        if opcode < CLOSE and self._compressed:
            stretch, self._block_open = deflated_stretch(start, shown, end, key, final, self._block_open)
            stretches.append(stretch)
            return
        if len(shown) > header_length:
            code = (shown[header_length] ^ key[0]) << 8 | (shown[header_length + 1] ^ key[1])
            if not 1000 <= code < 5000:  # it may be anything
                shown = shown[:header_length] + key[:2]
        stretches.append(plain_stretch(start, shown, payload_start, end, key))
