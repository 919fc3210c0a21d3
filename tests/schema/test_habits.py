"""Habits: what records that were seen often say of those that were seen seldom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.schema.habits import Habits


def habits(*records: tuple[float, int, int]) -> Habits:
    found = Habits()
    for objects, properties, always in records:
        found.note(objects, properties, always)
    return found


def test_what_was_in_all_of_many_objects_is_required_whatever_the_habits() -> None:
    assert habits().is_required(1_000)
    assert habits((500, 30, 1)).is_required(1_000)


def test_one_object_makes_nothing_required_where_most_properties_come_and_go() -> None:
    assert not habits((500, 40, 2)).is_required(1)


def test_where_everything_is_always_there_a_few_objects_are_enough() -> None:
    steady, changing = habits((500, 40, 40)), habits((500, 40, 2))
    assert steady.is_required(4)
    assert not changing.is_required(4)


def test_a_record_that_was_seen_seldom_is_no_example() -> None:
    assert habits((3, 40, 2)).is_required(4) == Habits().is_required(4)


def test_one_object_closes_nothing_by_itself() -> None:
    assert not Habits().is_closed(1, 0)


def test_among_records_that_never_change_a_few_objects_close() -> None:
    assert habits(*[(500, 5, 5)] * 40).is_closed(4, 0)
    assert not habits(*[(500, 40, 2)] * 40).is_closed(4, 0)


def test_many_objects_without_a_new_property_close() -> None:
    assert Habits().is_closed(1_000, 0)


def test_properties_that_came_once_keep_it_open() -> None:
    assert not Habits().is_closed(1_000, 200)
    assert not habits(*[(500, 5, 5)] * 40).is_closed(20, 10)


@given(st.lists(st.tuples(st.integers(20, 500), st.integers(0, 30), st.integers(0, 30)), max_size=5), st.integers(1, 200))
def test_more_objects_never_make_it_less_certain(records: list[tuple[float, int, int]], objects: int) -> None:
    known = habits(*((times, properties, min(properties, always)) for times, properties, always in records))
    assert known.is_required(objects + 1) >= known.is_required(objects)


@given(st.integers(2, 200), st.integers(0, 20))
def test_more_properties_that_came_once_never_make_it_more_closed(objects: int, once: int) -> None:
    assert Habits().is_closed(objects, once + 1) <= Habits().is_closed(objects, once)
