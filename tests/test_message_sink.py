"""The sink that takes nothing: whoever asks it makes a record of every message."""

from __future__ import annotations

from wsobserve.message_sink import HalfSink, MessageSink
from wsobserve.records import Half

HALF = Half(connection="a", source="1.2.3.4:5", destination="1.2.3.4:6")


def test_it_takes_nothing() -> None:
    sink = MessageSink().of(HALF)
    assert isinstance(sink, HalfSink)
    assert not sink.take(1, 1, b"{}", True, 2, 4)
