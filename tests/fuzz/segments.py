"""TCP reassembly: five bytes of the input are one segment, of two halves whose every byte follows from its sequence number.

So whatever is doubled, late, overlapping, cut or lost: what is delivered must be bytes of that half, in their order, with
holes of exactly the length that was said. Only segments that lie about their bytes are exempt.
"""

from __future__ import annotations

import struct
from array import array
from random import Random

from tests.fuzz.laws import START_NS, sampled
from tests.fuzz.packets import transported
from wsobserve.records import PacketBatch, StreamBytes, StreamGap, StreamRecord

SEGMENT = 5  # bytes of the input
PERIOD = 65_536
LONGEST = 4_096
_ONCE = Random(1).randbytes(PERIOD)
STREAM = _ONCE + _ONCE[:LONGEST]
TELLING = 8  # so many bytes occur once in it
RAW_IP = 101
STARTS = (0xFFFFFF00, 5_000)  # sequence numbers of the halves: one wraps soon
FIN, SYN, RST, ACK, URG = 1, 2, 4, 16, 32
HEADERS = struct.Struct(">BBHHHBBH4s4sHHIIBBHHH")
ADDRESSES = (b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x02")
FAR = {127: 1 << 30, 126: 1 << 31, 125: 70_000, -128: -(1 << 30), -127: -70_000}


def packet(half: int, port: int, flags: int, sequence: int, acknowledgment: int, window: int, payload: bytes) -> bytes:
    """An IPv4 packet with a TCP segment; checksums are nobody's business here."""
    ports = (40_000 + port, 80) if half == 0 else (80, 40_000 + port)
    source, destination = ADDRESSES if half == 0 else ADDRESSES[::-1]
    sequence, acknowledgment = sequence & 0xFFFFFFFF, acknowledgment & 0xFFFFFFFF
    urgent = 1 if flags & URG else 0
    length = 40 + len(payload)
    head = HEADERS.pack(
        0x45, 0, length, 0, 0, 64, 6, 0, source, destination, *ports, sequence, acknowledgment, 0x50, flags, window, 0, urgent
    )
    return head + payload


def segments(script: bytes) -> tuple[list[tuple[bytes, int, int]], bool]:
    """Packets, each with its length on the wire and its time; and whether all of them tell the truth.

    Of each five bytes: half and flags; how far from where this half was (0: it goes on); length; how far from where the
    other half was (0: acknowledges all of it); time, snap length, window, and which of four connections.
    """
    ends = [[*STARTS] for _ in range(4)]
    found: list[tuple[bytes, int, int]] = []
    time_ns = START_NS
    honest = True
    for position in range(0, len(script) - SEGMENT + 1, SEGMENT):
        what, away, size, behind, around = script[position : position + SEGMENT]
        half, port = what & 1, around >> 6
        flags = (what >> 1 & 7) | (what & 0x30)
        away = away - 256 if away > 127 else away
        behind = behind - 256 if behind > 127 else behind
        sequence = ends[port][half] + FAR.get(away, away if abs(away) < 64 else (away - 63) * 64)
        length = size if size < 240 else (size - 239) * 256
        begin = sequence + (1 if flags & SYN else 0)
        payload = STREAM[begin % PERIOD :][:length]
        if what & 0x40 and payload:
            payload = bytes(len(payload))
            honest = False
        time_ns += (around & 15) * 250_000_000 + 1_000_000
        whole = packet(half, port, flags, sequence, ends[port][1 - half] + behind, 0 if around & 32 else 65_535, payload)
        captured = whole[: 40 + len(payload) // 2] if around & 16 else whole
        found.append((captured, len(whole), time_ns))
        if away not in FAR:
            ends[port][half] = max(ends[port][half], begin + length + (1 if flags & FIN else 0))
    return found, honest


def batch_of(found: list[tuple[bytes, int, int]]) -> PacketBatch:
    """These packets, as a capture would give them."""
    offsets, offset = array("q"), 0
    for captured, _, _ in found:
        offsets.append(offset)
        offset += len(captured)
    return PacketBatch(
        b"".join([captured for captured, _, _ in found]),
        offsets,
        array("q", [len(captured) for captured, _, _ in found]),
        array("q", [length for _, length, _ in found]),
        array("q", [time_ns for _, _, time_ns in found]),
        RAW_IP,
        1,
        "made",
    )


def check_bytes(records: list[StreamRecord]) -> None:
    """Every half's bytes are a run of its stream, with holes of the right length."""
    halves: dict[tuple[str, int], list[bytes | int]] = {}
    for record in records:
        if isinstance(record, StreamBytes):
            halves.setdefault((record.connection, record.half), []).append(record.data)
        elif isinstance(record, StreamGap):
            halves.setdefault((record.connection, record.half), []).append(record.length)
    for pieces in halves.values():
        before = 0
        start = -1
        for piece in pieces:
            if isinstance(piece, bytes) and len(piece) >= TELLING:
                start = (STREAM.index(piece[:TELLING]) - before) % PERIOD
                break
            before += len(piece) if isinstance(piece, bytes) else piece
        for piece in pieces if start >= 0 else ():
            if isinstance(piece, bytes):
                where = start % PERIOD
                assert len(piece) > LONGEST or STREAM[where : where + len(piece)] == piece, "bytes from another place"
            start += len(piece) if isinstance(piece, bytes) else piece


def tell(data: bytes) -> object:
    """All at once; sometimes also one by one, with the same result."""
    found, honest = segments(data)
    if not found:
        return None
    batch = batch_of(found)
    records = transported(batch, len(batch))
    if honest:
        check_bytes(records)
    if sampled(data):
        assert transported(batch, 1) == records
    return records
