"""Compressed payloads whose window is not known in; their length at once, and their content where it is certain, out.

DEFLATE (RFC 1951) says how long a copy is and how far back it reaches, whatever lies there. So a payload can be followed
without its window: its length is exact, and every byte of it that was not copied from what nobody saw is known. A
message is certain when all of its bytes are; what they are copied from may be known as well, so what is certain grows
with each message, and a window that is known from end to end is a context again. Nothing is guessed: an unknown byte
that every message copies from the one before stays unknown.

The codes are read as in RFC 1951, 3.2.2, one bit after the other.
"""

from __future__ import annotations

WINDOW_LENGTH = 32768  # LZ77 sliding window at its largest, RFC 7692 7.1.2
BLOCK_END = b"\x00\x00\xff\xff"  # RFC 7692, 7.2.2: the compressor removed this
FINAL_BLOCKS = 64  # in one message: two bytes are enough to ask for one

LONGEST_CODE = 15
# RFC 1951, 3.2.5: by code, the shortest length and distance, and how many bits follow.
LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]
LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
DISTANCE_BITS = [0, 0, *((code // 2 - 1) for code in range(2, 30))]
DISTANCES = [1, 2, *(((2 + (code & 1)) << (code // 2 - 1)) + 1 for code in range(2, 30))]
CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]  # RFC 1951, 3.2.7


class NotDeflate(Exception):
    """The payload is none, or gives more than is followed."""


class Code:
    """A Huffman code: `counts` of its codes by length, `symbols` in the order of their codes."""

    __slots__ = ("counts", "symbols")

    def __init__(self, lengths: list[int]) -> None:
        counts = [0] * (LONGEST_CODE + 1)
        for length in lengths:
            counts[length] += 1
        counts[0] = 0
        left = 1
        for length in range(1, LONGEST_CODE + 1):
            left = (left << 1) - counts[length]
            if left < 0:
                raise NotDeflate
        self.counts = counts
        ordered = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
        self.symbols = [symbol for _, symbol in ordered]


FIXED_LENGTHS = Code([8] * 144 + [9] * 112 + [7] * 24 + [8] * 8)
FIXED_DISTANCES = Code([5] * 30)


class UnknownWindow:
    """One direction since its context was lost. `most`: bytes of one message's output that are followed."""

    __slots__ = ("_bytes", "_data", "_end", "_known", "_position", "most", "start")

    def __init__(self, most: int) -> None:
        self.most = most
        self.start = 0  # of the message, in what is remembered
        self._bytes = bytearray()  # the last window of output; what was before is not known
        self._known = bytearray()  # 1 for each of them that is known
        self._data = b""
        self._position = 0  # in bits
        self._end = 0

    @property
    def weight(self) -> int:
        """Bytes of memory."""
        return 2 * len(self._bytes)

    def add(self, output: bytes) -> None:
        """A message that was inflated, or as much of its end as is known."""
        self._bytes += output
        self._known += b"\x01" * len(output)
        self._forget()

    def known_end(self) -> bytes:
        """What is known without a break up to the last byte, at most a window."""
        return bytes(self._bytes[self._known.rfind(b"\x00") + 1 :])

    def inflate(self, payload: bytes) -> tuple[int, bytes | None]:
        """A message's length, and what it says if that is certain. NotDeflate; then nothing is known any more."""
        self.start = len(self._bytes)
        try:
            self._read(payload)
        except NotDeflate:
            self.clear()
            raise
        start = self.start
        length = len(self._bytes) - start
        certain = self._known.find(b"\x00", start) < 0
        message = bytes(self._bytes[start:]) if certain else None
        self._forget()
        return length, message

    def clear(self) -> None:
        """Nothing is known."""
        self._bytes.clear()
        self._known.clear()

    def _forget(self) -> None:
        excess = len(self._bytes) - WINDOW_LENGTH
        if excess > 0:
            del self._bytes[:excess]
            del self._known[:excess]

    def _read(self, payload: bytes) -> None:
        """RFC 7692, 7.2.2: the blocks of the payload, and the end that the sender took off."""
        self._data = payload + BLOCK_END
        self._position = 0
        self._end = 8 * len(self._data)
        final_blocks = 0
        empty = False  # the last block: what was taken off is the end of such a one, and nothing else
        while self._position < self._end:
            before = len(self._bytes)
            final = self._bits(1)
            kind = self._bits(2)
            if kind == 0:
                self._stored()
            elif kind == 1:
                self._compressed(FIXED_LENGTHS, FIXED_DISTANCES)
            elif kind == 2:
                self._dynamic()
            else:
                raise NotDeflate
            empty = kind == 0 and len(self._bytes) == before
            if final:
                # RFC 7692, 7.2.3.4: it ends the DEFLATE stream, not the message nor its context.
                final_blocks += 1
                self._position = (self._position + 7) // 8 * 8
                if self._position == self._end - 8 * len(BLOCK_END):
                    return
                if final_blocks > FINAL_BLOCKS or self._position > self._end - 8 * len(BLOCK_END):
                    raise NotDeflate
        if not empty:
            raise NotDeflate

    def _bits(self, count: int) -> int:
        position = self._position
        data = self._data
        if position + count > self._end:
            raise NotDeflate
        value = 0
        for place in range(count):
            at = position + place
            value |= ((data[at >> 3] >> (at & 7)) & 1) << place
        self._position = position + count
        return value

    def _symbol(self, code: Code) -> int:
        position, end = self._position, self._end
        data = self._data
        counts = code.counts
        value = first = index = 0
        for length in range(1, LONGEST_CODE + 1):
            if position >= end:
                raise NotDeflate
            value |= (data[position >> 3] >> (position & 7)) & 1
            position += 1
            count = counts[length]
            if value - count < first:
                self._position = position
                symbol: int = code.symbols[index + value - first]
                return symbol
            index += count
            first = (first + count) << 1
            value <<= 1
        raise NotDeflate

    def _stored(self) -> None:
        """RFC 1951, 3.2.4."""
        start = (self._position + 7) // 8
        data = self._data
        if start + 4 > len(data):
            raise NotDeflate
        length = data[start] | data[start + 1] << 8
        if length != (data[start + 2] | data[start + 3] << 8) ^ 0xFFFF or start + 4 + length > len(data):
            raise NotDeflate
        self._room(length)
        self._bytes += data[start + 4 : start + 4 + length]
        self._known += b"\x01" * length
        self._position = 8 * (start + 4 + length)

    def _dynamic(self) -> None:
        """RFC 1951, 3.2.7."""
        length_codes = self._bits(5) + 257
        distance_codes = self._bits(5) + 1
        order_length = self._bits(4) + 4
        if length_codes > 286 or distance_codes > 30:
            raise NotDeflate
        lengths = [0] * 19
        for place in range(order_length):
            lengths[CODE_LENGTH_ORDER[place]] = self._bits(3)
        code = Code(lengths)
        lengths = []
        while len(lengths) < length_codes + distance_codes:
            symbol = self._symbol(code)
            if symbol < 16:
                lengths.append(symbol)
            elif symbol == 16:
                if not lengths:
                    raise NotDeflate
                lengths += [lengths[-1]] * (3 + self._bits(2))
            else:
                lengths += [0] * (3 + self._bits(3) if symbol == 17 else 11 + self._bits(7))
        if len(lengths) > length_codes + distance_codes or not lengths[256]:
            raise NotDeflate
        self._compressed(Code(lengths[:length_codes]), Code(lengths[length_codes:]))

    def _compressed(self, lengths: Code, distances: Code) -> None:
        """RFC 1951, 3.2.3: literals and copies, up to the end of the block."""
        written, known = self._bytes, self._known
        while True:
            symbol = self._symbol(lengths)
            if symbol < 256:
                self._room(1)
                written.append(symbol)
                known.append(1)
                continue
            if symbol == 256:
                return
            if symbol > 285:
                raise NotDeflate
            length = LENGTHS[symbol - 257] + self._bits(LENGTH_BITS[symbol - 257])
            symbol = self._symbol(distances)
            if symbol > 29:
                raise NotDeflate
            distance = DISTANCES[symbol] + self._bits(DISTANCE_BITS[symbol])
            self._room(length)
            self._copy(length, distance)

    def _copy(self, length: int, distance: int) -> None:
        written, known = self._bytes, self._known
        unseen = min(max(distance - len(written), 0), length)  # bytes of it from before what is remembered
        if unseen:
            written += bytes(unseen)
            known += bytes(unseen)
        while length > unseen:
            start = len(written) - distance
            part = min(length - unseen, distance)
            written += written[start : start + part]
            known += known[start : start + part]
            length -= part

    def _room(self, length: int) -> None:
        if len(self._bytes) - self.start + length > self.most:
            raise NotDeflate
