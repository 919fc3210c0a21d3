"""Routes of connections whose handshake was missed: what rules say, what handshakes of a port prove, and nothing else."""

from __future__ import annotations

import msgspec
import pytest

from wsobserve.payload.route_rules import NOTHING_TOLD, MissedRoutes, RouteRule, RouteRules
from wsobserve.records import CLIENT_TO_SERVER, Half, Handshake


def half(server: str | None) -> Half:
    return Half(
        connection="c", source="s", destination="d", client="192.0.2.9:50000", server=server, direction=CLIENT_TO_SERVER
    )


def handshake(server: str, route: str | None, subprotocol: str | None = None) -> Handshake:
    return Handshake(
        half=half(server),
        time_ns=1,
        packet=1,
        request_time_ns=1,
        request_packet=1,
        method="GET",
        target=route,
        path_template=route,
        host=None,
        origin=None,
        user_agent=None,
        traceparent=None,
        version="13",
        status_code=101,
        subprotocol=subprotocol,
    )


def rules(*each: RouteRule, most: int = 10) -> MissedRoutes:
    return MissedRoutes(RouteRules(list(each)), most)


def test_a_rule_names_the_route_of_a_port() -> None:
    missed = rules(RouteRule(port=8080, route="/rooms/{id}", subprotocol="chat.v1"))
    assert missed.of(half("10.0.0.1:8080")) == ("/rooms/{id}", "chat.v1", "rule")
    assert missed.of(half("[::1]:8080")) == ("/rooms/{id}", "chat.v1", "rule")
    assert missed.of(half("10.0.0.1:8081")) == NOTHING_TOLD
    assert missed.of(half(None)) == NOTHING_TOLD


def test_of_several_rules_the_first_that_means_the_server_counts() -> None:
    missed = rules(
        RouteRule(address="10.1.0.0/16", port=80, route="/a"),
        RouteRule(address="2001:db8::/32", route="/b"),
        RouteRule(port=80, route="/c"),
    )
    assert [missed.of(half(server))[0] for server in ("10.1.2.3:80", "10.2.0.1:80", "[2001:db8::1]:9", "10.1.2.3:81")] == [
        "/a",
        "/c",
        "/b",
        None,
    ]


def test_without_a_rule_what_others_asked_for_tells_nothing() -> None:
    missed = rules(RouteRule(port=9, route="/other"))
    for _ in range(100):
        missed.add(handshake("10.0.0.1:80", "/only"))
    assert missed.of(half("10.0.0.1:80")) == NOTHING_TOLD


def test_where_a_port_has_one_route_by_rule_enough_handshakes_tell_which() -> None:
    missed = rules(RouteRule(port=80, same_port=True, handshakes=2))
    missed.add(handshake("10.0.0.1:80", "/feed", "v1"))
    assert missed.of(half("10.0.0.1:80")) == NOTHING_TOLD
    missed.add(handshake("10.0.0.1:80", "/feed", "v1"))
    assert missed.of(half("10.0.0.1:80")) == ("/feed", "v1", "port")
    assert missed.of(half("10.0.0.2:80")) == NOTHING_TOLD


@pytest.mark.parametrize("other", [("/b", None), ("/a", "v2")])
def test_a_second_route_or_subprotocol_ends_what_a_port_tells_for_good(other: tuple[str, str | None]) -> None:
    missed = rules(RouteRule(port=80, same_port=True, handshakes=1))
    missed.add(handshake("10.0.0.1:80", "/a"))
    missed.add(handshake("10.0.0.1:80", *other))
    for _ in range(10):
        missed.add(handshake("10.0.0.1:80", "/a"))
    assert missed.of(half("10.0.0.1:80")) == NOTHING_TOLD


def test_servers_beyond_the_limit_are_told_nothing_about() -> None:
    missed = rules(RouteRule(port=80, same_port=True, handshakes=1), most=1)
    missed.add(handshake("10.0.0.1:80", "/a"))
    missed.add(handshake("10.0.0.2:80", "/a"))
    assert missed.of(half("10.0.0.1:80"))[0] == "/a"
    assert missed.of(half("10.0.0.2:80")) == NOTHING_TOLD


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"route": "/a"}, "needs a port or an address"),
        ({"port": 80}, "either `route` or `same_port"),
        ({"port": 80, "route": "/a?b=c"}, "regex"),
        ({"port": 80, "route": "/a", "same_port": True}, "either `route` or `same_port"),
        ({"port": 80, "same_port": True, "subprotocol": "a"}, "tell the subprotocol"),
        ({"address": "10.0.0.1/8", "route": "/a"}, "without host bits"),
        ({"address": "service.example", "route": "/a"}, "without host bits"),
        ({"port": 0, "route": "/a"}, ">= 1"),
        ({"port": 80, "route": "a"}, "regex"),
        ({"port": 80, "route": "/a\n"}, "regex"),
        ({"port": 80, "rout": "/a"}, "unknown field `rout`"),
    ],
)
def test_a_rule_that_is_none_says_why(rule: dict[str, object], complaint: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=complaint):
        msgspec.convert({"routes": [rule]}, RouteRules)
