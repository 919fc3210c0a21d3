"""The sample of a channel: which messages stay, that their numbers are exact, and that order and split do not matter."""

from __future__ import annotations

import json
import pickle
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.schema.sample import (
    LONGEST,
    NO_BOUND,
    OF_STRATUM,
    OVERHEAD,
    MessageSample,
    decoded,
    encoded,
    payload_hash,
    stratum_of,
)

EVERYTHING = (1 << 30, 1 << 20)


class Sent(NamedTuple):
    """A message on its way into a sample."""

    body: object
    name: str | None = None
    direction: str = "client_to_server"
    form: str = "json"
    time_ns: int = 5
    connection: str = "c"

    @property
    def payload(self) -> bytes:
        return json.dumps(self.body).encode() if self.form == "json" else msgspec.msgpack.encode(self.body)

    @property
    def stratum(self) -> int:
        return stratum_of(self.body, self.name, self.direction, self.form)


def sampled(messages: list[Sent], limits: tuple[int, int] = EVERYTHING) -> MessageSample:
    sample = MessageSample()
    for each in messages:
        sample.messages += 1
        stratum = sample.stratum(each.stratum, each.name, each.direction, each.form)
        if stratum is not None:
            stratum.count(1, each.time_ns, each.time_ns)
        sample.offer(
            each.stratum,
            each.payload,
            payload_hash(each.payload),
            each.direction,
            each.name,
            each.form,
            each.time_ns,
            each.connection,
            each.form != "json",
        )
        sample.trim(*limits, exactly=False)
    return sample


def content(sample: MessageSample) -> tuple[object, ...]:
    """Everything that a sample knows, comparable."""
    kept = {
        key: (each.name, each.direction, each.form, each.binary, each.times, each.first_ns, each.last_ns, each.connection)
        for key, each in sample.kept().items()
    }
    strata = {
        number: (
            each.name,
            each.direction,
            each.form,
            each.messages,
            each.first_ns,
            each.last_ns,
            {one.key for one in each.lowest},
        )
        for number, each in sample.strata.items()
    }
    return sample.messages, sample.overlooked, kept, set(sample.uniform), sample.below, strata, sample.strata_below


def bodies(sample: MessageSample) -> list[object]:
    return sorted((each.body() for each in sample.uniform.values()), key=repr)


def test_a_few_messages_all_stay() -> None:
    sample = sampled([Sent({"a": 1}), Sent({"a": 2}), Sent([3])])
    assert bodies(sample) == [[3], {"a": 1}, {"a": 2}]
    assert sample.complete


def test_equal_messages_are_one_with_a_number_and_their_first_and_last_time() -> None:
    sample = sampled([Sent(1, time_ns=7, connection="late"), Sent(1, time_ns=3, connection="early"), Sent(1, time_ns=9)])
    [each] = sample.uniform.values()
    assert (each.times, each.first_ns, each.last_ns, each.connection) == (3, 3, 9, "early")


def test_messages_are_one_of_each_direction_format_and_name() -> None:
    sample = sampled([Sent(53), Sent(53, direction="server_to_client"), Sent(53, form="msgpack"), Sent(53, name="x")])
    assert len(sample.uniform) == len(sample.strata) == 4
    assert bodies(sample) == [53] * 4


def test_the_same_bytes_say_what_their_format_makes_of_them() -> None:
    assert Sent(5).payload == Sent(53, form="msgpack").payload == b"5"
    assert bodies(sampled([Sent(5), Sent(53, form="msgpack")])) == [5, 53]
    assert bodies(sampled([Sent(53, form="msgpack"), Sent(5)])) == [5, 53]


def test_of_too_many_those_with_the_smallest_hashes_stay() -> None:
    messages = [Sent({"n": number}) for number in range(100)]
    sample = sampled(messages)
    sample.trim(20 * (OVERHEAD + 10), 10)
    expected = sorted((payload_hash(each.payload), each.payload) for each in messages)
    kept = [key[:2] for key in sorted(sample.uniform)]
    assert kept == expected[: len(kept)]
    assert 20 <= len(kept) < 25
    assert sample.below == expected[len(kept)]
    assert not sample.complete


