"""The kinds of a channel: how they are told apart, called and counted, and that each accepts its messages."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.records import MessageKind
from wsobserve.schema.kind_tree import ABSENT, DIRECTION
from wsobserve.schema.kinds import ChannelSchema, channel_schema, kind_identifier, pointer
from wsobserve.schema.sample import MessageSample, encoded, payload_hash, stratum_of

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")  # it publishes no types

CLIENT, SERVER = "client_to_server", "server_to_client"


class Sent(NamedTuple):
    """A message of the channel."""

    body: object
    direction: str = CLIENT
    name: str | None = None
    form: str = "json"


def sampled(messages: list[Sent]) -> MessageSample:
    """All of them, one a nanosecond."""
    sample = MessageSample()
    for order, (body, direction, name, form) in enumerate(messages):
        payload = msgspec.json.encode(body) if form == "json" else encoded(body)
        assert payload is not None
        number = stratum_of(body, name, direction, form)
        sample.messages += 1
        stratum = sample.stratum(number, name, direction, form)
        if stratum is not None:
            stratum.count(1, order, order)
        sample.offer(number, payload, payload_hash(payload), direction, name, form, order, f"c{order}", form != "json")
    return sample


def found(messages: list[Sent], channel: str = "/chat") -> ChannelSchema:
    return channel_schema(channel, sampled(messages))


def kind_of(schema: ChannelSchema, sent: Sent) -> MessageKind:
    identifier = schema.rule.kind(sent.body, sent.direction)
    [kind] = [kind for kind in schema.kinds if kind.id == identifier]
    return kind


def accepts(kind: MessageKind, body: object) -> bool:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return bool(jsonschema.Draft202012Validator(kind.json_schema, format_checker=checker).is_valid(body))


def chat(messages: int) -> list[Sent]:
    """Joins from the client; what is said, from both sides and not the same; pings that are a text."""
    several = []
    for number in range(messages):
        several.append(Sent({"type": "join", "room": number, "user": {"name": f"n{number}"}}))
        several.append(Sent({"type": "say", "text": f"t{number}", "room": number % 7}))
        several.append(
            Sent({"type": "say", "text": f"t{number}", "room": number % 7, "from": {"name": "x"}, "at": number}, SERVER)
        )
    return several


def test_kinds_are_told_apart_called_and_counted() -> None:
    schema = found(chat(40))
    assert sorted((kind.name, kind.direction, kind.messages) for kind in schema.kinds) == [
        ("join", CLIENT, 40),
        ("say", CLIENT, 40),
        ("say", SERVER, 40),
    ]
    join = kind_of(schema, chat(1)[0])
    assert (join.channel, join.name, join.discriminator) == ("/chat", "join", (("/type", "join"),))
    assert (join.directions, join.formats) == ({CLIENT: 40}, {"json": 40})
    assert (join.first_ns, join.last_ns, join.first_connection) == (0, 117, "c0")
    assert join.json_schema["title"] == "join"
    assert join.json_schema["x-wsobserve-count"] == 40
    assert schema.families[join.id] == {(CLIENT, None)}


def test_each_kind_accepts_its_messages_and_those_of_no_other() -> None:
    messages = chat(40)
    schema = found(messages)
    for sent in messages[:9]:
        assert [kind.id for kind in schema.kinds if accepts(kind, sent.body)] == [kind_of(schema, sent).id]


def test_what_no_kind_was_seen_for_is_of_none() -> None:
    rule = found(chat(40)).rule
    assert rule.kind({"type": "leave"}, CLIENT) is None
    assert rule.kind([1], CLIENT) is None
    assert rule.kind("ping", CLIENT) is None


def test_objects_arrays_and_single_values_are_kinds_of_their_own() -> None:
    messages = [Sent({"a": 1}), Sent([1, "x"]), Sent(5), Sent("Some text.")]
    schema = found(messages)
    assert len({kind.id for kind in schema.kinds}) == len(schema.kinds) == 3
    for sent in messages:
        assert accepts(kind_of(schema, sent), sent.body)


def test_words_that_stand_for_themselves_are_a_kind_each() -> None:
    messages = [Sent(word) for word in ("ping", "pong") for _ in range(20)] + [Sent(number) for number in range(5)]
    schema = found(messages)
    assert {kind.name: kind.messages for kind in schema.kinds} == {"ping": 20, "pong": 20, None: 5}
    assert kind_of(schema, Sent("ping")).json_schema["const"] == "ping"
    assert kind_of(schema, Sent("ping")).discriminator == (("", "ping"),)
    assert schema.rule.kind("other", CLIENT) == schema.rule.kind(5, CLIENT) == kind_of(schema, messages[-1]).id


def test_texts_that_say_something_are_one_kind() -> None:
    schema = found([Sent(f"message number {number}") for number in range(40)])
    [kind] = schema.kinds
    assert (kind.name, kind.messages, kind.json_schema["type"]) == (None, 40, "string")


def test_objects_whose_keys_name_things_are_one_kind() -> None:
    schema = found([Sent({str(number): {"price": 1.5}, str(number + 1): {"price": 2.5}}) for number in range(100)])
    [kind] = schema.kinds
    assert "additionalProperties" in kind.json_schema
    assert "properties" not in kind.json_schema


def test_a_name_that_was_given_is_kept_where_nothing_else_tells() -> None:
    [kind] = found([Sent({"a": number}, name="tick") for number in range(20)]).kinds
    assert (kind.name, kind.discriminator) == ("tick", ())


def test_a_kind_without_any_name_is_titled_like_its_channel() -> None:
    [kind] = found([Sent({"a": number}) for number in range(20)]).kinds
    assert (kind.name, kind.json_schema["title"]) == (None, "/chat")


def test_a_number_that_tells_is_named_with_its_property() -> None:
    messages = [
        Sent({"op": 10, "interval": 5, "x": [1]}) if number % 2 else Sent({"op": 1, "seq": number}) for number in range(80)
    ]
    schema = found(messages)
    assert {kind.name for kind in schema.kinds} == {"op-10", "op-1"}
    assert {kind.discriminator for kind in schema.kinds} == {(("/op", 10),), (("/op", 1),)}


def test_a_property_that_tells_gives_its_name() -> None:
    messages = [
        Sent({"result": {"value": number}}) if number % 2 else Sent({"error": {"code": 5, "message": "no"}})
        for number in range(100)
    ]
    kinds = found(messages).kinds
    assert all(kind.discriminator == () for kind in kinds)
    assert {"result", "error"} & {kind.name for kind in kinds}


def test_what_is_null_now_and_then_is_accepted() -> None:
    messages = [
        Sent({"type": "ping", "note": "old" if number % 3 else None, "at": number})
        if number % 2
        else Sent({"type": "pong", "note": "new", "load": [number]})
        for number in range(120)
    ]
    schema = found(messages)
    assert all(accepts(kind_of(schema, sent), sent.body) for sent in messages)


def test_both_directions_of_one_kind_are_counted_each() -> None:
    messages = [Sent({"id": number, "text": "x"}, SERVER if number % 4 else CLIENT) for number in range(80)]
    [kind] = found(messages).kinds
    assert (kind.direction, kind.directions) == (None, {CLIENT: 20, SERVER: 60})


def test_formats_of_one_kind_are_counted_each() -> None:
    messages = [Sent({"id": number}, form="json" if number % 4 else "cbor") for number in range(80)]
    [kind] = found(messages).kinds
    assert kind.formats == {"cbor": 20, "json": 60}


def test_messages_that_were_counted_and_not_sampled_belong_to_the_kind_of_their_structure() -> None:
    sample = sampled(chat(30))
    for stratum in sample.strata.values():
        stratum.count(1_000, 3, 9_000)
        sample.messages += 1_000
    kinds = channel_schema("/chat", sample).kinds
    assert [kind.messages for kind in kinds] == [1_030] * 3
    assert {kind.last_ns for kind in kinds} == {9_000}


def test_confidence_grows_with_the_messages_and_is_never_certain() -> None:
    few, many = (found([Sent({"a": 5})] * times).kinds[0].confidence for times in (3, 300))
    assert few is not None
    assert many is not None
    assert 0 < few < many < 1


def test_properties_that_came_once_lower_it() -> None:
    steady = found([Sent({"a": number}) for number in range(60)]).kinds[0].confidence
    surprising = found([Sent({"a": number} | ({f"b{number}x": 1} if number < 4 else {})) for number in range(60)]).kinds[0]
    assert steady is not None
    assert surprising.confidence is not None
    assert surprising.confidence < steady


def test_a_channel_without_messages_has_no_kinds() -> None:
    schema = found([])
    assert (schema.kinds, schema.families) == ([], {})
    assert schema.rule.kind({}, CLIENT) is None


def test_identifiers_are_readable_and_depend_on_what_tells_kinds_apart_alone() -> None:
    conditions: Any = ((("type",), ("value", "join")), (DIRECTION, ("value", CLIENT)))
    identifier = kind_identifier("/rooms/{id}", "join", conditions)
    assert identifier.startswith("rooms-id.client.join-")
    assert identifier == kind_identifier("/rooms/{id}", "join", conditions[::-1])
    assert identifier != kind_identifier("/rooms", "join", conditions)
    assert kind_identifier("/", None, ()).startswith("root-")
    absent: Any = ((("type",), ("type", ABSENT)),)
    assert kind_identifier("/", None, absent) != kind_identifier("/", None, ())


def test_more_of_the_same_messages_leave_the_identifiers_as_they_are() -> None:
    assert {kind.id for kind in found(chat(30)).kinds} == {kind.id for kind in found(chat(60)).kinds}


def test_pointers_are_those_of_json() -> None:
    assert pointer(()) == ""
    assert pointer(("a", 0, "b/c", "d~e")) == "/a/0/b~1c/d~0e"


BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 60) | st.floats(-5, 5) | st.sampled_from(["ping", "pong", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "op", "a", "b", "1"]), inner, max_size=4)
    ),
    max_leaves=8,
)
SENT = st.builds(
    Sent, BODIES, st.sampled_from([CLIENT, SERVER]), st.sampled_from([None, "x"]), st.sampled_from(["json", "json", "cbor"])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SENT, st.integers(1, 15)), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_every_message_is_of_one_kind_which_accepts_it(several: list[tuple[Sent, int]], chance: random.Random) -> None:
    messages = [sent for sent, times in several for _ in range(times)]
    chance.shuffle(messages)
    schema = found(messages)
    assert len({kind.id for kind in schema.kinds}) == len(schema.kinds)
    assert sum(kind.messages for kind in schema.kinds) == len(messages)
    by_kind: dict[str, int] = {}
    for sent in messages:
        identifier = kind_of(schema, sent).id
        by_kind[identifier] = by_kind.get(identifier, 0) + 1
    assert set(by_kind) == {kind.id for kind in schema.kinds}
    for sent, _ in several:
        kind = kind_of(schema, sent)
        jsonschema.Draft202012Validator.check_schema(kind.json_schema)
        assert accepts(kind, sent.body)
        assert (sent.direction, sent.name) in schema.families[kind.id]
    for kind in schema.kinds:
        assert (
            kind.messages
            == sum(kind.directions.values())
            == sum(kind.formats.values())
            == kind.json_schema["x-wsobserve-count"]
        )
