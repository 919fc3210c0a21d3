"""Capture files: each format, container and way to be damaged."""

from __future__ import annotations

import gzip
import lzma
import struct

import zstandard

from tests.fuzz.recorded import CAPTURES, Seeds
from tests.segments import packets_of


def pcap(packets: list[bytes], order: str = "<", magic: int = 0xA1B2C3D4, link_type: int = 1, extra: int = 0) -> bytes:
    """A classic pcap file."""
    records = [
        struct.pack(order + "IIII", 1_700_000_000 + i, i, len(data), len(data)) + bytes(extra) + data
        for i, data in enumerate(packets)
    ]
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, link_type) + b"".join(records)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A block of pcapng."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def section(order: str = "<") -> bytes:
    """A section header."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(options: bytes = b"", order: str = "<", link_type: int = 1, snap: int = 0) -> bytes:
    """An interface description."""
    return block(1, struct.pack(order + "HHI", link_type, 0, snap) + options, order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    """An option of a block."""
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def enhanced(data: bytes, order: str = "<", number: int = 0, units: int = 1_700_000_000_000_000, options: bytes = b"") -> bytes:
    """An enhanced packet block."""
    head = struct.pack(order + "IIIII", number, units >> 32, units & 0xFFFFFFFF, len(data), len(data))
    return block(6, head + data + bytes(-len(data) % 4) + options, order)


def seeds() -> Seeds:
    """The first byte: 0 as it is, 1 cut, 2 in a container, and at which sixteenth."""
    some = [each[:120] for each in packets_of(CAPTURES / "abnormal_close.pcap")[:3]]
    yield "pcap_micro", b"\x81" + pcap(some)
    yield "pcap_big_endian_nano", b"\x81" + pcap(some, ">", 0xA1B23C4D)
    yield "pcap_modified", b"\x81" + pcap(some, "<", 0xA1B2CD34, extra=8)
    yield "pcap_raw_ip", b"\x01" + pcap([each[14:] for each in some], link_type=101)
    yield "pcap_no_packets", b"\x00" + pcap([])
    yield "pcap_header_cut", b"\x00" + pcap([])[:20]
    yield "pcap_record_of_zeros", b"\x00" + pcap(some[:1]) + bytes(64)
    yield "pcap_record_too_long", b"\x00" + pcap(some[:1]) + struct.pack("<IIII", 1, 2, 0xFFFFFFFF, 60)
    yield "pcap_empty_packets", b"\x01" + pcap([b"", b"", b""])
    for index, word in enumerate(("gzip", "zstd", "bzip2", "xz")):
        yield f"pcap_in_{word}", bytes([0x82 | index << 2]) + pcap(some[:1])
        yield f"pcap_in_{word}_damaged", bytes([0x73 | index << 2]) + pcap(some[:1])
    plain = pcap(some[:2])
    yield "gzip_of_two_members", b"\x81" + gzip.compress(plain[:50], mtime=0) + gzip.compress(plain[50:], mtime=0)
    yield "gzip_padded", b"\x00" + gzip.compress(plain, mtime=0) + bytes(20)
    yield "gzip_with_garbage_behind", b"\x00" + gzip.compress(plain, mtime=0) + b"something else"
    yield "gzip_header_alone", b"\x00" + gzip.compress(plain, mtime=0)[:10]
    yield (
        "zstd_skippable_frame",
        b"\x00" + zstandard.compress(plain) + b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstandard.compress(b""),
    )
    yield "zstd_window_of_terabytes", b"\x00\x28\xb5\x2f\xfd\x00\xf8" + bytes(10)
    yield "xz_checked", b"\x00" + lzma.compress(plain, check=lzma.CHECK_SHA256)
    yield "bzip2_header_alone", b"\x00BZh9" + b"1AY&SY" + bytes(8)
    for order, name in (("<", "little"), (">", "big")):
        simple = block(3, struct.pack(order + "I", len(some[0])) + some[0], order)
        obsolete = block(2, struct.pack(order + "HHIIII", 0, 3, 1, 2, len(some[0]), 200) + some[0], order)
        whole = section(order) + interface(b"", order) + enhanced(some[0], order) + simple + obsolete
        yield f"pcapng_{name}_endian", b"\x81" + whole
    yield "pcapng_two_sections", b"\x81" + section("<") + interface() + enhanced(some[0]) + section(">") + interface(b"", ">")
    yield (
        "pcapng_two_link_types",
        b"\x81" + section() + interface() + interface(link_type=101) + enhanced(some[0]) + enhanced(some[0][14:], number=1),
    )
    for resolution in (0, 3, 9, 12, 0x80, 0xA0, 0xFF):
        times = option(9, bytes([resolution])) + option(14, struct.pack("<q", -(2**40))) + option(0, b"")
        yield f"pcapng_resolution_{resolution}", b"\x00" + section() + interface(times) + enhanced(some[0][:30], units=2**63)
    drops = block(5, struct.pack("<III", 0, 1, 2) + option(5, struct.pack("<Q", 7)) + option(7, struct.pack("<Q", 2**63)))
    yield (
        "pcapng_drops",
        b"\x00" + section() + interface() + enhanced(some[0], options=option(4, struct.pack("<Q", 3))) + drops + drops,
    )
    yield "pcapng_secrets", b"\x00" + section() + interface() + block(10, struct.pack("<II", 0x544C534B, 6) + b"secret")
    yield "pcapng_unknown_interface", b"\x00" + section() + enhanced(some[0], number=7)
    yield "pcapng_lengths_differ", b"\x00" + section() + interface()[:-4] + b"\x18\0\0\0"
    yield "pcapng_length_not_of_four", b"\x00" + section() + b"\x01\0\0\0\x15\0\0\0" + bytes(20)
    yield "pcapng_length_of_four_gigabytes", b"\x00" + section() + b"\x06\0\0\0\xfc\xff\xff\xff" + bytes(20)
    yield (
        "pcapng_simple_packet_beyond_its_snap_length",
        b"\x00" + section() + interface(snap=16) + block(3, struct.pack("<I", 4_000_000) + some[0]),
    )
    yield "neither", b"\x00PK\x03\x04 an archive"
