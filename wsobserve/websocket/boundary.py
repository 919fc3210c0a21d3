"""Bytes from the middle of a stream in, the first certain frame boundary out.

After a hole, or in a connection whose beginning is not in the capture, nobody says where a frame begins. A place is
believed when a chain of frames starting there obeys RFC 6455 to the end of what is at hand, and when that would be a
strange coincidence: every rule that had to hold by accident otherwise counts as bits of evidence, and the sum must
reach a threshold. Garbage that is taken for a frame would be worse than a message missed.
"""

from __future__ import annotations

import msgspec

from wsobserve.websocket.frame import smallest_header_length, unmask

HEADER_BITS = 5.0  # 9 to 13 of 256 first bytes are allowed, and the mask bit is known
ALIGNED_START_BITS = 8.0  # frames mostly begin where a segment begins
ALIGNED_END_BITS = 10.0  # the chain ends exactly where the bytes end
CLOSE_BITS = 8.0  # a status code that may be sent
JSON_BITS = 14.0  # a text payload that is JSON from its first to its last byte
LONGEST_LIKELY_PAYLOAD = 64 * 1024 * 1024
TEXT_PROBE = 4096  # bytes of a text payload that are looked at

RESYNCHRONISE_BITS = 34.0  # of 2**18 places tried, one in 65,536 searches would go wrong by accident
RECOGNISE_BITS = 44.0  # a connection of which nothing says that it is a WebSocket


class Boundary(msgspec.Struct, frozen=True):
    """A place where a frame begins: `offset` in the bytes searched, with so many bits of evidence."""

    offset: int
    bits: float


def find_boundary(data: bytes, starts: list[int], masked: bool, threshold: float, everywhere: bool = True) -> Boundary | None:
    """The first place in `data` where a frame begins with at least `threshold` bits of evidence.

    `starts`: ascending offsets at which a segment's payload begins. `masked`: whether frames of this direction are.
    `everywhere`: also look between segment starts.
    """
    aligned = set(starts)
    for offset in starts:
        bits = evidence(data, offset, masked) + ALIGNED_START_BITS
        if bits >= threshold:
            earlier = _search(data, range(offset), aligned, masked, threshold) if everywhere else None
            return earlier or Boundary(offset, bits)
    return _search(data, range(len(data)), aligned, masked, threshold) if everywhere else None


def _search(data: bytes, offsets: range, aligned: set[int], masked: bool, threshold: float) -> Boundary | None:
    for offset in offsets:
        # Cheap refusal first: one byte in twenty can begin a frame at all.
        if data[offset] & 0x3F not in POSSIBLE_FIRST or offset in aligned:
            continue
        bits = evidence(data, offset, masked)
        if bits >= threshold:
            return Boundary(offset, bits)
    return None


POSSIBLE_FIRST = frozenset({0, 1, 2, 8, 9, 10})
NO_EVIDENCE = float("-inf")


def evidence(data: bytes, offset: int, masked: bool) -> float:
    """Bits of evidence that a frame begins at `offset`; -inf when the frames from there on break a rule."""
    bits = 0.0
    position = offset
    length = len(data)
    in_message: bool | None = None  # not known until a data frame has been seen
    while position < length:
        first = data[position]
        opcode = first & 15
        fin = first >= 128
        if opcode not in POSSIBLE_FIRST or first & 0x30:
            return NO_EVIDENCE
        if first & 0x40 and opcode not in (1, 2):
            return NO_EVIDENCE  # RFC 7692, 6: RSV1 only on the first frame of a message
        if opcode >= 8 and not fin:
            return NO_EVIDENCE
        if position + 1 >= length:
            return bits
        second = data[position + 1]
        if (second >= 128) != masked:
            return NO_EVIDENCE
        payload_length = second & 0x7F
        if opcode >= 8 and payload_length > 125:
            return NO_EVIDENCE
        header = 2 if payload_length < 126 else 4 if payload_length == 126 else 10
        if position + header > length:
            return bits
        if header > 2:
            payload_length = int.from_bytes(data[position + 2 : position + header], "big")
        header += 4 if masked else 0
        if header != smallest_header_length(payload_length, masked) or payload_length > LONGEST_LIKELY_PAYLOAD:
            return NO_EVIDENCE
        if opcode == 0:
            if in_message is False:
                return NO_EVIDENCE
            in_message = not fin
        elif opcode < 8:
            if in_message:
                return NO_EVIDENCE
            in_message = not fin
        start = position + header
        payload = data[start : start + min(payload_length, TEXT_PROBE)]
        if masked and payload:
            payload = unmask(payload, data[start - 4 : start])
        judged = _payload_bits(payload, payload_length, opcode, first, masked)
        if judged == NO_EVIDENCE:
            return NO_EVIDENCE
        # Zeroes look like empty continuation frames for ever: neither counts.
        if payload_length and opcode:
            bits += HEADER_BITS
        bits += judged
        position = start + payload_length
    if position == length:
        bits += ALIGNED_END_BITS
    return bits


def _payload_bits(payload: bytes, payload_length: int, opcode: int, first: int, masked: bool) -> float:
    """What the payload (as much of it as is at hand, unmasked) says for or against the frame."""
    if opcode == 8:
        if payload_length == 1:
            return NO_EVIDENCE
        if len(payload) >= 2:
            code = int.from_bytes(payload[:2], "big")
            return CLOSE_BITS if 1000 <= code <= 1014 or 3000 <= code <= 4999 else NO_EVIDENCE
        return 0.0
    if opcode != 1 or first & 0x40 or not payload:
        return 0.0
    whole = len(payload) == payload_length
    # What is cut, or continued in another fragment, may end inside a character.
    probe = payload if whole and first >= 128 else payload[: max(len(payload) - 3, 0)]
    try:
        probe.decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return NO_EVIDENCE
        if whole and first >= 128:
            return NO_EVIDENCE
    bits = min(len(probe), 16) * (1.0 if masked else 0.25)
    if whole and first >= 128 and _is_json(payload):
        bits += JSON_BITS
    return bits


def _is_json(payload: bytes) -> bool:
    if payload[:1] not in (b"{", b"["):
        return False
    try:
        msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True
