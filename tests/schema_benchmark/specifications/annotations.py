"""Python classes with annotated fields in, nodes out: how some publishers write their specification down.

The classes are read as text, never imported: what they need to run is not needed to understand them. A field with a default
may be absent; `Optional[X]` alone says that too, unless `null_is_sent`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

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
    Positions,
    Record,
    Repeated,
    told_apart,
)

LISTS = ("List", "Sequence", "list", "Iterable")
MAPS = ("Dict", "Mapping", "dict")
ENUMERATIONS = ("Enum", "IntEnum", "StrEnum", "IntFlag")


@dataclass
class Module:
    """Names of one file: what it defines, and from where it has the others (file and name there)."""

    path: str
    defined: dict[str, ast.ClassDef | ast.expr] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)


class Annotations:
    """`read`: the text of a file by its path. `wire_name`: how a field is called in messages."""

    def __init__(
        self, leaves: Leaves, read: Callable[[str], str], wire_name: Callable[[str], str] = str, most_alternatives: int = 9
    ) -> None:
        self._leaves = leaves
        self._read = read
        self._wire_name = wire_name
        self._most_alternatives = most_alternatives
        self._modules: dict[str, Module] = {}
        self._named: dict[tuple[str, str], Named] = {}

    def named(self, path: str, name: str) -> Named:
        """A class or an alias of a file."""
        module = self._module(path)
        if name in module.imported:
            return self.named(*module.imported[name])
        key = (path, name)
        if key not in self._named:
            self._named[key] = Named(name, lambda: self._defined(module, name))
        return self._named[key]

    def alternatives(self, path: str, name: str) -> list[tuple[str, str]]:
        """The members of a union by file and name."""
        module = self._module(path)
        definition = module.defined[name]
        assert isinstance(definition, ast.expr)
        members = _members(_unwrapped(definition))
        return [module.imported.get(_name(each), (path, _name(each))) for each in members]

    def _module(self, path: str) -> Module:
        if path not in self._modules:
            module = self._modules[path] = Module(path)
            for statement in ast.parse(self._read(path)).body:
                match statement:
                    case ast.ClassDef(name=name):
                        module.defined[name] = statement
                    case ast.Assign(targets=[ast.Name(id=name)], value=value):
                        module.defined[name] = value
                    case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                        module.defined[name] = value
                    case ast.ImportFrom(level=level, module=str(source), names=names) if level:
                        folder = PurePosixPath(path).parents[level - 1]
                        target = str(folder / (source.replace(".", "/") + ".py"))
                        module.imported |= {each.asname or each.name: (target, each.name) for each in names}
        return self._modules[path]

    def _defined(self, module: Module, name: str) -> Node:
        definition = module.defined[name]
        if isinstance(definition, ast.expr):
            return self.node(module, definition, name, name)
        bases = [_name(base) for base in definition.bases]
        if any(base in ENUMERATIONS for base in bases):
            members = [
                statement.value.value
                for statement in definition.body
                if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
            ]
            return self._leaves.enumeration(name, members)
        return self._record(module, definition)

    def _record(self, module: Module, definition: ast.ClassDef) -> Node:
        fields: dict[str, Field] = {}
        for base in definition.bases:
            if _name(base) in module.defined or (_name(base) in module.imported and _name(base) != "BaseModel"):
                inherited = self.named(module.path, _name(base)).node
                assert isinstance(inherited, Record)
                fields |= inherited.fields
        for statement in definition.body:
            if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
                continue
            name = self._wire_name(statement.target.id)
            constant = _literals(statement.annotation)
            presence = 1.0
            if _has_default(statement.value) and len(constant) != 1:
                presence = self._leaves.presence(definition.name, name)
            annotation = _without_none(statement.annotation) if presence < 1 else statement.annotation
            if presence:
                fields[name] = Field(self.node(module, annotation, definition.name, name), presence)
        return Record(fields)

    def node(self, module: Module, annotation: ast.expr, record: str, field: str) -> Node:
        """What an annotation allows."""
        annotation = _unwrapped(annotation)
        match annotation:
            case ast.Constant(value=str(text)):
                return self.node(module, ast.parse(text, mode="eval").body, record, field)
            case ast.Constant(value=None):
                return Constant(None)
            case ast.Subscript(value=ast.Name(id="Literal")):
                members = _literals(annotation)
                return Constant(members[0]) if len(members) == 1 else self._leaves.enumeration(f"{record}.{field}", members)
            case ast.Subscript(value=ast.Name(id=outer), slice=inner) if outer in LISTS:
                return Repeated(self.node(module, inner, record, field.removesuffix("s")), most=3)
            case ast.Subscript(value=ast.Name(id=outer), slice=ast.Tuple(elts=[_, inner])) if outer in MAPS:
                return Map(self._leaves.map_key(field), self.node(module, inner, record, field.removesuffix("s")))
            case ast.Subscript(value=ast.Name(id="Tuple"), slice=ast.Tuple(elts=inners)):
                return Positions([self.node(module, inner, record, field) for inner in inners])
            case ast.Subscript(value=ast.Name(id="Union" | "Optional")):
                return self._union(module, _members(annotation), record, field)
            case ast.Name(id="str"):
                return self._leaves.string(record, field)
            case ast.Name(id="int"):
                return self._leaves.integer(record, field)
            case ast.Name(id="float"):
                return self._leaves.number(record, field)
            case ast.Name(id="bool"):
                return self._leaves.boolean(record, field)
            case ast.Name(id="object" | "Any" | "LSPAny"):
                return Free()
            case ast.Name(id="dict" | "Dict" | "LSPObject"):
                return FreeRecord()
            case ast.Name(id=name):
                target = module.imported.get(name, (module.path, name))
                definition = self._module(target[0]).defined.get(target[1])
                # What stands for a string is told by the field it stands in.
                if isinstance(definition, ast.Name | ast.Subscript) and not _is_union_of_names(definition):
                    return self.node(self._module(target[0]), definition, record, field)
                return self.named(*target)
        raise ValueError(f"{record}.{field}: {ast.unparse(annotation)}")

    def _union(self, module: Module, members: list[ast.expr], record: str, field: str) -> Node:
        others = [each for each in members if not _is_none(each)]
        texts = [each for each in others if isinstance(each, ast.Name) and each.id == "str"]
        if texts:  # `str` allows every constant beside it, which are examples then
            examples = [str(member) for each in others for member in _literals(each)]
            others = [each for each in others if each is not texts[0] and not _literals(each)]
            text = self._leaves.string(record, field, known=examples)
        else:
            text = None
        nodes = [self.node(module, each, record, field) for each in others[: self._most_alternatives]]
        nodes += [text] if text is not None else []
        node = nodes[0] if len(nodes) == 1 else told_apart(nodes)
        return Nullable(node, self._leaves.nullness(record, field)) if len(members) > len(others) + len(texts) else node


def _name(expression: ast.expr) -> str:
    match expression:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Constant(value=str(name)):
            return name
    return ""


def _unwrapped(annotation: ast.expr) -> ast.expr:
    """Without `Annotated` and `Required`, which say nothing about values."""
    match annotation:
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, *_])):
            return _unwrapped(inner)
        case ast.Subscript(value=ast.Name(id="Required"), slice=inner):
            return _unwrapped(inner)
    return annotation


def _members(annotation: ast.expr) -> list[ast.expr]:
    """Of a union, and of the unions directly in it."""
    match _unwrapped(annotation):
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=inner)):
            return [member for each in inner for member in _members(each)]
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return [*_members(inner), ast.Constant(None)]
    return [annotation]


def _literals(annotation: ast.expr) -> list[object]:
    match _unwrapped(annotation):
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=inner)):
            return [each.value for each in inner if isinstance(each, ast.Constant)]
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Constant(value=value)):
            return [value]
    return []


def _is_none(annotation: ast.expr) -> bool:
    return isinstance(annotation, ast.Constant) and annotation.value is None


def _without_none(annotation: ast.expr) -> ast.expr:
    members = [each for each in _members(annotation) if not _is_none(each)]
    if len(members) == 1:
        return members[0]
    return ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=members))


def _is_union_of_names(definition: ast.expr) -> bool:
    """A union of classes has a name worth keeping."""
    return any(_name(each) not in ("", "str", "int", "float", "bool") for each in _members(definition))


def _has_default(value: ast.expr | None) -> bool:
    """Also as `field(default=...)`."""
    match value:
        case None:
            return False
        case ast.Call(keywords=keywords):
            return any(keyword.arg in ("default", "factory") for keyword in keywords)
    return True
