"""An interface of a pcapng section: what the times of its packets mean, and what it says about packets that are lost."""

from __future__ import annotations

_TIME_MIN, _TIME_MAX = -(2**63), 2**63 - 1
_HALF = 2**62  # the sum of two numbers below it has 63 bits


class Interface:
    """One interface of a section, as its description block has it; `resolution` is if_tsresol.

    A time of less than `exact_units` can be computed in 64 bits: `units * exact_ns // exact_per + exact_offset_ns`.
    """

    __slots__ = (
        "exact_ns",
        "exact_offset_ns",
        "exact_per",
        "exact_units",
        "interface_dropped",
        "kernel_dropped",
        "link_type",
        "marked_dropped",
        "offset_ns",
        "snap_length",
        "units_ns",
        "units_per",
    )

    def __init__(self, link_type: int, snap_length: int, resolution: int, offset_seconds: int) -> None:
        self.link_type = link_type
        self.snap_length = snap_length
        self.interface_dropped = 0  # as interface statistics last said
        self.kernel_dropped = 0  # likewise
        self.marked_dropped = 0  # as the packets themselves say
        # if_tsresol: a negative power of 10, or of 2 when the most significant bit is set. time = units * ns // per
        power = resolution & 0x7F
        if resolution & 0x80:
            self.units_ns, self.units_per = 1_000_000_000, 1 << power
        elif power <= 9:
            self.units_ns, self.units_per = 10 ** (9 - power), 1
        else:
            self.units_ns, self.units_per = 1, 10 ** (power - 9)
        self.offset_ns = offset_seconds * 1_000_000_000
        exact = self.units_per < _HALF and abs(self.offset_ns) < _HALF
        self.exact_units = _HALF // self.units_ns if exact else 0
        self.exact_ns = self.units_ns
        self.exact_per = self.units_per if exact else 1
        self.exact_offset_ns = self.offset_ns if exact else 0

    def time_ns(self, units: int) -> int:
        """Nanoseconds since 1970; a time beyond 64 bits, in the year 2262, stays there."""
        return min(max(units * self.units_ns // self.units_per + self.offset_ns, _TIME_MIN), _TIME_MAX)
