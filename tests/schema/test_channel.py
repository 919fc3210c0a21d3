"""A channel: its families, its sample, and the kinds that both give together."""

from __future__ import annotations

import json
import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.records import (
    CLIENT_TO_SERVER,
    SERVER_TO_CLIENT,
    ChannelMessage,
    Direction,
    Half,
    Message,
    MessageKind,
    name_hash,
)
from wsobserve.schema.channel import GROWN, Channel, keep_lowest
from wsobserve.schema.shape import NO_BOUND

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")  # it publishes no types

LIMITS = Limits()


def said(
    body: object, name: str | None = None, direction: Direction | None = CLIENT_TO_SERVER, form: str = "json", time_ns: int = 5
) -> ChannelMessage:
    half = Half(connection="c", source="a:1", destination="b:2", direction=direction)
    payload = json.dumps(body).encode() if form == "json" else b""
    message = Message(half, time_ns, 1, time_ns, 1, 1, False, len(payload), len(payload), True, True, payload)
    return ChannelMessage(message=message, format=form, channel="/a", name=name, length=len(payload), body=body)


def see(channel: Channel, message: ChannelMessage, limits: Limits = LIMITS) -> None:
    """What a fold does with a message of this channel."""
    body = channel.see(message, limits, 1)
    family = channel.family((message.message.half.direction, message.name), message.message.time_ns)
    if family is not None:
        family.count(message.format, message.message.time_ns)
        channel.see_values(family, body, limits, 1)
        family.add_body(message, limits, True)


def seen(messages: list[ChannelMessage], limits: Limits = LIMITS) -> Channel:
    channel = Channel()
    for message in messages:
        see(channel, message, limits)
    channel.trim(limits.schema_nodes, limits, 1)
    return channel


def accepts(kind: MessageKind, body: object) -> bool:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return bool(jsonschema.Draft202012Validator(kind.json_schema, format_checker=checker).is_valid(body))


SMALL = Limits(sample_bytes=5_000, strata=4)


def test_messages_are_counted_by_direction_and_name() -> None:
    channel = seen([said(1, "x"), said(2, "x"), said(3, "x", SERVER_TO_CLIENT), said(4)])
    assert {key: family.messages for key, family in channel.families.items()} == {
        (CLIENT_TO_SERVER, "x"): 2,
        (SERVER_TO_CLIENT, "x"): 1,
        (CLIENT_TO_SERVER, None): 1,
    }
    assert channel.messages == 4
    assert channel.nodes == 3


def test_of_too_many_families_those_with_the_smallest_hashes_stay() -> None:
    names = [f"name{letter}" for letter in "abcdefgh"]
    channel = seen([said(1, name) for name in names], Limits(kinds=3))
    keys = sorted(((CLIENT_TO_SERVER, name) for name in names), key=name_hash)
    assert sorted(channel.families, key=name_hash) == keys[:3]
    assert channel.family((CLIENT_TO_SERVER, keys[-1][1]), 5) is None
    assert channel.messages == 8


def test_the_keys_with_the_smallest_hashes_are_kept_and_the_first_that_went_is_told() -> None:
    table = {name: Channel() for name in "abcdef"}
    ordered = sorted(table, key=name_hash)
    assert keep_lowest(table, 6) == NO_BOUND
    assert keep_lowest(table, 2) == name_hash(ordered[2])
    assert sorted(table, key=name_hash) == ordered[:2]


def test_what_all_channels_may_hold_is_shared_out() -> None:
    channel = seen([said(1, name) for name in ("x", "y")])
    limits = Limits(leaves=100, leaves_total=1_000)
    assert [channel.most_leaves(limits, channels) for channels in (1, 50, 10_000)] == [100, 20, 1]


def told(names: str, body: object, limits: Limits) -> Channel:
    """Families of these names, each with the values of one message."""
    channel = Channel()
    for name in names:
        family = channel.family((SERVER_TO_CLIENT, name), 0)
        assert family is not None
        channel.see_values(family, body, limits, 1)
    channel.trim(1_000, limits, 1)
    return channel


def test_of_the_places_of_all_families_the_shallow_ones_stay() -> None:
    body = {"near": 1, "far": {"further": {"a": 1, "b": 1, "c": 1}}}
    assert [len(each.leaves.by_place) for each in told("xy", body, Limits()).families.values()] == [4, 4]
    channel = told("xy", body, Limits(leaves=2))
    assert [list(each.leaves.by_place) for each in channel.families.values()] == [["/near"], ["/near"]]
    later = channel.family((SERVER_TO_CLIENT, "z"), 0)
    assert later is not None
    channel.see_values(later, {"far": {"further": {"a": 1}}}, Limits(leaves=2), 1)
    assert not later.leaves.by_place


def test_of_more_families_than_stay_no_values_are_known() -> None:
    channel = told("xyz", {"a": 1}, Limits(kinds=2))
    assert [len(each.leaves.by_place) for each in channel.families.values()] == [0, 0]


