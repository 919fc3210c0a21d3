"""TCP segments of a real capture, to be cut, joined, doubled, overlapped, shuffled, lost, and packed into packets again.

dpkt reads the file, `struct` the headers; nothing of the package's decoding is used. Only Ethernet with IPv4, or IPv6
without extension headers, and whole packets: what our own recordings are made of. Checksums are left as they were.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from random import Random

import dpkt

from wsobserve.records import PacketBatch

ETHERNET = 1
FIN, SYN, RST = 1, 2, 4
LARGEST = 60_000  # bytes of payload: IPv4 has 16 bits for the length
WINDOW = 6  # packets that may overtake each other
START_NS = 1_700_000_000_000_000_000


@dataclass(frozen=True)
class Segment:
    """One TCP segment: its headers up to the payload, to be changed only in sequence number, flags and lengths."""

    head: bytes
    tcp_offset: int
    sequence_number: int
    flags: int
    payload: bytes

    @property
    def sender(self) -> bytes:
        """Addresses and ports, in the order of the direction."""
        addresses = self.head[26:34] if self.head[12:14] == b"\x08\x00" else self.head[22:54]
        return addresses + self.head[self.tcp_offset : self.tcp_offset + 4]

    def part(self, start: int, stop: int) -> Segment:
        """Bytes start..stop-1 of the payload; a SYN stays with the first one, a FIN with the last one."""
        flags = self.flags
        if start:
            flags &= ~SYN
        if stop < len(self.payload):
            flags &= ~FIN
        sequence_number = (self.sequence_number + start + bool(start and self.flags & SYN)) % 2**32
        return replace(self, payload=self.payload[start:stop], flags=flags, sequence_number=sequence_number)

    def packet(self) -> bytes:
        head = bytearray(self.head)
        if head[12:14] == b"\x08\x00":
            struct.pack_into(">H", head, 16, len(head) - 14 + len(self.payload))
        else:
            struct.pack_into(">H", head, 18, len(head) - 54 + len(self.payload))
        struct.pack_into(">I", head, self.tcp_offset + 4, self.sequence_number)
        head[self.tcp_offset + 13] = self.flags
        return bytes(head) + self.payload


def packets_of(path: Path) -> list[bytes]:
    """The packets of an Ethernet capture file."""
    with path.open("rb") as file:
        reader = dpkt.pcap.UniversalReader(file)
        assert reader.datalink() == ETHERNET
        return [bytes(packet) for _, packet in reader]


def segments_of(path: Path) -> list[Segment]:
    """The TCP segments of a capture file, in its order; other packets are left out."""
    segments = []
    for packet in packets_of(path):
        if packet[12:14] == b"\x08\x00" and packet[23] == 6:
            tcp_offset = 14 + 4 * (packet[14] & 0x0F)
            end = 14 + int.from_bytes(packet[16:18], "big")
        elif packet[12:14] == b"\x86\xdd" and packet[20] == 6:
            tcp_offset = 54
            end = 54 + int.from_bytes(packet[18:20], "big")
        else:
            continue
        assert end <= len(packet)
        payload_offset = tcp_offset + 4 * (packet[tcp_offset + 12] >> 4)
        (sequence_number,) = struct.unpack_from(">I", packet, tcp_offset + 4)
        flags = packet[tcp_offset + 13]
        segments.append(Segment(packet[:payload_offset], tcp_offset, sequence_number, flags, packet[payload_offset:end]))
    return segments


def batch(packets: Iterable[bytes], step_ns: int = 1_000_000, link_type: int = ETHERNET) -> PacketBatch:
    """Packets as a capture file would give them, `step_ns` apart."""
    listed = list(packets)
    lengths = [len(packet) for packet in listed]
    return PacketBatch(
        b"".join(listed),
        array("q", [0, *accumulate(lengths)][: len(lengths)]),
        array("q", lengths),
        array("q", lengths),
        array("q", [START_NS + step_ns * i for i in range(len(listed))]),
        link_type,
        1,
        "made",
    )


# --- what may happen to segments between the sender and the capture ----------------------------------------------------


def cut(segments: list[Segment], chance: Random) -> list[Segment]:
    """Every third segment with payload in up to six pieces, each at least a byte."""
    pieces = []
    for segment in segments:
        length = len(segment.payload)
        if length < 2 or chance.random() > 1 / 3:
            pieces.append(segment)
            continue
        inside = sorted({chance.randrange(1, length) for _ in range(chance.randrange(1, 6))})
        pieces += [segment.part(start, stop) for start, stop in pairwise([0, *inside, length])]
    return pieces


def join(segments: list[Segment], chance: Random) -> list[Segment]:
    """Neighbours of one direction as one segment, half of the time."""
    joined: list[Segment] = []
    for segment in segments:
        before = joined[-1] if joined else None
        if (
            before is not None
            and before.payload
            and segment.payload
            and before.sender == segment.sender
            and not (before.flags | segment.flags) & (SYN | RST)
            and not before.flags & FIN
            and (before.sequence_number + len(before.payload)) % 2**32 == segment.sequence_number
            and len(before.payload) + len(segment.payload) <= LARGEST
            and chance.random() < 1 / 2
        ):
            payload = before.payload + segment.payload
            joined[-1] = replace(segment, sequence_number=before.sequence_number, payload=payload)
        else:
            joined.append(segment)
    return joined


def double(segments: list[Segment], chance: Random) -> list[Segment]:
    """Every fifth segment again, a little later: retransmitted, or captured twice."""
    doubled = []
    for i, segment in enumerate(segments):
        doubled.append((i, segment))
        if chance.random() < 1 / 5:
            doubled.append((i + chance.randrange(WINDOW), segment))
    doubled.sort(key=lambda placed: placed[0])  # stable: the first copy stays first
    return [segment for _, segment in doubled]


def overlap(segments: list[Segment], chance: Random) -> list[Segment]:
    """Behind every fifth segment the end of what its direction sent before and the beginning of it, the same bytes."""
    latest: dict[bytes, Segment] = {}
    out = []
    for segment in segments:
        out.append(segment)
        if not segment.payload:
            continue
        before = latest.get(segment.sender)
        if (
            before is not None
            and (before.sequence_number + len(before.payload)) % 2**32 == segment.sequence_number
            and not before.flags & SYN
            and chance.random() < 1 / 5
        ):
            back = chance.randrange(1, min(len(before.payload), LARGEST // 2) + 1)
            ahead = chance.randrange(1, min(len(segment.payload), LARGEST // 2) + 1)
            sequence_number = (segment.sequence_number - back) % 2**32
            payload = before.payload[-back:] + segment.payload[:ahead]
            out.append(replace(segment, sequence_number=sequence_number, payload=payload, flags=segment.flags & ~FIN))
        latest[segment.sender] = segment
    return out


def shuffle(segments: list[Segment], chance: Random) -> list[Segment]:
    """Segments overtake each other, by less than a window; not a SYN or an RST."""
    out: list[Segment] = []
    waiting: list[Segment] = []
    for segment in [*segments, None]:
        if segment is None or segment.flags & (SYN | RST):
            places = sorted(range(len(waiting)), key=lambda i: i + chance.random() * WINDOW)
            out += [waiting[place] for place in places]
            out += [segment] if segment else []
            waiting = []
        else:
            waiting.append(segment)
    return out


def lose(segments: list[Segment], chance: Random, share: float) -> list[Segment]:
    """Without some of the segments with payload."""
    return [segment for segment in segments if not segment.payload or chance.random() >= share]
