"""The closing summary: what was lost stands beside what was seen, and 'nothing' is said only when it is so."""

from __future__ import annotations

from wsobserve.export.summary import summary_lines, trouble_lines
from wsobserve.records import Accounting, ChannelTotal, Sizes, Snapshot


def total(channel: str, messages: int) -> ChannelTotal:
    return ChannelTotal(
        channel=channel,
        direction="client_to_server",
        messages=messages,
        undecoded=0,
        rate=None,
        frame_bytes=10,
        payload_bytes=8,
        size_p50=8,
        size_p95=8,
        size_p99=8,
        sizes=Sizes(),
        names={"tick": messages},
        formats={"json": messages},
        first_ns=1,
        last_ns=2,
    )


def test_a_whole_capture_says_so() -> None:
    lines = summary_lines(Snapshot(time_ns=1, accounting=Accounting(packets_seen=3, packets_decoded=3)))
    assert lines[-1] == "Nothing was lost, cut or left undecoded."


def test_each_kind_of_trouble_has_a_line() -> None:
    accounting = Accounting(
        capture_loss={"kernel_dropped": 7},
        capture_loss_unknown={"file_cut": 1},
        packets_dropped={"cut_header": 2},
        packets_cut=3,
        connections_evicted={"limit": 12},
        bytes_lost=100,
        gaps=1,
        bytes_discarded={"ignored": 5, "out_of_window": 6},
        bytes_unsynchronised=8,
        messages_undecoded={"context_lost": 9},
        connections={"tls": 4},
        anomalies={"frame_masked": 11},
    )
    text = "\n".join(trouble_lines(accounting))
    for fragment in (
        "7 packets missing",
        "unknown number of packets",
        "2 packets not decodable (cut_header)",
        "3 packets shortened",
        "12 connections given up (limit)",
        "100 bytes missing in 1 gaps",
        "6 bytes discarded (out_of_window)",
        "8 bytes at hand",
        "9 messages not decoded (context_lost)",
        "4 connections encrypted",
        "11 times frame_masked",
    ):
        assert fragment in text
    assert "ignored" not in text, "bytes that are no WebSocket's are not lost"


def test_the_busiest_channels_come_first_and_the_rest_is_counted() -> None:
    totals = tuple(total(f"/c{index:02}", index) for index in range(1, 26))
    lines = summary_lines(Snapshot(time_ns=1, accounting=Accounting(), channels=totals))
    rows = [line for line in lines if line.startswith("/c")]
    assert rows[0].startswith("/c25")
    assert len(rows) == 20
    assert "and 5 more" in lines
