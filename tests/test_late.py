"""Joined late: what a capture says that begins in the middle of open connections, beside what the whole of it says."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("websockets", reason="the package websockets is not installed")

from tests.late_traffic import DEFLATED, MIX, Joined, Recording, decode, join, mixed, record, talking_service
from tests.segments import packets_of
from tests.sent_traffic import messages_in, records_of
from wsobserve.doctor import may_capture
from wsobserve.export.store import StoreReader
from wsobserve.records import Message, Record

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
PLAIN = [kind for kind in MIX if kind not in (*DEFLATED, "pings", "push")]

live = pytest.mark.skipif(not may_capture(), reason="live capture needs Linux and CAP_NET_RAW")


@cache
def recording() -> Recording:
    return record(500, 14, 1)


@cache
def whole() -> list[Record]:
    return decode(recording())


@cache
def joined() -> Joined:
    return join(recording(), recording().joined_at, whole())


def ports(*kinds: str) -> list[int]:
    return [port for port, kind in recording().kinds.items() if kind in kinds]


def sides(*kinds: str) -> list[tuple[int, str]]:
    return [(port, direction) for port in ports(*kinds) for direction in ("client_to_server", "server_to_client")]


@live
def test_of_500_open_connections_all_are_recognised_within_three_messages_each_way() -> None:
    assert len(joined().recognised_at) == len(recording().kinds) == 500
    needed = Counter(min(joined().needed(port)) for port in ports(*PLAIN))
    assert max(needed) <= 3, needed


@live
def test_where_one_side_alone_talks_json_three_messages_are_enough() -> None:
    needed = Counter(max(joined().needed(port)) for port in ports("push"))
    assert max(needed) <= 3, needed


@live
def test_nothing_that_was_said_since_is_missed_and_nothing_else_is_told() -> None:
    assert joined().wrong() == []
    for side in sides(*PLAIN, "push", "alone"):
        said = [(message.opcode, message.payload) for message in joined().after(side)]
        found = [(message.opcode, message.payload) for message in joined().found.get(side, [])]
        assert found == said, side


@live
def test_compressed_messages_are_counted_from_the_first_on_and_none_is_wrong() -> None:
    for side in sides("takeover"):
        said, found = joined().after(side), joined().found.get(side, [])
        told = [(message.wire_length, message.length) for message in found]
        assert told == [(message.wire_length, message.length) for message in said]
        assert {message.undecoded for message in found} <= {None, "context_lost"}


@live
def test_other_protocols_are_never_taken_for_a_websocket() -> None:
    assert joined().foreign_found == []


@live
def test_each_connection_says_how_it_was_joined() -> None:
    for port, summary in joined().summaries.items():
        kind = recording().kinds[port]
        assert (summary.started_mid_stream, summary.joined, summary.handshake) == (True, "frames", None)
        assert summary.half.client == f"127.0.0.1:{port}"
        assert summary.compressed is (True if kind in DEFLATED else None)
        assert summary.recognised_after is not None
        assert summary.recognised_after >= (kind == "plain")
        assert (summary.route, summary.route_source) == (None, None)
        assert summary.server_to_client.unsynchronised_bytes == 0
        # A client that was silent says nothing but goodbye: too little to be certain of, and counted.
        assert summary.client_to_server.unsynchronised_bytes == (8 if kind == "push" else 0)


@live
def test_joined_at_any_other_packet_nothing_is_wrong_either() -> None:
    chance = Random(2)
    last = sum(len(batch) for batch in recording().batches)
    for start in (chance.randrange(2_500, last) for _ in range(2)):
        at_random = join(recording(), start, whole())
        assert at_random.wrong() == []
        assert at_random.foreign_found == []


@live
def test_the_command_that_is_attached_late_sees_them_all_by_the_routes_of_its_rules(
    wsobserve_command: list[str], tmp_path: Path
) -> None:
    rules, store = tmp_path / "routes.yaml", str(tmp_path / "late.db")

    async def talk() -> dict[str, object]:
        async with talking_service(mixed(100), Random(3)) as service:
            await service.round()
            command = [
                *wsobserve_command,
                "attach",
                "--interface",
                "lo",
                "--port",
                str(service.port),
                "--json",
                "--health",
                "off",
            ]
            rules.write_text(f"routes: [{{port: {service.port}, route: /feed}}]")
            command += ["--routes", str(rules), "--store", store]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/") as watching:
                try:
                    assert watching.stderr is not None
                    assert "watching lo" in watching.stderr.readline()
                    for _ in range(4):
                        await service.round()
                    watching.send_signal(signal.SIGINT)
                    output, _ = watching.communicate(timeout=60)
                finally:
                    watching.kill()
        accounting: dict[str, object] = json.loads(output)
        return accounting

    accounting = asyncio.run(talk())
    assert accounting["handshakes"] == {"mid_stream": 100}
    shares = Counter(mixed(100))
    each_way = sum(count for kind, count in shares.items() if kind not in ("pings", "push"))
    assert accounting["messages"] == 4 * (2 * each_way + shares["push"])
    reader = StoreReader(store)
    run = reader.runs()[0]["id"]
    assert {row["channel"] for row in reader.channels(run)} == {"/feed"}
    assert {row["route"] for row in reader.connections(run)} == {"/feed"}


@live
def test_rules_that_nobody_understands_are_told_in_one_line(wsobserve_command: list[str], tmp_path: Path) -> None:
    rules = tmp_path / "routes.yaml"
    rules.write_text("routes: [{port: 80}]")
    command = [*wsobserve_command, "attach", "--interface", "lo", "--port", "80", "--routes", str(rules)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    assert done.returncode == 1
    assert "either `route` or `same_port" in done.stderr
    assert len(done.stderr.splitlines()) == 1


# --- our recordings, from any packet on -----------------------------------------------------------------------------------


def spoken(message: Message) -> tuple[object, ...]:
    return message.half.source, message.half.destination, message.opcode, message.payload


def assert_true_from(name: str, starts: list[int]) -> None:
    packets = packets_of(CAPTURES / name)
    truth = Counter(spoken(message) for message in messages_in(records_of(packets)) if message.complete)
    for start in starts:
        found = Counter(spoken(message) for message in messages_in(records_of(packets[start:])) if message.complete)
        assert found <= truth, (name, start)


@pytest.mark.parametrize("name", ["graphql_ws.pcap", "websockets_chat.pcap", "abnormal_close.pcap"])
def test_from_every_packet_on_a_small_recording_says_nothing_that_the_whole_does_not(name: str) -> None:
    assert_true_from(name, list(range(len(packets_of(CAPTURES / name)))))


@pytest.mark.parametrize("name", ["demo.pcapng", "fragments.pcap", "socketio.pcapng", "ws_deflate.pcapng", "mqtt.pcapng"])
def test_from_any_packet_on_a_larger_one_does_not_either(name: str) -> None:
    chance = Random(name)
    assert_true_from(name, [chance.randrange(len(packets_of(CAPTURES / name))) for _ in range(12)])
