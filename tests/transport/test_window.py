"""Zero windows, from the first that says so to the first that does not."""

from __future__ import annotations

from wsobserve.transport.window import ZeroWindow


def test_the_time_between_zero_and_the_next_other_window_counts() -> None:
    zero = ZeroWindow()
    for window, time_ns in ((500, 1), (0, 10), (0, 20), (9, 40), (9, 50), (0, 60), (1, 61)):
        zero.announce(window, time_ns)
    assert zero.total_ns == 31


def test_time_that_runs_backwards_counts_nothing() -> None:
    zero = ZeroWindow()
    zero.announce(0, 10)
    zero.announce(1, 5)
    assert (zero.total_ns, zero.since_ns) == (0, -1)
