"""Message kinds for tests, by hand and made up by hypothesis."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from wsobserve.records import MessageKind

Schema = dict[str, Any]


def kind(id: str, schema: Mapping[str, Any], *, channel: str = "/chat", name: str | None = None, **fields: Any) -> MessageKind:
    return MessageKind(
        **{
            "id": id,
            "channel": channel,
            "direction": "server_to_client",
            "name": name,
            "messages": 10,
            "first_ns": 1,
            "last_ns": 2,
            "formats": {"json": 10},
            "json_schema": {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name or id, **schema},
            "directions": {"server_to_client": 10},
            **fields,
        }
    )


def record(required: str = "", /, **properties: Any) -> Schema:
    """A closed record; `required` names fields, a blank between them."""
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return made | ({"required": required.split()} if required else {})


def shuffled(value: Any, seed: int) -> Any:
    """The same JSON value with the keys of every object in another order."""
    chance = random.Random(seed)

    def shuffle(part: Any) -> Any:
        if isinstance(part, dict):
            items = [(key, shuffle(inner)) for key, inner in part.items()]
            chance.shuffle(items)
            return dict(items)
        return [shuffle(inner) for inner in part] if isinstance(part, list) else part

    return shuffle(value)


NAMES = st.sampled_from(["id", "type", "price", "items", "user", "a-b", "class", "größe", "x.y", "", "_1", "children", "None"])
COUNTS = st.integers(1, 50).map(lambda count: {"x-wsobserve-count": count})
LEAVES: st.SearchStrategy[Schema] = st.one_of(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "integer"},
            {"type": "number"},
            {"type": "boolean"},
            {"type": "null"},
            {"type": ["null", "string"]},
            {"type": ["boolean", "integer"]},
            {"type": "integer", "minimum": -3, "maximum": 9},
            {"type": "number", "minimum": 0.5},
            {"type": "string", "pattern": "^[a-z]{2}$"},
            {"type": "string", "minLength": 1, "maxLength": 4},
            {"type": "string", "format": "uuid"},
            {"type": "string", "format": "date-time"},
            {"const": "message", "type": "string"},
            {"const": 1, "type": "integer"},
            {"const": True},
            {"enum": ["up", "down", None]},
            {"type": "integer", "enum": [1, 2, 5]},
            {"type": "array"},
            {"type": "object"},
            {"x-wsobserve-truncated": True},
        ]
    ),
)


def _wider(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    @st.composite
    def records(draw: st.DrawFn) -> Schema:
        properties = draw(st.dictionaries(NAMES, inner, min_size=1, max_size=4))
        names = sorted(properties)
        required = [name for name in names if draw(st.booleans())]
        made: Schema = {"type": "object", "properties": properties}
        made |= {"required": required} if required else {}
        return made | draw(st.sampled_from([{}, {"additionalProperties": False}]))

    return st.one_of(
        records(),
        inner.map(lambda items: {"type": "array", "items": items}),
        inner.map(lambda values: {"type": "object", "additionalProperties": values}),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: {"anyOf": parts}),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda parts: {
                "type": "array",
                "prefixItems": parts,
                "items": False,
                "minItems": len(parts),
                "maxItems": len(parts),
            }
        ),
    )


SCHEMAS: st.SearchStrategy[Schema] = st.recursive(LEAVES, _wider, max_leaves=12)


@st.composite
def counted(draw: st.DrawFn, schema: st.SearchStrategy[Schema] = SCHEMAS) -> Schema:
    """With counts, as inference writes them."""

    def count(part: Any) -> Any:
        if isinstance(part, list):
            return [count(inner) for inner in part]
        if not isinstance(part, dict):
            return part
        return {
            key: {name: count(inner) for name, inner in value.items()} if key == "properties" else count(value)
            for key, value in part.items()
        } | draw(COUNTS)

    made: Schema = count(draw(schema))
    return made


@st.composite
def kind_lists(draw: st.DrawFn) -> list[MessageKind]:
    """Kinds that share structures now and then."""
    parts = draw(st.lists(counted(), min_size=1, max_size=3))
    made = []
    for number in range(draw(st.integers(1, 4))):
        names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
        properties = {name: draw(st.sampled_from(parts)) for name in names}
        schema: Schema = {
            "type": "object",
            "properties": properties,
            "required": sorted(names),
            "x-wsobserve-count": number + 1,
        }
        made.append(kind(f"chat.server.kind{number}-{number:06x}", schema, name=f"kind{number}"))
    return made


TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), TEXTS, st.lists(st.integers(), max_size=2)
)
OF_FORMAT = {
    "uuid": st.uuids().map(str),
    "date-time": st.sampled_from(["2026-11-28T09:00:00Z", "2026-11-28t09:00:00.123456789+02:00", "2016-12-31T23:59:60Z"]),
}


def messages_of(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that a schema without references accepts."""
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([messages_of(part) for part in schema["anyOf"]])
    types = schema.get("type", ())
    if not types:
        return ANYTHING
    return st.one_of([_of_type(name, schema) for name in ([types] if isinstance(types, str) else types)])


def _of_type(name: str, schema: Schema) -> st.SearchStrategy[Any]:
    match name:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum", -(10**6)), schema.get("maximum", 10**18))
        case "number":
            return st.floats(schema.get("minimum"), allow_nan=False, allow_infinity=False) | st.integers(1, 9)
        case "array":
            return _arrays(schema)
        case "object":
            return _objects(schema)
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].rstrip("$") + r"\Z")
    if "format" in schema:
        return OF_FORMAT[schema["format"]]
    if "maxLength" in schema:
        return st.text(st.characters(codec="utf-8"), min_size=schema.get("minLength", 0), max_size=schema["maxLength"])
    return TEXTS


def _arrays(schema: Schema) -> st.SearchStrategy[Any]:
    if "prefixItems" in schema:
        return st.tuples(*[messages_of(part) for part in schema["prefixItems"]]).map(list)
    return st.lists(messages_of(schema.get("items", {})), max_size=3)


def _objects(schema: Schema) -> st.SearchStrategy[Any]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    required = set(schema.get("required", ()))
    known = st.fixed_dictionaries(
        {name: messages_of(properties[name]) for name in properties if name in required},
        optional={name: messages_of(properties[name]) for name in properties if name not in required},
    )
    if others is False:
        return known
    more = st.dictionaries(TEXTS.filter(lambda name: name not in properties), messages_of(others), max_size=2)
    return st.tuples(more, known).map(lambda pair: pair[0] | pair[1])
