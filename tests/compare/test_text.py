"""A comparison as lines for people, and as values for JSON."""

from __future__ import annotations

import json

from tests.compare.test_documents import kind, record, side
from wsobserve.compare.described import Described
from wsobserve.compare.documents import compare
from wsobserve.compare.text import comparison_lines, comparison_values


def sides() -> tuple[Described, Described]:
    old = side(kind("a", record("a", x={"enum": ["p", "q"]})), kind("b", to="server"))
    new = side(kind("a", {**record("a", x={"enum": ["p", "r"]}), "title": "t"}), kind("b", to="server"))
    return old, new


def test_each_change_says_where_what_who_and_how_certain() -> None:
    assert comparison_lines(compare(*sides())) == [
        "side -> side",
        "Incompatible: 3 changes (1 breaking, 1 safe, 1 documentation).",
        "",
        "! breaking  /rooms/{id} · a · x",
        '    widening: member added: "r"',
        "    breaks readers (clients)",
        "",
        "+ safe      /rooms/{id} · a · x",
        '    narrowing: member removed: "q"',
        "    breaks writers (servers); inferred from what was not seen",
        "",
        "  documentation  /rooms/{id} · a: description changed: title",
    ]


def test_no_change_is_said_to_be_none() -> None:
    old, _ = sides()
    assert comparison_lines(compare(old, old))[1:] == ["Identical: no change."]


def test_of_many_changes_of_words_the_first_are_said() -> None:
    old = side(*(kind(f"k{i}") for i in range(30)))
    new = side(*(kind(f"k{i}", {**record(f"k{i}", x={"type": "string"}), "title": "t"}) for i in range(30)))
    assert comparison_lines(compare(old, new))[-1] == "  documentation  10 more"


def test_json_has_every_field_under_a_stable_name() -> None:
    values = comparison_values(compare(*sides()))
    assert json.loads(json.dumps(values)) == values
    assert list(values) == ["old", "new", "class", "severity", "counts", "truncated", "changes"]
    assert values["counts"] == {"none": 1, "safe": 1, "warning": 0, "breaking": 1}
    assert values["changes"][0] == {
        "path": "/rooms/{id} · a · x",
        "pointer": "/properties/x",
        "what": "member_added",
        "class": "widening",
        "severity": "breaking",
        "breaks": ["readers"],
        "who": "readers (clients)",
        "certainty": "observed",
        "old": None,
        "new": '"r"',
        "reason": "",
        "channel": "/rooms/{id}",
        "kind": "a",
        "direction": "server_to_client",
    }
