"""Values and names as words: short, on one line, and without secrets."""

from __future__ import annotations

import pytest

from wsobserve.compare.words import field_name, field_path, members_words, printable, value_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('"join"', '"join"'),
        ("200", "200"),
        ("true", "true"),
        ('"12345678"', '"12345678"'),
        ('"eyJhbGciOiJIUzI1NiJ9.e30.abc"', '"***"'),
        ('"3f2504e0-4f89-11d3-9a0c-0305e82c3301"', '"***"'),
        ('"somebody@example.com"', '"***"'),
        ('{"password":"x"}', "an object"),
        ('["x"]', "an array"),
        ('"a\\u001b[2J"', '"***"'),
    ],
)
def test_a_value_is_said_unless_it_looks_like_somebodys(text: str, words: str) -> None:
    assert value_words(text) == words


def test_no_text_gives_orders_to_a_terminal_or_begins_a_line() -> None:
    assert printable("a\x1b[31mb\nc") == "a\\x1b[31mb\\nc"
    assert printable("x" * 100) == "x" * 60 + "..."


def test_of_many_members_the_first_are_said_and_their_number() -> None:
    assert members_words(['"b"', '"a"']) == '"a", "b"'
    assert members_words([f'"m{i:02}"' for i in range(30)]).endswith('"m07", ... (30 values)')


def test_a_path_reads_like_the_access_to_the_field() -> None:
    assert field_path(("data", "items", "[]", field_name("a b"))) == 'data.items[]."a b"'
    assert field_path(('<type="join">', "user")) == '<type="join">.user'
    assert field_path(()) == ""
