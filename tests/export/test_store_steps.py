"""Volumes for a chart: few points, none missing, nothing lost on the way."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.export.store.steps import chosen_step_ns, filled

SECOND_NS = 1_000_000_000


def test_seconds_stay_seconds_as_long_as_they_fit() -> None:
    assert chosen_step_ns(600 * SECOND_NS, SECOND_NS, 4_000) == SECOND_NS


def test_a_long_run_is_shown_in_steps_that_people_read() -> None:
    assert chosen_step_ns(24 * 3_600 * SECOND_NS, SECOND_NS, 1_000) == 120 * SECOND_NS


def test_steps_are_never_shorter_than_the_stored_ones() -> None:
    assert chosen_step_ns(60 * SECOND_NS, 600 * SECOND_NS, 4_000) == 600 * SECOND_NS


@given(
    span_ns=st.integers(0, 2**63),
    stored_s=st.sampled_from([1, 10, 60, 600, 3_600, 86_400, 7, 10**9]),
    points=st.integers(1, 4_000),
)
def test_there_are_never_more_points_than_asked_for(span_ns: int, stored_s: int, points: int) -> None:
    stored_ns = stored_s * SECOND_NS
    step_ns = chosen_step_ns(span_ns, stored_ns, points)
    assert step_ns >= stored_ns
    if span_ns > 1_000 * 86_400 * SECOND_NS:
        return
    assert points < 4 or span_ns <= step_ns or span_ns // step_ns + 2 <= points


@given(st.dictionaries(st.tuples(st.sampled_from("ab"), st.integers(0, 50)), st.integers(1, 1_000), min_size=1))
def test_filling_adds_zeros_and_nothing_else(found: dict[tuple[str, int], int]) -> None:
    rows = [{"line": line, "time_ns": second * SECOND_NS, "messages": count} for (line, second), count in found.items()]
    answer = filled(rows, "line", SECOND_NS)
    assert {(row["line"], row["time_ns"] // SECOND_NS): row["messages"] for row in answer if row["messages"]} == found
    for line in {line for line, _ in found}:
        times = [row["time_ns"] for row in answer if row["line"] == line]
        assert [later - earlier for earlier, later in pairwise(times)] == [SECOND_NS] * (len(times) - 1)
    assert all(row["messages_per_s"] == row["messages"] for row in answer)


def test_nothing_gives_nothing() -> None:
    assert filled([], "line", SECOND_NS) == []
