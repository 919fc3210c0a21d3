"""The schema fold: which messages are one kind, what becomes of those that do not fit, and the laws of a fold."""

from __future__ import annotations

import json
import pickle
import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.payload.structure import StructureReader
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, ChannelMessage, Direction, Half, Message
from wsobserve.schema.fold import SchemaFold


def said(
    body: object,
    name: str | None = None,
    channel: str = "/a",
    form: str = "json",
    direction: Direction | None = CLIENT_TO_SERVER,
    time_ns: int = 5,
    length: int = 100,
) -> ChannelMessage:
    half = Half(connection="c", source="a:1", destination="b:2", direction=direction)
    payload = json.dumps(body, ensure_ascii=False).encode() if form == "json" else b""
    message = Message(half, time_ns, 1, time_ns, 1, 1, False, length, length, True, True, payload)
    return ChannelMessage(message=message, format=form, channel=channel, name=name, length=length, body=body)


def folded(messages: list[ChannelMessage], limits: Limits | None = None) -> SchemaFold:
    fold = SchemaFold(limits or Limits())
    for message in messages:
        fold.add(message)
    return fold


def test_messages_that_look_alike_are_one_kind() -> None:
    fold = folded(
        [said({"a": number}, "join", form=form, time_ns=number + 5) for form in ("json", "msgpack") for number in (2, 1, 0)]
    )
    [kind] = fold.kinds()
    assert (kind.channel, kind.direction, kind.name, kind.messages) == ("/a", CLIENT_TO_SERVER, "join", 6)
    assert (kind.first_ns, kind.last_ns, kind.formats) == (5, 7, {"json": 3, "msgpack": 3})
    assert (kind.directions, kind.first_connection) == ({"client_to_server": 6}, "c")
    assert kind.json_schema == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "join",
        "type": "object",
        "properties": {"a": {"type": "integer", "x-wsobserve-count": 6}},
        "required": ["a"],
        "additionalProperties": False,
        "x-wsobserve-count": 6,
    }


def dialogue(messages: int) -> list[ChannelMessage]:
    """Two kinds of message from the client, one from the server, in turn."""
    several = []
    for number in range(messages):
        several.append(said({"type": "join", "room": number}, "join", time_ns=number))
        several.append(said({"type": "say", "room": number, "text": f"t{number}"}, "say", time_ns=number))
        several.append(
            said({"type": "say", "room": number, "text": "", "from": number}, "say", direction=SERVER_TO_CLIENT, time_ns=number)
        )
    return several


def test_what_stands_at_one_place_and_the_direction_tell_kinds_apart() -> None:
    kinds = folded(dialogue(20)).kinds()
    assert [(kind.name, kind.direction, kind.messages) for kind in kinds] == [
        ("join", CLIENT_TO_SERVER, 20),
        ("say", CLIENT_TO_SERVER, 20),
        ("say", SERVER_TO_CLIENT, 20),
    ]
    assert {kind.discriminator for kind in kinds} == {(("/type", "join"),), (("/type", "say"),)}
    assert len({kind.id for kind in kinds}) == 3


def test_each_message_can_be_told_its_kind() -> None:
    messages = dialogue(20)
    fold = folded(messages)
    kinds = {kind.id: (kind.name, kind.direction) for kind in fold.kinds()}
    for message in messages:
        kind = fold.kind_of(message)
        assert kind is not None
        assert kinds[kind] == (message.name, message.message.half.direction)
    assert fold.kind_of(said({"type": "unheard of"})) is None
    assert fold.kind_of(said({}, channel="/unheard of")) is None


def test_a_kind_without_a_name_is_called_like_its_channel() -> None:
    [kind] = folded([said(None)]).kinds()
    assert (kind.name, kind.json_schema["title"], kind.json_schema["type"]) == (None, "/a", "null")


@pytest.mark.parametrize("form", ["text", "binary", "empty", "undecoded"])
def test_what_has_no_structure_is_counted_without_a_kind(form: str) -> None:
    fold = folded([said(None, form=form)])
    assert (fold.kinds(), fold.without_kind) == ((), 1)


