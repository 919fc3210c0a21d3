"""Streams from public protocol specifications: `python -m tests.schema_benchmark.specifications.make OUTDIR [--n] [--seed]`.

In: published packages (see each protocol's file). Out: a folder a stream, in the layout of streams.py. The structure is the
specification's, the values are made up: in the order of time, with identifiers that come again, replies that repeat the
number of their request, and kinds, members and fields that are not all equally frequent. The same seed gives the same
streams. Every message held out is right by the stream's truth, and every mutant is wrong by it.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import jsonschema_rs

from tests.schema_benchmark.specifications import acp, cdp, dap, lsp, obs, ocpp, realtime
from tests.schema_benchmark.specifications.nodes import Node, TooDeep, tags_swapped, truth_of
from tests.schema_benchmark.specifications.seen import recall_of_the_seen
from tests.schema_benchmark.specifications.world import World
from tests.schema_benchmark.streams import Mutant, Stream

PROTOCOLS: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module for module in (acp, cdp, dap, lsp, obs, ocpp, realtime)
}
HELD_OUT = 25  # messages of each kind
BROKEN = 12  # messages of each kind that mutants are made from
MUTANTS = 5  # of each kind and class of fault


def stream_of(name: str, kinds: dict[str, Node], n: int, seed: int) -> Stream:
    """`n` messages to learn from, those held out, and mutants."""
    truth = truth_of(list(kinds.values()))
    check = jsonschema_rs.validator_for(truth, validate_formats=True)
    world = World(f"{name} {seed}")
    weights = _weights(name, list(kinds))
    train_kinds = world.chance.choices(list(weights), list(weights.values()), k=n)
    train = [_message(kinds[kind], world) for kind in train_kinds]
    # Time goes on: what is held out comes later, with numbers that have grown and names that are new.
    valid_kinds = [kind for kind in kinds for _ in range(HELD_OUT)]
    world.chance.shuffle(valid_kinds)
    valid = [_message(kinds[kind], world) for kind in valid_kinds]
    for kind, message in zip([*train_kinds, *valid_kinds], [*train, *valid], strict=True):
        if not check.is_valid(message):
            raise AssertionError(f"{name}: not right by its own truth: {kind} {json.dumps(message)[:400]}")
    return Stream(name, train, train_kinds, valid, valid_kinds, _mutants(kinds, world, check), truth)


def _weights(name: str, kinds: list[str]) -> dict[str, float]:
    """How frequent each kind is, as Zipf found; which one is first is left to chance, the same for every seed."""
    order = list(kinds)
    Random(f"{name} kinds").shuffle(order)
    return {kind: (rank + 1) ** -0.9 for rank, kind in enumerate(order)}


def _message(node: Node, world: World) -> Any:
    world.tick()
    while True:
        try:
            return node.make(world)
        except TooDeep:
            world.depth = 0


def _mutants(kinds: dict[str, Node], world: World, check: Any) -> list[Mutant]:
    found: list[Mutant] = []
    seen: set[str] = set()
    for kind, node in kinds.items():
        pools: dict[str, list[Any]] = defaultdict(list)
        for _ in range(BROKEN):
            message = _message(node, world)
            for fault, broken in node.faults(message, world.chance):
                pools[fault].append(broken)
            for other in kinds.values():
                if other is not node:
                    for fault, broken in tags_swapped(message, node, other):
                        pools[fault].append(broken)
        for fault, pool in sorted(pools.items()):
            world.chance.shuffle(pool)
            kept = 0
            for broken in pool:
                text = json.dumps(broken, sort_keys=True)
                if kept < MUTANTS and text not in seen and not check.is_valid(broken):
                    seen.add(text)
                    kept += 1
                    found.append(Mutant(fault, kind, broken))
    return found


def kinds_of(name: str) -> dict[str, Node]:
    """The kinds of message of a protocol. Raises NotFetched."""
    kinds: dict[str, Node] = PROTOCOLS[name].kinds()
    return kinds


def write_stream(folder: Path, stream: Stream) -> None:
    """In the layout of streams.py."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "train.ndjson", stream.train)
    _write(folder / "train.kinds", stream.train_kinds)
    valid = zip(stream.valid_kinds, stream.valid, strict=True)
    _write(folder / "valid.ndjson", ({"kind": kind, "msg": message} for kind, message in valid))
    mutants = ({"class": each.fault, "kind": each.kind, "msg": each.message} for each in stream.mutants)
    _write(folder / "invalid.ndjson", mutants)
    (folder / "truth.json").write_text(json.dumps(stream.truth, indent=1, ensure_ascii=False) + "\n")


def _write(path: Path, values: Iterable[Any]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for value in values:
            file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def main() -> None:
    """Writes every stream and says what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--n", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=sorted(PROTOCOLS), default=sorted(PROTOCOLS))
    options = parser.parse_args()
    for name in options.only:
        kinds = kinds_of(name)
        stream = stream_of(name, kinds, options.n, options.seed)
        write_stream(options.out / name, stream)
        faults = Counter(mutant.fault for mutant in stream.mutants)
        length = sum(len(json.dumps(message)) for message in stream.train) // options.n
        print(f"{name:9} {len(kinds)} kinds, {options.n} messages of {length} bytes, mutants {dict(faults)}")
        structure, members = (recall_of_the_seen(kinds, stream, members=each) for each in (False, True))
        print(f"{'':9} recall of what was seen: {structure:.3f}, and of enumerations too: {members:.3f}")


if __name__ == "__main__":
    main()
