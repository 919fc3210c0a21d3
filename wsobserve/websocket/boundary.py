"""Bytes from the middle of a stream in, the first certain frame boundary out.

After a hole, or in a connection whose beginning is not in the capture, nobody says where a frame begins. A place is
believed when a chain of frames starting there obeys RFC 6455 to the end of what is at hand, and when that would be a
strange coincidence: every rule that had to hold by accident otherwise counts as bits of evidence (-log2 of how often
it holds where no frame begins), and the sum must reach a threshold. Garbage that is taken for a frame would be worse
than a message missed.

What a header is worth depends on its surroundings: among zeroes or silence everything looks like a header. So its bits
are counted, not assumed: how many other places of the same bytes could begin a frame, too?
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator

import msgspec

from wsobserve.websocket.frame import unmask

HEADER_BITS = 5.3  # at most: 13 of 256 first bytes are allowed, and the mask bit is known
LONG_LENGTH_BITS = 10.0  # besides: a 64-bit length below LONGEST_LIKELY_PAYLOAD: 0x7f, then five zeroes
ALIGNED_START_BITS = 8.0  # the chain begins where a segment begins: frames mostly do, other places seldom
ALIGNED_FRAME_BITS = 6.0  # so does a further frame of the chain: by accident one in about 64 would
ALIGNED_END_BITS = 8.0  # the chain ends exactly where the bytes end
CLOSE_BITS = 8.0  # a status code that may be sent
JSON_BITS = 14.0  # a payload that is JSON from its first to its last byte
DEFLATE_END_BITS = 3.0  # RFC 7692, 7.2.1: the last byte begins the empty block whose end was removed
TEXT_BITS = 16.0  # at most
LONGEST_LIKELY_PAYLOAD = 64 * 1024 * 1024
PAYLOAD_PROBE = 4096  # bytes of a payload that are looked at
GLANCE = 32  # bytes of it that are looked at before
DEFLATE_PROBE = 512  # bytes of a compressed one: longer than any block's Huffman tables
INFLATE_PROBE = 16  # bytes that are inflated

# Bits that a frame of which only the first bytes are believed for its own sake has to give, besides log2 of the places
# before it: what lies before a true frame often has the length that leads to it, and then the rest of its chain is true.
HEAD_BITS = 12.0
LANDING_BITS = (7.0, 15.0)  # by its length of 7 bits, or of more, a frame ends where another one begins
MOST_HEADS = 4_096  # frames of one search that are looked at for their own sake

RESYNCHRONISE_BITS = 34.0  # of 2**18 places tried, one in 65,536 searches would go wrong by accident
NO_EVIDENCE = float("-inf")
LONGEST_HEADER = 14

POSSIBLE_FIRST = frozenset({0x00, 0x01, 0x02, 0x41, 0x42, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A, 0xC1, 0xC2})
IS_POSSIBLE_FIRST = bytes(first in POSSIBLE_FIRST for first in range(256))
POSSIBLE_HEADER = {
    False: re.compile(rb"[\x00-\x02\x41\x42\x80-\x82\x88-\x8a\xc1\xc2](?=[\x00-\x7f])"),
    True: re.compile(rb"[\x00-\x02\x41\x42\x80-\x82\x88-\x8a\xc1\xc2](?=[\x80-\xff])"),
}
ZEROES = re.compile(rb"\x00+")
# What text hardly ever has: control characters, but not those that lay it out or separate its records.
# XOR of two letters, which is what text unmasked with the wrong key looks like, is full of them.
CONTROL_CHARACTER = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1d\x1f\x7f]")


# Where a frame begins between, or within, messages. TAIL: within one whose first frame is not in the chain.
UNKNOWN, BETWEEN, INSIDE, TAIL = range(4)
# A place in the bytes and one of these in one number: 4 * position + within.
Step = tuple[int, float, int]
# The frames from one place on: their bits, without what headers are worth, which depends on the surroundings; how many
# headers; and where the next frame begins, perhaps beyond the bytes at hand. A tuple: there is one for each place.
Chain = tuple[float, int, int]


class Boundary(msgspec.Struct, frozen=True):
    """A place where a frame begins: `offset` in the bytes searched, with so many bits of evidence."""

    offset: int
    bits: float


class Search:
    """One direction's bytes, in which a boundary is looked for.

    `starts`: offsets where a segment begins. `expected`: offsets where earlier frames would end if they are some, with
    the evidence for that. `compressed`: whether RSV1 may be set (RFC 7692).
    """

    def __init__(
        self,
        data: bytes,
        starts: set[int],
        masked: bool,
        *,
        compressed: bool = True,
        expected: dict[int, float] | None = None,
    ) -> None:
        self.data = data
        self.starts = starts
        self.expected = expected or {}
        self.masked = masked
        self.compressed = compressed
        self._likely = sorted(offset for offset in starts | self.expected.keys() if 0 <= offset < len(data))
        self._possible: list[int] | None = None
        self._zeroes = (0, 0)  # a run of them
        self._heads = 0
        self._chains: dict[int, Chain | None] = {}  # by place; chains join: what follows from a place is walked once

    def first(self, threshold: float, everywhere: bool = True) -> Boundary | None:
        """The first place with at least `threshold` bits. `everywhere`: not only the likely ones."""
        found = self._first_of(self._likely, len(self.data), threshold)
        if everywhere and not self._is_noise():
            earlier = self._first_of(self._possible_places(), found.offset if found else len(self.data), threshold)
            return earlier or found
        return found

    def best(self) -> Boundary | None:
        """Of the likely places the one with the most bits; None when none of them can begin a frame."""
        best = max(self._boundaries(self._likely), key=lambda boundary: boundary.bits, default=None)
        return None if best is None or best.bits == NO_EVIDENCE else best

    def onward(self, limit: int, most: int) -> dict[int, float]:
        """Where chains that begin before `limit` go on at or behind it: `most` places, those with the most bits."""
        places = {offset: bits for offset, bits in self.expected.items() if offset >= limit}
        for offset in {*self._likely, *([] if self._is_noise() else self._possible_places())}:
            chain = self._chain(offset) if offset < limit else None
            if chain is not None and chain[1] and chain[2] >= limit:
                places[chain[2]] = max(self.bits(offset), places.get(chain[2], 0.0))
        return dict(sorted(places.items(), key=lambda place: -place[1])[:most])

    def bits(self, offset: int) -> float:
        """Bits of evidence that a frame begins at `offset`; -inf when the frames from there on break a rule."""
        chain = self._chain(offset)
        if chain is None:
            return NO_EVIDENCE
        bits, headers, end = chain
        if offset in self.expected:
            bits += self.expected[offset]
        elif offset in self.starts:
            # The chain has the bits of a frame of its middle for this.
            bits += ALIGNED_START_BITS - (ALIGNED_FRAME_BITS if end > offset and self.data[offset] & 15 else 0.0)
        if not headers:
            return bits
        if end == len(self.data):
            bits += ALIGNED_END_BITS
        others = max(len(self._possible_places()) - headers, 0) + 1
        places = max(len(self.data) - headers, 0) + 1
        return bits + headers * min(HEADER_BITS, math.log2(max(places, others) / others))

    def _first_of(self, offsets: list[int], end: int, threshold: float) -> Boundary | None:
        """The first place before `end` that has enough bits and begins with a frame that is believed for its own sake."""
        refused: set[int] = set()
        for offset in offsets:
            if offset >= end:
                return None
            if offset in refused or self.bits(offset) < threshold:
                continue
            settled = self._settled(offset, threshold, refused)
            if settled is not None:
                return settled if settled.offset < end else None
            if self._heads > MOST_HEADS:
                return None  # frames without end of which none says anything for itself
        return None

    def _settled(self, offset: int, threshold: float, refused: set[int]) -> Boundary | None:
        """The first frame of the chain from `offset` that is believed for its own sake, when what follows is enough.

        That the rest of a chain is true says little about its first frame (see HEAD_BITS).
        """
        while offset not in refused:
            bits = self.bits(offset)
            if bits < threshold:
                break
            step = self._step(4 * offset + UNKNOWN)
            following = offset if step is None else step[0] // 4
            if step is None or following >= len(self.data) or following == offset:
                return Boundary(offset, bits)  # all of its bits are its own
            if self._own_bits(offset, step) >= HEAD_BITS + math.log2(1 + offset):
                return Boundary(offset, bits)
            refused.add(offset)
            self._heads += 1
            offset = following
        refused.add(offset)
        return None

    def _own_bits(self, offset: int, step: Step) -> float:
        """What the frame at `offset` says for itself, when it is certain that one begins where it ends."""
        _, bits, headers = step
        bits += self.expected.get(offset, ALIGNED_START_BITS if offset in self.starts else 0.0)
        if headers:
            bits += HEADER_BITS + LANDING_BITS[self.data[offset + 1] & 0x7F >= 126]
        return bits

    def _boundaries(self, offsets: list[int]) -> Iterator[Boundary]:
        return (Boundary(offset, self.bits(offset)) for offset in offsets)

    def _possible_places(self) -> list[int]:
        """Every place where a frame could begin, as far as its first two bytes say."""
        if self._possible is None:
            self._possible = [match.start() for match in POSSIBLE_HEADER[self.masked].finditer(self.data)]
        return self._possible

    def _is_noise(self) -> bool:
        """Whether so many places look like headers that looking at them all would cost much and prove nothing."""
        return len(self._possible_places()) * 4 > len(self.data) + 256

    def _chain(self, offset: int) -> Chain | None:
        """The frames from `offset` to the end of the data; None when they break a rule."""
        chains = self._chains
        place = 4 * offset + UNKNOWN
        chain: Chain | None
        steps: list[Step] = []
        while place not in chains:
            step = self._step(place)
            if step is None or step[0] == place:
                chains[place] = None if step is None else (0.0, 0, place // 4)
                break
            following, bits, headers = step
            steps.append((place, bits, headers))
            place = following
        chain = chains[place]
        if not steps:
            return chain
        if chain is None:
            for passed, _, _ in steps:
                chains[passed] = None
            return None
        sum_bits, sum_headers, end = chain
        steps.reverse()
        for passed, bits, headers in steps:
            sum_bits += bits
            sum_headers += headers
            if headers and passed // 4 in self.starts:
                sum_bits += ALIGNED_FRAME_BITS
            chains[passed] = (sum_bits, sum_headers, end)
        return chains[4 * offset + UNKNOWN]

    def _step(self, place: int) -> Step | None:
        """Over one frame: where the next one begins, its bits, and whether its header counts (1 or 0).

        None: it breaks a rule. The same place again: the bytes end here.
        """
        data, masked = self.data, self.masked
        length = len(data)
        position = place // 4
        within = place % 4
        if position >= length:
            return place, 0.0, 0
        first = data[position]
        if not IS_POSSIBLE_FIRST[first] or (first & 0x40 and not self.compressed):
            return None
        if position + 1 >= length:
            return place, 0.0, 0
        second = data[position + 1]
        payload_length = second & 0x7F
        opcode = first & 15
        if (second >= 128) != masked or (opcode >= 8 and payload_length > 125):
            return None
        header = 2 if payload_length < 126 else 4 if payload_length == 126 else 10
        if position + header > length:
            return place, 0.0, 0
        if header == 10 and data[position + 2]:
            return None  # beyond LONGEST_LIKELY_PAYLOAD, and perhaps beyond the integers of C
        if header > 2:
            payload_length = int.from_bytes(data[position + 2 : position + header], "big")
            # RFC 6455, 5.2: the smallest number of bytes MUST be used.
            if payload_length < (126 if header == 4 else 65536) or payload_length > LONGEST_LIKELY_PAYLOAD:
                return None
        if masked:
            header += 4
        if opcode < 8 and within != UNKNOWN and (within == BETWEEN) == (opcode == 0):
            return None
        if not first and not second:
            # An empty fragment, and behind it perhaps zeroes without end: so many of them at once.
            following = position + (self._zeroes_end(position) - position) // 2 * 2
            return 4 * following + (INSIDE if within == INSIDE else TAIL), 0.0, 0
        start = position + header
        bits = 0.0
        if first & 0x40:
            bits = self._compressed_bits(start, payload_length, first)
        elif opcode in (1, 8) or self._may_be_json(start):
            # Most places that hold no text show it at once.
            if payload_length > GLANCE and opcode == 1 and _text_bits(self._payload(start, GLANCE), False) == NO_EVIDENCE:
                return None
            bits = _payload_bits(self._payload(start, min(payload_length, PAYLOAD_PROBE)), payload_length, first, masked)
        if bits == NO_EVIDENCE:
            return None
        # Lengths of two bytes, the upper one zero, look like continuation frames for ever: those say nothing.
        counts = opcode != 0 or (within == INSIDE and first >= 128 and payload_length > 0)
        if counts and header >= 10:
            bits += LONG_LENGTH_BITS
        if opcode < 8:
            within = BETWEEN if first >= 128 else INSIDE if opcode or within == INSIDE else TAIL
        return 4 * (start + payload_length) + within, bits, int(counts)

    def _payload(self, start: int, length: int) -> bytes:
        """So many payload bytes, unmasked, as far as they are at hand."""
        payload = self.data[start : start + length]
        return unmask(payload, self.data[start - 4 : start]) if self.masked and payload else payload

    def _compressed_bits(self, start: int, length: int, first: int) -> float:
        """RFC 7692, 7.2.1: DEFLATE without its last four bytes. Its window is not known, its beginning can be read."""
        bits = 0.0
        if first >= 128 and length and start + length <= len(self.data):
            last = self.data[start + length - 1]
            if self.masked:
                last ^= self.data[start - 4 + (length - 1) % 4]
            # Three zero bits and padding came before what was removed.
            if last >= 0x20:
                return NO_EVIDENCE
            bits = DEFLATE_END_BITS
        return bits + _beginning_bits(self._payload(start, min(length, DEFLATE_PROBE)), first & 15)

    def _may_be_json(self, start: int) -> bool:
        """Whether the payload at `start` begins like a document."""
        if start >= len(self.data):
            return False
        return self.data[start] ^ (self.data[start - 4] if self.masked else 0) in b"{["

    def _zeroes_end(self, position: int) -> int:
        """Where the zeroes end in which `position` lies; the last answer is kept, as many places share it."""
        start, end = self._zeroes
        if not start <= position < end:
            match = ZEROES.match(self.data, position)
            self._zeroes = position, match.end() if match else position
        return self._zeroes[1]


def _payload_bits(payload: bytes, payload_length: int, first: int, masked: bool) -> float:
    """What the payload (as much of it as is looked at, unmasked) says for or against the frame."""
    opcode = first & 15
    whole = len(payload) == payload_length
    final = whole and first >= 128
    if opcode == 8:
        return _close_bits(payload, payload_length)
    if not payload or opcode not in (1, 2):
        return 0.0
    json_bits = JSON_BITS if final and _is_json(payload) else 0.0
    if opcode == 2:
        return json_bits
    text_bits = _text_bits(payload, final)
    # Unmasked bytes around a frame are mostly text themselves: that there is text says little.
    return text_bits + json_bits if masked else text_bits / 4 + json_bits


def _close_bits(payload: bytes, payload_length: int) -> float:
    if payload_length == 1:
        return NO_EVIDENCE
    if len(payload) < 2:
        return 0.0
    code = int.from_bytes(payload[:2], "big")
    return CLOSE_BITS if 1000 <= code <= 1014 or 3000 <= code <= 4999 else NO_EVIDENCE


def _text_bits(payload: bytes, final: bool) -> float:
    """About one bit a byte: half of all bytes are no ASCII, a tenth are control characters."""
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        # What is cut, or continued in another fragment, may end inside a character.
        if final or error.reason != "unexpected end of data":
            return NO_EVIDENCE
    if CONTROL_CHARACTER.search(payload):
        return 0.0
    return min(float(len(payload)), TEXT_BITS)


def _beginning_bits(payload: bytes, opcode: int) -> float:
    """What the beginning of a compressed payload says."""
    decompressor = zlib.decompressobj(-15)
    output = b""
    data = payload
    try:
        while data and len(output) < INFLATE_PROBE and not decompressor.eof:
            output += decompressor.decompress(data, 1)
            data = decompressor.unconsumed_tail
    except zlib.error as error:
        if "too far back" not in str(error):  # what a window is for; everything else is no DEFLATE
            return NO_EVIDENCE
    return _text_bits(output, False) if opcode == 1 and output else 0.0


def _is_json(payload: bytes) -> bool:
    if payload[:1] not in (b"{", b"["):
        return False
    try:
        msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True
