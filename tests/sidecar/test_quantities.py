"""Quantities as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.sidecar.quantities import (
    duration_text,
    parse_duration,
    parse_share,
    parse_size,
    rounded_duration,
    rounded_size,
    size_text,
)

pytestmark = pytest.mark.build_independent


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("64KiB", 65536),
        ("64kb", 64_000),
        ("256MiB", 256 * 2**20),
        ("64MB", 64_000_000),
        ("2G", 2 * 2**30),
        ("1.5GiB", 1536 * 2**20),
        (" 1 mib ", 2**20),
        ("999999999999999999", 999999999999999999),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1e3", "1 KiB of it", "1TiB", "0x10", "1.2.3", "٣", "9" * 40])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1", 1.0),
        ("0.2", 0.2),
        ("250ms", 0.25),
        ("1s", 1.0),
        ("5m", 300.0),
        ("5min", 300.0),
        ("12h", 43200.0),
        ("7d", 604800.0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "5w", "-1s", "1m30s", "nan", "inf"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


def test_shares() -> None:
    assert parse_share("1%") == parse_share("0.01") == 0.01
    assert parse_share("100 %") == 1.0
    for text in ("", "%", "1%%", "1m", "a tenth"):
        with pytest.raises(ValueError):
            parse_share(text)


@given(st.integers(0, 2**59))
def test_a_size_that_was_written_is_read_again(size: int) -> None:
    assert parse_size(size_text(size)) == size


@given(st.integers(0, 10**5))
def test_a_duration_that_was_written_is_read_again(seconds: int) -> None:
    assert parse_duration(duration_text(seconds)) == seconds


def test_what_people_are_shown() -> None:
    assert [rounded_size(size) for size in (0, 1023, 1024, 102_000, 123 * 2**20, 10 * 2**40)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "99.6 KiB",
        "123 MiB",
        "10.0 TiB",
    ]
    assert [rounded_duration(seconds) for seconds in (-1, 0.9, 7, 65, 3600, 277_200)] == [
        "0s",
        "0s",
        "7s",
        "1m 5s",
        "1h",
        "3d 5h",
    ]