def test_kinds_and_channels_beyond_the_limits_are_counted_without_a_kind() -> None:
    fold = folded([said({}, "a", f"/{letter}") for letter in "abcdef"], Limits(channels=2))
    assert (len(fold.kinds()), fold.without_kind) == (2, 4)


def test_a_message_of_too_many_values_is_counted_and_not_looked_into() -> None:
    [kind] = folded([said([1, 2, 3, 4, 5])], Limits(schema_values=5)).kinds()
    assert "items" not in kind.json_schema
    assert kind.json_schema["x-wsobserve-truncated"] is True
    [kind] = folded([said([1, 2, 3, 4])], Limits(schema_values=5)).kinds()
    assert "items" in kind.json_schema


def test_random_keys_do_not_grow_the_fold_beyond_its_limit() -> None:
    limits = Limits(schema_nodes=50, schema_properties=10, schema_total_nodes=60)
    fold = SchemaFold(limits)
    for number in range(2_000):
        fold.add(said({f"key{number * 7919 % 10_007}x": {f"inner{number}x": [number]}}))
        assert fold._nodes <= 2 * 60 + 10
    [kind] = fold.kinds()
    assert (kind.messages, kind.json_schema["type"]) == (2_000, "object")
    assert "properties" not in kind.json_schema  # its keys name things


BODIES = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abcdef123"), inner, max_size=4)
        | st.tuples(inner, st.integers(0, 5)).map(lambda pair: [pair[0]] * pair[1])
    ),
    max_leaves=10,
)
MESSAGES = st.builds(
    # A name is made from a body, so one body has one name.
    lambda body, *others: said(body, [None, "", "x", "y", "z"][zlib.crc32(repr(body).encode()) % 5], *others),
    BODIES,
    st.sampled_from(["/a", "/b", "/c"]),
    st.sampled_from(["json", "json", "cbor", "text"]),
    st.sampled_from([CLIENT_TO_SERVER, None]),
    st.integers(0, 9),
)
SMALL_LIMITS = st.builds(
    Limits,
    channels=st.integers(1, 4),
    kinds=st.integers(1, 6),
    schema_nodes=st.integers(1, 20),
    schema_properties=st.integers(1, 5),
    schema_depth=st.integers(0, 5),
    schema_total_nodes=st.integers(1, 60),
    schema_values=st.just(8) | st.just(1_000),
)


@settings(max_examples=80)
@given(st.lists(st.lists(MESSAGES, max_size=12), min_size=1, max_size=4), SMALL_LIMITS)
def test_the_result_depends_neither_on_order_nor_on_the_split(parts: list[list[ChannelMessage]], limits: Limits) -> None:
    whole = [message for part in parts for message in part]
    fold = folded(whole, limits)
    expected = fold.kinds()
    without_kind = fold.without_kind
    assert sum(kind.messages for kind in expected) + without_kind == len(whole)
    assert folded(whole[::-1], limits).kinds() == expected
    looked_at_often = SchemaFold(limits)
    for message in whole:
        looked_at_often.add(message)
        looked_at_often.kinds()
    assert looked_at_often.kinds() == expected
    forward = SchemaFold(limits)
    for part in parts:
        forward.merge(folded(part, limits))
    assert (forward.kinds(), forward.without_kind) == (expected, without_kind)
    backward = SchemaFold(limits)
    for part in reversed(parts):
        other = folded(part, limits)
        other.merge(backward)
        backward = other
    assert (backward.kinds(), backward.without_kind) == (expected, without_kind)


reader = StructureReader()


def by_structure(message: ChannelMessage) -> ChannelMessage:
    """The same message with the structure of its body instead, where it has one."""
    if message.format != "json":
        return message
    structure = reader.structure(json.dumps(message.body, ensure_ascii=False).encode(), True)
    if not structure:
        return message
    return msgspec.structs.replace(message, body=None, structure=structure, elements=reader.elements())


def tree(limits: Limits, parts: list[list[ChannelMessage]]) -> SchemaFold:
    fold = SchemaFold(limits)
    for part in parts:
        fold.merge(folded(part, limits))
    return fold


