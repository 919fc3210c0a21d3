"""Objects travel whole and in order, whoever is slow; a side that is gone is noticed."""

from __future__ import annotations

import os

from wsobserve.sidecar.pipe import pipes


def test_objects_arrive_in_order_and_whole() -> None:
    ours, theirs = pipes()
    items = [{"number": number, "text": "x" * number} for number in range(200)]
    for item in items:
        ours.send(item)
    assert theirs.received() == items
    assert theirs.received() == []


def test_what_the_other_side_does_not_take_waits_and_leaves_later() -> None:
    ours, theirs = pipes()
    large = b"y" * 5_000_000
    ours.send(large)
    ours.send("after it")
    assert not ours.is_idle
    assert ours.waiting_bytes > 1_000_000
    received: list[object] = []
    while len(received) < 2:
        received += theirs.received()
        ours.flush()
    assert received == [large, "after it"]
    assert ours.is_idle


def test_what_is_passed_on_is_the_same() -> None:
    ours, middle = pipes()
    onward, theirs = pipes()
    ours.send(("a", 1))
    for packed in middle.received_packed():
        onward.send_packed(packed)
    assert theirs.received() == [("a", 1)]


def test_a_side_that_is_gone_is_noticed_and_never_raises() -> None:
    ours, theirs = pipes()
    ours.send("last words")
    ours.close()
    assert theirs.received() == ["last words"]
    assert theirs.closed
    theirs.send("nobody hears this")
    assert theirs.is_idle


def test_half_an_object_is_none() -> None:
    ours, theirs = pipes()
    os.write(ours.fileno(), b"\x10\0\0\0\0\0\0\0half")
    assert theirs.received() == []
    os.write(ours.fileno(), b"an object...")
    assert theirs.received_packed() == [b"halfan object..."]
