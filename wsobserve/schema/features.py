"""Values of one place in; which properties each has and of which types out, as numbers, and what writing them down costs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from wsobserve.schema.kind_tree import ARRAY, CODES, DIRECTION, LONGEST_CONSTANT, OBJECT, STRING, Path
from wsobserve.schema.maps import is_free_form, is_map
from wsobserve.schema.seen import Seen

DEEPEST_FEATURE = 3
DEEPEST_CONSTANT = 3
POSITIONS = 6  # of an array that are looked at


class Features:
    """Which properties values have and of which types, as sets of numbers; and the constants in them."""

    def __init__(self, seen: Sequence[Seen], *, directions: bool) -> None:
        self.paths: list[Path] = []
        self.parents: list[int] = []  # the number of the path above; -1: the value itself
        self._numbers: dict[Path, int] = {}
        self._open = _open_paths(seen)
        self.rows: list[tuple[int, ...]] = []
        self.constants: list[dict[int, str | int]] = []
        for each in seen:
            row: list[int] = []
            constants: dict[int, str | int] = {}
            if directions:
                constants[self._number(DIRECTION, -1)] = each.direction
            self._walk(each.value, (), -1, row, constants)
            self.rows.append(tuple(row))
            self.constants.append(constants)

    def _walk(self, value: object, path: Path, parent: int, row: list[int], constants: dict[int, str | int]) -> None:
        depth = len(path) + 1
        for key, inner in _children(value, path in self._open, len(path)):
            here = (*path, key)
            number = self._number(here, parent)
            code = CODES.get(type(inner), STRING)
            row.append(number * 8 + code)
            if depth <= DEEPEST_CONSTANT:
                if type(inner) is str:
                    if 0 < len(inner) <= LONGEST_CONSTANT:
                        constants[number] = inner
                elif type(inner) is int:
                    constants[number] = inner
            # What an element of an inner array holds tells of the element.
            if depth < DEEPEST_FEATURE and code >= OBJECT and not (depth == 2 and isinstance(key, int)):
                self._walk(inner, here, number, row, constants)

    def _number(self, path: Path, parent: int) -> int:
        number = self._numbers.get(path)
        if number is None:
            number = self._numbers[path] = len(self.paths)
            self.paths.append(path)
            self.parents.append(parent)
        return number


def _children(value: object, is_open: bool, depth: int) -> Iterable[tuple[str | int, object]]:
    if isinstance(value, dict):
        return () if is_open else [(key, inner) for key, inner in value.items() if isinstance(key, str)]
    if isinstance(value, (list, tuple)) and depth <= 1:
        return list(enumerate(value[:POSITIONS]))
    return ()


def _open_paths(seen: Sequence[Seen]) -> set[Path]:
    """Objects whose keys name things and not properties."""
    objects: dict[Path, list[Seen]] = {}
    for each in seen:
        waiting: list[tuple[object, Path]] = [(each.value, ())]
        while waiting:
            value, path = waiting.pop()
            if isinstance(value, dict) and path:
                objects.setdefault(path, []).append(each._replace(value=value))
            if len(path) + 1 < DEEPEST_FEATURE:
                waiting += [
                    (child, (*path, key))
                    for key, child in _children(value, False, len(path))
                    if isinstance(child, (dict, list))
                ]
    return {path for path, found in objects.items() if is_map(found) or is_free_form(found)}


def _xlog(count: float) -> float:
    return count * math.log2(count) if count > 0 else 0.0


class Cost(NamedTuple):
    """`bits`: of all facts, with what it takes to say how often each is so; `own`: by the number of a path; `outcomes`: what
    may stand there, absence among it."""

    bits: float
    own: dict[int, float]
    outcomes: dict[int, int]


def cost_of(rows: Iterable[tuple[tuple[int, ...], float]], parents: list[int], outcomes: dict[int, int] | None = None) -> Cost:
    """Of writing down these rows, each with its weight. `outcomes`: of the rows of which these are a part."""
    counts: dict[int, float] = {}
    total = 0.0
    for row, weight in rows:
        total += weight
        for item in row:
            counts[item] = counts.get(item, 0.0) + weight
    found: dict[int, list[float]] = {}
    for item, count in counts.items():
        found.setdefault(item >> 3, []).append(count)
    known = outcomes if outcomes is not None else {}
    bits = 0.0
    own: dict[int, float] = {}
    for number in found if outcomes is None else outcomes:
        parent = parents[number]
        around = total if parent < 0 else counts.get(parent * 8 + OBJECT, 0.0) + counts.get(parent * 8 + ARRAY, 0.0)
        if around <= 0:
            continue
        present = found.get(number, [])
        absent = around - sum(present)
        if outcomes is None:
            known[number] = len(present) + (absent > 1e-9)
        own[number] = _xlog(around) - sum(map(_xlog, present)) - _xlog(absent)
        bits += own[number] + 0.5 * math.log2(around + 1) * (known[number] - 1)
    return Cost(bits, own, known)
