"""Equations: they hold when the parts add up, and say so when they do not."""

from __future__ import annotations

from wsobserve.export.equations import Equation, equations
from wsobserve.records import Accounting


def test_an_equation_says_whether_its_parts_add_up() -> None:
    right = Equation("packets", 10, {"decoded": 9, "skipped": 1, "not decodable": 0})
    assert right.holds
    assert right.text() == "10 packets = 9 decoded + 1 skipped"
    wrong = Equation("packets", 10, {"decoded": 9})
    assert not wrong.holds
    assert wrong.text() == "10 packets is not 9 decoded"
    assert Equation("messages", 0, {"decoded": 0}).text() == "0 messages = none"


def test_every_reason_is_part_of_a_sum() -> None:
    accounting = Accounting(
        packets_seen=12,
        packets_decoded=5,
        packets_skipped={"udp": 3, "arp": 1},
        packets_dropped={"bad_length": 2, "cut_header": 1},
        payload_bytes=100,
        bytes_delivered=50,
        bytes_duplicate=20,
        bytes_discarded={"ignored": 10, "after_fin": 5},
        bytes_buffered=15,
        messages=7,
        messages_decoded=4,
        messages_undecoded={"incomplete": 2, "context_lost": 1},
    )
    assert [equation.holds for equation in equations(accounting)] == [True, True, True]
    accounting.packets_seen += 1
    accounting.bytes_buffered += 1
    accounting.messages_decoded -= 1
    assert [equation.holds for equation in equations(accounting)] == [False, False, False]
