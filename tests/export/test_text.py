"""Lines for people: readable, and harmless to a terminal whatever came over the wire."""

from __future__ import annotations

import pytest

from wsobserve.export.rows import Row
from wsobserve.export.text import anomaly_line, connection_line, line_of, loss_line, printable, size_text

COMMON: Row = {
    "client": "10.0.0.1:4000",
    "server": "10.0.0.2:80",
    "source": "10.0.0.1:4000",
    "destination": "10.0.0.2:80",
    "direction": "client_to_server",
    "time": "2026-11-22T17:00:00.000001007Z",
    "time_ns": 1,
    "packet": 9,
}
MESSAGE: Row = {
    **COMMON,
    "kind": "message",
    "opcode": "text",
    "length": 7,
    "wire_length": 7,
    "fragments": 1,
    "compressed": False,
    "undecoded": None,
    "format": "json",
    "channel": "/a",
    "name": "tick",
}


def test_control_characters_never_reach_a_terminal() -> None:
    assert printable("a\x1b[31mb\r\n") == "a\\x1b[31mb\\x0d\\x0a"
    assert "\u202e" not in printable("\u202etxt")
    line = line_of({**MESSAGE, "channel": "/\x1b]0;x\x07", "name": "\x9b31m"})
    assert "\x1b" not in line
    assert "\x9b" not in line


def test_a_message_line_says_what_is_special_about_it() -> None:
    row = {**MESSAGE, "fragments": 3, "compressed": True, "wire_length": 5, "length": None, "undecoded": "context_lost"}
    line = line_of(row)
    assert "3 fragments, compressed from 5 B, context_lost" in line
    assert " ? B" in line


def test_a_frame_line_says_how_much_is_at_hand() -> None:
    row = {
        **COMMON,
        "kind": "frame",
        "fin": True,
        "rsv": 0,
        "opcode": "binary",
        "masked": True,
        "length": 9,
        "captured_length": 4,
    }
    assert "9 B (4 at hand)  fin masked" in line_of(row)


def test_anomalies_and_losses_stand_out() -> None:
    assert "! frame_masked: x" in anomaly_line({**COMMON, "anomaly": "frame_masked", "detail": "x"})
    loss = loss_line({"source_file": "a.pcap", "reason": "file_cut", "packets": None, "detail": "after packet 3"})
    assert loss == "! a.pcap: file_cut, an unknown number of packets (after packet 3)"


def test_a_refused_connection_shows_the_status() -> None:
    counts = {"messages": 0}
    row = {
        **COMMON,
        "kind": "connection",
        "state": "refused",
        "started_mid_stream": False,
        "handshake": {"target": "/x", "status_code": 403},
        "client_to_server": counts,
        "server_to_client": counts,
        "close": {"status_code": None, "first_sent_by": None, "verdict": "unknown"},
        "lost_bytes": 0,
        "gaps": 0,
        "undecoded": {},
        "anomalies": {},
    }
    assert "status 403" in connection_line(row)


@pytest.mark.parametrize(
    ("size", "text"), [(None, "-"), (0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (250_000, "250 kB"), (3.2e9, "3.2 GB")]
)
def test_sizes_have_the_unit_that_suits_them(size: float | None, text: str) -> None:
    assert size_text(size) == text
