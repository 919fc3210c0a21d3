"""The walk over a block: every packet with its cooked header, and nothing but the block is ever read, whatever is in it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.capture.ring_walk import LINKTYPE_LINUX_SLL2, RingWalk, first_protocol
from wsobserve.records import PacketBatch

IPV4, IPV6, VLAN = 0x0800, 0x86DD, 0x8100
BLOCK = 4096
Packet = tuple[bytes, int, int]  # data, length on the wire, EtherType as the kernel says it

IPV4_PACKET = b"\x45\x00\x00\x1e\x00\x07" + bytes(14) + b"0123456789"
TAGGED = b"\x00\x06\x08\x00" + IPV4_PACKET  # VLAN 6


def packed(packets: list[Packet], free: int = 28) -> bytes:
    """A block as the kernel fills it (linux/if_packet.h); `free` bytes between address and packet."""
    block = bytearray(struct.pack("=IIIIIIQIIII", 3, 48, 1, len(packets), 48, 0, 7, 0, 0, 0, 0))
    for i, (data, length, protocol) in enumerate(packets):
        network = 68 + free
        step = network + len(data) + 7 & ~7
        last = i == len(packets) - 1
        block += struct.pack(
            "=IIIIIIHHIIHH8x", 0 if last else step, 1_700_000_000 + i, i, len(data), length, 9, network, network, 0, 0, 0, 0
        )
        block += struct.pack("=H", 17) + struct.pack(">H", protocol) + struct.pack("=iHBB8s", 2, 772, 4, 6, b"address8")
        block += (bytes(free) + data).ljust(step - 68, b"\0")
    struct.pack_into("=I", block, 20, len(block))
    return bytes(block).ljust(BLOCK, b"\xee")


def walked(block: bytes, in_front: int = 0) -> tuple[PacketBatch, RingWalk]:
    """The batch of a block that lies behind `in_front` other ones, and in front of one more, in a ring."""
    ring = bytearray(b"\xaa" * (in_front * BLOCK) + block + b"\xbb" * BLOCK)
    walk = RingWalk(memoryview(ring), BLOCK)
    batch = walk.batch(in_front * BLOCK, 11, "eth0")
    assert ring[: in_front * BLOCK] == b"\xaa" * (in_front * BLOCK), "nothing is written outside of the block"
    assert ring[(in_front + 1) * BLOCK :] == b"\xbb" * BLOCK
    return batch, walk


def contents(batch: PacketBatch) -> list[bytes]:
    return [batch.buffer[at : at + length] for at, length in zip(batch.offsets, batch.captured_lengths, strict=True)]


def cooked(protocol: int) -> bytes:
    return struct.pack(">HHiHBB8s", protocol, 0, 2, 772, 4, 6, b"address8")


@pytest.mark.parametrize("in_front", [0, 2])
def test_every_packet_gets_its_cooked_header_length_and_time(in_front: int) -> None:
    batch, walk = walked(packed([(IPV4_PACKET, 30, IPV4), (b"arp", 3, 0x0806), (IPV4_PACKET[:21], 5000, IPV4)]), in_front)
    assert contents(batch) == [cooked(IPV4) + IPV4_PACKET, cooked(0x0806) + b"arp", cooked(IPV4) + IPV4_PACKET[:21]]
    assert list(batch.original_lengths) == [50, 23, 5020]
    assert list(batch.times_ns) == [1_700_000_000_000_000_000, 1_700_000_001_000_000_001, 1_700_000_002_000_000_002]
    assert (batch.link_type, batch.first_packet, batch.source) == (LINKTYPE_LINUX_SLL2, 11, "eth0")
    assert walk.skipped == 0


def test_an_empty_block_is_an_empty_batch() -> None:
    batch, walk = walked(packed([]))
    assert len(batch) == walk.skipped == 0


def test_one_walk_takes_one_block_after_another() -> None:
    ring = bytearray(packed([(IPV4_PACKET, 30, IPV4)] * 20) + packed([(b"arp", 3, 0x0806)]))
    walk = RingWalk(memoryview(ring), BLOCK)
    first, second = walk.batch(0, 1, "eth0"), walk.batch(BLOCK, 21, "eth0")
    assert contents(first) == [cooked(IPV4) + IPV4_PACKET] * 20
    assert contents(second) == [cooked(0x0806) + b"arp"]


def test_a_block_that_is_walked_again_gives_the_same() -> None:
    """A process may be killed when it has written the cooked headers and counted nothing."""
    ring = bytearray(packed([(IPV4_PACKET, 30, IPV4), (TAGGED, 34, VLAN)]))
    walk = RingWalk(memoryview(ring), BLOCK)
    assert contents(walk.batch(0, 1, "eth0")) == contents(walk.batch(0, 1, "eth0"))


@pytest.mark.parametrize("said", [VLAN, IPV4])
def test_a_tag_that_is_still_there_is_told_whatever_the_kernel_says(said: int) -> None:
    batch, _ = walked(packed([(TAGGED, 34, said), (IPV4_PACKET, 30, said)]))
    assert contents(batch) == [cooked(VLAN) + TAGGED, cooked(IPV4) + IPV4_PACKET]


def test_without_room_for_the_cooked_header_a_packet_is_skipped_and_counted() -> None:
    batch, walk = walked(packed([(IPV4_PACKET, 30, IPV4)] * 3, free=16))
    assert len(batch) == 0
    assert walk.skipped == 3


def test_a_packet_with_offsets_that_cannot_be_is_skipped_and_those_behind_it_are_not() -> None:
    block = bytearray(packed([(IPV4_PACKET, 30, IPV4)] * 3))
    second = 48 + int.from_bytes(block[48:52], "little")
    struct.pack_into("=I", block, second + 12, 1 << 31)  # captured length
    batch, walk = walked(bytes(block))
    assert len(batch) == 2
    assert walk.skipped == 1


@given(
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=12),
    words=st.lists(
        st.tuples(
            st.integers(0, 60), st.sampled_from([0, 1, 3, 88, 4095, 4096, 4097, 1 << 16, (1 << 31) - 1, 1 << 31, 2**32 - 1])
        ),
        max_size=4,
    ),
)
def test_whatever_a_block_holds_nothing_outside_is_read_and_all_is_counted(
    changes: list[tuple[int, int]], words: list[tuple[int, int]]
) -> None:
    block = bytearray(packed([(IPV4_PACKET, 30, IPV4), (TAGGED, 34, VLAN), (IPV4_PACKET, 30, IPV4)]))
    for offset, value in changes:
        block[offset] = value
    for word, value in words:
        struct.pack_into("=I", block, 4 * word, value)
    batch, walk = walked(bytes(block), 1)
    said = int.from_bytes(block[12:16], "little")
    assert walk.skipped == said - len(batch)
    for offset, captured, original in zip(batch.offsets, batch.captured_lengths, batch.original_lengths, strict=True):
        assert 0 <= offset <= offset + captured <= len(batch.buffer) <= BLOCK
        assert 20 <= captured <= original


TAG_OF_VLAN_6 = b"\x00\x06\x08\x00\x45\x00"
IPV4_HEADER = b"\x45\x00\x00\x2c\x00\x07"  # 44 bytes
IPV6_HEADER = b"\x60\x00\x00\x00\x00\x18"  # 40 and 24 bytes


@pytest.mark.parametrize(
    ("beginning", "length", "said", "protocol"),
    [
        (TAG_OF_VLAN_6, 48, VLAN, VLAN),  # came in, an older kernel
        (TAG_OF_VLAN_6, 48, IPV4, VLAN),  # came in, a newer one
        (IPV4_HEADER, 44, VLAN, IPV4),  # goes out, an older kernel
        (IPV4_HEADER, 44, IPV4, IPV4),
        (IPV6_HEADER, 64, VLAN, IPV6),
        (IPV6_HEADER, 64, IPV6, IPV6),
        (b"\x45\x00\x08\x00\x00\x07", 2048, IPV4, IPV4),  # its total length only looks like an EtherType
        (b"\x40\x06\x08\x00\x45\x00", 48, IPV4, VLAN),  # a tag of priority 2 only looks like an IP header
        (b"", 0, IPV4, IPV4),
    ],
)
def test_a_tag_that_was_left_in_a_packet_is_told_from_an_ip_header(
    beginning: bytes, length: int, said: int, protocol: int
) -> None:
    assert first_protocol(beginning, length, said) == protocol
