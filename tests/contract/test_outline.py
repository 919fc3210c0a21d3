"""What a schema names, and what of it traffic has shown."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.contract.outline import Outline, OutlineMaker, Unseen, unseen_names
from wsobserve.contract.sources import Sources
from wsobserve.contract.terms import Dialect, Schema

A = "file:///agreed/a.json"


def outline(schema: Any, most: int = 4096, dialect: Dialect = "2020-12") -> Outline:
    return OutlineMaker(Sources({A: schema}), most).outline([Schema(f"{A}#", dialect)])


def unseen(schema: Any, *values: Any) -> list[tuple[str, str | None]]:
    made = outline(schema)
    seen: set[int] = set()
    waiting = Unseen(made, seen)
    for value in values:
        waiting.look(value, seen)
    assert waiting.left() == bool(list(unseen_names(made, seen)))
    return list(unseen_names(made, seen))


RECORD = {"properties": {"a": {"enum": ["x", "y"]}, "b": {"properties": {"c": {}}}}}


def test_properties_and_members_are_named_by_path() -> None:
    assert unseen(RECORD) == [("/a", None), ("/b", None)]  # what is inside of something unseen is not told
    assert unseen(RECORD, {"a": "x", "b": {}}) == [("/a", '"y"'), ("/b/c", None)]
    assert unseen(RECORD, {"a": "x"}, {"b": {"c": 1}}, {"a": "y"}) == []
    assert outline(RECORD).counts() == (3, 2)


def test_lists_maps_and_tuples_are_looked_into() -> None:
    schema = {
        "properties": {
            "list": {"items": RECORD},
            "map": {"additionalProperties": RECORD},
            "tuple": {"prefixItems": [RECORD, {}], "items": {"const": 0}},
        }
    }
    full = {"a": "x", "b": {"c": 1}}
    assert unseen(schema, {"list": [full], "map": {"k": full}, "tuple": [full, 1, 2]}) == [
        ("/list/*/a", '"y"'),
        ("/map/*/a", '"y"'),
        ("/tuple/0/a", '"y"'),
        ("/tuple/*", "0"),
    ]
    y = {"a": "y"}
    assert unseen(schema, {"list": [full, y], "map": {"k": full, "l": y}, "tuple": [full, 1, 0]}, {"tuple": [y]}) == []


def test_what_alternatives_name_is_joined() -> None:
    schema = {"oneOf": [{"properties": {"t": {"const": 1}, "x": {}}}, {"properties": {"t": {"const": 2}, "y": {}}}]}
    assert unseen(schema, {"t": 1}) == [("/t", "2"), ("/x", None), ("/y", None)]
    # A list that may be a tuple, too: its elements may be anywhere.
    either = {"anyOf": [{"items": {"properties": {"k": {}}}}, {"prefixItems": [{"type": "string"}]}]}
    assert unseen(either, [{"k": 1}]) == []


def test_a_truth_value_is_not_the_number_one() -> None:
    assert unseen({"enum": [1, True]}, 1) == [("", "true")]


def test_keys_that_have_a_place_are_not_among_the_others() -> None:
    schema = {"properties": {"own": {}}, "additionalProperties": {"const": 1}}
    assert unseen(schema, {"own": 1}) == [("/*", "1")]
    assert unseen(schema, {"own": 2, "k": 1}) == []


def test_a_schema_of_itself_is_named_once() -> None:
    tree: Any = {"properties": {"value": {}, "children": {"items": {"$ref": "#"}}}}
    assert outline(tree).counts() == (4, 0)  # at the top, and in a child
    deep = {"value": 1, "children": [{"value": 1, "children": [{"value": 1}]}]}
    assert unseen(tree, deep) == []


def test_what_is_too_much_is_counted() -> None:
    maker = OutlineMaker(Sources({A: {"properties": {str(number): {} for number in range(10)}}}), 4)
    made = maker.outline([Schema(f"{A}#", "2020-12")])
    assert (made.counts(), maker.left_out) == ((4, 0), 6)


def test_alternatives_without_end_are_given_up() -> None:
    schema: Any = {"$defs": {str(n): {"anyOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(30)}, "$ref": "#/$defs/0"}
    schema["$defs"]["30"] = {"properties": {"x": {}}}
    maker = OutlineMaker(Sources({A: schema}), 10)
    maker.outline([Schema(f"{A}#", "2020-12")])
    assert maker.left_out > 0


def test_a_key_is_shown_only_when_the_schema_names_it() -> None:
    made = outline({"properties": {"a/b": {"additionalProperties": {}}}, "prefixItems": [{}]})
    token, inner = made.inner("a/b")
    assert token == "a~1b"
    assert inner is not None
    assert inner.inner("somebody")[0] == "*"
    assert made.inner("somebody")[0] == "*"
    assert (made.inner(0)[0], made.inner(5)[0]) == ("0", "*")


VALUES = st.fixed_dictionaries(
    {}, optional={"a": st.sampled_from(["x", "y", "z"]), "b": st.fixed_dictionaries({}, optional={"c": st.none()})}
)


@given(st.lists(VALUES, max_size=6), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(values: list[Any], chance: Any) -> None:
    shuffled = list(values)
    chance.shuffle(shuffled)
    assert unseen(RECORD, *values) == unseen(RECORD, *shuffled)
