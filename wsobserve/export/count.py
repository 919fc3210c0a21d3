"""An accounting as a table for people: every quantity, and under it what became of it, with nothing left out."""

from __future__ import annotations

from wsobserve.export.equations import equations
from wsobserve.records import Accounting

_WIDTH = 46


def count_lines(accounting: Accounting) -> list[str]:
    """The table, line by line; the last line says whether everything adds up."""
    lines: list[str] = []

    def section(name: str, total: int, parts: dict[str, int], prefix: str = "") -> None:
        lines.append(f"{name:<{_WIDTH}}{total:>16,}")
        rest(parts, prefix)

    def rest(parts: dict[str, int], prefix: str = "") -> None:
        for label, count in sorted(parts.items(), key=lambda part: (-part[1], part[0])):
            if count:
                lines.append(f"  {prefix + label:<{_WIDTH - 2}}{count:>16,}")

    section("Packets", accounting.packets_seen, {"TCP": accounting.packets_decoded})
    rest(accounting.packets_skipped, "skipped: ")
    rest(accounting.packets_dropped, "not decodable: ")
    rest({"shortened by the snap length": accounting.packets_cut})
    section("TCP connections", sum(accounting.connections.values()), accounting.connections)
    rest(accounting.connections_evicted, "given up: ")
    section("Opening handshakes", sum(accounting.handshakes.values()), accounting.handshakes)
    section("Frames", sum(accounting.frames.values()), accounting.frames)
    section("Messages", accounting.messages, {"decoded": accounting.messages_decoded})
    rest(accounting.messages_undecoded, "not decoded: ")
    section("Bytes of TCP payload", accounting.payload_bytes, {"delivered in order": accounting.bytes_delivered})
    rest({"retransmitted or overlapping": accounting.bytes_duplicate, "waiting": accounting.bytes_buffered})
    rest(accounting.bytes_discarded, "discarded: ")
    section("Bytes of frames, on the wire", accounting.frame_bytes, {})
    section("Bytes of messages, inflated", accounting.payload_length, {})
    section("Bytes without a certain frame boundary", accounting.bytes_unsynchronised, {})
    section(f"Bytes missing, in {accounting.gaps:,} gaps", accounting.bytes_lost, {})
    section("Anomalies", sum(accounting.anomalies.values()), accounting.anomalies)
    section("Packets lost by the capture", sum(accounting.capture_loss.values()), accounting.capture_loss)
    rest(accounting.capture_loss_unknown, "times an unknown number: ")
    wrong = [equation.text() for equation in equations(accounting) if not equation.holds]
    lines.append("")
    lines += [f"DOES NOT ADD UP: {text}" for text in wrong] or ["Every packet, byte and message is accounted for."]
    return lines
