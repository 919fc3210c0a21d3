"""The class for stream bytes: both ways to make one, and that a message about one shows no payload."""

from __future__ import annotations

import pytest

from wsobserve.stream_bytes import StreamBytes, stream_bytes


def test_both_ways_to_make_one_give_the_same() -> None:
    made = stream_bytes("a1", 1, 2**62, 2**40, b"hello")
    assert made == StreamBytes("a1", 1, 2**62, 2**40, b"hello")
    assert (made.connection, made.half, made.time_ns, made.packet, made.data) == ("a1", 1, 2**62, 2**40, b"hello")


@pytest.mark.parametrize(
    "other",
    [
        StreamBytes("a2", 1, 5, 7, b"hello"),
        StreamBytes("a1", 0, 5, 7, b"hello"),
        StreamBytes("a1", 1, 6, 7, b"hello"),
        StreamBytes("a1", 1, 5, 8, b"hello"),
        StreamBytes("a1", 1, 5, 7, b"hullo"),
        "a1",
    ],
)
def test_one_that_differs_in_anything_is_not_equal(other: object) -> None:
    assert stream_bytes("a1", 1, 5, 7, b"hello") != other


def test_a_message_about_it_holds_no_payload() -> None:
    assert repr(stream_bytes("a1", 1, 5, 7, b"secret")) == "StreamBytes('a1', 1, 5, 7, 6 bytes)"


def test_it_has_no_place_in_a_table() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(stream_bytes("a1", 1, 5, 7, b""))
