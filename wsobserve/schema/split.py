"""Values of one place in; the kinds among them out, told apart by a constant (a discriminator) or by a property that is there.

A description length decides: writing down which properties each value has, and of which types, costs the entropy of these
facts. A split that makes this cheaper by more than its own parameters cost is a real one. What the split looks at is not
won by it, since it has to be written down anyway: so properties that come and go independently never split anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from wsobserve.redaction import looks_like_identifier
from wsobserve.schema.maps import is_free_form, is_map
from wsobserve.schema.seen import Seen

Path = tuple[str | int, ...]
Token = tuple[str, str | int | None]  # ("value", constant) or ("type", code); code -1: not there

NULL, BOOLEAN, NUMBER, STRING, OBJECT, ARRAY = range(6)
ABSENT = -1
DIRECTION: Path = (-1,)  # where the direction of the message stands, which is none of its values
CODES: dict[type, int] = {
    type(None): NULL,
    bool: BOOLEAN,
    int: NUMBER,
    float: NUMBER,
    str: STRING,
    dict: OBJECT,
    list: ARRAY,
    tuple: ARRAY,
}

DEEPEST_FEATURE = 3
DEEPEST_CONSTANT = 2
POSITIONS = 6  # of an array that are looked at
MOST_CONSTANTS = 256  # a discriminator has no more values
LONGEST_CONSTANT = 64
LEAST_VALUES = 8  # fewer are not split
LEAST_GAIN = 0.05  # bits a value
LEAST_FOR_CONSTANT = 12  # observations of a value that is always the same in a kind
DEEPEST_SPLIT = 6

TAG_NAMES = frozenset(
    (
        "type",
        "event",
        "op",
        "action",
        "method",
        "cmd",
        "command",
        "kind",
        "messagetype",
        "message_type",
        "msgtype",
        "msg_type",
        "eventtype",
        "event_type",
        "opcode",
        "t",
        "e",
        "topic",
        "name",
        "channel",
        "code",
        "status",
        "request",
        "response",
    )
)


class Split(NamedTuple):
    """Where values are told apart. `children`: by what stands there; `constant`: whether by its value, or only by its type."""

    path: Path
    constant: bool
    children: dict[Token, Split | Leaf]


class Leaf(NamedTuple):
    """One kind. `number`: of the list of leaves; `conditions`: what leads to it, the outermost first."""

    number: int
    conditions: tuple[tuple[Path, Token], ...]


Tree = Split | Leaf


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


class _Cost(NamedTuple):
    """`bits`: of all facts, with what it takes to say how often each is so; `own`: by the number of a path; `outcomes`: what
    may stand there, absence among it."""

    bits: float
    own: dict[int, float]
    outcomes: dict[int, int]


def _cost(rows: Iterable[tuple[tuple[int, ...], float]], parents: list[int], outcomes: dict[int, int] | None = None) -> _Cost:
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
    return _Cost(bits, own, known)


class Splitter:
    """Finds the splits of values of one JSON type. `directions`: they are messages, whose direction may tell kinds apart."""

    def __init__(self, seen: Sequence[Seen], *, directions: bool = False) -> None:
        self._seen = seen
        self._features = Features(seen, directions=directions and len({each.direction for each in seen}) > 1)
        self.leaves: list[list[int]] = []  # of each leaf the positions of its values
        self._vocabularies: set[int] | None = None  # paths at which few constants come again

    def tree(self) -> Tree:
        """The splits; `leaves` then says which values are in which."""
        return self._grow(list(range(len(self._seen))), (), 0)

    def constants(self, members: Sequence[int]) -> dict[Path, str | int]:
        """What is always the same in these values, and is not in others: it belongs to their kind."""
        features = self._features
        found: dict[int, str | int] = {}
        counts: dict[int, float] = {}
        varying: set[int] = set()
        for member in members:
            for number, value in features.constants[member].items():
                if number not in varying and found.setdefault(number, value) != value:
                    varying.add(number)
                counts[number] = counts.get(number, 0.0) + self._seen[member].times
        if self._vocabularies is None:
            everything = range(len(self._seen))
            self._vocabularies = set(self._constant_candidates(everything, sum(each.weight for each in self._seen)))
        inside = set(members)
        return {
            features.paths[number]: value
            for number, value in found.items()
            if number not in varying
            and counts[number] >= LEAST_FOR_CONSTANT
            and (number in self._vocabularies if isinstance(value, int) else not looks_like_identifier(value))
            and any(
                constants.get(number, value) != value
                for index, constants in enumerate(features.constants)
                if index not in inside
            )
        }

    def _grow(self, members: list[int], conditions: tuple[tuple[Path, Token], ...], depth: int) -> Tree:
        best = self._best(members, {path for path, _ in conditions}) if depth < DEEPEST_SPLIT else None
        if best is None:
            self.leaves.append(members)
            return Leaf(len(self.leaves) - 1, conditions)
        number, constant = best
        path = self._features.paths[number]
        parts = self._parts(members, number, constant)
        children: dict[Token, Tree] = {}
        nulls = None if constant else _with_nulls(parts)
        for token in sorted(parts, key=lambda token: (token[0], str(token[1]))):
            children[token] = self._grow(parts[token], (*conditions, (path, token)), depth + 1)
        if nulls is not None:
            children["type", NULL] = children[nulls]
        return Split(path, constant, children)

    def _parts(self, members: list[int], number: int, constant: bool) -> dict[Token, list[int]]:
        parts: dict[Token, list[int]] = {}
        for member in members:
            parts.setdefault(self._token(member, number, constant), []).append(member)
        return parts

    def _token(self, member: int, number: int, constant: bool) -> Token:
        if constant and number in self._features.constants[member]:
            return "value", self._features.constants[member][number]
        code = ABSENT
        for item in self._features.rows[member]:
            if item >> 3 == number:
                code = item & 7
                break
        return "type", (code if constant else _coarse(code))

    def _best(self, members: list[int], used: set[Path]) -> tuple[int, bool] | None:
        """The number of the path at which to split these, and whether by its constants; None: they are one kind."""
        features, seen = self._features, self._seen
        total = sum(seen[member].weight for member in members)
        if total < LEAST_VALUES:
            return None
        whole = self._cost_of(members)
        if sum(whole.own.values()) < LEAST_GAIN * total:
            return None
        best: tuple[int, bool] | None = None
        best_score = 0.0
        arrays = isinstance(seen[members[0]].value, (list, tuple))
        for number in self._constant_candidates(members, total):
            # What an element of an array holds tells of the element: only the positions of a whole array tell of it.
            path = features.paths[number]
            if path not in used and (len(path) == 1 or not (arrays or any(isinstance(key, int) for key in path))):
                score = self._constant_score(members, number, whole, total)
                if score > best_score:
                    best, best_score = (number, True), score
        for number, own in () if arrays else whole.own.items():
            if len(features.paths[number]) == 1 and own > 0 and features.paths[number] not in used:
                score = 0.9 * self._gain(self._parts(members, number, False), number, whole, total)
                if score > best_score and self._each_has_its_own(members, number):
                    best, best_score = (number, False), score
        return best

    def _constant_score(self, members: list[int], number: int, whole: _Cost, total: float) -> float:
        """By how many bits a split by the constants there is worth it; 0 when it is not."""
        parts = self._parts(members, number, True)
        gain = self._gain(parts, number, whole, total)
        if gain <= 0:
            return 0.0
        # Its constants must tell something, and not just whether there is one.
        with_constant = [part for (what, _), part in parts.items() if what == "value"]
        together = [member for part in with_constant for member in part]
        among = sum(self._seen[member].weight for member in together)
        if len(parts) > len(with_constant):
            cost = self._cost_of(together)
            if self._gain({("value", index): part for index, part in enumerate(with_constant)}, number, cost, among) <= 0:
                return 0.0
        path = self._features.paths[number]
        last = path[-1]
        if isinstance(last, str) and last.lower() in TAG_NAMES:
            gain *= 1.15
        return gain * (1.0 if len(path) == 1 else 0.93)

    def _cost_of(self, members: list[int], outcomes: dict[int, int] | None = None) -> _Cost:
        rows: dict[tuple[int, ...], float] = {}
        for member in members:
            row = self._features.rows[member]
            rows[row] = rows.get(row, 0.0) + self._seen[member].weight
        return _cost(rows.items(), self._features.parents, outcomes)

    def _gain(self, parts: dict[Token, list[int]], number: int, whole: _Cost, total: float) -> float:
        """How many bits are saved by describing the parts each by itself; 0 when it is not worth it."""
        if len(parts) < 2:
            return 0.0
        costs = [self._cost_of(part, whole.outcomes) for part in parts.values()]
        after = whole.own.get(number, 0.0) + sum(cost.bits - cost.own.get(number, 0.0) for cost in costs)
        gain = whole.bits - after
        return gain if gain > LEAST_GAIN * total else 0.0

    def _constant_candidates(self, members: Sequence[int], total: float) -> list[int]:
        """Places whose values are few, and come again: the numbers of their paths."""
        found: dict[int, dict[str | int, float]] = {}
        given_up: set[int] = set()
        for member in members:
            weight = self._seen[member].weight
            for number, value in self._features.constants[member].items():
                if number in given_up:
                    continue
                values = found.setdefault(number, {})
                values[value] = values.get(value, 0.0) + weight
                if len(values) > MOST_CONSTANTS:
                    given_up.add(number)
        candidates = []
        for number, values in found.items():
            count = sum(values.values())
            once = sum(1 for times in values.values() if times <= 1)
            # A discriminator's values are a vocabulary: few, a new one is rare, and they are no names of things.
            named = sum(1 for value in values if isinstance(value, str) and looks_like_identifier(value))
            if named > 0.3 * len(values):
                continue
            if number not in given_up and len(values) <= 1.5 * math.sqrt(count) + 1 and once <= max(1.0, 0.02 * count):
                candidates.append(number)
        return candidates

    def _each_has_its_own(self, members: list[int], number: int) -> bool:
        """Whether those without the property have, nearly all of them, one that those with it never have.

        Otherwise they are the same kind, with properties that come together or not at all.
        """
        parts = self._parts(members, number, False)
        without = parts.pop(("type", ABSENT), None)
        if without is None:
            return True  # an object here, an array there
        theirs = {item >> 3 for part in parts.values() for member in part for item in self._features.rows[member]}
        total = with_own = 0.0
        for member in without:
            weight = self._seen[member].weight
            total += weight
            if any(item >> 3 not in theirs and self._features.parents[item >> 3] < 0 for item in self._features.rows[member]):
                with_own += weight
        return total >= 2 and with_own >= 0.9 * total


def _coarse(code: int) -> int:
    """The types that tell kinds apart: containers, and all scalars alike."""
    return code if code in (ABSENT, NULL, OBJECT, ARRAY) else STRING


def _with_nulls(parts: dict[Token, list[int]]) -> Token | None:
    """Nulls go with the most frequent other value: they are that one, left out. The token of that part."""
    nulls = parts.get(("type", NULL))
    others = [token for token in parts if token not in (("type", NULL), ("type", ABSENT))]
    if nulls is None or not others:
        return None
    token = max(others, key=lambda token: (len(parts[token]), str(token)))
    parts[token] = sorted(parts[token] + nulls)
    del parts["type", NULL]
    return token


def leaves_of(tree: Tree) -> list[Leaf]:
    """The leaves of a tree, by their numbers."""
    found: dict[int, Leaf] = {}
    waiting: list[Tree] = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Leaf):
            found[each.number] = each
        else:
            waiting.extend(each.children.values())
    return [found[number] for number in sorted(found)]


def leaf_of(tree: Tree, value: object, direction: str = "") -> Leaf | None:
    """The kind to which a value belongs; None when what tells kinds apart has a value that was not seen there."""
    while isinstance(tree, Split):
        if tree.path == DIRECTION:
            following = tree.children.get(("value", direction))
            if following is None:
                return None
            tree = following
            continue
        inner, there = value, True
        for key in tree.path:
            if isinstance(inner, dict):
                there = key in inner
            else:
                there = isinstance(inner, (list, tuple)) and isinstance(key, int) and key < len(inner)
            if not there:
                break
            inner = inner[key]  # type: ignore[index]  # one of the two, with its key
        following = tree.children.get(_token_of(inner, there, tree.constant))
        if following is None:
            return None
        tree = following
    return tree


def _token_of(value: object, there: bool, constant: bool) -> Token:
    if not there:
        return "type", ABSENT
    if constant and ((type(value) is str and 0 < len(value) <= LONGEST_CONSTANT) or type(value) is int):
        return "value", value
    code = CODES.get(type(value), STRING)
    return "type", (code if constant else _coarse(code))
