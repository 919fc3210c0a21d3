"""How good an inferred schema is: recall, rejection of faults, separation of kinds, size.

In: a JSON Schema, and a stream with what is true about it. Out: a score. Every share is a mean over kinds or classes of
fault, so that a rare kind weighs as much as a frequent one.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

from tests.schema_benchmark.alternatives import Alternatives
from tests.schema_benchmark.streams import SEMANTIC, STRUCTURAL, Stream

NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
SINGLE = ("items", "additionalProperties", "not", "if", "then", "else", "additionalItems", "unevaluatedProperties", "contains")


@dataclass(frozen=True)
class Score:
    """`structural`, `semantic`: share of such mutants rejected. `separation`: adjusted Rand index of labels against kinds;
    `truth_separation`: the same for the labels that the truth gives.

    NaN: the stream has nothing to measure it by.
    """

    recall: float
    structural: float
    semantic: float
    size: float  # subschemas, against those of the truth
    separation: float = math.nan  # of messages held out
    separation_train: float = math.nan  # of those that were learnt from
    truth_separation: float = math.nan
    labels: int = 0
    classes: dict[str, float] = field(default_factory=dict)  # share rejected, by class of fault

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and structural rejection."""
        together = self.recall + self.structural
        return 2 * self.recall * self.structural / together if together else 0.0


def scored(schema: dict[str, Any], stream: Stream, valid_labels: Sequence[str] = (), train_labels: Sequence[str] = ()) -> Score:
    """The score of a schema for the whole stream. Labels: one a message, of those held out and of those learnt from."""
    check = jsonschema_rs.validator_for(schema, validate_formats=True)
    accepted: dict[str, list[bool]] = defaultdict(list)
    rejected: dict[str, list[bool]] = defaultdict(list)
    for kind, message in zip(stream.valid_kinds, stream.valid, strict=True):
        accepted[kind].append(check.is_valid(message))
    for mutant in stream.mutants:
        rejected[mutant.fault].append(not check.is_valid(mutant.message))
    classes = {fault: mean(rejected[fault]) for fault in (*STRUCTURAL, *SEMANTIC) if fault in rejected}
    return Score(
        recall=mean(mean(each) for each in accepted.values()),
        structural=mean(share for fault, share in classes.items() if fault in STRUCTURAL),
        semantic=mean(share for fault, share in classes.items() if fault in SEMANTIC),
        size=subschemas(schema) / subschemas(stream.truth),
        separation=adjusted_rand(stream.valid_kinds, valid_labels) if valid_labels else math.nan,
        separation_train=adjusted_rand(stream.train_kinds, train_labels) if train_labels else math.nan,
        truth_separation=truth_separation(stream),
        labels=len(set(valid_labels) or set(train_labels)),
        classes=classes,
    )


def mean(values: Iterable[float]) -> float:
    """NaN of nothing."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else math.nan


def mean_known(values: Iterable[float]) -> float:
    """The mean of those that are a number."""
    return mean(value for value in values if not math.isnan(value))


def subschemas(schema: Any) -> int:
    """How many schemas are in a schema, itself included; `true` and `false` do not count."""
    if not isinstance(schema, dict):
        return 0
    inner: list[Any] = []
    for keyword, value in schema.items():
        if keyword in NAMED and isinstance(value, dict):
            inner += value.values()
        elif keyword in (*LISTED, "items") and isinstance(value, list):
            inner += value
        elif keyword in SINGLE:
            inner.append(value)
    return 1 + sum(map(subschemas, inner))


def adjusted_rand(truth: Sequence[str], labels: Sequence[str]) -> float:
    """Adjusted Rand index (Hubert and Arabie, 1985): 1 when both part the messages alike, 0 as by chance."""
    if len(truth) != len(labels):
        raise ValueError(f"{len(truth)} messages have {len(labels)} labels")
    together = sum(_pairs(count) for count in Counter(zip(truth, labels, strict=True)).values())
    in_truth = sum(_pairs(count) for count in Counter(truth).values())
    in_labels = sum(_pairs(count) for count in Counter(labels).values())
    expected = in_truth * in_labels / _pairs(len(truth))
    most = (in_truth + in_labels) / 2
    return (together - expected) / (most - expected) if most != expected else 1.0


def truth_separation(stream: Stream) -> float:
    """How well the truth itself separates the kinds; NaN where its parts are resources of their own (streams.interleaved)."""
    if any("$id" in part for part in stream.truth.get("anyOf", ())):
        return math.nan
    alternatives = Alternatives(stream.truth)
    return adjusted_rand(stream.valid_kinds, [alternatives.label(message) for message in stream.valid])


def _pairs(count: int) -> float:
    return count * (count - 1) / 2
