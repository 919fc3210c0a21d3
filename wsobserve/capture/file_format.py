"""Which format a file has, by its first bytes: to read it, or to tell people what they gave us instead."""

from __future__ import annotations

from wsobserve.capture.pcap import MAGICS as PCAP_MAGICS
from wsobserve.capture.pcapng import MAGIC as PCAPNG_MAGIC

BEGINNING = 512  # bytes that decide

# Capture formats of other tools that Wireshark's editcap turns into pcapng.
_CONVERTIBLE = {
    b"snoop\x00\x00\x00": "Sun snoop",
    b"RTSS": "Microsoft Network Monitor",
    b"GMBU": "Microsoft Network Monitor",
    b"TRSNIFF data    \x1a": "Sniffer",
    b"XCP\x00": "NetXRay or Windows Sniffer",
    b"iptrace 1.0": "AIX iptrace",
    b"iptrace 2.0": "AIX iptrace",
    b"\x05VNF": "Visual Networks",
    b"\x1c\x00\x01\xac": "IxCatapult pcap",
    b"\xac\x01\x00\x1c": "IxCatapult pcap",
    b"\x1c\x00\x01\xab": "IxCatapult pcap",
    b"\xab\x01\x00\x1c": "IxCatapult pcap",
}
_OTHERS = {
    b"PK\x03\x04": "zip archive; unpack it first",
    b"7z\xbc\xaf\x27\x1c": "7-Zip archive; unpack it first",
    b"Rar!": "RAR archive; unpack it first",
    b"\x04\x22\x4d\x18": "lz4; decompress it first",
    b"\x1f\x9d": "compress; decompress it first",
    b"\x1f\x8b": "gzip inside",
    b"\x28\xb5\x2f\xfd": "zstd inside",
    b"\xfd7zXZ": "xz inside",
    b"BZh": "bzip2 inside",
    b"SQLite format 3": "SQLite database",
    b"\x7fELF": "program",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG image",
    b"\xd4\xc3\xb2": "pcap cut inside its header",
    b"\xa1\xb2\xc3": "pcap cut inside its header",
}


def is_pcap(beginning: bytes) -> bool:
    """Whether a classic pcap file begins like this."""
    return beginning[:4] in PCAP_MAGICS


def is_pcapng(beginning: bytes) -> bool:
    """Whether a pcapng file begins like this."""
    return beginning[:4] == PCAPNG_MAGIC


def what_it_is(beginning: bytes, compression: str | None) -> str:
    """What people read behind the name of a file that cannot be read as a capture."""
    for magic, name in _CONVERTIBLE.items():
        if beginning.startswith(magic):
            return f"{name}, not supported; convert with editcap"
    what = _kind(beginning)
    return f"not a capture file ({compression} of {what})" if compression else f"not a capture file ({what})"


def _kind(beginning: bytes) -> str:
    if not beginning:
        return "empty"
    if beginning[258:262] == b"star":  # "ustar" from byte 257 on
        return "tar archive; unpack it first"
    for magic, name in _OTHERS.items():
        if beginning.startswith(magic):
            return name
    return "text" if _is_text(beginning) else "unknown format"


def _is_text(beginning: bytes) -> bool:
    try:
        text = beginning.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(beginning) - error.start > 3 or error.reason != "unexpected end of data":
            return False
        text = beginning[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\t\n\r\f\x1b\ufeff" for character in text)
