"""What a stream begins with: PROXY protocol headers, TLS, HTTP/2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import cuts, request
from wsobserve.websocket.preamble import is_tls, looks_like_frames, what_else, without_proxy_header

PROXY_V1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"
PROXY_V2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12)


@pytest.mark.parametrize("proxy", [PROXY_V1, PROXY_V2, b""], ids=["version 1", "version 2", "none"])
def test_a_proxy_header_is_taken_off_once_it_is_all_there(proxy: bytes) -> None:
    for first, *_ in cuts(proxy + request()):
        rest = without_proxy_header(first)
        assert rest in (None, first.removeprefix(proxy))
        assert len(first) < len(proxy) or rest is not None


def test_what_only_begins_like_a_proxy_header() -> None:
    assert without_proxy_header(b"PROXY " + b"x" * 200) == b"PROXY " + b"x" * 200
    assert without_proxy_header(b"PROXY TCP4") is None
    assert without_proxy_header(PROXY_V2[:-1]) is None
    assert without_proxy_header(b"\r\n\r\n") is None
    assert without_proxy_header(b"\r\n\r\nGET") == b"\r\n\r\nGET"
    assert without_proxy_header(b"") == b""


def test_how_a_tls_record_begins() -> None:
    assert all(is_tls(b"\x16\x03\x03"[:length]) for length in (1, 2, 3))
    assert not any(is_tls(data) for data in (b"", b"\x18\x03\x03", b"\x16\x02", b"\x16\x03\x05", b"\x13"))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x16\x03\x01\x02\x00", "tls"),
        (b"\x15\x03\x03\x00\x02", "tls"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http2"),
        (b"220 mail.example ESMTP\r\n", "other"),
        (b"\x81\x05Hello", "other"),
    ],
)
def test_what_a_stream_is_that_is_not_http(data: bytes, kind: str) -> None:
    assert what_else(data) == kind


@given(st.binary(min_size=1, max_size=60))
def test_any_bytes_at_all_never_raise(data: bytes) -> None:
    assert what_else(data) in ("tls", "http2", "other")
    rest = without_proxy_header(data)
    assert rest is None or data.endswith(rest)


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-OpenSSH_9.6\r\n", b"220 mail ESMTP\r\n", b"\x4a\x00\x00\x00\x0a8.0.36\x00", b"\x81", b""]
)
def test_the_greetings_of_other_protocols_do_not_look_like_frames(data: bytes) -> None:
    assert not looks_like_frames(data)


def test_a_frame_that_holds_a_document_looks_like_one() -> None:
    assert looks_like_frames(b'\x81\x07{"a":1}')
