"""Routes of connections whose handshake is not in the capture: rules and accepted handshakes in, what is certain out.

Nothing is guessed. A rule is an operator's word about a server: it names the route, or says that all connections of one
port of it have the same one (`same_port`). Then handshakes tell which one that is: enough of them, all with one route and
one subprotocol; when a second one is seen, the operator was wrong about this port, and it tells nothing any more.
Without a rule a port tells nothing: that all new connections have one route does not say what older ones asked for.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, TypeAlias

import msgspec

from wsobserve.records import Half, Handshake, RouteSource

MOST_RULES = 1_000

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
# A path template as messages have it, without query: what is visible in ASCII.
Route = Annotated[str, msgspec.Meta(pattern=r"^/[!\"$->@-~]*\Z", max_length=512)]
Subprotocol = Annotated[str, msgspec.Meta(pattern=r"^[!-~]+\Z", max_length=128)]
Told: TypeAlias = "tuple[str | None, str | None, RouteSource | None]"  # the route, the subprotocol, how the route is known
NOTHING_TOLD: Told = (None, None, None)


class RouteRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which servers are meant (`port`, `address`: all that are given), and what is said of them: `route` or `same_port`.

    `address`: an IP address, or a network (`10.0.0.0/8`). `handshakes`: how many a port must have shown for `same_port`.
    """

    port: Port | None = None
    address: str | None = None
    route: Route | None = None
    subprotocol: Subprotocol | None = None
    same_port: bool = False
    handshakes: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 3

    def __post_init__(self) -> None:
        if self.port is None and self.address is None:
            raise ValueError("a rule needs a port or an address")
        if (self.route is not None) == self.same_port:
            raise ValueError("a rule says either `route` or `same_port: true`")
        if self.same_port and self.subprotocol is not None:
            raise ValueError("with `same_port` the handshakes tell the subprotocol")
        if self.address is not None:
            try:
                ip_network(self.address)
            except ValueError:
                raise ValueError("an address is an IP address or a network without host bits") from None


class RouteRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a file says. The first rule that means a server counts."""

    routes: Annotated[list[RouteRule], msgspec.Meta(max_length=MOST_RULES)] = []


class PortRoute:
    """What the accepted handshakes of one server's port have in common."""

    __slots__ = ("handshakes", "route", "subprotocol")

    def __init__(self, handshake: Handshake) -> None:
        self.handshakes = 0
        self.route = handshake.path_template  # None: they differ
        self.subprotocol = handshake.subprotocol

    def add(self, handshake: Handshake) -> None:
        self.handshakes += 1
        if (handshake.path_template, handshake.subprotocol) != (self.route, self.subprotocol):
            self.route = None


class MissedRoutes:
    """The rules at work. `most`: servers whose handshakes are counted; one more is told nothing about."""

    def __init__(self, rules: RouteRules, most: int) -> None:
        self._rules = [(rule, _network(rule)) for rule in rules.routes]
        self._most = most
        self._ports: dict[str, PortRoute] = {}

    def add(self, handshake: Handshake) -> None:
        """An accepted handshake whose request was captured."""
        server = handshake.half.server
        rule = self._rule(server)
        if server is None or rule is None or not rule.same_port:
            return
        seen = self._ports.get(server)
        if seen is None:
            if len(self._ports) >= self._most:
                return
            seen = self._ports[server] = PortRoute(handshake)
        seen.add(handshake)

    def of(self, half: Half) -> Told:
        """What is certain of a connection whose request was not captured."""
        rule = self._rule(half.server)
        if rule is None or half.server is None:
            return NOTHING_TOLD
        if rule.route is not None:
            return rule.route, rule.subprotocol, "rule"
        seen = self._ports.get(half.server)
        if seen is None or seen.route is None or seen.handshakes < rule.handshakes:
            return NOTHING_TOLD
        return seen.route, seen.subprotocol, "port"

    def _rule(self, server: str | None) -> RouteRule | None:
        if server is None:
            return None
        host, _, port = server.rpartition(":")
        number = int(port)
        address = ip_address(host.strip("[]").partition("%")[0])
        for rule, network in self._rules:
            if rule.port in (None, number) and (network is None or address in network):
                return rule
        return None


def _network(rule: RouteRule) -> IPv4Network | IPv6Network | None:
    return None if rule.address is None else ip_network(rule.address)
