"""Volumes over time for a chart: few enough steps, all of one length, and none missing between the first and the last."""

from __future__ import annotations

from typing import Any

from wsobserve.config import SECOND_NS

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_READABLE_S = (
    *(1, 2, 5, 10, 15, 30),
    *(_MINUTE_S * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(_HOUR_S * hours for hours in (1, 2, 3, 6, 12)),
    *(_DAY_S * days for days in (1, 2, 5, 10, 100, 1_000)),
)
_READABLE_NS = tuple(seconds * SECOND_NS for seconds in _READABLE_S)
_COUNTED = ("messages", "undecoded", "frame_bytes", "payload_bytes")


def chosen_step_ns(span_ns: int, stored_step_ns: int, points: int) -> int:
    """The shortest step people can read that cuts `span_ns` into at most `points`, a multiple of the stored step."""
    stored_ns = next((step_ns for step_ns in _READABLE_NS if step_ns >= stored_step_ns), stored_step_ns)
    # A span that begins inside a step touches one more, and a line ends with one more point (see `filled`).
    enough_ns = span_ns // max(1, points - 2) + 1 if span_ns > stored_ns else stored_ns
    for step_ns in _READABLE_NS:
        if step_ns >= enough_ns and step_ns % stored_ns == 0:
            return step_ns
    return -(-enough_ns // stored_ns) * stored_ns


def filled(found: list[dict[str, Any]], line: str, step_ns: int) -> list[dict[str, Any]]:
    """The rows of each line with zeros where nothing was seen, rates beside the sums, and a zero after the last step."""
    if not found:
        return []
    first = min(row["time_ns"] for row in found)
    last = max(row["time_ns"] for row in found)
    at = {(row[line], row["time_ns"]): row for row in found}
    answer = []
    for name in dict.fromkeys(row[line] for row in found):
        for time_ns in range(first, last + 2 * step_ns, step_ns):
            row = at.get((name, time_ns), {})
            counts = {column: int(row.get(column) or 0) for column in _COUNTED}
            rates = {f"{column}_per_s": count * SECOND_NS / step_ns for column, count in counts.items()}
            answer.append({line: name, "time_ns": time_ns, "step_ns": step_ns, **counts, **rates})
    return answer
