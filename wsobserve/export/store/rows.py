"""Records in, rows out: a dictionary for each, with the columns of `tables.py`.

What comes from the wire cannot make a row that the database refuses: numbers are held to 64 bits, text to Unicode.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from wsobserve.records import (
    Anomaly,
    CaptureLoss,
    ChannelMessage,
    ChannelVolume,
    ConnectionSummary,
    Direction,
    MessageKind,
    SeriesTotal,
    Sizes,
    opcode_name,
    size_quantile,
)

Row = dict[str, Any]

_LARGEST = 2**63 - 1  # of an SQL BIGINT; a frame header may announce more than that in a few frames


def integer(value: int | None) -> int | None:
    """`value`, or the largest number that a column holds."""
    return value if value is None or value <= _LARGEST else _LARGEST


def text(value: str | None) -> str | None:
    """`value`; half a surrogate pair, which JSON can bring and UTF-8 cannot hold, becomes its escape, NUL too."""
    if value is None:
        return None
    if "\0" in value:
        value = value.replace("\0", "\\x00")
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()


def json_text(value: object) -> str:
    """`value` as JSON; what UTF-8 cannot hold becomes `?`."""
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()


def sizes_row(sizes: Sizes) -> Row:
    """A histogram, and the quantiles that are asked of it most."""
    quantiles = {f"p{q:g}": size_quantile(sizes, q / 100) for q in (50, 95, 99)}
    return {**quantiles, "sizes": json_text(sizes)}


def _traffic_row(record: SeriesTotal | ChannelVolume) -> Row:
    return {
        "messages": integer(record.messages),
        "undecoded": integer(record.undecoded),
        "frame_bytes": integer(record.frame_bytes),
        "payload_bytes": integer(record.payload_bytes),
        **sizes_row(record.sizes),
    }


def series_row(run: int, number: int, record: SeriesTotal) -> Row:
    """A row of `series`."""
    return {
        "run": run,
        "number": number,
        "server": record.server,
        "route": text(record.route),
        "subprotocol": text(record.subprotocol),
        "channel": text(record.channel),
        "direction": record.direction,
        "name": text(record.name),
        "formats": json_text(record.formats),
        "first_ns": record.first_ns,
        "last_ns": record.last_ns,
        **_traffic_row(record),
    }


def channel_row(run: int, number: int, channel: str, direction: Direction | None, parts: list[SeriesTotal]) -> Row:
    """All series of one channel and direction as one row."""
    formats: dict[str, int] = {}
    for part in parts:
        for name, count in part.formats.items():
            formats[name] = formats.get(name, 0) + count
    whole = SeriesTotal(
        server=None,
        route=None,
        subprotocol=None,
        channel=channel,
        direction=direction,
        name=None,
        messages=sum(part.messages for part in parts),
        undecoded=sum(part.undecoded for part in parts),
        frame_bytes=sum(part.frame_bytes for part in parts),
        payload_bytes=sum(part.payload_bytes for part in parts),
        formats=formats,
        first_ns=min((part.first_ns for part in parts if part.first_ns is not None), default=None),
        last_ns=max((part.last_ns for part in parts if part.last_ns is not None), default=None),
        sizes=joined_sizes(part.sizes for part in parts),
    )
    row = series_row(run, number, whole)
    for column in ("server", "route", "subprotocol", "name"):
        del row[column]
    row["names"] = len({part.name for part in parts if part.name is not None})
    return row


def joined_sizes(parts: Iterable[Sizes]) -> Sizes:
    """All histograms as one, at the coarsest scale among them."""
    filled = [part for part in parts if part.count]
    if not filled:
        return Sizes()
    scale = min(part.scale for part in filled)
    buckets: dict[int, int] = {}
    for part in filled:
        # Halving the scale joins buckets 2j and 2j + 1 to j.
        shift = part.scale - scale
        for index, count in part.buckets.items():
            buckets[index >> shift] = buckets.get(index >> shift, 0) + count
    return Sizes(
        scale=scale,
        count=sum(part.count for part in filled),
        sum=sum(part.sum for part in filled),
        minimum=min((part.minimum for part in filled if part.minimum is not None), default=None),
        maximum=max((part.maximum for part in filled if part.maximum is not None), default=None),
        zero_count=sum(part.zero_count for part in filled),
        buckets=buckets,
    )


def volume_row(run: int, record: ChannelVolume) -> Row:
    """A row of `volumes`."""
    return {
        "run": run,
        "channel": text(record.channel),
        "direction": record.direction,
        "time_ns": record.time_ns,
        "step_ns": record.step_ns,
        **_traffic_row(record),
    }


def kind_row(run: int, record: MessageKind) -> Row:
    """A row of `kinds`."""
    return {
        "run": run,
        "id": text(record.id),
        "channel": text(record.channel),
        "direction": record.direction,
        "name": text(record.name),
        "messages": integer(record.messages),
        "first_ns": record.first_ns,
        "last_ns": record.last_ns,
        "formats": json_text(record.formats),
        "json_schema": json_text(record.json_schema),
    }


def connection_row(run: int, record: ConnectionSummary) -> Row:
    """A row of `connections`."""
    handshake, close, health = record.handshake, record.close, record.health
    row: Row = {
        "run": run,
        "connection": record.half.connection,
        "stream": record.half.stream,
        "client": record.half.client,
        "server": record.half.server,
        "state": record.state,
        "started_mid_stream": record.started_mid_stream,
        "started_ns": record.started_ns,
        "time_ns": record.time_ns,
        "packet": record.packet,
        "close_code": close.status_code,
        "close_first_sent_by": close.first_sent_by,
        "close_verdict": close.verdict,
        "close": json_text(close),
        "undecoded": json_text(record.undecoded),
        "anomalies": json_text(record.anomalies),
        "lost_bytes": integer(record.client_to_server.lost_bytes + record.server_to_client.lost_bytes),
        "round_trip_ns": health.round_trip_ns if health else None,
        "health": json_text(health) if health else None,
        "extensions": json_text([extension.name for extension in handshake.extensions] if handshake else []),
        "handshake": json_text(handshake) if handshake else None,
        "handshake_ns": None,
    }
    for direction in ("client_to_server", "server_to_client"):
        count = getattr(record, direction)
        row[direction] = json_text(count)
        row[f"messages_{direction}"] = integer(count.messages)
        row[f"wire_bytes_{direction}"] = integer(count.wire_bytes)
    for column in ("host", "target", "origin", "user_agent", "subprotocol"):
        row[column] = text(getattr(handshake, column)) if handshake else None
    row["route"] = text(handshake.path_template) if handshake else None
    row["status_code"] = integer(handshake.status_code) if handshake else None
    if handshake and handshake.request_time_ns is not None and handshake.status_code is not None:
        row["handshake_ns"] = handshake.time_ns - handshake.request_time_ns
    return row


def message_row(run: int, record: ChannelMessage) -> Row:
    """What is known about a message, never what it says."""
    message = record.message
    half = message.half
    return {
        "run": run,
        "connection": half.connection,
        "stream": half.stream,
        "client": half.client,
        "server": half.server,
        "direction": half.direction,
        "time_ns": message.time_ns,
        "started_ns": message.started_ns,
        "packet": message.packet,
        "opcode": opcode_name(message.opcode),
        "fragments": message.fragments,
        "compressed": message.compressed,
        "wire_length": integer(message.wire_length),
        "length": integer(message.length),
        "complete": message.complete,
        "valid_utf8": message.valid_utf8,
        "undecoded": message.undecoded,
        "format": record.format,
        "convention": record.convention,
        "channel": text(record.channel),
        "name": text(record.name),
        "operation": record.operation,
        "schema": text(record.schema),
    }


def anomaly_row(run: int, record: Anomaly) -> Row:
    """A row of `anomalies`."""
    half = record.half
    return {
        "run": run,
        "connection": half.connection,
        "stream": half.stream,
        "client": half.client,
        "server": half.server,
        "direction": half.direction,
        "time_ns": record.time_ns,
        "packet": record.packet,
        "anomaly": str(record.anomaly),
        "detail": text(record.detail),
    }


def loss_row(run: int, record: CaptureLoss) -> Row:
    """A row of `losses`."""
    return {
        "run": run,
        "source": text(record.source),
        "reason": record.reason,
        "packets": integer(record.packets),
        "time_ns": record.time_ns,
        "detail": text(record.detail),
    }
