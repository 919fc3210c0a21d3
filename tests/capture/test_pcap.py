"""Classic pcap files, written here from the format's description, are read whole, cut anywhere, and damaged."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import dpkt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsobserve.capture.compression import CaptureBytes
from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.capture.pcap import read_pcap
from wsobserve.records import CaptureLoss, PacketBatch

Packet = tuple[int, int, bytes, int, int]  # number, time in nanoseconds, data, original length, link type

MICROSECONDS, NANOSECONDS, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34
SECOND = 1_700_000_000
THREE = [(5_000, b"one", 3), (6_000, b"", 60), (7_000, b"third packet", 1500)]  # fraction of a second in ns, data, original


def pcap(packets: list[tuple[int, bytes, int]], order: str = "<", magic: int = MICROSECONDS, link_type: int = 1) -> bytes:
    file = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link_type)
    for nanoseconds, data, original in packets:
        fraction = nanoseconds if magic == NANOSECONDS else nanoseconds // 1000
        file += struct.pack(order + "IIII", SECOND, fraction, len(data), original)
        file += struct.pack(order + "IHBB", 2, 0x800, 0, 0) if magic == MODIFIED else b""
        file += data
    return file


def packets_and_losses(path: Path, chunk: int = 1 << 20) -> tuple[list[Packet], list[CaptureLoss]]:
    data = CaptureBytes(str(path))
    packets, losses = [], []
    try:
        for item in read_pcap(data, chunk):
            if isinstance(item, PacketBatch):
                packets += packets_of(item)
            else:
                losses.append(item)
    finally:
        data.close()
    return packets, losses


def packets_of(batch: PacketBatch) -> list[Packet]:
    rows = zip(batch.offsets, batch.captured_lengths, batch.original_lengths, batch.times_ns, strict=True)
    return [
        (batch.first_packet + i, time_ns, batch.buffer[offset : offset + captured], original, batch.link_type)
        for i, (offset, captured, original, time_ns) in enumerate(rows)
    ]


def expected(packets: list[tuple[int, bytes, int]], link_type: int = 1) -> list[Packet]:
    return [
        (number, SECOND * 1_000_000_000 + nanoseconds, data, original, link_type)
        for number, (nanoseconds, data, original) in enumerate(packets, 1)
    ]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [MICROSECONDS, NANOSECONDS, MODIFIED])
def test_each_variant_in_each_byte_order_gives_the_same_packets(tmp_path: Path, order: str, magic: int) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(THREE, order, magic))
    assert packets_and_losses(path) == (expected(THREE), [])


def test_nanoseconds_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([(123_456_789, b"x", 1)], magic=NANOSECONDS))
    assert packets_and_losses(path)[0][0][1] == 1_700_000_000_123_456_789


def test_times_after_2038_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([]) + struct.pack("<IIII", 0xFFFFFFFF, 999_999, 0, 0))
    assert packets_and_losses(path)[0][0][1] == 4_294_967_295_999_999_000


def test_length_of_the_frame_check_sequence_and_reserved_bits_are_no_part_of_the_link_type(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(THREE, link_type=0x2430_0071))
    assert {packet[4] for packet in packets_and_losses(path)[0]} == {113}


def test_a_capture_of_nothing_is_a_capture(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([]))
    assert packets_and_losses(path) == ([], [])


@pytest.mark.parametrize("chunk", [1, 20, 64, 1000, 100_000])
def test_packets_are_the_same_however_the_file_is_read_in_pieces(tmp_path: Path, chunk: int) -> None:
    many = [(i * 1000, bytes([i]) * (i * 97 % 600), 2000) for i in range(250)] + [(999_000, b"z" * 70_000, 70_000)] * 3
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(many))
    assert packets_and_losses(path, chunk) == (expected(many), [])


def test_no_batch_holds_more_than_a_chunk_and_an_unfinished_packet(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([(0, b"x" * 1000, 1000)] * 2000))
    batches = [item for item in read_pcap(CaptureBytes(str(path)), 100_000) if isinstance(item, PacketBatch)]
    assert sum(map(len, batches)) == 2000
    assert max(len(batch.buffer) for batch in batches) <= 100_000 + 1016


def test_every_cut_keeps_each_packet_that_is_whole_and_says_that_it_was_cut(tmp_path: Path) -> None:
    whole = pcap(THREE)
    ends = [24, 24 + 16 + 3, 24 + 2 * 16 + 3, len(whole)]  # behind the header and each packet
    path = tmp_path / "a.pcap"
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        if cut < 24:
            with pytest.raises(CaptureError) as caught:
                list(read_captures([str(path)]))
            assert str(caught.value).startswith(f"{path}: ")
            continue
        count = sum(cut >= end for end in ends[1:])
        packets, losses = packets_and_losses(path)
        assert packets == expected(THREE)[:count]
        if cut in ends:
            assert losses == []
        else:
            detail = f"cut after packet {count}, byte {ends[count]}"
            assert losses == [CaptureLoss(source=str(path), reason="file_cut", detail=detail)]


def test_a_length_that_cannot_be_right_is_damage_and_what_came_before_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(THREE[:2]) + struct.pack("<IIII", SECOND, 0, 0xCAFEBABE, 4) + bytes(100))
    packets, [loss] = packets_and_losses(path)
    assert packets == expected(THREE[:2])
    assert loss.reason == "file_damaged"
    assert loss.detail == "packet 3 at byte 59: it cannot hold 3405691582 bytes; nothing behind it was read"


def test_space_that_a_writer_reserved_and_never_filled_is_no_packets(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(THREE) + bytes(4096))
    packets, [loss] = packets_and_losses(path)
    assert packets == expected(THREE)
    assert loss.reason == "file_damaged"
    assert "a record of zeros" in loss.detail


def test_a_packet_may_be_longer_than_the_original_says(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([(0, b"four", 3)]))
    assert packets_and_losses(path) == ([(1, SECOND * 1_000_000_000, b"four", 3, 1)], [])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 90), replacement=st.binary(min_size=1, max_size=8), more=st.binary(max_size=40))
def test_any_bytes_give_packets_losses_or_one_line(tmp_path: Path, position: int, replacement: bytes, more: bytes) -> None:
    whole = pcap(THREE)
    path = tmp_path / "a.pcap"
    path.write_bytes(whole[:position] + replacement + whole[position + len(replacement) :] + more)
    items: list[PacketBatch | CaptureLoss] = []
    message = ""
    try:
        items += read_captures([str(path)])
    except CaptureError as error:
        message = str(error)
    assert "\n" not in message
    for batch in items:
        if isinstance(batch, PacketBatch):
            assert [len(data) for _, _, data, _, _ in packets_of(batch)] == list(batch.captured_lengths)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    packets=st.lists(st.tuples(st.integers(0, 999_999).map(lambda micro: micro * 1000), st.binary(max_size=80)), max_size=20)
)
def test_dpkt_reads_the_same(tmp_path: Path, packets: list[tuple[int, bytes]]) -> None:
    file = pcap([(nanoseconds, data, len(data)) for nanoseconds, data in packets])
    path = tmp_path / "a.pcap"
    path.write_bytes(file)
    ours = [(time_ns, data) for _, time_ns, data, _, _ in packets_and_losses(path)[0]]
    theirs = [(round(seconds * 1_000_000) * 1000, bytes(data)) for seconds, data in dpkt.pcap.Reader(io.BytesIO(file))]
    assert ours == theirs
