"""A JSON Schema in; the part of it that constrains messages out, in one form, and a digest of that part.

Two schemas with the same digest say the same about messages; they may differ in title, counts and the order of words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

# What a run counted, as opposed to what it says of the messages.
COUNTS = frozenset(f"x-wsobserve-{word}" for word in ("count", "presence", "types", "lengths", "elements", "confidence"))
_WORDS_ABOUT = frozenset(("$schema", "$id", "$comment", "title", "description", "examples", "default", "deprecated"))

_ONE = ("items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames", "unevaluatedItems")
_SOME = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "$defs", "dependentSchemas")
_DEEPEST = 200


def without_counts(schema: Schema) -> Schema:
    """The schema without the counts of the run that it came from, at every depth; what else it says stays."""
    found: Schema = _walked(schema, COUNTS.__contains__, 0)
    return found


def without_bounds(schema: Schema) -> Schema:
    """The schema without `minimum` and `maximum`, at every depth."""
    found: Schema = _walked(schema, ("minimum", "maximum").__contains__, 0)
    return found


def constraining(schema: Schema) -> Schema:
    """The constraining part: no annotation, and one way of writing where JSON Schema knows several."""
    found: Schema = _one_form(_walked(schema, _about, 0))
    return found


def digest(schema: Schema) -> str:
    """32 hexadecimal digits that are the same for the same constraining part."""
    text = json.dumps(constraining(schema), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _about(word: str) -> bool:
    return word.startswith("x-") or word in _WORDS_ABOUT


def inner(schema: Schema, change: Callable[[Any], Any]) -> Schema:
    """The schema with `change` made of each schema directly inside; names of properties and values are no schemas."""
    changed = dict(schema)
    for word in schema.keys() & {*_ONE, *_SOME, *_NAMED}:
        value = schema[word]
        if word in _ONE:
            changed[word] = change(value)
        elif word in _SOME and isinstance(value, list):
            changed[word] = [change(part) for part in value]
        elif isinstance(value, dict):
            changed[word] = {name: change(part) for name, part in value.items()}
    return changed


def _walked(schema: Any, dropped: Callable[[str], bool], depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return schema
    kept = {word: value for word, value in schema.items() if not dropped(word)}
    return inner(kept, lambda part: _walked(part, dropped, depth + 1))


def _one_form(schema: Any) -> Any:
    if schema is True:
        return {}
    if not isinstance(schema, dict):
        return schema
    found = inner(schema, _one_form)
    values = found.get("enum")
    if isinstance(values, list):
        found["enum"] = sorted(values, key=_text)
        if len(values) == 1:
            found["const"] = found.pop("enum")[0]
    for word in ("required", "type"):
        if isinstance(found.get(word), list):
            found[word] = sorted(set(found[word]))
    if isinstance(found.get("type"), list) and len(found["type"]) == 1:
        found["type"] = found["type"][0]
    if isinstance(found.get("anyOf"), list):
        found["anyOf"] = sorted(found["anyOf"], key=_text)
    for word in ("required", "properties", "additionalProperties", "items", "$defs", "patternProperties"):
        if word in found and found[word] in ([], {}):  # says nothing; False does
            del found[word]
    return found


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
