"""pcapng blocks: byte by byte as the draft has them, and as our own reader, dpkt and tshark read them."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import dpkt
import pytest

from wsobserve.capture.files import read_captures
from wsobserve.export.recording import pcapng_writer
from wsobserve.records import CaptureLoss, PacketBatch

pytestmark = pytest.mark.build_independent

TIME_NS = 1_700_000_000_123_456_789
PACKETS = [b"\x45" + bytes(19), b"\x45" + bytes(20), b"\x45" + bytes(21), b"\x45" + bytes(22), b""]


def written(path: Path) -> Path:
    blocks = [
        pcapng_writer.section("x86_64", "Linux 6", "wsobserve 1", "what it is"),
        pcapng_writer.interface(101, "eth0"),
        pcapng_writer.interface(1, "lo"),
        *(pcapng_writer.packet(0, TIME_NS + i, data, len(data) + i, "why" if i == 1 else "") for i, data in enumerate(PACKETS)),
        pcapng_writer.packet(1, TIME_NS, bytes(60), 60),
        pcapng_writer.statistics(0, TIME_NS + 9, TIME_NS, 3, 4),
    ]
    path.write_bytes(b"".join(blocks))
    return path


def test_a_packet_block_byte_by_byte() -> None:
    block = pcapng_writer.packet(2, 0x1122334455667788, b"abcde", 7, "hi")
    assert block == bytes.fromhex(
        "06000000 34000000 02000000 44332211 88776655 05000000 07000000"  # type, length, interface, time, lengths
        "6162636465 000000"  # the packet, padded
        "0100 0200 6869 0000"  # opt_comment
        "0000 0000"  # opt_endofopt
        "34000000"
    )


def test_a_time_that_cannot_be_written_becomes_the_next_that_can() -> None:
    assert pcapng_writer.packet(0, -5, b"", 0) == pcapng_writer.packet(0, 0, b"", 0)
    assert pcapng_writer.packet(0, 2**70, b"", 0) == pcapng_writer.packet(0, 2**64 - 1, b"", 0)


def test_text_is_shortened_at_a_character() -> None:
    option = pcapng_writer.text_option(1, "é" * 2_000)
    assert struct.unpack_from("<HH", option) == (1, 1_024)
    assert option[4:].decode() == "é" * 512
    assert pcapng_writer.text_option(1, "") == b""
    assert pcapng_writer.text_option(1, "\udcff")  # a lone surrogate, as in a name of a file


def test_our_own_reader_reads_it(tmp_path: Path) -> None:
    items = list(read_captures([str(written(tmp_path / "a.pcapng"))]))
    batches = [item for item in items if isinstance(item, PacketBatch)]
    packets = [
        (
            batch.link_type,
            batch.times_ns[i],
            batch.original_lengths[i],
            batch.buffer[batch.offsets[i] :][: batch.captured_lengths[i]],
        )
        for batch in batches
        for i in range(len(batch))
    ]
    assert packets == [
        *((101, TIME_NS + i, len(data) + i, data) for i, data in enumerate(PACKETS)),
        (1, TIME_NS, 60, bytes(60)),
    ]
    assert [(item.reason, item.packets) for item in items if isinstance(item, CaptureLoss)] == [
        ("interface_dropped", 3),
        ("kernel_dropped", 4),
    ]


def test_dpkt_reads_it(tmp_path: Path) -> None:
    with written(tmp_path / "a.pcapng").open("rb") as file:
        assert [data for _, data in dpkt.pcapng.Reader(file)] == [*PACKETS, bytes(60)]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_reads_it(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pcapng")
    fields = ["frame.time_epoch", "frame.cap_len", "frame.len", "frame.interface_name", "frame.comment"]
    command = ["tshark", "-r", str(path), "-T", "fields", *(word for field in fields for word in ("-e", field))]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    assert lines[0][1:] == ["20", "20", "eth0", ""]
    assert lines[0][0].startswith("1700000000.123456789")
    assert lines[1][1:] == ["21", "22", "eth0", "why"]
    assert lines[-1][1:4] == ["60", "60", "lo"]
    assert len(lines) == 6


@pytest.mark.skipif(shutil.which("capinfos") is None, reason="capinfos is not installed")
def test_capinfos_finds_what_we_say_of_ourselves(tmp_path: Path) -> None:
    run = subprocess.run(["capinfos", str(written(tmp_path / "a.pcapng"))], capture_output=True, text=True, check=True)
    for words in ("x86_64", "Linux 6", "wsobserve 1", "what it is", "nanoseconds"):
        assert words in run.stdout
