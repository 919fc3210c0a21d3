"""Values of one place in; the JSON Schema (2020-12) that they support out.

Each constraint has its evidence, and is left out where that does not carry it: an object is closed when a property that
nobody has seen has become unlikely, a property is required when it was there often enough, a set of texts is an enumeration
when it has stopped growing. What was seen is always accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wsobserve.schema.arrays import as_tuple
from wsobserve.schema.habits import Habits
from wsobserve.schema.kind_tree import Leaf, Path, leaves_of
from wsobserve.schema.maps import is_free_form, is_map
from wsobserve.schema.numbers import describe_numbers
from wsobserve.schema.recursion import Recursion, all_levels, recursive_keys
from wsobserve.schema.seen import Seen, weight_of
from wsobserve.schema.split import Splitter
from wsobserve.schema.texts import describe_texts

Schema = dict[str, Any]
Constants = dict[Path, str | int]

DEEPEST = 32
LEAST_WITHOUT_ELEMENT = 5.0  # arrays that were empty, before that is a rule
LEAST_OF_MIXED_TYPES = 30.0  # values of several types, before these are all there are
LEAST_OF_MIXED_CONTAINERS = 10.0  # the same of objects or arrays beside something else

NAMES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    tuple: "array",
    dict: "object",
    Recursion: "recursion",
}
BINARY = "binary"
RECURSION = "recursion"


def reference(name: str) -> Schema:
    """To a definition (RFC 6901 in a fragment)."""
    return {"$ref": f"#/$defs/{name.replace('~', '~0').replace('/', '~1').replace('%', '%25')}"}


def constants_of(leaf: Leaf) -> Constants:
    """The constants by which a leaf was told from its siblings."""
    return {path: token[1] for path, token in leaf.conditions if token[0] == "value" and token[1] is not None}


class Describer:
    """Describes values of one channel. `habits`: what its records are like; those described here are noted in `noted`."""

    def __init__(self, habits: Habits | None = None) -> None:
        self._habits = habits or Habits()
        self.noted = Habits()
        self.definitions: dict[str, Schema] = {}  # of recursive structures, by name

    def describe(self, seen: Sequence[Seen], constants: Constants | None = None, depth: int = 0) -> Schema:
        """What can be said of these values. `constants`: what stands at a path below, however seldom it was seen."""
        constants = constants or {}
        by_type: dict[str, list[Seen]] = {}
        for each in seen:
            by_type.setdefault(NAMES.get(type(each.value), BINARY), []).append(each)
        if _is_anything(by_type, weight_of(seen)) and not constants:
            return {"x-wsobserve-count": round(weight_of(seen))}
        node = {"const": constants[()]} if () in constants else _scalars(by_type, weight_of(seen))
        names = {each.value.name for each in by_type.pop(RECURSION, ()) if isinstance(each.value, Recursion)}
        containers = [reference(name) for name in sorted(names)]
        if "object" in by_type:
            containers += self.objects(by_type["object"], constants, depth)
        if "array" in by_type:
            containers += self._arrays(by_type["array"], constants, depth)
        return _joined(node, containers) | {"x-wsobserve-count": round(weight_of(seen))}

    def objects(self, seen: list[Seen], constants: Constants, depth: int) -> list[Schema]:
        """A schema for each kind of these objects."""
        if depth >= DEEPEST:
            return [{"type": "object", "x-wsobserve-truncated": True}]
        if not constants and is_map(seen):
            return [self._map(seen, depth)]
        keys = [] if constants else recursive_keys(seen)
        if keys:
            return [self._recursive(seen, keys, depth)]
        return self._kinds(seen, constants, depth)

    def _recursive(self, seen: list[Seen], keys: list[str], depth: int) -> Schema:
        """Objects that hold more of their kind: a reference to what is said of all levels together."""
        name = keys[0] if keys[0] not in self.definitions else f"{keys[0]}-{len(self.definitions) + 1}"
        self.definitions[name] = {}  # its place, before those inside of it
        levels = all_levels(seen, keys, name)
        kinds = self._kinds(levels, {}, depth)
        self.definitions[name] = (
            kinds[0] if len(kinds) == 1 else {"anyOf": kinds, "x-wsobserve-count": round(weight_of(levels))}
        )
        return reference(name)

    def _kinds(self, seen: list[Seen], constants: Constants, depth: int) -> list[Schema]:
        splitter = Splitter(seen)
        return [
            self.object([seen[index] for index in members], constants | _constants(splitter, leaf, members), depth)
            for leaf, members in zip(leaves_of(splitter.tree()), splitter.leaves, strict=True)
        ]

    def object(self, seen: Sequence[Seen], constants: Constants, depth: int) -> Schema:
        """One kind of object: a record, a map, or of any form."""
        if not constants and is_map(seen):
            return self._map(seen, depth)
        total = weight_of(seen)
        if not constants and is_free_form(seen):
            return {"type": "object", "x-wsobserve-count": round(total)}
        values: dict[str, list[Seen]] = {}
        others: list[Seen] = []  # under keys that are no text
        for each in seen:
            for key, value in each.value.items():  # type: ignore[attr-defined]  # all values here are objects
                (values.setdefault(key, []) if isinstance(key, str) else others).append(each._replace(value=value))
        fixed = {path[0] for path in constants if path}
        properties: Schema = {}
        required: list[str] = []
        once = 0
        for key in sorted(values):
            weight = weight_of(values[key])
            below = {path[1:]: value for path, value in constants.items() if path and path[0] == key}
            node = properties[key] = self.describe(values[key], below, depth + 1)
            if weight < total - 1e-6:
                node["x-wsobserve-presence"] = min(round(weight / total, 4), 0.9999)
                once += weight <= 1
            elif key in fixed or self._habits.is_required(total):
                required.append(key)
        self.noted.note(total, len(properties), sum("x-wsobserve-presence" not in node for node in properties.values()))
        record: Schema = {"type": "object", "properties": properties}
        if required:
            record["required"] = required
        if others:
            record["additionalProperties"] = self.describe(others, None, depth + 1)
        elif self._habits.is_closed(total, once):
            record["additionalProperties"] = False
        return record | {"x-wsobserve-count": round(total)}

    def _map(self, seen: Sequence[Seen], depth: int) -> Schema:
        """Objects whose keys name things."""
        inner = [each._replace(value=value) for each in seen for value in each.value.values()]  # type: ignore[attr-defined]
        node: Schema = {"type": "object"}
        if inner:
            node["additionalProperties"] = self.describe(inner, None, depth + 1)
        return node | {"x-wsobserve-count": round(weight_of(seen))}

    def _arrays(self, seen: list[Seen], constants: Constants, depth: int) -> list[Schema]:
        """A schema for each kind of these arrays."""
        if depth >= DEEPEST:
            return [{"type": "array", "x-wsobserve-truncated": True}]
        if constants:
            return [self.array(seen, constants, depth)]
        splitter = Splitter(seen)
        return [
            self.array([seen[index] for index in members], _constants(splitter, leaf, members), depth)
            for leaf, members in zip(leaves_of(splitter.tree()), splitter.leaves, strict=True)
        ]

    def array(self, seen: Sequence[Seen], constants: Constants, depth: int) -> Schema:
        """One kind of array: a tuple, or a list."""
        node: Schema = {"type": "array"}
        shape = as_tuple(seen, {path[0] for path in constants if path})
        longest = max(len(each.value) for each in seen)  # type: ignore[arg-type]  # all values here are arrays
        if shape is not None:
            node["prefixItems"] = [self._position(seen, position, constants, depth) for position in range(longest)]
            node["minItems"] = shape.shortest
            if shape.closed:
                node["items"] = False
        elif longest:
            inner = [each._replace(value=value) for each in seen for value in each.value]  # type: ignore[attr-defined]
            node["items"] = self.describe(inner, None, depth + 1)
            node["x-wsobserve-elements"] = [min(len(each.value) for each in seen), longest]  # type: ignore[arg-type]
        elif weight_of(seen) >= LEAST_WITHOUT_ELEMENT:
            node["maxItems"] = 0
        return node | {"x-wsobserve-count": round(weight_of(seen))}

    def _position(self, seen: Sequence[Seen], position: int, constants: Constants, depth: int) -> Schema:
        inner = [
            each._replace(value=each.value[position])  # type: ignore[index]
            for each in seen
            if len(each.value) > position  # type: ignore[arg-type]
        ]
        below = {path[1:]: value for path, value in constants.items() if path and path[0] == position}
        return self.describe(inner, below, depth + 1)


def _is_anything(by_type: dict[str, list[Seen]], total: float) -> bool:
    """Whether values have so many types that any may come: who mixes objects with texts may send anything."""
    types = {"number" if name == "integer" else "object" if name == RECURSION else name for name in by_type} - {"null"}
    containers = types & {"object", "array"}
    if not containers:
        return False
    return len(types) > 2 or (len(types) == 2 and total < LEAST_OF_MIXED_CONTAINERS)


def _constants(splitter: Splitter, leaf: Leaf, members: list[int]) -> Constants:
    return (splitter.constants(members) if len(splitter.leaves) > 1 else {}) | constants_of(leaf)


def _scalars(by_type: dict[str, list[Seen]], total: float) -> Schema:
    """A schema of the values that are no containers; empty when there are none."""
    node: Schema = {}
    types: set[str] = {name for name in ("null", "boolean") if name in by_type}
    if "integer" in by_type or "number" in by_type:
        node |= describe_numbers(by_type.get("integer", ()), by_type.get("number", ()))
        types.add(node.pop("type"))
    if "string" in by_type:
        types.add("string")
        node |= describe_texts(by_type["string"])
    if BINARY in by_type:
        types.add("string")
        if "string" not in by_type:
            node["contentEncoding"] = "base64"  # how such bytes would be written in JSON
    if len(types - {"null"}) > 1 and (total < LEAST_OF_MIXED_TYPES or len(types) > 2):
        # Who mixes types may send any of them; what is said of the texts among them is not said of the rest.
        return {"type": _one_or_all({"null", "boolean", "string", *(types & {"integer", "number"} or {"number"})})}
    if "enum" in node and types != {"string"}:
        if types == {"null", "string"}:
            node["enum"] = [None, *node["enum"]]
        else:
            del node["enum"]
    return {"type": _one_or_all(types)} | node if types else {}


def _one_or_all(types: set[str]) -> str | list[str]:
    return min(types) if len(types) == 1 else sorted(types)


def _joined(scalars: Schema, containers: list[Schema]) -> Schema:
    """Scalars and containers as one schema: an `anyOf` only where keywords would get in each other's way."""
    if not containers:
        return scalars
    kinds = [container.get("type", RECURSION) for container in containers]
    if RECURSION not in kinds and len(set(kinds)) == len(kinds) and "enum" not in scalars and "const" not in scalars:
        types = set(kinds)
        named = scalars.get("type", [])
        types.update([named] if isinstance(named, str) else named)
        merged = {key: value for key, value in scalars.items() if key != "type"}
        for container in containers:
            merged |= {key: value for key, value in container.items() if key != "type"}
        return {"type": _one_or_all(types)} | merged
    alternatives = [*containers, scalars] if scalars else containers
    return alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}
