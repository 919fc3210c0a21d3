"""Every field as a row to look up, and shared structures once."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from tests.publish.kinds import counted, kind, record
from wsobserve.publish.overlay_file import ChannelNote
from wsobserve.publish.reference import Row, anchor, reference

USER = record("id name", id={"type": "integer"}, name={"type": "string"})


def rows(schema: dict[str, Any]) -> tuple[Row, ...]:
    (channel,) = reference([kind("k", schema)]).channels
    return channel.kinds[0].rows


def words(row: Row) -> str:
    return "".join(word.text for word in row.type)


def test_channels_have_their_notes_and_kinds() -> None:
    made = reference([kind("b", USER), kind("a", {}, channel="/other")], {"/chat": ChannelNote(title="Chat", description="d")})
    told = [(part.channel, part.title, part.description) for part in made.channels]
    assert told == [("/chat", "Chat", "d"), ("/other", "/other", "")]


def test_what_is_shared_is_a_table_of_its_own_with_links_to_it() -> None:
    made = reference([kind("a", record("user", user=USER)), kind("b", record("user", user=USER))])
    assert [table.name for table in made.shared] == ["User"]
    assert [row.path for row in made.shared[0].rows] == ["id", "name"]
    (row,) = made.channels[0].kinds[0].rows
    assert row.type[0].target == "User"


def test_types_in_words() -> None:
    schema = record(
        a={"type": ["null", "string"]},
        b={"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
        c={"type": "object", "additionalProperties": {"type": "number"}},
        d={"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
        e={"const": "x"},
        f={"type": "object", "x-wsobserve-truncated": True},
        g={},
        h={"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "string"}]},
    )
    assert [words(row) for row in rows(schema)] == [
        *("null or string", "list of list of integer", "map of number", "[string, integer]", '"x"'),
        *("object (not described in full)", "anything", "string or integer"),
    ]


def test_names_with_signs_are_quoted_in_paths() -> None:
    inner = record(**{"a.b": record(**{"": {"type": "null"}, "c d": {"type": "null"}})})
    assert [row.path for row in rows(inner)] == ['"a.b"', '"a.b".""', '"a.b".c d']


def test_an_enumeration_shows_its_first_values_and_says_how_many_more() -> None:
    (row,) = rows(record(e={"enum": list(range(100))}))
    assert len(row.facts) == 25
    assert row.facts[-1].text == "and 76 more"


def test_anchors_are_different_for_different_texts() -> None:
    texts = ["a-b", "a/b", "a b", "A/b", "", "ü", "x" * 99, "x" * 98]
    made = [anchor(text) for text in texts] + [anchor(text, "channel") for text in texts]
    assert len(set(made)) == len(made)
    assert all(set(each) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") for each in made)


@given(counted())
def test_any_schema_has_rows(schema: dict[str, Any]) -> None:
    assert all(row.type for row in rows(schema))
    assert rows(schema) or schema.get("properties") == {}
