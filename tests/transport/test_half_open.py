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


def answer(flags: int, acknowledgment: int = 1001, sequence: int = 5000, payload: bytes = b"") -> PacketDecoder:
    """What comes back from 10.0.0.2:80."""
    addresses = b"\x0a\x00\x00\x02\x0a\x00\x00\x01"
    packet = struct.pack(">BBHHHBBH8s", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0, addresses)
    packet += struct.pack(">HHIIBBHHH", 80, 40000, sequence, acknowledgment, 5 << 4, flags, 256, 0, 0) + payload
    decoder = PacketDecoder(Fragments(Limits()))
    assert decoder.decode(packet, 0, len(packet), len(packet), 101, 7)
    return decoder


def test_its_answer_leaves_it_half_open_and_is_kept() -> None:
    syn = HalfOpen(segment(SYN), 7, 3)
    assert syn.receive(answer(SYN | ACK), 9, 4)
    assert syn.receive(answer(SYN | ACK), 10, 5)
    assert (syn.answer, syn.answer_sequence_number, syn.answer_window) == (1, 5000, 256)
    assert (syn.answer_ns, syn.answer_packet) == (9, 4)


def test_a_refusal_leaves_it_half_open_and_a_true_answer_takes_its_place() -> None:
    syn = HalfOpen(segment(SYN), 7, 3)
    assert syn.receive(answer(RST | ACK, sequence=0), 8, 4)
    assert (syn.answer, syn.answer_ns, syn.answer_packet) == (2, 8, 4)
    assert syn.receive(answer(RST | ACK, sequence=0), 9, 5)
    assert (syn.answer, syn.answer_ns, syn.answer_packet) == (2, 8, 4)
    assert syn.receive(answer(SYN | ACK), 10, 6)
    assert (syn.answer, syn.answer_ns, syn.answer_packet) == (1, 10, 6)
    assert not syn.receive(answer(RST | ACK), 11, 7)


def test_its_syn_again_leaves_it_half_open() -> None:
    syn = HalfOpen(segment(SYN), 7, 3)
    assert syn.receive(segment(SYN), 8, 4)
    assert syn.repeated
    answered = HalfOpen(segment(SYN), 7, 3)
    assert answered.receive(answer(SYN | ACK), 8, 4)
    assert answered.receive(segment(SYN), 9, 5)
    assert not answered.repeated


@pytest.mark.parametrize(
    "more",
    [
        segment(ACK),
        segment(SYN, b"early"),
        segment(SYN | FIN),
        answer(SYN),
        answer(ACK),
        answer(SYN | ACK, acknowledgment=1002),
        answer(SYN | ACK | FIN),
        answer(SYN | ACK, payload=b"early"),
        answer(RST),
        answer(RST | ACK, payload=b"why"),
        answer(RST | ACK, acknowledgment=77),
    ],
)
def test_everything_else_makes_it_more(more: PacketDecoder) -> None:
    syn = HalfOpen(segment(SYN), 7, 3)
    assert not syn.receive(more, 9, 4)
    assert (syn.answer, syn.repeated) == (0, False)


def test_a_syn_of_it_is_known_by_its_numbers() -> None:
    syn = HalfOpen(segment(SYN), 7, 3)
    assert syn.belongs(segment(SYN, b"early"))
    assert syn.belongs(answer(SYN))
    assert syn.belongs(answer(SYN | ACK, payload=b"early"))
    assert not syn.belongs(answer(SYN | ACK, acknowledgment=1002))
    assert syn.receive(answer(SYN | ACK), 9, 4)
    assert not syn.belongs(answer(SYN | ACK, sequence=5001))
