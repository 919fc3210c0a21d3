"""JSON Schemas in, a contract out: one channel a schema, with a message for each alternative at its root.

A title that is a path (`/rooms/{id}`, as `wsobserve schema export` writes it) is the channel; a schema with any other
title is about every channel. Of a directory only the schemas whose title is a channel are a contract; the others are
there to be referred to.
"""

from __future__ import annotations

from urllib.parse import unquote

from wsobserve.contract.sources import ContractError, Place, Sources, shown
from wsobserve.contract.terms import DIALECTS, Contract, ContractChannel, ContractMessage, Dialect, Schema

# A schema that has nothing but these beside its alternatives accepts exactly what one of them accepts.
SILENT = frozenset(
    ("$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "deprecated")
)
DEEPEST = 4  # alternatives of alternatives
UNKNOWN_ROUTE = "unknown route"


def schemas_contract(sources: Sources, addresses: list[str], *, directory: bool = False) -> Contract:
    """The contract of these documents."""
    channels = []
    for address in addresses:
        root = sources.root(address)
        if isinstance(root.value, bool | dict) and (not directory or is_channel(root.field("title"))):
            channels.append(_channel(sources, root))
    if not channels:
        raise ContractError(f"none of the {len(addresses)} schemas has a channel, as `/rooms/{{id}}`, for its title")
    return Contract(
        title=f"{len(channels)} schemas" if directory else shown(addresses[0]), language="JSON Schema", channels=tuple(channels)
    )


def is_channel(title: object) -> bool:
    """Whether a schema's title is the channel that it is about."""
    return isinstance(title, str) and (title.startswith("/") or title == UNKNOWN_ROUTE)


def _channel(sources: Sources, root: Place) -> ContractChannel:
    title = root.field("title")
    dialect = dialect_of(root, "2020-12")
    whole = Schema(root.location, dialect)
    messages: dict[str, ContractMessage] = {}
    for name, place, exactly in _alternatives(sources, root, None, 0):
        unique = name
        number = 1
        while unique in messages:
            number += 1
            unique = f"{name} ({number})"
        messages[unique] = ContractMessage(
            name=unique,
            location=place.location,
            schema=Schema(place.location, dialect),
            whole=None if exactly else whole,
        )
    return ContractChannel(
        name=title if isinstance(title, str) else shown(root.location),
        address=title if is_channel(title) else None,
        routes=(title,) if is_channel(title) else (),
        messages=tuple(messages.values()),
    )


def _alternatives(
    sources: Sources, place: Place, name: str | None, depth: int, exactly: bool = True
) -> list[tuple[str, Place, bool]]:
    """The alternatives that a schema consists of, with their names, and whether they say everything."""
    reference = place.field("$ref")
    if isinstance(reference, str):
        exactly = exactly and SILENT.issuperset(place.value.keys() - {"$ref"})
        place = sources.follow(place)
        name = unquote(reference.rpartition("/")[2]).replace("~1", "/").replace("~0", "~")
    title = place.field("title")
    if isinstance(title, str) and depth and name is None:
        name = title
    for keyword in ("anyOf", "oneOf"):
        branches = place.field(keyword)
        if not isinstance(branches, list) or not branches or depth >= DEEPEST:
            continue
        # `oneOf` says besides that no two of them accept the same.
        alone = exactly and keyword == "anyOf" and all(key in SILENT or _is_note(key) for key in place.value.keys() - {keyword})
        found = []
        for number, branch in enumerate(place.child(keyword).elements()):
            prefix = "alternative" if name is None else name
            for inner, inner_place, inner_exactly in _alternatives(sources, branch, None, depth + 1, alone):
                found.append((f"{prefix} {number + 1}" if inner == "" else inner, inner_place, inner_exactly))
        return found
    return [(name or ("" if depth else "message"), place, exactly)]


def _is_note(key: str) -> bool:
    return key.startswith("x-")


def dialect_of(place: Place, default: Dialect) -> Dialect:
    """The dialect that a schema says it is written in. ContractError when nobody knows it."""
    said = place.field("$schema")
    if not isinstance(said, str):
        return default
    dialect = DIALECTS.get(said.rstrip("#"))
    if dialect is None:
        raise ContractError(f"{shown(place.location)} is written in a dialect that is not known: {said}")
    return dialect
