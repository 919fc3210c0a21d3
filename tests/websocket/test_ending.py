"""How a connection ended: by its close frames and by what TCP did."""

from __future__ import annotations

import pytest

from tests.websocket.wire import CLIENT_HALF, KEY, SERVER_HALF, close
from wsobserve.config import Limits
from wsobserve.records import Close, TcpHealth
from wsobserve.websocket.direction import DirectionDecoder
from wsobserve.websocket.ending import How, close_of, compressed_of, health_of, troubles_of


def direction(closed_ns: int | None, *, masked: bool) -> DirectionDecoder:
    made = DirectionDecoder(CLIENT_HALF if masked else SERVER_HALF, masked, Limits(), in_step=True)
    if closed_ns is not None:
        made.receive(close(1001 if masked else 1000, b"bye", KEY if masked else None), closed_ns, closed_ns)
    return made


@pytest.mark.parametrize(
    ("client_ns", "server_ns", "how", "verdict", "first"),
    [
        (1, 2, "fin", "clean", "client"),
        (2, 1, None, "clean", "server"),
        (1, None, "fin", "close_without_reply", "client"),
        (None, 1, "reset", "close_without_reply", "server"),
        (None, 1, "capture_end", "open", "server"),
        (None, None, "fin", "no_close_frame", None),
        (None, None, "reset", "reset", None),
        (None, None, None, "open", None),
        (None, None, "evicted", "unknown", None),
    ],
)
def test_the_verdict_is_what_the_wire_shows(
    client_ns: int | None, server_ns: int | None, how: How | None, verdict: str, first: str | None
) -> None:
    made = close_of(direction(client_ns, masked=True), direction(server_ns, masked=False), how)
    assert (made.verdict, made.first_sent_by, made.tcp, made.clean) == (verdict, first, how, verdict == "clean")
    assert made.status_code == {"client": 1001, "server": 1000, None: None}[first]


def test_without_frames_only_tcp_is_known() -> None:
    assert close_of(None, None, "reset") == Close(tcp="reset")


def test_health_is_turned_to_the_client_first() -> None:
    health = TcpHealth(round_trip_ns=5, segments=(1, 2), gaps=(3, 4))
    assert health_of(health, 0) is health
    assert health_of(health, 1) == TcpHealth(round_trip_ns=5, segments=(2, 1), gaps=(4, 3))


def test_what_both_directions_could_not_follow_is_added_up() -> None:
    both = [direction(None, masked=True), direction(None, masked=False)]
    for each in both:
        each.gap(5, 1, 1)
    undecoded, anomalies = troubles_of(both, {"limit_memory": 1})
    assert undecoded == {}
    assert anomalies == {"limit_memory": 1, "gap_in_stream": 2, "direction_lost": 2}


def test_as_long_as_no_frame_shows_compression_it_is_not_known_whether_a_joined_connection_has_it() -> None:
    plain = direction(None, masked=False)
    assert [compressed_of([plain], by_frames) for by_frames in (True, False)] == [None, False]
    plain.agree_on(True, other_extension=False)
    assert [compressed_of([plain], by_frames) for by_frames in (True, False)] == [True, True]
