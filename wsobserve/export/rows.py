"""Records as the public fields: what NDJSON lines, CSV columns and pandas columns have in common.

A row is a dict of JSON values under the documented names; unknown is None. Payloads are in a row only when asked for.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from wsobserve.config import SECOND_NS
from wsobserve.records import (
    Anomaly,
    CaptureLoss,
    ChannelMessage,
    ChannelTotal,
    ChannelVolume,
    Close,
    ConnectionSummary,
    Extension,
    Frame,
    Half,
    HalfCount,
    Handshake,
    SchemaDrift,
    TcpHealth,
    opcode_name,
    size_quantile,
)

Row = dict[str, Any]
PayloadForm = Literal["none", "text", "base64", "hex"]


def time_text(time_ns: int) -> str | None:
    """RFC 3339, UTC, nanoseconds; None for a time that no calendar has."""
    second, nanosecond = divmod(time_ns, SECOND_NS)
    text = _second_text(second)
    return f"{text}.{nanosecond:09d}Z" if text else None


@lru_cache(maxsize=16)
def _second_text(second: int) -> str | None:
    try:
        return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return None


def payload_fields(payload: bytes, form: PayloadForm) -> Row:
    """The payload in the form asked for; text that was not UTF-8 is marked."""
    match form:
        case "base64":
            return {"payload": base64.b64encode(payload).decode()}
        case "hex":
            return {"payload": payload.hex()}
        case "text":
            try:
                return {"payload": payload.decode()}
            except UnicodeDecodeError:
                return {"payload": payload.decode(errors="backslashreplace"), "payload_not_utf8": True}
        case "none":
            return {}


def half_fields(half: Half, time_ns: int, packet: int) -> Row:
    """What all records of a connection have in common."""
    return {
        "connection": half.connection,
        "stream": half.stream,
        "client": half.client,
        "server": half.server,
        "source": half.source,
        "destination": half.destination,
        "direction": half.direction,
        "time": time_text(time_ns),
        "time_ns": time_ns,
        "packet": packet,
    }


def frame_row(frame: Frame, form: PayloadForm = "none") -> Row:
    """One frame."""
    return {
        "kind": "frame",
        **half_fields(frame.half, frame.time_ns, frame.packet),
        "fin": frame.fin,
        "rsv": frame.rsv,
        "opcode": opcode_name(frame.opcode),
        "masked": frame.masked,
        "length": frame.payload_length,
        "captured_length": len(frame.payload),
        **payload_fields(frame.payload, form),
    }


def meaning_row(part: ChannelMessage) -> Row:
    """What the payload room says of one application message."""
    return {
        "format": part.format,
        "convention": part.convention,
        "channel": part.channel,
        "name": part.name,
        "operation": part.operation,
        "correlation": part.correlation,
        "schema": part.schema,
    }


def message_row(parts: list[ChannelMessage], form: PayloadForm = "none") -> Row:
    """One WebSocket message with the application messages in it (at least one; all share `message`)."""
    message = parts[0].message
    row = {
        "kind": "message",
        **half_fields(message.half, message.time_ns, message.packet),
        "opcode": opcode_name(message.opcode),
        "fragments": message.fragments,
        "compressed": message.compressed,
        "wire_length": message.wire_length,
        "length": message.length,
        "complete": message.complete,
        "undecoded": message.undecoded,
        "started_ns": message.started_ns,
        "valid_utf8": message.valid_utf8,
        **meaning_row(parts[0]),
        **payload_fields(message.payload, form),
    }
    if len(parts) > 1:
        row["messages"] = [meaning_row(part) for part in parts]
    return row


def extension_row(extension: Extension) -> Row:
    """One extension: its name and its parameters; a parameter without value is true."""
    return {
        "name": extension.name,
        "parameters": {name: True if value is None else value for name, value in extension.parameters},
    }


def handshake_row(handshake: Handshake) -> Row:
    """The opening handshake of a connection."""
    known = handshake.request_time_ns is not None and handshake.status_code is not None
    return {
        "target": handshake.target,
        "path_template": handshake.path_template,
        "method": handshake.method,
        "host": handshake.host,
        "origin": handshake.origin,
        "user_agent": handshake.user_agent,
        "version": handshake.version,
        "status_code": handshake.status_code,
        "subprotocols_offered": list(handshake.subprotocols_offered),
        "subprotocol": handshake.subprotocol,
        "extensions_offered": [extension_row(extension) for extension in handshake.extensions_offered],
        "extensions": [extension_row(extension) for extension in handshake.extensions],
        "accept_valid": handshake.accept_valid,
        "request_packet": handshake.request_packet,
        "response_packet": handshake.packet if handshake.status_code is not None else None,
        "duration_ns": handshake.time_ns - handshake.request_time_ns
        if known and handshake.request_time_ns is not None
        else None,
    }


def count_row(count: HalfCount) -> Row:
    """What one direction carried."""
    return {name: getattr(count, name) for name in HalfCount.__struct_fields__}


def close_row(close: Close) -> Row:
    """How a connection ended."""
    return {name: getattr(close, name) for name in Close.__struct_fields__}


def health_row(health: TcpHealth) -> Row:
    """TCP's own figures; those per direction as [client to server, server to client]."""
    return {name: getattr(health, name) for name in TcpHealth.__struct_fields__}


