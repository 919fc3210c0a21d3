"""Totals of routes: what requests carry, what was agreed, and that neither order nor split matters."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.records import Extension, Half, Handshake, RouteTotal
from wsobserve.stats.names import OVERFLOW
from wsobserve.stats.routes import RouteFold, origin_scheme, shown_query_values

State = Literal["accepted", "refused", "unanswered"]


def a_handshake(
    route: str | None = "/a",
    state: State = "accepted",
    *,
    query: tuple[str, ...] = (),
    credentials: tuple[str, ...] = (),
    request_packet: int | None = 1,
    host: str | None = "example.test",
    origin: str | None = None,
    subprotocol: str | None = None,
) -> Handshake:
    return Handshake(
        half=Half(connection="c", source="a:1", destination="b:2", server="10.0.0.2:80"),
        time_ns=116,
        packet=2,
        request_time_ns=100,
        request_packet=request_packet,
        method="GET",
        target=f"{route}?{'&'.join(query)}",
        path_template=route,
        host=host,
        origin=origin,
        user_agent=None,
        traceparent=None,
        version="13",
        status_code=101,
        subprotocol=subprotocol,
        extensions=(Extension("permessage-deflate"),),
        state=state,
        query_keys=tuple(field.partition("=")[0] for field in query),
        request_fields=("x-tenant",),
        credentials=credentials,
    )


def folded(handshakes: list[Handshake], limits: Limits) -> RouteFold:
    fold = RouteFold(limits)
    for handshake in handshakes:
        fold.add(handshake)
    return fold


def test_what_requests_carry_is_counted_by_name() -> None:
    handshakes = [
        a_handshake(query=("EIO=4", "token=***"), credentials=("query:token",), origin="https://example.test"),
        a_handshake(query=("EIO=4",), subprotocol="chat"),
        a_handshake(state="refused", query=("other=***",)),
        a_handshake(state="unanswered"),
    ]
    assert folded(handshakes, Limits()).snapshot() == (
        RouteTotal(
            server="10.0.0.2:80",
            host="example.test",
            route="/a",
            accepted=2,
            refused=1,
            unanswered=1,
            requests=2,
            vouched=1,
            query_keys={"EIO": 2, "token": 1},
            query_values={"EIO=4": 2},
            request_fields={"x-tenant": 2},
            credentials={"query:token": 1},
            origins={"https": 1, "none": 1},
            versions={"13": 2},
            subprotocols={"chat": 1},
            extensions={"permessage-deflate": 2},
        ),
    )


def test_an_answer_alone_says_what_was_agreed_and_nothing_of_the_request() -> None:
    [total] = folded([a_handshake(None, request_packet=None, subprotocol="chat")], Limits()).snapshot()
    assert (total.accepted, total.requests, total.subprotocols, total.origins) == (1, 0, {"chat": 1}, {})


def test_routes_and_names_beyond_their_limits_are_one() -> None:
    totals = folded([a_handshake(f"/{letter}") for letter in "abcdef"], Limits(routes=2)).snapshot()
    assert [total.accepted for total in totals] == [1, 1, 4]
    assert totals[-1].route == OVERFLOW
    [total] = folded([a_handshake(query=tuple("abcdef"))], Limits(route_names=2)).snapshot()
    assert (len(total.query_keys), total.query_keys[OVERFLOW]) == (3, 4)


@pytest.mark.parametrize(
    ("target", "values"),
    [
        (None, set()),
        ("/a", set()),
        ("/a?EIO=4&EIO=4&sid=***&***&debug&...", {"EIO=4"}),
    ],
)
def test_values_of_a_query_that_are_shown(target: str | None, values: set[str]) -> None:
    assert shown_query_values(target) == values


@pytest.mark.parametrize(
    ("origin", "scheme"), [(None, "none"), ("null", "null"), ("https://a.test", "https"), ("***", "other")]
)
def test_an_origin_is_its_scheme(origin: str | None, scheme: str) -> None:
    assert origin_scheme(origin) == scheme


HANDSHAKES = st.builds(
    a_handshake,
    st.sampled_from(["/a", "/b", "/c", None, OVERFLOW]),
    st.sampled_from(["accepted", "refused", "unanswered"]),
    query=st.lists(st.sampled_from(["EIO=4", "EIO=3", "a=***", "b=***", "c"]), max_size=4, unique=True).map(tuple),
    credentials=st.lists(st.sampled_from(["query:token", "cookie:sid"]), max_size=2, unique=True).map(tuple),
    request_packet=st.none() | st.just(1),
    host=st.sampled_from(["a.test", "b.test", None]),
    origin=st.sampled_from(["https://a.test", None]),
    subprotocol=st.sampled_from(["chat", None]),
)
SMALL_LIMITS = st.builds(Limits, routes=st.integers(1, 5), route_names=st.integers(1, 3))


@given(st.lists(st.lists(HANDSHAKES, max_size=15), max_size=4), SMALL_LIMITS)
def test_the_result_depends_neither_on_order_nor_on_the_split(parts: list[list[Handshake]], limits: Limits) -> None:
    whole = [handshake for part in parts for handshake in part]
    expected = folded(whole, limits).snapshot()
    assert folded(whole[::-1], limits).snapshot() == expected
    forward = RouteFold(limits)
    for part in parts:
        forward.merge(folded(part, limits))
    assert forward.snapshot() == expected
    backward = RouteFold(limits)
    for part in reversed(parts):
        other = folded(part, limits)
        other.merge(backward)
        backward = other
    assert backward.snapshot() == expected
    assert len(expected) <= limits.routes + 1
    assert sum(total.accepted + total.refused + total.unanswered for total in expected) == len(whole)
