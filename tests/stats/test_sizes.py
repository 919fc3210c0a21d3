"""Size histograms: OTLP's indices exactly, quantiles within their bound, and the laws of a fold."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.records import Sizes, size_quantile
from wsobserve.stats.sizes import SizesFold

NUMBERS = st.integers(0, 2**64 - 1) | st.integers(0, 2_000) | st.integers(0, 63).map(lambda exponent: 1 << exponent)


def folded(numbers: list[int], limit: int = 512) -> SizesFold:
    fold = SizesFold(limit)
    for number in numbers:
        fold.add(number)
    return fold


def test_nothing_added_is_an_empty_histogram() -> None:
    assert SizesFold(512).snapshot() == Sizes()


def test_a_few_numbers_by_hand() -> None:
    assert folded([0, 1, 2, 3, 3]).snapshot() == Sizes(
        scale=4, count=5, sum=9, minimum=0, maximum=3, zero_count=1, buckets={-1: 1, 15: 1, 25: 2}
    )


@given(st.integers(0, 63))
def test_an_exact_power_of_two_belongs_to_the_bucket_that_it_ends(exponent: int) -> None:
    # OTLP: the lower bound is exclusive, the upper inclusive.
    assert list(folded([1 << exponent]).buckets) == [16 * exponent - 1]


@given(NUMBERS.filter(bool))
def test_a_number_lies_in_its_bucket_exactly(number: int) -> None:
    [index] = folded([number]).buckets
    # 2 ** (index / 16) < number <= 2 ** ((index + 1) / 16), in whole numbers
    assert Fraction(2) ** index < Fraction(number) ** 16 <= Fraction(2) ** (index + 1)


@given(st.integers(1, 2**53))
def test_another_implementation_gives_the_same_index(number: int) -> None:
    mapping = pytest.importorskip(
        "opentelemetry.sdk.metrics._internal.exponential_histogram.mapping.logarithm_mapping",
        reason="opentelemetry-sdk is not installed",
    )
    [index] = folded([number]).buckets
    assert abs(index - mapping.LogarithmMapping(4).map_to_index(float(number))) <= (0 if number < 2**40 else 1)


def test_a_negative_number_counts_as_zero() -> None:
    assert folded([-5]).snapshot() == Sizes(count=1, minimum=0, maximum=0, zero_count=1)
    assert folded([3, -5]).snapshot().sum == 3


def test_a_number_beyond_64_bits_counts_as_the_largest() -> None:
    assert folded([1, 2**70]).snapshot().maximum == 2**64 - 1


@given(st.lists(NUMBERS, min_size=1, max_size=200), st.floats(0, 1))
def test_a_quantile_is_at_most_half_a_bucket_off(numbers: list[int], q: float) -> None:
    estimate = size_quantile(folded(numbers, limit=2_048).snapshot(), q)
    exact = sorted(numbers)[max(1, math.ceil(q * len(numbers))) - 1]
    assert estimate is not None
    assert exact * 2 ** (-1 / 32) * (1 - 1e-12) <= estimate <= exact * 2 ** (1 / 32) * (1 + 1e-12)


@given(st.lists(NUMBERS, max_size=100), st.integers(2, 20))
def test_the_entries_stay_within_the_limit_and_count_everything(numbers: list[int], limit: int) -> None:
    sizes = folded(numbers, limit).snapshot()
    assert len(sizes.buckets) <= limit
    assert sum(sizes.buckets.values()) + sizes.zero_count == sizes.count == len(numbers)
    assert sizes.sum == sum(numbers)


@given(st.lists(NUMBERS.filter(bool), max_size=60), st.integers(2, 20))
def test_at_a_coarser_scale_a_number_still_lies_in_its_bucket(numbers: list[int], limit: int) -> None:
    sizes = folded(numbers, limit).snapshot()
    per_bucket: dict[int, int] = {}
    for number in numbers:
        [index] = folded([number]).buckets
        per_bucket[index >> (4 - sizes.scale)] = per_bucket.get(index >> (4 - sizes.scale), 0) + 1
    assert sizes.buckets == per_bucket


@given(st.lists(st.lists(NUMBERS, max_size=30), min_size=1, max_size=4), st.integers(2, 20), st.randoms(use_true_random=False))
def test_the_result_depends_neither_on_order_nor_on_the_split(parts: list[list[int]], limit: int, random: object) -> None:
    whole = [number for part in parts for number in part]
    expected = folded(whole, limit).snapshot()
    random.shuffle(whole)  # type: ignore[attr-defined]  # hypothesis types its Random as an object
    assert folded(whole, limit).snapshot() == expected
    left = SizesFold(limit)
    for part in parts:
        left.merge(folded(part, limit))
    right = SizesFold(limit)
    for part in reversed(parts):
        one = folded(part, limit)
        before = one.snapshot()
        one.merge(right)
        assert folded(part, limit).snapshot() == before
        right = one
    assert left.snapshot() == right.snapshot() == expected


LENGTHS = (
    st.integers(0, 3_000)
    | st.sampled_from([0, 1, 2, 160, 165, 170])
    | st.integers(0, 62).map(lambda exponent: (1 << exponent) - 1)
)


@given(st.lists(LENGTHS, max_size=60), st.lists(NUMBERS, max_size=10), st.integers(2, 20))
def test_lengths_are_counted_like_any_number(lengths: list[int], numbers: list[int], limit: int) -> None:
    expected = folded(lengths + numbers, limit).snapshot()
    for one, other in ((lengths, numbers), (numbers, lengths)):
        quick, merged = SizesFold(limit), SizesFold(limit)
        for number in one:
            (quick.add_length if one is lengths else quick.add)(number)
        merged.merge(quick)
        for number in other:
            for fold in (quick, merged):
                (fold.add_length if other is lengths else fold.add)(number)
        assert quick.snapshot() == merged.snapshot() == pickle.loads(pickle.dumps(quick)).snapshot() == expected
        assert pickle.loads(pickle.dumps(merged)).snapshot() == expected


def test_a_length_may_be_of_any_bucket() -> None:
    for length in [*range(1, 3_000), *((1 << exponent) - 1 for exponent in range(12, 62))]:
        fold = SizesFold(512)
        fold.add_length(1)
        fold.add_length(2**62 - 1)
        fold.add_length(length)
        assert fold.snapshot() == folded([1, 2**62 - 1, length]).snapshot()


@given(st.lists(NUMBERS, max_size=30), st.lists(NUMBERS, max_size=30), st.integers(2, 20))
def test_a_snapshot_can_be_gone_on_from(first: list[int], second: list[int], limit: int) -> None:
    fold = SizesFold.of(folded(first, limit).snapshot(), limit)
    for number in second:
        fold.add(number)
    assert fold.snapshot() == folded(first + second, limit).snapshot()


def test_a_finer_histogram_can_be_added_and_a_coarser_one_cannot() -> None:
    coarse, fine, both = SizesFold(8), SizesFold(512), SizesFold(8)
    for value in (0, 1, 17, 400, 401, 70_000):
        fine.add(value)
        both.add(value)
    for value in range(3, 4_000, 7):
        coarse.add(value)
        both.add(value)
    coarse.merge(fine)
    assert coarse.snapshot() == both.snapshot()
    with pytest.raises(ValueError):
        SizesFold(16).merge(SizesFold(8))
    with pytest.raises(ValueError):
        SizesFold(1)
