"""Numbers and findings in words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "dashboards"))

import words

from wsobserve.records import Accounting

RUN = {"messages_in_overflow": 0}


def of(**counters: Any) -> list[tuple[str, str, str]]:
    return [(one.color, one.amount, one.meaning) for one in words.findings(msgspec.to_builtins(Accounting(**counters)), RUN)]


def test_what_is_complete_has_no_findings() -> None:
    assert of(packets_seen=9, packets_skipped={"udp": 4}, messages=2, bytes_discarded={"ignored": 80}) == []
    assert of(packets_dropped={"cut_header": 0}, anomalies={"invalid_utf8": 0}, capture_loss={"kernel_dropped": 0}) == []


@pytest.mark.parametrize(
    ("counters", "amount", "meaning"),
    [
        ({"capture_loss": {"kernel_dropped": 31}}, "31 packets", "dropped by the kernel: the capture could not keep up"),
        ({"capture_loss_unknown": {"file_cut": 1}}, "some packets", "a file ends inside a record; how many is not known"),
        ({"packets_dropped": {"unknown_link_type": 1}}, "1 packet", "could not be decoded: unknown link type"),
        ({"packets_cut": 5}, "5 packets", "snap length"),
        ({"bytes_lost": 1448, "gaps": 2}, "1.4 kB", "missing in 2 gaps of the WebSocket streams"),
        ({"gaps": 1}, "1 gap", "of unknown length"),
        ({"bytes_unsynchronised": 10}, "10 B", "no frame boundary"),
        ({"bytes_discarded": {"limit": 10}}, "10 B", "buffer limit"),
        ({"bytes_discarded": {"new_reason": 10}}, "10 B", "discarded: new reason"),
        ({"messages_undecoded": {"context_lost": 11}}, "11 messages", "compressed against earlier bytes that were lost"),
        ({"messages_undecoded": {"new_reason": 1}}, "1 message", "not decoded: new reason"),
        ({"connections": {"tls": 7}}, "7 connections", "encrypted"),
        ({"connections_evicted": {"idle": 1}}, "1 connection", "forgotten before their end"),
        ({"handshakes": {"mid_stream": 1}}, "1 connection", "joined mid-stream"),
        ({"anomalies": {"gap_in_stream": 2, "invalid_utf8": 3}}, "5 anomalies", "invalid utf8 (3), gap in stream (2)"),
    ],
)
def test_what_is_missing_or_odd_is_named_with_its_amount(counters: dict[str, Any], amount: str, meaning: str) -> None:
    [(_, found, said)] = of(**counters)
    assert found == amount
    assert meaning in said.replace("\\", "")


def test_messages_beyond_the_limit_of_channels_are_a_finding() -> None:
    [finding] = words.findings(msgspec.to_builtins(Accounting()), {"messages_in_overflow": 3})
    assert finding.amount == "3 messages"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (1_448, "1.4 kB"),
        (99_960, "100 kB"),
        (1.5e6, "1.5 MB"),
        (2e15, "2,000 TB"),
    ],
)
def test_sizes(count: float, text: str) -> None:
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("length_ns", "text"),
    [
        (0, "0 ms"),
        (350_000_000, "350 ms"),
        (12_500_000_000, "12.5 s"),
        (200_000_000_000, "3 min 20 s"),
        (7_500_000_000_000, "2 h 5 min"),
    ],
)
def test_spans(length_ns: int, text: str) -> None:
    assert words.span(length_ns) == text


def test_counts_and_moments() -> None:
    assert [words.short(count) for count in (0, 12_345, 1_234_567, 5_000_000_000)] == ["0", "12,345", "1.23 M", "5.00 G"]
    assert words.moment(1_790_000_000_123_456_789) == "2026-09-21 14:13:20"
    assert words.moment(2**63 - 1) == "2262-04-11 23:47:16"
    assert words.moment(None) == "not known"


def test_names_from_the_wire_mean_nothing_but_themselves() -> None:
    assert words.plain("a_b ![x](http://h) <b> :red[y] `c` $z$") == (r"a_b \!\[x\]\(http\:\/\/h\) \<b\> \:red\[y\] \`c\` \$z\$")
