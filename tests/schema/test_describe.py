"""Schemas of values: each constraint has its evidence, and everything that was seen is accepted."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.schema.describe import DEEPEST, Describer, constants_of
from wsobserve.schema.habits import Habits
from wsobserve.schema.kind_tree import Leaf
from wsobserve.schema.seen import Seen

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")  # it publishes no types


def seen(values: Sequence[object]) -> list[Seen]:
    return [Seen(value, time_ns=order) for order, value in enumerate(values)]


def document(values: Sequence[Seen]) -> dict[str, Any]:
    """With the definitions of what is recursive."""
    describer = Describer()
    schema = describer.describe(values)
    return schema | {"$defs": describer.definitions} if describer.definitions else schema


def described(values: Sequence[object]) -> dict[str, Any]:
    found: dict[str, Any] = plain(document(seen(values)))
    return found


def plain(schema: Any) -> Any:
    """Without annotations."""
    if isinstance(schema, dict):
        return {key: plain(value) for key, value in schema.items() if not key.startswith("x-wsobserve-")}
    return [plain(value) for value in schema] if isinstance(schema, list) else schema


def accepts(schema: dict[str, Any]) -> Callable[[object], bool]:
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    accept: Callable[[object], bool] = validator.is_valid
    return accept


def test_a_record_is_closed_and_its_properties_required_when_seen_often() -> None:
    schema = described([{"id": 7, "name": f"name {number % 3}"} for number in range(200)])
    assert schema["type"] == "object"
    assert schema["required"] == ["id", "name"]
    assert schema["additionalProperties"] is False
    assert list(schema["properties"]) == ["id", "name"]


def test_a_property_that_comes_and_goes_is_optional_and_its_share_is_said() -> None:
    schema = Describer().describe(seen([{"id": 5} | ({"note": 7} if number % 4 == 0 else {}) for number in range(200)]))
    assert schema["required"] == ["id"]
    assert schema["properties"]["note"]["x-wsobserve-presence"] == 0.25
    assert "x-wsobserve-presence" not in schema["properties"]["id"]
    assert (schema["x-wsobserve-count"], schema["properties"]["note"]["x-wsobserve-count"]) == (200, 50)


def test_what_is_not_quite_always_there_does_not_read_as_always() -> None:
    schema = Describer().describe([Seen({"id": 5, "note": 7}, times=99_999, weight=99_999.0), Seen({"id": 5})])
    assert schema["properties"]["note"]["x-wsobserve-presence"] == 0.9999
    assert schema["required"] == ["id"]


def test_one_record_is_not_closed() -> None:
    assert "additionalProperties" not in described([{"id": 5, "name": "x"}])


def test_records_are_left_open_while_new_properties_keep_coming() -> None:
    values = [{"id": 5} | ({f"extra{chr(97 + number)}": [number]} if number < 12 else {}) for number in range(40)]
    assert described(values).get("additionalProperties") is not False


def test_siblings_that_were_seen_often_say_how_the_rare_ones_are() -> None:
    often = Describer()
    often.describe(seen([{f"p{letter}": 1 for letter in "abcdefgh"}] * 200))
    rare = [Seen({"x": 1, "y": "text"}, times=4, weight=4.0)]
    assert Describer(often.noted).describe(rare)["required"] == ["x", "y"]
    changing = Habits()
    changing.note(500, 40, 2)
    assert "required" not in Describer(changing).describe(rare)


def test_keys_that_name_things_make_a_map() -> None:
    schema = described([{str(number): {"age": 5}, str(number + 1): {"age": 6}} for number in range(100)])
    assert "properties" not in schema
    assert schema["additionalProperties"]["properties"]["age"]["type"] == "integer"


def test_an_object_of_any_form_says_so_by_saying_nothing() -> None:
    chance = random.Random(5)
    values: list[object] = [
        {"".join(chance.choices("abcdefghij", k=8)): chance.choice([1, "x", [1], {"a": 1}, None]) for _ in range(3)}
        for _ in range(60)
    ]
    assert described(values) == {"type": "object"}


def test_an_array_of_values_alike_is_a_list() -> None:
    assert described([[1], [1, 2, 3], [], [4, 5]]) == {"type": "array", "items": {"type": "integer"}}


def test_an_array_whose_positions_differ_is_a_tuple() -> None:
    schema = described([["price", number, True] for number in range(40)])
    assert [each["type"] for each in schema["prefixItems"]] == ["string", "integer", "boolean"]
    assert (schema["minItems"], schema["items"]) == (3, False)


def test_arrays_that_are_always_empty_stay_so_when_seen_often() -> None:
    assert described([[]]) == {"type": "array"}
    assert described([[]] * 100) == {"type": "array", "maxItems": 0}


def test_objects_of_several_kinds_inside_of_a_message_are_told_apart() -> None:
    values = [
        {"block": {"type": "text", "text": f"t{number}"} if number % 2 else {"type": "image", "url": [number], "width": 5}}
        for number in range(100)
    ]
    accept = accepts(described(values))
    assert all(accept(value) for value in values)
    assert not accept({"block": {"type": "text", "url": [1], "width": 5}})
    assert not accept({"block": {"text": "t", "type": "video"}})


def test_where_types_are_mixed_a_few_times_others_may_follow() -> None:
    accept = accepts(described([1, "x"]))
    assert all(accept(value) for value in (2, "y", True, None))
    assert all(map(accepts(described([{"a": 1}, "x"])), ({"a": 1}, "x")))


def test_types_that_are_mixed_often_are_those() -> None:
    assert described([1, "one thing", 3, "or another"] * 50)["type"] == ["integer", "string"]


def test_a_null_beside_a_type_is_that_type_or_null() -> None:
    assert described([None, 5])["type"] == ["integer", "null"]
    schema = described([None, "buy", "sell"] * 50)
    assert schema == {"type": ["null", "string"], "enum": [None, "buy", "sell"]}


def test_members_of_an_enumeration_do_not_refuse_what_is_no_text() -> None:
    values: list[object] = ["buy", "sell", {"side": 1}] * 50
    accept = accepts(described(values))
    assert all(accept(value) for value in values)
    assert not accept("hold")


def test_bytes_are_texts_with_an_encoding() -> None:
    assert described([b"\x00\x01"]) == {"type": "string", "contentEncoding": "base64"}


def test_a_constant_stands_for_its_place_however_seldom_it_was_seen() -> None:
    schema = plain(Describer().describe([Seen({"type": "join", "d": {"op": 1}})], {("type",): "join", ("d", "op"): 1}))
    assert schema["properties"]["type"] == {"const": "join"}
    assert schema["properties"]["d"]["properties"]["op"] == {"const": 1}
    assert schema["required"][-1] == "type"


def test_the_constants_of_a_leaf_are_its_values_and_no_types() -> None:
    leaf = Leaf(0, ((("type",), ("value", "join")), (("data",), ("type", 4)), (("op",), ("value", 0))))
    assert constants_of(leaf) == {("type",): "join", ("op",): 0}


def test_what_holds_more_of_its_kind_is_described_once() -> None:
    values = [{"name": "x", "inner": {"name": "y", "inner": {"name": "z", "inner": None}}} for _ in range(60)]
    schema = described(values)
    assert len(schema["$defs"]) == 1
    accept = accepts(schema)
    assert accept(values[0])
    assert accept({"name": "x", "inner": values[0]})  # a level more than was seen


def test_what_is_nested_too_deep_is_not_constrained() -> None:
    deep: object = 1
    for level in range(DEEPEST + 5):
        deep = {f"a{chr(97 + level % 26)}{level % 5}": [deep]}
    schema = document([Seen(deep)])
    assert "x-wsobserve-truncated" in json.dumps(schema)
    assert accepts(schema)(deep)


def test_records_of_a_service_are_accepted_and_what_breaks_them_is_not() -> None:
    chance = random.Random(7)
    orders: list[object] = [
        {
            "id": f"{chance.getrandbits(64):016x}",
            "side": chance.choice(["buy", "sell"]),
            "price": f"{chance.randrange(1, 9_999)}.{chance.randrange(100):02}",
            "amount": chance.randrange(1, 500),
            "placed": datetime.fromtimestamp(1_700_000_000 + number * 61, UTC).isoformat(),
            "client": {"name": chance.choice(["web", "ios", "android"]), "build": chance.randrange(40)},
            "fills": [[chance.randrange(100), chance.random()] for _ in range(chance.randrange(4))],
        }
        | ({"note": f"note {number}"} if chance.random() < 0.3 else {})
        for number in range(400)
    ]
    schema = described(orders)
    accept = accepts(schema)
    assert all(accept(order) for order in orders)
    assert schema["properties"]["side"]["enum"] == ["buy", "sell"]
    assert schema["properties"]["placed"]["format"] == "date-time"
    order: dict[str, Any] = orders[0]  # type: ignore[assignment]  # they are records
    changes: tuple[dict[str, object], ...] = (
        {"side": "hold"},
        {"side": None},
        {"amount": "1"},
        {"amount": 1.5},
        {"more": 1},
        {"client": {}},
        {"fills": [5]},
    )
    for broken in changes:
        assert not accept(order | broken), broken
    for key in ("id", "side", "placed", "client"):
        assert not accept({name: value for name, value in order.items() if name != key}), key


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["buy", "sell", "x", "", "2024-02-29", "10.0.0.1", "12"])
    | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["type", "a", "b", "1", "22", "/x/y"]), inner, max_size=5)
    ),
    max_leaves=12,
)
# Some values come again and again, so that there is evidence for constraints.
REPEATED = st.lists(st.tuples(VALUES, st.integers(1, 30)), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(REPEATED, st.randoms(use_true_random=False))
def test_every_value_that_was_described_is_accepted(values: list[tuple[object, int]], chance: random.Random) -> None:
    several = [value for value, times in values for _ in range(times)]
    chance.shuffle(several)
    schema = document(seen(several))
    jsonschema.Draft202012Validator.check_schema(schema)
    accept = accepts(schema)
    for value, _ in values:
        assert accept(value)


@settings(max_examples=40, deadline=None)
@given(REPEATED)
def test_a_value_that_came_many_times_is_described_like_many_values(values: list[tuple[object, int]]) -> None:
    schema = document([Seen(value, times, float(times), order) for order, (value, times) in enumerate(values)])
    accept = accepts(schema)
    assert all(accept(value) for value, _ in values)
    json.dumps(schema, allow_nan=False)
