"""A JSON Schema in; out comes its form: by type, the branches of which a value of that type must meet one.

Every dialect in use is understood: 2020-12 as our inference writes it, the older keywords of draft 4 to 2019-09, and
the nullable styles of OpenAPI. What cannot be taken apart becomes a rule of the branches, compared as a whole: so the
form of a schema allows exactly what the schema allows, or says where that is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from wsobserve.compare.branches import TYPES, Branch, Condition, Fields, both
from wsobserve.compare.keywords import Keywords, own_branches
from wsobserve.compare.nodes import ANYTHING, NOTHING, Node, Part, node_key, text_of

Form = dict[str, tuple[Branch, ...]]
_Key = tuple[tuple[int, str], ...]
_Chain = tuple[tuple[int, str], ...]

MOST_BRANCHES = 512  # of one type in one place
MOST_WORK = 50_000  # schemas taken apart in one comparison
DEEPEST = 40  # references and applicators inside each other, in one place

_OVERLAP = "alternatives of which exactly one must fit, though several may"


class Forms:
    """Takes schemas apart, each once. `disjoint` says whether two branches of a type have no value in common."""

    def __init__(self, disjoint: Callable[[Branch, Branch], bool]) -> None:
        self._disjoint = disjoint
        self._known: dict[_Key, Form] = {}
        self._busy: set[_Key] = set()
        self._parts: dict[tuple[int, str], Form] = {}
        self._work = MOST_WORK

    def form(self, node: Node) -> Form:
        """What the conjunction of the node's schemas allows."""
        key = node_key(node)
        known = self._known.get(key)
        if known is not None:
            return known
        if key in self._busy:  # asked by `disjoint`, while it is being taken apart
            return _any("")
        self._busy.add(key)
        known = self._known[key] = self._conjunction((self._part(part, ()) for part in node), node)
        self._busy.discard(key)
        return known

    def nothing(self, node: Node) -> bool:
        """Whether no value is allowed, for certain."""
        return not self.form(node)

    def anything(self, node: Node) -> bool:
        """Whether every value is allowed, for certain."""
        form = self.form(node)
        return all(any(branch.free for branch in form.get(name, ())) for name in TYPES)

    def _conjunction(self, forms: Iterable[Form], node: Node) -> Form:
        whole: Form | None = None
        for form in forms:
            whole = form if whole is None else _both(whole, form, node)
        return _any("") if whole is None else whole

    def _part(self, part: Part, inside: _Chain) -> Form:
        """The form of one schema; `inside`: the schemas on the way here, all for the same value."""
        schema = part.schema
        if schema is True or schema == {}:
            return _any(part.pointer)
        if schema is False:
            return {}
        if not isinstance(schema, dict):
            return _ruled(_any(part.pointer), "a schema that is not JSON Schema", text_of(schema))
        known = self._parts.get(part.key)
        if known is not None:
            return known
        self._work -= 1
        if part.key in inside:
            return _ruled(_any(part.pointer), "a schema that refers to itself for the same value", part.source.meaning(part))
        if len(inside) > DEEPEST or self._work < 0:
            return _ruled(_any(part.pointer), "more schemas inside each other than are compared", part.source.meaning(part))
        form = _own(part)
        for inner in self._applied(part, (*inside, part.key)):
            form = _both(form, inner, (part,))
        self._parts[part.key] = form  # a rule met on the way here is as true on any other
        return form

    def _applied(self, part: Part, inside: _Chain) -> Iterator[Form]:
        """The forms of what applies to the same value, one keyword after the other."""
        schema = part.schema
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            if keyword in schema:
                target = part.source.follow(schema[keyword])
                if target is None:
                    yield _ruled(
                        _any(part.pointer), f"a reference that leads out of the document ({keyword})", str(schema[keyword])
                    )
                else:
                    yield self._part(target, inside)
        for keyword in ("allOf", "anyOf", "oneOf"):
            if keyword not in schema:
                continue
            if not isinstance(schema[keyword], list):
                yield _malformed(part, keyword)
                continue
            alternatives = [self._part(part.inner(keyword, str(i)), inside) for i in range(len(schema[keyword]))]
            if keyword == "allOf":
                yield self._conjunction(alternatives, (part,))
            else:
                yield self._union(part, alternatives, exactly_one=keyword == "oneOf")
        if "not" in schema:
            yield self._exclusion(part.inner("not"), inside)
        if "if" in schema and ("then" in schema or "else" in schema):
            sides = [(part.inner(side),) if side in schema else () for side in ("then", "else")]
            condition = Condition((part.inner("if"),), sides[0], sides[1])
            yield _each(_any(part.pointer), conditions=(condition,))
        for keyword in ("unevaluatedProperties", "unevaluatedItems"):
            if schema.get(keyword, True) not in (True, {}):
                yield _unevaluated(part, keyword)

    def _union(self, part: Part, alternatives: list[Form], *, exactly_one: bool) -> Form:
        union: Form = {}
        for name in TYPES:
            groups = [form[name] for form in alternatives if name in form]
            branches = tuple(branch for group in groups for branch in group)
            if not branches:
                continue
            if len(branches) > MOST_BRANCHES:
                return _ruled(_any(part.pointer), "more alternatives than are compared", part.source.meaning(part))
            if exactly_one and not self._exclusive(groups):
                rule = (
                    _OVERLAP,
                    part.source.meaning(Part({"oneOf": part.schema["oneOf"]}, part.pointer + "#oneOf", part.source)),
                )
                branches = tuple(replace(branch, rules=branch.rules | {rule}) for branch in branches)
            union[name] = branches
        return union

    def _exclusive(self, groups: list[tuple[Branch, ...]]) -> bool:
        return all(
            self._disjoint(one, other)
            for index, group in enumerate(groups)
            for others in groups[index + 1 :]
            for one in group
            for other in others
        )

    def _exclusion(self, part: Part, inside: _Chain) -> Form:
        """All types but those that are excluded as a whole; of the others an exclusion."""
        excluded = self._part(part, inside)
        form: Form = {}
        for name in TYPES:
            branches = excluded.get(name, ())
            if not branches:
                form[name] = (Branch(type=name, pointer=part.pointer),)
            elif not any(branch.free for branch in branches):
                form[name] = (Branch(type=name, pointer=part.pointer, exclusions=(part,)),)
        return form


