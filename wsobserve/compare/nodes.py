"""Where a schema stands: a document, the JSON pointer of the schema in it, and what its references lead to.

A node is the conjunction of schemas that apply to the same value, each with its place; no schema at all is anything.
"""

from __future__ import annotations

import itertools
import json
from typing import Any, NamedTuple
from urllib.parse import unquote

MOST_REFERENCES = 2_000  # followed to tell whether two rules are the same text
MOST_SCHEMAS = 200_000  # looked at for an anchor

_numbers = itertools.count(1)


class Source:
    """A document that holds schemas. Its number tells it from all others."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.number = next(_numbers)
        self._anchors: dict[str, str] | None = None
        self._meanings: dict[str, str] = {}

    def node(self, pointer: str = "") -> Node:
        """The schema at `pointer` as a node. KeyError when there is none."""
        return (Part(self._at(pointer), pointer, self),)

    def follow(self, reference: object) -> Part | None:
        """The schema that `$ref` means; None when it is not in this document."""
        if not isinstance(reference, str):
            return None
        pointer: str | None
        base, _, fragment = reference.partition("#")
        if base and base != self._identifier():
            pointer = self._anchor(reference)
        elif fragment.startswith("/") or not fragment:
            pointer = unquote(fragment)
        else:
            pointer = self._anchor("#" + fragment)
        if pointer is None:
            return None
        try:
            return Part(self._at(pointer), pointer, self)
        except KeyError:
            return None

    def _identifier(self) -> object:
        return self.root.get("$id") if isinstance(self.root, dict) else None

    def _at(self, pointer: str) -> Any:
        found = self.root
        for step in pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isascii() and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            else:
                raise KeyError(pointer)
        return found

    def _anchor(self, name: str) -> str | None:
        """Where `$anchor` or `$id` gives this name to a schema."""
        if self._anchors is None:
            self._anchors = {}
            waiting: list[tuple[Any, str]] = [(self.root, "")]
            for _ in range(MOST_SCHEMAS):
                if not waiting:
                    break
                value, pointer = waiting.pop()
                if isinstance(value, dict):
                    for keyword in ("$anchor", "$dynamicAnchor"):
                        if isinstance(value.get(keyword), str):
                            self._anchors.setdefault("#" + value[keyword], pointer)
                    if isinstance(value.get("$id"), str):
                        self._anchors.setdefault(value["$id"], pointer)
                    waiting += [(inner, below(pointer, key)) for key, inner in value.items()]
                elif isinstance(value, list):
                    waiting += [(inner, below(pointer, str(index))) for index, inner in enumerate(value)]
        return self._anchors.get(name)

    def meaning(self, part: Part) -> str:
        """A text that is the same for schemas that say the same in the same words, their references included."""
        known = self._meanings.get(part.pointer)
        if known is None:
            known = self._meanings[part.pointer] = self._meaning(part)
        return known

    def _meaning(self, part: Part) -> str:
        texts = [text_of(part.schema)]
        waiting = [part.schema]
        followed: dict[str, None] = {}
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting += value
            elif isinstance(value, dict):
                waiting += value.values()
                for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
                    reference = value.get(keyword)
                    if not isinstance(reference, str) or reference in followed:
                        continue
                    followed[reference] = None
                    target = self.follow(reference)
                    if len(followed) > MOST_REFERENCES or target is None:
                        texts.append(f"{reference} of document {self.number}" if target else f"{reference} elsewhere")
                        continue
                    texts.append(f"{reference}={text_of(target.schema)}")
                    waiting.append(target.schema)
        return "\n".join([texts[0], *sorted(texts[1:])])


class Part(NamedTuple):
    """One schema with its place."""

    schema: Any
    pointer: str
    source: Source

    def inner(self, *steps: str) -> Part:
        """What lies below; the steps must be there."""
        found = self.schema
        pointer = self.pointer
        for step in steps:
            found = found[int(step)] if isinstance(found, list) else found[step]
            pointer = below(pointer, step)
        return Part(found, pointer, self.source)

    @property
    def key(self) -> tuple[int, str]:
        """What tells it from other parts."""
        return self.source.number, self.pointer


Node = tuple[Part, ...]

_NOWHERE = Source(None)
ANYTHING = Part(True, "", _NOWHERE)
NOTHING = Part(False, "#nothing", _NOWHERE)


_BESIDE_A_REFERENCE = frozenset(
    ("$ref", "$defs", "definitions", "$schema", "$comment", "title", "description", "default", "examples", "deprecated")
)


def resolved(node: Node) -> Node:
    """The same with schemas that are nothing but a reference replaced by what they refer to."""
    return tuple(_resolved(part) for part in node)


def _resolved(part: Part) -> Part:
    for _ in range(16):
        schema = part.schema
        if not isinstance(schema, dict) or "$ref" not in schema:
            break
        if any(key not in _BESIDE_A_REFERENCE and not key.startswith("x-") for key in schema):
            break
        target = part.source.follow(schema["$ref"])
        if target is None:
            break
        part = target
    return part


def below(pointer: str, step: str) -> str:
    """The pointer one step further (RFC 6901)."""
    return f"{pointer}/{step.replace('~', '~0').replace('/', '~1')}"


def text_of(value: Any) -> str:
    """JSON that is equal for equal values: `1.0` is `1`, `true` is not."""
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
    return value


def node_key(node: Node) -> tuple[tuple[int, str], ...]:
    """What tells it from other nodes."""
    return tuple(sorted({part.key for part in node}))


def meaning(node: Node) -> str:
    """A text that is equal for nodes that say the same in the same words."""
    return "\n&\n".join(sorted(part.source.meaning(part) for part in node))
