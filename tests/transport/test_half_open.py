"""One SYN, and what it takes to be nothing more."""

from __future__ import annotations

import struct

import pytest

from wsobserve.config import Limits
from wsobserve.transport.fragment import Fragments
from wsobserve.transport.half_open import HalfOpen, only_opens
from wsobserve.transport.packet import PacketDecoder

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128


def segment(flags: int, payload: bytes = b"") -> PacketDecoder:
    """What the decoder has read of an IPv4 packet, 10.0.0.1:40000 to 10.0.0.2:80."""
    addresses = b"\x0a\x00\x00\x01\x0a\x00\x00\x02"
    packet = struct.pack(">BBHHHBBH8s", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0, addresses)
    packet += struct.pack(">HHIIBBHHH", 40000, 80, 1000, 0, 5 << 4, flags, 512, 0, 0) + payload
    decoder = PacketDecoder(Fragments(Limits()))
    assert decoder.decode(packet, 0, len(packet), len(packet), 101, 7)
    return decoder


@pytest.mark.parametrize("flags", [SYN, SYN | ECE | CWR, SYN | PSH])
def test_a_syn_alone_opens_half_a_connection(flags: int) -> None:
    assert only_opens(segment(flags))


@pytest.mark.parametrize("flags", [0, ACK, SYN | ACK, SYN | FIN, SYN | RST, SYN | URG])
def test_any_other_segment_says_more(flags: int) -> None:
    assert not only_opens(segment(flags))


def test_a_syn_with_payload_says_more() -> None:
    assert not only_opens(segment(SYN, b"early"))


def test_it_keeps_what_the_syn_said() -> None:
    syn = HalfOpen(segment(SYN), 7, 3)
    assert syn.key == bytes.fromhex("0a000001 0a000002 9c40 0050")
    assert (syn.sequence_number, syn.window, syn.time_ns, syn.packet) == (1000, 512, 7, 3)
