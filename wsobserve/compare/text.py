"""A comparison in, lines for people on a terminal out; and the same as plain values, for JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from wsobserve.compare.changes import SEVERITIES, Change, Comparison

MARKS = {"breaking": "!", "warning": "~", "safe": "+", "none": " "}
MOST_DOCUMENTATION = 20


def comparison_lines(comparison: Comparison) -> list[str]:
    """A line that says it all, then two or three for each change, those that break first."""
    lines = [f"{comparison.old} -> {comparison.new}", summary(comparison)]
    words = [change for change in comparison.changes if change.severity == "none"]
    for change in comparison.changes:
        if change.severity != "none":
            lines += ["", *_change_lines(change)]
    if words:
        lines.append("")
    for change in words[:MOST_DOCUMENTATION]:
        lines.append(f"  documentation  {change.path}: {change_words(change)}")
    if len(words) > MOST_DOCUMENTATION:
        lines.append(f"  documentation  {len(words) - MOST_DOCUMENTATION} more")
    return lines


def summary(comparison: Comparison) -> str:
    """The verdict in one sentence."""
    if not comparison.changes:
        return "Identical: no change."
    counts = [(comparison.count(severity), severity) for severity in reversed(SEVERITIES)]
    said = ", ".join(f"{count} {'documentation' if severity == 'none' else severity}" for count, severity in counts if count)
    number = len(comparison.changes)
    more = " There are more than are listed." if comparison.truncated else ""
    return f"{comparison.compatibility.capitalize()}: {number} change{'s' if number > 1 else ''} ({said}).{more}"


def _change_lines(change: Change) -> list[str]:
    mark = MARKS[change.severity]
    lines = [f"{mark} {change.severity:<9} {change.path}", f"    {change.compatibility}: {change_words(change)}"]
    tail = [breaks_words(change)] if change.who else []
    if change.certainty == "inferred":
        tail.append("inferred from what was not seen")
    if change.reason:
        tail.append(change.reason)
    if tail:
        lines.append(f"    {'; '.join(tail)}")
    return lines


def change_words(change: Change) -> str:
    """What changed, and from what to what."""
    what = str(change.what).replace("_", " ")
    if change.old is not None and change.new is not None:
        return f"{what}: {change.old} -> {change.new}"
    if change.old is None and change.new is None:
        return what
    return f"{what}: {change.old if change.new is None else change.new}"


def breaks_words(change: Change) -> str:
    """Who breaks that keeps to the old schema."""
    if not change.who:
        return ""
    return f"{'may break' if change.severity == 'warning' else 'breaks'} {change.who}"


def comparison_values(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON values, under names that stay: the same comparison always gives the same."""
    values: dict[str, Any] = msgspec.to_builtins(comparison)
    changes = [{**change, "breaks": list(change["breaks"])} for change in values.pop("changes")]
    counts = {severity: comparison.count(severity) for severity in SEVERITIES}
    return {
        "old": values["old"],
        "new": values["new"],
        "class": values["compatibility"],
        "severity": values["severity"],
        "counts": counts,
        "truncated": values["truncated"],
        "changes": changes,
    }
