"""What the inference is held to, on the streams of ../shared and on those from public specifications.

In: mean scores by name of the measure. Out: a line a bar, with whether it is cleared.
"""

from __future__ import annotations

from collections.abc import Mapping

# By corpus and number of messages: measure, and what it must be at least ("size": at most).
BARS: dict[tuple[str, int], dict[str, float]] = {
    ("shared", 3000): {"recall": 0.995, "structural": 0.98, "f1": 0.985, "semantic": 0.85, "ari": 0.93, "size": 1.2},
    ("shared", 300): {"f1": 0.97, "ari": 0.9},
    ("specifications", 3000): {"recall": 0.985, "structural": 0.985, "semantic": 0.92, "ari/truth": 0.92},
    ("specifications", 300): {"recall": 0.95, "structural": 0.92},
}
ALL_AT_ONCE = {"ari": 0.9}  # the ten streams of ../shared on one connection


def verdicts(bars: Mapping[str, float], means: Mapping[str, float]) -> list[str]:
    """NaN clears nothing."""
    lines = []
    for measure, bar in bars.items():
        value = means[measure]
        cleared = value <= bar if measure == "size" else value >= bar
        sign = "<=" if measure == "size" else ">="
        lines.append(f"{'cleared' if cleared else 'MISSED ':8} {measure} {value:.3f}, bar {sign} {bar:g}")
    return lines
