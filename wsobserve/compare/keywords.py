"""One schema in; out comes a branch for each type that its own keywords allow, what it refers to and combines left aside.

The keywords of all dialects in use are read, from draft 4 to 2020-12; one in a form that no dialect gives it is no
constraint that could be compared, and is told apart as malformed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from wsobserve.compare.branches import TYPES, Bound, Branch, Contained, Elements, Fields, settled
from wsobserve.compare.nodes import Node, Part, text_of

NUMBER_FORMATS = frozenset(("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double"))


def own_branches(part: Part) -> tuple[dict[str, Branch], set[tuple[str, str]]]:
    """The branches by type, and what is malformed: in words, and as text."""
    keywords = Keywords(part)
    branches = {}
    for name, integer in keywords.types().items():
        branch = settled(replace(_FACETS[name](keywords), integer=integer))
        if branch is not None:
            branches[name] = branch
    return branches, keywords.malformed


class Keywords:
    """The keywords of one schema, each given out only in the form that it must have."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.schema: dict[str, Any] = part.schema
        self.malformed: set[tuple[str, str]] = set()  # in words, and as text

    def _refuse(self, keyword: str) -> None:
        self.malformed.add((f"a malformed {keyword}", f"{keyword}={text_of(self.schema[keyword])}"))

    def types(self) -> dict[str, bool]:
        """The types that are allowed; True for a number that must be an integer."""
        said = self.schema.get("type")
        names = said if isinstance(said, list) else [said]
        if said is None or said == "any":
            found = dict.fromkeys(TYPES, False)
        elif not all(isinstance(name, str) and name in (*TYPES, "integer") for name in names):
            self._refuse("type")
            found = dict.fromkeys(TYPES, False)
        else:
            if self.schema.get("nullable") is True or self.schema.get("x-nullable") is True:
                names = [*names, "null"]
            found = {name: False for name in TYPES if name in names}
            if "integer" in names and "number" not in names:
                found["number"] = True
        if self.schema.get("nullable") is False and said is None:
            found.pop("null", None)
        return found

    def number(self, *keywords: str) -> Fraction | None:
        """The first of these that is a number; one that is something else is refused, true and false aside."""
        for keyword in keywords:
            value = self.schema.get(keyword)
            if isinstance(value, bool) or value is None:
                continue
            if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
                return Fraction(value)
            self._refuse(keyword)
        return None

    def count(self, keyword: str) -> int | None:
        """A number that counts something."""
        value = self.number(keyword)
        if value is None:
            return None
        if value.denominator != 1 or value < 0:
            self._refuse(keyword)
            return None
        return int(value)

    def text(self, keyword: str) -> str | None:
        """A keyword that is a text."""
        value = self.schema.get(keyword)
        if value is not None and not isinstance(value, str):
            self._refuse(keyword)
            return None
        return value

    def texts(self, keyword: str) -> frozenset[str]:
        """A keyword that is a list of texts. `required: true` of draft 3 is not one, and is left out."""
        value = self.schema.get(keyword)
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return frozenset(value)
        if value is not None and not isinstance(value, bool):
            self._refuse(keyword)
        return frozenset()

    def schemas(self, keyword: str) -> dict[str, Node]:
        """A keyword that maps names to schemas."""
        value = self.schema.get(keyword)
        if isinstance(value, dict):
            return {name: (self.part.inner(keyword, name),) for name in value}
        if value is not None:
            self._refuse(keyword)
        return {}

    def schema_list(self, keyword: str) -> tuple[Node, ...]:
        """A keyword that is a list of schemas."""
        value = self.schema.get(keyword)
        if isinstance(value, list):
            return tuple((self.part.inner(keyword, str(index)),) for index in range(len(value)))
        return ()

    def schema_at(self, keyword: str) -> Node:
        """A keyword that is a schema; nothing where it asks nothing."""
        value = self.schema.get(keyword, True)
        if value is True or value == {} or isinstance(value, list):
            return ()
        return (self.part.inner(keyword),)

    def values(self, name: str) -> frozenset[str] | None:
        """The only values of this type that `enum` and `const` leave."""
        lists = []
        if "const" in self.schema:
            lists.append([self.schema["const"]])
        if "enum" in self.schema:
            if isinstance(self.schema["enum"], list):
                lists.append(self.schema["enum"])
            else:
                self._refuse("enum")
        if not lists:
            return None
        found = [frozenset(text_of(value) for value in values if type_of(value) == name) for values in lists]
        return found[0].intersection(*found[1:])

    def branch(self, name: str, **facets: Any) -> Branch:
        """A branch with what applies to each type."""
        return Branch(type=name, pointer=self.part.pointer, values=self.values(name), **facets)


