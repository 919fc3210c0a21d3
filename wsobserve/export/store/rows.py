"""Records in, rows out: a dictionary for each, with the columns of `tables.py`.

What comes from the wire cannot make a row that the database refuses: numbers are held to 64 bits, text to Unicode.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from wsobserve.records import (
    Anomaly,
    CaptureLoss,
    ChannelMessage,
    ChannelTotal,
    ChannelVolume,
    ConnectionSummary,
    MessageKind,
    SchemaDrift,
    SeriesTotal,
    Sizes,
    opcode_name,
    size_quantile,
)

Row = dict[str, Any]

_LARGEST = 2**63 - 1  # of an SQL BIGINT; a frame header may announce that much


def fitting(row: Row) -> Row:
    """The row as a database takes it: numbers of at most 64 bits, text without NUL and without halves of surrogate pairs."""
    for name, value in row.items():
        if type(value) is int:
            if value > _LARGEST:
                row[name] = _LARGEST
        elif type(value) is str and (not value.isascii() or "\0" in value):
            row[name] = value.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
    return row


def json_text(value: object) -> str:
    """`value` as JSON; what UTF-8 cannot hold becomes `?`."""
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, OverflowError):  # slower, and takes everything
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace").decode()


def sizes_row(sizes: Sizes) -> Row:
    """A histogram, and the quantiles that are asked of it most."""
    quantiles = {f"size_p{percent}": size_quantile(sizes, percent / 100) for percent in (50, 95, 99)}
    return {**quantiles, "sizes": json_text(sizes)}


def _traffic_row(record: SeriesTotal | ChannelTotal | ChannelVolume) -> Row:
    return {
        "messages": record.messages,
        "undecoded": record.undecoded,
        "frame_bytes": record.frame_bytes,
        "payload_bytes": record.payload_bytes,
        **sizes_row(record.sizes),
    }


def series_row(run: int, number: int, record: SeriesTotal) -> Row:
    """A row of `series`."""
    return {
        "run": run,
        "number": number,
        "server": record.server,
        "route": record.route,
        "subprotocol": record.subprotocol,
        "channel": record.channel,
        "direction": record.direction,
        "name": record.name,
        "formats": json_text(record.formats),
        "first_ns": record.first_ns,
        "last_ns": record.last_ns,
        **_traffic_row(record),
    }


def channel_row(run: int, number: int, record: ChannelTotal) -> Row:
    """A row of `channels`."""
    return {
        "run": run,
        "number": number,
        "channel": record.channel,
        "direction": record.direction,
        "names": json_text(record.names),
        "formats": json_text(record.formats),
        "rate": record.rate,
        "first_ns": record.first_ns,
        "last_ns": record.last_ns,
        **_traffic_row(record),
    }


def volume_row(run: int, record: ChannelVolume) -> Row:
    """A row of `volumes`."""
    return {
        "run": run,
        "channel": record.channel,
        "direction": record.direction,
        "time_ns": record.time_ns,
        "step_ns": record.step_ns,
        **_traffic_row(record),
    }


def kind_row(run: int, record: MessageKind) -> Row:
    """A row of `kinds`."""
    return {
        "run": run,
        "id": record.id,
        "channel": record.channel,
        "direction": record.direction,
        "name": record.name,
        "messages": record.messages,
        "first_ns": record.first_ns,
        "last_ns": record.last_ns,
        "formats": json_text(record.formats),
        "json_schema": json_text(record.json_schema),
        "directions": json_text(record.directions),
        "discriminator": json_text(record.discriminator),
        "confidence": record.confidence,
        "first_connection": record.first_connection,
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
        "lost_bytes": record.client_to_server.lost_bytes + record.server_to_client.lost_bytes,
        "round_trip_ns": health.round_trip_ns if health else None,
        "health": json_text(health) if health else None,
        "extensions": json_text([extension.name for extension in handshake.extensions] if handshake else []),
        "handshake": json_text(handshake) if handshake else None,
        "handshake_ns": None,
    }
    for direction in ("client_to_server", "server_to_client"):
        count = getattr(record, direction)
        row[direction] = json_text(count)
        row[f"messages_{direction}"] = count.messages
        row[f"wire_bytes_{direction}"] = count.wire_bytes
    for column in ("host", "target", "origin", "user_agent", "subprotocol"):
        row[column] = getattr(handshake, column) if handshake else None
    row["route"] = record.route or (handshake.path_template if handshake else None)
    row["status_code"] = handshake.status_code if handshake else None
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
        "wire_length": message.wire_length,
        "length": message.length,
        "complete": message.complete,
        "valid_utf8": message.valid_utf8,
        "undecoded": message.undecoded,
        "format": record.format,
        "convention": record.convention,
        "channel": record.channel,
        "name": record.name,
        "operation": record.operation,
        "schema": record.schema,
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
        "detail": record.detail,
    }


def drift_row(run: int, record: SchemaDrift) -> Row:
    """A row of `schema_drift`."""
    half = record.half
    return {
        "run": run,
        "time_ns": record.time_ns,
        "packet": record.packet,
        "connection": half.connection if half else None,
        "stream": half.stream if half else None,
        "client": half.client if half else None,
        "server": half.server if half else None,
        "channel": record.channel,
        "direction": half.direction if half else None,
        "kind": record.kind,
        "name": record.name,
        "change": record.change,
        "path": record.path,
        "detail": record.detail,
        "certain": record.p_value is None,
        "p_value": record.p_value,
    }


def loss_row(run: int, record: CaptureLoss) -> Row:
    """A row of `losses`."""
    return {
        "run": run,
        "source": record.source,
        "reason": record.reason,
        "packets": record.packets,
        "time_ns": record.time_ns,
        "detail": record.detail,
    }
