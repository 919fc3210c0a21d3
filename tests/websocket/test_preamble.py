"""What a stream begins with: PROXY protocol headers, TLS, HTTP/2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import cuts, request
from wsobserve.websocket.preamble import Beginning, is_tls, looks_like_frames, proxy_header_length, what_else

PROXY_V1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"
PROXY_V2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12)


@pytest.mark.parametrize("proxy", [PROXY_V1, PROXY_V2, b""], ids=["version 1", "version 2", "none"])
def test_a_proxy_header_says_how_long_it_is_before_it_is_all_there(proxy: bytes) -> None:
    for first, *_ in cuts(proxy + request()):
        length = proxy_header_length(first)
        assert length in (None, len(proxy))
        assert len(first) < max(len(proxy), 1) or length is not None


def test_what_only_begins_like_a_proxy_header() -> None:
    assert proxy_header_length(b"PROXY " + b"x" * 200) == 0
    assert proxy_header_length(b"PROXY TCP4") is None
    assert proxy_header_length(b"PROX") is None
    assert proxy_header_length(PROXY_V2[:15]) is None
    assert proxy_header_length(PROXY_V2[:16]) == len(PROXY_V2)
    assert proxy_header_length(b"\r\n\r\n") is None
    assert proxy_header_length(b"\r\n\r\nGET") == 0
    assert proxy_header_length(b"") is None


def begin(pieces: list[bytes], longest: int = 65_536, most_pieces: int = 1_000) -> tuple[bool | None, Beginning]:
    """Whether it is HTTP, as soon as that is known."""
    beginning, verdict = Beginning(longest, most_pieces), None
    for number, piece in enumerate(pieces):
        assert verdict is None
        verdict = beginning.receive(piece, number, number)
        assert beginning.length == sum(len(data) for data, _, _ in beginning.pieces) == len(beginning.joined())
        assert len(beginning.pieces) <= max(most_pieces, 1)
        assert verdict is not None or beginning.length < longest
        if verdict is not None:
            break
    return verdict, beginning


@pytest.mark.parametrize("proxy", [PROXY_V1, PROXY_V2, b""], ids=["version 1", "version 2", "none"])
@pytest.mark.parametrize(("start", "verdict"), [(b"GET / HTTP/1.1\r\n", True), (b"HTTP/", True), (b"GET /\r\n", False)])
def test_a_proxy_header_is_passed_over_and_what_follows_is_told_at_every_cut(proxy: bytes, start: bytes, verdict: bool) -> None:
    for pieces in cuts(proxy + start):
        told, beginning = begin(pieces)
        assert (told, beginning.joined()) == (verdict, start)


def test_of_a_proxy_header_nothing_is_held_however_long_it_is() -> None:
    beginning = Beginning(512, 4)
    assert beginning.receive(PROXY_V2[:14] + b"\xff\xff", 0, 0) is None
    for _ in range(65):
        assert (beginning.receive(bytes(1_000), 0, 0), beginning.pieces) == (None, [])
    assert (beginning.receive(bytes(535) + request(), 7, 8), beginning.take()) == (True, [(request(), 7, 8)])


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
@pytest.mark.parametrize("start", [b"GET /" + b"x" * 5_000 + b" HTTP/1.1\r\n", b"\r\n" * 2_500, b"GET " + b"x" * 5_000])
def test_a_first_line_that_is_too_long_is_none_at_any_cut(start: bytes, size: int) -> None:
    verdict, beginning = begin([start[place : place + size] for place in range(0, len(start), size)], longest=1_000)
    assert verdict is False
    assert beginning.length < 1_000 + size


def test_too_many_pieces_are_joined_as_if_all_had_come_with_the_last() -> None:
    beginning = Beginning(1_000, 3)
    for number, byte in enumerate(b"GET /a"):
        assert beginning.receive(bytes([byte]), number, 10 + number) is None
    assert beginning.pieces == [(b"GET ", 3, 13), (b"/", 4, 14), (b"a", 5, 15)]
    assert beginning.receive(b" HTTP/1.1\r\n", 6, 16) is True
    assert beginning.take() == [(b"GET /a HTTP/1.1\r\n", 6, 16)]
    assert (beginning.length, beginning.pieces) == (0, [])


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
    length = proxy_header_length(data)
    assert length is None or length >= 0


http_like = st.text("GET HTP/1.\r\nPROXY", max_size=200).map(str.encode)


@given(st.binary(max_size=200) | http_like, st.integers(107, 150), st.integers(1, 9))
def test_what_it_is_does_not_depend_on_how_it_is_cut(data: bytes, longest: int, size: int) -> None:
    whole, _ = begin([data] if data else [], longest)
    cut, beginning = begin([data[place : place + size] for place in range(0, len(data), size)], longest, most_pieces=size)
    assert cut == whole
    assert beginning.length < longest + size


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-OpenSSH_9.6\r\n", b"220 mail ESMTP\r\n", b"\x4a\x00\x00\x00\x0a8.0.36\x00", b"\x81", b""]
)
def test_the_greetings_of_other_protocols_do_not_look_like_frames(data: bytes) -> None:
    assert not looks_like_frames(data)


def test_a_frame_that_holds_a_document_looks_like_one() -> None:
    assert looks_like_frames(b'\x81\x07{"a":1}')
