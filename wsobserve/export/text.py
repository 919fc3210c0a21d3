"""Records as lines for people. Text that came over the wire is shown without control characters: a terminal obeys them."""

from __future__ import annotations

import re

from wsobserve.export.rows import Row

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: object) -> str:
    """`text` with every control character as `\\xNN`; None as `-`."""
    if text is None:
        return "-"
    return UNPRINTABLE.sub(lambda match: f"\\x{ord(match[0]):02x}", str(text))


def size_text(size: float | None) -> str:
    """A number of bytes in the unit that suits it (1 kB = 1,000 B)."""
    if size is None:
        return "-"
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


def clock_text(row: Row) -> str:
    """The time of day, to the microsecond."""
    time = row["time"]
    return time[11:26] if time else str(row["time_ns"])


def frame_line(row: Row) -> str:
    """One frame."""
    flags = (
        ("fin " if row["fin"] else "    ") + (f"rsv={row['rsv']} " if row["rsv"] else "") + ("masked" if row["masked"] else "")
    )
    cut = f" ({row['captured_length']} at hand)" if row["captured_length"] < row["length"] else ""
    return _line(row, f"{row['opcode']:<12} {row['length']:>8} B{cut}  {flags}")


def message_line(row: Row) -> str:
    """One message."""
    length = "?" if row["length"] is None else str(row["length"])
    notes = []
    if row["fragments"] > 1:
        notes.append(f"{row['fragments']} fragments")
    if row["compressed"]:
        notes.append(f"compressed from {row['wire_length']} B")
    if row["undecoded"]:
        notes.append(row["undecoded"])
    where = f"{printable(row['channel'])}  {printable(row['name'])}"
    return _line(row, f"{row['opcode']:<6} {length:>8} B  {row['format']:<9} {where}  {', '.join(notes)}")


def anomaly_line(row: Row) -> str:
    """One anomaly."""
    return _line(row, f"! {row['anomaly']}" + (f": {printable(row['detail'])}" if row["detail"] else ""))


def loss_line(row: Row) -> str:
    """What the capture lost."""
    packets = "an unknown number of" if row["packets"] is None else str(row["packets"])
    detail = f" ({printable(row['detail'])})" if row["detail"] else ""
    return f"! {printable(row['source_file'])}: {row['reason']}, {packets} packets{detail}"


def connection_line(row: Row) -> str:
    """One connection."""
    handshake = row["handshake"] or {}
    close = row["close"]
    code = "" if close["status_code"] is None else f" {close['status_code']}"
    by = f" by {close['first_sent_by']}" if close["first_sent_by"] else ""
    status = handshake.get("status_code")
    ends = (row["client"] and f"{row['client']} > {row['server']}") or f"{row['source']} - {row['destination']}"
    up, down = row["client_to_server"], row["server_to_client"]
    counts = f"{up['messages']} up, {down['messages']} down"
    if row["state"] in ("refused", "unanswered"):
        counts = f"status {status}" if status else "no response"
    verdict = f"{close['verdict']}{code}{by}" if row["state"] in ("open", "closed") else ""
    trouble = []
    if row["lost_bytes"]:
        trouble.append(f"{row['lost_bytes']} B lost in {row['gaps']} gaps")
    trouble += [f"{count} {reason}" for reason, count in row["undecoded"].items()]
    trouble += [f"{count} {kind}" for kind, count in row["anomalies"].items()]
    target = handshake.get("target") or ("unknown route" if row["started_mid_stream"] else "-")
    line = f"{clock_text(row)}  {ends:<40} {row['state']:<10} {printable(target):<28} {counts:<20} {verdict}"
    return line.rstrip() + (f"  ! {', '.join(trouble)}" if trouble else "")


def drift_line(row: Row) -> str:
    """Something about the messages that is not as it was."""
    where = f"packet {row['packet']}" if row["packet"] is not None else "over many messages"
    sure = "" if row["p_value"] is None else f", p = {row['p_value']:.1g}"
    what = f"{row['change']:<17} {printable(row['path']) or '/'}"
    return f"{clock_text(row)}  {printable(row['schema'])}  {what}  ({printable(row['detail'])}; {where}{sure})"


def channel_heading() -> str:
    """The heading over channel lines."""
    sizes = f"{'p50':>8} {'p95':>8} {'p99':>8}"
    return f"{'channel':<36} {'direction':<17} {'messages':>9} {'per s':>8} {'wire':>9} {'inflated':>9} {sizes}  names"


def channel_line(row: Row) -> str:
    """One channel in one direction."""
    rate = "-" if row["rate"] is None else f"{row['rate']:.1f}"
    sizes = " ".join(f"{size_text(row[size]):>8}" for size in ("size_p50", "size_p95", "size_p99"))
    names = ", ".join(f"{name} {count}" for name, count in list(row["names"].items())[:8])
    names += f" and {len(row['names']) - 8} more" if len(row["names"]) > 8 else ""
    undecoded = f"  ! {row['undecoded']} not decoded" if row["undecoded"] else ""
    bytes_text = f"{size_text(row['frame_bytes']):>9} {size_text(row['payload_bytes']):>9}"
    where = f"{printable(row['channel']):<36} {row['direction'] or 'unknown':<17}"
    return f"{where} {row['messages']:>9} {rate:>8} {bytes_text} {sizes}  {printable(names)}{undecoded}".rstrip()


def line_of(row: Row) -> str:
    """The line of any row."""
    match row["kind"]:
        case "frame":
            return frame_line(row)
        case "message":
            return message_line(row) + _payload(row)
        case "anomaly":
            return anomaly_line(row)
        case "loss":
            return loss_line(row)
        case "drift":
            return drift_line(row)
        case "channel":
            return channel_line(row)
        case _:
            return connection_line(row)


def _line(row: Row, what: str) -> str:
    arrow = {"client_to_server": ">", "server_to_client": "<", None: "?"}[row["direction"]]
    ends = f"{row['client']} {arrow} {row['server']}" if row["client"] else f"{row['source']} {arrow} {row['destination']}"
    return f"{row['packet']:>7}  {clock_text(row)}  {ends:<43} {what}".rstrip()


def _payload(row: Row) -> str:
    return f"\n         {printable(row['payload'])}" if row.get("payload") else ""
