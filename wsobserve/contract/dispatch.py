"""The facts of many messages in; for a payload, the few messages that it can be, out.

A tree of questions, worked out once: which value stands at a path, or which type. A payload goes down one branch at
each, and in the end there is mostly one message left, whatever their number. The tree only spares work: facts are true,
so a message that is left out would not have been valid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from wsobserve.contract.facts import Facts, Path, excludes, type_of, value_key

MOST_PATHS = 48  # that are tried at one question
MOST_NODES = 20_000
MOST_TELLING = 8
ABSENT = object()

Answer: TypeAlias = "Question | tuple[int, ...]"


class Question:
    """What stands at `path`? `by_value`: which value; else of which type."""

    __slots__ = ("absent", "by_value", "other", "path", "table")

    def __init__(self, path: Path, by_value: bool) -> None:
        self.path = path
        self.by_value = by_value
        self.table: dict[object, Answer] = {}
        self.other: Answer = ()
        self.absent: Answer = ()

    def answer(self, payload: object) -> Answer:
        """What follows for this payload."""
        value = value_at(payload, self.path)
        if value is ABSENT:
            return self.absent
        if not self.by_value:
            return self.table.get(type_of(value), self.other)
        kind = type(value)
        if kind is str or kind is int or kind is float or value is None:
            return self.table.get(value, self.other)
        return self.table.get(("boolean", value), self.other) if kind is bool else self.other


def value_at(payload: object, path: Path) -> object:
    """What stands there; ABSENT when nothing does."""
    value: Any = payload
    for key in path:
        if type(key) is str:
            if type(value) is not dict:
                return ABSENT
            value = value.get(key, ABSENT)
            if value is ABSENT:
                return ABSENT
        elif type(value) is list and len(value) > key:  # type: ignore[operator]  # a position
            value = value[key]  # type: ignore[index]  # the same
        else:
            return ABSENT
    return value


class Dispatch:
    """The messages that a payload can be, by number, in their order."""

    def __init__(self, facts: Sequence[Facts]) -> None:
        self._facts = facts
        self._nodes = 0
        self.telling = self._telling()  # the paths at which values tell messages apart
        self._root = self._build(tuple(range(len(facts))), frozenset())

    def candidates(self, payload: object) -> tuple[int, ...]:
        """The messages that this payload can be."""
        node = self._root
        while type(node) is Question:
            node = node.answer(payload)
        return node  # type: ignore[return-value]  # no question any more

    def _build(self, messages: tuple[int, ...], asked: frozenset[tuple[Path, bool]]) -> Answer:
        if len(messages) < 2 or self._nodes >= MOST_NODES:
            return messages
        best: dict[object, tuple[int, ...]] = {}
        best_key: tuple[Path, bool] | None = None
        best_cost: tuple[float, int, int] | None = None
        for path in self._paths(messages):
            for by_value in (True, False):
                if (path, by_value) in asked:
                    continue
                answers = self._answers(messages, path, by_value)
                sizes = [len(bucket) for bucket in answers.values()]
                cost = (sum(size * size for size in sizes) / max(1, sum(sizes)), len(path), 1 - by_value)
                if cost[0] < len(messages) and (best_cost is None or cost < best_cost):
                    best, best_key, best_cost = answers, (path, by_value), cost
        if best_key is None:
            return messages
        path, by_value = best_key
        question = Question(path, by_value)
        self._nodes += len(best)
        built: dict[tuple[int, ...], Answer] = {}
        for answer, bucket in best.items():
            if bucket not in built:
                built[bucket] = self._build(bucket, asked | {best_key})
            if answer is ABSENT:
                question.absent = built[bucket]
            elif answer is _OTHER:
                question.other = built[bucket]
            else:
                question.table[answer] = built[bucket]
        return question

    def _telling(self) -> list[Path]:
        """Those at which two messages have no value in common, the shortest first."""
        values: dict[Path, list[frozenset[object]]] = {}
        for facts in self._facts:
            for path, fact in facts.items():
                if fact.values:
                    values.setdefault(path, []).append(fact.values)
        telling = [
            path
            for path, sets in values.items()
            if any(sets[0].isdisjoint(each) for each in sets[1:]) or any(a.isdisjoint(b) for a, b in pairwise(sets))
        ]
        return sorted(telling, key=lambda path: (len(path), str(path)))[:MOST_TELLING]

    def _paths(self, messages: tuple[int, ...]) -> list[Path]:
        """Those about which most is known, the shortest first."""
        known = Counter(path for number in messages for path in self._facts[number])
        return [path for path, _ in sorted(known.items(), key=lambda item: (-item[1], len(item[0]), str(item[0])))][:MOST_PATHS]

    def _answers(self, messages: tuple[int, ...], path: Path, by_value: bool) -> dict[object, tuple[int, ...]]:
        """Which messages are left for each answer."""
        possible: list[tuple[int, frozenset[Any] | None]] = []
        absent = []
        for number in messages:
            facts = self._facts[number]
            fact = facts.get(path)
            if fact is None or not fact.required:
                absent.append(number)
            if not excludes(facts, path):
                possible.append((number, None if fact is None else fact.values if by_value else fact.types))
        named = dict.fromkeys(answer for _, answers in possible for answer in sorted(answers or (), key=repr))
        table: dict[object, tuple[int, ...]] = {
            answer: tuple(number for number, answers in possible if answers is None or answer in answers) for answer in named
        }
        table[ABSENT] = tuple(absent)
        table[_OTHER] = tuple(number for number, answers in possible if answers is None)
        return table


_OTHER = object()


def unlike(facts: Facts, payload: object, path: Path) -> int:
    """How much a payload speaks against a message: 2, what stands there is not its own; 1, nothing does; 0, not at all."""
    fact = facts.get(path)
    value = value_at(payload, path)
    if value is ABSENT:
        return 1 if fact is not None and fact.required else 0
    if excludes(facts, path):
        return 2
    if fact is None or fact.values is None:
        return 0
    if isinstance(value, dict | list):
        return 2
    return 2 if value_key(value) not in fact.values else 0
