"""How often fields and kinds come, window after window; shares that are not as they were out.

A window is compared with everything before it, again each time that it has grown, and so is what came last in it. When it has
become long without a change it joins what is before. Counts that come in bursts vary more than chance alone would have it: by
how much is known from the windows before, and the test allows for it (the statistic is divided by their mean statistic, where
that is above 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from wsobserve.schema.drift_statistics import chi_square_tail, distance, g_statistic, joined_rare

LEVEL = 1e-6  # of false changes among those told at one moment, and of a field or kind to have vanished
LEAST_EFFECT = 0.1  # of the share, or of the messages that would have to be others
LEAST_BEFORE = 200
LEAST_NOW = 32
LOOKS = 18  # of which it is known how much they vary
LEAST_LOOKS = 4  # without a change, before one is told
WINDOW = 1_024  # observations
SMALLEST = 1e-300  # what a chance is told as when there is no number for it


class Shift(NamedTuple):
    """A comparison: the chance of what was seen if nothing had changed; `large`: whether anybody would care."""

    chance: float
    large: bool
    before: float
    now: float


class Bursts:
    """How much more shares vary from look to look than chance would have it, by the last looks that told of no change.

    The largest of them are left out: a change is not always told at the look at which it begins. What is left of chance
    alone is two thirds of it, which is made up for; what clearly varies more is taken for twice as much, to be sure.
    """

    __slots__ = ("_statistics",)

    def __init__(self) -> None:
        self._statistics: list[float] = []  # each for one degree of freedom

    def note(self, before: Sequence[int], now: Sequence[int]) -> None:
        """A look that told of no change."""
        one, other = joined_rare(before, now)
        if sum(now) >= LEAST_NOW and len(one) > 1:
            self._statistics.append(g_statistic(one, other) / (len(one) - 1))
            del self._statistics[:-LOOKS]

    @property
    def are_known(self) -> bool:
        """Whether there were looks enough."""
        return len(self._statistics) >= LEAST_LOOKS

    @property
    def factor(self) -> float:
        """1 where they vary as chance would have it."""
        kept = sorted(self._statistics)[: -max(1, len(self._statistics) // 6)]
        mean = 1.5 * sum(kept) / len(kept) if kept else 1.0
        return max(1.0, mean) if mean < 2 else 2 * mean


def smallest_chance(before: Sequence[int], parts: Sequence[Sequence[int]], factor: float) -> tuple[float, Sequence[int]] | None:
    """The chance of the part that is least likely, as one of so many that were looked at, and that part."""
    found: tuple[float, Sequence[int]] | None = None
    for part in parts:
        one, other = joined_rare(before, part)
        if sum(part) < LEAST_NOW or len(one) < 2:
            continue
        chance = min(1.0, len(parts) * chi_square_tail(g_statistic(one, other) / factor, len(one) - 1))
        if found is None or chance < found[0]:
            found = chance, part
    return found


class Share:
    """Of one field in its objects, or of one kind in its channel. Counts are told in total, from the beginning."""

    __slots__ = ("_before", "_bursts", "_gone", "_last", "_seen_at", "_start", "_total", "_was")

    def __init__(self, present: int, of: int) -> None:
        self._before = (0, 0)  # present and absent, in the windows before
        self._start = (present, of)  # of the window
        self._total = (present, of)
        self._last = (present, of)  # at the look before
        self._seen_at = of  # the end of the last stretch in which it came
        self._was: float | None = None  # its share before it shifted, as long as it may be on its way to vanish
        self._gone = False
        self._bursts = Bursts()

    def look(self, present: int, of: int) -> tuple[Shift | None, Shift | None]:
        """Whether it has vanished, and whether it has shifted, as far as there is enough to compare."""
        came = present > self._total[0]
        self._last = self._total
        self._total = (present, of)
        if came:
            self._seen_at = of
            if self._gone:
                self._restart()
            self._was = None
        if self._gone:
            return None, None
        vanished = self._vanished()
        if vanished is not None:
            self._gone = True
            return vanished, None
        return None, self._shifted()

    def shift_told(self) -> None:
        """Its share is another from now on; one that has vanished stays so."""
        if self._gone:
            return
        before = sum(self._before)
        self._was = self._before[0] / before if before else None
        self._restart()

    def end_window(self) -> None:
        """The look is over. When the window is long enough, it joins what is before."""
        now = self._window()
        if any(self._before):
            self._bursts.note(self._before, self._stretch())
        if sum(now) >= (WINDOW if any(self._before) else LEAST_BEFORE):
            self._before = (self._before[0] + now[0], self._before[1] + now[1])
            self._start = self._total

    def _restart(self) -> None:
        self._before = (0, 0)
        self._start = self._last = self._total
        self._gone = False

    def _stretch(self) -> tuple[int, int]:
        present = self._total[0] - self._last[0]
        return present, self._total[1] - self._last[1] - present

    def _window(self) -> tuple[int, int]:
        present = self._total[0] - self._start[0]
        return present, self._total[1] - self._start[1] - present

    def _vanished(self) -> Shift | None:
        if not self._bursts.are_known:
            return None
        absent = self._total[1] - self._seen_at
        now = self._window()
        # What was there before it came no more.
        present, of = self._before[0] + now[0], sum(self._before) + sum(now) - absent
        was = self._was
        if was is None:
            if of < LEAST_BEFORE or not present:
                return None
            was = present / (of + 1)
        logarithm = absent / self._bursts.factor * math.log1p(-min(was, 1 - 1e-9))
        if logarithm > math.log(LEVEL):
            return None
        return Shift(max(SMALLEST, math.exp(max(logarithm, -690.0))), True, was, 0.0)

    def _shifted(self) -> Shift | None:
        if sum(self._before) < LEAST_BEFORE or not self._bursts.are_known:
            return None
        parts = [self._window(), self._stretch()]
        found = smallest_chance(self._before, parts, self._bursts.factor)
        if found is None:
            return None
        chance, part = found
        before, now = self._before[0] / sum(self._before), part[0] / sum(part)
        return Shift(max(SMALLEST, chance), abs(before - now) >= LEAST_EFFECT, before, now)


class Mix:
    """The kinds of one channel. Counts are told in total, by kind, in one order."""

    __slots__ = ("_before", "_bursts", "_last", "_start", "_total")

    def __init__(self, counts: Sequence[int]) -> None:
        self._before = [0] * len(counts)
        self._start = list(counts)
        self._total = list(counts)
        self._last = list(counts)  # at the look before
        self._bursts = Bursts()

    def look(self, counts: Sequence[int]) -> tuple[Shift, int] | None:
        """Whether the mix has shifted, and the number of the kind whose share did most."""
        self._last, self._total = self._total, list(counts)
        if sum(self._before) < LEAST_BEFORE or not self._bursts.are_known:
            return None
        found = smallest_chance(self._before, [self._window(), self._stretch()], self._bursts.factor)
        if found is None:
            return None
        chance, now = found
        shares = [(one / sum(self._before), other / sum(now)) for one, other in zip(self._before, now, strict=True)]
        most = max(range(len(shares)), key=lambda number: abs(shares[number][0] - shares[number][1]))
        return Shift(max(SMALLEST, chance), distance(self._before, now) >= LEAST_EFFECT, *shares[most]), most

    def restart(self) -> None:
        """The mix is another from now on."""
        self._before = [0] * len(self._total)
        self._start = self._last = self._total

    def end_window(self) -> None:
        """The look is over. When the window is long enough, it joins what is before."""
        now = self._window()
        if any(self._before):
            self._bursts.note(self._before, self._stretch())
        if sum(now) >= (WINDOW if any(self._before) else LEAST_BEFORE):
            self._before = [one + other for one, other in zip(self._before, now, strict=True)]
            self._start = self._total

    def _stretch(self) -> list[int]:
        return [total - last for total, last in zip(self._total, self._last, strict=True)]

    def _window(self) -> list[int]:
        return [total - start for total, start in zip(self._total, self._start, strict=True)]
