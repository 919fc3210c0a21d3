"""The walk enters what a plain reading of the format finds, on any bytes; its compiled and its interpreted way are equal."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.capture.interface import Interface
from wsobserve.capture.record_walk import ROWS, RecordWalk
from wsobserve.records import PacketBatch

Row = tuple[int, int, int, int]  # offset, captured length, original length, time in nanoseconds
Walked = tuple[list[Row], int]  # and the position where the walk stopped

INTERFACES = [Interface(1, 0, 6, 0), Interface(1, 0, 9, 1000), Interface(101, 0, 6, 0), Interface(1, 0, 0x80 | 20, 0)]
INTERFACES += [Interface(1, 0, 12, -1), Interface(1, 0, 127, 0), Interface(1, 0, 9, 2**62)]
both_ways = pytest.mark.parametrize("way", ["by_bytes", "by_headers"])


def rows(batch: PacketBatch) -> list[Row]:
    return list(zip(batch.offsets, batch.captured_lengths, batch.original_lengths, batch.times_ns, strict=True))


def walked(buffer: bytes, method: str, position: int, *arguments: object) -> Walked:
    walk = RecordWalk()
    walk.begin(buffer)
    walk_from: Callable[..., int] = getattr(walk, method)
    stop = walk_from(position, *arguments)
    return rows(walk.take(1, 1, "test")), stop


def pcap_plainly(buffer: bytes, position: int, big_endian: bool, header_length: int, fraction_ns: int) -> Walked:
    """draft-ietf-opsawg-pcap, 5: packet record."""
    found: list[Row] = []
    while len(buffer) - position >= header_length and len(found) < 4096:
        seconds, fraction, captured, original = struct.unpack_from(">IIII" if big_endian else "<IIII", buffer, position)
        data = position + header_length
        too_long = captured > 16 * 2**20 or data + captured > len(buffer)
        if too_long or (seconds, captured, original) == (0, 0, 0):
            break
        found.append((data, captured, original, seconds * 10**9 + fraction * fraction_ns))
        position = data + captured
    return found, position


def enhanced_plainly(buffer: bytes, position: int, big_endian: bool, interfaces: list[Interface], link_type: int) -> Walked:
    """draft-ietf-opsawg-pcapng, 4.3: enhanced packet block."""
    order = ">" if big_endian else "<"
    found: list[Row] = []
    while len(buffer) - position >= 32 and len(found) < 4096:
        block_type, length, number, high, low, captured, original = struct.unpack_from(order + "7I", buffer, position)
        if block_type != 6 or length % 4 or not 32 <= length <= 17 * 2**20 or position + length > len(buffer):
            break
        block = buffer[position : position + length]
        options = block[28 + captured + -captured % 4 : -4]
        if captured > length - 32 or block[-4:] != block[4:8]:
            break
        if number >= len(interfaces) or interfaces[number].link_type != link_type:
            break
        units = high << 32 | low
        if units >= interfaces[number].exact_units or 4 in option_codes(options, order):
            break
        found.append((position + 28, captured, original, interfaces[number].time_ns(units)))
        position += length
    return found, position


def option_codes(options: bytes, order: str) -> list[int]:
    codes = []
    while len(options) >= 4:
        code, length = struct.unpack(order + "HH", options[:4])
        if not code or len(options) < 4 + length:
            break
        codes.append(code)
        options = options[4 + length + -length % 4 :]
    return codes


small = st.integers(0, 40) | st.sampled_from([16 * 2**20, 16 * 2**20 + 1, 2**31 - 1, 2**31, 2**32 - 1])
word = st.integers(0, 2**32 - 1) | small


@st.composite
def pcap_records(draw: st.DrawFn, order: str, header_length: int) -> bytes:
    """Records, of which some say wrong things, and any bytes behind them."""
    buffer = b""
    for _ in range(draw(st.integers(0, 6))):
        data = draw(st.binary(max_size=24))
        captured = draw(st.sampled_from([len(data)] * 9 + [draw(small)]))
        header = struct.pack(order + "IIII", draw(word), draw(word), captured, draw(word))
        buffer += header + bytes(header_length - 16) + data
    return buffer + draw(st.binary(max_size=40))


@st.composite
def enhanced_blocks(draw: st.DrawFn, order: str) -> bytes:
    """Enhanced packet blocks, of which some say wrong things, and any bytes behind them."""
    buffer = b""
    for _ in range(draw(st.integers(0, 6))):
        data = draw(st.binary(max_size=24))
        options = b"".join(
            struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)
            for code, value in draw(st.lists(st.tuples(st.sampled_from([0, 1, 2, 4]), st.binary(max_size=9)), max_size=2))
        )
        options += draw(st.sampled_from([b"", b"", b"\0\0\0\0", b"\1\0\0\0", b"\2\0\377\377"]))
        body = data + bytes(-len(data) % 4) + options
        length = 32 + len(body)
        captured = draw(st.sampled_from([len(data)] * 9 + [draw(small)]))
        stated = draw(st.sampled_from([length] * 19 + [length + 1, 31, 0, 2**32 - 4]))
        block_type = draw(st.sampled_from([6] * 29 + [3, 2**31 + 6]))
        number = draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 2**32 - 1]))
        high = draw(st.sampled_from([0, 0, 1, 395_000, 2**30 - 1, 2**30, 2**31, 2**32 - 1]))
        buffer += struct.pack(order + "7I", block_type, stated, number, high, draw(word), captured, draw(word))
        buffer += body + struct.pack(order + "I", draw(st.sampled_from([length] * 19 + [0])))
    return buffer + draw(st.binary(max_size=40))


@both_ways
@settings(deadline=None)
@given(
    data=st.data(), big_endian=st.booleans(), header_length=st.sampled_from([16, 24]), fraction_ns=st.sampled_from([1, 1000])
)
def test_pcap_records_are_walked_as_the_format_is_written(
    way: str, data: st.DataObject, big_endian: bool, header_length: int, fraction_ns: int
) -> None:
    buffer = data.draw(pcap_records(">" if big_endian else "<", header_length) | st.binary(max_size=200))
    buffer = buffer[: data.draw(st.integers(0, len(buffer)))]
    arguments = (big_endian, header_length, fraction_ns)
    for position in (0, 1, 16):
        expected = pcap_plainly(buffer, position, *arguments)
        assert walked(buffer, f"pcap_{way}", position, *arguments) == expected
        assert walked(buffer, "pcap", position, *arguments) == expected


@both_ways
@settings(deadline=None)
@given(
    data=st.data(), big_endian=st.booleans(), interfaces=st.integers(0, len(INTERFACES)), link_type=st.sampled_from([1, 1, 101])
)
def test_enhanced_packet_blocks_are_walked_as_the_format_is_written(
    way: str, data: st.DataObject, big_endian: bool, interfaces: int, link_type: int
) -> None:
    buffer = data.draw(enhanced_blocks(">" if big_endian else "<") | st.binary(max_size=200))
    buffer = buffer[: data.draw(st.integers(0, len(buffer)))]
    arguments = (big_endian, INTERFACES[:interfaces], link_type)
    for position in (0, 4):
        expected = enhanced_plainly(buffer, position, *arguments)
        assert walked(buffer, f"enhanced_{way}", position, *arguments) == expected
        assert walked(buffer, "enhanced", position, *arguments) == expected


@both_ways
def test_a_batch_that_is_full_stops_the_walk_and_the_next_goes_on_there(way: str) -> None:
    record = struct.pack("<IIII", 1, 2, 3, 60) + b"abc"
    walk = RecordWalk()
    walk.begin(record * (ROWS + 2))
    pcap_from = getattr(walk, f"pcap_{way}")
    stop = pcap_from(0, False, 16, 1)
    assert (stop, walk.count) == (ROWS * 19, ROWS)
    assert pcap_from(stop, False, 16, 1) == stop
    assert len(walk.take(1, 1, "test")) == ROWS
    assert pcap_from(stop, False, 16, 1) == (ROWS + 2) * 19
    assert rows(walk.take(1, 1, "test")) == [((ROWS + i) * 19 + 16, 3, 60, 1_000_000_002) for i in range(2)]


def test_what_was_taken_does_not_change_when_more_is_entered() -> None:
    walk = RecordWalk()
    walk.begin(b"first")
    walk.enter(0, 5, 60, 7)
    assert walk.last_time_ns() == 7
    taken = walk.take(1, 1, "test")
    walk.begin(b"second")
    walk.enter(1, 4, 70, 8)
    assert rows(taken) == [(0, 5, 60, 7)]
    assert (taken.buffer, taken.link_type, taken.first_packet, taken.source) == (b"first", 1, 1, "test")
    assert rows(walk.take(101, 2, "test")) == [(1, 4, 70, 8)]
