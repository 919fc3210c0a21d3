"""The harness, once through the package: what was sent is what is scored."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed")

import wsobserve
from tests.schema_benchmark.bars import verdicts
from tests.schema_benchmark.explain import explained
from tests.schema_benchmark.inferred import Inferred, by_command, directly
from tests.schema_benchmark.measures import scored
from tests.schema_benchmark.score_package import CHECKOUT, ask
from tests.schema_benchmark.specifications.make import write_stream
from tests.schema_benchmark.streams import Mutant, Stream, read_stream

BUILD = Path(wsobserve.__path__[0]).parent
TRUTH: dict[str, Any] = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"type": {"const": kind}, key: {"type": form}},
            "required": ["type", key],
            "additionalProperties": False,
        }
        for kind, key, form in (("joined", "user", "string"), ("moved", "place", "integer"))
    ]
}
JOINED, MOVED = {"type": "joined", "user": "ann"}, {"type": "moved", "place": 7}
STREAM = Stream(
    name="room",
    train=[JOINED, MOVED, {"type": "moved", "place": 8, "long": "x" * 70_000}] * 20,
    train_kinds=["joined", "moved", "moved"] * 20,
    valid=[JOINED, MOVED],
    valid_kinds=["joined", "moved"],
    mutants=[Mutant("wrong_type", "moved", {"type": "moved", "place": "seven"})],
    truth=TRUTH,
)


def test_every_message_has_its_label_and_the_documents_accept_what_was_sent(tmp_path: Path) -> None:
    inferred = by_command(STREAM.train, "room", tmp_path, BUILD)
    assert len(inferred.labels) == len(STREAM.train)
    assert len({inferred.labels[0], inferred.labels[1]}) == 2
    score = scored(inferred.schema, STREAM, train_labels=inferred.labels)
    assert score.recall == 1
    assert score.separation_train == 1
    assert score.structural == 1  # the inference has always known strings from integers


def test_labels_of_what_is_held_out_come_from_a_capture_that_has_it() -> None:
    inferred, labels = ask(STREAM, BUILD)
    assert labels == inferred.labels[:2]
    direct, direct_labels = ask(STREAM, BUILD, direct=True)
    assert len(direct_labels) == len(set(direct_labels)) == 2
    assert direct.documents == directly(STREAM.train, "room").documents


def test_what_is_wrong_is_told_by_kind_and_place() -> None:
    strangers = [{"type": "moved", "place": None}, {"type": "moved", "place": 7, "more": 1}]
    stranger = Stream(**{**STREAM.__dict__, "valid": strangers, "valid_kinds": ["moved"] * 2})
    text = explained(stranger, Inferred({"closed": TRUTH}, []), ["x", "y"])
    assert '1 moved: place: type "integer" got null' in text
    assert "1 moved: (root): additionalProperties more" in text
    assert "moved: 2 labels: x 1, y 1" in text
    text = explained(STREAM, Inferred({"open": {}}, []), ["same", "same"])
    assert '1 wrong_type of moved: place: type "integer" got "seven"' in text
    assert "same: 2 kinds: joined 1, moved 1" in text


def test_a_stream_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_stream(tmp_path / "room", STREAM)
    assert read_stream(tmp_path / "room") == STREAM


def test_a_bar_is_cleared_from_its_own_value_on_and_never_by_what_was_not_measured() -> None:
    assert verdicts({"recall": 0.9, "size": 1.2}, {"recall": 0.9, "size": 1.3})[0].startswith("cleared")
    assert verdicts({"recall": 0.9, "size": 1.2}, {"recall": 0.9, "size": 1.3})[1].startswith("MISSED")
    assert verdicts({"ari": 0.9}, {"ari": float("nan")})[0].startswith("MISSED")


def test_the_program_prints_a_line_a_stream(tmp_path: Path) -> None:
    write_stream(tmp_path / "room", STREAM)
    program = [sys.executable, "-m", "tests.schema_benchmark.score_package", "--folder", str(tmp_path), "--build", str(BUILD)]
    run = subprocess.run(program, capture_output=True, text=True, cwd=CHECKOUT)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[1].startswith("room               2      2")
    assert "wrong_type 1.00" in run.stdout