@settings(max_examples=80)
@given(
    st.lists(st.lists(MESSAGES, max_size=12), min_size=1, max_size=4),
    SMALL_LIMITS,
    st.integers(0, 5),
    st.integers(0, 2**48 - 1),
)
def test_it_does_not_matter_which_messages_come_with_their_structure(
    parts: list[list[ChannelMessage]], limits: Limits, structures: int, which: int
) -> None:
    limits = msgspec.structs.replace(limits, schema_waiting=300 * structures)
    whole = [message for part in parts for message in part]
    expected = folded(whole, limits)
    turns = iter(which >> turn & 1 for turn in range(48))
    mixed = [[by_structure(message) if next(turns) else message for message in part] for part in parts]
    some = [message for part in mixed for message in part]
    for messages in (some, some[::-1], [by_structure(message) for message in whole]):
        fold = folded(messages, limits)
        assert (fold.kinds(), fold.without_kind) == (expected.kinds(), expected.without_kind)
    for fold in (tree(limits, mixed), tree(limits, mixed[::-1]), pickle.loads(pickle.dumps(folded(some, limits)))):
        assert (fold.kinds(), fold.without_kind) == (expected.kinds(), expected.without_kind)


def test_structures_that_never_come_again_do_not_grow_the_fold_beyond_its_limits() -> None:
    limits = Limits(schema_nodes=50, schema_properties=10, schema_total_nodes=60, schema_waiting=20_000)
    fold = SchemaFold(limits)
    for number in range(2_000):
        fold.add(by_structure(said({f"key{number * 7919 % 10_007}x": {f"inner{number}x": [number]}}, f"name{number % 3}")))
        assert fold._nodes <= 2 * 60 + 50 + 4
        assert fold._waiting <= 20_000
    assert sum(kind.messages for kind in fold.kinds()) == 2_000


def test_a_long_message_is_not_looked_into_by_its_structure_either() -> None:
    messages = [by_structure(said([1, 2, 3, 4, 5])), by_structure(said([1]))]
    [kind] = folded(messages, Limits(schema_values=5)).kinds()
    assert kind == folded([said([1, 2, 3, 4, 5]), said([1])], Limits(schema_values=5)).kinds()[0]


def test_a_message_that_is_long_by_its_texts_alone_is_looked_into() -> None:
    messages = [said([1, 2, 3, 4], length=9_000), said({"a": [1, {"b": 2}]}, length=9_000)]
    limits = Limits(schema_values=5)
    assert folded([by_structure(one) for one in messages], limits).kinds() == folded(messages, limits).kinds()
    assert all("x-wsobserve-truncated" not in kind.json_schema for kind in folded(messages, limits).kinds())


def alike(messages: int) -> tuple[list[ChannelMessage], tuple[int, ...]]:
    """So many messages of one structure, with arrays of other lengths, and how many of each element there are in all."""
    several = [by_structure(said({"rows": [{"n": number}, {"n": 0}, {}] * (number + 1)}, "x")) for number in range(messages)]
    assert len({one.structure for one in several}) == 1
    return several, tuple(sum(numbers) for numbers in zip(*(one.elements for one in several), strict=True))


def test_messages_that_are_alike_can_be_counted_by_the_number() -> None:
    several, elements = alike(4)
    fold = folded(several[:1])
    watched = fold.watched(several[0])
    assert watched is not None
    for message in several[1:]:
        payload = message.message.payload
        watched.offer(payload, 5, "c")
        reader.structure(payload, True)
        for number in range(reader.values):
            watched.leaves[0].see(payload, reader.value_starts[number], reader.value_ends[number])  # type: ignore[union-attr]  # it stays
    counted = [all_of - first for all_of, first in zip(elements, several[0].elements, strict=True)]
    fold.add_like(several[0], 3, 5, 5, counted)
    assert fold.kinds() == folded(several).kinds()


def test_merging_leaves_the_other_as_it_was() -> None:
    other = folded([said({"a": [1]}, "x"), by_structure(said({"a": [2], "b": 0}, "x"))])
    before = other.kinds()
    fold = folded([said({"a": ["x"]}, "x")])
    fold.merge(other)
    fold.add(said({"a": [None]}, "x"))
    assert other.kinds() == before


def test_folds_of_different_limits_do_not_add_up() -> None:
    with pytest.raises(ValueError):
        SchemaFold(Limits(kinds=1)).merge(SchemaFold(Limits(kinds=2)))
