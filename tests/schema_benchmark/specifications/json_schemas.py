"""JSON Schemas of a specification in, nodes out.

A record is closed unless its schema says `additionalProperties: true`: on the wire nobody sends what no specification names.
"""

from __future__ import annotations

from typing import Any

from tests.schema_benchmark.specifications.leaves import Leaves
from tests.schema_benchmark.specifications.nodes import (
    Constant,
    Field,
    Free,
    FreeRecord,
    Map,
    Named,
    Node,
    Nullable,
    Record,
    Repeated,
    told_apart,
)


class JsonSchemas:
    """The definitions of one specification. `left_out`: fields that this application never sends, by name."""

    def __init__(self, leaves: Leaves, definitions: dict[str, Any], left_out: frozenset[str] = frozenset()) -> None:
        self._leaves = leaves
        self._definitions = definitions
        self._left_out = left_out
        self._named: dict[str, Named] = {}

    def named(self, name: str) -> Named:
        """A definition."""
        if name not in self._named:
            self._named[name] = Named(name, lambda: self.node(self._definitions[name], name, name))
        return self._named[name]

    def node(self, schema: Any, record: str, field: str) -> Node:
        """Of any schema. `record`, `field`: where it stands, which tells strings and numbers apart."""
        if schema in (True, {}):
            return Free()
        if "$ref" in schema:
            return self.named(schema["$ref"].rpartition("/")[2])
        if "allOf" in schema:
            return self.node(self.merged(schema), record, field)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self._choice(schema[keyword], record, field)
        if "const" in schema:
            return Constant(schema["const"])
        if "enum" in schema:
            members = [member for member in schema["enum"] if member is not None]
            node = Constant(members[0]) if len(members) == 1 else self._leaves.enumeration(f"{record}.{field}", members)
            return Nullable(node, self._leaves.nullness(record, field)) if None in schema["enum"] else node
        kinds = schema.get("type")
        if isinstance(kinds, list):
            if len(kinds) >= 6:  # every type that there is
                return Free()
            return self._choice([{**schema, "type": kind} for kind in kinds], record, field)
        return self._of_type(kinds, schema, record, field)

    def merged(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema without `$ref` and `allOf` at its top: properties of all parts together, the last one's say."""
        if "$ref" in schema:
            return self.merged(self._definitions[schema["$ref"].rpartition("/")[2]])
        parts = [self.merged(part) for part in schema.get("allOf", [])]
        rest = {key: value for key, value in schema.items() if key != "allOf"}
        whole: dict[str, Any] = {}
        for part in [*parts, rest]:
            properties = {**whole.get("properties", {}), **part.get("properties", {})}
            required = [*whole.get("required", []), *part.get("required", [])]
            whole = {**whole, **part}
            if properties:
                whole |= {"properties": properties, "required": required}
        return whole

    def _choice(self, schemas: list[Any], record: str, field: str) -> Node:
        constants = [schema.get("const") for schema in schemas]
        if len(schemas) > 1 and None not in constants:
            return self._leaves.enumeration(f"{record}.{field}", constants)
        nullable = [schema for schema in schemas if isinstance(schema, dict) and schema.get("type") == "null"]
        others = [self.node(schema, record, field) for schema in schemas if schema not in nullable]
        node = others[0] if len(others) == 1 else told_apart(others)
        return Nullable(node, self._leaves.nullness(record, field)) if nullable else node

    def _of_type(self, kind: str | None, schema: dict[str, Any], record: str, field: str) -> Node:
        leaves = self._leaves
        bounds = (schema["minimum"], schema["maximum"]) if {"minimum", "maximum"} <= schema.keys() else None
        match kind:
            case "string":
                return leaves.string(record, field, schema.get("format"), schema.get("_enum", ()))
            case "integer":
                return leaves.integer(record, field, bounds)
            case "number":
                return leaves.number(record, field, bounds)
            case "boolean":
                return leaves.boolean(record, field)
            case "array":
                items = self.node(schema.get("items", {}), record, field.removesuffix("s"))
                return Repeated(items, least=min(1, schema.get("minItems", 0)))
            case "null":
                return Constant(None)
        if kind == "object" or "properties" in schema:
            return self.record(schema, record, field)
        return Free()

    def record(self, schema: dict[str, Any], record: str, field: str) -> Node:
        """An object: with known keys, or with keys that are data, or free."""
        properties, more = schema.get("properties"), schema.get("additionalProperties")
        if not properties:
            if isinstance(more, dict) and more:
                return Map(self._leaves.map_key(field), self.node(more, record, field.removesuffix("s")))
            return Record({}) if more is False else FreeRecord()
        required = schema.get("required", [])
        fields: dict[str, Field] = {}
        for name, inner in properties.items():
            presence = 1.0 if name in required else self._leaves.presence(record, name)
            if presence and name not in self._left_out:
                # A record without a name of its own has that of the field it stands in.
                fields[name] = Field(self.node(inner, record if record == field else f"{record}.{field}", name), presence)
        return Record(fields, is_open=more is True)