def connection_row(summary: ConnectionSummary) -> Row:
    """One WebSocket connection."""
    return {
        "kind": "connection",
        **half_fields(summary.half, summary.time_ns, summary.packet),
        "started_ns": summary.started_ns,
        "state": summary.state,
        "started_mid_stream": summary.started_mid_stream,
        "joined": summary.joined,
        "recognised_after": summary.recognised_after,
        "compressed": summary.compressed,
        "route": summary.route,
        "route_source": summary.route_source,
        "handshake": handshake_row(summary.handshake) if summary.handshake else None,
        "client_to_server": count_row(summary.client_to_server),
        "server_to_client": count_row(summary.server_to_client),
        "close": close_row(summary.close),
        "lost_bytes": summary.client_to_server.lost_bytes + summary.server_to_client.lost_bytes,
        "gaps": summary.client_to_server.gaps + summary.server_to_client.gaps,
        "undecoded": dict(sorted(summary.undecoded.items())),
        "anomalies": dict(sorted(summary.anomalies.items())),
        "tcp": health_row(summary.health) if summary.health else None,
    }


def anomaly_row(anomaly: Anomaly) -> Row:
    """One anomaly."""
    return {
        "kind": "anomaly",
        **half_fields(anomaly.half, anomaly.time_ns, anomaly.packet),
        "anomaly": anomaly.anomaly.value,
        "detail": anomaly.detail,
    }


def drift_row(drift: SchemaDrift) -> Row:
    """Something about the messages that is not as it was."""
    half = drift.half
    return {
        "kind": "drift",
        "time": time_text(drift.time_ns),
        "time_ns": drift.time_ns,
        "packet": drift.packet,
        "connection": half.connection if half else None,
        "client": half.client if half else None,
        "server": half.server if half else None,
        "direction": half.direction if half else None,
        "channel": drift.channel,
        "schema": drift.kind,
        "name": drift.name,
        "change": drift.change,
        "path": drift.path,
        "detail": drift.detail,
        "p_value": drift.p_value,
    }


def loss_row(loss: CaptureLoss) -> Row:
    """What the capture lost."""
    return {
        "kind": "loss",
        "source_file": loss.source,
        "reason": loss.reason,
        "packets": loss.packets,
        "time": time_text(loss.time_ns) if loss.time_ns is not None else None,
        "time_ns": loss.time_ns,
        "detail": loss.detail,
    }


def channel_row(total: ChannelTotal) -> Row:
    """One channel in one direction, since the start. Sizes are after inflation."""
    return {
        "kind": "channel",
        "channel": total.channel,
        "direction": total.direction,
        "messages": total.messages,
        "undecoded": total.undecoded,
        "rate": total.rate,
        "frame_bytes": total.frame_bytes,
        "payload_bytes": total.payload_bytes,
        "size_p50": total.size_p50,
        "size_p95": total.size_p95,
        "size_p99": total.size_p99,
        "names": total.names,
        "formats": total.formats,
        "first_ns": total.first_ns,
        "last_ns": total.last_ns,
    }


def volume_row(volume: ChannelVolume) -> Row:
    """What one channel carried in one direction in one step of time."""
    return {
        "kind": "volume",
        "channel": volume.channel,
        "direction": volume.direction,
        "time": time_text(volume.time_ns),
        "time_ns": volume.time_ns,
        "step_ns": volume.step_ns,
        "messages": volume.messages,
        "undecoded": volume.undecoded,
        "frame_bytes": volume.frame_bytes,
        "payload_bytes": volume.payload_bytes,
        "size_p50": size_quantile(volume.sizes, 0.50),
        "size_p95": size_quantile(volume.sizes, 0.95),
        "size_p99": size_quantile(volume.sizes, 0.99),
    }
