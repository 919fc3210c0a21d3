"""The measures against cases counted by hand, and against the scorer of ../shared where it is at hand."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed")

from tests.schema_benchmark.measures import Score, adjusted_rand, scored, subschemas, truth_separation
from tests.schema_benchmark.peers import genson, genson_closed
from tests.schema_benchmark.score_package import SHARED, streams_made
from tests.schema_benchmark.streams import Mutant, Stream, interleaved, read_streams

pytestmark = pytest.mark.build_independent


def record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties), "additionalProperties": False}


A = record(t={"const": "a"}, n={"type": "integer"})
B = record(t={"const": "b"}, s={"type": "string"})
STREAM = Stream(
    name="small",
    train=[{"t": "a", "n": 1}],
    train_kinds=["a"],
    valid=[{"t": "a", "n": 1}, {"t": "a", "n": 2}, {"t": "b", "s": "x"}],
    valid_kinds=["a", "a", "b"],
    mutants=[
        Mutant("wrong_type", "a", {"t": "a", "n": "one"}),
        Mutant("wrong_type", "b", {"t": "b", "s": 1}),
        Mutant("extra_field", "a", {"t": "a", "n": 1, "more": 1}),
        Mutant("enum", "b", {"t": "c", "s": "x"}),
    ],
    truth={"anyOf": [A, B]},
)


def test_the_truth_scores_full_marks() -> None:
    score = scored(STREAM.truth, STREAM, ["0", "0", "1"])
    assert (score.recall, score.structural, score.semantic, score.f1, score.size) == (1, 1, 1, 1, 1)
    assert (score.separation, score.truth_separation) == (1, 1)


def test_every_kind_and_every_class_of_fault_weighs_the_same() -> None:
    # Kind a alone: one of two kinds accepted. An integer `n` is asked for, so that one of two wrong types is rejected...
    loose = {"anyOf": [{"properties": {"t": {"const": "a"}, "n": {"type": "integer"}}, "required": ["n"]}]}
    score = scored(loose, STREAM)
    assert score.recall == 0.5
    # ... and b's wrong type, because it has no `n`; the extra field passes; the enumeration's fault has no `n` either.
    assert score.classes == {"wrong_type": 1, "extra_field": 0, "enum": 1}
    assert (score.structural, score.semantic) == (0.5, 1)


def test_accepting_everything_separates_and_rejects_nothing() -> None:
    score = scored({}, STREAM, ["same"] * 3)
    assert (score.recall, score.structural, score.semantic, score.f1, score.separation) == (1, 0, 0, 0, 0)


def test_a_stream_without_such_faults_is_not_measured_by_them() -> None:
    assert math.isnan(scored({}, Stream("s", [], [], [1, 2], ["k", "k"], [], {})).semantic)


def test_the_adjusted_rand_index_of_a_published_example() -> None:
    # Hubert and Arabie's formula on the contingency table [[1, 1, 0], [1, 2, 1], [0, 0, 4]].
    truth = ["1"] * 2 + ["2"] * 4 + ["3"] * 4
    labels = ["a", "b", "a", "b", "b", "c", "c", "c", "c", "c"]
    together, rows, columns, all_pairs = 1 + 6, 1 + 6 + 6, 1 + 3 + 10, 45
    expected = rows * columns / all_pairs
    assert adjusted_rand(truth, labels) == pytest.approx((together - expected) / ((rows + columns) / 2 - expected))
    assert adjusted_rand(truth, truth) == 1
    with pytest.raises(ValueError):
        adjusted_rand(truth, labels[1:])


def test_subschemas_are_counted_wherever_they_stand() -> None:
    schema = {"anyOf": [A, {"type": "array", "prefixItems": [{}, {}], "items": False}], "$defs": {"x": {"not": {}}}}
    assert subschemas(schema) == 1 + 3 + 3 + 2


def test_what_is_right_in_one_stream_is_no_fault_on_a_connection_of_both() -> None:
    other = Stream("other", [{"t": "c", "s": "x"}], ["c"], [{"t": "c", "s": "x"}], ["c"], [], {"anyOf": [record(t={}, s={})]})
    both = interleaved([STREAM, other], 2)
    assert both.train_kinds in (["small.a", "other.c"], ["other.c", "small.a"])
    # t=c is a member of nothing in `small`, and right in `other`; so is b's number.
    assert [mutant.fault for mutant in both.mutants] == ["wrong_type", "extra_field"]


def test_what_genson_infers_is_scored_like_ours(tmp_path: Path) -> None:
    pytest.importorskip("genson", reason="genson is not installed")
    messages = [{"t": "a", "n": 1, "d": {"x": 1}}, {"t": "a", "n": 2, "d": {}}]
    schema, narrow = genson(messages, tmp_path), genson_closed(messages, tmp_path)
    assert schema is not None
    assert narrow is not None
    assert narrow["additionalProperties"] is narrow["properties"]["d"]["additionalProperties"] is False
    assert schema["required"] == narrow["required"] == ["d", "n", "t"]
    assert "additionalProperties" not in schema


@pytest.mark.skipif(not (SHARED / "score.py").exists(), reason="the scorer of ../shared is not here")
def test_the_scorer_of_shared_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # ../shared is to be read
    sys.path.insert(0, str(SHARED))
    try:
        import score as shared  # type: ignore[import-not-found]  # of no package
    finally:
        sys.path.remove(str(SHARED))
    folder = streams_made("shared", 60, 5)
    for stream in read_streams(folder):
        schema = {"anyOf": stream.truth["anyOf"][:-1]}  # wrong in some, so that there is something to agree on
        ours: Score = scored(schema, stream)
        theirs = shared.score(schema, str(Path(folder) / stream.name))
        assert [ours.recall, ours.structural, ours.f1, ours.size] == pytest.approx(
            [theirs[key] for key in ("recall", "structural", "f1", "ratio")]
        )
        assert ours.semantic == pytest.approx(theirs["semantic"], nan_ok=True)
        assert truth_separation(stream) == pytest.approx(shared.score(stream.truth, str(Path(folder) / stream.name))["ari"])
