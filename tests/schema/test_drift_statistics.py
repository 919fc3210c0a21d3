"""The arithmetic of drift, held against tables, against scipy's numbers written down, and against simple counting."""

from __future__ import annotations

import math

import pytest

from wsobserve.schema.drift_statistics import chi_square_tail, distance, g_statistic, joined_rare, significant


# The 5 % and 0.1 % points as printed in every table of the distribution.
@pytest.mark.parametrize(
    ("value", "degrees", "chance"),
    [(3.841, 1, 0.05), (10.828, 1, 0.001), (5.991, 2, 0.05), (7.815, 3, 0.05), (18.307, 10, 0.05), (37.697, 15, 0.001)],
)
def test_the_tail_is_that_of_the_tables(value: float, degrees: int, chance: float) -> None:
    assert chi_square_tail(value, degrees) == pytest.approx(chance, rel=2e-3)


def test_the_tail_far_out_is_exact_where_there_is_a_formula() -> None:
    assert chi_square_tail(200.0, 2) == pytest.approx(math.exp(-100))
    assert chi_square_tail(200.0, 1) == pytest.approx(math.erfc(10.0))
    assert chi_square_tail(0.0, 3) == chi_square_tail(5.0, 0) == 1.0


def test_g_is_nothing_for_equal_shares_and_the_textbook_number_otherwise() -> None:
    assert g_statistic([10, 30], [20, 60]) == pytest.approx(0.0, abs=1e-9)
    by_hand = 2 * sum(seen * math.log(seen / expected) for seen, expected in ((30, 25), (20, 25), (20, 25), (30, 25)))
    assert g_statistic([30, 20], [20, 30]) == pytest.approx(by_hand)
    assert g_statistic([0, 10], [0, 10]) == 0.0


def test_classes_that_are_too_rare_are_one() -> None:
    assert joined_rare([900, 50, 1, 1], [90, 10, 1, 0]) == ([900, 50, 2], [90, 10, 1])
    assert joined_rare([100, 100], [100, 100]) == ([100, 100], [100, 100])


def test_of_many_tests_those_stand_that_the_procedure_lets_stand() -> None:
    # The example of Benjamini and Hochberg (1995): four of fifteen stand at 5 %.
    chances = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.324,
        0.4262,
        0.5719,
        0.6528,
        0.759,
        1.0,
    ]
    assert sum(significant(chances, 0.05)) == 4
    assert significant([], 0.05) == []
    assert significant([0.2, 0.001], 0.05) == [False, True]


def test_distance_is_the_share_that_would_have_to_move() -> None:
    assert distance([1, 1], [3, 1]) == pytest.approx(0.25)
    assert distance([0, 0], [1, 1]) == 0.0
