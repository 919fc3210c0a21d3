"""The equations that every accounting obeys: what was seen is the sum of what became of it."""

from __future__ import annotations

import msgspec

from wsobserve.records import Accounting


class Equation(msgspec.Struct, frozen=True):
    """`total` of `what` is the sum of `parts`."""

    what: str
    total: int
    parts: dict[str, int]

    @property
    def holds(self) -> bool:
        """Whether it adds up; where it does not, a count of ours is wrong."""
        return self.total == sum(self.parts.values())

    def text(self) -> str:
        """For people: `10 packets = 9 decoded + 1 skipped`. Parts of nothing are left out."""
        sides = " + ".join(f"{count} {name}" for name, count in self.parts.items() if count) or "none"
        return f"{self.total} {self.what} {'=' if self.holds else 'is not'} {sides}"


def equations(accounting: Accounting) -> list[Equation]:
    """All of them, for this accounting."""
    return [
        Equation(
            "packets",
            accounting.packets_seen,
            {
                "decoded": accounting.packets_decoded,
                "skipped": sum(accounting.packets_skipped.values()),
                "not decodable": sum(accounting.packets_dropped.values()),
            },
        ),
        Equation(
            "bytes of TCP payload",
            accounting.payload_bytes,
            {
                "delivered": accounting.bytes_delivered,
                "retransmitted or overlapping": accounting.bytes_duplicate,
                "discarded": sum(accounting.bytes_discarded.values()),
                "waiting": accounting.bytes_buffered,
            },
        ),
        Equation(
            "messages",
            accounting.messages,
            {"decoded": accounting.messages_decoded, "not decoded": sum(accounting.messages_undecoded.values())},
        ),
    ]
