"""Splits: a discriminator tells kinds apart, a property of one kind only does, and what comes and goes by itself never does."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.schema.features import Cost
from wsobserve.schema.kind_tree import ABSENT, DIRECTION, Leaf, Split, Tree, leaf_of, leaves_of
from wsobserve.schema.seen import Seen
from wsobserve.schema.split import Splitter


def seen(values: Sequence[object], direction: str = "client_to_server") -> list[Seen]:
    return [Seen(value, time_ns=order, direction=direction) for order, value in enumerate(values)]


def split(values: Sequence[object]) -> tuple[Tree, list[list[int]]]:
    splitter = Splitter(seen(values), directions=True)
    return splitter.tree(), splitter.leaves


def told_by(tree: Tree) -> tuple[object, ...] | None:
    return tree.path if isinstance(tree, Split) else None


def chat(messages: int) -> list[object]:
    """Three kinds by their type, in turn."""
    return [
        (
            {"type": "join", "room": number, "user": {"name": "x"}},
            {"type": "say", "text": f"text {number}", "at": number},
            {"type": "leave", "reason": None},
        )[number % 3]
        for number in range(messages)
    ]


def test_a_discriminator_splits() -> None:
    values = chat(90)
    tree, leaves = split(values)
    assert told_by(tree) == ("type",)
    assert {leaf.conditions for leaf in leaves_of(tree)} == {
        ((("type",), ("value", name)),) for name in ("join", "say", "leave")
    }
    for leaf, members in zip(leaves_of(tree), leaves, strict=True):
        assert all(leaf_of(tree, values[member]) == leaf for member in members)


def test_the_same_messages_sent_to_every_subscriber_do_not_become_kinds() -> None:
    chance = random.Random(5)
    values: list[object] = [
        {"type": "presence", "room": number % 40, "online": chance.randint(0, 9_999), "users": ["x"] * chance.randint(1, 5)}
        for number in range(480)
    ]
    often = [each._replace(times=20, weight=44.0) for each in seen(values)]
    assert isinstance(Splitter(often, directions=True).tree(), Leaf)
    values += [{"type": "quote", "bid": number / 7, "ask": number} for number in range(480)]
    often = [each._replace(times=20, weight=44.0) for each in seen(values)]
    splitter = Splitter(often, directions=True)
    assert told_by(splitter.tree()) == ("type",)
    assert len(splitter.leaves) == 2


def test_a_number_can_be_the_discriminator() -> None:
    tree, _ = split(
        [{"op": 10, "d": {"interval": 5}} if number % 2 else {"op": 1, "s": 5, "seq": number} for number in range(80)]
    )
    assert told_by(tree) == ("op",)


def test_one_discriminator_within_another() -> None:
    values = [
        (
            {"op": 0, "t": "READY", "d": {"user": 1, "session": "x"}},
            {"op": 0, "t": "TYPING", "d": {"room": 1, "since": 5}},
            {"op": 11, "interval": 5, "jitter": 3},
        )[number % 3]
        for number in range(120)
    ]
    _, leaves = split(values)
    assert sorted(sorted({member % 3 for member in members}) for members in leaves) == [[0], [1], [2]]


def test_the_first_position_of_arrays_can_be_the_discriminator() -> None:
    values = [["EVENT", "sub", {"id": "x"}] if number % 2 else ["EOSE", number] for number in range(80)]
    tree, leaves = split(values)
    assert told_by(tree) == (0,)
    assert len(leaves) == 2


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_properties_that_come_and_go_independently_never_split(share: float) -> None:
    chance = random.Random(5)
    names = ["title", "body", "summary", "footer", "author", "colour"]
    values = [{"id": number} | {name: "text" for name in names if chance.random() < share} for number in range(600)]
    tree, leaves = split(values)
    assert isinstance(tree, Leaf)
    assert len(leaves) == 1


def test_words_that_have_nothing_to_do_with_the_structure_never_split() -> None:
    chance = random.Random(5)
    values = [
        {"side": chance.choice(["buy", "sell"]), "price": number} | ({"note": "x"} if chance.random() < 0.5 else {})
        for number in range(600)
    ]
    assert isinstance(split(values)[0], Leaf)


def test_two_properties_that_come_together_or_not_at_all_are_no_kinds() -> None:
    values = [{"id": number, "name": "x"} | ({"lat": 1.5, "lon": 2.5} if number % 2 else {}) for number in range(200)]
    assert isinstance(split(values)[0], Leaf)


def test_a_result_or_an_error_are_two_kinds() -> None:
    values = [
        {"id": number, "result": {"value": number}} if number % 4 else {"id": number, "error": {"code": 5, "message": "no"}}
        for number in range(200)
    ]
    tree, leaves = split(values)
    assert told_by(tree) in (("result",), ("error",))
    assert sorted(len(members) for members in leaves) == [50, 150]


def test_unions_tagged_from_outside_split_by_the_key() -> None:
    values = [
        ({"move": {"x": number, "y": 0}}, {"chat": {"text": "hello"}}, {"quit": {"code": number, "why": "x"}})[number % 3]
        for number in range(150)
    ]
    tree, leaves = split(values)
    assert len(leaves) == 3
    for members in leaves:
        assert len({tuple(values[member]) for member in members}) == 1
    assert all(token != ("value", "x") for leaf in leaves_of(tree) for _, token in leaf.conditions)


def test_a_null_is_the_object_left_out() -> None:
    values = [{"id": number, "user": {"name": "x"} if number % 5 else None} for number in range(200)]
    assert isinstance(split(values)[0], Leaf)


def directed(there: object, back: object, messages: int = 60) -> list[Seen]:
    return [
        Seen(back if number % 2 else there, time_ns=number, direction="server_to_client" if number % 2 else "client_to_server")
        for number in range(messages)
    ]


def test_the_direction_tells_apart_what_differs_by_it() -> None:
    both = directed({"id": 1, "room": 5}, {"id": 1, "members": [], "topic": "x"})
    splitter = Splitter(both, directions=True)
    tree = splitter.tree()
    assert len(splitter.leaves) == 2
    for members in splitter.leaves:
        assert len({both[member].direction for member in members}) == 1
    for each in both:
        assert leaf_of(tree, each.value, each.direction) is not None


def test_what_looks_the_same_in_both_directions_is_one_kind() -> None:
    splitter = Splitter(directed({"id": 1, "text": "x"}, {"id": 2, "text": "y"}), directions=True)
    assert isinstance(splitter.tree(), Leaf)


def test_inside_of_a_message_the_direction_tells_nothing() -> None:
    splitter = Splitter(directed({"room": 5}, {"members": [], "topic": "x"}))
    assert all(path != DIRECTION for leaf in leaves_of(splitter.tree()) for path, _ in leaf.conditions)


def test_a_few_values_are_not_split() -> None:
    assert isinstance(split(chat(4))[0], Leaf)


def test_identifiers_are_no_discriminator() -> None:
    values = [{"id": f"{number % 4:04}9f3c0de1", **({"a": 1} if number % 4 else {"b": 1, "c": 2})} for number in range(200)]
    assert told_by(split(values)[0]) != ("id",)


def test_what_is_always_the_same_in_one_kind_only_belongs_to_it() -> None:
    values = [
        {"type": "ping", "version": "old", "at": number} if number % 2 else {"type": "pong", "version": "new", "load": [number]}
        for number in range(100)
    ]
    splitter = Splitter(seen(values))
    tree = splitter.tree()
    found = {leaf_of(tree, values[members[0]]): splitter.constants(members) for members in splitter.leaves}
    assert found[leaf_of(tree, values[1])] == {("type",): "ping", ("version",): "old"}
    assert found[leaf_of(tree, values[0])] == {("type",): "pong", ("version",): "new"}


def test_what_is_null_now_and_then_is_not_always_the_same() -> None:
    values = [
        {"type": "ping", "note": "old" if number % 3 else None, "at": number}
        if number % 2
        else {"type": "pong", "note": "new", "load": [number]}
        for number in range(120)
    ]
    splitter = Splitter(seen(values))
    splitter.tree()
    pings = [number for number in range(120) if number % 2]
    assert ("note",) not in splitter.constants(pings)


def test_that_it_is_absent_is_a_condition_like_any_other() -> None:
    values: list[object] = [
        {"event": "tick", "n": number, "m": 1} if number % 2 else {"hello": [], "world": {}} for number in range(100)
    ]
    tree, _ = split(values)
    tokens = {token for leaf in leaves_of(tree) for _, token in leaf.conditions}
    assert ("type", ABSENT) in tokens


BODIES = st.dictionaries(
    st.sampled_from(["type", "a", "b", "c"]),
    st.none()
    | st.integers(0, 3)
    | st.sampled_from(["x", "y", ""])
    | st.just({"k": 1})
    | st.lists(st.integers(0, 1), max_size=2),
    max_size=4,
)


@settings(max_examples=60)
@given(st.lists(BODIES | st.sampled_from([{"type": "x", "a": 1}, {"type": "y", "b": [1]}]), min_size=1, max_size=40))
def test_every_value_is_in_one_leaf_and_is_led_to_it(values: list[object]) -> None:
    tree, leaves = split(values)
    assert sorted(member for members in leaves for member in members) == list(range(len(values)))
    for leaf, members in zip(leaves_of(tree), leaves, strict=True):
        for member in members:
            assert leaf_of(tree, values[member], "client_to_server") == leaf


def hostile(number: int) -> dict[str, object]:
    """A key that hardly comes again, with something else in it each time."""
    return {f"key{chr(97 + number % 26)}{number * 7_919 % 10_007}x": {f"inner{number}x": number}}


@pytest.mark.parametrize(
    "values",
    [
        [hostile(number) for number in range(1_000)],
        [{f"key{chr(97 + number % 26)}x{number // 4}": "ab"[number % 2], f"n{number // 4}": [1]} for number in range(1_000)],
    ],
    ids=["new", "four times, with two values"],
)
def test_hundreds_of_keys_that_hardly_come_again_are_split_in_no_time(values: list[object]) -> None:
    # Each costs a walk over all values when it is tried: two thousand of them took minutes.
    splitter = Splitter(seen(values), directions=True)
    calls = 0
    cost_of = splitter._cost_of

    def counted(members: list[int], outcomes: dict[int, int] | None = None, *, alike: bool = False) -> Cost:
        nonlocal calls
        calls += 1
        return cost_of(members, outcomes, alike=alike)

    splitter._cost_of = counted  # type: ignore[method-assign]  # it counts, and answers the same
    splitter.tree()
    assert calls < 1_500
