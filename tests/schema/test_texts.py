"""Texts: vocabularies become enumerations, names of things never do, and forms are claimed when all texts have them."""

from __future__ import annotations

import uuid
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.schema.seen import Seen
from wsobserve.schema.texts import are_identifiers, describe_texts, is_enumeration

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")  # it publishes no types


def described(texts: list[str]) -> dict[str, object]:
    """Of these texts, one a nanosecond; without their lengths."""
    node = describe_texts([Seen(text, time_ns=order) for order, text in enumerate(texts)])
    return {key: value for key, value in node.items() if key != "x-wsobserve-lengths"}


def test_the_shortest_and_the_longest_are_told() -> None:
    assert describe_texts([Seen("abc"), Seen("a long one")]) == {"x-wsobserve-lengths": [3, 10]}


def test_a_few_words_that_come_again_and_again_are_an_enumeration() -> None:
    assert described(["sell", "buy", "hold"] * 40) == {"enum": ["buy", "hold", "sell"]}


def test_a_few_words_seen_a_few_times_are_none() -> None:
    assert described(["sell", "buy", "sell"]) == {}


def test_words_that_keep_being_new_are_none() -> None:
    assert described([f"word{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(200)]) == {}


def test_a_word_that_came_late_shows_that_more_may_come() -> None:
    assert described(["sell", "buy"] * 60 + ["hold"] * 8) == {}


def test_one_word_is_no_enumeration() -> None:
    assert described(["sell"] * 100) == {}


def test_a_message_that_came_many_times_counts_as_often() -> None:
    seen = [Seen("on", times=50, time_ns=0), Seen("off", times=50, time_ns=1), Seen("on", times=50, time_ns=9)]
    assert describe_texts(seen) == {"enum": ["off", "on"]}


@pytest.mark.parametrize(
    "names",
    [
        [str(uuid.UUID(int=number << 64)) for number in range(5)],
        [f"user-{number}" for number in range(8)],
        [f"{number:02x}9f3c0de{number:02x}" for number in range(6)],
        [f"ann{letter}@example.org" for letter in "abcdef"],
        [f"wss://example.org/{letter}" for letter in "abcdef"],
        ["192.168.10.1", "192.168.10.2", "192.168.10.3", "192.168.10.4"],
    ],
)
def test_names_of_things_that_come_again_are_no_enumeration(names: list[str]) -> None:
    assert are_identifiers(names)
    assert "enum" not in described(names * 50)


@pytest.mark.parametrize("words", [["buy", "sell"], ["1m", "5m", "1h"], ["v1", "v2"], ["order.new", "order.done"]])
def test_words_are_no_names_of_things(words: list[str]) -> None:
    assert not are_identifiers(words)


def test_an_empty_text_and_control_characters_are_no_words() -> None:
    assert described(["", "buy"] * 60) == {}
    assert described(["a\nb", "buy"] * 60) == {}


def test_a_form_that_json_schema_has_a_name_for_is_a_format() -> None:
    assert described([str(uuid.UUID(int=number)) for number in range(20)]) == {"format": "uuid"}


def test_another_form_is_a_pattern_with_its_name_beside_it() -> None:
    node = described([f"0x{number:x}" for number in range(20)])
    assert node["x-wsobserve-format"] == "hex-prefixed"
    assert "pattern" in node


def test_a_form_that_proves_little_is_named_and_constrains_nothing() -> None:
    assert described([f"Zm9vYmFyYmF6cXV4{number:03}=" for number in range(100, 130)]) == {"x-wsobserve-format": "base64"}


def test_one_text_of_another_form_is_enough_to_claim_none() -> None:
    assert described([*(str(uuid.UUID(int=number)) for number in range(20)), "none"]) == {}


def test_one_short_text_proves_no_form() -> None:
    assert described(["2024-02-29"]) == {}


def test_of_what_is_no_enumeration_the_rule_says_so_too() -> None:
    assert not is_enumeration({}, {}, 0)
    assert is_enumeration({"a": 50, "b": 50}, {"a": 0, "b": 1}, 100)


TEXTS = (
    st.text(max_size=8)
    | st.sampled_from(["buy", "sell", "12", "0x1f", "2024-02-29", "10.0.0.1", "\ud800 half a pair"])
    | st.uuids().map(str)
    | st.datetimes(timezones=st.just(UTC)).map(lambda time: time.isoformat())
    | st.from_regex(r"\A[a-f0-9]{8,12}\Z|\A-?[0-9]{1,18}(\.[0-9]+)?\Z|\A/[a-z/]{0,9}\Z")
)


@settings(max_examples=100)
@given(st.lists(TEXTS, min_size=1, max_size=30) | st.lists(st.sampled_from(["a", "b", "c", "12"]), min_size=12, max_size=40))
def test_every_text_that_was_described_is_accepted(texts: list[str]) -> None:
    schema = {"type": "string", **described(texts)}
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    for text in texts:
        validator.validate(text)
