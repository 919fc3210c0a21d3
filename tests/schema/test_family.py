"""Families: messages of one name and direction are counted by structure first, and their shape takes that in later."""

from __future__ import annotations

import pickle

from wsobserve.config import Limits
from wsobserve.records import CLIENT_TO_SERVER, ChannelMessage, Half, Message
from wsobserve.schema.family import Family

LIMITS = Limits()


def said(body: object = None, structure: str = "", elements: tuple[int, ...] = ()) -> ChannelMessage:
    half = Half(connection="c", source="a:1", destination="b:2", direction=CLIENT_TO_SERVER)
    message = Message(half, 5, 1, 5, 1, 1, False, 9, 9, True, True, b"")
    return ChannelMessage(
        message=message, format="json", channel="/a", length=9, body=body, structure=structure, elements=elements
    )


def test_messages_are_counted_with_their_format_and_their_first_and_last_time() -> None:
    family = Family(7)
    for form, time_ns in (("json", 7), ("cbor", 3), ("json", 9)):
        family.count(form, time_ns)
    assert (family.messages, family.first_ns, family.last_ns, family.formats) == (3, 3, 9, {"json": 2, "cbor": 1})


def test_messages_that_are_alike_are_counted_by_the_number() -> None:
    one, other = Family(3), Family(3)
    for time_ns in (3, 5, 9):
        one.count("json", time_ns)
    other.count_like("json", 3, 3, 9)
    assert (one.messages, one.first_ns, one.last_ns, one.formats) == (
        other.messages,
        other.first_ns,
        other.last_ns,
        other.formats,
    )


def test_a_body_is_taken_into_the_shape_at_once() -> None:
    family = Family(5)
    assert family.add_body(said({"a": 1, "b": [True]}), LIMITS, True) == 3
    assert family.nodes == 4
    assert family.shape.properties["a"].types == {"integer": 1}


def test_a_body_that_is_not_looked_into_leaves_its_number_alone() -> None:
    family = Family(5)
    assert family.add_body(said({"a": 1, "b": [True]}), LIMITS, False) == 0
    assert (family.shape.types, family.shape.properties, family.shape.unseen) == ({"object": 1}, {}, 2)


def test_a_structure_is_new_once() -> None:
    family = Family(5)
    assert family.add_structure('{"a":0}')
    assert not family.add_structure('{"a":0}')
    assert family.add_structure('{"b":0}')
    assert family.structures == {'{"a":0}': [2], '{"b":0}': [1]}
    assert family.shape.types == {}


def test_the_shape_takes_in_each_structure_for_all_messages_that_have_it() -> None:
    family = Family(5)
    family.add_structure('{"a":[0]}', (3,))
    family.add_structure('{"a":[0]}', (4,), 2)
    family.take_in(LIMITS)
    assert family.structures == {}
    assert family.shape.types == {"object": 3}
    items = family.shape.properties["a"].items
    assert items is not None
    assert items.types == {"integer": 7}
    assert family.nodes == 3


def test_a_structure_and_its_bodies_make_the_same_shape() -> None:
    by_body, by_structure = Family(5), Family(5)
    for body in ({"a": [1, 2]}, {"a": [3]}):
        by_body.add_body(said(body), LIMITS, True)
    by_structure.add_body(said(structure='{"a":[0]}', elements=(2,)), LIMITS, True)
    by_structure.add_structure('{"a":[0]}', (1,))
    by_structure.take_in(LIMITS)
    for family in (by_body, by_structure):
        array = family.shape.properties["a"]
        assert (array.types, array.elements) == ({"array": 2}, 3)


def test_structures_that_never_come_again_do_not_grow_the_shape_beyond_twice_its_limit() -> None:
    limits = Limits(schema_nodes=20, schema_properties=10)
    family = Family(5)
    for number in range(300):
        family.add_structure(f'{{"key{number * 7_919 % 10_007}x":{{"inner":0}}}}')
    family.take_in(limits)
    assert family.nodes <= 2 * 20 + 2
    family.trim(20, limits)
    assert family.nodes <= 20
    assert family.shape.types == {"object": 300}


def test_merging_adds_up_and_leaves_the_other_as_it_was() -> None:
    one, other = Family(5), Family(2)
    one.count("json", 5)
    one.add_structure('{"a":[0]}', (1,))
    other.count("json", 2)
    other.count("cbor", 8)
    other.add_structure('{"a":[0]}', (2,), 2)
    other.add_structure('{"b":0}')
    other.add_body(said({"c": 1}), LIMITS, True)
    other.leaves.add({"c": 1}, 10, 10)
    one.merge(other)
    assert (one.messages, one.first_ns, one.last_ns, one.formats) == (3, 2, 8, {"json": 2, "cbor": 1})
    assert one.structures == {'{"a":[0]}': [3, 3], '{"b":0}': [1]}
    assert one.shape.properties["c"].types == {"integer": 1}
    assert one.leaves.by_place["/c"].high == 1
    one.add_structure('{"b":0}')
    assert other.structures == {'{"a":[0]}': [2, 2], '{"b":0}': [1]}


def test_a_family_survives_the_way_to_another_process() -> None:
    family = Family(5)
    family.count("json", 5)
    family.add_structure('{"a":[0]}', (1,))
    family.add_body(said({"c": 1}), LIMITS, True)
    again = pickle.loads(pickle.dumps(family))
    again.take_in(LIMITS)
    assert (again.messages, again.nodes, sorted(again.shape.properties)) == (1, 4, ["a", "c"])


def test_a_shape_is_divided_only_once_it_is_more_than_allowed_and_then_for_good() -> None:
    body = {"a": {"b": {"c": {"d": 1}}}, "e": 1, "f": 1}
    family = Family(3)
    family.add_body(said(body), LIMITS, True)
    family.trim(8, LIMITS)
    assert (family.nodes, family.cut) == (7, False)
    other = Family(3)
    other.add_body(said(body), LIMITS, True)
    other.trim(6, LIMITS)
    assert other.cut
    assert other.nodes < 7
    family.merge(other)
    family.trim(8, LIMITS)
    assert family.cut
    assert family.nodes < 7
