"""Names in, how often each came out: bounded, and the same whatever the order."""

from __future__ import annotations

from collections.abc import Iterable

from wsobserve.kept import Kept

OVERFLOW = "_overflow"


class Count:
    """How often one name came."""

    __slots__ = ("times",)

    def __init__(self) -> None:
        self.times = 0

    def merge(self, other: Count) -> None:
        """Take over what the other counted."""
        self.times += other.times


class NameCounts:
    """A fold over names with at most `limit` counts and one for all other names."""

    __slots__ = ("_limit", "_names")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._names: Kept[str, Count] | None = None  # most hold none

    def add(self, names: Iterable[str]) -> None:
        """Each of them came once more."""
        for name in names:
            kept = self._names
            if kept is None:
                kept = self._names = Kept(self._limit, Count)
            (kept.entries.get(name) or kept.make(name)).times += 1
            if kept.crowded():
                kept.settle()

    def merge(self, other: NameCounts) -> None:
        """Take over what the other knows; it stays as it is."""
        if other._names is None:
            return
        if self._names is None:
            self._names = Kept(self._limit, Count)
        self._names.merge(other._names)
        self._names.settle()

    def snapshot(self) -> dict[str, int]:
        """By name, sorted; those beyond the limit last, as `_overflow`."""
        if self._names is None:
            return {}
        self._names.settle()
        counts = {name: count.times for name, count in sorted(self._names.entries.items())}
        if self._names.overflow is not None:
            counts[OVERFLOW] = counts.get(OVERFLOW, 0) + self._names.overflow.times
        return counts
