"""What spans and metrics say of a record, under the names of the OpenTelemetry registry and ours.

A single value that protobuf refuses would cost a whole request, so every text and every time passes through here.
Only fields that the records promise to be redacted are read; what is not known is left out, never empty.
"""

from __future__ import annotations

from collections.abc import Mapping

from wsobserve.records import Close, ConnectionSummary, Extension, Half, HalfCount, Handshake

AttributeValue = str | int | bool | tuple[str, ...]
Attributes = dict[str, AttributeValue]

TEXT_LENGTH = 1024  # characters of one attribute that are kept
LATEST_NS = 2**63 - 1

# RFC 9110, 9 and RFC 5789; anything else a client may have sent is `_OTHER`, as the HTTP conventions have it.
HTTP_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"])

# RFC 6455, 7.4.1: the purpose was fulfilled, an endpoint goes away, no code was given. Any other code is a complaint,
# the applications' own ones (3000-4999) included: they are there to turn somebody away.
PEACEFUL_CODES = (1000, 1001, None)


def text(value: str) -> str:
    """`value` as UTF-8 can carry it (a lone surrogate becomes `?`), at most `TEXT_LENGTH` characters, the last then `…`."""
    if len(value) > TEXT_LENGTH:
        value = value[: TEXT_LENGTH - 1] + "…"
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def moment(time_ns: int) -> int:
    """`time_ns` as OTLP can carry it: not before 1970. A damaged capture may say anything."""
    return min(max(time_ns, 0), LATEST_NS)


def known(values: Mapping[str, AttributeValue | None]) -> Attributes:
    """The attributes whose value is known."""
    attributes: Attributes = {}
    for key, value in values.items():
        match value:
            case None:
                continue
            case str():
                attributes[key] = text(value)
            case tuple():
                attributes[key] = tuple(text(item) for item in value)
            case _:
                attributes[key] = value
    return attributes


def address(role: str, endpoint: str | None) -> Attributes:
    """`{role}.address` and `{role}.port` of `ip:port`; nothing when the endpoint is not known."""
    if endpoint is None:
        return {}
    host, _, port = endpoint.rpartition(":")
    if not host or not port.isdecimal():
        return {f"{role}.address": text(endpoint)}
    return {f"{role}.address": text(host.removeprefix("[").removesuffix("]")), f"{role}.port": int(port)}


def span_name(what: str, attributes: Attributes) -> str:
    """`{what} {route}`; `what` alone when the route is not known."""
    return f"{what} {attributes['http.route']}" if "http.route" in attributes else what


def connection_attributes(half: Half, handshake: Handshake | None) -> Attributes:
    """Which connection it is; the same on its handshake and on all its segments."""
    attributes: Attributes = {"network.protocol.name": "websocket", "network.transport": "tcp"}
    attributes |= address("server", half.server) | address("client", half.client)
    attributes["websocket.connection.id"] = text(_connection_id(half))
    if handshake is None:
        attributes["network.protocol.version"] = "13"  # the only version that has these frames
        return attributes
    return attributes | known(
        {
            "network.protocol.version": _version(handshake.version),
            "http.route": handshake.path_template,
            "websocket.subprotocol": handshake.subprotocol,
            "websocket.extensions": tuple(extension_text(extension) for extension in handshake.extensions) or None,
        }
    )


def handshake_attributes(handshake: Handshake) -> Attributes:
    """What an opening handshake asked for and how it was answered."""
    method = handshake.method
    return connection_attributes(handshake.half, handshake) | known(
        {
            "http.request.method": method if method is None or method in HTTP_METHODS else "_OTHER",
            "http.response.status_code": handshake.status_code,
            "url.path": handshake.path_template,
            "user_agent.original": handshake.user_agent,
            "error.type": _handshake_error(handshake),
        }
    )


def segment_counters(summary: ConnectionSummary, before: ConnectionSummary | None) -> Attributes:
    """What each direction carried between two states of a connection; `before` is None at its start."""
    to_server, to_client = (before.client_to_server, before.server_to_client) if before else (HalfCount(), HalfCount())
    attributes = _direction_counters("client_to_server", summary.client_to_server, to_server)
    attributes |= _direction_counters("server_to_client", summary.server_to_client, to_client)
    undecoded = _grown(summary.undecoded, before.undecoded if before else {})
    attributes["websocket.messages.undecoded"] = sum(undecoded.values())
    attributes |= {f"websocket.undecoded.{reason}": count for reason, count in undecoded.items()}
    anomalies = _grown(summary.anomalies, before.anomalies if before else {})
    return attributes | {f"websocket.anomalies.{kind}": count for kind, count in anomalies.items()}


def close_attributes(close: Close) -> Attributes:
    """How a connection ended, as far as the wire shows it."""
    return known(
        {
            "websocket.close.code": close.status_code,
            "websocket.close.reason": close.reason,
            "websocket.close.initiator": close_initiator(close),
            "websocket.close.clean": close.clean,
            "error.type": _close_error(close),
        }
    )


def close_initiator(close: Close) -> str:
    """Who ended it: `client` or `server` with a close frame, `network` when TCP ended without one, else `unknown`."""
    if close.first_sent_by is not None:
        return close.first_sent_by
    return "network" if close.tcp in ("fin", "reset") else "unknown"


def extension_text(extension: Extension) -> str:
    """An extension as its header field writes it (RFC 6455, 9.1)."""
    return "; ".join([extension.name, *(name if value is None else f"{name}={value}" for name, value in extension.parameters)])


def _connection_id(half: Half) -> str:
    return half.connection if half.stream is None else f"{half.connection}/{half.stream}"


def _version(version: str | None) -> str | None:
    # Sec-WebSocket-Version is a number up to 255 (RFC 6455, 11.3.5); anything else is somebody's free text.
    return version if version is not None and version.isdecimal() and len(version) <= 3 else None


def _handshake_error(handshake: Handshake) -> str | None:
    match handshake.state:
        case "refused":
            return "refused" if handshake.status_code is None else str(handshake.status_code)
        case "unanswered":
            return "unanswered"
        case _:
            return "accept_invalid" if handshake.accept_valid is False else None


def _close_error(close: Close) -> str | None:
    if close.status_code not in PEACEFUL_CODES:
        return str(close.status_code)
    return close.verdict if close.verdict in ("close_without_reply", "no_close_frame", "reset") else None


def _direction_counters(direction: str, now: HalfCount, before: HalfCount) -> Attributes:
    return {
        f"websocket.{direction}.frames": now.frames - before.frames,
        f"websocket.{direction}.control_frames": now.control_frames - before.control_frames,
        f"websocket.{direction}.messages": now.messages - before.messages,
        f"websocket.{direction}.bytes.wire": now.wire_bytes - before.wire_bytes,
        f"websocket.{direction}.bytes.payload": now.payload_bytes - before.payload_bytes,
        f"websocket.{direction}.bytes.lost": now.lost_bytes - before.lost_bytes,
        f"websocket.{direction}.bytes.unsynchronised": now.unsynchronised_bytes - before.unsynchronised_bytes,
        f"websocket.{direction}.gaps": now.gaps - before.gaps,
    }


def _grown(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    grown = {text(key): count - before.get(key, 0) for key, count in now.items()}
    return {key: count for key, count in grown.items() if count}
