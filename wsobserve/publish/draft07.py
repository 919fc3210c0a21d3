"""A JSON Schema of the 2020-12 dialect in, a Schema Object of AsyncAPI out: draft 07, which accepts exactly the same.

What differs: tuples (`prefixItems`) and what stands beside a `$ref`, which draft 07 does not look at. Two properties are
written as patterns, because AsyncAPI's own parser (3.6) fails at them: it takes `$ref` for a reference, whatever it is, and
`__proto__` is no key like others in JavaScript.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

NAMED = ("properties", "patternProperties", "dependentSchemas")
LISTED = ("anyOf", "oneOf", "allOf")
SINGLE = ("items", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else")
AS_PATTERNS = ("$ref", "__proto__")
# Counts are told of messages and shares of properties: one more for each place would only hide them.
NOT_IN_HERE = ("$schema", "$id", "$defs", "x-wsobserve-count")


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
    _write_patterns(made)
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


def _write_patterns(made: Schema) -> None:
    properties = made.get("properties", {})
    patterns = {f"^{re.escape(name)}$": properties.pop(name) for name in AS_PATTERNS if name in properties}
    if patterns:
        made["patternProperties"] = {**made.get("patternProperties", {}), **patterns}
