"""A schema in; what it says about the values at a few paths of every message that fits it, out.

That is what tells messages apart before any is validated: constants (`{"type": {"const": "trade"}}`), properties that
must or cannot be there, types. What a fact says is true of every message that fits; where the schema says it in a way
that is not understood here, there is no fact. A path is a tuple of keys and positions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from wsobserve.contract.sources import Place, Sources
from wsobserve.contract.terms import Dialect, Schema

Path: TypeAlias = tuple[str | int, ...]
Facts: TypeAlias = "dict[Path, Fact]"

DEEPEST = 3
MOST_PROPERTIES = 64  # of one object that are looked at
MOST_VALUES = 256
MOST_VISITS = 20_000  # schemas that are looked at for one message
LONGEST_CHAIN = 16  # schemas within schemas at one path

TYPES = frozenset(("null", "boolean", "number", "string", "array", "object"))


class Fact(msgspec.Struct):
    """What is true at one path. None: nothing is known of that."""

    required: bool = False  # something is there, in every message
    values: frozenset[object] | None = None  # what is there is one of these (see `value_key`)
    types: frozenset[str] | None = None  # and of one of these types; integers are numbers
    keys: frozenset[str] | None = None  # an object that is there has no other keys


def value_key(value: object) -> object:
    """A scalar as the member of a set: numbers are alike when they are equal, and never like a truth value."""
    return ("boolean", value) if isinstance(value, bool) else value


def type_of(value: object) -> str:
    """The type of a decoded value, as JSON calls it."""
    return _TYPE_NAMES.get(type(value), "string")


_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def facts_of(sources: Sources, schemas: Iterable[Schema | None]) -> Facts:
    """What is true of messages that fit all of these schemas."""
    facts: Facts = {(): Fact(required=True)}
    for schema in schemas:
        if schema is not None:
            facts = _both(facts, FactReader(sources, schema.dialect).facts(sources.resolve(schema.location)))
    # What must be there inside of something is there only if that is, and is an object or an array.
    for path in sorted(facts, key=len):
        if path:
            holder = facts.get(path[:-1], Fact())
            held = holder.required and holder.types == frozenset(("object" if isinstance(path[-1], str) else "array",))
            facts[path].required = facts[path].required and held
    return facts


def excludes(facts: Facts, path: Path) -> bool:
    """Whether nothing can be there."""
    for length, key in enumerate(path):
        fact = facts.get(path[:length])
        if fact is None:
            continue
        if fact.types is not None and ("object" if isinstance(key, str) else "array") not in fact.types:
            return True
        if isinstance(key, str) and fact.keys is not None and key not in fact.keys:
            return True
    fact = facts.get(path)
    return fact is not None and (fact.values == frozenset() or fact.types == frozenset())


class FactReader:
    """Reads schemas of one dialect, and no more of them than MOST_VISITS: what is not read gives no facts."""

    def __init__(self, sources: Sources, dialect: Dialect) -> None:
        self._sources = sources
        self._reference_alone = dialect in ("draft-04", "draft-06", "draft-07")  # what stands beside it is passed over
        self._positions = "prefixItems" if dialect == "2020-12" else "items"
        self._visits = 0

    def facts(self, place: Place, depth: int = 0, chain: int = 0) -> Facts:
        """What is true of values that fit this schema. `chain`: how many schemas around it are about the same value."""
        schema = place.value
        if schema is False:
            return {(): Fact(values=frozenset(), types=frozenset())}
        self._visits += 1
        if not isinstance(schema, dict) or chain > LONGEST_CHAIN or self._visits > MOST_VISITS:
            return {}
        facts: Facts = {}
        if isinstance(schema.get("$ref"), str):
            facts = self.facts(self._sources.follow(place), depth, chain + 1)
            if self._reference_alone:
                return facts
        facts = _both(facts, {(): _own(schema)})
        if depth < DEEPEST:
            facts = _both(facts, self._inner(place, depth))
        for each in place.child("allOf").elements() if "allOf" in schema else ():
            facts = _both(facts, self.facts(each, depth, chain + 1))
        for keyword in ("anyOf", "oneOf"):
            branches = list(place.child(keyword).elements()) if keyword in schema else []
            if branches:
                facts = _both(facts, _either([self.facts(each, depth, chain + 1) for each in branches]))
        return facts

    def _inner(self, place: Place, depth: int) -> Facts:
        """What keywords say of what is inside the value."""
        schema = place.value
        inside: list[tuple[str | int, Place]] = []
        if isinstance(schema.get("properties"), dict):
            inside += list(place.child("properties").entries())[:MOST_PROPERTIES]
        if isinstance(schema.get(self._positions), list):
            inside += list(enumerate(place.child(self._positions).elements()))[:MOST_PROPERTIES]
        facts: Facts = {}
        for key, child in inside:
            for path, fact in self.facts(child, depth + 1).items():
                facts[(key, *path)] = fact
        required = schema.get("required")
        least = schema.get("minItems")
        keys: list[str | int] = [key for key in required if isinstance(key, str)] if isinstance(required, list) else []
        keys += range(min(least, MOST_PROPERTIES)) if isinstance(least, int) else ()
        for key in keys[:MOST_PROPERTIES]:
            facts.setdefault((key,), Fact()).required = True
        return facts


def _own(schema: dict[str, Any]) -> Fact:
    """What keywords say of the value itself."""
    fact = Fact()
    said = schema.get("type")
    names = [said] if isinstance(said, str) else said if isinstance(said, list) else None
    if names is not None:
        fact.types = frozenset("number" if name == "integer" else str(name) for name in names)
    members = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(members, list):
        types = frozenset(map(type_of, members))
        fact.types = types if fact.types is None else fact.types & types
        if len(members) <= MOST_VALUES and not types & {"array", "object"}:
            fact.values = frozenset(map(value_key, members))
    if schema.get("additionalProperties") is False and not schema.get("patternProperties"):
        properties = schema.get("properties")
        fact.keys = frozenset(properties if isinstance(properties, dict) else ())
    return fact


def _both(one: Facts, other: Facts) -> Facts:
    """What is true when both are."""
    facts = dict(one)
    for path, fact in other.items():
        known = facts.get(path)
        if known is None:
            facts[path] = fact
            continue
        facts[path] = Fact(
            required=known.required or fact.required,
            values=_meet(known.values, fact.values),
            types=_meet(known.types, fact.types),
            keys=_meet(known.keys, fact.keys),
        )
    return facts


def _meet(one: frozenset[Any] | None, other: frozenset[Any] | None) -> frozenset[Any] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def _either(alternatives: list[Facts]) -> Facts:
    """What is true when one of them is."""
    facts: Facts = {}
    for path in dict.fromkeys(path for each in alternatives for path in each):
        there = [each.get(path, Fact()) for each in alternatives if not excludes(each, path)]
        if not there:
            facts[path] = Fact(values=frozenset(), types=frozenset())
            continue
        facts[path] = Fact(
            required=len(there) == len(alternatives) and all(fact.required for fact in there),
            values=_join([fact.values for fact in there]),
            types=_join([fact.types for fact in there]),
            keys=_join([fact.keys for fact in there]),
        )
    return facts


def _join(sets: list[frozenset[Any] | None]) -> frozenset[Any] | None:
    known = [each for each in sets if each is not None]
    return frozenset().union(*known) if len(known) == len(sets) else None
