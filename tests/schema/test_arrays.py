"""Tuples and lists: when each position has its own meaning, and when that is not known."""

from __future__ import annotations

import pytest

from wsobserve.schema.arrays import TupleShape, as_tuple
from wsobserve.schema.seen import Seen


def seen(*arrays: object, weight: float = 1.0) -> list[Seen]:
    return [Seen(array, weight=weight) for array in arrays]


def test_positions_of_different_types_make_a_tuple() -> None:
    assert as_tuple(seen(*(["price", number, True] for number in range(12))), set()) == TupleShape(3, True)


def test_many_arrays_of_one_length_make_a_tuple_whatever_their_types() -> None:
    assert as_tuple(seen(*([number, -number] for number in range(60))), set()) == TupleShape(2, True)


def test_a_few_arrays_that_happen_to_be_of_one_length_are_lists() -> None:
    assert as_tuple(seen([1, 2], [3, 4]), set()) is None
    assert as_tuple(seen(["only"], ["one"], ["each"]), set()) is None


def test_arrays_of_one_type_and_many_lengths_are_lists() -> None:
    assert as_tuple(seen(*(["x"] * (number % 7) for number in range(80))), set()) is None


def test_an_array_that_stands_for_many_messages_counts_for_as_many() -> None:
    assert as_tuple(seen([1, 2], weight=1.0), set()) is None
    assert as_tuple(seen([1, 2], weight=60.0), set()) == TupleShape(2, True)


def test_positions_that_are_not_always_there_are_left_out_of_the_shortest() -> None:
    arrays = [["set", number] if number % 2 else ["set", number, {"silent": True}] for number in range(20)]
    assert as_tuple(seen(*arrays), set()) == TupleShape(2, True)


def test_a_position_that_tells_kinds_apart_makes_a_tuple_however_seldom_it_was_seen() -> None:
    assert as_tuple(seen(["join", 5]), {0}) == TupleShape(2, False)  # nobody knows whether there may be more


def test_a_length_that_came_once_among_many_leaves_the_tuple_open() -> None:
    arrays = [["event", number] for number in range(100)]
    shape = as_tuple(seen(*arrays, ["event", 1, "more"]), {0})
    assert shape == TupleShape(2, False)


def test_nulls_say_nothing_of_the_type_of_a_position() -> None:
    assert as_tuple(seen([None, 1], [2, None], [3, 4, 5]), set()) is None


@pytest.mark.parametrize("array", [[], list(range(17))])
def test_arrays_without_elements_or_with_very_many_are_lists(array: list[int]) -> None:
    assert as_tuple(seen(*[array] * 100), set()) is None
