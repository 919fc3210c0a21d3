"""Connection totals: opened, closed, refused, and how they were closed."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.records import Close, ConnectionSummary, ConnectionTotal, Half, Handshake, Sizes
from wsobserve.stats.connections import OVERFLOW, ConnectionFold, close_key


def half(server: str | None = "10.0.0.2:80") -> Half:
    return Half(connection="c", source="a:1", destination="b:2", server=server)


def a_handshake(
    route: str | None = "/a",
    state: Literal["accepted", "refused", "unanswered"] = "accepted",
    request_time_ns: int | None = 100,
    time_ns: int = 116,
) -> Handshake:
    return Handshake(
        half=half(),
        time_ns=time_ns,
        packet=2,
        request_time_ns=request_time_ns,
        request_packet=1,
        method="GET",
        target=route,
        path_template=route,
        host=None,
        origin=None,
        user_agent=None,
        traceparent=None,
        version="13",
        status_code={"accepted": 101, "refused": 403, "unanswered": None}[state],
        subprotocol="chat",
        state=state,
    )


def a_summary(
    state: Literal["open", "closed", "refused", "unanswered"] = "closed",
    close: Close = Close(status_code=1000, first_sent_by="client"),  # noqa: B008  # frozen
    handshake: Handshake | None = None,
    mid_stream: bool = False,
    duration_ns: int = 64,
) -> ConnectionSummary:
    return ConnectionSummary(
        half=half(),
        time_ns=1000 + duration_ns,
        packet=9,
        started_ns=1000,
        state=state,
        started_mid_stream=mid_stream,
        handshake=handshake,
        close=close,
    )


def folded(records: list[Handshake | ConnectionSummary], limits: Limits) -> ConnectionFold:
    fold = ConnectionFold(limits)
    for record in records:
        fold.add(record)
    return fold


def one_of(*records: Handshake | ConnectionSummary) -> ConnectionTotal:
    [total] = folded(list(records), Limits()).snapshot()
    return total


def test_a_connection_is_opened_by_its_handshake_and_closed_by_its_summary() -> None:
    handshake = a_handshake()
    assert one_of(handshake, a_summary(handshake=handshake)) == ConnectionTotal(
        server="10.0.0.2:80",
        route="/a",
        subprotocol="chat",
        opened=1,
        closed=1,
        closes={"1000 client": 1},
        handshake_ns=Sizes(count=1, sum=16, minimum=16, maximum=16, buckets={63: 1}),
        duration_ns=Sizes(count=1, sum=64, minimum=64, maximum=64, buckets={95: 1}),
    )


def test_a_connection_that_is_still_open_is_not_closed() -> None:
    handshake = a_handshake()
    total = one_of(handshake, a_summary("open", handshake=handshake))
    assert (total.opened, total.closed, total.closes, total.duration_ns.count) == (1, 0, {}, 0)


def test_a_connection_joined_mid_stream_is_opened_by_its_summary() -> None:
    total = one_of(a_summary(mid_stream=True))
    assert (total.route, total.opened, total.closed, total.mid_stream) == (None, 1, 1, 1)


@pytest.mark.parametrize("state", ["refused", "unanswered"])
def test_a_handshake_that_came_to_nothing_is_counted_once(state: Literal["refused", "unanswered"]) -> None:
    handshake = a_handshake(state=state)
    total = one_of(handshake, a_summary(state, handshake=handshake))
    assert (total.opened, total.closed) == (0, 0)
    assert (total.refused, total.unanswered) == ((1, 0) if state == "refused" else (0, 1))


def test_a_connection_whose_answer_was_not_captured_is_opened_by_its_summary() -> None:
    handshake = a_handshake(state="unanswered")
    total = one_of(handshake, a_summary(handshake=handshake))
    assert (total.opened, total.closed, total.unanswered) == (1, 1, 1)


def test_the_duration_of_a_handshake_is_known_when_both_its_parts_were_seen() -> None:
    assert one_of(a_handshake(request_time_ns=None)).handshake_ns == Sizes()
    assert one_of(a_handshake(state="unanswered")).handshake_ns == Sizes()
    assert one_of(a_handshake(state="refused")).handshake_ns.count == 1


CLOSES = [
    (Close(status_code=1000, first_sent_by="client", tcp="fin"), "1000 client"),
    (Close(status_code=4001, first_sent_by="server"), "4001 server"),
    (Close(first_sent_by="client"), "none client"),
    (Close(tcp="reset"), "none network"),
    (Close(tcp="fin"), "none network"),
    (Close(tcp="capture_end"), "none unknown"),
    (Close(), "none unknown"),
    (Close(status_code=2999, first_sent_by="client"), "invalid client"),
    (Close(status_code=65535, first_sent_by="server"), "invalid server"),
]


@pytest.mark.parametrize(("close", "key"), CLOSES)
def test_a_close_is_named_by_its_code_and_initiator(close: Close, key: str) -> None:
    assert close_key(close) == key


def test_ways_to_close_beyond_the_limit_are_one() -> None:
    closes = [a_summary(close=Close(status_code=4000 + number, first_sent_by="client")) for number in range(9)]
    [total] = folded(list(closes), Limits(closes=2)).snapshot()
    assert len(total.closes) == 3
    assert total.closes["other unknown"] == 7


def test_totals_beyond_the_limit_are_one() -> None:
    totals = folded([a_handshake(f"/{letter}") for letter in "abcdef"], Limits(series=2)).snapshot()
    assert [total.opened for total in totals] == [1, 1, 4]
    assert totals[-1].route == OVERFLOW


RECORDS = st.one_of(
    st.builds(
        a_handshake,
        st.sampled_from(["/a", "/b", "/c", None]),
        st.sampled_from(["accepted", "refused", "unanswered"]),
        st.none() | st.integers(0, 200),
        st.integers(100, 300),
    ),
    st.builds(
        a_summary,
        st.sampled_from(["open", "closed", "refused", "unanswered"]),
        st.builds(
            Close,
            status_code=st.none() | st.integers(998, 1020) | st.integers(4000, 4010),
            first_sent_by=st.sampled_from(["client", "server", None]),
            tcp=st.sampled_from(["fin", "evicted", None]),
        ),
        st.none() | st.builds(a_handshake, st.sampled_from(["/a", "/b", "/c"])),
        st.booleans(),
        st.integers(-5, 10**12),
    ),
)
SMALL_LIMITS = st.builds(Limits, series=st.integers(1, 5), closes=st.integers(1, 5), total_sizes=st.integers(2, 6))


@given(st.lists(st.lists(RECORDS, max_size=20), max_size=4), SMALL_LIMITS)
def test_the_result_depends_neither_on_order_nor_on_the_split(
    parts: list[list[Handshake | ConnectionSummary]], limits: Limits
) -> None:
    whole = [record for part in parts for record in part]
    expected = folded(whole, limits).snapshot()
    assert folded(whole[::-1], limits).snapshot() == expected
    forward = ConnectionFold(limits)
    for part in parts:
        forward.merge(folded(part, limits))
    assert forward.snapshot() == expected
    backward = ConnectionFold(limits)
    for part in reversed(parts):
        other = folded(part, limits)
        other.merge(backward)
        backward = other
    assert backward.snapshot() == expected
    assert len(expected) <= limits.series + 1
    for total in expected:
        assert sum(total.closes.values()) == total.closed