def type_of(value: object) -> str:
    """The JSON type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _number(keywords: Keywords) -> Branch:
    bounds = []
    for name, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        inner, outer = keywords.number(name), keywords.number(exclusive)
        strict = keywords.schema.get(exclusive) is True  # draft 4
        found = [] if inner is None else [Bound(inner, strict)]
        found += [] if outer is None else [Bound(outer, True)]
        pick = max if name == "minimum" else min
        bounds.append(pick(found, key=lambda bound: (bound.value, bound.exclusive)) if found else None)
    if bounds[1] is not None and keywords.number("maximum") == keywords.number("exclusiveMaximum"):
        bounds[1] = Bound(bounds[1].value, True)
    multiple = keywords.number("multipleOf", "divisibleBy")
    form = keywords.text("format")
    return keywords.branch(
        "number",
        minimum=bounds[0],
        maximum=bounds[1],
        multiples=frozenset((multiple,) if multiple is not None and multiple > 0 else ()),
        formats=frozenset((form,) if form in NUMBER_FORMATS else ()),
        meaning=_meaning(keywords) or (None if form in NUMBER_FORMATS else form),
    )


def _string(keywords: Keywords) -> Branch:
    pattern, form = keywords.text("pattern"), keywords.text("format")
    formats = {form} if form is not None and form not in NUMBER_FORMATS else set()
    for keyword in ("contentEncoding", "contentMediaType"):
        said = keywords.text(keyword)
        if said is not None:
            formats.add(f"{keyword} {said}")
    return keywords.branch(
        "string",
        shortest=keywords.count("minLength") or 0,
        longest=keywords.count("maxLength"),
        patterns=frozenset(() if pattern is None else (pattern,)),
        formats=frozenset(formats),
        meaning=_meaning(keywords),
    )


def _meaning(keywords: Keywords) -> str | None:
    said = keywords.schema.get("x-wsobserve-format")
    return said if isinstance(said, str) else None


def _array(keywords: Keywords) -> Branch:
    schema = keywords.schema
    tuple_keyword, rest_keyword = "prefixItems", "items"
    if isinstance(schema.get("items"), list):  # before 2020-12
        tuple_keyword, rest_keyword = "items", "additionalItems"
    first, rest = keywords.schema_list(tuple_keyword), keywords.schema_at(rest_keyword)
    most = keywords.count("maxItems")
    if rest and rest[0].schema is False:
        most = len(first) if most is None else min(most, len(first))
    contained: tuple[Contained, ...] = ()
    if "contains" in schema:
        fewest = keywords.count("minContains")
        contained = (
            Contained((keywords.part.inner("contains"),), 1 if fewest is None else fewest, keywords.count("maxContains")),
        )
    return keywords.branch(
        "array",
        elements=(Elements(first, rest),) if first or rest else (),
        fewest=keywords.count("minItems") or 0,
        most=most,
        unique=schema.get("uniqueItems") is True,
        contained=contained,
    )


def _object(keywords: Keywords) -> Branch:
    named, patterns = keywords.schemas("properties"), keywords.schemas("patternProperties")
    others = keywords.schema_at("additionalProperties")
    rules = set()
    for keyword in ("dependentRequired", "dependentSchemas", "dependencies"):
        for name in keywords.schemas(keyword):
            part = keywords.part.inner(keyword, name)
            rules.add((f"what must be there along with {name}", f"{name}={part.source.meaning(part)}"))
    return keywords.branch(
        "object",
        fields=(Fields(named, patterns, others),) if named or patterns or others else (),
        required=keywords.texts("required"),
        names=keywords.schema_at("propertyNames"),
        fewest=keywords.count("minProperties") or 0,
        most=keywords.count("maxProperties"),
        rules=frozenset(rules),
    )


_FACETS: dict[str, Callable[[Keywords], Branch]] = {
    "null": lambda keywords: keywords.branch("null"),
    "boolean": lambda keywords: keywords.branch("boolean"),
    "number": _number,
    "string": _string,
    "array": _array,
    "object": _object,
}