def test_what_went_does_not_come_back() -> None:
    sample = sampled([Sent({"n": number}) for number in range(100)])
    sample.trim(20 * OVERHEAD, 10)
    before = set(sample.uniform)
    again = sampled([])
    again.merge(sample)
    for number in range(100):
        each = Sent({"n": number})
        sample.offer(each.stratum, each.payload, payload_hash(each.payload), each.direction, None, "json", 5, "c")
    assert set(sample.uniform) == before == set(again.uniform)


def test_a_kind_that_is_rare_has_its_place_beside_one_that_is_frequent() -> None:
    messages = [Sent({"n": number}) for number in range(500)]
    messages.insert(250, Sent({"type": "rare", "why": "x"}))
    sample = sampled(messages, (10 * OVERHEAD, 10))
    sample.trim(10 * OVERHEAD, 10)
    assert {"type": "rare", "why": "x"} in [each.body() for each in sample.kept().values()]
    assert {number: each.messages for number, each in sample.strata.items()} == {
        Sent({"n": 0}).stratum: 500,
        messages[250].stratum: 1,
    }
    assert all(len(each.lowest) <= OF_STRATUM for each in sample.strata.values())


def test_of_too_many_strata_those_with_the_smallest_hashes_stay() -> None:
    messages = [Sent({f"key{number}": 1}) for number in range(50)]
    sample = sampled(messages)
    sample.trim(1 << 20, 7)
    assert sorted(sample.strata) == sorted(each.stratum for each in messages)[:7]
    assert sample.strata_below == sorted(each.stratum for each in messages)[7]


def test_the_sample_stays_within_twice_its_limits_while_messages_come() -> None:
    sample = MessageSample()
    for number in range(300):
        each = Sent({f"key{number}": "x" * (number % 50)})
        sample.stratum(each.stratum, None, each.direction, "json")
        sample.offer(each.stratum, each.payload, payload_hash(each.payload), each.direction, None, "json", 5, "c")
        sample.trim(5_000, 20, exactly=False)
        assert sum(len(key[1]) + OVERHEAD for key in sample.uniform) <= 2 * 5_000
        assert len(sample.strata) <= 2 * 20


def test_a_long_message_is_counted_and_does_not_stay() -> None:
    sample = sampled([Sent("x" * LONGEST), Sent("short")])
    assert bodies(sample) == ["short"]
    assert not sample.complete


def test_what_was_not_looked_into_leaves_it_incomplete() -> None:
    sample = sampled([Sent(1)])
    sample.overlooked += 1
    assert not sample.complete


def test_a_message_beyond_the_limit_stays_nowhere() -> None:
    messages = [Sent({"n": number}) for number in range(100)]
    sample = sampled(messages)
    sample.trim(20 * OVERHEAD, 10)
    stratum = sample.strata[messages[0].stratum]
    limit = sample.limit(stratum)
    before = content(sample)
    for each in messages:
        if payload_hash(each.payload) > limit:
            sample.offer(each.stratum, each.payload, payload_hash(each.payload), each.direction, None, "json", 5, "c")
    assert content(sample) == before
    assert sampled([]).limit(None) == NO_BOUND


def test_the_version_tells_that_something_else_than_a_number_changed() -> None:
    sample = sampled([Sent(1)])
    before = sample.version
    each = Sent(1)
    sample.offer(each.stratum, each.payload, payload_hash(each.payload), each.direction, None, "json", 5, "c")
    assert sample.version == before
    sample.merge(sampled([Sent(2)]))
    assert sample.version > before


def test_a_payload_that_comes_in_both_directions_goes_in_both() -> None:
    messages = [
        Sent({"n": number}, direction=direction)
        for number in range(40)
        for direction in ("client_to_server", "server_to_client")
    ]
    sample = sampled(messages)
    sample.trim(15 * OVERHEAD, 10)
    payloads = [key[1] for key in sample.uniform]
    assert payloads
    assert all(payloads.count(payload) == 2 for payload in payloads)


@pytest.mark.parametrize("text", [b'{"a": 1}', b"\xef\xbb\xbf[1]", b'"\\ud800"', b"1e400"])
def test_every_json_text_that_was_decoded_once_can_be_again(text: bytes) -> None:
    assert repr(decoded(text)) == repr(json.loads(text.decode("utf-8-sig")))


