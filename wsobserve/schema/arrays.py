"""Arrays of one place in; whether they are tuples out: arrays in which each position has its own meaning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from wsobserve.schema.seen import Seen, weight_of

LEAST_OF_ONE_LENGTH = 10.0  # arrays of the same length, longer than one, before that length is a rule
LEAST_OF_LENGTH_ONE = 30.0
LEAST_OF_DIFFERENT_TYPES = 3.0
LONGEST_TUPLE = 16
INFORMATION = 0.3  # bits that a position tells of the type of its element


class TupleShape(NamedTuple):
    """`shortest`: elements that are always there; `closed`: whether there are never more than were seen."""

    shortest: int
    closed: bool


def as_tuple(seen: Sequence[Seen], constants: set[int | str]) -> TupleShape | None:
    """The shape when these are tuples; None when they are lists. `constants`: positions that hold a discriminator."""
    total = weight_of(seen)
    lengths: dict[int, float] = {}
    for each in seen:
        length = len(each.value)  # type: ignore[arg-type]
        lengths[length] = lengths.get(length, 0.0) + each.weight
    shortest, longest = min(lengths), max(lengths)
    if not 0 < longest <= LONGEST_TUPLE:
        return None
    fixed = len(lengths) == 1
    closed = total >= LEAST_OF_DIFFERENT_TYPES and all(weight > 1 or total < 50 for weight in lengths.values())
    if constants:
        return TupleShape(shortest, closed)
    if fixed and total >= (LEAST_OF_ONE_LENGTH if longest > 1 else LEAST_OF_LENGTH_ONE):
        return TupleShape(shortest, True)
    if longest > 1 and total >= LEAST_OF_DIFFERENT_TYPES and _information(seen, longest) > INFORMATION:
        return TupleShape(shortest, closed)
    return None


def _information(seen: Sequence[Seen], longest: int) -> float:
    """Mutual information of position and type, in bits an element."""
    both: dict[tuple[int, str], float] = {}
    for each in seen:
        for position, value in enumerate(each.value):  # type: ignore[arg-type, var-annotated]
            name = "number" if type(value) in (int, float) else type(value).__name__
            if value is not None:
                both[position, name] = both.get((position, name), 0.0) + each.weight
    total = sum(both.values())
    positions: dict[int, float] = {}
    types: dict[str, float] = {}
    for (position, name), weight in both.items():
        positions[position] = positions.get(position, 0.0) + weight
        types[name] = types.get(name, 0.0) + weight
    return sum(
        weight / total * math.log2(weight * total / (positions[position] * types[name]))
        for (position, name), weight in both.items()
    )
