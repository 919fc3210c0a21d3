"""Counts in; the chance of them if nothing had changed out. Plain arithmetic, exact to double precision.

The G-test: 2 sum(observed ln(observed / expected)) is distributed as chi-square. Its tail with a whole number of degrees of
freedom is a finite sum (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.4.4 and 26.4.5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

LEAST_EXPECTED = 5.0  # below, the distribution is not the one that is computed with


def chi_square_tail(value: float, degrees: int) -> float:
    """The chance that a chi-square variable with so many degrees of freedom is at least this large."""
    if value <= 0 or degrees < 1:
        return 1.0
    half = value / 2
    if degrees % 2 == 0:
        term, total = 1.0, 1.0
        for number in range(1, degrees // 2):
            term *= half / number
            total += term
        return min(1.0, math.exp(-half) * total)
    term, total = math.sqrt(half) / math.gamma(1.5), 0.0
    for number in range((degrees - 1) // 2):
        total += term
        term *= half / (number + 1.5)
    return min(1.0, math.erfc(math.sqrt(half)) + math.exp(-half) * total)


def g_statistic(before: Sequence[float], now: Sequence[float]) -> float:
    """How far two rows of counts are from the same shares (the G statistic of the table that they make)."""
    total_before, total_now = sum(before), sum(now)
    total = total_before + total_now
    statistic = 0.0
    for one, other in zip(before, now, strict=True):
        both = one + other
        for count, of in ((one, total_before), (other, total_now)):
            if count > 0:
                statistic += count * math.log(count * total / (both * of))
    return max(0.0, 2 * statistic)


def joined_rare(before: Sequence[float], now: Sequence[float]) -> tuple[list[float], list[float]]:
    """The same rows with all classes as one of which fewer are to be expected than the test can do with."""
    total_before, total_now = sum(before), sum(now)
    total = total_before + total_now
    kept: tuple[list[float], list[float]] = ([], [])
    rest_before = rest_now = 0.0
    for one, other in zip(before, now, strict=True):
        if (one + other) * min(total_before, total_now) < LEAST_EXPECTED * total:
            rest_before += one
            rest_now += other
        else:
            kept[0].append(one)
            kept[1].append(other)
    if rest_before + rest_now > 0:
        kept[0].append(rest_before)
        kept[1].append(rest_now)
    return kept


def significant(chances: Sequence[float], level: float) -> list[bool]:
    """Which of these stand when of all that stand the share `level` may be false (Benjamini and Hochberg, 1995)."""
    ordered = sorted(chances)
    limit = -1.0
    for number, chance in enumerate(ordered, 1):
        if chance <= level * number / len(ordered):
            limit = chance
    return [chance <= limit for chance in chances]


def distance(before: Sequence[float], now: Sequence[float]) -> float:
    """The share of messages that would have to be others (total variation)."""
    total_before, total_now = sum(before), sum(now)
    if not total_before or not total_now:
        return 0.0
    return sum(abs(one / total_before - other / total_now) for one, other in zip(before, now, strict=True)) / 2
