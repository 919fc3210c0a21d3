"""Schemas as the types of a programming language, which reject nothing that the schema accepts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.publish.kinds import kind, record
from wsobserve.publish.type_tree import (
    Constants,
    Declarations,
    Field,
    Fields,
    ListOf,
    MapOf,
    Named,
    OneOf,
    Positions,
    Scalar,
    Type,
    Unknown,
    declared_types,
    discriminator,
    parts,
    type_of,
    without_null,
)

STRING, NULL = {"type": "string"}, {"type": "null"}
TEXT, NOTHING = Scalar("string", STRING), Scalar("null", {})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, Unknown()),
        ({"properties": {"a": STRING}}, Unknown()),
        (STRING, TEXT),
        ({"type": ["null", "string"]}, OneOf((Scalar("string", {"type": ["null", "string"]}), NOTHING))),
        ({"anyOf": [NULL, {"anyOf": [STRING, NULL]}]}, OneOf((TEXT, NOTHING))),
        ({"anyOf": [STRING, {}]}, Unknown()),
        ({"anyOf": [STRING, STRING]}, TEXT),
        ({"const": 1}, Constants((1,))),
        ({"enum": ["a", None]}, Constants(("a", None))),
        ({"$ref": "#/$defs/A"}, Named("A")),
        ({"type": "object"}, MapOf(Unknown())),
        ({"type": "object", "additionalProperties": STRING}, MapOf(TEXT)),
        ({"type": "object", "additionalProperties": False}, Fields((), None)),
        ({"type": "object", "required": ["a"]}, Fields((Field("a", Unknown(), True, {}),), Unknown())),
        (record(a=STRING), Fields((Field("a", TEXT, False, STRING),), None)),
        ({"type": "array"}, ListOf(Unknown())),
        ({"type": "array", "items": STRING, "minItems": 1, "maxItems": 3}, ListOf(TEXT, 1, 3)),
        ({"type": "array", "items": False}, ListOf(Unknown(), None, 0)),
        ({"type": "array", "prefixItems": [STRING, NULL], "items": False}, Positions((TEXT, NOTHING), 0)),
        ({"type": "array", "prefixItems": [STRING], "minItems": 1}, Positions((TEXT,), 1, Unknown())),
        ({"type": "array", "prefixItems": [STRING, NULL], "minItems": 1, "maxItems": 1}, Positions((TEXT,), 1)),
    ],
)
def test_the_type_of_a_schema(schema: dict[str, Any], expected: Type) -> None:
    assert type_of(schema, str) == expected


def test_kinds_and_parts_have_names_that_are_free() -> None:
    user = record("id name", id=STRING, name=STRING)
    kinds = [
        kind("a", record("user", user=user), name="user", channel="/x", direction="client_to_server"),
        kind("b", record("user", user=user), name="user", channel="/x"),
        kind("c", record("user", user=user), name="user", channel="/y"),
        kind("d", NULL, name=None, channel="/y"),
        kind("e", NULL, name="taken", channel="/y"),
    ]
    made = declared_types(kinds, ["taken"])
    assert list(made.all) == ["User", "ClientUser", "XServerUser", "YUser", "YMessage", "ServerTaken"]
    assert made.channels == {"/x": ["ClientUser", "XServerUser"], "/y": ["YUser", "YMessage", "ServerTaken"]}
    assert len({name.lower() for name in (*made.all, *made.unions.values(), "taken")}) == len(made.all) + len(made.unions) + 1
    assert all(isinstance(made.behind(Named(name)), Fields | Scalar) for name in made.all)


def variant(value: object, **more: Any) -> Type:
    return type_of(record("type", type={"const": value}, **more), str)


NONE = Declarations({}, {}, {})


def test_what_tells_options_apart() -> None:
    assert discriminator([variant("a"), variant("b")], NONE) == "type"
    assert discriminator([variant(1), variant("1")], NONE) == "type"
    assert discriminator([variant("a", e={"const": 1}), variant("b", e={"const": 2})], NONE) == "type"
    optional = type_of(record(type={"const": "b"}), str)
    for second in (variant("a"), optional, TEXT, variant(1.5), variant(None)):
        assert discriminator([variant("a"), second], NONE) is None, second
    assert discriminator([variant("a")], NONE) is None


def test_the_types_inside() -> None:
    fields = Fields((Field("a", TEXT, True, {}),), NOTHING)
    types: list[Type] = [fields, ListOf(TEXT), MapOf(TEXT), Positions((TEXT,), 1, NOTHING), OneOf((TEXT, NOTHING))]
    assert [[step for step, _ in parts(each)] for each in types] == [
        [("properties", "a"), ("additionalProperties", "")],
        [("items", "")],
        [("additionalProperties", "")],
        [("prefixItems", "0"), ("items", "")],
        [("anyOf", "0"), ("anyOf", "1")],
    ]
    assert without_null([TEXT, NOTHING]) == [TEXT]
