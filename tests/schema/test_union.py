"""The union of two schemas holds for the messages behind both, and adds nothing that neither of them says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.config import DEFAULT_LIMITS
from wsobserve.schema.constraining import digest
from wsobserve.schema.describe import Describer
from wsobserve.schema.render import json_schema
from wsobserve.schema.seen import Seen
from wsobserve.schema.shape import Shape, Walk
from wsobserve.schema.union import MOST_MEMBERS, union

Schema = dict[str, Any]
jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed: pip install jsonschema")


def accepts(schema: Schema, message: object) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(message))


def of_shape(messages: list[Any]) -> Schema:
    shape = Shape()
    for message in messages:
        shape.add(message, Walk(DEFAULT_LIMITS))
    return json_schema(shape, "message")


def of_values(messages: list[Any]) -> Schema:
    describer = Describer()
    schema = describer.describe([Seen(message) for message in messages])
    return {**schema, "$defs": describer.definitions} if describer.definitions else schema


def record(required: str = "", others: Any = None, **fields: Any) -> Schema:
    schema: Schema = {"type": "object", "properties": fields}
    if required:
        schema["required"] = required.split()
    if others is not None:
        schema["additionalProperties"] = others
    return schema


TEXT, WHOLE, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
UUID = {"type": "string", "format": "uuid"}
TEXT_MEMBERS = {"type": "string", "enum": ["a", "b"]}
TUPLE = {"type": "array", "prefixItems": [TEXT, WHOLE], "items": False, "minItems": 2, "maxItems": 2}


@pytest.mark.parametrize(
    ("known", "seen", "expected"),
    [
        (TEXT, {"type": "null"}, {"type": ["null", "string"]}),
        (WHOLE, NUMBER, NUMBER),
        (NUMBER, WHOLE, NUMBER),
        ({"const": "a"}, {"const": "b"}, TEXT_MEMBERS),
        (TEXT_MEMBERS, {"type": "string", "enum": ["c"]}, {"type": "string", "enum": ["a", "b", "c"]}),
        (
            TEXT_MEMBERS,
            {"type": ["null", "string"], "enum": ["a", None]},
            {"type": ["null", "string"], "enum": [None, "a", "b"]},
        ),
        ({"type": "string", "maxLength": 9}, {"type": "string", "maxLength": 20}, {"type": "string", "maxLength": 20}),
        ({"type": "integer", "maximum": 9}, {"type": "integer", "maximum": 20}, {"type": "integer", "maximum": 20}),
        ({"type": "integer", "minimum": 5}, {"type": "integer", "enum": [3, 7]}, {"type": "integer", "minimum": 3}),
        (record("a", a=TEXT), record("a", a=TEXT, b=WHOLE), record("a", a=TEXT, b=WHOLE)),
        (record("a b", a=TEXT, b=TEXT), record("a", a=TEXT), record("a", a=TEXT, b=TEXT)),
        (record("a", False, a=TEXT), record("b", False, b=TEXT), record("", False, a=TEXT, b=TEXT)),
        (
            {"type": "array", "items": TEXT},
            {"type": "array", "items": WHOLE},
            {"type": "array", "items": {"type": ["integer", "string"]}},
        ),
        ({"type": "array", "items": TEXT}, {"type": "array"}, {"type": "array", "items": TEXT}),
        (
            {"type": "object", "additionalProperties": WHOLE},
            record("k", k=WHOLE),
            {"type": "object", "additionalProperties": WHOLE},
        ),
        (
            {"type": "object", "additionalProperties": WHOLE},
            record("k", k=TEXT),
            {"type": "object", "additionalProperties": WHOLE, "properties": {"k": {"type": ["integer", "string"]}}},
        ),
        (
            TUPLE,
            {"type": "array", "prefixItems": [TEXT, TEXT], "items": False, "minItems": 2, "maxItems": 2},
            {**TUPLE, "prefixItems": [TEXT, {"type": ["integer", "string"]}]},
        ),
        (
            TUPLE,
            {"type": "array", "prefixItems": [TEXT], "items": False, "minItems": 1, "maxItems": 1},
            {"type": "array", "items": {"type": ["integer", "string"]}, "minItems": 1, "maxItems": 2},
        ),
    ],
)
def test_what_was_seen_is_added(known: Schema, seen: Schema, expected: Schema) -> None:
    for sure in (True, False):
        assert digest(union(known, seen, sure=sure)) == digest(expected), union(known, seen, sure=sure)


@pytest.mark.parametrize(
    ("known", "silent", "unsaid"),
    [
        (TEXT_MEMBERS, TEXT, TEXT),
        (UUID, TEXT, TEXT),
        ({"type": "integer", "minimum": 0, "maximum": 9}, WHOLE, WHOLE),
        (record("a", False, a=TEXT), record("a", a=TEXT), record("a", a=TEXT)),
        (
            TUPLE,
            {"type": "array", "items": {"type": ["integer", "string"]}},
            {"type": "array", "items": {"type": ["integer", "string"]}},
        ),
    ],
)
def test_silence_counts_from_sure_messages_only(known: Schema, silent: Schema, unsaid: Schema) -> None:
    assert digest(union(known, silent, sure=False)) == digest(known)
    assert digest(union(known, silent, sure=True)) == digest(unsaid)


def whole(minimum: int, maximum: int) -> Schema:
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


@pytest.mark.parametrize(
    ("known", "seen", "expected"),
    [
        (whole(0, 150), whole(0, 225), whole(0, 150)),  # 150 was the highest that was seen
        (whole(0, 150), whole(0, 228), whole(0, 228)),  # 152 was
        (whole(100, 200), whole(100, 230), whole(100, 200)),  # 197.5
        (whole(100, 200), whole(100, 240), whole(100, 240)),  # 205
        (whole(100, 200), whole(60, 200), whole(60, 200)),  # 95
        (whole(100, 200), whole(120, 180), whole(100, 200)),
    ],
)
def test_a_bound_is_an_estimate_and_widened_only_when_something_was_seen_beyond(
    known: Schema, seen: Schema, expected: Schema
) -> None:
    for sure in (True, False):
        assert union(known, seen, sure=sure) == expected


def test_of_a_few_messages_of_mixed_types_only_what_is_known_was_observed() -> None:
    known = {"type": ["integer", "string"]}
    any_scalar = {"type": ["boolean", "integer", "null", "string"]}
    assert union(known, any_scalar, sure=False) == known
    assert union(known, any_scalar, sure=True) == any_scalar
    assert union(TEXT, any_scalar, sure=False) == any_scalar, "one type more at least, and nobody knows which"
    assert union(known, {"type": ["boolean", "integer"]}, sure=False) == {"type": ["boolean", "integer", "string"]}


def test_a_contradiction_counts_from_few_messages_too() -> None:
    assert digest(union(UUID, {"type": "string", "format": "ipv4"}, sure=False)) == digest(TEXT)
    tuple_of_others = union(TUPLE, {"type": "array", "items": {"type": "null"}}, sure=False)
    assert accepts(tuple_of_others, [None])
    assert accepts(tuple_of_others, ["x", 1])


def test_a_field_that_was_always_there_stays_required_though_few_messages_do_not_say_so() -> None:
    known = record("a", a=TEXT)
    always, sometimes = record(a=TEXT), record(a={**TEXT, "x-wsobserve-presence": 0.5})
    assert union(known, always, sure=False)["required"] == ["a"]
    assert "required" not in union(known, sometimes, sure=False)
    assert "required" not in union(known, record(b=TEXT), sure=False)


def test_what_was_truncated_may_have_been_anything() -> None:
    cut = {"type": "object", "x-wsobserve-truncated": True}
    for sure in (True, False):
        united = union(record("a", False, a=TEXT), cut, sure=sure)
        assert accepts(united, {"a": 1, "z": 2})
        assert accepts(union(cut, record("a", False, a=TEXT), sure=sure), {"a": 1, "z": 2})


def test_records_told_apart_by_a_constant_stay_apart() -> None:
    join = record("t", False, t={"const": "join"}, room=TEXT)
    leave = record("t", False, t={"const": "leave"}, code=WHOLE)
    known = {"anyOf": [join, leave]}
    late = record("t late", False, t={"const": "leave"}, code=WHOLE, late={"type": "boolean"})
    united = union(known, late)
    assert accepts(united, {"t": "leave", "late": True})
    assert not accepts(united, {"t": "join", "code": 1})
    another = union(known, record("t", False, t={"const": "kick"}, by=TEXT))
    assert len(another["anyOf"]) == 3


def test_what_cannot_be_taken_apart_stays_whole() -> None:
    tree = {
        "type": "object",
        "properties": {"child": {"$ref": "#/$defs/node"}},
        "$defs": {"node": {"type": "object", "properties": {"child": {"$ref": "#/$defs/node"}}, "additionalProperties": False}},
    }
    assert digest(union(tree, tree)) == digest(tree)
    longer = {**tree, "$defs": {"node": record("", False, child={"$ref": "#/$defs/node"}, name=TEXT)}}
    united = union(tree, longer)
    assert accepts(united, {"child": {"child": {"name": "x"}}})
    assert not accepts(united, {"child": {"child": {"name": 1}}})


def test_an_enumeration_that_grows_beyond_a_limit_is_none() -> None:
    many = {"type": "integer", "enum": list(range(MOST_MEMBERS))}
    assert digest(union(many, {"const": MOST_MEMBERS, "type": "integer"})) == digest(WHOLE)


def test_deep_schemas_take_no_long_time() -> None:
    one: Schema = TEXT
    other: Schema = WHOLE
    for _ in range(30):
        one = {"anyOf": [record("t", t={"const": "a"}, inner=one), {"type": "array", "items": one}, {"type": "null"}]}
        other = {"anyOf": [record("t", t={"const": "a"}, inner=other), {"type": "array", "items": other}, {"type": "null"}]}
        if len(str(one)) > 200_000:
            break
    assert union(one, other)


MESSAGES = st.lists(
    st.recursive(
        st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, "a", "b", "2024-01-01"]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=12,
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(MESSAGES, MESSAGES)
def test_it_holds_for_every_message_behind_two_shapes(ours: list[Any], theirs: list[Any]) -> None:
    known, seen = of_shape(ours), of_shape(theirs)
    for message in [*ours, *theirs]:
        assert accepts(union(known, seen), message)
    for message in ours:
        assert accepts(union(known, seen, sure=False), message)


@settings(max_examples=200, deadline=None)
@given(MESSAGES, MESSAGES, st.integers(1, 40))
def test_it_holds_for_every_message_behind_two_descriptions(ours: list[Any], theirs: list[Any], times: int) -> None:
    known, seen = of_values(ours * times), of_values(theirs * times)
    united = union(known, seen)
    for message in [*ours, *theirs]:
        assert accepts(united, message)
    for message in ours:
        assert accepts(union(known, seen, sure=False), message)


def schemas(*, bounded: bool = True) -> st.SearchStrategy[Schema]:
    numbers = (
        st.just(WHOLE)
        if not bounded
        else st.builds(
            lambda low, width: {"type": "integer", "minimum": low, "maximum": low + width},
            st.integers(-3, 3),
            st.integers(0, 3),
        )
    )
    members = st.lists(st.sampled_from(["a", "b", "c", 1, None]), min_size=1, max_size=3, unique=True).map(
        lambda found: {"enum": found}
    )
    texts = st.sampled_from([TEXT, UUID, {"type": "string", "maxLength": 1}, {"type": "string", "pattern": "^a"}])
    simple = st.one_of(numbers, members, texts, st.sampled_from([NUMBER, {"type": "null"}, {"type": ["boolean", "string"]}]))

    def larger(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
        closed = st.builds(
            lambda fields, required, others: {
                "type": "object",
                "properties": fields,
                "required": sorted(required & fields.keys()),
                "additionalProperties": others,
            },
            st.dictionaries(st.sampled_from("abt"), inner, max_size=3),
            st.sets(st.sampled_from("abt")),
            st.just(False) | inner,
        )
        lists = st.builds(lambda items: {"type": "array", "items": items}, inner)
        tuples = st.builds(
            lambda parts: {
                "type": "array",
                "prefixItems": parts,
                "items": False,
                "minItems": len(parts),
                "maxItems": len(parts),
            },
            st.lists(inner, min_size=1, max_size=2),
        )
        return closed | lists | tuples | st.lists(inner, min_size=2, max_size=3).map(lambda parts: {"anyOf": parts})

    return st.recursive(simple, larger, max_leaves=6)


VALUES = st.recursive(
    st.sampled_from([None, True, 0, 1, 5, -2, 0.5, "a", "b", "abc", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abt"), inner, max_size=2),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(schemas(bounded=False), schemas(bounded=False), st.lists(VALUES, min_size=5, max_size=20))
def test_it_accepts_what_either_accepts(known: Schema, seen: Schema, values: list[Any]) -> None:
    united = union(known, seen)
    for value in values:
        if accepts(known, value) or accepts(seen, value):
            assert accepts(united, value)


@settings(max_examples=300, deadline=None)
@given(schemas(), schemas(), st.booleans())
def test_once_added_is_never_news_again(known: Schema, seen: Schema, sure: bool) -> None:
    united = union(known, seen, sure=sure)
    assert digest(union(united, united)) == digest(united)
    assert digest(union(united, known, sure=sure)) == digest(united)
    assert digest(union(united, seen, sure=sure)) == digest(united)


@settings(max_examples=150, deadline=None)
@given(schemas(), st.booleans(), st.lists(VALUES, min_size=5, max_size=20))
def test_of_a_schema_and_itself_it_is_the_same_schema(schema: Schema, sure: bool, values: list[Any]) -> None:
    same = union(schema, schema, sure=sure)
    assert digest(union(same, schema, sure=sure)) == digest(same)
    for value in values:
        assert accepts(same, value) or not accepts(schema, value)


def test_the_same_two_give_the_same_text() -> None:
    known, seen = record("a b", b=TEXT, a=WHOLE), record("c", c=TEXT_MEMBERS)
    assert str(union(known, seen)) == str(union(dict(reversed(known.items())), seen))
