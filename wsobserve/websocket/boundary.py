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

from wsobserve.websocket.frame import smallest_header_length, unmask

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
INFLATE_PROBE = 16  # bytes of a compressed one

# Bits that a frame of which only the first bytes are believed for its own sake has to give, besides log2 of the places
# before it: what lies before a true frame often has the length that leads to it, and then the rest of its chain is true.
HEAD_BITS = 12.0
LANDING_BITS = {2: 7.0, 4: 15.0, 10: 15.0}  # by its length a frame ends where another one begins

RESYNCHRONISE_BITS = 34.0  # of 2**18 places tried, one in 65,536 searches would go wrong by accident
NO_EVIDENCE = float("-inf")
LONGEST_HEADER = 14

POSSIBLE_FIRST = frozenset({0x00, 0x01, 0x02, 0x41, 0x42, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A, 0xC1, 0xC2})
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
Place = tuple[int, int]


class Boundary(msgspec.Struct, frozen=True):
    """A place where a frame begins: `offset` in the bytes searched, with so many bits of evidence."""

    offset: int
    bits: float


class Chain(msgspec.Struct, frozen=True):
    """The frames from one place on. `end`: where the next one begins, perhaps beyond the bytes at hand."""

    bits: float  # without what headers are worth, which depends on the surroundings
    headers: int
    end: int


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
        self._chains: dict[Place, Chain | None] = {}  # chains join: what follows from a place is walked once

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
            if chain is not None and chain.headers and chain.end >= limit:
                places[chain.end] = max(self.bits(offset), places.get(chain.end, 0.0))
        return dict(sorted(places.items(), key=lambda place: -place[1])[:most])

    def bits(self, offset: int) -> float:
        """Bits of evidence that a frame begins at `offset`; -inf when the frames from there on break a rule."""
        chain = self._chain(offset)
        if chain is None:
            return NO_EVIDENCE
        bits = chain.bits
        if offset in self.expected:
            bits += self.expected[offset]
        elif offset in self.starts:
            # The chain has the bits of a frame of its middle for this.
            bits += ALIGNED_START_BITS - (ALIGNED_FRAME_BITS if chain.end > offset and self.data[offset] & 15 else 0.0)
        if not chain.headers:
            return bits
        if chain.end == len(self.data):
            bits += ALIGNED_END_BITS
        others = max(len(self._possible_places()) - chain.headers, 0) + 1
        places = max(len(self.data) - chain.headers, 0) + 1
        return bits + chain.headers * min(HEADER_BITS, math.log2(max(places, others) / others))

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
        return None

    def _settled(self, offset: int, threshold: float, refused: set[int]) -> Boundary | None:
        """The first frame of the chain from `offset` that is believed for its own sake, when what follows is enough.

        That the rest of a chain is true says little about its first frame (see HEAD_BITS).
        """
        while offset not in refused:
            bits = self.bits(offset)
            if bits < threshold:
                break
            step = self._step(offset, UNKNOWN)
            if step is None or step[0][0] >= len(self.data) or step[0][0] == offset:
                return Boundary(offset, bits)  # all of its bits are its own
            if self._own_bits(offset, step) >= HEAD_BITS + math.log2(1 + offset):
                return Boundary(offset, bits)
            refused.add(offset)
            offset = step[0][0]
        refused.add(offset)
        return None

    def _own_bits(self, offset: int, step: tuple[Place, float, int]) -> float:
        """What the frame at `offset` says for itself, when it is certain that one begins where it ends."""
        _, bits, headers = step
        bits += self.expected.get(offset, ALIGNED_START_BITS if offset in self.starts else 0.0)
        if headers:
            length = self.data[offset + 1] & 0x7F
            bits += HEADER_BITS + LANDING_BITS[2 if length < 126 else 4 if length == 126 else 10]
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
        place = (offset, UNKNOWN)
        steps: list[tuple[Place, float, int]] = []
        while place not in chains:
            step = self._step(*place)
            if step is None or step[0] == place:
                chains[place] = None if step is None else Chain(0.0, 0, place[0])
                break
            following, bits, headers = step
            steps.append((place, bits, headers))
            place = following
        chain = chains[place]
        for passed, bits, headers in reversed(steps):
            if chain is not None:
                aligned = ALIGNED_FRAME_BITS if headers and passed[0] in self.starts else 0.0
                chain = Chain(chain.bits + bits + aligned, chain.headers + headers, chain.end)
            chains[passed] = chain
        return chain

    def _step(self, position: int, within: int) -> tuple[Place, float, int] | None:
        """Over one frame: where the next one begins, its bits, and whether its header counts (1 or 0).

        None: it breaks a rule. The same place again: the bytes end here.
        """
        data, masked = self.data, self.masked
        length = len(data)
        place = (position, within)
        if position >= length:
            return place, 0.0, 0
        first = data[position]
        if first not in POSSIBLE_FIRST or (first & 0x40 and not self.compressed):
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
        if header > 2:
            payload_length = int.from_bytes(data[position + 2 : position + header], "big")
        header += 4 if masked else 0
        if header != smallest_header_length(payload_length, masked) or payload_length > LONGEST_LIKELY_PAYLOAD:
            return None
        if opcode < 8 and within != UNKNOWN and (within == BETWEEN) == (opcode == 0):
            return None
        if not first and not second:
            # An empty fragment, and behind it perhaps zeroes without end: so many of them at once.
            following = position + (self._zeroes_end(position) - position) // 2 * 2
            return (following, INSIDE if within == INSIDE else TAIL), 0.0, 0
        start = position + header
        bits = 0.0
        if opcode in (1, 8) or first & 0x40 or self._may_be_json(start):
            payload = data[start : start + min(payload_length, PAYLOAD_PROBE)]
            if masked and payload:
                payload = unmask(payload, data[start - 4 : start])
            bits = _payload_bits(payload, payload_length, first, masked)
            if bits == NO_EVIDENCE:
                return None
        # Lengths of two bytes, the upper one zero, look like continuation frames for ever: those say nothing.
        counts = opcode != 0 or (within == INSIDE and first >= 128 and payload_length > 0)
        if counts and header >= 10:
            bits += LONG_LENGTH_BITS
        if opcode < 8:
            within = BETWEEN if first >= 128 else INSIDE if opcode or within == INSIDE else TAIL
        return (start + payload_length, within), bits, int(counts)

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
    if first & 0x40:
        return _compressed_bits(payload, opcode, final)
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


def _compressed_bits(payload: bytes, opcode: int, final: bool) -> float:
    """RFC 7692, 7.2.1: DEFLATE without its last four bytes. Its window is not known, its beginning can be read."""
    bits = 0.0
    if final:
        # Three zero bits and padding came before what was removed.
        if payload[-1] >= 0x20:
            return NO_EVIDENCE
        bits = DEFLATE_END_BITS
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
    if opcode == 1:
        text_bits = _text_bits(output, False) if output else 0.0
        return NO_EVIDENCE if text_bits == NO_EVIDENCE else bits + text_bits
    return bits


def _is_json(payload: bytes) -> bool:
    if payload[:1] not in (b"{", b"["):
        return False
    try:
        msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True
