"""Numbers in, a base-2 exponential histogram out: exact to merge, a few hundred entries for any traffic.

Bucket i of scale s counts values in (base**i, base**(i+1)], base = 2 ** (2 ** -s), as OTLP defines it. The scale starts
at 4 and is halved while there are more entries than allowed. How many entries a scale needs can only grow with the
data, so the scale that is reached depends on the data alone, not on their order or on how they were split.
"""

from __future__ import annotations

from bisect import bisect_left
from math import isqrt

from wsobserve.records import Sizes

SCALE = 4
LOWEST_SCALE = -10  # all numbers below 2**64 then share two buckets
LARGEST = 2**64 - 1


def _bound(index: int) -> int:
    """The largest whole number up to 2 ** (index / 16), exactly: four square roots, each rounded down."""
    return isqrt(isqrt(isqrt(isqrt(1 << index))))


BOUNDS = [_bound(index) for index in range(64 * 16 + 1)]
SMALL = [bisect_left(BOUNDS, value) - 1 for value in range(1_024)]  # most messages are shorter than this: 60 ns less each
FITTING = 2**62  # numbers below this are counted by the quick way


class SizesFold:
    """A histogram that grows. Numbers are whole; negative ones (a clock that went back) count as zero."""

    __slots__ = (
        "_from",
        "_highest",
        "_index",
        "_lowest",
        "_repeated",
        "_sum",
        "_to",
        "buckets",
        "count",
        "limit",
        "maximum",
        "minimum",
        "scale",
        "total",
        "zero_count",
    )

    def __init__(self, limit: int) -> None:
        if limit < 2:
            raise ValueError(f"a histogram needs two entries at least: {limit}")
        self.limit = limit
        self.scale = SCALE
        self.count = 0
        self.total = 0
        self.minimum: int | None = None
        self.maximum: int | None = None
        self.zero_count = 0
        self.buckets: dict[int, int] = {}
        # What `add_length` has counted and `_settle` will enter: the numbers of one bucket, and their sum and that of others.
        self._from = 1
        self._to = 0  # from where to where this bucket goes; at first it holds none
        self._index = 0  # of this bucket, at the finest scale
        self._repeated = 0
        self._sum = 0
        self._lowest = 1
        self._highest = 0  # numbers from lowest to highest change neither minimum nor maximum

    @classmethod
    def of(cls, sizes: Sizes, limit: int) -> SizesFold:
        """A histogram that goes on from a snapshot."""
        fold = cls(limit)
        fold._take_over(sizes)
        return fold

    def _take_over(self, sizes: Sizes) -> None:
        self.scale = sizes.scale
        self.count, self.total, self.zero_count = sizes.count, sizes.sum, sizes.zero_count
        self.minimum, self.maximum = sizes.minimum, sizes.maximum
        self.buckets = dict(sizes.buckets)
        self._coarsen(self.scale)

    def add(self, value: int) -> None:
        if self.maximum is None or self.minimum is None:
            value = min(max(value, 0), LARGEST)
            self.minimum = self.maximum = value
        elif value < self.minimum:
            value = max(value, 0)
            self.minimum = value
        elif value > self.maximum:
            value = min(value, LARGEST)
            self.maximum = value
        self.count += 1
        self.total += value
        if value == 0:
            self.zero_count += 1
        else:
            self._enter(SMALL[value] if value < 1_024 else bisect_left(BOUNDS, value) - 1, 1)

    def add_length(self, length: int) -> None:
        """As `add`, for the length of something; the quick way where one follows another that is about as long."""
        if length < self._lowest or length > self._highest:
            self.add(length)
            self._lowest = min(self.minimum or 0, FITTING)
            self._highest = min(self.maximum or 0, FITTING)
            return
        self.count += 1
        self._sum += length
        if self._from <= length <= self._to:
            self._repeated += 1
        elif length == 0:
            self.zero_count += 1
        else:
            self._settle()
            self._index = SMALL[length] if length < 1_024 else bisect_left(BOUNDS, length) - 1
            self._from = BOUNDS[self._index] + 1 if self._index >= 0 else 1
            self._to = min(BOUNDS[self._index + 1], FITTING)
            self._repeated = 1

    def _settle(self) -> None:
        """Enters what `add_length` has counted."""
        if self._repeated:
            self._enter(self._index, self._repeated)
            self._repeated = 0
        self.total += self._sum
        self._sum = 0

    def _enter(self, index: int, numbers: int) -> None:
        """So many numbers of the bucket that has this index at the finest scale."""
        if self.scale != SCALE:
            index >>= SCALE - self.scale
        buckets = self.buckets
        if index in buckets:
            buckets[index] += numbers
        else:
            buckets[index] = numbers
            if len(buckets) > self.limit:
                self._coarsen(self.scale)

    def merge(self, other: SizesFold) -> None:
        """Take over what the other knows; it stays as it is. It may be finer than this one, not coarser."""
        if other.limit < self.limit:
            raise ValueError("a histogram cannot be made finer")
        if not other.count:
            return
        self._settle()
        other._settle()
        if self.minimum is None or (other.minimum is not None and other.minimum < self.minimum):
            self.minimum = other.minimum
        if self.maximum is None or (other.maximum is not None and other.maximum > self.maximum):
            self.maximum = other.maximum
        self.count += other.count
        self.total += other.total
        self.zero_count += other.zero_count
        self._coarsen(min(self.scale, other.scale))
        shift = other.scale - self.scale
        for index, count in other.buckets.items():
            self.buckets[index >> shift] = self.buckets.get(index >> shift, 0) + count
        self._coarsen(self.scale)

    def _coarsen(self, scale: int) -> None:
        """Go down to this scale, and on until the entries fit."""
        while self.scale > scale or (len(self.buckets) > self.limit and self.scale > LOWEST_SCALE):
            joined: dict[int, int] = {}
            for index, count in self.buckets.items():
                joined[index >> 1] = joined.get(index >> 1, 0) + count
            self.buckets = joined
            self.scale -= 1

    def snapshot(self) -> Sizes:
        self._settle()
        return Sizes(
            scale=self.scale,
            count=self.count,
            sum=self.total,
            minimum=self.minimum,
            maximum=self.maximum,
            zero_count=self.zero_count,
            buckets=dict(sorted(self.buckets.items())),
        )
