"""A folder of streams, as a corpus maker writes it: in; streams with what is known about them: out.

A stream is a folder: `train.ndjson` (messages in the order in which they were sent), `train.kinds` (the kind of each),
`valid.ndjson` (messages held out, with their kinds), `invalid.ndjson` (mutants with one fault each, its class and the kind
that it was made from) and `truth.json` (a JSON Schema of the whole stream).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs

STRUCTURAL = (
    "wrong_type",
    "int_to_float",
    "missing_required",
    "extra_field",
    "missing_tag",
    "unknown_tag",
    "cross_kind",
    "tuple_arity",
    "map_value",
)
SEMANTIC = ("enum", "format", "range")


@dataclass(frozen=True)
class Mutant:
    """A message with one fault of this class, made from a message of this kind."""

    fault: str
    kind: str
    message: Any


@dataclass(frozen=True)
class Stream:
    """What was sent, and what is true about it."""

    name: str
    train: list[Any]
    train_kinds: list[str]
    valid: list[Any]
    valid_kinds: list[str]
    mutants: list[Mutant]
    truth: dict[str, Any]


def read_stream(folder: Path) -> Stream:
    """One stream; the folder's name is the stream's."""
    valid = _lines(folder / "valid.ndjson")
    return Stream(
        name=folder.name,
        train=_lines(folder / "train.ndjson"),
        train_kinds=_lines(folder / "train.kinds"),
        valid=[entry["msg"] for entry in valid],
        valid_kinds=[entry["kind"] for entry in valid],
        mutants=[Mutant(entry["class"], entry["kind"], entry["msg"]) for entry in _lines(folder / "invalid.ndjson")],
        truth=json.loads((folder / "truth.json").read_text()),
    )


def read_streams(folder: Path) -> list[Stream]:
    """Every stream in a folder, by name."""
    return [read_stream(path.parent) for path in sorted(folder.glob("*/truth.json"))]


def interleaved(streams: list[Stream], messages: int, seed: int = 1) -> Stream:
    """All of them on one connection, `messages` in all: each stream in its order, the streams mixed by chance.

    Kinds are named `<stream>.<kind>`. What is a fault in one stream may be right in another: those mutants are left out.
    """
    share = messages // len(streams)
    turns = [number for number, stream in enumerate(streams) for _ in range(min(share, len(stream.train)))]
    Random(seed).shuffle(turns)
    places = [0] * len(streams)
    train, train_kinds = [], []
    for number in turns:
        stream = streams[number]
        train.append(stream.train[places[number]])
        train_kinds.append(f"{stream.name}.{stream.train_kinds[places[number]]}")
        places[number] += 1
    # Each truth is a resource of its own, so that its references stay its own.
    parts = [{**stream.truth, "$id": f"urn:truth:{stream.name}"} for stream in streams]
    truth = {"$schema": "https://json-schema.org/draft/2020-12/schema", "anyOf": parts}
    check = jsonschema_rs.validator_for(truth, validate_formats=True)
    return Stream(
        name="all",
        train=train,
        train_kinds=train_kinds,
        valid=[message for stream in streams for message in stream.valid],
        valid_kinds=[f"{stream.name}.{kind}" for stream in streams for kind in stream.valid_kinds],
        mutants=[
            Mutant(mutant.fault, f"{stream.name}.{mutant.kind}", mutant.message)
            for stream in streams
            for mutant in stream.mutants
            if not check.is_valid(mutant.message)
        ],
        truth=truth,
    )


def _lines(path: Path) -> list[Any]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
