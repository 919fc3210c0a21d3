"""The case table: changes of schemas and what each is. `docs/schema-diff.md` shows the same table."""

from __future__ import annotations

from typing import Any, NamedTuple

S2C, C2S = "server_to_client", "client_to_server"


class Case(NamedTuple):
    """`whole`: the class of the schemas as wholes; `changes`: each change's what, path, class, severity, who and certainty."""

    name: str
    old: Any
    new: Any
    direction: str | None
    whole: str
    changes: tuple[str, ...]


def record(required: str = "", closed: bool = False, /, **fields: Any) -> dict[str, Any]:
    """An object with these fields; `required`: names with spaces between them."""
    schema: dict[str, Any] = {"type": "object", "properties": fields}
    if required:
        schema["required"] = required.split()
    if closed:
        schema["additionalProperties"] = False
    return schema


INTEGER, NUMBER, STRING, NULL = {"type": "integer"}, {"type": "number"}, {"type": "string"}, {"type": "null"}
ID, PRICE = {"id": INTEGER}, {"price": NUMBER}
READERS, WRITERS = "readers (clients)", "writers (clients)"
SERVER_READS, SERVER_WRITES = "readers (servers)", "writers (servers)"
BOTH_FROM_SERVER = "readers (clients) and writers (servers)"
BOTH_FROM_CLIENT = "readers (servers) and writers (clients)"


def table() -> str:
    """The cases as Markdown, as `docs/schema-diff.md` shows them."""
    ways = {S2C: "to the client", C2S: "to the server", None: "not known"}
    lines = [
        "| case | direction | class | changes, each with its class, severity, who breaks, certainty |",
        "|---|---|---|---|",
    ]
    for case in CASES:
        changes = "<br>".join(f"`{change.replace('  ', ' ')}`" for change in case.changes)
        lines.append(f"| {case.name} | {ways[case.direction]} | {case.whole} | {changes} |")
    return "\n".join(lines)


def kind(name: str, **fields: Any) -> dict[str, Any]:
    """A record that is told by its `type`."""
    return record("type " + " ".join(fields), True, type={"const": name}, **fields)


def tree(value: Any) -> dict[str, Any]:
    """A schema that refers to itself."""
    node = record("value", True, value=value, children={"type": "array", "items": {"$ref": "#/$defs/node"}})
    return {"$ref": "#/$defs/node", "$defs": {"node": node}}


