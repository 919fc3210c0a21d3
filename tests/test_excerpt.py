"""A part of some bytes: what a slice gives, but for bounds that lie outside."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.excerpt import digits_end, excerpt, is_ascii, plain_end


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


@given(
    st.lists(st.sampled_from([b"a", b" ", b"~", b"7", b'"', b"\\", b"\n", b"\x1f", b"\x7f", b"\x80"])).map(b"".join), st.data()
)
def test_plain_bytes_and_digits_end_where_a_pattern_says(text: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    for function, pattern in ((plain_end, rb'[^\x00-\x1f"\\\x80-\xff]*'), (digits_end, rb"[0-9]*")):
        found = re.compile(pattern).match(text, start, end)
        assert found is not None
        assert function(text, start, end) == found.end()
        for outside in ((-1, end), (start, len(text) + 1), (end + 1, end)):
            with pytest.raises(IndexError):
                function(text, *outside)