def _any(pointer: str) -> Form:
    return {name: (Branch(type=name, pointer=pointer),) for name in TYPES}


def _each(form: Form, **facets: Any) -> Form:
    return {name: tuple(replace(branch, **facets) for branch in branches) for name, branches in form.items()}


def _ruled(form: Form, words: str, text: str) -> Form:
    return {name: tuple(replace(b, rules=b.rules | {(words, text)}) for b in branches) for name, branches in form.items()}


def _malformed(part: Part, keyword: str) -> Form:
    return _ruled(_any(part.pointer), f"a malformed {keyword}", f"{keyword}={text_of(part.schema[keyword])}")


def _both(one: Form, other: Form, node: Node) -> Form:
    form: Form = {}
    for name in TYPES:
        left, right = one.get(name, ()), other.get(name, ())
        if len(left) * len(right) > MOST_BRANCHES:
            text = "\n".join(part.source.meaning(part) for part in node)
            rule = ("more alternatives than are compared", text)
            form[name] = (Branch(type=name, pointer=left[0].pointer, rules=frozenset((rule,))),)
            continue
        joined = (both(a, b) for a in left for b in right)
        branches = tuple(branch for branch in joined if branch is not None)
        if branches:
            form[name] = branches
    return form


def _own(part: Part) -> Form:
    """What the schema's own assertions allow, without what it applies."""
    branches, malformed = own_branches(part)
    form: Form = {name: (branch,) for name, branch in branches.items()}
    for words, text in sorted(malformed):
        form = _ruled(form, words, text)
    return form


def _unevaluated(part: Part, keyword: str) -> Form:
    """`unevaluatedProperties`: where only properties, references and allOf evaluate any, it is a list of names as well."""
    fields = _evaluated(part, 0) if keyword == "unevaluatedProperties" else None
    if fields is None:
        name = "object" if keyword == "unevaluatedProperties" else "array"
        rule = (f"{keyword} together with what it sees", part.source.meaning(part))
        return _any(part.pointer) | {name: (Branch(type=name, pointer=part.pointer, rules=frozenset((rule,))),)}
    names, patterns = fields
    others: Node = (NOTHING,) if part.schema[keyword] is False else (part.inner(keyword),)
    said = Fields(dict.fromkeys(names, (ANYTHING,)), dict.fromkeys(patterns, (ANYTHING,)), others)
    return _any(part.pointer) | {"object": (Branch(type="object", pointer=part.pointer, fields=(said,)),)}


_SEES_MORE = (
    "anyOf",
    "oneOf",
    "if",
    "dependentSchemas",
    "dependencies",
    "$dynamicRef",
    "$recursiveRef",
    "additionalProperties",
)


def _evaluated(part: Part, depth: int) -> tuple[set[str], set[str]] | None:
    """The names and patterns of the properties that this schema evaluates; None when that depends on the value."""
    schema = part.schema
    if not isinstance(schema, dict):
        return set(), set()
    if depth > DEEPEST or any(keyword in schema for keyword in _SEES_MORE) or (depth and "unevaluatedProperties" in schema):
        return None
    keywords = Keywords(part)
    names, patterns = set(keywords.schemas("properties")), set(keywords.schemas("patternProperties"))
    inner = [node[0] for node in keywords.schema_list("allOf")]
    if "$ref" in schema:
        target = part.source.follow(schema["$ref"])
        if target is None:
            return None
        inner.append(target)
    for below in inner:
        found = _evaluated(below, depth + 1)
        if found is None:
            return None
        names |= found[0]
        patterns |= found[1]
    return names, patterns
