"""Which alternatives of a schema a message takes: the label that a schema alone gives to it.

In: a schema and messages. Out: labels. Two messages have the same label when they take the same way through the unions on
their path: through properties and tuple places to a depth of three, not into lists. By it the truth itself is judged, since
a truth in which two kinds look alike can separate them no better than anybody.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import jsonschema_rs

DEEPEST = 3
Label: TypeAlias = "tuple[object, ...]"


class Alternatives:
    """Of one schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._root = schema
        self._checks: dict[int, Any] = {}

    def label(self, message: Any) -> str:
        return repr(self._label(message, self._root, 0))

    def _label(self, value: Any, schema: Any, depth: int) -> Label:
        schema = self._resolved(schema)
        if depth > DEEPEST or not isinstance(schema, dict):
            return ()
        found: list[object] = []
        for keyword in ("anyOf", "oneOf"):
            found += self._taken(value, schema, keyword, depth)
        if isinstance(value, dict):
            inner = [(key, each) for key, each in schema.get("properties", {}).items() if key in value]
        elif isinstance(value, list):
            inner = list(enumerate(schema.get("prefixItems", [])[: len(value)]))
        else:
            inner = []
        below = [(key, self._label(value[key], each, depth + 1)) for key, each in inner]
        return (*found, *((key, label) for key, label in below if label))

    def _taken(self, value: Any, schema: dict[str, Any], keyword: str, depth: int) -> list[object]:
        """The first alternative that accepts it. One that holds nothing but a scalar is no alternative worth telling."""
        alternatives = [each for each in schema.get(keyword, []) if isinstance(each, dict)]
        if not alternatives:
            return []
        told = depth == 0 or sum(map(self._has_parts, alternatives)) > 1
        for number, each in enumerate(alternatives):
            if self._check(each).is_valid(value):
                return [*([(keyword, number)] if told else []), *self._label(value, each, depth)]
        return [(keyword, None)]

    def _has_parts(self, schema: Any) -> bool:
        resolved = self._resolved(schema)
        kinds = resolved.get("type", ())
        return bool({"object", "array"} & set([kinds] if isinstance(kinds, str) else kinds)) or not {
            "properties",
            "items",
            "anyOf",
            "oneOf",
        }.isdisjoint(resolved)

    def _resolved(self, schema: Any) -> Any:
        while isinstance(schema, dict) and "$ref" in schema:
            found: Any = self._root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            schema = found
        return schema

    def _check(self, schema: dict[str, Any]) -> Any:
        check = self._checks.get(id(schema))
        if check is None:
            shared: dict[str, Any] = {key: self._root[key] for key in ("$defs", "definitions", "$schema") if key in self._root}
            check = self._checks[id(schema)] = jsonschema_rs.validator_for({**shared, **schema})
        return check
