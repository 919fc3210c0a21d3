"""A bounded table whose content depends on the data alone: the keys with the smallest hashes stay, the rest becomes one entry.

A key that is among the smallest of everything was among the smallest of every part that it came in. So it was never
given up, whatever the order and however the data were split, and its entry is exact; and so is the overflow, which is
the sum of all that does not stay.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, Self, TypeVar

from wsobserve.records import name_hash


class Entry(Protocol):
    """What is kept for a key: a fold itself."""

    def merge(self, other: Self, /) -> None:
        """Take over what the other knows; it stays as it is."""
        ...


E = TypeVar("E", bound=Entry)
K = TypeVar("K", bound=Hashable)


class Kept(Generic[K, E]):
    """At most `limit` entries and one for all others; in between, before `settle`, some more."""

    def __init__(self, limit: int, new: Callable[[], E]) -> None:
        if limit < 1:
            raise ValueError(f"a table needs one entry at least: {limit}")
        self.limit = limit
        self.entries: dict[K, E] = {}
        self.overflow: E | None = None
        self._new = new
        self._hashes: dict[K, int] = {}
        self._highest = 1 << 64  # hashes from here on do not stay

    def make(self, key: K) -> E:
        """The entry of a key that has none yet: its own, or the overflow."""
        digest = name_hash(key)
        if digest >= self._highest:
            return self.others()
        self._hashes[key] = digest
        entry = self.entries[key] = self._new()
        return entry

    def crowded(self) -> bool:
        """Whether it is time to settle: seldom enough that the sorting does not count."""
        return len(self.entries) > self.limit + self.limit // 8

    def settle(self) -> list[tuple[K, E]]:
        """Give up the entries beyond the limit; they have gone into the overflow and are returned."""
        if len(self.entries) <= self.limit:
            return []
        by_hash = sorted(self._hashes, key=self._hashes.__getitem__)
        given_up = [(key, self.entries.pop(key)) for key in by_hash[self.limit :]]
        self._highest = self._hashes[given_up[0][0]]
        others = self.others()
        for key, entry in given_up:
            del self._hashes[key]
            others.merge(entry)
        return given_up

    def merge(self, other: Kept[K, E]) -> None:
        """Take over what the other knows; it stays as it is."""
        if other.limit != self.limit:
            raise ValueError("tables of different limits do not add up")
        for key, entry in other.entries.items():
            (self.entries.get(key) or self.make(key)).merge(entry)
        if other.overflow is not None:
            self.others().merge(other.overflow)

    def forget(self, key: K) -> None:
        """This entry is no longer needed, and its place is free for any key."""
        del self.entries[key], self._hashes[key]
        if len(self.entries) < self.limit:
            self._highest = 1 << 64

    def others(self) -> E:
        """The entry of all that do not stay."""
        if self.overflow is None:
            self.overflow = self._new()
        return self.overflow
