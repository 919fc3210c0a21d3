"""What the schema of a kind says of each place, put on its places: what is watched there, and how it is looked into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsobserve.schema.drift_place import MAP, OPEN, RECORD, Budget, Fields, Place
from wsobserve.schema.formats import FORMATS
from wsobserve.schema.leaves import ANY, place_of

Schema = dict[str, Any]

LEVELS = 2  # of a recursive structure that are told apart; what lies deeper is not looked into
_BY_KEYWORD = {(key, value): each.name for each in FORMATS for key, value in each.keywords.items()}


def claim(place: Place, schema: Schema, budget: Budget) -> None:
    """Say on this place and on those inside what the schema says; those that are not there yet are made."""
    _claim(place, _alternatives(unfolded(schema)), budget)


def outline(schema: Schema) -> object:
    """How values are looked into: the same for schemas whose places are the same."""
    return _outline(unfolded(schema))


def unfolded(schema: Schema) -> Schema:
    """The schema without definitions: each level of what holds its own kind written out, down to `LEVELS` of them."""
    definitions = schema.get("$defs")
    return _unfolded(schema, definitions, ()) if definitions else schema


def _unfolded(node: Any, definitions: Mapping[str, Schema], within: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_unfolded(each, definitions, within) for each in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        definition = definitions.get(
            reference.removeprefix("#/$defs/").replace("%25", "%").replace("~1", "/").replace("~0", "~")
        )
        if definition is None or within.count(reference) >= LEVELS:
            return {"type": ["array", "object"], "x-wsobserve-truncated": True}
        return _unfolded(definition, definitions, (*within, reference))
    return {key: _unfolded(inner, definitions, within) for key, inner in node.items() if key != "$defs"}


def _outline(schema: Schema) -> object:
    nodes = _alternatives(schema)
    inner = {key: _outline({"anyOf": below}) for key, below in sorted(_properties(nodes).items())}
    positions = [_outline({"anyOf": below}) for below in _positions(nodes)]
    found: dict[object, object] = {key: each for key, each in inner.items() if each}
    within = [_outline_of(nodes, key) for key in ("additionalProperties", "items")]
    tag = _tag(nodes)
    if tag is not None:
        found["", tag] = sorted(node["properties"][tag]["const"] for node in nodes if _allows(node, "object"))
    if _layout(nodes) == RECORD and not _is_tuple(nodes) and not any((found, any(positions), *within)):
        return None
    return _layout(nodes), _is_tuple(nodes), found, positions, within


def _outline_of(nodes: list[Schema], key: str) -> object:
    below = [node[key] for node in nodes if isinstance(node.get(key), dict)]
    return _outline({"anyOf": below}) if below else None


def _claim(place: Place, nodes: list[Schema], budget: Budget) -> None:
    texts = [node for node in nodes if _allows(node, "string")]
    place.claims_enumeration = (
        bool(texts) and place.members is not None and all({"enum", "const"} & node.keys() for node in texts)
    )
    formats = {_format(node) for node in texts}
    place.claims_format = formats.pop() if len(formats) == 1 else None
    numbers = [node for node in nodes if _allows(node, "integer") or _allows(node, "number")]
    place.claims_bounds = bool(numbers) and all("minimum" in node and "maximum" in node for node in numbers)
    place.claims_constant = bool(numbers) and all("const" in node for node in numbers)
    if place.layout != OPEN:
        place.layout = _layout(nodes)
    place.is_tuple = _is_tuple(nodes)
    place.tag = _tag(nodes) if place.layout == RECORD else None
    if place.tag is not None:
        _claim_variants(place, place.tag, nodes, budget)
    elif place.layout == RECORD:
        place.fields = _claim_fields(place, place.fields, _properties(nodes), budget)
    if place.is_tuple:
        place.positions = _claim_fields(place, place.positions, dict(enumerate(_positions(nodes))), budget)
    for inner, key in ((place.others, "additionalProperties"), (place.items, "items")):
        below = [each for node in nodes if isinstance(node.get(key), dict) for each in _alternatives(node[key])]
        if not below:
            continue
        inner = inner or budget.place(f"{place.path}/{ANY}")
        if inner is not None:
            _claim(inner, below, budget)
        if key == "items":
            place.items = inner
        else:
            place.others = inner


def _claim_variants(place: Place, tag: str, nodes: list[Schema], budget: Budget) -> None:
    by_constant: dict[str, list[Schema]] = {}
    for node in nodes:
        if _allows(node, "object"):
            by_constant.setdefault(node["properties"][tag]["const"], []).append(node)
    for constant, alike in by_constant.items():
        variant = place.variants.get(constant) or budget.place(place.path)
        if variant is not None:
            place.variants[constant] = variant
            _claim(variant, alike, budget)


def _tag(nodes: list[Schema]) -> str | None:
    """The property by whose constants the records among these are told apart."""
    records = [node for node in nodes if _allows(node, "object")]
    if len(records) < 2:
        return None
    for key in sorted(records[0].get("properties", {})):
        constants = [node.get("properties", {}).get(key, {}).get("const") for node in records]
        if all(isinstance(each, str) for each in constants) and len(set(constants)) > 1:
            return str(key)
    return None


def _claim_fields(place: Place, fields: Fields | None, below: Mapping[Any, list[Schema]], budget: Budget) -> Fields | None:
    for key, nodes in below.items():
        fields = fields or Fields()
        inner = fields.by_key.get(key) or budget.place(f"{place.path}/{place_of(key) if isinstance(key, str) else key}")
        if inner is not None:
            fields.by_key[key] = inner
            _claim(inner, nodes, budget)
    return fields


def _layout(nodes: list[Schema]) -> str:
    objects = [node for node in nodes if _allows(node, "object")]
    if not objects or any("const" in node for node in objects):
        return RECORD
    if any(node.get("x-wsobserve-truncated") for node in objects):
        return OPEN
    records = [node for node in objects if node.get("properties") or node.get("additionalProperties") is False]
    if len(records) == len(objects):
        return RECORD
    maps = [node for node in objects if isinstance(node.get("additionalProperties"), dict)]
    # Empty ones may be maps or records; one that may hold anything is neither.
    return MAP if len(maps) == len(objects) else OPEN


def _is_tuple(nodes: list[Schema]) -> bool:
    arrays = [node for node in nodes if _allows(node, "array") and ("items" in node or "prefixItems" in node)]
    return bool(arrays) and all("prefixItems" in node for node in arrays)


def _properties(nodes: list[Schema]) -> dict[str, list[Schema]]:
    found: dict[str, list[Schema]] = {}
    for node in nodes:
        for key, inner in node.get("properties", {}).items():
            found.setdefault(key, []).extend(_alternatives(inner))
    return found


def _positions(nodes: list[Schema]) -> list[list[Schema]]:
    longest = max((len(node.get("prefixItems", ())) for node in nodes), default=0)
    return [
        [
            each
            for node in nodes
            if len(node.get("prefixItems", ())) > number
            for each in _alternatives(node["prefixItems"][number])
        ]
        for number in range(longest)
    ]


def _alternatives(node: Schema) -> list[Schema]:
    return [each for inner in node["anyOf"] for each in _alternatives(inner)] if "anyOf" in node else [node]


def _allows(node: Schema, name: str) -> bool:
    if "const" in node:
        return name == ("string" if isinstance(node["const"], str) else "integer")
    types = node.get("type", ())
    return name in ((types,) if isinstance(types, str) else types)


def _format(node: Schema) -> str | None:
    for key in ("format", "pattern"):
        if key in node:
            return node.get("x-wsobserve-format") or _BY_KEYWORD.get((key, node[key]))
    return None
