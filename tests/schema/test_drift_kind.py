"""One kind: its messages are learnt in silence, then what is new in one is told, once."""

from __future__ import annotations

from typing import Any

from wsobserve.schema.drift_kind import KindWatch, counted_fields, every_place, places_in
from wsobserve.schema.drift_place import OPEN, Budget


def watched(body: dict[str, Any], messages: int = 500, places: int = 1_000) -> KindWatch:
    kind = KindWatch("a", "a", Budget(places), 32)
    properties = {key: {"type": "string"} for key in body}
    kind.learn([(body, messages)], {"type": "object", "properties": properties})
    return kind


def told(kind: KindWatch, body: Any) -> list[tuple[str, str]]:
    return [(change.change, change.path) for change in kind.see(body)]


def test_what_is_learnt_is_not_told() -> None:
    kind = watched({"a": "x"})
    assert told(kind, {"a": "x"}) == []


def test_a_message_tells_all_that_is_new_in_it_and_the_next_nothing() -> None:
    kind = watched({"a": "x", "b": "y"})
    changed = {"b": 7, "c": {"d": 1}}
    assert told(kind, changed) == [("field_missing", "/a"), ("new_type", "/b"), ("new_field", "/c")]
    assert told(kind, changed) == []


def test_of_few_messages_nothing_is_told() -> None:
    kind = watched({"a": "x", "b": "y"}, messages=300)
    assert told(kind, {"b": 7, "c": 1}) == []


def test_a_key_that_names_one_thing_is_no_new_field() -> None:
    kind = watched({"a": "x"})
    assert told(kind, {"a": "x", "550e8400-e29b-41d4-a716-446655440000": 1}) == []


def test_keys_that_keep_being_new_make_no_record() -> None:
    kind = watched({"a": "x"})
    found = [change for number in range(100) for change in told(kind, {"a": "x", f"key{chr(97 + number % 26)}{number}z": 1})]
    assert len(found) == 32
    assert kind.root.layout == OPEN
    assert kind.version == 1
    assert places_in(kind.root) == 1


def test_without_room_for_a_place_nothing_more_is_watched() -> None:
    kind = watched({"a": "x"}, places=1)
    assert told(kind, {"a": "x", "b": 1}) == []
    assert kind.root.layout == OPEN


def test_every_place_and_field_is_named_once() -> None:
    kind = watched({"a": "x"})
    kind.see({"a": "x", "rows": [{"n": 1}, {"n": 2}]})
    assert [place.path for place in every_place(kind.root)] == ["", "/a", "/rows", "/rows/*", "/rows/*/n"]
    assert [(field.path, field.present) for field, _ in counted_fields(kind.root)] == [
        ("/a", 501),
        ("/rows", 1),
        ("/rows/*/n", 1),
    ]
