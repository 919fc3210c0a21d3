"""A status as text: everything that it says, and losses beside what they are losses of."""

from __future__ import annotations

import json

import pytest

from tests.sidecar.statuses import START_NS, channel, queue_counts, status
from wsobserve.records import Accounting
from wsobserve.sidecar.log import Log
from wsobserve.sidecar.status import ExporterStatus
from wsobserve.sidecar.status_text import StatusLog, busiest, loss_text, memory_text, state_text, status_line, status_lines

pytestmark = pytest.mark.build_independent


def test_the_page() -> None:
    lines = status_lines(status(troubles=("worker 0 was restarted",)))
    assert lines == [
        "wsobserve 0.1.0 of chat: healthy, for 1m 5s",
        "  watches      lo port 8080",
        "  resource     k8s.pod.name=chat-0",
        "  privileges   user 65534",
        "               no capabilities",
        "  workers      0: process 7, 990 packets, 40.0 MiB, restarted 1 times, heard 1s ago",
        "  memory       85.1 MiB of 256 MiB",
        "  connections  3 open; 4 so far (3 accepted, 1 mid stream)",
        "  packets      1,234.5 a second; 990 so far",
        "  messages     6.0 a second; 6 so far",
        "  wire bytes   160 B a second; 160 B so far",
        "  lost         10 packets not captured (1 %), 5 packets not decodable (0.51 %), 1 messages not decoded (17 %), "
        "1.5 KiB in 2 gaps",
        "  exporters    store: 7 records exported, 3 waiting",
        "  troubles     worker 0 was restarted",
        "",
        "  channel                                  direction             messages   p50 size  not decoded",
        "  /rooms/{id}                              client_to_server             6       10 B            1",
    ]


def test_the_line_for_the_log() -> None:
    line = status_line(status())
    assert line.startswith(
        "1,234 packets/s, 6 messages/s, 3 connections; 6 messages so far; lost: 10 packets not captured (1 %)"
    )
    assert line.endswith("memory 85.1 MiB of 256 MiB")


def test_states() -> None:
    assert state_text(status()) == "healthy"
    assert state_text(status(ready=False)) == "not ready yet"
    assert state_text(status(healthy=False)) == "not healthy"


def test_losses() -> None:
    assert loss_text(Accounting(packets_seen=10, packets_decoded=10)) == "nothing"
    assert loss_text(Accounting(capture_loss={"kernel_dropped": 5})) == "5 packets not captured (100 %)"
    assert loss_text(Accounting(capture_loss_unknown={"file_cut": 1})) == "1 times an unknown number of packets"
    assert loss_text(Accounting(bytes_unsynchronised=2_048)) == "2.0 KiB without a frame boundary"


def test_what_is_given_up_is_named() -> None:
    assert memory_text(status(shedding=2)).endswith("; gives up payload samples, schema values")
    shed = status_lines(status(shedding=4, shed={"connections": 12, "payload_samples": 0}))
    assert "  given up     connections: 12" in shed


def test_an_exporter_in_trouble() -> None:
    counts = queue_counts(dropped={"ChannelMessage": 9}, failed={"Snapshot": 1}, failures=4, last_error="disk full")
    lines = status_lines(status(exporters=(ExporterStatus(name="store", counts=counts),)))
    assert "  exporters    store: 7 records exported, 3 waiting, 9 dropped, 1 failed, failed 4 times, last: disk full" in lines


def test_a_worker_that_does_not_run() -> None:
    worker = status().workers[0]
    dead = type(worker)(number=1, process=None, restarts=0, packets=0, memory_bytes=0, heard_ns=0)
    assert "  workers      1: not running, 0 packets, 0 B, not heard yet" in status_lines(status(workers=(dead,)))


def test_the_busiest_channels_are_shown_and_the_others_counted() -> None:
    channels = tuple(channel(f"/{number}", messages=number) for number in range(25))
    lines = status_lines(status(channels=channels))
    assert lines[-1] == "  and 15 more"
    assert lines[-11].startswith("  /24 ")
    assert [total.channel for total in busiest(status(channels=channels), 2)] == ["/24", "/23"]


def test_names_of_others_cannot_move_the_cursor() -> None:
    lines = status_lines(status(channels=(channel("/\x1b[2J\n"),), watching="a\nb"))
    assert all(line.isprintable() for line in lines)


def test_a_long_name_is_cut_and_says_so() -> None:
    assert status_lines(status(channels=(channel("/" + "a" * 100),)))[-1].startswith(f"  /{'a' * 38}… ")


def test_the_log_hears_once_a_minute() -> None:
    lines: list[str] = []
    now = [0.0]
    telling = StatusLog(Log("json", lines.append), clock=lambda: now[0])
    for second in range(181):
        now[0] = float(second)
        telling.update(status(time_ns=START_NS))
    assert len(lines) == 3
    entry = json.loads(lines[0])
    assert (entry["event"], entry["packets"], entry["packets_lost"], entry["messages"]) == ("status", 990, 10, 6)
    assert (entry["packets_undecodable"], entry["messages_undecoded"], entry["bytes_lost"]) == (5, 1, 1_500)
