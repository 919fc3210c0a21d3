"""Values of one place in; the kinds among them out, told apart by a constant (a discriminator) or by a property that is there.

A description length decides: writing down which properties each value has, and of which types, costs the entropy of these
facts. A split that makes this cheaper by more than its own parameters cost is a real one. What the split looks at is not
won by it, since it has to be written down anyway: so properties that come and go independently never split anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from wsobserve.redaction import looks_like_identifier
from wsobserve.schema.features import Cost, Features, cost_of
from wsobserve.schema.kind_tree import ABSENT, NULL, OBJECT, Leaf, Path, Split, Token, Tree, coarse_type
from wsobserve.schema.seen import Seen
from wsobserve.schema.texts import are_identifiers

MOST_PLACES = 64  # whose presence, or constants, are tried: of thousands of keys that never come again each would cost a walk
MOST_CONSTANTS = 256  # a discriminator has no more values
LEAST_VALUES = 8  # fewer are not split
LEAST_GAIN = 0.05  # bits a value
LEAST_FOR_CONSTANT = 12  # observations of a value that is always the same in a kind
OFTEN = 50  # observations of such a value, where the others are no vocabulary
CHANCE = 1e-6  # that it is the same by chance
DEEPEST_SPLIT = 64
# The very same message for every subscriber is one observation of what depends on what, not one for each of them: where
# there are many different ones, a split by constants must also be worth it when each counts so often at most.
MOST_ALIKE = 2
FEW_DIFFERENT = 64

# Where two places tell kinds apart as well, the one that is called like this is the discriminator.
TAG_NAMES = frozenset(
    name.replace("_", "")
    for name in (
        *("type", "event", "op", "action", "method", "cmd", "command", "kind", "message_type", "msg_type", "event_type"),
        *("opcode", "t", "e", "topic", "name", "channel", "code", "status", "request", "response"),
    )
)


class Splitter:
    """Finds the splits of values of one JSON type. `directions`: they are whole messages, and their direction may tell, too."""

    def __init__(self, seen: Sequence[Seen], *, directions: bool = False) -> None:
        self._seen = seen
        self._whole = directions
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
            # Whatever is no constant, null for one, is something else.
            varying.update(item >> 3 for item in features.rows[member] if item >> 3 not in features.constants[member])
            for number, value in features.constants[member].items():
                if number not in varying and found.setdefault(number, value) != value:
                    varying.add(number)
                counts[number] = counts.get(number, 0.0) + self._seen[member].times
        if self._vocabularies is None:
            everything = range(len(self._seen))
            self._vocabularies = set(self._constant_candidates(everything, sum(each.weight for each in self._seen)))
        inside = set(members)
        elsewhere: dict[int, list[float]] = {}  # how many others have this value, and how many another
        for index, constants in enumerate(features.constants):
            if index in inside:
                continue
            for number, value in constants.items():
                if number in found and number not in varying:
                    elsewhere.setdefault(number, [0.0, 0.0])[value != found[number]] += self._seen[index].times
        return {
            features.paths[number]: value
            for number, value in found.items()
            if number not in varying
            and number in elsewhere
            and not (isinstance(value, str) and are_identifiers([value]))
            and (number in self._vocabularies or (isinstance(value, str) and counts[number] >= OFTEN))
            and (len(features.paths[number]) == 1 or isinstance(value, str))
            and _is_telling(counts[number], *elsewhere[number])
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
        return "type", (code if constant else coarse_type(code))

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
        # Presence tells most where it is least certain; the sort keeps the order of equals.
        for number, own in sorted(whole.own.items(), key=lambda each: -each[1])[:MOST_PLACES]:
            path = features.paths[number]
            depth = len(path)
            if arrays and not (self._whole and depth == 2 and isinstance(path[1], str)):
                continue  # in an array a property of one of its elements may tell, but not how many elements there are
            if own > 0 and path not in used and (depth == 1 or self._whole):
                score = (1 - 0.1 * depth) * self._gain(self._parts(members, number, False), number, whole, total)
                if score > best_score and self._each_has_its_own(members, number):
                    best, best_score = (number, False), score
        return best

    def _constant_score(self, members: list[int], number: int, whole: Cost, total: float) -> float:
        """By how many bits a split by the constants there is worth it; 0 when it is not."""
        parts = self._parts(members, number, True)
        gain = self._gain(parts, number, whole, total)
        if gain <= 0 or not self._is_worth_it_once(members, parts, number):
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
        if isinstance(last, str) and last.lower().replace("_", "") in TAG_NAMES:
            gain *= 1.15
        return gain * 0.93 ** (len(path) - 1)

    def _is_worth_it_once(self, members: list[int], parts: dict[Token, list[int]], number: int) -> bool:
        """Whether the gain is more than the same messages coming again and again."""
        if len(members) <= FEW_DIFFERENT:
            return True
        total = sum(self._weight(member, True) for member in members)
        return self._gain(parts, number, self._cost_of(members, alike=True), total, alike=True) > 0

    def _weight(self, member: int, alike: bool) -> float:
        seen = self._seen[member]
        return seen.weight * MOST_ALIKE / seen.times if alike and seen.times > MOST_ALIKE else seen.weight

    def _cost_of(self, members: list[int], outcomes: dict[int, int] | None = None, *, alike: bool = False) -> Cost:
        rows: dict[tuple[int, ...], float] = {}
        for member in members:
            row = self._features.rows[member]
            rows[row] = rows.get(row, 0.0) + self._weight(member, alike)
        return cost_of(rows.items(), self._features.parents, outcomes)

    def _gain(self, parts: dict[Token, list[int]], number: int, whole: Cost, total: float, *, alike: bool = False) -> float:
        """How many bits are saved by describing the parts each by itself; 0 when it is not worth it."""
        if len(parts) < 2:
            return 0.0
        costs = [self._cost_of(part, whole.outcomes, alike=alike) for part in parts.values()]
        after = whole.own.get(number, 0.0) + sum(cost.bits - cost.own.get(number, 0.0) for cost in costs)
        gain = whole.bits - after - len(parts) * math.log2(max(2.0, total))  # each part has to be named
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
        candidates: dict[int, float] = {}
        for number, values in found.items():
            count = sum(values.values())
            once = sum(1 for times in values.values() if times <= 1)
            # A discriminator's values are a vocabulary: few, a new one is rare, and they are no names of things.
            named = sum(1 for value in values if isinstance(value, str) and looks_like_identifier(value))
            if named > 0.3 * len(values):
                continue
            # One value alone tells nothing.
            if number not in given_up and 1 < len(values) <= 1.5 * math.sqrt(count) + 1 and once <= max(1.0, 0.02 * count):
                candidates[number] = count
        most = set(sorted(candidates, key=lambda number: -candidates[number])[:MOST_PLACES])
        return [number for number in candidates if number in most]

    def _each_has_its_own(self, members: list[int], number: int) -> bool:
        """Whether those without the property have, nearly all of them, one beside it that those with it never have.

        Otherwise they are the same kind, with properties that come together or not at all. Deeper in a message what each
        side has of its own must be more than a single value: a choice between two fields is no other kind of message.
        """
        features = self._features
        parts = self._parts(members, number, False)
        without = parts.pop(("type", ABSENT), None)
        if without is None:
            return len(features.paths[number]) == 1  # an object here, an array there
        having = [member for part in parts.values() for member in part]
        parent = features.parents[number]
        # Where there is not even a place for it, or nothing at all in there, neither side is spoken for.
        of_having = [(member, beside) for member in having if (beside := self._beside(member, parent))]
        of_without = [(member, beside) for member in without if (beside := self._beside(member, parent))]
        here = {each for _, keys in of_having for each in keys}
        there = {each for _, keys in of_without for each in keys}
        substance = 1 if len(features.paths[number]) <= 2 else 2
        return len(of_without) >= 2 and all(
            self._share_with_own(group, others, substance) >= 0.9 for group, others in ((of_without, here), (of_having, there))
        )

    def _share_with_own(self, members: list[tuple[int, dict[int, int]]], others: set[int], substance: int) -> float:
        """In how many of these there is enough that the others never have; an object counts for several values."""
        total = own = 0.0
        for member, here in members:
            weight = self._seen[member].weight
            total += weight
            if sum(2 if code == OBJECT else 1 for each, code in here.items() if each not in others) >= substance:
                own += weight
        return own / total if total else 0.0

    def _beside(self, member: int, parent: int) -> dict[int, int]:
        """What is in the object with this number, by path, with its type."""
        row, parents = self._features.rows[member], self._features.parents
        return {item >> 3: item & 7 for item in row if parents[item >> 3] == parent}


def _is_telling(here: float, same: float, other: float) -> bool:
    """Whether a value that is the same in all of so many, while so many elsewhere have it and others do not, is no accident."""
    share = (same + 1) / (same + other + 2)
    return other > 0 and here >= LEAST_FOR_CONSTANT and share**here < CHANCE


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
