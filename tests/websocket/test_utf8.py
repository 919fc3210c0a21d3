"""Whether a text payload is UTF-8 (RFC 6455, 8.1), the way Python tells it, and in little memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.websocket.utf8 import is_utf8

PART = 65_536  # so much is decoded at once


def decodes(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(st.one_of(st.binary(max_size=20), st.text(max_size=20).map(lambda text: text.encode(errors="surrogatepass"))))
def test_it_is_what_python_says(payload: bytes) -> None:
    assert is_utf8(payload) == decodes(payload)


@pytest.mark.parametrize("payload", [b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff", b"caf\xc3"])
def test_what_is_not_utf8(payload: bytes) -> None:
    assert not is_utf8(payload)


@pytest.mark.parametrize("before", range(PART - 4, PART + 2))
def test_a_character_may_lie_across_two_parts(before: int) -> None:
    assert is_utf8(b"x" * before + "𝄞é".encode() + b"x" * PART)
    assert not is_utf8(b"x" * before + "𝄞".encode()[:3] + b"x" * PART)
    assert not is_utf8(b"x" * before + "𝄞".encode()[:3])


def test_a_long_text_is_not_decoded_as_a_whole() -> None:
    payload = "𝄞".encode() * 4 * PART
    tracemalloc.start()
    assert is_utf8(payload)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * PART
