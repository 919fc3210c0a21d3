"""Opening handshakes in; out comes what requests of each server, host and route carry, and what was agreed with them.

A client that wants to connect must know it, so a contract of the service tells it. Names alone are counted, no values.
"""

from __future__ import annotations

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.kept import Kept
from wsobserve.records import Handshake, RouteTotal
from wsobserve.stats.names import OVERFLOW, NameCounts

RouteKey = tuple[str | None, str | None, str | None]  # server, host, route
OVERFLOW_KEY: RouteKey = (None, None, OVERFLOW)

NAMES = ("query_keys", "query_values", "request_fields", "credentials", "origins", "versions", "subprotocols", "extensions")


class Total:
    """What has been counted for one server, host and route."""

    __slots__ = ("accepted", "names", "refused", "requests", "unanswered", "vouched")

    def __init__(self, limit: int) -> None:
        self.accepted = 0
        self.refused = 0
        self.unanswered = 0
        self.requests = 0
        self.vouched = 0
        self.names = {name: NameCounts(limit) for name in NAMES}

    def add(self, handshake: Handshake) -> None:
        if handshake.state == "refused":
            self.refused += 1
        elif handshake.state == "unanswered":
            self.unanswered += 1
        else:
            self.accepted += 1
            self.names["subprotocols"].add([handshake.subprotocol] if handshake.subprotocol is not None else [])
            self.names["extensions"].add({extension.name for extension in handshake.extensions})
            if handshake.request_packet is not None:
                self._add_request(handshake)

    def _add_request(self, handshake: Handshake) -> None:
        self.requests += 1
        self.vouched += bool(handshake.credentials)
        self.names["query_keys"].add(handshake.query_keys)
        self.names["query_values"].add(shown_query_values(handshake.target))
        self.names["request_fields"].add(handshake.request_fields)
        self.names["credentials"].add(handshake.credentials)
        self.names["origins"].add([origin_scheme(handshake.origin)])
        self.names["versions"].add([handshake.version] if handshake.version is not None else [])

    def merge(self, other: Total) -> None:
        """Take over what the other counted; it stays as it is."""
        self.accepted += other.accepted
        self.refused += other.refused
        self.unanswered += other.unanswered
        self.requests += other.requests
        self.vouched += other.vouched
        for name, counts in self.names.items():
            counts.merge(other.names[name])

    def snapshot(self, key: RouteKey) -> RouteTotal:
        server, host, route = key
        return RouteTotal(
            server=server,
            host=host,
            route=route,
            accepted=self.accepted,
            refused=self.refused,
            unanswered=self.unanswered,
            requests=self.requests,
            vouched=self.vouched,
            **{name: counts.snapshot() for name, counts in self.names.items()},
        )


class RouteFold:
    """A fold over handshakes with at most `limits.routes` totals and one for the rest."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._names_limit = limits.route_names
        self._totals: Kept[RouteKey, Total] = Kept(limits.routes, self._new_total)

    def _new_total(self) -> Total:
        return Total(self._names_limit)

    def add(self, handshake: Handshake) -> None:
        key = (handshake.half.server, handshake.host, handshake.path_template)
        (self._totals.entries.get(key) or self._make(key)).add(handshake)
        if self._totals.crowded():
            self._totals.settle()

    def _make(self, key: RouteKey) -> Total:
        return self._totals.others() if key == OVERFLOW_KEY else self._totals.make(key)

    def merge(self, other: RouteFold) -> None:
        """Take over what the other knows; it stays as it is."""
        self._totals.merge(other._totals)
        self._totals.settle()

    def snapshot(self, now_ns: int | None = None) -> tuple[RouteTotal, ...]:
        """Every total by its names, the overflow, if there is one, at the end with `route` `_overflow`."""
        self._totals.settle()
        entries = self._totals.entries
        totals = [
            entries[key].snapshot(key)
            for key in sorted(entries, key=lambda key: [(part is not None, part or "") for part in key])
        ]
        if self._totals.overflow is not None:
            totals.append(self._totals.overflow.snapshot(OVERFLOW_KEY))
        return tuple(totals)


def shown_query_values(target: str | None) -> set[str]:
    """The fields of a redacted target's query that kept their values: `EIO=4`."""
    fields = (target or "").partition("?")[2].split("&")
    return {field for field in fields if "=" in field and not field.endswith("=***")}


def origin_scheme(origin: str | None) -> str:
    """The scheme of an Origin; `null` as browsers send it; `none` without one; `other` for what is none."""
    if origin is None:
        return "none"
    if origin == "null":
        return origin
    scheme, separator, _ = origin.partition("://")
    return scheme if separator else "other"
