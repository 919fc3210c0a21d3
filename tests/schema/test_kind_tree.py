"""The tree of kinds: what is asked of a value, and which leaf it comes to."""

from __future__ import annotations

import pytest

from wsobserve.schema.kind_tree import (
    ABSENT,
    ARRAY,
    DIRECTION,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    Leaf,
    Split,
    coarse_type,
    leaf_of,
    leaves_of,
)

JOIN = Leaf(0, ((("type",), ("value", "join")),))
SAY = Leaf(1, ((("type",), ("value", "say")),))
UNTAGGED = Leaf(2, ((("type",), ("type", ABSENT)),))
BY_TYPE = Split(("type",), True, {("value", "join"): JOIN, ("value", "say"): SAY, ("type", ABSENT): UNTAGGED})


def test_a_constant_leads_to_its_leaf() -> None:
    assert leaf_of(BY_TYPE, {"type": "join", "room": 1}) is JOIN
    assert leaf_of(BY_TYPE, {"type": "say"}) is SAY


def test_that_it_is_not_there_leads_to_a_leaf_too() -> None:
    assert leaf_of(BY_TYPE, {"kind": "join"}) is UNTAGGED


@pytest.mark.parametrize("value", ["leave", 5, None, True, "", ["join"], {"join": 1}, "join" * 20])
def test_what_was_not_seen_there_leads_nowhere(value: object) -> None:
    assert leaf_of(BY_TYPE, {"type": value}) is None


def test_numbers_tell_kinds_apart_and_truth_values_are_no_numbers() -> None:
    tree = Split(("op",), True, {("value", 0): JOIN, ("value", 1): SAY})
    assert leaf_of(tree, {"op": 1}) is SAY
    assert leaf_of(tree, {"op": True}) is None
    assert leaf_of(tree, {"op": 1.0}) is None
    assert leaf_of(tree, {"op": "1"}) is None


def test_a_property_that_is_there_leads_to_its_leaf_by_its_coarse_type() -> None:
    tree = Split(("result",), False, {("type", OBJECT): JOIN, ("type", STRING): SAY, ("type", ABSENT): UNTAGGED})
    assert leaf_of(tree, {"result": {}}) is JOIN
    assert leaf_of(tree, {"result": 5}) is leaf_of(tree, {"result": "x"}) is leaf_of(tree, {"result": False}) is SAY
    assert leaf_of(tree, {"error": 5}) is UNTAGGED
    assert leaf_of(tree, {"result": [1]}) is None


def test_scalars_are_alike_and_containers_are_not() -> None:
    assert coarse_type(NUMBER) == coarse_type(STRING) == STRING
    assert [coarse_type(code) for code in (ABSENT, NULL, OBJECT, ARRAY)] == [ABSENT, NULL, OBJECT, ARRAY]


def test_questions_follow_each_other() -> None:
    tree = Split(("op",), True, {("value", 0): Split(("d", "t"), True, {("value", "READY"): JOIN}), ("value", 1): SAY})
    assert leaf_of(tree, {"op": 0, "d": {"t": "READY"}}) is JOIN
    assert leaf_of(tree, {"op": 0, "d": {"t": "RESUMED"}}) is None
    assert leaf_of(tree, {"op": 0, "d": "READY"}) is None
    assert leaf_of(tree, {"op": 0}) is None


def test_positions_of_arrays_are_asked_for_like_properties() -> None:
    tree = Split((0,), True, {("value", "EVENT"): JOIN, ("value", "EOSE"): SAY, ("type", ABSENT): UNTAGGED})
    assert leaf_of(tree, ["EVENT", {"id": 1}]) is leaf_of(tree, ("EVENT",)) is JOIN
    assert leaf_of(tree, []) is UNTAGGED


def test_a_number_as_key_is_no_position_and_a_digit_no_number() -> None:
    tree = Split((0,), True, {("value", "EVENT"): JOIN, ("type", ABSENT): UNTAGGED})
    assert leaf_of(tree, {0: "EVENT"}) is leaf_of(tree, {"0": "EVENT"}) is UNTAGGED
    assert leaf_of(Split(("0",), True, {("type", ABSENT): UNTAGGED}), ["EVENT"]) is UNTAGGED


def test_the_direction_is_asked_for_beside_the_value() -> None:
    tree = Split(DIRECTION, True, {("value", "client_to_server"): JOIN, ("value", "server_to_client"): SAY})
    assert leaf_of(tree, {}, "server_to_client") is SAY
    assert leaf_of(tree, {}, "unknown") is None


def test_a_single_kind_is_a_leaf_for_every_value() -> None:
    assert leaf_of(JOIN, None) is JOIN


def test_leaves_come_by_number_each_once() -> None:
    tree = Split(("a",), False, {("type", OBJECT): SAY, ("type", NULL): SAY, ("type", ARRAY): BY_TYPE})
    assert leaves_of(tree) == [JOIN, SAY, UNTAGGED]
    assert leaves_of(JOIN) == [JOIN]
