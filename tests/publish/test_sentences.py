"""What is known of kinds and schemas, in words that claim neither more nor less."""

from __future__ import annotations

import pytest

from tests.publish.kinds import kind
from wsobserve.publish.sentences import (
    constraint_words,
    counted,
    direction_words,
    kind_facts,
    kind_sentence,
    moment,
    presence_words,
    share_words,
    summary_sentences,
)


def test_counts_have_a_noun_in_the_right_number() -> None:
    assert [counted(count, "message") for count in (0, 1, 12345)] == ["0 messages", "1 message", "12,345 messages"]


@pytest.mark.parametrize(
    ("share", "words"),
    [(1, "100 %"), (0.99999, "over 99.9 %"), (0.125, "12.5 %"), (0.5, "50 %"), (0.00001, "under 0.1 %"), (0, "0 %")],
)
def test_nearly_all_is_not_all(share: float, words: str) -> None:
    assert share_words(share) == words


def test_directions_are_told_with_counts_when_there_are_several() -> None:
    assert direction_words(kind("a", {})) == "server to client"
    both = kind("a", {}, directions={"unknown": 2, "server_to_client": 1500, "client_to_server": 0})
    assert direction_words(both) == "1,500 server to client, 2 direction unknown"
    assert direction_words(kind("a", {}, directions={}, direction=None)) == "direction unknown"
    assert kind_sentence(kind("a", {}, messages=1)) == "1 message, server to client, on /chat."


def test_constraints_and_presence() -> None:
    text = {"type": "string", "format": "uuid", "pattern": "^a", "minLength": 4, "maxLength": 4}
    assert constraint_words(text) == ["uuid", "matches ^a", "exactly 4 characters"]
    assert constraint_words({"minimum": 0, "maximum": 9}) == ["0 to 9"]
    assert constraint_words({"minimum": 0}) == ["at least 0"]
    assert constraint_words({"maxItems": 3}) == ["at most 3 elements"]
    assert constraint_words({"x-wsobserve-format": "jwt", "x-wsobserve-truncated": True}) == ["jwt", "not described in full"]
    assert constraint_words({"contentEncoding": "base64"}) == ["bytes, in JSON as base64"]
    assert presence_words({"x-wsobserve-presence": 0.25}) == ["in 25 %"]
    assert presence_words({"x-wsobserve-presence": 1.0}) == presence_words({}) == []


def test_a_kind_and_all_kinds_are_summed_up() -> None:
    one = kind("a", {}, messages=5, discriminator=(("/t", 1),), confidence=0.9, first_ns=0, last_ns=10**9)
    assert kind_facts(one, 10, repr) == [
        "5 messages (50 % of the channel), server to client",
        "told by '/t' = '1'",
        "as json",
        "the next one fits with a chance of 90 %",
        "id 'a'",
    ]
    assert summary_sentences([one]).startswith(
        "1 channel, 1 kind, 5 messages. Seen from 1970-01-01 00:00:00 UTC to 1970-01-01 00:00:01 UTC."
    )
    assert summary_sentences([]).startswith("0 channels, 0 kinds, 0 messages. Inferred")
    assert moment(10**30) == ""
