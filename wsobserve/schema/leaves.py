"""The places of the values in messages of one name, each with what its values have in common.

A place is written as a JSON pointer, with `*` for any element of an array and for keys that name one thing. Places are
bounded: the shallow ones stay, of one depth those with the smallest hashes, and how many there are can only get smaller, so
what stays was always here.
"""

from __future__ import annotations

import functools

from wsobserve.records import name_hash
from wsobserve.redaction import looks_like_identifier
from wsobserve.schema.leaf import Leaf

NO_BOUND = 1 << 80  # of the ranks of places
ANY = "*"
LONGEST_PLACE = 512  # characters; what lies deeper is not told apart


class Leaves:
    """By place. `most` may be exceeded by a quarter between two calls of `trim`."""

    __slots__ = ("by_place", "highest")

    def __init__(self) -> None:
        self.by_place: dict[str, Leaf] = {}
        self.highest = NO_BOUND  # places with ranks from here on do not stay

    def at(self, place: str, most: int) -> Leaf | None:
        """The leaf at a place; None when it would not stay."""
        leaf = self.by_place.get(place)
        if leaf is not None:
            return leaf
        if len(place) > LONGEST_PLACE or (self.highest < NO_BOUND and rank(place) >= self.highest):
            return None
        leaf = self.by_place[place] = Leaf()
        if 4 * len(self.by_place) > 5 * most + 4:
            self.trim(most)
            return self.by_place.get(place)
        return leaf

    def add(self, value: object, most: int, deepest: int, place: str = "") -> bool:
        """All values in a body. Whether any was new at its place."""
        kind = type(value)
        new = False
        if isinstance(value, dict):
            if deepest > 0:
                for key, inner in value.items():
                    new |= self.add(inner, most, deepest - 1, f"{place}/{place_of(key)}")
        elif isinstance(value, (list, tuple)):
            if deepest > 0:
                inner_place = f"{place}/{ANY}"
                for inner in value:
                    new |= self.add(inner, most, deepest - 1, inner_place)
        elif kind is str or kind is int or kind is float or kind is bool:
            leaf = self.at(place, most)
            if leaf is None:
                return False
            if kind is str:
                new = leaf.see_text(value.encode("utf-8", "surrogatepass"))  # type: ignore[attr-defined]  # a text
            elif kind is bool:
                new = leaf.see_truth(bool(value))
            else:
                new = leaf.see_number(value)  # type: ignore[arg-type]  # an integer or a float
        return new

    def trim(self, most: int) -> None:
        """Give up all but so many places."""
        if len(self.by_place) <= most:
            return
        self.keep_below(sorted([rank(place) for place in self.by_place])[most])

    def keep_below(self, highest: int) -> None:
        """From now on hold no places with ranks from here on."""
        self.highest = min(self.highest, highest)
        if self.highest < NO_BOUND:
            for place in [place for place in self.by_place if rank(place) >= self.highest]:
                del self.by_place[place]

    def merge(self, other: Leaves) -> None:
        """Take over what the other knows; it stays as it is."""
        self.highest = min(self.highest, other.highest)
        for place, leaf in other.by_place.items():
            ours = self.by_place.get(place)
            if ours is None:
                ours = self.by_place[place] = Leaf()
            ours.merge(leaf)
        self.keep_below(self.highest)


def rank(place: str) -> int:
    """Its depth, and then a hash: the lower ones stay."""
    return min(place.count("/"), 0x7FFF) << 64 | name_hash(place)


@functools.lru_cache(maxsize=1_024)
def place_of(key: object) -> str:
    """How a key stands in a place (RFC 6901, 3); `*` for one that names one thing, or is no text."""
    if not isinstance(key, str) or looks_like_identifier(key):
        return ANY
    return key.replace("~", "~0").replace("/", "~1") if "/" in key or "~" in key else key


def places_in(structure: object, place: str = "") -> list[str]:
    """The places of the values in a decoded structure, in the order in which they stand in its text; nulls have none."""
    if isinstance(structure, dict):
        return [found for key, inner in structure.items() for found in places_in(inner, f"{place}/{place_of(key)}")]
    if isinstance(structure, list):
        return [found for inner in structure for found in places_in(inner, f"{place}/{ANY}")]
    return [] if structure is None else [place]
