"""Recursion: objects that hold more of their own kind are told from those that just hold objects."""

from __future__ import annotations

from wsobserve.schema.recursion import DEEPEST, Recursion, all_levels, recursive_keys
from wsobserve.schema.seen import Seen


def tree(depth: int, width: int = 2) -> dict[str, object]:
    """Nodes with so many levels below them."""
    return {"name": "x", "size": depth, "children": [tree(depth - 1, width) for _ in range(width)] if depth else []}


def test_a_key_that_holds_objects_alike_is_recursive() -> None:
    assert recursive_keys([Seen(tree(2)), Seen(tree(1))]) == ["children"]
    chain = {"text": "a", "by": "x", "parent": {"text": "b", "by": "y", "parent": {"text": "c", "by": "z", "parent": None}}}
    assert recursive_keys([Seen(chain), Seen(chain)]) == ["parent"]


def test_a_key_that_holds_other_objects_is_not() -> None:
    order = {"id": 5, "side": "buy", "client": {"name": "x", "build": 7}}
    assert recursive_keys([Seen(order)] * 10) == []


def test_a_single_object_inside_proves_nothing() -> None:
    assert recursive_keys([Seen(tree(1, 1))]) == []


def test_objects_without_any_inside_are_not_recursive() -> None:
    assert recursive_keys([Seen({}), Seen({"a": 1, "b": []})]) == []


def test_all_levels_come_out_with_a_name_where_the_next_one_was() -> None:
    found = [each.value for each in all_levels([Seen(tree(2))], ["children"], "node")]
    assert len(found) == 1 + 2 + 4
    assert {"name": "x", "size": 2, "children": [Recursion("node")] * 2} in found
    assert found.count({"name": "x", "size": 0, "children": []}) == 4


def test_each_level_stands_for_as_many_messages_as_what_is_around_it() -> None:
    found = all_levels([Seen(tree(1), times=3, weight=7.0, time_ns=5)], ["children"], "node")
    assert {(each.times, each.weight, each.time_ns) for each in found} == {(3, 7.0, 5)}


def test_what_is_no_object_stays_where_it_is() -> None:
    [each] = all_levels([Seen({"children": [1, None], "name": "x"})], ["children"], "node")
    assert each.value == {"children": [1, None], "name": "x"}


def test_the_values_themselves_stay_as_they_were() -> None:
    value = tree(2)
    all_levels([Seen(value)], ["children"], "node")
    assert value == tree(2)


def test_what_is_nested_without_end_is_followed_to_some_depth() -> None:
    deep: dict[str, object] = {"name": "x", "children": []}
    for _ in range(3 * DEEPEST):
        deep = {"name": "x", "children": [deep]}
    assert len(all_levels([Seen(deep)], ["children"], "node")) == DEEPEST + 1
