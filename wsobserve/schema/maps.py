"""Objects of one place in; whether they are records, maps or of any form out.

A record's keys are properties: few, and coming again. A map's keys name things, so new ones keep coming, and what they
hold looks alike. An object of any form has new keys too, with anything behind them.
"""

from __future__ import annotations

from collections.abc import Sequence

from wsobserve.redaction import looks_like_identifier
from wsobserve.schema.seen import Seen, weight_of

IDENTIFIERS = 0.95  # of the keys, for a map by what the keys look like


class _Keys:
    """What there is to know of the keys of these objects."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        self.objects = weight_of(seen)
        self.weights: dict[object, float] = {}
        self.shapes: dict[str, float] = {}  # of the values
        self.inner: dict[str, float] = {}  # keys of the values that are objects
        self.entries = 0.0
        for each in seen:
            for key, value in each.value.items():  # type: ignore[attr-defined]
                self.weights[key] = self.weights.get(key, 0.0) + each.weight
                shape = _shape(value)
                self.shapes[shape] = self.shapes.get(shape, 0.0) + each.weight
                self.entries += each.weight
                if isinstance(value, dict):
                    for inner in value:
                        self.inner[inner] = self.inner.get(inner, 0.0) + each.weight

    @property
    def novelty(self) -> float:
        """The chance that the next key is a new one (Good and Turing: the share of those that came once)."""
        return sum(1 for weight in self.weights.values() if weight <= 1) / self.entries if self.entries else 0.0

    @property
    def alike(self) -> bool:
        """Whether nearly all values look alike, nulls aside."""
        shapes = {shape: weight for shape, weight in self.shapes.items() if shape != "null"}
        if not shapes or max(shapes.values()) < 0.95 * sum(shapes.values()):
            return False
        # Objects are alike when they share their keys: where each has its own, the key outside tells their kind.
        objects = self.shapes.get("dict", 0.0)
        return (
            not self.inner
            or not objects
            or max(self.inner.values()) >= 0.5 * objects
            or len(self.weights) > 4 * len(self.inner)
        )


def is_map(seen: Sequence[Seen]) -> bool:
    """Whether the keys of these objects name things."""
    keys = _Keys(seen)
    different = len(keys.weights)
    if not different:
        return False
    identifiers = sum(1 for key in keys.weights if not isinstance(key, str) or looks_like_identifier(key) or _is_address(key))
    if identifiers > IDENTIFIERS * different and (different > 1 or keys.objects >= 2):
        return True
    if not keys.alike:
        return False
    mean = keys.entries / keys.objects
    most = max(keys.weights.values()) / keys.objects
    if different >= 12 and different > 2.5 * mean and (keys.novelty > 0.01 or most < 0.4):
        return True
    # Few objects: nothing that they have in common, and nearly every key is new.
    return keys.objects >= 4 and different >= 5 and most <= 0.5 and keys.novelty > 0.25


def is_free_form(seen: Sequence[Seen]) -> bool:
    """Whether these objects hold anything, under keys that keep being new."""
    keys = _Keys(seen)
    if keys.objects < 4 or len(keys.weights) < 8 or keys.alike:
        return False
    most = max(keys.weights.values()) / keys.objects
    return keys.novelty > 0.1 and most < 0.6


def _is_address(key: str) -> bool:
    """URIs, paths: nobody writes a property like this."""
    return "://" in key or key.startswith(("/", "./", "#/")) or key.count("/") > 1


def _shape(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number"
    return type(value).__name__
