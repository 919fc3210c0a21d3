"""What the wire may bring, made to fit into a database."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.export.store.rows import fitting, json_text, sizes_row
from wsobserve.records import Sizes

ANY_TEXT = st.text(st.characters(), max_size=20)  # halves of surrogate pairs included


@given(st.dictionaries(st.sampled_from("abcd"), st.none() | st.booleans() | st.integers(0) | st.floats() | ANY_TEXT))
def test_every_row_fits(row: dict[str, object]) -> None:
    for value in fitting(row).values():
        if isinstance(value, int):
            assert value < 2**63
        if isinstance(value, str):
            assert "\0" not in value
            value.encode()


def test_what_fits_stays_as_it_is() -> None:
    row = {"number": 2**63 - 1, "text": "Grüße, 世界 🦊", "nothing": None, "yes": True, "share": 0.5}
    assert fitting(dict(row)) == row


@given(st.recursive(st.none() | st.integers() | ANY_TEXT, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner)))
def test_every_value_becomes_json(value: object) -> None:
    text = json_text(value)
    text.encode()
    json.loads(text)


def test_json_of_ordinary_values_says_the_same() -> None:
    value = {"type": ["null", "string"], "größe": {"x": [1, 2.5, True]}, "big": 2**70}
    assert json.loads(json_text(value)) == value
    assert json_text({"a": 1, "b": "\ud800"}) == '{"a":1,"b":"?"}'


def test_quantiles_stand_beside_their_histogram() -> None:
    row = sizes_row(Sizes(scale=0, count=2, sum=6, minimum=2, maximum=4, buckets={0: 1, 1: 1}))
    assert (row["size_p50"], row["size_p99"]) == (2.0, 2.0**1.5)
    assert json.loads(row["sizes"])["buckets"] == {"0": 1, "1": 1}
    assert sizes_row(Sizes())["size_p50"] is None
