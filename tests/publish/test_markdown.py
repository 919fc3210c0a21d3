"""A reference in Markdown, in which nothing of other people is markup."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.publish.kinds import counted, kind, record, shuffled
from wsobserve.publish.markdown import code, markdown_text, plain
from wsobserve.publish.overlay_file import ChannelNote

USER = record("id name", id={"type": "integer", "x-wsobserve-count": 4}, name={"type": "string", "format": "email"})


def test_a_channel_with_its_kinds_and_fields() -> None:
    say = record(
        "type user",
        type={"const": "say"},
        user=USER,
        tags={"type": "array", "items": {"type": "string"}, "x-wsobserve-presence": 0.125, "x-wsobserve-count": 3},
    )
    kinds = [
        kind("chat.say-1", say, name="say", messages=30, discriminator=(("/type", "say"),), confidence=0.99),
        kind("chat.join-2", record("user", user=USER), name="join"),
    ]
    text = markdown_text(kinds, {"/chat": ChannelNote(title="Chat", description="Where people *talk*.")}, title="My service")
    assert text.startswith("# My service\n\n1 channel, 2 kinds, 40 messages.")
    for line in (
        "Where people \\*talk\\*.",
        '### <a id="chat.say-1"></a>`say`',
        '30 messages (75 % of the channel), server to client; told by `/type` = `"say"`; as json; '
        "the next one fits with a chance of 99 %; id `chat.say-1`.",
        '| `type` | `"say"` | always |  |  |',
        "| `tags` | list of string | in 12.5 % |  | 3 |",
        "| `user` | [User](#User) | always |  |  |",
        '### <a id="User"></a>User',
        "| `id` | integer | always |  | 8 |",
        "| `name` | string | always | email |  |",
    ):
        assert f"\n{line}\n" in text, line


def test_forms_lists_and_maps_have_rows() -> None:
    forms = {"anyOf": [record("a", a={"type": "integer"}), record("b", b={"type": "null"}) | {"title": "other"}]}
    prices = {"type": "object", "additionalProperties": record(p={"enum": [1, 2]})}
    schema = record(x=forms, prices=prices, u={"enum": list(range(30))})
    text = markdown_text([kind("k", schema)])
    for line in (
        "| `x` | object | optional |  |  |",
        "| `x` | *form 1 of 2* |  |  |  |",
        "| `x.a` | integer | always |  |  |",
        "| `x` | *other* |  |  |  |",
        "| `x.b` | null | always |  |  |",
        "| `prices.*` | object |  |  |  |",
        "| `prices.*.p` | one of these | optional | `1`, `2` |  |",
    ):
        assert f"\n{line}\n" in text, line
    assert ", `23`, and 6 more |" in text
    assert "| (the message) | integer |" in markdown_text([kind("k", {"type": "integer"})])


def test_code_and_words_are_never_markup() -> None:
    assert code("a|b") == "`a\\|b`"
    assert code("a``b") == "``` a``b ```"
    assert code("\n\u202e") == "`\\x0a\\x202e`"
    assert plain("<b> [x](y)\n| _") == r"\<b\> \[x\](y) \| \_"


@settings(max_examples=60)
@given(st.lists(counted(), max_size=3), st.integers(0, 99))
def test_tables_are_whole_and_the_text_does_not_depend_on_order(schemas: list[dict[str, Any]], seed: int) -> None:
    kinds = [kind(f"k{place}", schema) for place, schema in enumerate(schemas)]
    text = markdown_text(kinds)
    for line in text.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 6
    other = [kind(each.id, shuffled(each.json_schema, seed)) for each in reversed(kinds)]
    assert markdown_text(other) == text
