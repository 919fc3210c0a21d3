"""A JSON Schema of the 2020-12 dialect in, a Schema Object of AsyncAPI out: draft 07, which accepts exactly the same.

What differs: tuples (`prefixItems`) and what stands beside a `$ref`, which draft 07 does not look at. A property of the
name `$ref` is written as a pattern, because AsyncAPI's own parser (3.6) takes it for a reference and fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

NAMED = ("properties", "patternProperties", "dependentSchemas")
LISTED = ("anyOf", "oneOf", "allOf")
SINGLE = ("items", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else")
NOT_IN_HERE = ("$schema", "$id", "$defs")


def draft07(schema: Schema, renamed: Callable[[str], str]) -> Schema:
    """The same schema. `renamed`: what a reference is in the document that it goes into."""
    made: Schema = {}
    for keyword, value in schema.items():
        if keyword in NOT_IN_HERE:
            continue
        if keyword in NAMED:
            made[keyword] = {name: _inner(inner, renamed) for name, inner in value.items()}
        elif keyword in LISTED:
            made[keyword] = [_inner(inner, renamed) for inner in value]
        elif keyword in SINGLE:
            made[keyword] = _inner(value, renamed)
        else:
            made[keyword] = value
    _write_tuple(made, schema, renamed)
    _write_property_called_reference(made)
    if "dependentSchemas" in made:
        made["dependencies"] = made.pop("dependentSchemas")
    reference = made.get("$ref")
    if isinstance(reference, str):
        made["$ref"] = renamed(reference)
        if len(made) > 1:
            return {"allOf": [{"$ref": made.pop("$ref")}, *made.pop("allOf", [])], **made}
    return made


def _inner(value: object, renamed: Callable[[str], str]) -> object:
    return draft07(value, renamed) if isinstance(value, dict) else value


def _write_tuple(made: Schema, schema: Schema, renamed: Callable[[str], str]) -> None:
    positions = schema.get("prefixItems")
    if positions is None:
        return
    del made["prefixItems"]
    rest = made.pop("items", None)
    made["items"] = [_inner(position, renamed) for position in positions]
    if rest is not None:
        made["additionalItems"] = rest


def _write_property_called_reference(made: Schema) -> None:
    properties = made.get("properties")
    if properties is None or "$ref" not in properties:
        return
    made["patternProperties"] = {**made.get("patternProperties", {}), r"^\$ref$": properties.pop("$ref")}
