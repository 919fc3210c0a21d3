"""What waits for a handshake, or to be recognised, weighs what it holds."""

from __future__ import annotations

from tests.websocket.wire import KEY, request, response, text
from wsobserve.config import Limits
from wsobserve.websocket.opening import Chunk, Opening
from wsobserve.websocket.recognition import Recognition
from wsobserve.websocket.waiting import opening_weight, recognition_weight, requests_of


def test_a_head_that_has_come_in_part_weighs_its_bytes() -> None:
    opening = Opening(0, Limits())
    assert opening_weight(opening, 0) == 0
    opening.receive(0, request()[:50], 1, 1)
    assert (opening_weight(opening, 50), requests_of(opening)) == (50, 0)


def test_a_first_line_that_has_not_ended_weighs_once_what_it_takes() -> None:
    opening = Opening(0, Limits())
    for packet in range(3):
        opening.receive(0, b"GET " + b"x" * 96, packet, packet)
    assert opening_weight(opening, 300) == 300 + 3 * 128
    opening.receive(0, b"no more\r\n", 4, 4)
    assert opening_weight(opening, 309) == 0


def test_requests_without_an_answer_weigh_what_was_heard_at_most() -> None:
    opening = Opening(0, Limits(http_head=1_000))
    for packet in range(3):
        opening.receive(0, b"GET / HTTP/1.1\r\n\r\n", packet, packet)
    assert requests_of(opening) == 3
    assert (opening_weight(opening, 54), opening_weight(opening, 9_000)) == (54, 3_000)


def test_what_follows_an_unanswered_upgrade_is_held() -> None:
    opening = Opening(0, Limits())
    opening.receive(0, request(), 1, 1)
    before = opening_weight(opening, 0)
    opening.receive(0, text("x" * 1_000, KEY), 2, 2)
    assert opening_weight(opening, 0) > before + 1_000
    opening.receive(1, response(), 3, 3)
    assert opening.outcome == "websocket"


def test_what_is_to_be_recognised_is_held_twice() -> None:
    recognition = Recognition(Limits())
    assert recognition_weight(recognition) == 0
    recognition.receive(0, Chunk(b"x" * 100, 1, 1))
    assert recognition_weight(recognition) == 200
