"""Unmasking after RFC 6455, 5.3: both ways of it, and what the unmasked bytes would be, against one byte at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import KEY, mask
from wsobserve.websocket.mask import by_integers, by_words, is_ascii_behind_key, unmask, unmask_behind_key

SCRATCH_LENGTH = 65_536  # so much is unmasked at once

keys = st.binary(min_size=4, max_size=4)


def is_ascii_unmasked(payload: bytes, key: bytes) -> bool:
    return is_ascii_behind_key(b"head" + key + payload + b"\xff", 8, 8 + len(payload))


ascii_payloads = st.text(st.characters(max_codepoint=127), max_size=40).map(str.encode)


# RFC 6455, 5.7
def test_the_example_of_the_rfc() -> None:
    assert unmask(bytes.fromhex("7f 9f 4d 51 58"), KEY) == b"Hello"


@given(st.binary(max_size=300), keys)
def test_both_ways_are_what_the_rfc_says(payload: bytes, key: bytes) -> None:
    assert by_words(payload, key) == by_integers(payload, key) == unmask(payload, key) == mask(payload, key)
    assert unmask_behind_key(b"x" + key + payload + b"more", 5, 5 + len(payload)) == mask(payload, key)


@pytest.mark.parametrize("more", [-1, 0, 1, 7, SCRATCH_LENGTH, SCRATCH_LENGTH + 3])
def test_a_payload_may_be_longer_than_the_buffer(more: int) -> None:
    payload = (b"0123456789abcdef" * (SCRATCH_LENGTH // 4))[: SCRATCH_LENGTH + more]
    masked = mask(payload, KEY)
    assert by_words(masked, KEY) == by_integers(masked, KEY) == payload
    assert is_ascii_unmasked(masked, KEY)
    assert not is_ascii_unmasked(masked[:-1] + bytes([masked[-1] ^ 0x80]), KEY)


@given(st.one_of(st.binary(max_size=40), ascii_payloads), keys)
def test_ascii_is_told_without_the_unmasked_bytes(payload: bytes, key: bytes) -> None:
    assert is_ascii_unmasked(mask(payload, key), key) == payload.isascii()


def test_nothing_of_the_payload_before_shows_in_the_next() -> None:
    assert not is_ascii_unmasked(mask(b"\xff" * 64, KEY), KEY)
    for length in range(20):
        assert by_words(mask(b"x" * length, KEY), KEY) == b"x" * length
        assert is_ascii_unmasked(mask(b"x" * length, KEY), KEY)


def test_a_key_of_zeroes_changes_nothing() -> None:
    assert unmask(b"as it is", bytes(4)) == b"as it is"
    assert not is_ascii_unmasked(b"\xff", bytes(4))
