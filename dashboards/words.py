"""Numbers and findings in words for people."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

Row = dict[str, Any]

_SECOND_NS = 1_000_000_000
DIRECTIONS = {"client_to_server": "client → server", "server_to_client": "server → client", None: "not known"}


BASES = {
    "first": "first seen",
    "wider": "more was seen",
    "united": "more was seen, joined with what was known",
    "replaced": "less is used, on strong evidence",
}
SEVERITIES = {
    None: "first version",
    "none": "no change in what is allowed",
    "safe": "breaks no client",
    "warning": "may break clients",
    "breaking": "breaks clients",
}
DRIFT = {
    "new_kind": "new kind",
    "new_field": "new field",
    "new_type": "new type",
    "new_member": "new member of an enumeration",
    "format_broken": "format broken",
    "range_exceeded": "range exceeded",
    "field_missing": "field missing",
    "field_vanished": "field vanished",
    "kind_vanished": "kind vanished",
    "presence_shifted": "presence shifted",
    "mix_shifted": "mix shifted",
}


class Finding(NamedTuple):
    """Something that is missing or odd: how serious, how many of what, and what it means."""

    color: Literal["red", "orange", "blue"]
    amount: str
    meaning: str


def plain(text: str) -> str:
    """`text` for Markdown, meaning nothing but itself: names from the wire must not become links or images."""
    return re.sub(r"([^\w\s])", r"\\\1", text.replace("\n", " "), flags=re.ASCII)


def sent(kind: Row) -> str:
    """Who sends messages of this kind: one side, both, or not known."""
    known = {direction for direction in kind.get("directions") or {} if direction in DIRECTIONS}
    return "both ways" if len(known) > 1 else DIRECTIONS.get(kind["direction"], str(kind["direction"]))


def amount(count: int, unit: str) -> str:
    """`1 message`, `12,000 messages`."""
    return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"


def size(count: float) -> str:
    """Bytes in the unit that people read: `1.5 MB`."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(count) < 999.5 or unit == "TB":
            break
        count /= 1000
    return f"{count:,.0f} {unit}" if unit == "B" or count >= 99.95 else f"{count:.1f} {unit}"


def short(count: int) -> str:
    """A count for a tile: `12,345`, `1.23 M`."""
    if count < 1_000_000:
        return f"{count:,}"
    return f"{count / 1e6:.2f} M" if count < 1e9 else f"{count / 1e9:.2f} G"


def moment(time_ns: int | None) -> str:
    """A time in UTC, to the second."""
    if time_ns is None:
        return "not known"
    return datetime.fromtimestamp(time_ns // _SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M:%S")


def span(length_ns: int) -> str:
    """A length of time: `350 ms`, `12.5 s`, `3 min 20 s`, `2 h 5 min`."""
    seconds = length_ns / _SECOND_NS
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


_DROPPED = {
    "kernel_dropped": ("packet", "dropped by the kernel: the capture could not keep up"),
    "interface_dropped": ("packet", "dropped by the interface"),
    "file_cut": ("packet", "missing: a file ends inside a record"),
    "file_damaged": ("packet", "missing: a file is damaged and was not read further"),
}
_DISCARDED = {
    "limit": "given up to stay within a buffer limit",
    "out_of_window": "discarded: too far from the expected sequence number",
    "after_fin": "discarded: sent after the end of the stream",
}
_UNDECODED = {
    "incomplete": "bytes of them are missing in the capture",
    "context_lost": "compressed against earlier bytes that were lost",
    "inflate_error": "their compressed data is broken",
    "over_limit": "longer than is kept; counted in full",
    "unknown_extension": "an extension that is not known has changed them",
}


def findings(accounting: Row, run: Row) -> list[Finding]:
    """What was lost, cut, encrypted or not decoded, and what looked wrong. Empty: nothing, and only then."""
    return [*_lost(accounting), *_not_read(accounting), *_odd(accounting), *_left_out(run)]


def _lost(accounting: Row) -> list[Finding]:
    found = []
    for reason, count in accounting["capture_loss"].items():
        unit, meaning = _DROPPED.get(reason, ("packet", plain(reason)))
        found.append(Finding("red", amount(count, unit), meaning))
    for reason in accounting["capture_loss_unknown"]:
        meaning = _DROPPED.get(reason, ("", plain(reason)))[1]
        found.append(Finding("red", "some packets", f"{meaning}; how many is not known"))
    found += [
        Finding("red", amount(count, "packet"), f"could not be decoded: {plain(reason.replace('_', ' '))}")
        for reason, count in accounting["packets_dropped"].items()
    ]
    gaps = amount(accounting["gaps"], "gap")
    found += [
        Finding("red", size(accounting["bytes_lost"]), f"missing in {gaps} of the WebSocket streams")
        if accounting["bytes_lost"]
        else Finding("red", gaps, "of unknown length in the WebSocket streams"),
        Finding("red", amount(accounting["packets_cut"], "packet"), "cut short by the capture's snap length"),
        Finding("red", size(accounting["bytes_unsynchronised"]), "captured, but no frame boundary could be found in them"),
    ]
    found += [
        Finding("red", size(length), _DISCARDED.get(reason, f"discarded: {plain(reason.replace('_', ' '))}"))
        for reason, length in accounting["bytes_discarded"].items()
        if reason != "ignored"  # of connections that carry no WebSocket
    ]
    return [finding for finding in found if not finding.amount.startswith("0 ")]


def _not_read(accounting: Row) -> list[Finding]:
    found = [
        Finding("orange", amount(count, "message"), f"not decoded: {_UNDECODED.get(reason, plain(reason.replace('_', ' ')))}")
        for reason, count in accounting["messages_undecoded"].items()
    ]
    connections, handshakes = accounting["connections"], accounting["handshakes"]
    encrypted = connections.get("tls", 0)
    evicted = sum(accounting.get("connections_evicted", {}).values())
    joined = handshakes.get("mid_stream", 0)
    found += [
        Finding("orange", amount(encrypted, "connection"), "encrypted (TLS): whether they carry WebSocket is not known"),
        Finding("orange", amount(evicted, "connection"), "forgotten before their end, to stay within a limit"),
        Finding("blue", amount(joined, "connection"), "joined mid-stream: what came before the capture is not known"),
    ]
    return [finding for finding in found if not finding.amount.startswith("0 ")]


def _odd(accounting: Row) -> list[Finding]:
    kinds = sorted(accounting["anomalies"].items(), key=lambda item: -item[1])
    total = sum(count for _, count in kinds)
    if not total:
        return []
    named = ", ".join(f"{plain(kind.replace('_', ' '))} ({count:,})" for kind, count in kinds if count)
    return [Finding("orange", amount(total, "anomaly") if total == 1 else f"{total:,} anomalies", named)]


def _left_out(run: Row) -> list[Finding]:
    found = [
        Finding(
            "blue",
            amount(run["messages_in_overflow"], "message"),
            "beyond the limit of channels: counted together as `_overflow`",
        ),
    ]
    return [finding for finding in found if not finding.amount.startswith("0 ")]
