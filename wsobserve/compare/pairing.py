"""The kinds of one channel on both sides in; out comes which is which: by identifier, then discriminator, then likeness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from wsobserve.compare.alternatives import Alternatives
from wsobserve.compare.described import Channel, Kind

LEAST_ALIKE = 0.75  # of 1, of the fields of kinds without a name, when neither identifier nor discriminator tells
LEAST_NAMED_ALIKE = 0.85  # of fields and name together: `join` and `leave` have the same fields
MOST_PAIRS = 40_000

Pairs = tuple[list[tuple[Kind, Kind]], list[Kind], list[Kind]]
ChannelPairs = tuple[list[tuple[Channel, Channel]], list[Channel], list[Channel]]


class Pairing:
    """Pairs kinds; the constants of a kind that does not tell its discriminator are looked up in its schema."""

    def __init__(self, alternatives: Alternatives) -> None:
        self._alternatives = alternatives
        self._constants: dict[int, tuple[Kind, dict[str, str]]] = {}
        self._names: dict[int, tuple[Kind, frozenset[str]]] = {}

    def kinds(self, old: Sequence[Kind], new: Sequence[Kind]) -> Pairs:
        """The pairs, in the order of the newer side, then what is left of the old and of the new."""
        left, right = list(old), list(new)
        found: list[tuple[Kind, Kind]] = []
        rules: list[Callable[[Kind, Kind], float]] = [
            lambda one, other: _toward(one, other) if one.id == other.id else 0,
            lambda one, other: self._same_constants(one, other) and _same_way(one, other),
            lambda one, other: 1 if one.name == other.name is not None and _same_way(one, other) else 0,
            lambda one, other: _toward(one, other) if self._same_constants(one, other) else 0,
            lambda one, other: self._alike(one, other) if _same_way(one, other) else 0,
        ]
        for rule in rules:
            if len(left) * len(right) > MOST_PAIRS:
                by_id = {kind.id: kind for kind in right}
                taken = [(kind, by_id[kind.id]) for kind in left if kind.id in by_id]
            else:
                taken = _best(left, right, rule)
            found += taken
            left = [kind for kind in left if all(kind is not one for one, _ in taken)]
            right = [kind for kind in right if all(kind is not other for _, other in taken)]
        return found, left, right

    def conflict(self, one: Kind, other: Kind) -> bool:
        """Whether a constant tells the two apart."""
        mine, others = self.constants(one), self.constants(other)
        return any(others.get(pointer, text) != text for pointer, text in mine.items())

    def constants(self, kind: Kind) -> dict[str, str]:
        """The constants that it is told by."""
        known = self._constants.get(id(kind))
        if known is None:
            found = dict(kind.discriminator)
            branches = self._alternatives.forms.form(kind.node)
            if not found and set(branches) == {"object"} and len(branches["object"]) == 1:
                found = {f"/{name}": text for name, text in self._alternatives.constants(branches["object"][0]).items()}
            known = self._constants[id(kind)] = (kind, found)
        return known[1]

    def _same_constants(self, one: Kind, other: Kind) -> float:
        mine, others = self.constants(one), self.constants(other)
        shared = mine.keys() & others.keys()
        if not shared or any(mine[pointer] != others[pointer] for pointer in shared):
            return 0
        return len(shared) / len(mine.keys() | others.keys())

    def _alike(self, one: Kind, other: Kind) -> float:
        mine, others = self._fields(one), self._fields(other)
        if not mine or not others:
            return 0
        fields = len(mine & others) / len(mine | others)
        if one.name and other.name:
            alike = 0.6 * fields + 0.4 * SequenceMatcher(None, one.name[:100], other.name[:100]).ratio()
            return alike if alike >= LEAST_NAMED_ALIKE else 0
        return fields if fields >= LEAST_ALIKE else 0

    def _fields(self, kind: Kind) -> frozenset[str]:
        known = self._names.get(id(kind))
        if known is None:
            branches = self._alternatives.forms.form(kind.node).get("object", ())
            names = frozenset(name for branch in branches for fields in branch.fields for name in fields.named)
            known = self._names[id(kind)] = (kind, names)
        return known[1]


def _best(left: list[Kind], right: list[Kind], rule: Callable[[Kind, Kind], float]) -> list[tuple[Kind, Kind]]:
    scores = [(rule(one, other), -i, -j) for i, one in enumerate(left) for j, other in enumerate(right)]
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    found = []
    for score, i, j in sorted(scores, reverse=True):
        if score > 0 and i not in taken_left and j not in taken_right:
            taken_left.add(i)
            taken_right.add(j)
            found.append((left[-i], right[-j]))
    return found


def _toward(one: Kind, other: Kind) -> float:
    return 1.0 if _same_way(one, other) else 0.5


def _same_way(one: Kind, other: Kind) -> bool:
    return not one.directions or not other.directions or bool(one.directions & other.directions)


def pair_channels(old: Sequence[Channel], new: Sequence[Channel]) -> ChannelPairs:
    """Channels by their address, names of parameters aside, then by their identifier."""
    found: list[tuple[Channel, Channel]] = []
    left, right = list(old), list(new)
    for key in (lambda channel: channel.address, lambda channel: address_key(channel.address), lambda channel: channel.id):
        known: dict[str, Channel] = {}
        for channel in right:
            known.setdefault(key(channel), channel)
        for channel in list(left):
            other = known.pop(key(channel), None)
            if other is not None:
                found.append((channel, other))
                left.remove(channel)
                right.remove(other)
    return found, left, right


def address_key(address: str) -> str:
    """The address without the names of its parameters: `/rooms/{id}` and `rooms/{room}` are one."""
    parts = ["{}" if part.startswith("{") and part.endswith("}") else part for part in address.strip("/").split("/")]
    return "/".join(parts)
