"""What nobody can know: the share of held-out messages in which all is something that the messages before them had.

In: nodes and messages. Out: a recall. A schema that allows nothing but what was seen has this recall, if it is right in all
else: keys, their absence, alternatives, nulls, members. It says how much a stream asks for by its sheer variety.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, TypeAlias

import jsonschema_rs

from tests.schema_benchmark.measures import mean
from tests.schema_benchmark.specifications.nodes import (
    Choice,
    Enumeration,
    Map,
    Named,
    Node,
    Nullable,
    Positions,
    Record,
    Repeated,
    truth_of,
)
from tests.schema_benchmark.streams import Stream

Sight: TypeAlias = "tuple[str, ...]"
_checks: dict[int, list[Any]] = {}


def sights(node: Node, value: Any, place: str, *, members: bool) -> Iterator[Sight]:
    """What a message shows, each with its place. `members`: those of enumerations too."""
    match node:
        case Named() if node.is_recursive:
            yield from sights(node.node, value, f"@{node.name}", members=members)
        case Named():
            yield from sights(node.node, value, place, members=members)
        case Record():
            for key, inner in value.items():
                if key in node.fields:
                    yield place, "has", key
                    yield from sights(node.fields[key].node, inner, f"{place}/{key}", members=members)
            for key in node.fields.keys() - value.keys():
                yield place, "lacks", key
        case Map() | Repeated():
            for inner in value.values() if isinstance(value, dict) else value:
                yield from sights(node.node, inner, f"{place}/*", members=members)
        case Positions():
            for number, (each, inner) in enumerate(zip(node.nodes, value, strict=True)):
                yield from sights(each, inner, f"{place}/{number}", members=members)
        case Nullable():
            yield place, "null", str(value is None)
            if value is not None:
                yield from sights(node.node, value, place, members=members)
        case Choice():
            if id(node) not in _checks:
                _checks[id(node)] = [jsonschema_rs.validator_for(truth_of([each])) for each in node.nodes]
            number = next(number for number, check in enumerate(_checks[id(node)]) if check.is_valid(value))
            yield place, "is", str(number)
            yield from sights(node.nodes[number], value, f"{place}|{number}", members=members)
        case Enumeration() if members:
            yield place, "one of", str(value)


def recall_of_the_seen(kinds: dict[str, Node], stream: Stream, *, members: bool = False) -> float:
    """The mean over kinds, as in measures.scored."""
    _checks.clear()
    known: dict[str, set[Sight]] = defaultdict(set)
    for kind, message in zip(stream.train_kinds, stream.train, strict=True):
        known[kind].update(sights(kinds[kind], message, "", members=members))
    fits: dict[str, list[bool]] = defaultdict(list)
    for kind, message in zip(stream.valid_kinds, stream.valid, strict=True):
        fits[kind].append(set(sights(kinds[kind], message, "", members=members)) <= known[kind])
    return mean(mean(each) for each in fits.values())
