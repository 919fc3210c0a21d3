"""An interface gives the time of its packets in nanoseconds, and says up to where 64 bits are enough for that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.capture.interface import Interface

EDGES = [0, 1, 2**32 - 1, 2**32, 2**62 - 1, 2**62, 2**63, 2**64 - 1]


def test_microseconds_become_nanoseconds() -> None:
    assert Interface(1, 0, 6, 0).time_ns(1_700_000_000_000_001) == 1_700_000_000_000_001_000


def test_half_seconds_become_nanoseconds() -> None:
    assert Interface(1, 0, 0x81, 10).time_ns(3) == 11_500_000_000


@given(
    resolution=st.integers(0, 255),
    offset_seconds=st.integers(-(2**63), 2**63 - 1) | st.integers(-5_000_000_000, 5_000_000_000),
    units=st.integers(0, 2**64 - 1) | st.sampled_from(EDGES),
)
def test_below_the_exact_units_no_step_leaves_64_bits_and_the_time_is_the_same(
    resolution: int, offset_seconds: int, units: int
) -> None:
    interface = Interface(1, 0, resolution, offset_seconds)
    exact = interface.exact_units
    assert 0 <= exact < 2**63
    for count in {min(units, exact - 1), exact - 1} if exact else ():
        assert count * interface.exact_ns < 2**63
        assert interface.time_ns(count) == count * interface.exact_ns // interface.exact_per + interface.exact_offset_ns
    assert -(2**63) <= interface.time_ns(units) < 2**63


def test_usual_interfaces_are_exact_for_a_century() -> None:
    for resolution in (3, 6, 9):
        assert Interface(1, 0, resolution, 0).exact_units > 4_000_000_000 * 10**resolution
