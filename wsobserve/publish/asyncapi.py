"""A snapshot in, an AsyncAPI 3.1 document out: what was seen of a service, told as the contract that it seems to keep.

The document describes the server: it receives what clients send. It says what was observed and how often, marks what is
inferred, and holds no value of anybody's. The same traffic always gives the same document.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from wsobserve.config import SECOND_NS
from wsobserve.publish.asyncapi_channels import ChannelView, channel_object, document_keys, operations
from wsobserve.publish.asyncapi_messages import payload_schemas
from wsobserve.publish.asyncapi_security import password_scheme, required_security, scheme_names, security_schemes
from wsobserve.publish.asyncapi_servers import Servers
from wsobserve.publish.wording import bytes_text, counted, moment, tallied_words
from wsobserve.records import ChannelTotal, MessageKind, RouteTotal, Snapshot

VERSION = "3.1.0"
OVERFLOW = "_overflow"
UNKNOWN_ROUTE = "unknown route"


def asyncapi_document(snapshot: Snapshot, *, title: str | None = None, version: str | None = None) -> dict[str, Any]:
    """The document. `title`, `version`: of the service; else they are made from where and when it was observed."""
    routes = [route for route in snapshot.routes if route.route != OVERFLOW]
    servers = Servers(routes, [one for one in snapshot.series if one.channel != OVERFLOW])
    schemes = scheme_names(routes)
    channels: dict[str, Any] = {}
    made: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for view in _views(snapshot, routes, servers, schemes):
        channels[view.key], of_channel = channel_object(view)
        messages.update(of_channel)
        made.update(operations(view))
    hosts = servers.objects()
    components = {
        "schemas": payload_schemas(sorted(snapshot.kinds, key=lambda kind: kind.id)),
        "messages": messages,
        "securitySchemes": password_scheme(snapshot.kinds) | security_schemes(routes, schemes),
    }
    document: dict[str, Any] = {"asyncapi": VERSION, "info": _info(snapshot, [each["host"] for each in hosts.values()])}
    if title is not None:
        document["info"]["title"] = title
    if version is not None:
        document["info"]["version"] = version
    document["defaultContentType"] = "application/json"
    if hosts:
        document["servers"] = hosts
    return document | {
        "channels": channels,
        "operations": made,
        "components": {name: parts for name, parts in components.items() if parts},
    }


def _views(snapshot: Snapshot, routes: list[RouteTotal], servers: Servers, schemes: dict[str, str]) -> list[ChannelView]:
    """Every channel, sorted: of messages, of kinds, and routes on which nothing came."""
    kinds: dict[str, list[MessageKind]] = {}
    for kind in sorted(snapshot.kinds, key=lambda kind: kind.id):
        kinds.setdefault(kind.channel, []).append(kind)
    totals: dict[str, list[ChannelTotal]] = {}
    for total in snapshot.channels:
        totals.setdefault(total.channel, []).append(total)
    places: dict[str, set[tuple[str | None, str | None]]] = {}  # by channel: address and route
    for one in snapshot.series:
        places.setdefault(one.channel, set()).add((one.server, one.route))
    silent = {route.route for route in routes if route.accepted and route.route is not None}
    silent -= {route for seen in places.values() for _, route in seen}
    for path in silent:
        assert path is not None
        places.setdefault(path, set()).update((route.server, path) for route in routes if route.route == path)
    names = sorted({*kinds, *totals, *places} - {OVERFLOW})
    keys = document_keys(names)
    addresses = {channel: _address(channel, places.get(channel, set())) for channel in names}
    views = []
    for channel in names:
        seen = places.get(channel, set())
        paths = {route for _, route in seen if route is not None}
        of_channel = [route for route in routes if route.route in paths and (route.server, route.route) in seen]
        address = addresses[channel]
        views.append(
            ChannelView(
                key=keys[channel],
                channel=channel,
                address=address,
                kinds=tuple(kinds.get(channel, ())),
                totals=tuple(totals.get(channel, ())),
                routes=tuple(of_channel),
                servers=servers.of_channel(seen),
                sharing=tuple(
                    other for other in names if other != channel and address is not None and addresses[other] == address
                ),
                security=tuple(required_security(of_channel, schemes)),
            )
        )
    return views


def _address(channel: str, places: Iterable[tuple[str | None, str | None]]) -> str | None:
    """The path of the handshakes on which the channel was seen; None when it is not known, or not one."""
    paths = {route for _, route in places if route is not None}
    if len(paths) == 1:
        return paths.pop()
    return None if channel == UNKNOWN_ROUTE or not channel.startswith("/") else channel


def _info(snapshot: Snapshot, hosts: list[str]) -> dict[str, Any]:
    accounting = snapshot.accounting
    where = hosts[0] if len(hosts) == 1 else f"{hosts[0]} and {len(hosts) - 1} more" if hosts else "observed traffic"
    return {
        "title": f"WebSocket API of {where}",
        "version": _version(accounting.last_time_ns),
        "description": _description(snapshot),
        "x-wsobserve-observed": {
            "messages": accounting.messages,
            "undecoded": sum(accounting.messages_undecoded.values()),
            "without_kind": snapshot.messages_without_kind,
            "payload_bytes": accounting.payload_length,
            "frame_bytes": accounting.frame_bytes,
            "lost_bytes": accounting.bytes_lost,
            "first_time_ns": accounting.first_time_ns,
            "last_time_ns": accounting.last_time_ns,
        },
    }


def _version(time_ns: int | None) -> str:
    """The day on which it was last seen: traffic does not tell the version of a service."""
    try:
        day = datetime.fromtimestamp((time_ns or 0) // SECOND_NS, UTC)
    except (OverflowError, OSError, ValueError):
        return "0.0.0"
    return f"{day.year}.{day.month}.{day.day}" if time_ns is not None else "0.0.0"


def _description(snapshot: Snapshot) -> str:
    accounting = snapshot.accounting
    parts = [
        "Inferred by wsobserve from captured traffic. It describes the **server**: `receive` is what clients send to it,"
        " `send` what it sends to them. It tells what was seen and no more: a field that was always there is required,"
        " and what never came is not in here. Of values it has only those that make up the protocol: constants that tell"
        " messages apart, members of enumerations, and versions in queries.",
        f"{counted(accounting.messages, 'message')}, {bytes_text(accounting.payload_length)} inflated,"
        f" {bytes_text(accounting.frame_bytes)} on the wire{_when(accounting.first_time_ns, accounting.last_time_ns)}.",
    ]
    if accounting.handshakes:
        words = {"mid_stream": "joined in the middle", "unanswered": "never answered"}
        counts = {words.get(state, state): count for state, count in accounting.handshakes.items()}
        parts.append(f"Connections: {tallied_words(counts)}.")
    return "\n\n".join([*parts, *_missing(snapshot)])


def _when(first_ns: int | None, last_ns: int | None) -> str:
    return "" if first_ns is None or last_ns is None else f", seen from {moment(first_ns)} to {moment(last_ns)}"


def _missing(snapshot: Snapshot) -> list[str]:
    """What the document cannot tell, each as a sentence."""
    accounting = snapshot.accounting
    parts = []
    if accounting.messages_undecoded:
        parts.append(f"Messages that could not be decoded: {tallied_words(accounting.messages_undecoded)}.")
    if snapshot.messages_without_kind:
        parts.append(f"Messages without a structure that is described: {snapshot.messages_without_kind:,}.")
    if snapshot.messages_in_overflow:
        parts.append(f"Messages of more channels than are told apart: {snapshot.messages_in_overflow:,}.")
    if accounting.bytes_lost or accounting.bytes_unsynchronised:
        parts.append(
            f"Bytes of TCP missing from the capture: {accounting.bytes_lost:,}, in {counted(accounting.gaps, 'gap')};"
            f" bytes at hand without a frame boundary: {accounting.bytes_unsynchronised:,}."
        )
    if accounting.capture_loss:
        parts.append(f"Packets that the capture lost: {tallied_words(accounting.capture_loss)}.")
    if accounting.capture_loss_unknown:
        parts.append(f"Losses of unknown size: {tallied_words(accounting.capture_loss_unknown)}.")
    others = [route for route in snapshot.routes if route.route == OVERFLOW]
    if others:
        parts.append("There were more routes than are told apart.")
    return parts