def test_its_kinds_come_from_its_sample() -> None:
    schema = seen([said({"a": number}, "x") for number in range(20)]).schema("/a")
    [kind] = schema.kinds
    assert (kind.name, kind.messages) == ("x", 20)


def test_nothing_seen_no_kinds() -> None:
    channel = Channel()
    assert channel.rule is None
    assert channel.schema("/a").kinds == []
    assert channel.rule is not None


def test_as_long_as_nothing_comes_the_kinds_are_the_same_and_newer_says_what_came() -> None:
    channel = seen([said({"a": number}) for number in range(20)])
    known = channel.schema("/a")
    assert channel.schema("/a") is known
    assert channel.newer == 0
    see(channel, said({"a": 5}))
    assert channel.newer == 1
    assert channel.schema("/a").kinds[0].messages == 21
    assert channel.newer == 0


def test_kinds_of_a_while_ago_will_do_until_much_more_has_come() -> None:
    channel = seen([said({"a": number}) for number in range(40)])
    known = channel.schema("/a")
    see(channel, said({"a": "text"}))
    assert channel.schema("/a", fresh=False) is known
    for number in range(int(40 * GROWN)):
        see(channel, said({"a": number}))
    assert channel.schema("/a", fresh=False) is not known


def test_what_is_not_in_the_sample_is_accepted_too() -> None:
    chance = random.Random(5)
    bodies: list[object] = [
        {"side": chance.choice(["buy", "sell"]), "size": chance.randrange(50), "id": number} for number in range(400)
    ]
    bodies[200] = {"side": "hold", "size": 10_000, "id": 200}
    channel = seen([said(body) for body in bodies], SMALL)
    assert not channel.sample.complete
    kinds = channel.schema("/a").kinds
    assert sum(kind.messages for kind in kinds) == 400
    for body in bodies:
        assert any(accepts(kind, body) for kind in kinds)
    assert not any(accepts(kind, {"side": 5, "size": "x"}) for kind in kinds)


def test_a_family_of_which_nothing_is_in_the_sample_is_known_by_its_shape() -> None:
    # More names than the sample has places for: of most nothing stays.
    messages = [said({"p": number}, f"name{chr(97 + number)}", time_ns=number) for number in range(20)]
    channel = seen(messages, Limits(sample_bytes=1_000, strata=2))
    sampled = {each.name for each in channel.sample.kept().values()}
    kinds = channel.schema("/a").kinds
    assert sum(kind.messages for kind in kinds) == 20
    for message in messages:
        if message.name not in sampled:
            [kind] = [kind for kind in kinds if kind.name == message.name]
            assert accepts(kind, message.body)
            assert (kind.direction, kind.directions) == (CLIENT_TO_SERVER, {"client_to_server": 1})
    assert 0 < len(sampled) < 10


def test_messages_that_are_too_long_to_be_looked_into_are_messages() -> None:
    channel = seen([said({"a": 1})])
    channel.overlook()
    assert channel.messages == 2
    assert not channel.sample.complete


def test_what_cannot_be_written_is_counted_and_does_not_come_into_the_sample() -> None:
    channel = seen([])
    channel.see(said(2**70, form="cbor"), LIMITS, 1)
    assert channel.messages == 1
    assert not channel.sample.uniform


def test_messages_of_one_stratum_are_counted_by_the_number() -> None:
    channel = Channel()
    stratum = channel.count(7, said({"a": 1}), 5, 10, 90)
    assert stratum is not None
    assert (stratum.messages, stratum.first_ns, stratum.last_ns) == (5, 10, 90)
    assert channel.messages == 5


MESSAGES = st.builds(
    said,
    st.recursive(
        st.none() | st.integers(48, 60) | st.sampled_from(["x", "y"]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "a", "1"]), inner, max_size=3),
        max_leaves=4,
    ),
    st.sampled_from([None, "x", "y", "z"]),
    st.sampled_from([CLIENT_TO_SERVER, SERVER_TO_CLIENT, None]),
    st.sampled_from(["json", "json", "cbor"]),
    st.integers(0, 9),
)
LITTLE = st.builds(
    Limits,
    kinds=st.integers(1, 4),
    schema_nodes=st.integers(4, 40),
    sample_bytes=st.integers(500, 6_000),
    strata=st.integers(1, 6),
    leaves=st.integers(1, 30),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(MESSAGES, max_size=8), min_size=1, max_size=3), LITTLE)
def test_its_kinds_depend_neither_on_order_nor_on_the_split(parts: list[list[ChannelMessage]], limits: Limits) -> None:
    whole = [message for part in parts for message in part]
    channel = seen(whole, limits)
    expected = channel.schema("/a").kinds
    assert seen(whole[::-1], limits).schema("/a").kinds == expected
    merged = Channel()
    for part in reversed(parts):
        merged.merge(seen(part, limits))
        merged.trim(limits.schema_nodes, limits, 1)
    assert merged.schema("/a").kinds == expected
    assert pickle.loads(pickle.dumps(merged)).schema("/a").kinds == expected
