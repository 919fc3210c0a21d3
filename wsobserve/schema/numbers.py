"""Numbers of one place in; their type, and bounds where they have any, out.

A bound needs evidence that there is one: the extremes lie close to the bulk, they do not move with time, and what the first
two thirds told held for the last. Identifiers, counters and timestamps have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wsobserve.schema.seen import Seen

LEAST_FOR_BOUNDS = 20
LEAST_OF_SHARES = 8  # numbers from 0 to 1 that fill more than half of it: shares, for which there are bounds whatever is seen
TAIL = 2.0  # how far beyond the quartiles, in interquartile ranges, the extremes may lie
MOST_CODES = 16
GROWTH = 0.5  # correlation of value and time
MOST_EXACT = 1 << 53  # beyond, JSON numbers are no integers for many readers

# Seconds since 1970 from 2001 to 2050, and finer: what a timestamp looks like.
_EPOCHS = (
    ("unix-seconds", 1),
    ("unix-milliseconds", 1_000),
    ("unix-microseconds", 1_000_000),
    ("unix-nanoseconds", 1_000_000_000),
)
_EARLIEST, _LATEST = 1_000_000_000, 2_524_608_000


def describe_numbers(integers: Sequence[Seen], floats: Sequence[Seen]) -> dict[str, Any]:
    """`type`, and `minimum` and `maximum` where they have bounds."""
    node: dict[str, Any] = {"type": "number" if floats else "integer"}
    seen = sorted([*integers, *floats], key=lambda each: each.time_ns)
    values: list[float] = [each.value for each in seen]  # type: ignore[misc]
    if (epoch := _epoch(values)) is not None:
        return node | {"x-wsobserve-format": epoch}
    low, high = min(values), max(values)
    if floats and low >= 0 and high <= 1 and high - low > 0.5 and len(set(values)) >= LEAST_OF_SHARES:
        return node | {"minimum": 0.0, "maximum": 1.0}
    if sum(each.times for each in seen) < LEAST_FOR_BOUNDS or not all(abs(value) <= MOST_EXACT for value in values):
        return node
    if low == high or _grows(values) or not (_is_compact(values) or _are_few(seen)):
        return node
    two_thirds = values[: len(values) * 2 // 3]
    first_low, first_high = _widened(min(two_thirds), max(two_thirds), bool(floats))
    if low < first_low or high > first_high:
        return node
    minimum, maximum = _widened(low, high, bool(floats))
    return node | {"minimum": minimum, "maximum": maximum}


def _widened(low: float, high: float, real: bool) -> tuple[float, float]:
    margin = (high - low) / 2
    minimum, maximum = low - margin, high + margin
    if low >= 0 and minimum < 0 and low <= margin / 8:
        minimum = 0 if not real else 0.0
    if real:
        return _rounded(minimum, down=True), _rounded(maximum, down=False)
    return int(minimum // 1), int(-(-maximum // 1))


def _rounded(value: float, *, down: bool) -> float:
    """To three digits, outwards: a bound is an estimate, and reads like one."""
    if value == 0 or value != value:
        return value
    digits = f"{value:.2e}"
    rounded = float(digits)
    if (down and rounded > value) or (not down and rounded < value):
        mantissa, exponent = digits.split("e")
        step = -0.01 if down else 0.01
        rounded = float(f"{float(mantissa) + step:.2f}e{exponent}")
    return rounded


def _is_compact(values: list[float]) -> bool:
    ordered = sorted(values)
    lower, upper = ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
    reach = TAIL * (upper - lower)
    return ordered[-1] - upper <= reach and lower - ordered[0] <= reach


def _are_few(seen: Sequence[Seen]) -> bool:
    """Whether few numbers come again and again: codes."""
    times: dict[object, int] = {}
    for each in seen:
        times[each.value] = times.get(each.value, 0) + each.times
    return len(times) <= MOST_CODES and min(times.values()) > 1 and sum(times.values()) >= 6 * len(times)


def _grows(values: list[float]) -> bool:
    """Whether values and their order in time are correlated: counters, timestamps, sequences of several sources mixed."""
    count = len(values)
    mean_value, mean_index = sum(values) / count, (count - 1) / 2
    covariance = sum((index - mean_index) * (value - mean_value) for index, value in enumerate(values))
    spread_value = sum((value - mean_value) ** 2 for value in values)
    spread_index = sum((index - mean_index) ** 2 for index in range(count))
    if spread_value <= 0 or spread_index <= 0:
        return False
    correlation = covariance / (spread_value * spread_index) ** 0.5
    return bool(abs(correlation) > GROWTH)


def _epoch(values: list[float]) -> str | None:
    if len(values) < 2:
        return None
    for name, factor in _EPOCHS:
        if all(_EARLIEST * factor <= value < _LATEST * factor for value in values):
            return name
    return None
