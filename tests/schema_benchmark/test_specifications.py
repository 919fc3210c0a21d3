"""The corpus maker: what it makes is right by its own truth, and every mutant is wrong, in one place, by its name."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed")

import jsonschema_rs

from tests.schema_benchmark.specifications.make import HELD_OUT, PROTOCOLS, kinds_of, stream_of, write_stream
from tests.schema_benchmark.specifications.nodes import (
    Boolean,
    Constant,
    Enumeration,
    Field,
    FreeRecord,
    Map,
    Named,
    Node,
    Number,
    Positions,
    Record,
    Repeated,
    Text,
    told_apart,
)
from tests.schema_benchmark.specifications.packages import NotFetched
from tests.schema_benchmark.specifications.seen import recall_of_the_seen
from tests.schema_benchmark.specifications.world import World
from tests.schema_benchmark.streams import SEMANTIC, STRUCTURAL, Stream

pytestmark = pytest.mark.build_independent


def tree() -> Named:
    named = Named("tree", lambda: Record({"name": Field(Text(World.name, {})), "children": Field(Repeated(named), 0.7)}))
    return named


def kinds_by_hand() -> dict[str, Node]:
    """One of each node, so that each class of fault can be made."""
    circle = Record({"shape": Field(Constant("circle")), "r": Field(Number(lambda world: 1.5, whole=False))})
    square = Record({"shape": Field(Constant("square")), "edge": Field(Number(lambda world: world.size()), 0.5)})
    volume = Number(lambda world: world.chance.randint(0, 9), bounds=(0, 9))
    return {
        "draw": Record({"t": Field(Constant("draw", tag=True)), "what": Field(told_apart([circle, square]))}),
        "play": Record({"t": Field(Constant("play", tag=True)), "volume": Field(volume), "loud": Field(Boolean(), 0.5)}),
        "grow": Record({"t": Field(Constant("grow", tag=True)), "tree": Field(tree())}),
        "call": Positions([Enumeration(["up", "down"]), Text(World.uuid, {"format": "uuid"})]),
        "price": Record({"prices": Field(Map(World.free_key, Text(World.decimal, {}))), "more": Field(FreeRecord())}),
    }


def text_of(stream: Stream) -> str:
    return json.dumps([stream.train, stream.valid, [mutant.__dict__ for mutant in stream.mutants], stream.truth])


def hold_to_promises(kinds: dict[str, Node], stream: Stream) -> None:
    check = jsonschema_rs.validator_for(stream.truth, validate_formats=True)
    assert all(map(check.is_valid, [*stream.train, *stream.valid]))
    assert not any(check.is_valid(mutant.message) for mutant in stream.mutants)
    assert Counter(stream.valid_kinds) == dict.fromkeys(kinds, HELD_OUT)
    assert {mutant.fault for mutant in stream.mutants} <= {*STRUCTURAL, *SEMANTIC}


def test_by_hand_every_class_of_fault_is_made() -> None:
    kinds = kinds_by_hand()
    stream = stream_of("by hand", kinds, 200, 1)
    hold_to_promises(kinds, stream)
    assert {mutant.fault for mutant in stream.mutants} == {*STRUCTURAL, *SEMANTIC}
    crossed = [mutant.message for mutant in stream.mutants if mutant.fault == "cross_kind"]
    assert {"t": "play", "what": {"shape": "circle", "r": 1.5}} in crossed  # the payload of one under the tag of another
    assert any(message.get("what", {}).get("shape") == "square" and "r" in message["what"] for message in crossed)


def test_recursive_records_end_and_are_defined_once() -> None:
    stream = stream_of("by hand", kinds_by_hand(), 200, 1)

    def depth(value: Any) -> int:
        return 1 + max(map(depth, value.get("children", [])), default=0)

    depths = {depth(message["tree"]) for message in stream.train if "tree" in message}
    assert 1 in depths
    assert 2 < max(depths) <= 5
    assert set(stream.truth["$defs"]) == {"tree"}


def test_the_same_seed_gives_the_same_stream_and_another_seed_another() -> None:
    one, same, other = (text_of(stream_of("by hand", kinds_by_hand(), 50, seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_a_reply_repeats_the_number_of_its_request() -> None:
    world = World("any")
    asked = [world.asked("requests") for _ in range(20)]
    answered = [world.answered("requests") for _ in range(20)]
    assert sorted(answered) == asked
    assert world.answered("requests") == 21  # nobody waits: a number of its own


def test_recall_of_the_seen_falls_with_what_is_held_out_and_new() -> None:
    kinds: dict[str, Node] = {"k": Record({"a": Field(Boolean(), 0.5)})}
    stream = Stream("s", [{"a": True}], ["k"], [{"a": False}, {}], ["k", "k"], [], {})
    assert recall_of_the_seen(kinds, stream) == 0.5


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_a_public_specification_gives_a_stream_that_holds_its_promises(name: str, tmp_path: Path) -> None:
    try:
        kinds = kinds_of(name)
    except NotFetched as reason:
        pytest.skip(str(reason))
    stream = stream_of(name, kinds, 150, 3)
    hold_to_promises(kinds, stream)
    assert 8 <= len(kinds) <= 25
    faults = {mutant.fault for mutant in stream.mutants}
    assert {"wrong_type", "missing_required", "extra_field", "unknown_tag", "cross_kind", "format", "enum"} <= faults
    assert text_of(stream_of(name, kinds_of(name), 150, 3)) == text_of(stream)
    write_stream(tmp_path, stream)
    assert len((tmp_path / "train.ndjson").read_text().splitlines()) == 150
