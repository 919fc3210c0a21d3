"""A part of some bytes: what a slice gives, but for bounds that lie outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.excerpt import excerpt, is_ascii


@given(st.binary(max_size=20), st.integers(-3, 25), st.integers(-3, 25))
def test_it_is_the_slice_or_an_error(buffer: bytes, start: int, end: int) -> None:
    if 0 <= start <= end <= len(buffer):
        assert excerpt(buffer, start, end) == buffer[start:end]
    else:
        with pytest.raises(IndexError):
            excerpt(buffer, start, end)


def test_zero_bytes_are_bytes_like_others() -> None:
    assert excerpt(b"a\0b\0c", 1, 4) == b"\0b\0"


@given(
    st.binary(max_size=80).map(lambda some: bytes(byte & 0x7F for byte in some)), st.binary(max_size=2), st.binary(max_size=80)
)
def test_whether_bytes_are_ascii_is_told_of_the_part_alone(before: bytes, middle: bytes, after: bytes) -> None:
    buffer = before + middle + after
    for start, end in ((0, len(before)), (len(before), len(before + middle)), (0, len(buffer)), (len(before), len(buffer))):
        assert is_ascii(buffer, start, end) == buffer[start:end].isascii()


@given(st.binary(max_size=20), st.integers(-3, 25), st.integers(-3, 25))
def test_no_byte_outside_is_looked_at(buffer: bytes, start: int, end: int) -> None:
    if 0 <= start <= end <= len(buffer):
        assert is_ascii(buffer, start, end) == buffer[start:end].isascii()
    else:
        with pytest.raises(IndexError):
            is_ascii(buffer, start, end)