CASES = (
    # --- nothing but words ---
    Case("the same", record("id", **ID), record("id", **ID), S2C, "identical", ()),
    Case(
        "keywords in another order",
        {"type": "string", "minLength": 1},
        {"minLength": 1, "type": "string"},
        S2C,
        "identical",
        (),
    ),
    Case("type list and anyOf", {"type": ["string", "null"]}, {"anyOf": [NULL, STRING]}, S2C, "identical", ()),
    Case("nullable of OpenAPI", {"type": "string", "nullable": True}, {"type": ["null", "string"]}, S2C, "identical", ()),
    Case("constant and enumeration of one", {"const": "a"}, {"enum": ["a"]}, S2C, "identical", ()),
    Case(
        "above 0 and from 1, of integers", {**INTEGER, "exclusiveMinimum": 0}, {**INTEGER, "minimum": 1}, S2C, "identical", ()
    ),
    Case("a definition put in place", {"$ref": "#/$defs/x", "$defs": {"x": STRING}}, STRING, S2C, "identical", ()),
    Case(
        "definitions of draft 7",
        {"$ref": "#/definitions/x", "definitions": {"x": STRING}},
        {"$ref": "#/$defs/y", "$defs": {"y": STRING}},
        S2C,
        "identical",
        (),
    ),
    Case(
        "allOf put together",
        {"allOf": [record("id", **ID), record("price", **PRICE)]},
        record("id price", **ID, **PRICE),
        S2C,
        "identical",
        (),
    ),
    Case(
        "tuples of draft 7",
        {"type": "array", "items": [STRING], "additionalItems": False},
        {"type": "array", "prefixItems": [STRING], "items": False},
        S2C,
        "identical",
        (),
    ),
    Case("counts of observation", {**STRING, "x-wsobserve-count": 3}, {**STRING, "x-wsobserve-count": 9}, S2C, "identical", ()),
    Case(
        "unevaluated and additional",
        {"type": "object", "properties": ID, "unevaluatedProperties": False},
        record("", True, **ID),
        S2C,
        "identical",
        (),
    ),
    Case(
        "a description",
        STRING,
        {**STRING, "description": "who"},
        S2C,
        "documentation",
        ("description_changed  documentation none  observed",),
    ),
    Case(
        "a title",
        {**STRING, "title": "a"},
        {**STRING, "title": "b"},
        C2S,
        "documentation",
        ("description_changed  documentation none  observed",),
    ),
    Case(
        "a field deprecated",
        record(id=INTEGER),
        record(id={**INTEGER, "deprecated": True}),
        S2C,
        "documentation",
        ("description_changed id documentation none  observed",),
    ),
    Case(
        "what texts look like, newly known",
        STRING,
        {**STRING, "x-wsobserve-format": "hex"},
        S2C,
        "documentation",
        ("description_changed  documentation none  observed",),
    ),
    # --- fields ---
    Case(
        "optional field added, closed",
        record("id", True, **ID),
        record("id", True, **ID, **PRICE),
        S2C,
        "widening",
        (f"field_added price widening breaking {READERS} observed",),
    ),
    Case(
        "optional field added, closed, to the server",
        record("id", True, **ID),
        record("id", True, **ID, **PRICE),
        C2S,
        "widening",
        (f"field_added price widening safe {SERVER_READS} observed",),
    ),
    Case(
        "required field added, closed",
        record("id", True, **ID),
        record("id price", True, **ID, **PRICE),
        S2C,
        "incompatible",
        (f"field_added price incompatible breaking {BOTH_FROM_SERVER} observed",),
    ),
    Case(
        "required field added, closed, to the server",
        record("id", True, **ID),
        record("id price", True, **ID, **PRICE),
        C2S,
        "incompatible",
        (f"field_added price incompatible breaking {BOTH_FROM_CLIENT} observed",),
    ),
    Case(
        "optional field described, open",
        record("id", **ID),
        record("id", **ID, **PRICE),
        S2C,
        "narrowing",
        (f"field_added price narrowing safe {SERVER_WRITES} observed",),
    ),
    Case(
        "optional field described, open, to the server",
        record("id", **ID),
        record("id", **ID, **PRICE),
        C2S,
        "narrowing",
        (f"field_added price narrowing warning {WRITERS} observed",),
    ),
    Case(
        "required field added, open, to the server",
        record("id", **ID),
        record("id price", **ID, **PRICE),
        C2S,
        "narrowing",
        (f"field_added price narrowing breaking {WRITERS} observed",),
    ),
    Case(
        "optional field gone, closed",
        record("id", True, **ID, **PRICE),
        record("id", True, **ID),
        S2C,
        "narrowing",
        (f"field_removed price narrowing safe {SERVER_WRITES} inferred",),
    ),
    Case(
        "optional field gone, closed, to the server",
        record("id", True, **ID, **PRICE),
        record("id", True, **ID),
        C2S,
        "narrowing",
        (f"field_removed price narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "required field gone, closed",
        record("id price", True, **ID, **PRICE),
        record("id", True, **ID),
        S2C,
        "incompatible",
        (f"field_removed price incompatible breaking {BOTH_FROM_SERVER} inferred",),
    ),
    Case(
        "optional field gone, open",
        record("id", **ID, **PRICE),
        record("id", **ID),
        S2C,
        "widening",
        (f"field_removed price widening warning {READERS} inferred",),
    ),
    Case(
        "required field gone, open",
        record("id price", **ID, **PRICE),
        record("id", **ID),
        S2C,
        "widening",
        (f"field_removed price widening breaking {READERS} inferred",),
    ),
    Case(
        "field no longer always there",
        record("id", **ID),
        record(**ID),
        S2C,
        "widening",
        (f"field_became_optional id widening breaking {READERS} observed",),
    ),
    Case(
        "field no longer always there, to the server",
        record("id", **ID),
        record(**ID),
        C2S,
        "widening",
        (f"field_became_optional id widening safe {SERVER_READS} observed",),
    ),
    Case(
        "field now always there",
        record(**ID),
        record("id", **ID),
        S2C,
        "narrowing",
        (f"field_became_required id narrowing safe {SERVER_WRITES} inferred",),
    ),
    Case(
        "field now always there, to the server",
        record(**ID),
        record("id", **ID),
        C2S,
        "narrowing",
        (f"field_became_required id narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "a field renamed, closed",
        record("a", True, a=STRING),
        record("b", True, b=STRING),
        S2C,
        "incompatible",
        (
            f"field_removed a incompatible breaking {BOTH_FROM_SERVER} inferred",
            f"field_added b incompatible breaking {BOTH_FROM_SERVER} observed",
        ),
    ),
    Case(
        "other fields allowed",
        record("", True, **ID),
        record(**ID),
        S2C,
        "widening",
        (f"other_fields_allowed  widening breaking {READERS} observed",),
    ),
    Case(
        "other fields refused",
        record(**ID),
        record("", True, **ID),
        C2S,
        "narrowing",
        (f"other_fields_refused  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "values of a map",
        {"type": "object", "additionalProperties": INTEGER},
        {"type": "object", "additionalProperties": NUMBER},
        S2C,
        "widening",
        (f"type_changed {{any}} widening breaking {READERS} observed",),
    ),
    Case(
        "keys that match a pattern",
        {"type": "object", "patternProperties": {"^a": INTEGER}},
        {"type": "object", "patternProperties": {"^a": NUMBER}},
        S2C,
        "widening",
        (f"type_changed {{/^a/}} widening breaking {READERS} observed",),
    ),
    Case(
        "names of fields",
        {"type": "object", "propertyNames": {"maxLength": 3}},
        {"type": "object", "propertyNames": {"maxLength": 5}},
        S2C,
        "widening",
        (f"length_widened {{name}} widening breaking {READERS} observed",),
    ),
    Case(
        "more fields at most",
        {"type": "object", "maxProperties": 3},
        {"type": "object", "maxProperties": 5},
        S2C,
        "widening",
        (f"count_widened  widening breaking {READERS} observed",),
    ),
    Case(
        "a field that asks for another",
        record(**ID),
        {**record(**ID), "dependentRequired": {"id": ["price"]}},
        C2S,
        "narrowing",
        (f"rule_changed  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "deep inside",
        record(data=record(items={"type": "array", "items": record(price=INTEGER)})),
        record(data=record(items={"type": "array", "items": record(price=STRING)})),
        S2C,
        "incompatible",
        (f"type_changed data.items[].price incompatible breaking {BOTH_FROM_SERVER} observed",),
    ),
    # --- types ---
    Case("integer to number", INTEGER, NUMBER, S2C, "widening", (f"type_changed  widening breaking {READERS} observed",)),
    Case(
        "number to integer, to the server",
        NUMBER,
        INTEGER,
        C2S,
        "narrowing",
        (f"type_changed  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "string to integer",
        STRING,
        INTEGER,
        S2C,
        "incompatible",
        (f"type_changed  incompatible breaking {BOTH_FROM_SERVER} observed",),
    ),
    Case(
        "string to integer, direction not known",
        STRING,
        INTEGER,
        None,
        "incompatible",
        ("type_changed  incompatible breaking readers and writers observed",),
    ),
    Case(
        "null seen",
        STRING,
        {"type": ["string", "null"]},
        S2C,
        "widening",
        (f"null_allowed  widening breaking {READERS} observed",),
    ),
    Case(
        "null not seen any more",
        {"type": ["string", "null"]},
        STRING,
        C2S,
        "narrowing",
        (f"null_refused  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "a type more",
        STRING,
        {"type": ["string", "integer"]},
        C2S,
        "widening",
        (f"type_added  widening safe {SERVER_READS} observed",),
    ),
    Case(
        "a type less",
        {"type": ["string", "integer"]},
        STRING,
        S2C,
        "narrowing",
        (f"type_removed  narrowing safe {SERVER_WRITES} inferred",),
    ),
    Case("anything to something", {}, STRING, C2S, "narrowing", (f"type_removed  narrowing breaking {WRITERS} inferred",)),
    Case("something to anything", STRING, True, S2C, "widening", (f"type_added  widening breaking {READERS} observed",)),
    Case("nothing to something", False, STRING, S2C, "widening", (f"type_added  widening breaking {READERS} observed",)),
    # --- values ---
    Case(
        "member added",
        {"enum": ["a", "b"]},
        {"enum": ["a", "b", "c"]},
        S2C,
        "widening",
        (f"member_added  widening breaking {READERS} observed",),
    ),
    Case(
        "member added, to the server",
        {"enum": ["a"]},
        {"enum": ["a", "b"]},
        C2S,
        "widening",
        (f"member_added  widening safe {SERVER_READS} observed",),
    ),
    Case(
        "member gone",
        {"enum": ["a", "b"]},
        {"enum": ["a"]},
        S2C,
        "narrowing",
        (f"member_removed  narrowing safe {SERVER_WRITES} inferred",),
    ),
    Case(
        "member gone, to the server",
        {"enum": ["a", "b"]},
        {"enum": ["a"]},
        C2S,
        "narrowing",
        (f"member_removed  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "members exchanged",
        {"enum": ["a", "b"]},
        {"enum": ["b", "c"]},
        S2C,
        "incompatible",
        (f"member_added  widening breaking {READERS} observed", f"member_removed  narrowing safe {SERVER_WRITES} inferred"),
    ),
    Case(
        "a constant changed",
        {"const": "a"},
        {"const": "b"},
        S2C,
        "incompatible",
        (f"constant_changed  incompatible breaking {BOTH_FROM_SERVER} observed",),
    ),
    Case(
        "enumeration to text",
        {"enum": ["a", "b"]},
        STRING,
        S2C,
        "widening",
        (f"enumeration_opened  widening breaking {READERS} observed",),
    ),
    Case(
        "text to enumeration, to the server",
        STRING,
        {"enum": ["a", "b"]},
        C2S,
        "narrowing",
        (f"enumeration_closed  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "enumeration to what some members are not",
        {"enum": ["a", "long"]},
        {**STRING, "maxLength": 2},
        S2C,
        "incompatible",
        (f"enumeration_opened  incompatible breaking {BOTH_FROM_SERVER} observed",),
    ),
    Case(
        "a lower minimum",
        {**NUMBER, "minimum": 1},
        {**NUMBER, "minimum": 0},
        S2C,
        "widening",
        (f"range_widened  widening breaking {READERS} observed",),
    ),
    Case(
        "a higher minimum",
        {**NUMBER, "minimum": 1},
        {**NUMBER, "minimum": 2},
        C2S,
        "narrowing",
        (f"range_narrowed  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "a range moved",
        {**NUMBER, "minimum": 1, "maximum": 5},
        {**NUMBER, "minimum": 2, "maximum": 6},
        S2C,
        "incompatible",
        (f"range_narrowed  narrowing safe {SERVER_WRITES} inferred", f"range_widened  widening breaking {READERS} observed"),
    ),
    Case(
        "a bound no longer included",
        {**NUMBER, "maximum": 5},
        {**NUMBER, "exclusiveMaximum": 5},
        C2S,
        "narrowing",
        (f"range_narrowed  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "multiples of 10 to 5",
        {**NUMBER, "multipleOf": 10},
        {**NUMBER, "multipleOf": 5},
        S2C,
        "widening",
        (f"multiple_changed  widening breaking {READERS} observed",),
    ),
    Case(
        "multiples of 2 to 3",
        {**NUMBER, "multipleOf": 2},
        {**NUMBER, "multipleOf": 3},
        S2C,
        "incompatible",
        (f"multiple_changed  incompatible breaking {BOTH_FROM_SERVER} observed",),
    ),
    Case(
        "format broken",
        {**STRING, "format": "uuid"},
        STRING,
        S2C,
        "widening",
        (f"format_removed  widening breaking {READERS} observed",),
    ),
    Case(
        "format found",
        STRING,
        {**STRING, "format": "uuid"},
        C2S,
        "narrowing",
        (f"format_added  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "another format",
        {**STRING, "format": "date"},
        {**STRING, "format": "date-time"},
        S2C,
        "incompatible",
        (f"format_changed  incompatible breaking {BOTH_FROM_SERVER} observed",),
    ),
    Case(
        "a format within another",
        {**STRING, "format": "uri"},
        {**STRING, "format": "iri"},
        S2C,
        "widening",
        (f"format_changed  widening breaking {READERS} observed",),
    ),
    Case(
        "seconds to milliseconds",
        {**INTEGER, "x-wsobserve-format": "unix-seconds"},
        {**INTEGER, "x-wsobserve-format": "unix-milliseconds"},
        S2C,
        "incompatible",
        (f"format_changed  incompatible breaking {BOTH_FROM_SERVER} observed",),
    ),
    Case(
        "text becomes bytes",
        STRING,
        {**STRING, "contentEncoding": "base64"},
        C2S,
        "narrowing",
        (f"format_added  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "pattern gone",
        {**STRING, "pattern": "^a"},
        STRING,
        S2C,
        "widening",
        (f"pattern_removed  widening breaking {READERS} observed",),
    ),
    Case(
        "another pattern",
        {**STRING, "pattern": "^a"},
        {**STRING, "pattern": "^b"},
        S2C,
        "incompatible",
        (f"pattern_changed  incompatible breaking {BOTH_FROM_SERVER} observed",),
    ),
    Case(
        "longer texts",
        {**STRING, "maxLength": 5},
        {**STRING, "maxLength": 9},
        S2C,
        "widening",
        (f"length_widened  widening breaking {READERS} observed",),
    ),
    Case(
        "shorter texts",
        {**STRING, "maxLength": 9},
        {**STRING, "maxLength": 5},
        C2S,
        "narrowing",
        (f"length_narrowed  narrowing breaking {WRITERS} inferred",),
    ),
    # --- arrays ---
    Case(
        "elements of a type more",
        {"type": "array", "items": STRING},
        {"type": "array", "items": {"type": ["string", "integer"]}},
        S2C,
        "widening",
        (f"type_added [] widening breaking {READERS} observed",),
    ),
    Case(
        "a position more",
        {"type": "array", "prefixItems": [STRING], "items": False, "minItems": 1},
        {"type": "array", "prefixItems": [STRING, INTEGER], "items": False, "minItems": 1},
        S2C,
        "widening",
        (f"count_widened  widening breaking {READERS} observed",),
    ),
    Case(
        "another type at a position",
        {"type": "array", "prefixItems": [STRING, INTEGER]},
        {"type": "array", "prefixItems": [STRING, STRING]},
        S2C,
        "incompatible",
        (f"type_changed [1] incompatible breaking {BOTH_FROM_SERVER} observed",),
    ),
    Case(
        "fewer elements at least",
        {"type": "array", "minItems": 2},
        {"type": "array", "minItems": 1},
        S2C,
        "widening",
        (f"count_widened  widening breaking {READERS} observed",),
    ),
    Case(
        "elements must differ",
        {"type": "array"},
        {"type": "array", "uniqueItems": True},
        C2S,
        "narrowing",
        (f"uniqueness_changed  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "an element must be there",
        {"type": "array"},
        {"type": "array", "contains": STRING},
        C2S,
        "narrowing",
        (f"contained_changed  narrowing breaking {WRITERS} inferred",),
    ),
    # --- alternatives ---
    Case(
        "an alternative more",
        {"oneOf": [kind("a", x=STRING)]},
        {"oneOf": [kind("a", x=STRING), kind("b", y=STRING)]},
        S2C,
        "widening",
        (f"alternative_added  widening breaking {READERS} observed",),
    ),
    Case(
        "an alternative less",
        {"anyOf": [kind("a", x=STRING), kind("b", y=STRING)]},
        {"anyOf": [kind("b", y=STRING)]},
        C2S,
        "narrowing",
        (f"alternative_removed  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "within an alternative, in another order",
        {"oneOf": [kind("a", x=INTEGER), kind("b", y=STRING)]},
        {"anyOf": [kind("b", y=STRING), kind("a", x=NUMBER)]},
        S2C,
        "widening",
        (f'type_changed <type="a">.x widening breaking {READERS} observed',),
    ),
    Case(
        "alternatives split",
        record("t", True, t={"enum": ["a", "b"]}, x=STRING),
        {"anyOf": [record("t", True, t={"const": "a"}, x=STRING), record("t", True, t={"const": "b"}, x=STRING)]},
        S2C,
        "identical",
        (),
    ),
    Case(
        "alternatives joined",
        {"anyOf": [record("a", True, a=STRING), record("b", True, b=STRING)]},
        record("", True, a=STRING, b=STRING),
        S2C,
        "widening",
        (
            f"field_became_optional a widening breaking {READERS} observed",
            f"field_added b widening breaking {READERS} observed",
        ),
    ),
    Case(
        "exactly one of what may overlap",
        {"oneOf": [record("a", a=STRING), record("b", b=STRING)]},
        {"oneOf": [record("a", a=STRING), record("c", c=STRING)]},
        S2C,
        "incompatible",
        (
            f"rule_changed  incompatible breaking {BOTH_FROM_SERVER} observed",
            f"alternative_removed  narrowing safe {SERVER_WRITES} inferred",
            f"alternative_added  widening breaking {READERS} observed",
        ),
    ),
    # --- logic ---
    Case(
        "an exclusion grows",
        {**STRING, "not": {"const": "a"}},
        {**STRING, "not": {"enum": ["a", "b"]}},
        C2S,
        "narrowing",
        (f"exclusion_changed  narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "an exclusion gone",
        {**STRING, "not": {"const": "a"}},
        STRING,
        S2C,
        "widening",
        (f"exclusion_changed  widening breaking {READERS} observed",),
    ),
    Case(
        "what follows from a condition",
        {"if": record("a"), "then": record("b"), "type": "object"},
        {"if": record("a"), "then": record("b c"), "type": "object"},
        C2S,
        "narrowing",
        (f"field_became_required <then>.c narrowing breaking {WRITERS} inferred",),
    ),
    Case(
        "another condition",
        {"if": record("a"), "then": record("b"), "type": "object"},
        {"if": record("x"), "then": record("b"), "type": "object"},
        C2S,
        "incompatible",
        (f"condition_changed  incompatible breaking {BOTH_FROM_CLIENT} observed",),
    ),
    Case(
        "in a schema that refers to itself",
        tree(INTEGER),
        tree(NUMBER),
        S2C,
        "widening",
        (f"type_changed value widening breaking {READERS} observed",),
    ),
    Case(
        "a schema elsewhere",
        {"$ref": "https://example.com/a"},
        {"$ref": "https://example.com/b"},
        S2C,
        "incompatible",
        (f"rule_changed  incompatible breaking {BOTH_FROM_SERVER} observed",),
    ),
    Case(
        "unevaluated fields together with alternatives",
        {"type": "object", "anyOf": [record("a"), record("b")], "unevaluatedProperties": False},
        {"type": "object", "anyOf": [record("a"), record("c")], "unevaluatedProperties": False},
        S2C,
        "incompatible",
        (
            f"rule_changed  incompatible breaking {BOTH_FROM_SERVER} observed",
            f"alternative_removed  narrowing safe {SERVER_WRITES} inferred",
            f"alternative_added  widening breaking {READERS} observed",
        ),
    ),
)
