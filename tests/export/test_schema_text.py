"""Rows of the registry as public fields and as lines: times both ways, nothing that a terminal obeys."""

from __future__ import annotations

from typing import Any

from wsobserve.export.schema_text import (
    change_text,
    registered_heading,
    registered_line,
    registered_row,
    version_line,
    version_row,
)

START_NS = 1_800_000_000_000_000_000
KIND = {
    "service": None,
    "channel": "/a",
    "kind": "a.client.tick-1",
    "name": "ti\x1bck",
    "direction": "client_to_server",
    "number": 2,
    "first_seen_ns": START_NS,
    "changed_ns": START_NS + 60_000_000_000,
    "last_ns": START_NS + 90_000_000_000,
    "messages": 7,
}
CHANGE = {
    "path": "/a · tick · pr\x1bice",
    "what": "type_added",
    "class": "widening",
    "severity": "breaking",
    "certainty": "observed",
    "old": "string",
    "new": "null or string",
}
VERSION: dict[str, Any] = {
    **KIND,
    "basis": "united",
    "published_ns": START_NS,
    "run": 3,
    "connection": "c\n1",
    "client": "app/2",
    "messages_before": 5,
    "confidence": None,
    "digest": "d",
    "changes": [CHANGE],
}


def test_a_registered_kind() -> None:
    row = registered_row(KIND)
    assert (row["kind"], row["id"], row["versions"]) == ("schema", "a.client.tick-1", 2)
    assert (row["first_seen"], row["changed_ns"]) == ("2027-01-15T08:00:00.000000000Z", START_NS + 60_000_000_000)
    line = registered_line(row)
    for part in ("/a", "ti\\x1bck", "client", "2027-01-15 08:00:00", "2027-01-15 08:01:00", "a.client.tick-1"):
        assert part in line
    assert registered_line(registered_row({**KIND, "service": "shop"})).endswith("(shop)")
    assert line.index("2027") == registered_heading().index("first seen")


def test_a_kind_that_has_not_changed_has_no_time_of_change() -> None:
    assert "08:01:00" not in registered_line(registered_row({**KIND, "number": 1}))


def test_a_version_with_what_changed_and_by_whom() -> None:
    row = version_row(VERSION)
    assert (row["kind"], row["version"], row["changes"]) == ("schema_version", 2, [CHANGE])
    assert "json_schema" not in row
    heading, by, change = version_line(row).splitlines()
    assert heading.startswith("2027-01-15 08:00:00  /a  ti\\x1bck  [a.client.tick-1]  version 2: more was seen, joined")
    assert by == "    client app/2, connection c\\x0a1, run 3, 7 messages"
    assert change.startswith("  ! /a · tick · pr\\x1bice  type added: string -> null or string")


def test_of_many_changes_the_first_are_shown_and_the_rest_is_counted() -> None:
    row = version_row({**VERSION, "changes": [CHANGE] * 50, "client": None, "connection": None, "messages": 1})
    lines = version_line(row).splitlines()
    assert lines[1] == "    run 3, 1 message"
    assert lines[-1] == "    and 30 more"
    assert len(lines) == 23


def test_what_was_concluded_from_absence_says_so() -> None:
    assert change_text(CHANGE).endswith("(widening)")
    inferred = {**CHANGE, "class": "narrowing", "certainty": "inferred", "old": "string", "new": None}
    assert change_text(inferred).endswith("type added: string  (narrowing, inferred from absence)")
