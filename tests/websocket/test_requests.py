"""Requests that wait for their responses: in their order, and within limits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.websocket.http import Head
from wsobserve.websocket.requests import Requests


def ask(target: str, method: str = "GET", host: str = "") -> Head:
    return Head(1, 2, method, target, None, {"host": host} if host else {})


def test_they_come_out_in_the_order_in_which_they_came() -> None:
    requests = Requests(100)
    assert all(requests.append(ask(target), whole=False) for target in ("/a", "/b"))
    assert (len(requests), requests.held_bytes) == (2, 4)
    assert [requests.popleft(), requests.popleft(), requests.popleft()] == [ask("/a"), ask("/b"), None]
    assert (len(requests), requests.held_bytes) == (0, 0)


def test_of_one_that_is_too_much_only_the_method_stays() -> None:
    requests = Requests(10)
    assert requests.append(ask("/123", host="h"), whole=False)
    assert not requests.append(ask("/12345", "HEAD"), whole=False)
    assert requests.append(ask("/1234"), whole=False)
    assert requests.append(ask("/chat"), whole=True)
    assert [requests.popleft() for _ in range(4)] == [ask("/123", host="h"), Head(1, 2, "HEAD"), ask("/1234"), ask("/chat")]


def test_the_oldest_of_too_many_is_forgotten() -> None:
    requests = Requests(1_000_000)
    assert all(requests.append(ask(f"/{number}"), whole=False) for number in range(1_000))
    assert not requests.append(ask("/last"), whole=False)
    assert (len(requests), requests.popleft()) == (1_000, ask("/1"))


def test_none_waits_after_a_hole() -> None:
    requests = Requests(100)
    requests.append(ask("/"), whole=False)
    requests.clear()
    assert (len(requests), requests.held_bytes, requests.popleft()) == (0, 0, None)


@given(st.lists(st.none() | st.text("/x", max_size=30), max_size=40), st.integers(0, 60))
def test_what_they_hold_never_passes_the_limit(story: list[str | None], most: int) -> None:
    requests, came = Requests(most), 0
    for target in story:
        if target is None:
            came -= requests.popleft() is not None
        else:
            requests.append(ask(target), whole=False)
            came += 1
        assert len(requests) == came
        assert 0 <= requests.held_bytes <= most
