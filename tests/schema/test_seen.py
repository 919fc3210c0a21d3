"""Values seen: one stands for one message unless it says otherwise, and weights add up."""

from __future__ import annotations

from wsobserve.schema.seen import Seen, weight_of


def test_a_value_stands_for_one_message_unless_it_says_otherwise() -> None:
    assert Seen("x") == Seen("x", times=1, weight=1.0, time_ns=0, direction="")


def test_weights_add_up_and_numbers_of_times_do_not() -> None:
    assert weight_of([Seen(1, times=7), Seen(2, times=1, weight=2.5)]) == 3.5


def test_nothing_has_no_weight() -> None:
    assert weight_of([]) == 0
