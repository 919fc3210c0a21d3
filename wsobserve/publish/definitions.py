"""Message kinds in, the same kinds out with each structure that several places share written once, under a name.

Two places share a structure when they constrain alike to the last keyword: a definition accepts exactly what its places
accepted. A place keeps what is its own beside the reference: how often it is there, its count, its title and description.
The result depends on what the kinds say and not on the order in which they say it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from wsobserve.publish.merging import merged
from wsobserve.publish.naming import free_name, place_names
from wsobserve.publish.recursion import folded
from wsobserve.publish.structure import (
    COUNT,
    PRESENCE,
    REFERENCE,
    STANDARD_ANNOTATIONS,
    Schema,
    Step,
    digest,
    digest_of,
    in_order,
    reference_name,
    subschemas,
    types_of,
    with_subschemas,
)
from wsobserve.records import MessageKind, Record

Owned = tuple[str, str]  # a kind's id and the name of a definition in its schema

SMALLEST = 3  # schemas in a structure that is worth a name
BESIDE_REFERENCE = (*STANDARD_ANNOTATIONS, COUNT, PRESENCE)


class Definitions(Record, frozen=True, kw_only=True):
    """The schema of each kind by its id, and the definitions that they and each other refer to as `#/$defs/NAME`."""

    schemas: dict[str, Schema]
    definitions: dict[str, Schema]

    def used_by(self, kinds: Iterable[str]) -> dict[str, Schema]:
        """Of the definitions, those that the schemas of these kinds need."""
        found: dict[str, Schema] = {}
        waiting = [self.schemas[kind] for kind in kinds]
        while waiting:
            schema = waiting.pop()
            name = reference_name(schema)
            if name is not None and name not in found and name in self.definitions:
                found[name] = self.definitions[name]
                waiting.append(found[name])
            waiting += [inner for _, inner in subschemas(schema)]
        return dict(sorted(found.items()))


def shared_definitions(kinds: Iterable[MessageKind]) -> Definitions:
    """What kinds share, named."""
    return _Sharing(sorted(kinds, key=lambda kind: kind.id)).result()


class _Sharing:
    """One run: the roots (kinds, and recursive definitions by digest), then digests, uses, names, and what is written."""

    def __init__(self, kinds: list[MessageKind]) -> None:
        self._names_of_kinds = {kind.id: kind.name or kind.channel for kind in kinds}
        self._roots: dict[str, Schema] = {}
        self._digests: dict[int, str] = {}  # by id() of a schema that one of the lists below keeps alive
        self._kept: list[Schema] = []
        self._recursive: dict[str, list[Schema]] = {}
        self._take(kinds)
        self._bodies = {name: merged(bodies, self._digest) for name, bodies in sorted(self._recursive.items())}
        self._places: dict[str, list[tuple[str, tuple[Step, ...], Schema]]] = {}
        for owner, root in (*self._roots.items(), *self._bodies.items()):
            self._keep(root)
            for path, schema in _walk(root):
                self._places.setdefault(self._digest(schema), []).append((owner, path, schema))
        self._shared = self._find_shared()
        self._names = self._name()

    def result(self) -> Definitions:
        schemas = {kind: in_order(self._written_root(root)) for kind, root in self._roots.items()}
        definitions = {}
        for shared, name in self._names.items():
            body = self._bodies.get(shared) or self._merged(shared)
            bare = {keyword: value for keyword, value in body.items() if keyword not in (*STANDARD_ANNOTATIONS, PRESENCE)}
            definitions[name] = in_order(with_subschemas(bare, self._written))
        return Definitions(schemas=schemas, definitions=dict(sorted(definitions.items())))

    def _take(self, kinds: list[MessageKind]) -> None:
        """Kinds as roots without definitions of their own: those become roots by digest, which kinds share."""
        schemas = {
            kind.id: folded({key: value for key, value in kind.json_schema.items() if key != "$schema"}) for kind in kinds
        }
        owned = {(kind, name): body for kind, schema in schemas.items() for name, body in schema.get("$defs", {}).items()}
        digests = _told_apart(owned)

        def refer(kind: str, schema: Schema) -> Schema:
            found = digests.get((kind, reference_name(schema) or ""))
            made = schema if found is None else {**schema, "$ref": REFERENCE + found}
            return with_subschemas(made, lambda _, inner: refer(kind, inner))

        for kind, schema in schemas.items():
            self._roots[kind] = refer(kind, {key: value for key, value in schema.items() if key != "$defs"})
        for (kind, name), body in owned.items():
            self._recursive.setdefault(digests[kind, name], []).append(self._keep(refer(kind, body)))

    def _keep(self, schema: Schema) -> Schema:
        self._kept.append(schema)
        return schema

    def _digest(self, schema: Schema) -> str:
        """Of what constrains; titles and descriptions of the schema itself are its place's."""
        known = self._digests.get(id(schema))
        if known is None:
            bare = {keyword: value for keyword, value in schema.items() if keyword not in STANDARD_ANNOTATIONS}
            inner = [(step, self._digest_with_words(part)) for step, part in subschemas(schema)]
            known = self._digests[id(schema)] = digest_of(bare, inner)
            self._kept.append(schema)
        return known

    def _digest_with_words(self, schema: Schema) -> str:
        words = {keyword: schema[keyword] for keyword in STANDARD_ANNOTATIONS if keyword in schema}
        return digest([self._digest(schema), words]) if words else self._digest(schema)

    def _find_shared(self) -> set[str]:
        """Which structures more than one place of the written documents would repeat."""
        worth = {found for found, places in self._places.items() if self._worth_a_name(places[0][2])}
        inner = {found for found in worth if any(path for _, path, _ in self._places[found])}
        uses: Counter[str] = Counter()
        waiting = list(self._bodies.values())
        for root in self._roots.values():
            found = self._digest(root)
            if found in inner:
                uses[found] += 1
            if found not in inner or uses[found] == 1:
                waiting.append(root)
        while waiting:
            for _, schema in subschemas(waiting.pop()):
                found = self._digest(schema)
                if found in worth:
                    uses[found] += 1
                if found not in worth or uses[found] == 1:
                    waiting.append(schema)
        shared = {found for found, count in uses.items() if count > 1}
        return {found for found in shared if not self._only_wraps(self._places[found][0][2], shared)}

    def _worth_a_name(self, schema: Schema) -> bool:
        if "anyOf" in schema:
            structured = sum(types_of(part) != ["null"] for part in schema["anyOf"]) > 1
        else:
            structured = "prefixItems" in schema or (types_of(schema) == ["object"] and bool(schema.get("properties")))
        return structured and sum(1 for _ in _walk(schema)) >= SMALLEST

    def _only_wraps(self, schema: Schema, shared: set[str]) -> bool:
        """Whether nothing much is left of it when what is shared inside is written elsewhere."""
        inner = [part for _, part in subschemas(schema)]
        refers = [part for part in inner if self._digest(part) in shared or "$ref" in part]
        nulls = [part for part in inner if types_of(part) == ["null"]]
        return len(refers) == 1 and len(refers) + len(nulls) == len(inner)

    def _name(self) -> dict[str, str]:
        """By digest, in the order of naming: those used most choose first."""
        wishes: dict[str, Counter[tuple[str, ...]]] = {}
        first: dict[str, tuple[int, str, tuple[Step, ...]]] = {}
        for owner, root in (*self._roots.items(), *self._bodies.items()):
            for path, schema in _walk(root):
                target = reference_name(schema)
                found = target if target in self._bodies else self._digest(schema)
                if found not in self._shared and found not in self._bodies:
                    continue
                place = (self._vagueness(owner, path, found), owner, path)
                if place[0] < first.get(found, place)[0]:
                    wishes[found].clear()
                first[found] = min(place, first.get(found, place))
                if place[0] == first[found][0]:
                    wishes.setdefault(found, Counter())[self._wish(owner, path)] += 1
        taken = {*self._roots}
        names: dict[str, str] = {}

        def place_in_line(found: str) -> tuple[object, ...]:
            return (-wishes[found].total(), self._wished(wishes[found]), first[found])

        for found in sorted(wishes, key=place_in_line):
            names[found] = free_name(self._wished(wishes[found]), taken)
            taken.add(names[found])
        return names

    def _vagueness(self, owner: str, path: tuple[Step, ...], found: str) -> int:
        """How little the place says of what stands there: a field says most, then a kind, then other places."""
        if owner in self._bodies and found in self._bodies:
            return 2  # a reference to itself
        return 0 if any(keyword == "properties" for keyword, _ in path) else 1 if not path else 2

    def _wish(self, owner: str, path: tuple[Step, ...]) -> tuple[str, ...]:
        return tuple(place_names(self._names_of_kinds.get(owner, ""), path))

    @staticmethod
    def _wished(wishes: Counter[tuple[str, ...]]) -> list[str]:
        """Names, the best first: the short one that most places give, then the longer ones of those places."""
        short: Counter[str] = Counter()
        for names, count in wishes.items():
            short[names[0]] += count
        best = min(short, key=lambda name: (-short[name], len(name), name))
        places = sorted((names for names in wishes if names[0] == best), key=lambda names: (-wishes[names], names))
        others = sorted((name for name in short if name != best), key=lambda name: (-short[name], len(name), name))
        return list(dict.fromkeys([best, *(name for names in places for name in names[1:]), *others]))

    def _merged(self, shared: str) -> Schema:
        return merged([schema for _, _, schema in self._places[shared]], self._digest)

    def _written_root(self, root: Schema) -> Schema:
        return self._written(("", ""), root)

    def _written(self, _: Step, schema: Schema) -> Schema:
        """A schema as it stands in a document: shared structures are references."""
        found = self._digest(schema)
        recursive = reference_name(schema)
        if recursive in self._bodies:
            return {**schema, "$ref": REFERENCE + self._names[recursive or ""]}
        if found in self._shared:
            beside = {keyword: schema[keyword] for keyword in BESIDE_REFERENCE if keyword in schema}
            return {"$ref": REFERENCE + self._names[found], **beside}
        return with_subschemas(schema, self._written)


def _walk(schema: Schema, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Schema]]:
    yield path, schema
    for step, inner in subschemas(schema):
        yield from _walk(inner, (*path, step))


def _told_apart(definitions: dict[Owned, Schema]) -> dict[Owned, str]:
    """A digest of each definition, equal for those that say the same, with no regard for what they are called.

    Definitions refer to each other in circles. So all start as one, and are told apart by what they say with the digests of
    before in place of references, until that tells no more of them apart.
    """
    known = dict.fromkeys(definitions, "")
    while True:

        def say(kind: str, schema: Schema, known: dict[Owned, str] = known) -> str:
            target = kind, reference_name(schema) or ""
            schema = {**schema, "$ref": known[target]} if target in known else schema
            return digest_of(schema, [(step, say(kind, inner)) for step, inner in subschemas(schema)])

        better = {owned: say(owned[0], _without_words(body)) for owned, body in definitions.items()}
        if len({*better.values()}) == len({*known.values()}):
            return better
        known = better


def _without_words(schema: Schema) -> Schema:
    return {keyword: value for keyword, value in schema.items() if keyword not in STANDARD_ANNOTATIONS}
