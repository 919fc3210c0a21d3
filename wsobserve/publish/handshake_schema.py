"""Totals of routes in; the WebSocket binding of a channel out: what a request must carry, as schemas of its query and fields.

Names alone, with the share of the accepted requests that had them. Of values only those that choose a protocol's version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from wsobserve.publish.draft07 import draft07
from wsobserve.publish.wording import codes, share, share_text, tallied
from wsobserve.records import RouteTotal

PRESENCE = "x-wsobserve-presence"
NO_NAMES = ("***", "...", "_overflow")  # stand for names that are not shown


def websocket_binding(routes: Sequence[RouteTotal]) -> dict[str, Any]:
    """The WebSockets Channel Binding Object, version 0.1.0."""
    binding: dict[str, Any] = {"method": "GET"}  # RFC 6455, 4.1: the method of the request MUST be GET
    requests = sum(route.requests for route in routes)
    query = _query(routes, requests)
    if query:
        binding["query"] = query
    headers = _headers(routes, requests)
    if headers:
        binding["headers"] = headers
    return binding | {"bindingVersion": "0.1.0"}


def _query(routes: Sequence[RouteTotal], requests: int) -> dict[str, Any]:
    keys = added(route.query_keys for route in routes)
    values: dict[str, list[str]] = {}
    shown: dict[str, int] = {}
    for field, count in added(route.query_values for route in routes).items():
        key, equals, value = field.partition("=")
        if equals:
            values.setdefault(key, []).append(value)
            shown[key] = shown.get(key, 0) + count
    properties = {}
    for key, count in keys.items():
        if key not in NO_NAMES:
            constraint = {"enum": values[key]} if shown.get(key, 0) >= count else {}
            properties[key] = _property(count, requests) | constraint
    required = [key for key, count in keys.items() if count == requests and key in properties]
    return _schema(properties, required, keys)


def _headers(routes: Sequence[RouteTotal], requests: int) -> dict[str, Any]:
    names = added(route.request_fields for route in routes)
    properties = {field_name(name): _property(count, requests) for name, count in names.items() if name not in NO_NAMES}
    cookies = sorted({name[7:] for route in routes for name in route.credentials if name.startswith("cookie:")})
    if cookies and "Cookie" in properties:
        properties["Cookie"]["description"] += f" Of its cookies, these seem to say who asks: {codes(cookies)}."
    origins = added(route.origins for route in routes)
    with_origin = sum(count for scheme, count in origins.items() if scheme != "none")
    if with_origin:
        properties["Origin"] = _property(with_origin, requests)
        properties["Origin"]["description"] += f" By scheme: {tallied({k: n for k, n in origins.items() if k != 'none'})}."
    subprotocols = added(route.subprotocols for route in routes)
    if subprotocols:
        described = f"Agreed on in connections: {tallied(subprotocols)}."
        properties["Sec-WebSocket-Protocol"] = {"type": "string", "description": described}
    required = [field_name(name) for name, count in names.items() if count == requests and name not in NO_NAMES]
    return _schema(dict(sorted(properties.items())), required, names)


def _property(count: int, requests: int) -> dict[str, Any]:
    described = f"In {share_text(count, requests, 'accepted request')}."
    made: dict[str, Any] = {"type": "string", "description": described}
    return made if count == requests else made | {PRESENCE: share(count, requests)}


def _schema(properties: dict[str, dict[str, Any]], required: list[str], names: dict[str, int]) -> dict[str, Any]:
    hidden = any(name in names for name in NO_NAMES)
    if not properties and not hidden:
        return {}
    made: dict[str, Any] = {"type": "object"}
    if hidden:
        made["description"] = "There were others, whose names may be values and are not shown."
    if properties:
        made["properties"] = properties
    return draft07(made | ({"required": sorted(required)} if required else {}), str)


def field_name(name: str) -> str:
    """A header field as it is mostly written: `X-Api-Key`."""
    return "-".join(word.capitalize() for word in name.split("-"))


def added(tables: Iterable[dict[str, int]]) -> dict[str, int]:
    """Counts by name, added up and sorted by name."""
    sums: dict[str, int] = {}
    for table in tables:
        for name, count in table.items():
            sums[name] = sums.get(name, 0) + count
    return dict(sorted(sums.items()))
