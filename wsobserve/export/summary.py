"""A snapshot as the closing summary for people: what was seen, and beside it what was lost, cut or not decoded."""

from __future__ import annotations

from wsobserve.config import SECOND_NS
from wsobserve.export.equations import equations
from wsobserve.export.text import printable, size_text
from wsobserve.records import Accounting, Snapshot

CHANNELS_SHOWN = 20


def summary_lines(snapshot: Snapshot) -> list[str]:
    """The summary, line by line."""
    accounting = snapshot.accounting
    lines = [*_seen(accounting), *_channels(snapshot), ""]
    lines += [f"Adds up       {equation.text()}" for equation in equations(accounting)] + [""]
    trouble = trouble_lines(accounting)
    trouble += [f"{snapshot.messages_in_overflow} messages beyond the limit of series"] if snapshot.messages_in_overflow else []
    if not trouble:
        return [*lines, "Nothing was lost, cut or left undecoded."]
    return [*lines, "Lost, cut or not decoded:", *(f"  {line}" for line in trouble)]


def _seen(accounting: Accounting) -> list[str]:
    span = ""
    if accounting.first_time_ns is not None and accounting.last_time_ns is not None:
        span = f" in {(accounting.last_time_ns - accounting.first_time_ns) / SECOND_NS:.3f} s"
    skipped = f"; skipped {_counts(accounting.packets_skipped)}" if accounting.packets_skipped else ""
    connections = sum(accounting.connections.values())
    return [
        f"Packets       {accounting.packets_seen}{span}: {accounting.packets_decoded} TCP{skipped}",
        f"Connections   {connections} TCP: {_counts(accounting.connections) or 'none'}",
        f"Handshakes    {_counts(accounting.handshakes) or 'none'}",
        f"Frames        {sum(accounting.frames.values())}: {_counts(accounting.frames) or 'none'}",
        f"Messages      {accounting.messages}: {accounting.messages_decoded} decoded,"
        f" {sum(accounting.messages_undecoded.values())} not",
        f"Bytes         {size_text(accounting.frame_bytes)} of frames on the wire,"
        f" {size_text(accounting.payload_length)} of messages after inflation",
    ]


def trouble_lines(accounting: Accounting) -> list[str]:
    """What stands between the traffic and the numbers; empty when nothing does."""
    lines = []
    for reason, packets in sorted(accounting.capture_loss.items()):
        if not packets:
            continue  # what was lost were no packets; its record said so
        lines.append(f"{packets} packets missing from the capture ({reason})")
    for reason, times in sorted(accounting.capture_loss_unknown.items()):
        lines.append(f"an unknown number of packets missing from the capture ({reason}, {times} times)")
    for reason, packets in sorted(accounting.packets_dropped.items()):
        lines.append(f"{packets} packets not decodable ({reason})")
    if sampled_out := accounting.packets_skipped.get("sampled_out", 0):
        lines.append(f"{sampled_out} packets of connections that were left out to save memory (sampled_out)")
    for reason, connections in sorted(accounting.connections_evicted.items()):
        lines.append(f"{connections} connections given up ({reason})")
    if accounting.packets_cut:
        lines.append(f"{accounting.packets_cut} packets shortened by the snap length")
    if accounting.gaps:
        lines.append(f"{accounting.bytes_lost} bytes missing in {accounting.gaps} gaps of followed connections")
    for reason, length in sorted(accounting.bytes_discarded.items()):
        if reason not in ("ignored",):
            lines.append(f"{length} bytes discarded ({reason})")
    if accounting.bytes_unsynchronised:
        lines.append(f"{accounting.bytes_unsynchronised} bytes at hand without a certain frame boundary")
    for reason, messages in sorted(accounting.messages_undecoded.items()):
        lines.append(f"{messages} messages not decoded ({reason})")
    encrypted = accounting.connections.get("tls", 0)
    if encrypted:
        lines.append(f"{encrypted} connections encrypted (TLS): what they carry is not known")
    for kind, times in sorted(accounting.anomalies.items()):
        lines.append(f"{times} times {kind}")
    return lines


def _channels(snapshot: Snapshot) -> list[str]:
    if not snapshot.channels:
        return []
    lines = ["", f"{'Channel':<40} {'direction':<17} {'messages':>9} {'on the wire':>12} {'inflated':>10}  names"]
    totals = sorted(snapshot.channels, key=lambda total: (-total.messages, total.channel, total.direction or ""))
    for total in totals[:CHANNELS_SHOWN]:
        names = list(total.names)
        listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        lines.append(
            f"{printable(total.channel):<40} {total.direction or 'unknown':<17} {total.messages:>9}"
            f" {size_text(total.frame_bytes):>12} {size_text(total.payload_bytes):>10}  {printable(listed)}".rstrip()
        )
    if len(totals) > CHANNELS_SHOWN:
        lines.append(f"and {len(totals) - CHANNELS_SHOWN} more")
    return lines


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
