"""The HTTP part of a connection: every order in which requests, answers and frames can reach a capture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import cuts, frame, head, request, response, text
from wsobserve.config import Limits
from wsobserve.websocket.opening import Opening

OK = head("HTTP/1.1 200 OK", [("Content-Length", "2")]) + b"ok"
GET = head("GET / HTTP/1.1", [("Host", "h")])
REFUSED = head("HTTP/1.1 401 Unauthorized", [("Content-Length", "2")]) + b"no"
CLIENT_FRAME, SERVER_FRAME = text("from the client", b"abcd"), text("from the server")


def play(*story: tuple[int, bytes | int], initiator: int | None = 0, limits: Limits | None = None) -> Opening:
    """`story`: (half, bytes), or (half, how many are missing)."""
    opening = Opening(initiator, limits or Limits())
    for packet, (half, event) in enumerate(story):
        if opening.outcome is None or opening.outcome == "websocket":
            if isinstance(event, int):
                opening.gap(half, event, packet, packet)
            else:
                opening.receive(half, event, packet, packet)
    return opening


def held(opening: Opening, half: int) -> bytes:
    return b"".join(chunk.data for chunk in opening.held[half])


def test_a_handshake_and_the_frames_behind_it_at_every_cut() -> None:
    for pieces in cuts(response() + SERVER_FRAME):
        opening = play((0, request()), *((1, piece) for piece in pieces))
        assert (opening.outcome, opening.client) == ("websocket", 0)
        assert (held(opening, 0), held(opening, 1)) == (b"", SERVER_FRAME)
    for pieces in cuts(request()):
        opening = play(*((0, piece) for piece in pieces), (1, response()))
        assert opening.outcome == "websocket"


def test_half_1_may_be_the_client() -> None:
    opening = play((1, request()), (0, response()), initiator=None)
    assert (opening.outcome, opening.client) == ("websocket", 1)


def test_an_upgrade_after_keep_alive_requests() -> None:
    opening = play((0, GET), (1, OK), (0, GET), (1, OK), (0, request()), (1, response() + SERVER_FRAME))
    assert (opening.outcome, held(opening, 1)) == ("websocket", SERVER_FRAME)


def test_an_upgrade_pipelined_behind_other_requests_at_every_cut() -> None:
    chunked = head("HTTP/1.1 200 OK", [("Transfer-Encoding", "chunked")]) + b"5\r\nhello\r\n0\r\n\r\n"
    for pieces in cuts(OK + chunked + response() + SERVER_FRAME):
        opening = play((0, GET + GET + request()), *((1, piece) for piece in pieces))
        assert (opening.outcome, held(opening, 1)) == ("websocket", SERVER_FRAME)
        assert opening.failed == []


def test_bodies_of_requests_and_responses_that_have_none() -> None:
    post = head("POST / HTTP/1.1", [("Content-Length", "4"), ("Expect", "100-continue")])
    probe = head("HEAD / HTTP/1.1")
    answers = [b"HTTP/1.1 100 Continue\r\n\r\n", OK, head("HTTP/1.1 200 OK", [("Content-Length", "999")]), response()]
    opening = play(
        (0, post), (1, answers[0]), (0, b"body"), (1, answers[1]), (0, probe), (1, answers[2]), (0, request()), (1, answers[3])
    )
    assert opening.outcome == "websocket"


def test_an_interim_response_is_not_the_answer() -> None:
    opening = play((0, request()), (1, head("HTTP/1.1 103 Early Hints") + response()))
    assert (opening.outcome, opening.failed) == ("websocket", [])


def test_refused_and_then_accepted_on_the_same_connection() -> None:
    opening = play((0, request("/first")), (1, REFUSED), (0, request("/second")), (1, response()))
    (failed,) = opening.failed
    assert failed.request is not None
    assert failed.response is not None
    assert (failed.request.target, failed.response.status_code) == ("/first", 401)
    assert opening.attempt is not None
    assert opening.attempt.request is not None
    assert opening.attempt.request.target == "/second"


def test_refused_and_then_other_requests_that_were_pipelined() -> None:
    opening = play((0, request("/first") + GET + request("/second")), (1, REFUSED + OK + response()))
    assert (opening.outcome, len(opening.failed)) == ("websocket", 1)


def test_a_request_without_an_answer_is_still_unanswered() -> None:
    opening = play((0, request()), (1, head("HTTP/1.1 100 Continue")))
    assert opening.outcome is None
    assert opening.unanswered is not None
    assert opening.unanswered.target == "/chat"


def test_client_data_before_the_101_is_held_with_its_times() -> None:
    opening = play((0, request() + CLIENT_FRAME[:3]), (0, CLIENT_FRAME[3:]), (1, response()))
    assert opening.outcome == "websocket"
    assert opening.early_client_data
    assert [(chunk.data, chunk.time_ns, chunk.packet) for chunk in opening.held[0]] == [
        (CLIENT_FRAME[:3], 0, 0),
        (CLIENT_FRAME[3:], 1, 1),
    ]


def test_a_hole_in_client_data_before_the_101_is_held_in_its_place() -> None:
    opening = play((0, request() + CLIENT_FRAME[:9]), (0, 3), (0, CLIENT_FRAME[12:]), (1, response()))
    assert opening.outcome == "websocket"
    assert [(chunk.data, chunk.missing) for chunk in opening.held[0]] == [
        (CLIENT_FRAME[:9], 0),
        (b"", 3),
        (CLIENT_FRAME[12:], 0),
    ]


@pytest.mark.parametrize("answer", [response() + SERVER_FRAME, response()])
def test_a_101_that_lies_before_its_request(answer: bytes) -> None:
    opening = play((1, answer), (0, request()))
    assert (opening.outcome, opening.client) == ("websocket", 0)
    assert opening.attempt is not None
    assert opening.attempt.request is not None
    assert held(opening, 1) == answer.removeprefix(response())
    assert not opening.early_client_data


def test_a_101_whose_request_is_lost() -> None:
    opening = play((1, response() + SERVER_FRAME), (0, 300), (0, CLIENT_FRAME))
    assert (opening.outcome, opening.client) == ("websocket", 0)
    assert opening.attempt is not None
    assert opening.attempt.request is None


def test_a_101_that_is_the_first_thing_captured() -> None:
    opening = play((1, response() + SERVER_FRAME), initiator=None)
    assert (opening.outcome, opening.client, held(opening, 1)) == ("websocket", 0, SERVER_FRAME)


def test_a_101_whose_client_says_nothing_at_all() -> None:
    opening = Opening(0, Limits())
    opening.receive(1, response(), 1, 1)
    assert opening.outcome is None
    opening.end(0)
    assert opening.outcome == "websocket"


def test_the_servers_bytes_before_the_clients_are_held_up_to_a_limit() -> None:
    opening = play((1, response() + bytes(2_000)), limits=Limits(held_bytes=1_000))
    assert opening.outcome == "websocket"


def test_a_lost_answer_leaves_the_frames_to_tell() -> None:
    opening = play((0, request()), (1, 200), (1, SERVER_FRAME))
    assert (opening.outcome, opening.client, held(opening, 1)) == ("unanswered", 0, SERVER_FRAME)
    assert opening.unanswered is not None


def test_the_answer_may_follow_a_hole() -> None:
    opening = play((0, GET + request()), (1, 200), (1, response() + SERVER_FRAME))
    assert opening.outcome == "websocket"
    assert opening.attempt is not None
    assert opening.attempt.request is not None
    assert held(opening, 1) == SERVER_FRAME


@pytest.mark.parametrize("answer", [b"garbage\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_an_answer_that_cannot_be_read_leaves_the_frames_to_tell(answer: bytes) -> None:
    opening = play((0, request()), (1, answer), (1, SERVER_FRAME))
    assert opening.outcome == "unanswered"


def test_client_data_without_an_answer_is_held_up_to_a_limit() -> None:
    opening = play((0, request() + CLIENT_FRAME), (0, bytes(2_000)), limits=Limits(held_bytes=1_000))
    assert (opening.outcome, opening.limit_reached) == ("unanswered", True)
    assert held(opening, 0) == CLIENT_FRAME + bytes(2_000)


def test_tiny_pieces_count_for_the_memory_that_they_take() -> None:
    opening = Opening(0, Limits(held_bytes=100_000))
    opening.receive(0, request(), 0, 0)
    count = 0
    while opening.outcome is None:
        opening.receive(0, b"x", 0, 0)
        count += 1
    assert count < 1_000


def test_a_head_that_is_too_long_is_passed_over_and_a_later_one_is_read() -> None:
    opening = play(
        (0, head("GET / HTTP/1.1", [("X", "y" * 500)])), (0, request()), (1, response()), limits=Limits(http_head=300)
    )
    assert (opening.outcome, opening.limit_reached) == ("websocket", True)


def test_a_hole_in_a_body_does_no_harm() -> None:
    big = head("HTTP/1.1 200 OK", [("Content-Length", "1000")]) + bytes(10)
    opening = play((0, GET), (1, big), (1, 990), (0, request()), (1, response()))
    assert opening.outcome == "websocket"


@pytest.mark.parametrize("half", [0, 1])
def test_after_a_hole_in_a_head_http_is_found_again_at_the_start_of_a_segment(half: int) -> None:
    cut = (GET, OK)[half][:7]
    opening = play((half, cut), (half, 50), (0, request()), (1, response()))
    assert opening.outcome == "websocket"


def test_a_websocket_inside_a_tunnel() -> None:
    ask = head("CONNECT example.test:80 HTTP/1.1")
    for pieces in cuts(head("HTTP/1.1 200 Connection established") + response() + SERVER_FRAME):
        opening = play((0, ask + request()), *((1, piece) for piece in pieces))
        assert (opening.outcome, held(opening, 1)) == ("websocket", SERVER_FRAME)
        assert opening.attempt is not None
        assert opening.attempt.request is not None
        assert opening.attempt.request.target == "/chat"


def test_tls_inside_a_tunnel() -> None:
    ask = head("CONNECT example.test:443 HTTP/1.1")
    opening = play((0, ask), (1, head("HTTP/1.1 200 OK")), (0, b"\x16\x03\x01\x02\x00\x01"))
    assert opening.outcome == "tls"


def test_a_refused_tunnel_and_a_second_attempt() -> None:
    ask = head("CONNECT example.test:80 HTTP/1.1")
    denied = head("HTTP/1.1 407 Proxy Authentication Required", [("Content-Length", "0")])
    opening = play((0, ask), (1, denied), (0, ask), (1, head("HTTP/1.1 200 OK")), (0, request()), (1, response()))
    assert (opening.outcome, opening.failed) == ("websocket", [])


PROXY_V1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"
PROXY_V2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12)


@pytest.mark.parametrize("proxy", [PROXY_V1, PROXY_V2], ids=["version 1", "version 2"])
def test_a_proxy_header_before_the_request_at_every_cut(proxy: bytes) -> None:
    for pieces in cuts(proxy + request()):
        opening = play(*((0, piece) for piece in pieces), (1, response()))
        assert (opening.outcome, opening.client) == ("websocket", 0)


@pytest.mark.parametrize(
    ("half", "data", "kind"),
    [
        (0, b"\x16\x03\x01\x02\x00\x01\x00", "tls"),
        (0, b"\x17\x03\x03\x00\x20", "tls"),
        (0, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http2"),
        (1, b"220 mail.example ESMTP\r\n", "other"),
        (0, b"\x81\x85abcd", "other"),
        (0, b"*1\r\n$4\r\nPING\r\n", "other"),
        (1, b"\x00" * 100, "other"),
    ],
)
def test_what_else_it_may_be_whole_and_byte_by_byte(half: int, data: bytes, kind: str) -> None:
    assert play((half, data)).outcome == kind
    assert play(*((half, data[i : i + 1]) for i in range(len(data)))).outcome == kind


@pytest.mark.parametrize(("protocol", "kind"), [("h2c", "http2"), ("TLS/1.0", "http")])
def test_an_upgrade_to_something_else(protocol: str, kind: str) -> None:
    asked = head("GET / HTTP/1.1", [("Upgrade", protocol)])
    answered = head("HTTP/1.1 101 Switching Protocols", [("Upgrade", protocol)])
    assert play((0, asked), (1, answered)).outcome == kind


def test_the_draft_with_two_keys_is_told_from_the_rfc() -> None:
    asked = head("GET / HTTP/1.1", [("Upgrade", "WebSocket"), ("Sec-WebSocket-Key1", "4 @1"), ("Sec-WebSocket-Key2", "12")])
    answered = head("HTTP/1.1 101 WebSocket Protocol Handshake", [("Upgrade", "WebSocket")])
    assert play((0, asked + b"^n:ds[4U"), (1, answered + b"8jKS'y:G*Co,Wxa-")).outcome == "hybi-00"


def test_requests_without_answers_are_remembered_up_to_a_limit() -> None:
    opening = play(*((0, GET * 100) for _ in range(11)), (0, request()))
    assert opening.limit_reached
    assert len(opening._requests) == 1_000


def test_of_requests_without_answers_no_more_is_kept_than_may_be_held() -> None:
    long = head(f"HEAD /{'x' * 600} HTTP/1.1")
    answer = head("HTTP/1.1 200 OK", [("Content-Length", "999")])
    limits = Limits(held_bytes=1_000)
    opening = play((0, long * 5 + request()), (1, answer * 5 + response()), limits=limits)
    assert (opening.outcome, opening.limit_reached) == ("websocket", True)
    asked = play((0, long * 5), limits=limits)
    assert (len(asked._requests), asked._requests.held_bytes) == (5, 601)
    unasked = play((0, long * 2), (1, answer + response()), limits=limits)
    assert unasked.attempt is not None
    assert unasked.attempt.request is None


pieces = st.sampled_from(
    [
        request(),
        response(),
        GET,
        OK,
        REFUSED,
        head("CONNECT h:80 HTTP/1.1"),
        head("HTTP/1.1 200 OK"),
        head("HTTP/1.1 100 Continue"),
        head("HTTP/1.1 101 x"),
        PROXY_V1,
        CLIENT_FRAME,
        SERVER_FRAME,
        frame(8),
    ]
)
events = st.tuples(st.integers(0, 1), st.one_of(pieces, st.binary(max_size=20), st.integers(1, 400)))


LONG_PROXY = PROXY_V2[:14] + b"\xff\xff" + bytes(65_535)


@pytest.mark.parametrize("size", [100, 1_460, 40_000])
def test_a_proxy_header_may_be_longer_than_any_limit(size: int) -> None:
    opening = Opening(0, Limits(http_head=1_000, held_bytes=1_000))
    data = LONG_PROXY + request()
    for place in range(0, len(data), size):
        assert opening._held_bytes <= 1_000
        opening.receive(0, data[place : place + size], place, place)
    opening.receive(1, response(), 0, 0)
    assert opening.outcome == "websocket"


def test_a_response_waits_for_the_request_behind_a_proxy_header() -> None:
    opening = play((0, PROXY_V2[:20]), (1, response()), (0, PROXY_V2[20:]), (0, request()))
    assert opening.outcome == "websocket"
    assert opening.attempt is not None
    assert opening.attempt.request is not None


@pytest.mark.parametrize("size", [10, 400, 5_000])
def test_a_first_line_that_is_too_long_is_a_head_that_is_too_long(size: int) -> None:
    line = b"GET /" + b"x" * 1_500 + b" HTTP/1.1\r\n\r\n"
    pieces = [(0, line[place : place + size]) for place in range(0, len(line), size)]
    opening = play(*pieces, (0, request()), (1, response()), limits=Limits(http_head=1_000))
    assert (opening.outcome, opening.limit_reached) == ("websocket", True)
    assert play(*pieces, initiator=None, limits=Limits(http_head=1_000)).outcome == "other"


def test_words_without_end_are_held_up_to_the_limit_of_a_head() -> None:
    opening = Opening(None, Limits(http_head=1_000))
    opening.receive(0, b"GET /" + b"x" * 500, 0, 0)
    assert (opening.outcome, opening._held_bytes) == (None, 505 + 128)
    opening.receive(0, b"x" * 500, 0, 0)
    assert (opening.outcome, opening._held_bytes) == ("other", 0)
    assert [len(chunk.data) for chunk in opening.undecided_chunks(0)] == [505, 500]


def test_a_first_line_in_the_tiniest_pieces_costs_no_more_than_what_may_be_held() -> None:
    opening = Opening(0, Limits(held_bytes=10_000))
    opening.receive(0, b"GET ", 0, 0)
    for count in range(3_000):
        opening.receive(0, b"x", 0, 0)
        assert opening._held_bytes <= 5 + count + 10_000
    opening.receive(0, b" HTTP/1.1\r\n", 0, 0)
    assert (opening.is_http, opening._held_bytes) == (True, 0)


def test_what_is_lost_is_held_no_more() -> None:
    broken = play((0, b"GET / HTTP/1.1\r\nX: " + b"y" * 40_000), limits=Limits(http_head=1_000))
    assert (broken.limit_reached, broken._sides[0].reader and broken._sides[0].reader.pending_bytes) == (True, 0)
    torn = play((0, b"GET /" + b"x" * 500), (0, 100))
    assert (torn._held_bytes, torn.undecided_chunks(0)) == (0, [])


@given(st.lists(events, max_size=14), st.sampled_from([None, 0, 1]), st.integers(100, 3_000))
def test_any_bytes_in_any_order_never_raise(story: list[tuple[int, bytes | int]], initiator: int | None, limit: int) -> None:
    opening = play(*story, initiator=initiator, limits=Limits(http_head=limit, held_bytes=limit))
    opening.end(0)
    opening.end(1)
    if opening.outcome is None:
        assert opening._waiting_bytes <= limit
        assert opening._early_bytes <= limit
        for side in opening._sides:
            assert side.beginning.length < max(limit, 107)
            assert 128 * len(side.beginning.pieces) <= max(limit, 128)
            assert side.reader is None or side.reader.pending_bytes <= limit + 4


@given(st.lists(events, max_size=14), st.integers(1, 40))
def test_what_is_found_does_not_depend_on_how_it_is_cut(story: list[tuple[int, bytes | int]], size: int) -> None:
    def result(opening: Opening) -> tuple[object, ...]:
        attempt = opening.attempt
        heads = (attempt.request, attempt.response) if attempt else ()
        return opening.outcome, opening.client, [each and (each.method, each.target, each.status_code) for each in heads]

    whole = [(half, event) for half, event in story if not isinstance(event, int)]
    cut = [(half, event[i : i + size]) for half, event in whole for i in range(0, len(event), size)]
    first, second = play(*whole), play(*cut)
    if first.malformed or second.malformed:
        return  # from there on only the start of a segment helps
    if first.outcome == "websocket" or second.outcome == "websocket":
        assert result(first) == result(second)
        assert (held(first, 0), held(first, 1)) == (held(second, 0), held(second, 1))


def test_what_looks_like_the_frames_of_a_server_may_follow_a_handshake_that_was_not_captured() -> None:
    opening = play((1, text('{"type":"tick","number":1}')))
    assert opening.outcome == "unanswered"
    assert [chunk.data[:3] for chunk in opening.undecided_chunks(1)] == [b"\x81\x1a{"]


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.6\r\n", b"220 mail ESMTP\r\n", b"\x4a\x00\x00\x00\x0a8.0.36\x00"])
def test_a_server_that_greets_first_is_something_else(greeting: bytes) -> None:
    assert play((1, greeting)).outcome == "other"
    assert play((0, text('{"type":"tick","number":1}', b"abcd"))).outcome == "other"
