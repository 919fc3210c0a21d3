"""The first bytes of a stream in; out: what it is when it is not HTTP/1.1, and what a proxy put in front of it."""

from __future__ import annotations

from wsobserve.websocket.boundary import Search

PROXY_V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
PROXY_V1_LONGEST = 107
FRAME_BITS = 12.0  # of evidence; only few of other protocols' first bytes have them


def what_else(data: bytes) -> str:
    """What a stream that does not begin with HTTP/1.1 is."""
    if is_tls(data):
        return "tls"
    if data.startswith(b"PRI * HTTP/2.0"):
        return "http2"  # RFC 9113, 3.4
    return "other"


def looks_like_frames(data: bytes) -> bool:
    """Whether a server's first bytes may follow an opening handshake of which nothing was captured."""
    return Search(data, {0}, False).bits(0) >= FRAME_BITS


def is_tls(data: bytes) -> bool:
    """Whether `data` can be the beginning of a TLS record (RFC 8446, 5.1: content types 20 to 23, version 3.x)."""
    return b"\x14" <= data[:1] <= b"\x17" and data[1:2] in (b"\x03", b"") and data[2:3] <= b"\x04"


def without_proxy_header(data: bytes) -> bytes | None:
    """`data` behind a PROXY protocol header (haproxy's proxy-protocol.txt, versions 1 and 2); None: not all there yet."""
    if data.startswith(PROXY_V2_SIGNATURE):
        if len(data) < 16:
            return None
        end = 16 + int.from_bytes(data[14:16], "big")
        return data[end:] if len(data) >= end else None
    if data.startswith(b"PROXY "):
        end = data.find(b"\r\n", 0, PROXY_V1_LONGEST)
        if end < 0:
            return None if len(data) < PROXY_V1_LONGEST else data
        return data[end + 2 :]
    if data and PROXY_V2_SIGNATURE.startswith(data):
        return None
    return data
