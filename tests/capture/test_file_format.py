"""Files that are no captures are called by their name."""

from __future__ import annotations

import pytest

from wsobserve.capture.file_format import is_pcap, is_pcapng, what_it_is

pytestmark = pytest.mark.build_independent


@pytest.mark.parametrize("magic", ["d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d", "34cdb2a1", "a1b2cd34"])
def test_pcap_is_known_in_all_its_variants(magic: str) -> None:
    assert is_pcap(bytes.fromhex(magic))
    assert not is_pcapng(bytes.fromhex(magic))


def test_pcapng_is_known() -> None:
    assert is_pcapng(b"\n\r\r\n\x1c\0\0\0")
    assert not is_pcap(b"\n\r\r\n\x1c\0\0\0")


@pytest.mark.parametrize(
    ("beginning", "what"),
    [
        (b"", "not a capture file (empty)"),
        (b"Dear reader,\n\tthis is text.\r\n", "not a capture file (text)"),
        ("Grüße aus Köln".encode(), "not a capture file (text)"),
        ("Grüße aus K\u00f6"[:11].encode()[:-1], "not a capture file (text)"),  # cut inside a character
        (b'{"log": {"version": "1.2"}}', "not a capture file (text)"),
        (b"\x93\x07\x00\xfe\x80\x41\x99", "not a capture file (unknown format)"),
        (b"text and then \x00", "not a capture file (unknown format)"),
        (b"\xd4\xc3\xb2", "not a capture file (pcap cut inside its header)"),
        (b"PK\x03\x04", "not a capture file (zip archive; unpack it first)"),
        (b"notes.txt".ljust(257, b"\0") + b"ustar", "not a capture file (tar archive; unpack it first)"),
        (b"snoop\0\0\0\0\0\0\x02", "Sun snoop, not supported; convert with editcap"),
        (b"RTSS", "Microsoft Network Monitor, not supported; convert with editcap"),
    ],
)
def test_other_formats_are_named(beginning: bytes, what: str) -> None:
    assert what_it_is(beginning, None) == what


def test_what_lies_in_a_compressed_file_is_named_too() -> None:
    assert what_it_is(b"text", "gzip") == "not a capture file (gzip of text)"
    assert what_it_is(b"snoop\0\0\0", "gzip") == "Sun snoop, not supported; convert with editcap"
