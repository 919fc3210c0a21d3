"""Objects of one place in; those that hold more of their own kind out, all levels together.

A tree is one structure, however deep it is: told so, its description is short, and each level is evidence for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from wsobserve.schema.seen import Seen

INSIDE = 0.95  # of the keys of what is inside, how many must be keys of what is around it
NEARLY_ALWAYS = 0.8
LEAST_INSIDE = 2
DEEPEST = 64


class Recursion(NamedTuple):
    """Stands for an object that is of the kind that `name` is the definition of."""

    name: str


def recursive_keys(seen: Sequence[Seen]) -> list[str]:
    """Under which keys these objects hold objects like themselves."""
    around: dict[str, int] = {}
    for each in seen:
        for key in each.value:  # type: ignore[attr-defined]  # all values here are objects
            around[key] = around.get(key, 0) + 1
    return [key for key in sorted(around, key=str) if isinstance(key, str) and _is_recursive(seen, key, around)]


def _is_recursive(seen: Sequence[Seen], key: str, around: dict[str, int]) -> bool:
    inside: dict[str, int] = {}
    objects = 0
    for each in seen:
        for inner in _objects_at(each.value.get(key)):  # type: ignore[attr-defined]
            objects += 1
            for inner_key in inner:
                inside[inner_key] = inside.get(inner_key, 0) + 1
    if objects < LEAST_INSIDE:
        return False
    entries = sum(inside.values())
    if sum(count for inner_key, count in inside.items() if inner_key in around) < INSIDE * entries:
        return False
    core = [inner_key for inner_key, count in inside.items() if count >= NEARLY_ALWAYS * objects]
    always = [outer for outer, count in around.items() if count == len(seen) and outer != key]
    shared = [outer for outer in always if inside.get(outer, 0) >= NEARLY_ALWAYS * objects]
    return (
        bool(core)
        and len(core) + (key in inside) >= 2
        and all(around[inner_key] >= 0.5 * len(seen) for inner_key in core)
        and len(shared) >= 0.6 * len(always)
    )


def all_levels(seen: Sequence[Seen], keys: Sequence[str], name: str) -> list[Seen]:
    """These objects and all like them inside of them, with `Recursion` in their places."""
    found: list[Seen] = []
    waiting = [(each, 0) for each in seen]
    while waiting:
        each, depth = waiting.pop()
        flat = dict(each.value)  # type: ignore[call-overload]
        for key in keys:
            if key not in flat or depth >= DEEPEST:
                continue
            waiting.extend((each._replace(value=inner), depth + 1) for inner in _objects_at(flat[key]))
            value = flat[key]
            if isinstance(value, dict):
                flat[key] = Recursion(name)
            elif isinstance(value, (list, tuple)):
                flat[key] = [Recursion(name) if isinstance(inner, dict) else inner for inner in value]
        found.append(each._replace(value=flat))
    return found


def _objects_at(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict):
                yield inner
