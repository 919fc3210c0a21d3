"""Words for descriptions: figures as people read them, and nothing of somebody else's text that acts as markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.publish.wording import (
    bytes_text,
    code,
    codes,
    counted,
    moment,
    rate_text,
    share,
    share_text,
    tallied,
    tallied_words,
)


@given(st.text())
def test_no_text_gets_out_of_its_code_span(text: str) -> None:
    shown = code(text)
    assert shown.startswith("`")
    assert shown.endswith("`")
    assert "`" not in shown[1:-1]
    assert "|" not in shown.replace("\\|", "")
    assert len(shown.splitlines()) == 1
    shown.encode()


def test_a_long_text_is_cut_and_says_so() -> None:
    assert code("a" * 500) == f"`{'a' * 120}…`"


def test_several_names() -> None:
    assert codes([]) == ""
    assert codes(["a"]) == "`a`"
    assert codes(["a", "b", "c"]) == "`a`, `b` and `c`"
    assert tallied({"a": 1, "b": 2_000}) == "`b` (2,000) and `a` (1)"
    assert tallied_words({"json": 1, "mid_stream": 2}) == "2 mid stream and 1 json"


def test_counts() -> None:
    assert [counted(count, "message") for count in (0, 1, 1_234)] == ["0 messages", "1 message", "1,234 messages"]
    assert share_text(1, 1, "request") == "the only request"
    assert share_text(3, 3, "request") == "all 3 requests"
    assert share_text(2, 3, "request") == "2 of 3 requests"
    assert (share(3, 3), share(1, 3), share(99_999, 100_000), share(1, 100_000)) == (1.0, 0.3333, 0.9999, 0.0001)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 KB"),
        (999_949, "999.9 KB"),
        (999_950, "1.0 MB"),
        (5 * 10**12, "5.0 TB"),
        (2 * 10**18, "2,000.0 PB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert bytes_text(count) == text


@pytest.mark.parametrize(("rate", "text"), [(None, "not known"), (1_234.5, "1,234.5/s"), (0.5, "30.0/min"), (0.001, "3.6/h")])
def test_rates(rate: float | None, text: str) -> None:
    assert rate_text(rate) == text


def test_moments_also_those_that_no_calendar_has() -> None:
    assert moment(1_700_000_000_999_999_999) == "2023-11-14 22:13:20 UTC"
    assert moment(10**30) == f"{10**30} ns"
