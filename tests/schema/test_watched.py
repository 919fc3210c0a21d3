"""Values of messages that are alike are told to leaves and a sample directly, and that says the same as adding each."""

from __future__ import annotations

import json

from wsobserve.config import Limits
from wsobserve.payload.structure import StructureReader
from wsobserve.records import CLIENT_TO_SERVER, ChannelMessage, Half, Message
from wsobserve.schema.channel import Channel
from wsobserve.schema.family import Family
from wsobserve.schema.sample import payload_hash
from wsobserve.schema.watched import Watched, watched

LIMITS = Limits()
KEY = (CLIENT_TO_SERVER, "x")


def said(body: object, time_ns: int = 5) -> ChannelMessage:
    payload = json.dumps(body).encode()
    half = Half(connection="c", source="a:1", destination="b:2", direction=CLIENT_TO_SERVER)
    message = Message(half, time_ns, 1, time_ns, 1, 1, False, len(payload), len(payload), True, True, payload)
    reader = StructureReader()
    structure = reader.structure(payload, True)
    return ChannelMessage(
        message=message,
        format="json",
        channel="/a",
        name="x",
        length=len(payload),
        structure=structure,
        elements=reader.elements(),
    )


def added(messages: list[ChannelMessage], limits: Limits = LIMITS) -> tuple[Channel, Family]:
    channel = Channel()
    family = channel.family(KEY, 5)
    assert family is not None
    for message in messages:
        channel.see_values(family, channel.see(message, limits, 1), limits, 1)
    return channel, family


def watching(first: ChannelMessage, limits: Limits = LIMITS) -> tuple[Channel, Family, Watched]:
    channel, family = added([first], limits)
    return channel, family, watched(channel, family, first, limits, 1)


def known(channel: Channel) -> dict[bytes, tuple[int, int, int]]:
    return {each.payload: (each.times, each.first_ns, each.last_ns) for each in channel.sample.kept().values()}


def test_there_is_a_leaf_for_each_value_in_the_order_of_the_structure() -> None:
    _, family, watch = watching(said({"b": 1, "a": {"c": "x"}, "n": None, "r": [1, 2]}))
    leaves = family.leaves.by_place
    assert watch.leaves == [leaves["/b"], leaves["/a/c"], leaves["/r/*"]]


def test_what_is_told_to_a_leaf_is_known_at_its_place() -> None:
    _, family, watch = watching(said({"b": 1, "a": "x"}))
    leaf = watch.leaves[0]
    assert leaf is not None
    leaf.see(b'{"b": 99, "a": "y"}', 6, 8)
    assert family.leaves.by_place["/b"].high == 99


def test_payloads_that_are_offered_come_into_the_sample_like_added_ones() -> None:
    messages = [said({"a": number % 7, "b": "x"}, time_ns=number) for number in range(40)]
    channel, _, watch = watching(messages[0])
    for message in messages[1:]:
        watch.offer(message.message.payload, message.message.time_ns, "c")
        channel.sample.messages += 1
    expected, _ = added(messages)
    assert known(channel) == known(expected)
    assert channel.sample.complete


def test_where_the_sample_is_full_it_is_the_same_and_the_limit_says_what_need_not_be_offered() -> None:
    limits = Limits(sample_bytes=5_000, strata=4)
    messages = [said({"a": number, "b": "x"}, time_ns=number) for number in range(200)]
    channel, _, watch = watching(messages[0], limits)
    for message in messages[1:]:
        payload = message.message.payload
        if payload_hash(payload) <= watch.limit:
            watch.offer(payload, message.message.time_ns, "c")
    channel.trim_sample(limits, 1, exactly=True)
    expected, _ = added(messages, limits)
    expected.trim_sample(limits, 1, exactly=True)
    assert known(channel) == known(expected)
    assert watch.limit < 1 << 32


def test_what_is_beyond_the_limit_changes_nothing() -> None:
    limits = Limits(sample_bytes=3_000, strata=4)
    messages = [said({"a": number, "b": "x"}) for number in range(200)]
    channel, family = added(messages, limits)
    watch = watched(channel, family, messages[0], limits, 1)
    before, version = known(channel), channel.sample.version
    for message in messages:
        if payload_hash(message.message.payload) > watch.limit:
            watch.offer(message.message.payload, 99, "c")
    assert (known(channel), channel.sample.version) == (before, version)


def test_places_that_did_not_stay_have_no_leaf() -> None:
    body = {f"key{letter}": 1 for letter in "abcdefghij"}
    limits = Limits(leaves=2)
    channel, family = added([said(body)], limits)
    family.leaves.trim(2)
    watch = watched(channel, family, said(body), limits, 1)
    assert sum(leaf is not None for leaf in watch.leaves) == 2
    assert len(watch.leaves) == 10


def test_where_the_family_did_not_stay_there_is_no_leaf_and_still_a_sample() -> None:
    channel, _ = added([said({"a": 1})])
    watch = watched(channel, None, said({"a": 1}), LIMITS, 1)
    assert watch.leaves == [None]
    watch.offer(b'{"a": 2}', 7, "c")
    assert b'{"a": 2}' in known(channel)
