"""Schemas and values made by hypothesis for the laws of comparison: few names and few values, so that they meet often."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "cc", "type")
SCALARS: tuple[Any, ...] = (None, True, False, -1, 0, 1, 2, 1.5, 6, "", "a", "b", "ab", "abc", "1")
PATTERNS = ("^a", "b$", "^[ab]+$", "^..", "c", "^(a|b)*$")

names = st.sampled_from(NAMES)
scalars = st.sampled_from(SCALARS)
# They stand only below a property or an element: one for the same value could go round in a circle.
references = st.sampled_from(("#", "#/$defs/a", "#/$defs/b")).map(lambda target: {"$ref": target})


def values() -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=6,
    )


def _some(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keywords)


def _numbers() -> st.SearchStrategy[dict[str, Any]]:
    bound = st.sampled_from((-1, 0, 0.5, 1, 2))
    facets = _some(
        minimum=bound, maximum=bound, exclusiveMinimum=bound, exclusiveMaximum=bound, multipleOf=st.sampled_from((0.5, 1, 2, 3))
    )
    return st.builds(lambda kind, rest: {"type": kind, **rest}, st.sampled_from(("number", "integer")), facets)


def _strings() -> st.SearchStrategy[dict[str, Any]]:
    size = st.integers(0, 3)
    facets = _some(
        minLength=size, maxLength=size, pattern=st.sampled_from(PATTERNS), format=st.sampled_from(("uri", "iri", "uuid"))
    )
    return facets.map(lambda rest: {"type": "string", **rest})


def _lists(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    size = st.integers(0, 3)
    facets = _some(
        items=inner,
        prefixItems=st.lists(inner, min_size=1, max_size=2),
        minItems=size,
        maxItems=size,
        uniqueItems=st.booleans(),
        contains=inner,
        minContains=st.integers(0, 2),
        maxContains=st.integers(0, 2),
        unevaluatedItems=st.booleans(),
    )
    return facets.map(lambda rest: {"type": "array", **rest})


def _records(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    facets = _some(
        properties=st.dictionaries(names, inner, max_size=3),
        required=st.lists(names, max_size=2, unique=True),
        additionalProperties=st.just(False) | inner,
        patternProperties=st.dictionaries(st.sampled_from(PATTERNS), inner, max_size=2),
        propertyNames=_strings(),
        minProperties=st.integers(0, 2),
        maxProperties=st.integers(0, 3),
        dependentRequired=st.dictionaries(names, st.lists(names, max_size=1), max_size=1),
        unevaluatedProperties=st.booleans(),
    )
    # Most records have few of these at once, as in life.
    plain = _some(
        properties=st.dictionaries(names, inner, max_size=3),
        required=st.lists(names, max_size=2, unique=True),
        additionalProperties=st.just(False),
    )
    return st.one_of(plain, plain, facets).map(lambda rest: {"type": "object", **rest})


def _logic(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda parts: {"anyOf": parts}, several),
        st.builds(lambda parts: {"oneOf": parts}, several),
        st.builds(lambda parts: {"allOf": parts}, several),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda a, b, c: {"if": a, "then": b, "else": c}, inner, inner, inner),
        st.builds(lambda one, more: {**one, **more}, inner.filter(lambda part: isinstance(part, dict)), _logic_keyword(inner)),
    )


def _logic_keyword(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=2)
    return _some(anyOf=several, allOf=several, unevaluatedProperties=st.booleans(), required=st.lists(names, max_size=1))


def parts() -> st.SearchStrategy[Any]:
    listed = st.lists(scalars, min_size=1, max_size=3).map(lambda members: {"enum": members})
    leaf = st.one_of(
        st.booleans(),
        listed,
        scalars.map(lambda value: {"const": value}),
        _numbers(),
        _strings(),
        st.sampled_from(("null", "boolean", "string", "object", "array")).map(lambda kind: {"type": kind}),
        st.lists(st.sampled_from(("null", "integer", "number", "string")), min_size=1, unique=True).map(
            lambda kinds: {"type": kinds}
        ),
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(_lists(inner | references), _records(inner | references), _records(inner), _logic(inner)),
        max_leaves=5,
    )


@st.composite
def schemas(draw: st.DrawFn) -> Any:
    """A whole document: references lead to its root or to one of its two definitions, and never round in a circle."""
    root = draw(parts())
    if not isinstance(root, dict):
        return root
    definitions = {"a": draw(parts()), "b": draw(parts())}
    return {**root, "$defs": definitions}


@st.composite
def edited(draw: st.DrawFn, schema: Any) -> Any:
    """The schema with one or a few small edits: neighbours show more than strangers."""
    before = schema
    for _ in range(draw(st.integers(1, 2))):
        schema = _edit(draw, schema)
    if isinstance(schema, dict) and isinstance(before, dict):
        return {**schema, "$defs": before["$defs"] | schema.get("$defs", {})}  # no reference leads nowhere
    return schema if isinstance(schema, bool) else {**schema, "$defs": {"a": True, "b": True}}


def _edit(draw: st.DrawFn, schema: Any) -> Any:
    if not isinstance(schema, dict) or not schema or draw(st.integers(0, 5)) == 0:
        return draw(parts())
    keyword = draw(st.sampled_from(sorted(schema)))
    value = schema[keyword]
    rest = {key: inner for key, inner in schema.items() if key != keyword}
    if keyword != "$defs" and draw(st.integers(0, 3)) == 0:
        return rest
    match value:
        case dict() if keyword in ("properties", "$defs", "patternProperties") and value:
            name = draw(st.sampled_from(sorted(value)))
            return {**rest, keyword: {**value, name: _edit(draw, value[name])}}
        case dict() if keyword in (
            "items",
            "additionalProperties",
            "not",
            "if",
            "then",
            "else",
            "contains",
            "unevaluatedProperties",
        ):
            return {**rest, keyword: _edit(draw, value)}
        case list() if keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
            index = draw(st.integers(0, len(value)))
            if index == len(value):
                return {**rest, keyword: [*value, draw(parts())]}
            if len(value) > 1 and draw(st.booleans()):
                return {**rest, keyword: value[:index] + value[index + 1 :]}
            return {**rest, keyword: [*value[:index], _edit(draw, value[index]), *value[index + 1 :]]}
        case list() if keyword == "enum":
            return {**rest, keyword: [*value, draw(scalars)] if draw(st.booleans()) else value[:-1] or value}
        case list() if keyword == "required":
            return {**rest, keyword: sorted({*value, draw(names)})}
        case int() if keyword.startswith(("min", "max")) and not isinstance(value, bool):
            return {**rest, keyword: max(0, value + draw(st.sampled_from((-1, 1))))}
    return schema
