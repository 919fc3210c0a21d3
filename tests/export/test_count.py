"""The table of counts: every number has its line, and what does not add up is said."""

from __future__ import annotations

from wsobserve.export.count import count_lines
from wsobserve.records import Accounting

FULL = Accounting(
    packets_seen=1_001,
    packets_decoded=990,
    packets_skipped={"udp": 7},
    packets_dropped={"cut_header": 4},
    packets_cut=3,
    connections={"websocket": 2, "tls": 1},
    connections_evicted={"idle": 1},
    handshakes={"accepted": 2},
    frames={"text": 5, "ping": 1},
    messages=5,
    messages_decoded=4,
    messages_undecoded={"context_lost": 1},
    payload_bytes=1_234_567,
    bytes_delivered=1_234_560,
    bytes_duplicate=5,
    bytes_buffered=1,
    bytes_discarded={"after_fin": 1},
    frame_bytes=777,
    payload_length=888,
    bytes_unsynchronised=9,
    bytes_lost=33,
    gaps=2,
    anomalies={"frame_masked": 6},
    capture_loss={"kernel_dropped": 8},
    capture_loss_unknown={"file_cut": 1},
)


def numbers(lines: list[str]) -> dict[str, str]:
    return {label.strip(): number for label, _, number in (line.rpartition(" ") for line in lines if line)}


def test_every_quantity_has_its_line() -> None:
    lines = count_lines(FULL)
    assert numbers(lines[:-2]) == {
        "Packets": "1,001",
        "TCP": "990",
        "skipped: udp": "7",
        "not decodable: cut_header": "4",
        "shortened by the snap length": "3",
        "TCP connections": "3",
        "websocket": "2",
        "tls": "1",
        "given up: idle": "1",
        "Opening handshakes": "2",
        "accepted": "2",
        "Frames": "6",
        "text": "5",
        "ping": "1",
        "Messages": "5",
        "decoded": "4",
        "not decoded: context_lost": "1",
        "Bytes of TCP payload": "1,234,567",
        "delivered in order": "1,234,560",
        "retransmitted or overlapping": "5",
        "waiting": "1",
        "discarded: after_fin": "1",
        "Bytes of frames, on the wire": "777",
        "Bytes of messages, inflated": "888",
        "Bytes without a certain frame boundary": "9",
        "Bytes missing, in 2 gaps": "33",
        "Anomalies": "6",
        "frame_masked": "6",
        "Packets lost by the capture": "8",
        "kernel_dropped": "8",
        "times an unknown number: file_cut": "1",
    }
    assert lines[-1] == "Every packet, byte and message is accounted for."


def test_what_does_not_add_up_is_said() -> None:
    lines = count_lines(Accounting(packets_seen=2, packets_decoded=1))
    assert lines[-1] == "DOES NOT ADD UP: 2 packets is not 1 decoded"
