"""Totals of routes and series in; the servers of an AsyncAPI document out: by the host asked for, else by address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from wsobserve.publish.handshake_schema import added
from wsobserve.publish.wording import codes, counted, tallied
from wsobserve.records import RouteTotal, SeriesTotal

HIDDEN = "***"
NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_]+")


class Servers:
    """The servers of a snapshot: each host with its addresses and handshakes."""

    def __init__(self, routes: Sequence[RouteTotal], series: Sequence[SeriesTotal]) -> None:
        self._routes: dict[str, list[RouteTotal]] = {}
        addresses: dict[str, set[str]] = {}  # by host
        for route in routes:
            host = _host(route)
            if host is not None:
                self._routes.setdefault(host, []).append(route)
                addresses.setdefault(host, set()).update([route.server] if route.server else [])
        named = {address for shared in addresses.values() for address in shared}
        for one in series:
            if one.server is not None and one.server not in named:
                addresses.setdefault(one.server, set()).add(one.server)
        self._addresses = {host: sorted(shared) for host, shared in sorted(addresses.items())}
        self._names = _names(self._addresses)

    def objects(self) -> dict[str, dict[str, Any]]:
        """The Server Objects by name."""
        return {self._names[host]: self._object(host) for host in self._addresses}

    def of_channel(self, places: Iterable[tuple[str | None, str | None]]) -> tuple[str, ...]:
        """The names of those where the channel was seen. `places`: address and route; no route: any host of the address."""
        found = set()
        for address, route in places:
            hosts = {
                host
                for host, routes in self._routes.items()
                if any(each.server == address and route in (each.route, None) for each in routes)
            }
            found |= hosts or {host for host, addresses in self._addresses.items() if address in addresses}
        return tuple(sorted(self._names[host] for host in found))

    def _object(self, host: str) -> dict[str, Any]:
        routes = self._routes.get(host, [])
        versions = added(route.versions for route in routes)
        server: dict[str, Any] = {"host": host, "protocol": "ws"}  # what is captured in the clear is not `wss`
        if versions:
            server["protocolVersion"] = max(versions, key=lambda version: versions[version])
        return server | {"description": _description(self._addresses[host], routes)}


def _description(addresses: list[str], routes: list[RouteTotal]) -> str:
    accepted, refused, unanswered = (
        sum(getattr(route, state) for route in routes) for state in ("accepted", "refused", "unanswered")
    )
    lines = [f"Seen at {codes(addresses)}."] if addresses else []
    if routes:
        lines.append(
            f"{counted(accepted, 'handshake')} accepted, {refused:,} refused, {unanswered:,} never answered."
            if accepted + refused + unanswered
            else ""
        )
    away = {route.route or "unknown": route.refused for route in routes if route.refused}
    if away:
        lines.append(f"Refused: {tallied(away)}.")
    secure = added(route.origins for route in routes).get("https", 0)
    if secure:
        lines.append(
            f"Pages from `https` origins connect ({secure:,} of these): for them, something before the capture ends TLS,"
            " and the address that they use is likely `wss`."
        )
    return "\n\n".join(line for line in lines if line)


def _host(route: RouteTotal) -> str | None:
    return route.host if route.host not in (None, HIDDEN) else route.server


def _names(hosts: Iterable[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for host in hosts:
        word = NOT_IN_KEYS.sub("-", host).strip("-") or "server"
        name, number = word, 1
        while name in names.values():
            number += 1
            name = f"{word}-{number}"
        names[host] = name
    return names
