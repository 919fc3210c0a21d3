"""Message kinds in, a Python module of pydantic models out, which accept the messages that the kinds were made from.

Types are not converted, closed records reject other fields, null is accepted where null was seen. What pydantic has no
words for is not checked: a model may accept more than the schema, never less.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Sequence
from typing import Any

from wsobserve.publish.naming import free_name, pascal_case, place_names
from wsobserve.publish.python_module import FORMATS, IN_ANNOTATIONS, OF_BASE_MODEL, RESERVED, module_text
from wsobserve.publish.python_text import Call, Either, Expression, docstring, flat, laid_out, literal
from wsobserve.publish.sentences import kind_sentence
from wsobserve.publish.structure import Step
from wsobserve.publish.type_tree import (
    Constants,
    Declaration,
    Declarations,
    Field,
    Fields,
    ListOf,
    MapOf,
    Named,
    OneOf,
    Positions,
    Scalar,
    Type,
    Unknown,
    declared_types,
    discriminator,
    parts,
    without_null,
)
from wsobserve.records import MessageKind

PLAIN_PATTERN = re.compile(r"(?:[^\\()]|\\[dwsDWS.+*?()\[\]{}|^$/\\-]|\(\?:|\((?!\?)|\))*")
# What every text of a format has, where Python has no type for the format.
FORMAT_PATTERNS = {
    "email": r"^[^@\s]+@[^@\s]+$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:",
    "time": r"^\d{2}:\d{2}",
    "duration": r"^P",
}
TYPE_OF = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
BOUNDS = {"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt", "multipleOf": "multiple_of"}
LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}


def pydantic_module(kinds: Iterable[MessageKind]) -> str:
    """The text of the module."""
    return _Module(declared_types(kinds, RESERVED)).text()


class _Module:
    def __init__(self, declarations: Declarations) -> None:
        self._declarations = declarations
        self._taken = {*RESERVED, *declarations.all, *declarations.unions.values()}
        self._records: dict[tuple[str, tuple[Step, ...]], str] = {}  # by owner and path
        for declaration in declarations.all.values():
            if not isinstance(declaration.type, Fields):
                self._name_records(declaration.type, declaration.name, ())
                continue
            for field in declaration.type.fields:
                self._name_records(field.type, declaration.name, (("properties", field.name),))
            if declaration.type.rest is not None:
                self._name_records(declaration.type.rest, declaration.name, (("additionalProperties", ""),))
        self._hidden = {*IN_ANNOTATIONS, *keyword.kwlist, *(self._taken - RESERVED)}
        self._classes: list[list[str]] = []
        self._tags = self._find_tags()
        self._aliases: dict[str, Expression] = {}
        self._used: set[str] = set()

    def _name_records(self, type_: Type, owner: str, path: tuple[Step, ...], tag: str | None = None) -> None:
        """A name for each record inside; all names are given before any attribute is, which must hide none of them.

        `tag`: the property whose constant tells it from its siblings.
        """
        if isinstance(type_, Fields):
            wished = place_names(owner, path)
            value = next((_tag_word(field.type) for field in type_.fields if field.name == tag), "")
            name = free_name([f"{wished[0]}{value}", *wished] if value else wished, self._taken)
            self._taken.add(name)
            self._records[owner, path] = name
        inner_tag = discriminator(without_null(type_.options), self._declarations) if isinstance(type_, OneOf) else None
        for step, inner in parts(type_):
            self._name_records(inner, owner, (*path, step), inner_tag)

    def _find_tags(self) -> set[tuple[int, str]]:
        """The fields of records (by id()) that tell the options of some union apart."""
        unions: list[Sequence[Type]] = [[Named(name) for name in names] for names in self._declarations.channels.values()]
        waiting = [declaration.type for declaration in self._declarations.all.values()]
        while waiting:
            type_ = waiting.pop()
            if isinstance(type_, OneOf):
                unions.append(without_null(type_.options))
            waiting += [inner for _, inner in parts(type_)]
        found = set()
        for options in unions:
            records = [self._declarations.behind(option) for option in options]
            tag = discriminator(options, self._declarations)
            if tag is not None and self._tag(options) is not None:
                found |= {(id(record), tag) for record in records}
        return found

    def text(self) -> str:
        """All of it."""
        for declaration in self._declarations.all.values():
            self._declare(declaration)
        aliases = self._alias_lines()
        channels = {channel: self._channel_union(names) for channel, names in self._declarations.channels.items()}
        models = {name for name, declaration in self._declarations.all.items() if isinstance(declaration.type, Fields)}
        configured = {channel for channel, union in channels.items() if union not in models}
        return module_text(self._classes, aliases, self._declarations.unions, channels, configured, self._used)

    def _declare(self, declaration: Declaration) -> None:
        if isinstance(declaration.type, Fields):
            self._class(declaration.name, declaration.type, declaration.name, (), self._doc(declaration))
        else:
            self._aliases[declaration.name] = self._expression(declaration.type, declaration.name, ())

    def _doc(self, declaration: Declaration) -> str:
        own = str(declaration.schema.get("description", ""))
        if declaration.kind is None:
            return own or "Shared by several."
        return f"{own} {kind_sentence(declaration.kind)}".strip()

    def _class(self, name: str, record: Fields, owner: str, path: tuple[Step, ...], doc: str) -> None:
        base = "Closed" if record.rest is None else "Open"
        self._used.add(base)
        lines = [f"class {name}({base}):", *docstring(doc, "    "), ""]
        if record.rest is not None and not isinstance(record.rest, Unknown):
            rest = self._expression(record.rest, owner, (*path, ("additionalProperties", "")))
            lines += laid_out("    __pydantic_extra__: ", Call("dict", ("str", rest)), " = Field(init=False)")
            self._used.add("Field")
        attributes = self._attributes(record)
        for field in record.fields:
            is_tag = (id(record), field.name) in self._tags
            lines += self._field(attributes[field.name], field, owner, path, is_tag)
        self._classes.append(lines if lines[-1] else lines[:-1])

    def _field(self, attribute: str, field: Field, owner: str, path: tuple[Step, ...], is_tag: bool) -> list[str]:
        if isinstance(field.type, Constants):
            expression = self._constants(field.type.values, is_tag)
        else:
            expression = self._expression(field.type, owner, (*path, ("properties", field.name)))
        more: list[Expression] = []
        if not field.required and not self._accepts_null(field.type):
            self._used.add("NotNull")
            expression = Either((*(expression.options if isinstance(expression, Either) else (expression,)), "None"))
            more.append("NotNull")
        said = {"alias": field.name} if attribute != field.name else {}
        said |= {key: field.schema[key] for key in ("title", "description", "deprecated") if field.schema.get(key)}
        if said:
            more.append(self._field_call(said))
        if more:
            expression = self._annotated(expression, more)
        return laid_out(f"    {attribute}: ", expression, "" if field.required else " = None")

    def _accepts_null(self, type_: Type) -> bool:
        match self._declarations.behind(type_):
            case Unknown() | Scalar(name="null"):
                return True
            case Constants(values=values):
                return None in values
            case OneOf(options=options):
                return any(self._accepts_null(option) for option in options)
        return False

    def _expression(self, type_: Type, owner: str, path: tuple[Step, ...]) -> Expression:
        match type_:
            case Named(name=name):
                return name
            case Scalar():
                return self._scalar(type_)
            case Constants(values=values):
                return self._constants(values)
            case ListOf(element=element, least=least, most=most):
                made = Call("list", (self._expression(element, owner, (*path, ("items", ""))),))
                bounds = {"min_length": least or None, "max_length": most}
                said = {
                    name: bound for name, bound in bounds.items() if bound is not None and (name, bound) != ("min_length", 0)
                }
                return self._bounded(made, said)
            case MapOf(value=value):
                return Call("dict", ("str", self._expression(value, owner, (*path, ("additionalProperties", "")))))
            case Positions():
                return self._positions(type_, owner, path)
            case Fields():
                name = self._records[owner, path]
                self._class(name, type_, owner, path, f"In {owner} at {_where(path)}.")
                return name
            case OneOf(options=options):
                return self._union(options, owner, path)
        self._used.add("Any")
        return "Any"

    def _union(self, options: Sequence[Type], owner: str, path: tuple[Step, ...]) -> Expression:
        others = without_null(options)
        written = [self._expression(option, owner, (*path, ("anyOf", str(options.index(option))))) for option in others]
        made: Expression = Either(tuple(written)) if len(written) > 1 else written[0]
        tag = self._tag(others)
        if tag is not None:
            made = self._annotated(made, [self._field_call({"discriminator": tag})])
        if len(others) == len(options):
            return made
        return Either((*(made.options if isinstance(made, Either) else (made,)), "None"))

    def _tag(self, options: Sequence[Type]) -> str | None:
        """The attribute that tells the options apart, when all models call it the same."""
        name = discriminator(options, self._declarations)
        if name is None:
            return None
        records = [self._declarations.behind(option) for option in options]
        attributes = {self._attributes(record)[name] for record in records if isinstance(record, Fields)}
        return attributes.pop() if len(attributes) == 1 else None

    def _attributes(self, record: Fields) -> dict[str, str]:
        """By property: an attribute; those that need no other name choose first."""
        made: dict[str, str] = {}
        for field in sorted(record.fields, key=lambda field: (self._wished_attribute(field.name) != field.name, field.name)):
            made[field.name] = self._free_attribute(self._wished_attribute(field.name), set(made.values()))
        return made

    def _wished_attribute(self, name: str) -> str:
        """Its name where Python and pydantic allow it; else one that needs an alias beside it."""
        made = re.sub(r"\W", "_", name).strip("_") or "field"
        made = made if made.isidentifier() else f"field_{made}"
        made = f"field_{made}" if made.startswith("model_") else made
        return f"{made}_" if made in self._hidden or made in OF_BASE_MODEL else made

    @staticmethod
    def _free_attribute(wished: str, siblings: set[str]) -> str:
        number, free = 2, wished
        while free in siblings:
            free, number = f"{wished}_{number}", number + 1
        return free

    def _channel_union(self, names: list[str]) -> Expression:
        return self._union([Named(name) for name in names], "", ())

    def _scalar(self, scalar: Scalar) -> Expression:
        schema = scalar.schema
        if scalar.name == "string":
            if schema.get("contentEncoding"):
                return Either(("str", "bytes"))
            if schema.get("format") in FORMATS:
                self._used.add(FORMATS[schema["format"]])
                return FORMATS[schema["format"]]
            said = {name: schema[key] for key, name in LENGTHS.items() if key in schema}
            pattern = schema.get("pattern", FORMAT_PATTERNS.get(schema.get("format", "")))
            if isinstance(pattern, str) and PLAIN_PATTERN.fullmatch(pattern) and _compiles(pattern):
                said["pattern"] = pattern
            return self._bounded("str", said)
        if scalar.name in ("integer", "number"):
            return self._bounded(TYPE_OF[scalar.name], {name: schema[key] for key, name in BOUNDS.items() if key in schema})
        return TYPE_OF[scalar.name]

    def _constants(self, values: tuple[Any, ...], is_tag: bool = False) -> Expression:
        """A tag has to be a literal without further checks; any other must not be a boolean that equals a number."""
        plain = [value for value in values if isinstance(value, str | int) and value is not None]
        others = [value for value in values if value is not None and value not in plain]
        options: list[Expression] = []
        if plain:
            self._used.add("Literal")
            made: Expression = Call("Literal", tuple(literal(value) for value in plain))
            if not is_tag and any(not isinstance(value, str) for value in plain):
                self._used.add("Exact")
                made = self._annotated(made, ["Exact"])
            options.append(made)
        for value in others:
            if isinstance(value, float):
                options.append(self._bounded("float", {"ge": value, "le": value}))
            else:
                self._used.add("Any")
                options.append("list[Any]" if isinstance(value, list) else "dict[str, Any]")
        if None in values:
            options.append("None")
        return Either(tuple(dict.fromkeys(options))) if len(options) > 1 else options[0]

    def _positions(self, tuple_: Positions, owner: str, path: tuple[Step, ...]) -> Expression:
        written = [
            self._expression(element, owner, (*path, ("prefixItems", str(index))))
            for index, element in enumerate(tuple_.elements)
        ]
        if tuple_.rest is not None:
            rest = self._expression(tuple_.rest, owner, (*path, ("items", "")))
            every = tuple(dict.fromkeys([*written, rest]))
            inside: Expression = "Any" if "Any" in every else Either(every) if len(every) > 1 else every[0]
            return self._bounded(Call("list", (inside,)), {"min_length": tuple_.least} if tuple_.least else {})
        lengths = range(len(written), tuple_.least - 1, -1)
        options = [
            self._annotated(Call("tuple", tuple(written[:length]) or ("()",)), [self._field_call({"strict": False})])
            for length in lengths
        ]
        return Either(tuple(options)) if len(options) > 1 else options[0]

    def _bounded(self, type_: Expression, said: dict[str, Any]) -> Expression:
        return self._annotated(type_, [self._field_call(said)]) if said else type_

    def _annotated(self, type_: Expression, more: Sequence[Expression]) -> Expression:
        self._used.add("Annotated")
        if isinstance(type_, Call) and type_.head == "Annotated" and flat(type_.arguments[-1]).startswith("Field("):
            return Call("Annotated", (*type_.arguments, *more))
        return Call("Annotated", (type_, *more))

    def _field_call(self, said: dict[str, Any]) -> Expression:
        self._used.add("Field")
        return Call("Field", tuple(f"{name}={_argument(name, value)}" for name, value in said.items()), "()")

    def _alias_lines(self) -> list[list[str]]:
        """Each after those that it needs; one that needs itself is written as text, which pydantic reads later."""
        lines: list[list[str]] = []
        needs = {name: self._needs(expression) for name, expression in self._aliases.items()}
        done: set[str] = set()
        waiting = sorted(self._aliases)
        while waiting:
            ready = [name for name in waiting if needs[name] <= done]
            for name in ready or waiting[:1]:
                expression = self._aliases[name]
                if not ready:
                    self._used.add("TypeAliasType")
                    expression = Call("TypeAliasType", (literal(name), literal(flat(expression))), "()")
                lines.append(laid_out(f"{name} = ", expression))
                done.add(name)
            waiting = [name for name in waiting if name not in done]
        return lines

    def _needs(self, expression: Expression) -> set[str]:
        match expression:
            case Call(arguments=arguments):
                return set().union(*map(self._needs, arguments))
            case Either(options=options):
                return set().union(*map(self._needs, options))
        return {expression} & self._aliases.keys()


def _tag_word(type_: Type) -> str:
    return pascal_case(str(type_.values[0])) if isinstance(type_, Constants) and len(type_.values) == 1 else ""


def _argument(name: str, value: object) -> str:
    text = str(value)
    if name == "pattern" and "\\" in text and '"' not in text and text.isprintable() and not text.endswith("\\"):
        return f'r"{text}"'
    return literal(value)


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _where(path: Sequence[Step]) -> str:
    shown = {"items": "[]", "additionalProperties": ".*", "anyOf": ""}
    steps = [f".{name}" if word == "properties" else shown.get(word, f"[{name}]") for word, name in path]
    return "".join(steps).lstrip(".") or "its root"
