"""A packet on its way into a file."""

from __future__ import annotations

PACKET_COST = 200  # bytes that keeping a packet costs beside its own


class HeldPacket:
    """`data` is what is kept of it, `original_length` what there was on the wire. `cut`: its payload could not be redacted."""

    __slots__ = ("cut", "data", "link_type", "original_length", "source", "time_ns")

    def __init__(self, time_ns: int, data: bytes, original_length: int, link_type: int, source: str) -> None:
        self.time_ns = time_ns
        self.data = data
        self.original_length = original_length
        self.link_type = link_type
        self.source = source
        self.cut = False

    @property
    def size(self) -> int:
        """What it costs to keep it."""
        return len(self.data) + PACKET_COST
