"""A window of which nothing is known: lengths are exact, what is said to be certain is right, zlib agrees with both."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import Deflater
from wsobserve.websocket.unknown_window import WINDOW_LENGTH, NotDeflate, UnknownWindow

MIB = 1024 * 1024
WORDS = [b"tick", b"price", b"volume", b'{"type":', b"alpha", b"beta", b'"}', b",", b"12", b"7"]
messages = st.lists(
    st.lists(st.sampled_from(WORDS) | st.binary(max_size=40), max_size=60).map(b"".join), min_size=1, max_size=12
)


@given(messages, st.integers(0, 11), st.integers(0, 9))
def test_joined_anywhere_lengths_are_exact_and_what_is_certain_is_right(said: list[bytes], joined: int, level: int) -> None:
    deflater = Deflater(True, 15, level=level)
    payloads = [deflater(message) for message in said]
    window = UnknownWindow(MIB)
    for message, payload in list(zip(said, payloads, strict=True))[joined:]:
        length, certain = window.inflate(payload)
        assert length == len(message)
        assert certain in (None, message)
        assert window.known_end() in b"".join(said)
    if not joined:
        assert certain == said[-1]


@given(st.binary(max_size=300))
def test_any_bytes_are_told_as_zlib_tells_them_or_refused(payload: bytes) -> None:
    try:
        length, certain = UnknownWindow(MIB).inflate(payload)
    except NotDeflate:
        return
    if certain is not None and not any(byte & 1 for byte in payload[:1]):
        decompressor = zlib.decompressobj(-15)
        try:
            told = decompressor.decompress(payload + b"\x00\x00\xff\xff", MIB)
        except zlib.error:
            pytest.fail("zlib refuses it")
        if not decompressor.eof:
            assert (told, len(told)) == (certain, length)


@pytest.mark.parametrize(
    "payload",
    ["f2 48 cd c9 c9 07 00", "00 05 00 fa ff 48 65 6c 6c 6f 00", "f3 48 cd c9 c9 07 00 00", "f3 48 cd c9 c9 07 00"],
)
def test_the_examples_of_rfc_7692(payload: str) -> None:
    assert UnknownWindow(MIB).inflate(bytes.fromhex(payload)) == (5, b"Hello")


def test_what_was_copied_from_before_is_not_certain_and_what_follows_may_be() -> None:
    deflater, window = Deflater(), UnknownWindow(MIB)
    deflater(b"words that come again")
    assert window.inflate(deflater(b"words that come again, and new ones")) == (35, None)
    assert window.inflate(deflater(b", and new ones")) == (14, b", and new ones")
    assert window.known_end().endswith(b", and new ones")


def test_a_window_of_new_bytes_is_known_from_end_to_end() -> None:
    deflater, window = Deflater(), UnknownWindow(MIB)
    deflater(b"words that come again")
    noise = random.Random(1).randbytes(WINDOW_LENGTH)
    assert window.inflate(deflater(b"words that come again")) == (21, None)
    assert window.inflate(deflater(noise)) == (len(noise), noise)
    assert window.known_end() == noise
    assert window.weight == 2 * WINDOW_LENGTH


def test_more_than_is_followed_is_refused_and_nothing_is_known_then() -> None:
    window = UnknownWindow(1_000)
    window.add(b"known")
    with pytest.raises(NotDeflate):
        window.inflate(Deflater()(bytes(1_001)))
    assert window.known_end() == b""
    assert window.inflate(Deflater()(bytes(1_000)))[0] == 1_000


@pytest.mark.parametrize("payload", [b"\xff\xff\xff", b"\x03\x00" * 100, b"\x04", b"\x00\x05\x00\xfa\xff\x48", b"\x4b"])
def test_what_is_no_deflate_is_refused(payload: bytes) -> None:
    with pytest.raises(NotDeflate):
        UnknownWindow(MIB).inflate(payload)
