"""A message kind as lines: fields, types, presence; no value, no control character."""

from __future__ import annotations

from wsobserve.export.kind_text import DEEPEST, kind_lines
from wsobserve.records import MessageKind


def kind(schema: dict[str, object], name: str | None = "tick") -> MessageKind:
    return MessageKind(
        id="a.client.tick-123456",
        channel="/a",
        direction="client_to_server",
        name=name,
        messages=8,
        first_ns=1,
        last_ns=2,
        formats={"json": 8},
        json_schema=schema,
    )


def test_fields_are_listed_with_type_and_presence() -> None:
    lines = kind_lines(
        kind(
            {
                "type": "object",
                "properties": {
                    "price": {"type": ["integer", "number"], "x-wsobserve-presence": 1.0},
                    "note": {"type": "string", "x-wsobserve-presence": 0.125},
                    "levels": {"type": "array", "items": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                    "any": {},
                    "either": {"anyOf": [{"type": "null"}, {"type": "string"}]},
                },
                "required": ["price", "levels"],
            }
        )
    )
    assert lines[0] == "/a  client to server  tick  8 messages  [a.client.tick-123456]"
    words = [line.split() for line in lines[1:]]
    assert ["price", "integer", "|", "number"] in words
    assert ["note", "string", "in", "12.5%"] in words
    assert ["levels[]", "object"] in words
    assert ["levels[].size", "integer", "optional"] in words
    assert ["any", "any", "optional"] in words
    assert ["either", "null", "|", "string", "optional"] in words


def test_what_is_narrower_than_a_type_is_said() -> None:
    lines = kind_lines(
        kind(
            {
                "type": "object",
                "properties": {
                    "type": {"const": "tick"},
                    "side": {"enum": ["buy", "sell"]},
                    "id": {"type": "string", "format": "uuid"},
                    "hash": {"type": "string", "pattern": "^[0-9a-f]+$", "x-wsobserve-format": "hex"},
                    "age": {"type": "integer", "minimum": 0, "maximum": 120},
                    "prices": {"type": "object", "additionalProperties": {"type": "number"}},
                    "level": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}], "minItems": 1},
                    "tree": {"$ref": "#/$defs/children"},
                },
                "required": ["type"],
                "$defs": {"children": {"type": "object", "properties": {"name": {"type": "string"}}}},
            }
        )
    )
    words = [" ".join(line.split()) for line in lines[1:]]
    assert 'type "tick"' in words
    assert 'side "buy" | "sell" optional' in words
    assert "id string (uuid) optional" in words
    assert "hash string (hex) optional" in words
    assert "age integer 0 to 120 optional" in words
    assert "prices.* number" in words
    assert "level[0] number" in words
    assert "level[1] string optional" in words
    assert "tree children optional" in words
    assert words[words.index("children, which holds itself:") + 1] == "name string optional"


def test_a_kind_without_a_name_says_so() -> None:
    assert "(no name)" in kind_lines(kind({}, None))[0]


def test_names_from_the_wire_cannot_steer_a_terminal() -> None:
    lines = kind_lines(kind({"properties": {"\x1b[2J": {"type": "string"}}}, "\x1b]0;x"))
    assert "\x1b" not in "".join(lines)


def test_a_deep_schema_ends() -> None:
    schema: dict[str, object] = {"type": "object"}
    for _ in range(100):
        schema = {"type": "object", "properties": {"in": schema}}
    assert len(kind_lines(kind(schema))) == DEEPEST + 3
