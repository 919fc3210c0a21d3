"""How long a hole is waited for, with and without the receiver's word that it has the bytes."""

from __future__ import annotations

from wsobserve.transport.hole import HoleWait

SECOND = 1_000_000_000


def test_a_hole_that_nobody_acknowledged_waits_ten_seconds_however_much_follows() -> None:
    wait = HoleWait(2 * SECOND)
    wait.start(200, 0, 1)
    assert not wait.is_over(SECOND, 11 * SECOND - 1, 1000)
    assert wait.is_over(SECOND, 11 * SECOND, 1)


def test_an_acknowledged_hole_waits_from_the_acknowledgment_on() -> None:
    wait = HoleWait(2 * SECOND)
    assert wait.acknowledge(200)
    wait.start(200, 5 * SECOND, 1)
    wait.start(200, 6 * SECOND, 2)
    assert not wait.is_over(0, 7 * SECOND - 1, 2)
    assert wait.is_over(0, 7 * SECOND, 2)


def test_an_acknowledged_hole_is_given_up_after_64_segments() -> None:
    wait = HoleWait(2 * SECOND)
    wait.acknowledge(200)
    wait.start(200, 0, 10)
    assert not wait.is_over(0, 1, 73)
    assert wait.is_over(0, 1, 74)


def test_an_acknowledgment_in_front_of_the_end_of_the_hole_starts_nothing() -> None:
    wait = HoleWait(2 * SECOND)
    wait.acknowledge(199)
    wait.start(200, 0, 1)
    assert wait.since_ns == -1


def test_the_next_hole_waits_anew() -> None:
    wait = HoleWait(2 * SECOND)
    wait.acknowledge(300)
    wait.start(200, 0, 1)
    wait.restart()
    wait.start(250, 9 * SECOND, 5)
    assert not wait.is_over(0, 10 * SECOND, 5)


def test_the_lowest_and_the_highest_acknowledgment_are_remembered() -> None:
    wait = HoleWait(2 * SECOND)
    assert [wait.acknowledge(position) for position in (200, 300, 300, 100)] == [True, True, False, False]
    assert (wait.lowest_acknowledged, wait.acknowledged) == (100, 300)
    wait.forget()
    assert wait.acknowledge(50)
