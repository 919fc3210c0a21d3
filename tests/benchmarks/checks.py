"""Whether what programs found in a capture is what was sent, and whether wsobserve's own sums add up.

In: what was found, and the truth. Out: sentences about what is wrong; none, when nothing is.
"""

from __future__ import annotations

from typing import Any

from tests.benchmarks.programs import Found
from tests.benchmarks.traffic import Truth


def wrong_counts(found: Found, truth: Truth) -> list[str]:
    """Where a program counts something else than was sent; what it does not tell is not held against it."""
    pairs = {
        "packets": (found.packets, truth.packets),
        "messages": (found.messages, truth.messages),
        "bytes of frames": (found.frame_bytes, truth.frame_bytes),
        "bytes of payload": (found.payload_length, truth.payload_length),
    }
    if found.frames is not None:
        for name in sorted(truth.frames.keys() | found.frames.keys()):
            pairs[f"{name} frames"] = (found.frames.get(name, 0), truth.frames.get(name, 0))
    return [f"{what}: {ours:,} of {sent:,}" for what, (ours, sent) in pairs.items() if ours is not None and ours != sent]


def broken_equations(accounting: dict[str, Any]) -> list[str]:
    """The equations of `Accounting` that do not hold."""
    a = {name: sum(value.values()) if isinstance(value, dict) else value for name, value in accounting.items()}
    sums = {
        "packets_seen": a["packets_decoded"] + a["packets_skipped"] + a["packets_dropped"],
        "payload_bytes": a["bytes_delivered"] + a["bytes_duplicate"] + a["bytes_discarded"] + a["bytes_buffered"],
        "messages": a["messages_decoded"] + a["messages_undecoded"],
    }
    return [f"{name} is {a[name]:,}, its parts are {parts:,}" for name, parts in sums.items() if a[name] != parts]


def given_up(accounting: dict[str, Any]) -> str:
    """In a line, what could not be followed or was not kept, and why; empty when that is nothing."""
    kinds = ("packets_skipped", "packets_dropped", "bytes_discarded", "messages_undecoded", "anomalies", "connections")
    told = [f"{kind} {name} {n:,}" for kind in kinds for name, n in accounting[kind].items() if name != "websocket"]
    single = ("bytes_buffered", "bytes_lost", "gaps", "bytes_unsynchronised")
    told += [f"{name} {accounting[name]:,}" for name in single if accounting[name]]
    return "; ".join(told)
