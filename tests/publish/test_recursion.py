"""A recursive structure that was written out level by level is folded when the traffic promises further levels."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its types are a package of their own

from tests.publish.kinds import record
from wsobserve.publish.recursion import folded

LAST: dict[str, Any] = {"type": "array"}


def comment(replies: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": {"type": "integer"}, "text": {"type": "string"}, **more}
    return record("id text", **fields) if replies is None else record("id text replies", **fields, replies=replies)


def listed(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def test_one_level_with_an_empty_field_is_enough_and_any_depth_is_accepted() -> None:
    made = folded(comment(listed(comment(LAST))))
    assert made["$ref"] == "#/$defs/recursive-0"
    validator = Draft202012Validator(made)
    message: dict[str, Any] = {"id": 1, "text": "t", "replies": []}
    for _ in range(5):
        assert validator.is_valid(message)
        message = {"id": 1, "text": "t", "replies": [message]}
    assert not validator.is_valid({"id": 1, "text": "t", "replies": [{"id": 1}]})


def test_one_level_without_the_field_promises_nothing() -> None:
    schema = comment(listed(comment(None)))
    assert folded(schema) == schema


def test_two_levels_without_the_field_at_the_last_are_enough() -> None:
    made = folded(comment(listed(comment(listed(comment(None))))))
    assert made["$ref"] == "#/$defs/recursive-0"
    body = made["$defs"]["recursive-0"]
    assert body["required"] == ["id", "text"]
    assert body["properties"]["replies"] == {"type": "array", "items": {"$ref": "#/$defs/recursive-0"}}


def test_other_fields_or_types_further_down_are_another_structure() -> None:
    for inner in (comment(LAST, extra={"type": "null"}), comment(LAST, text={"type": "boolean"})):
        schema = comment(listed(inner))
        assert folded(schema) == schema


def test_a_level_that_was_not_described_in_full_folds_nothing() -> None:
    schema = comment(listed(comment(listed({"type": "object", "x-wsobserve-truncated": True}))))
    assert folded(schema) == schema


def test_two_branches_and_null_at_the_end() -> None:
    end = {"type": "null"}

    def node(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
        return record("value left right", value={"type": "number"}, left=left, right=right)

    def some(inner: dict[str, Any]) -> dict[str, Any]:
        return {"anyOf": [inner, end]}

    made = folded(node(some(node(end, some(node(end, end)))), some(node(end, end))))
    body = made["$defs"]["recursive-0"]
    reference = {"$ref": "#/$defs/recursive-0"}
    assert body["properties"]["left"] == body["properties"]["right"] == {"anyOf": [reference, end]}
    assert Draft202012Validator(made).is_valid({"value": 1, "left": None, "right": {"value": 2, "left": None, "right": None}})


def test_a_record_or_null_keeps_its_null() -> None:
    def node(deeper: dict[str, Any]) -> dict[str, Any]:
        return record("n next", n={"type": "integer"}, next=deeper) | {"type": ["null", "object"]}

    made = folded(record("head", head=node(node(node({"type": "null"})))))
    validator = Draft202012Validator(made)
    assert validator.is_valid({"head": None})
    assert validator.is_valid({"head": {"n": 1, "next": {"n": 2, "next": None}}})
    assert not validator.is_valid({"head": {"n": 1, "next": 5}})


def test_counts_of_all_levels_add_up() -> None:
    def level(count: int, replies: dict[str, Any]) -> dict[str, Any]:
        made = comment(replies)
        for part in (made, *made["properties"].values()):
            part["x-wsobserve-count"] = count
        return made

    made = folded(level(2, listed(level(6, listed(level(4, {"type": "array"}))))))
    body = made["$defs"]["recursive-0"]
    assert made["x-wsobserve-count"] == 2
    assert body["x-wsobserve-count"] == 12
    assert body["properties"]["text"]["x-wsobserve-count"] == 12


def test_definitions_that_are_there_already_stay() -> None:
    schema = {"$defs": {"recursive-0": {"type": "string"}}, **comment(listed(comment(LAST)))}
    made = folded(schema)
    assert made["$ref"] == "#/$defs/recursive-1"
    assert made["$defs"]["recursive-0"] == {"type": "string"}
