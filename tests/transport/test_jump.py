"""Which segments far away are believed."""

from __future__ import annotations

from wsobserve.transport.jump import Jump

FAR = 2**32 - 15  # the sequence numbers wrap in here


def received(jump: Jump, numbers: list[int], first: int = 1) -> list[bool]:
    """Segments of ten bytes with these sequence numbers, one after the other."""
    return [jump.receive(number % 2**32, 10, first + i) for i, number in enumerate(numbers)]


def test_the_fifth_that_continues_the_others_is_believed_when_they_were_acknowledged() -> None:
    jump = Jump()
    assert received(jump, [FAR, FAR + 10, FAR + 20, FAR + 30]) == [False] * 4
    jump.acknowledge((FAR + 30) % 2**32)
    assert received(jump, [FAR + 40], first=5) == [True]


def test_without_an_acknowledgment_nothing_is_believed() -> None:
    assert not any(received(Jump(), [FAR + 10 * i for i in range(100)]))


def test_an_acknowledgment_of_other_bytes_proves_nothing() -> None:
    for number in (FAR, FAR - 1, FAR + 41, 5000):
        jump = Jump()
        received(jump, [FAR + 10 * i for i in range(4)])
        jump.acknowledge(number % 2**32)
        assert received(jump, [FAR + 40], first=5) == [False]


def test_segments_that_do_not_continue_each_other_begin_anew() -> None:
    jump = Jump()
    received(jump, [FAR + 10 * i for i in range(4)])
    jump.acknowledge((FAR + 10) % 2**32)
    assert received(jump, [FAR + 50, FAR + 60], first=5) == [False, False]


def test_a_segment_of_the_stream_in_between_begins_anew() -> None:
    jump = Jump()
    received(jump, [FAR + 10 * i for i in range(4)])
    jump.acknowledge((FAR + 10) % 2**32)
    assert received(jump, [FAR + 40], first=6) == [False]
