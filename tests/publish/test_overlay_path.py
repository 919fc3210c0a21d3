"""Paths as people write them lead to the schemas that stand there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.publish.kinds import record
from wsobserve.publish.overlay_path import parse_path, places, written_path


@pytest.mark.parametrize("text", ["a", "a.b[].c", "prices.*", '"a.b".c', "[0].x", "a[][1]", '"a\\"[*]"', "größe.x y", "*.*"])
def test_a_path_is_written_as_it_was_read(text: str) -> None:
    assert written_path(parse_path(text)) == text


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", 'a."b', "a]", "a[0]b"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no path of a field"):
        parse_path(text)


SCHEMA: dict[str, Any] = {
    **record(
        "user",
        user={"anyOf": [record(name={"const": "in a record"}), {"type": "null"}]},
        prices={"type": "object", "additionalProperties": {"const": "in a map"}},
        list={"type": "array", "items": record(x={"const": "in a list"})},
        pair={"type": "array", "prefixItems": [{"const": "first"}, {"const": "second"}], "items": {"const": "rest"}},
        tree={"$ref": "#/$defs/t"},
    ),
    "$defs": {"t": record(value={"const": "in a tree"}, children={"type": "array", "items": {"$ref": "#/$defs/t"}})},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("user.name", ["in a record"]),
        ("prices.*", ["in a map"]),
        ("list[].x", ["in a list"]),
        ("pair[]", ["first", "second", "rest"]),
        ("pair[1]", ["second"]),
        ("pair[7]", ["rest"]),
        ("tree.value", ["in a tree"]),
        ("tree.children[].value", ["in a tree"]),
        ("user.nothing", []),
        ("prices.x", []),
        ("user[]", []),
    ],
)
def test_what_stands_at_a_path(path: str, found: list[str]) -> None:
    assert [place.schema["const"] for place in places(SCHEMA, parse_path(path))] == found


def test_the_field_of_a_record_knows_its_record() -> None:
    (place,) = places(SCHEMA, parse_path("list[].x"))
    assert place.record is SCHEMA["properties"]["list"]["items"]
    assert place.name == "x"
    assert [place.name for place in places(SCHEMA, parse_path("user.*"))] == ["name"]
