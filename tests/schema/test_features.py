"""Features: which properties values have as numbers, and what it costs to write them down."""

from __future__ import annotations

from wsobserve.schema.features import Features, cost_of
from wsobserve.schema.kind_tree import ARRAY, DIRECTION, NULL, NUMBER, OBJECT, STRING, Path
from wsobserve.schema.seen import Seen


def features(*values: object, directions: bool = False) -> Features:
    return Features([Seen(value, direction="client_to_server") for value in values], directions=directions)


def facts(found: Features, row: int) -> dict[Path, int]:
    """Type by path."""
    return {found.paths[item >> 3]: item & 7 for item in found.rows[row]}


def constants(found: Features, row: int) -> dict[Path, object]:
    return {found.paths[number]: value for number, value in found.constants[row].items()}


def test_each_property_is_known_by_its_path_and_type() -> None:
    found = features({"type": "join", "data": {"room": 5, "tags": []}, "error": None})
    assert facts(found, 0) == {
        ("type",): STRING,
        ("data",): OBJECT,
        ("data", "room"): NUMBER,
        ("data", "tags"): ARRAY,
        ("error",): NULL,
    }


def test_each_path_knows_the_one_above_it() -> None:
    found = features({"data": {"room": {"id": 1}}})
    above = {
        path: found.paths[parent] if parent >= 0 else None for path, parent in zip(found.paths, found.parents, strict=True)
    }
    assert above == {("data",): None, ("data", "room"): ("data",), ("data", "room", "id"): ("data", "room")}


def test_values_that_are_alike_are_alike_in_numbers() -> None:
    found = features({"a": 1, "b": "x"}, {"a": 2.5, "b": "y"}, {"a": 1})
    assert found.rows[0] == found.rows[1] != found.rows[2]


def test_texts_and_integers_may_be_constants_and_others_may_not() -> None:
    found = features({"type": "join", "op": 1, "on": True, "rate": 1.5, "none": None, "empty": "", "long": "x" * 65})
    assert constants(found, 0) == {("type",): "join", ("op",): 1}


def test_what_lies_deeper_than_three_is_not_looked_at() -> None:
    found = features({"a": {"b": {"c": {"d": 1}}, "n": 1}})
    assert set(facts(found, 0)) == {("a",), ("a", "b"), ("a", "b", "c"), ("a", "n")}
    assert constants(found, 0) == {("a", "n"): 1}


def test_positions_of_an_array_are_looked_at_like_properties() -> None:
    found = features(["EVENT", {"id": 5}, 3])
    assert facts(found, 0) == {(0,): STRING, (1,): OBJECT, (1, "id"): NUMBER, (2,): NUMBER}
    assert constants(found, 0) == {(0,): "EVENT", (1, "id"): 5, (2,): 3}


def test_what_lies_far_behind_in_an_array_is_not_looked_at() -> None:
    assert len(facts(features(list(range(100))), 0)) < 20


def test_keys_that_are_no_texts_are_no_properties() -> None:
    assert facts(features({1: "x", "a": 1}), 0) == {("a",): NUMBER}


def test_keys_inside_of_a_map_are_no_properties() -> None:
    found = features(*({"users": {str(number): {"name": "x"}}} for number in range(20)))
    assert found.paths == [("users",)]


def test_the_direction_is_a_constant_where_it_may_tell() -> None:
    assert constants(features({}, directions=True), 0) == {DIRECTION: "client_to_server"}
    assert constants(features({}), 0) == {}


def weighed(found: Features) -> float:
    return cost_of([(row, 1.0) for row in found.rows], found.parents).bits


def test_what_is_always_there_costs_nothing() -> None:
    assert weighed(features(*[{"a": 1, "b": "x"}] * 50)) == 0


def test_a_property_that_comes_and_goes_costs_a_bit_each_time() -> None:
    bits = weighed(features(*[{"a": 1, "b": "x"}, {"a": 1}] * 50))
    assert 100 <= bits <= 110  # and a few for how often it comes


def test_what_is_inside_costs_nothing_where_there_is_no_outside() -> None:
    together = weighed(features(*[{"a": {"b": 1}}, {}] * 50))
    alone = weighed(features(*[{"a": 1}, {}] * 50))
    assert together == alone


def test_parts_that_are_each_always_the_same_cost_nothing_but_their_numbers() -> None:
    found = features(*[{"a": 1}, {"b": 1}] * 50)
    whole = cost_of([(row, 1.0) for row in found.rows], found.parents)
    parts = [cost_of([(row, 1.0) for row in found.rows[start::2]], found.parents, whole.outcomes) for start in (0, 1)]
    assert all(set(part.own.values()) == {0.0} for part in parts)
    assert 0 < sum(part.bits for part in parts) < whole.bits


def test_a_row_counts_by_its_weight() -> None:
    found = features({"a": 1}, {})
    once = cost_of(zip(found.rows, (1.0, 1.0), strict=True), found.parents)
    often = cost_of(zip(found.rows, (50.0, 50.0), strict=True), found.parents)
    assert often.own[0] == 50 * once.own[0]