def test_what_did_not_come_as_json_is_kept_as_messagepack() -> None:
    body = {"a": [1, None, b"\x00"], 5: "x"}
    payload = encoded(body)
    assert payload is not None
    sample = MessageSample()
    sample.stratum(1, None, "unknown", "cbor")
    sample.offer(1, payload, payload_hash(payload), "unknown", None, "cbor", 5, "c", True)
    assert bodies(sample) == [body]


def test_a_body_that_cannot_be_written_has_no_payload() -> None:
    assert encoded({"a": object()}) is None
    assert encoded(2**70) is None


def test_the_same_payload_has_the_same_hash_in_every_process() -> None:
    assert (payload_hash(b""), payload_hash(b'{"a":1}')) == (0, 2500348382)
    assert all(0 <= payload_hash(b"%d" % number) < 1 << 32 for number in range(100))
    assert len({payload_hash(b"%d" % number) for number in range(1_000)}) == 1_000


def test_a_stratum_is_told_by_structure_and_not_by_values() -> None:
    assert Sent({"a": 1, "b": ["x", "y"]}).stratum == Sent({"b": ["z"], "a": 2.5}).stratum
    others = [
        Sent({"a": 1}),
        Sent({"a": "1"}),
        Sent({"a": None}),
        Sent({"a": True}),
        Sent({"a": []}),
        Sent({"a": {}}),
        Sent({"b": 1}),
    ]
    others += [Sent({"a": 1}, name="x"), Sent({"a": 1}, direction="unknown"), Sent({"a": 1}, form="cbor")]
    assert len({each.stratum for each in others}) == len(others)


def test_structure_is_told_apart_to_some_depth_only() -> None:
    def nested(value: object) -> object:
        for _ in range(30):
            value = {"a": value}
        return value

    assert Sent(nested(1)).stratum == Sent(nested("x")).stratum


MESSAGES = st.builds(
    Sent,
    st.recursive(
        st.none() | st.integers(50, 56),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner),
        max_leaves=4,
    ),
    st.sampled_from([None, "x"]),
    st.sampled_from(["client_to_server", "server_to_client"]),
    st.sampled_from(["json", "json", "msgpack", "cbor"]),
    st.integers(0, 9),
    st.sampled_from(["c", "d"]),
)


@settings(max_examples=120)
@given(
    st.lists(st.lists(MESSAGES | st.integers(0, 9).map(Sent), max_size=12), min_size=1, max_size=4),
    st.integers(OVERHEAD, 12 * OVERHEAD),
    st.integers(1, 8),
)
def test_what_stays_depends_neither_on_order_nor_on_the_split(
    parts: list[list[Sent]], most_bytes: int, most_strata: int
) -> None:
    limits = (most_bytes, most_strata)
    whole = [each for part in parts for each in part]
    sample = sampled(whole, limits)
    sample.trim(*limits)
    expected = content(sample)
    backward = sampled(whole[::-1], limits)
    backward.trim(*limits)
    assert content(backward) == expected
    merged = MessageSample()
    for part in reversed(parts):
        other = sampled(part, limits)
        other.trim(*limits)
        before = content(other)
        merged.merge(other)
        assert content(other) == before
        merged.trim(*limits)
    assert content(merged) == expected
    nothing = MessageSample()
    merged.merge(nothing)
    nothing.merge(merged)
    assert content(merged) == content(nothing) == content(pickle.loads(pickle.dumps(merged))) == expected


@settings(max_examples=60)
@given(st.lists(MESSAGES, max_size=25), st.integers(OVERHEAD, 12 * OVERHEAD))
def test_of_what_stays_the_numbers_are_exact(messages: list[Sent], most_bytes: int) -> None:
    sample = sampled(messages, (most_bytes, 3))
    sample.trim(most_bytes, 3)
    for (_, payload, number), each in sample.kept().items():
        alike = [sent for sent in messages if (sent.payload, sent.stratum) == (payload, number)]
        assert each.times == len(alike)
        assert (each.first_ns, each.last_ns) == (min(sent.time_ns for sent in alike), max(sent.time_ns for sent in alike))
