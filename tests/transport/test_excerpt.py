"""A part of some bytes: what a slice gives, but for bounds that lie outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.transport.excerpt import excerpt


@given(st.binary(max_size=20), st.integers(-3, 25), st.integers(-3, 25))
def test_it_is_the_slice_or_an_error(buffer: bytes, start: int, end: int) -> None:
    if 0 <= start <= end <= len(buffer):
        assert excerpt(buffer, start, end) == buffer[start:end]
    else:
        with pytest.raises(IndexError):
            excerpt(buffer, start, end)


def test_zero_bytes_are_bytes_like_others() -> None:
    assert excerpt(b"a\0b\0c", 1, 4) == b"\0b\0"
