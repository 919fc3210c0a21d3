"""Numbers: bounds only where the values carry them, and every value that was seen is within."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.schema.numbers import describe_numbers
from wsobserve.schema.seen import Seen


def described(values: list[float]) -> dict[str, object]:
    """Of these values, one a nanosecond."""
    integers = [Seen(value, time_ns=order) for order, value in enumerate(values) if isinstance(value, int)]
    floats = [Seen(value, time_ns=order) for order, value in enumerate(values) if isinstance(value, float)]
    return describe_numbers(integers, floats)


def shuffled(numbers: int, most: int) -> list[float]:
    """So many numbers from 0 to `most`, in an order that shows no growth."""
    return [number * 7_919 % (most + 1) for number in range(numbers)]


def test_integers_alone_are_integers() -> None:
    assert described([1, 2, 3]) == {"type": "integer"}


def test_one_float_among_them_makes_them_numbers() -> None:
    assert described([1, 2, 0.5]) == {"type": "number"}


def test_a_quantity_with_limits_has_bounds_around_them() -> None:
    node = described(shuffled(400, 100))
    assert node["type"] == "integer"
    assert node["minimum"] == 0  # what is never negative does not become so
    assert 100 <= node["maximum"] <= 200  # type: ignore[operator]  # it is there


def test_bounds_of_floats_are_short() -> None:
    node = described([value / 3 for value in shuffled(400, 100)])
    assert len(str(node["maximum"])) <= 6


def test_a_few_numbers_have_no_bounds() -> None:
    assert described(shuffled(10, 100)) == {"type": "integer"}


def test_a_counter_has_no_bounds() -> None:
    assert described(list(range(1_000, 1_400))) == {"type": "integer"}
    assert described(list(range(1_400, 1_000, -1))) == {"type": "integer"}


def test_two_counters_in_turn_have_no_bounds_either() -> None:
    assert described([value for number in range(200) for value in (number, 50 + number)]) == {"type": "integer"}


def test_what_lies_far_from_the_rest_has_no_bounds() -> None:
    assert described([*shuffled(200, 100), 1_000_000]) == {"type": "integer"}


def test_what_went_beyond_its_limits_lately_has_no_bounds() -> None:
    early = [value % 10 for value in shuffled(200, 100)]
    late = [value % 25 for value in shuffled(100, 100)]
    assert described([*early, *late]) == {"type": "integer"}


def test_one_number_again_and_again_is_no_range() -> None:
    assert described([7] * 100) == {"type": "integer"}


@pytest.mark.parametrize(
    ("factor", "name"),
    [(1, "unix-seconds"), (10**3, "unix-milliseconds"), (10**6, "unix-microseconds"), (10**9, "unix-nanoseconds")],
)
def test_times_are_told_by_their_size(factor: int, name: str) -> None:
    node = described([(1_700_000_000 + second * 37 % 1_000) * factor for second in range(100)])
    assert node == {"type": "integer", "x-wsobserve-format": name}


def test_one_number_is_no_time() -> None:
    assert described([1_700_000_000]) == {"type": "integer"}


def test_integers_that_few_readers_can_hold_have_no_bounds() -> None:
    assert described([2**62 + value * 7_919 % 101 for value in range(200)]) == {"type": "integer"}
    assert described([10**400 + value % 7 for value in range(200)]) == {"type": "integer"}


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_write_is_no_bound(odd: float) -> None:
    for place in (0, 30, 200):
        values = [value / 2 for value in shuffled(200, 100)]
        values.insert(place, odd)
        assert described(values) == {"type": "number"}


NUMBERS = st.integers(-(10**20), 10**20) | st.integers(-20, 20) | st.floats(-50, 50) | st.floats()


@settings(max_examples=150)
@given(
    st.lists(st.integers(-20, 20) | st.floats(-50, 50), min_size=24, max_size=60) | st.lists(NUMBERS, min_size=1, max_size=40)
)
def test_every_number_that_was_seen_is_within_the_bounds(values: list[float]) -> None:
    node = described(values)
    json.dumps(node, allow_nan=False)
    if "minimum" in node:
        low, high = node["minimum"], node["maximum"]
        assert all(low <= value <= high for value in values)  # type: ignore[operator]  # both are numbers
    assert node["type"] == ("number" if any(isinstance(value, float) for value in values) else "integer")


def test_shares_of_a_whole_have_bounds_from_few_of_them_on() -> None:
    shares = [0.91, 0.0, 0.33, 0.69, 0.11, 0.48, 0.23, 0.02]
    assert described(list(shares)) == {"type": "number", "minimum": 0.0, "maximum": 1.0}
    assert described(list(shares[1:])) == {"type": "number"}
    assert described([share / 3 for share in shares]) == {"type": "number"}
    assert described([*shares, 1.5]) == {"type": "number"}
