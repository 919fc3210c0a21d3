"""What changed between two schemas of one kind, as rows: the path within the message, and who breaks by it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wsobserve.export.store.changes import changes_between, worst
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Direction, MessageKind

Schema = dict[str, Any]


def kind(schema: Schema, *directions: Direction) -> MessageKind:
    return MessageKind(
        id="a · b",
        channel="/rooms · x",
        direction=directions[0] if len(directions) == 1 else None,
        name="c · d",
        messages=1,
        first_ns=0,
        last_ns=0,
        formats={},
        json_schema=schema,
        directions=dict.fromkeys(directions, 1),
        discriminator=(("/type", "c"),),
    )


def record(*required: str, **fields: str) -> Schema:
    return {"type": "object", "properties": {n: {"type": of} for n, of in fields.items()}, "required": sorted(required)}


def test_a_change_tells_its_field_its_class_and_who_breaks() -> None:
    old = kind(record("price", price="number"), SERVER_TO_CLIENT)
    new = kind(record("price", price="string"), SERVER_TO_CLIENT)
    [change] = changes_between(old, new)
    assert (change["path"], change["severity"], change["certainty"]) == ("price", "breaking", "observed")
    assert "clients" in change["who"]
    assert (change["old"], change["new"]) == ("number", "string")
    assert {"what", "class", "pointer", "breaks", "reason"} <= change.keys()
    assert json.loads(json.dumps(change)) == change


def test_the_message_itself_has_an_empty_path() -> None:
    assert {row["path"] for row in changes_between(kind({"type": "string"}), kind({"type": "null"}))} == {""}


def test_who_breaks_depends_on_the_direction() -> None:
    narrow, wide = record("a", a="string"), record(a="string")
    assert worst(changes_between(kind(narrow, SERVER_TO_CLIENT), kind(wide, SERVER_TO_CLIENT))) == "breaking"
    assert worst(changes_between(kind(narrow, CLIENT_TO_SERVER), kind(wide, CLIENT_TO_SERVER))) == "safe"


def test_what_is_no_longer_seen_is_inferred() -> None:
    rows = changes_between(kind(record(a="string", b="string")), kind(record(a="string")))
    assert {row["certainty"] for row in rows} == {"inferred"}


def test_the_same_schema_has_no_changes_whatever_it_is_counted() -> None:
    counted = {**record(a="string"), "x-wsobserve-count": 5}
    assert changes_between(kind(record(a="string")), kind(counted)) == []


@pytest.mark.parametrize(
    ("severities", "expected"),
    [([], None), (["none"], "none"), (["safe", "breaking", "warning"], "breaking"), (["safe", "warning"], "warning")],
)
def test_the_worst_of_several(severities: list[str], expected: str | None) -> None:
    assert worst([{"severity": severity} for severity in severities]) == expected
