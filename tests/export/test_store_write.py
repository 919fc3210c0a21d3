"""The writer of the store: what comes in stands in the tables once, whole or not at all."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wsobserve.config import Limits
from wsobserve.export.error import ExportError
from wsobserve.export.store import StoreExporter, address
from wsobserve.records import (
    CLIENT_TO_SERVER,
    Accounting,
    Anomaly,
    AnomalyKind,
    CaptureLoss,
    ChannelMessage,
    ChannelTotal,
    ChannelVolume,
    Close,
    ConnectionSummary,
    Direction,
    Extension,
    Half,
    HalfCount,
    Handshake,
    Message,
    MessageKind,
    SchemaDrift,
    SeriesTotal,
    Sizes,
    Snapshot,
)

SECOND_NS = 1_000_000_000
START_NS = 1_790_000_000 * SECOND_NS
SIZES = Sizes(count=3, sum=111, minimum=1, maximum=100, buckets={-1: 1, 53: 1, 106: 1})
HALF = Half(
    connection="c1",
    source="10.0.0.2:50000",
    destination="10.0.0.1:80",
    client="10.0.0.2:50000",
    server="10.0.0.1:80",
    direction=CLIENT_TO_SERVER,
)
HANDSHAKE = Handshake(
    half=HALF,
    time_ns=START_NS + 3_000_000,
    packet=5,
    request_time_ns=START_NS,
    request_packet=4,
    method="GET",
    target="/rooms/{id}?v=2",
    path_template="/rooms/{id}",
    host="example.test",
    origin="https://example.test",
    user_agent="agent/1",
    traceparent=None,
    version="13",
    status_code=101,
    subprotocol="chat",
    extensions=(Extension("permessage-deflate"),),
)


def summary(state: str = "closed", started_ns: int = START_NS, time_ns: int = START_NS + SECOND_NS) -> ConnectionSummary:
    return ConnectionSummary(
        half=HALF,
        time_ns=time_ns,
        packet=9,
        started_ns=started_ns,
        state=state,  # type: ignore[arg-type]  # one of the four, as the caller names it
        started_mid_stream=False,
        handshake=HANDSHAKE,
        client_to_server=HalfCount(messages=2, wire_bytes=40, lost_bytes=7),
        server_to_client=HalfCount(messages=3, wire_bytes=90),
        close=Close(status_code=1000, first_sent_by="client", clean=True, tcp="fin", verdict="clean"),
        undecoded={"incomplete": 1},
    )


def message(packet: int, name: str | None = "join") -> ChannelMessage:
    whole = Message(
        half=HALF,
        time_ns=START_NS + packet,
        packet=packet,
        started_ns=START_NS,
        opcode=1,
        fragments=1,
        compressed=False,
        wire_length=20,
        length=20,
        complete=True,
        valid_utf8=True,
        payload=b'{"secret":"hunter2"}',
    )
    return ChannelMessage(message=whole, format="json", channel="/rooms/{id}", name=name, correlation="hunter2", body={"a": 1})


def series(name: str | None, messages: int, direction: Direction | None = CLIENT_TO_SERVER) -> SeriesTotal:
    return SeriesTotal(
        server="10.0.0.1:80",
        route="/rooms/{id}",
        subprotocol=None,
        channel="/rooms/{id}",
        direction=direction,
        name=name,
        messages=messages,
        frame_bytes=10 * messages,
        payload_bytes=20 * messages,
        formats={"json": messages},
        first_ns=START_NS,
        last_ns=START_NS + messages,
        sizes=SIZES,
    )


def volume(second: int, messages: int, step_s: int = 1, direction: Direction | None = None) -> ChannelVolume:
    return ChannelVolume(
        channel="/rooms/{id}",
        direction=direction,
        time_ns=START_NS + second * SECOND_NS,
        step_ns=step_s * SECOND_NS,
        messages=messages,
        sizes=SIZES,
    )


def kind(name: str, messages: int) -> MessageKind:
    return MessageKind(
        id=f"rooms-{name}",
        channel="/rooms/{id}",
        direction=CLIENT_TO_SERVER,
        name=name,
        messages=messages,
        first_ns=START_NS,
        last_ns=START_NS + messages,
        formats={"json": messages},
        json_schema={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    )


def drift(change: str, p_value: float | None = None) -> SchemaDrift:
    return SchemaDrift(
        time_ns=START_NS,
        packet=None if p_value else 7,
        half=None if p_value else HALF,
        channel="/rooms/{id}",
        kind="rooms-join",
        name="join",
        change=change,  # type: ignore[arg-type]  # one of them, as the caller names it
        path="/extra",
        p_value=p_value,
    )


def total(messages: int) -> ChannelTotal:
    return ChannelTotal(
        channel="/rooms/{id}",
        direction=CLIENT_TO_SERVER,
        messages=messages,
        undecoded=0,
        rate=1.5,
        frame_bytes=10 * messages,
        payload_bytes=20 * messages,
        size_p50=None,
        size_p95=None,
        size_p99=None,
        sizes=SIZES,
        names={"join": messages},
        formats={"json": messages},
        first_ns=START_NS,
        last_ns=START_NS + messages,
    )


def snapshot(messages: int = 3, *, final: bool = False, **parts: Any) -> Snapshot:
    return Snapshot(
        time_ns=START_NS + messages,
        accounting=Accounting(first_time_ns=START_NS, last_time_ns=START_NS + messages, messages=messages),
        final=final,
        **parts,
    )


def whole_snapshot(messages: int = 3, *, final: bool = False) -> Snapshot:
    return snapshot(
        messages,
        final=final,
        series=(series("join", messages), series(None, 1, None)),
        channels=(total(messages),),
        volumes=(volume(0, 2), volume(1, 1)),
        kinds=(kind("join", messages),),
        open_connections=(summary("open"),),
        messages_without_kind=1,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "obs.db"


@pytest.fixture
def store(path: Path) -> Iterator[StoreExporter]:
    exporter = StoreExporter(str(path), service="shop", sources=["a.pcap", "b.pcap"])
    yield exporter
    exporter.close()


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def everything(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    names = [name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {name: rows(path, f"SELECT * FROM {name}") for name in names if name != "sqlite_sequence"}


def test_a_run_appears_with_the_first_records_and_not_before(store: StoreExporter, path: Path) -> None:
    assert rows(path, "SELECT * FROM runs") == []
    store.export([summary()])
    assert store.run == 1
    assert rows(path, "SELECT id, service, sources, finished, snapshot_ns FROM runs") == [
        (1, "shop", '["a.pcap","b.pcap"]', 0, None)
    ]


def test_records_that_are_stored_with_others_open_no_run(store: StoreExporter, path: Path) -> None:
    store.export([HANDSHAKE])
    store.export([])
    assert rows(path, "SELECT * FROM runs") == []


def test_a_snapshot_fills_its_tables(store: StoreExporter, path: Path) -> None:
    store.export([whole_snapshot(3, final=True)])
    assert rows(path, "SELECT started_ns, ended_ns, snapshot_ns, finished, messages_without_kind FROM runs") == [
        (START_NS, START_NS + 3, START_NS + 3, 1, 1)
    ]
    assert rows(path, "SELECT name, direction, messages, frame_bytes, formats, size_p50 FROM series ORDER BY number") == [
        ("join", "client_to_server", 3, 30, '{"json":3}', pytest.approx(10, rel=0.03)),
        (None, None, 1, 10, '{"json":1}', pytest.approx(10, rel=0.03)),
    ]
    assert rows(path, "SELECT channel, direction, messages, rate, names FROM channels") == [
        ("/rooms/{id}", "client_to_server", 3, 1.5, '{"join":3}')
    ]
    assert rows(path, "SELECT time_ns, step_ns, messages, direction FROM volumes ORDER BY time_ns") == [
        (START_NS, SECOND_NS, 2, None),
        (START_NS + SECOND_NS, SECOND_NS, 1, None),
    ]
    assert rows(path, "SELECT id, name, messages FROM kinds") == [("rooms-join", "join", 3)]
    assert rows(path, "SELECT connection, state FROM connections") == [("c1", "open")]


def test_the_same_snapshot_twice_gives_the_same_rows(store: StoreExporter, path: Path) -> None:
    store.export([whole_snapshot(3)])
    once = everything(path)
    store.export([whole_snapshot(3)])
    assert everything(path) == once
    store.export([whole_snapshot(3, final=True), whole_snapshot(3, final=True)])
    again = {name: len(table) for name, table in everything(path).items()}
    assert again == {name: len(table) for name, table in once.items()} | {"schema_versions": 1}


def test_a_later_snapshot_takes_the_place_of_the_one_before(store: StoreExporter, path: Path) -> None:
    store.export([whole_snapshot(3)])
    store.export([snapshot(9, series=(series("leave", 9),), channels=(total(9),), kinds=(kind("leave", 9),))])
    assert rows(path, "SELECT name, messages FROM series") == [("leave", 9)]
    assert rows(path, "SELECT messages FROM channels") == [(9,)]
    assert rows(path, "SELECT id FROM kinds") == [("rooms-leave",)]
    assert rows(path, "SELECT count(*) FROM volumes") == [(2,)]  # a snapshot may hold only those that changed


def test_a_volume_replaces_the_one_of_its_time_and_one_without_messages_takes_it_away(store: StoreExporter, path: Path) -> None:
    store.export([snapshot(volumes=(volume(0, 2), volume(1, 1), volume(1, 5, direction=CLIENT_TO_SERVER)))])
    store.export([snapshot(volumes=(volume(0, 3, step_s=10), volume(1, 0)))])
    assert rows(path, "SELECT time_ns, step_ns, messages, direction FROM volumes ORDER BY time_ns") == [
        (START_NS, 10 * SECOND_NS, 3, None),
        (START_NS + SECOND_NS, SECOND_NS, 5, "client_to_server"),
    ]


def test_a_second_run_into_the_same_file_adds_a_run(store: StoreExporter, path: Path) -> None:
    store.export([whole_snapshot(3, final=True)])
    store.close()
    second = StoreExporter(f"sqlite:///{path}")
    second.export([whole_snapshot(4)])
    second.close()
    assert second.run == 2
    assert rows(path, "SELECT run, messages FROM channels ORDER BY run") == [(1, 3), (2, 4)]


def test_a_connection_has_one_row_that_follows_it_to_its_end(store: StoreExporter, path: Path) -> None:
    store.export([snapshot(open_connections=(summary("open"),))])
    store.export([summary("closed", time_ns=START_NS + 5)])
    query = "SELECT state, time_ns, route, subprotocol, extensions, handshake_ns, close_code, lost_bytes FROM connections"
    ended = [("closed", START_NS + 5, "/rooms/{id}", "chat", '["permessage-deflate"]', 3_000_000, 1000, 7)]
    assert rows(path, query) == ended
    store.export([snapshot(open_connections=(summary("open"),))])  # from a worker that is behind
    assert rows(path, query) == ended


def test_a_connection_whose_start_became_known_later_is_still_one(store: StoreExporter, path: Path) -> None:
    store.export([snapshot(open_connections=(summary("open", started_ns=START_NS + 2),))])
    store.export([summary("closed", started_ns=START_NS)])
    assert rows(path, "SELECT state, started_ns FROM connections") == [("closed", START_NS)]


def test_a_refused_handshake_and_an_accepted_one_on_the_same_connection_are_two_rows(store: StoreExporter, path: Path) -> None:
    store.export([summary("refused"), summary("closed", started_ns=START_NS + 1)])
    assert rows(path, "SELECT state FROM connections ORDER BY started_ns") == [("refused",), ("closed",)]


def test_of_messages_the_first_are_kept_and_the_rest_is_counted(path: Path) -> None:
    store = StoreExporter(str(path), limits=Limits(stored_messages=3))
    store.export([message(1), message(2)])
    store.export([message(3), message(4), message(5)])
    store.export([message(6)])
    store.close()
    assert rows(path, "SELECT packet, channel, name, wire_length FROM messages") == [
        (number, "/rooms/{id}", "join", 20) for number in (1, 2, 3)
    ]
    assert rows(path, "SELECT messages_left_out FROM runs") == [(3,)]


def test_anomalies_and_losses_are_kept_up_to_a_limit_of_each_sort(path: Path) -> None:
    store = StoreExporter(str(path), limits=Limits(stored_anomalies=2))
    gap = Anomaly(half=HALF, time_ns=START_NS, packet=1, anomaly=AnomalyKind.GAP_IN_STREAM, detail="7 bytes")
    wrong = Anomaly(half=HALF, time_ns=START_NS, packet=2, anomaly=AnomalyKind.INVALID_UTF8)
    store.export([gap, gap, gap, wrong])
    store.export([CaptureLoss(source="eth0", reason="kernel_dropped", packets=5)] * 3)
    store.close()
    assert rows(path, "SELECT anomaly, count(*) FROM anomalies GROUP BY anomaly ORDER BY anomaly") == [
        ("gap_in_stream", 2),
        ("invalid_utf8", 1),
    ]
    assert rows(path, "SELECT source, reason, packets FROM losses") == [("eth0", "kernel_dropped", 5)] * 2
    assert rows(path, "SELECT anomalies_left_out, losses_left_out FROM runs") == [(1, 1)]


def test_drift_is_kept_up_to_a_limit_of_each_change(path: Path) -> None:
    store = StoreExporter(str(path), limits=Limits(stored_drift=2))
    store.export([snapshot(drift=(drift("new_field"), drift("new_field"), drift("kind_vanished", p_value=1e-7)))])
    store.export([snapshot(drift=(drift("new_field"),))])
    store.close()
    assert rows(path, "SELECT change, connection, direction, path, certain, p_value FROM schema_drift ORDER BY id") == [
        ("new_field", "c1", "client_to_server", "/extra", 1, None),
        ("new_field", "c1", "client_to_server", "/extra", 1, None),
        ("kind_vanished", None, None, "/extra", 0, 1e-7),
    ]
    assert rows(path, "SELECT drift_left_out FROM runs") == [(1,)]


def test_no_payload_gets_into_the_file(store: StoreExporter, path: Path) -> None:
    store.export([message(1), whole_snapshot(1, final=True)])
    store.close()
    assert b"hunter2" not in path.read_bytes()


def test_what_the_wire_brings_cannot_make_an_export_fail(store: StoreExporter, path: Path) -> None:
    huge = series("\ud800\0'; DROP TABLE runs", 2**70)
    store.export([message(1, name="\ud83d"), snapshot(series=(huge,), volumes=(volume(0, 2**64),))])
    assert rows(path, "SELECT name, messages FROM series") == [("\\ud800\\x00'; DROP TABLE runs", 2**63 - 1)]
    assert rows(path, "SELECT messages FROM volumes") == [(2**63 - 1,)]


def test_a_call_that_fails_leaves_nothing_behind_and_the_next_one_goes_on(
    store: StoreExporter, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.export([whole_snapshot(3), message(1)])
    before = everything(path)
    bad = message(3)
    monkeypatch.setattr("wsobserve.export.store.rows._LARGEST", 2**80)
    with pytest.raises(ExportError, match="does not fit"):
        store.export([message(2), snapshot(4, series=(series("join", 2**64),)), bad])
    monkeypatch.undo()
    assert everything(path) == before
    store.export([whole_snapshot(4), message(2)])
    assert rows(path, "SELECT messages FROM series WHERE name = 'join'") == [(4,)]
    assert rows(path, "SELECT packet FROM messages") == [(1,), (2,)]


def test_a_first_call_that_fails_leaves_no_run_behind(
    store: StoreExporter, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wsobserve.export.store.rows._LARGEST", 2**80)
    with pytest.raises(ExportError):
        store.export([snapshot(series=(series("join", 2**64),))])
    assert store.run is None
    assert rows(path, "SELECT * FROM runs") == []


def test_another_program_holding_the_lock_is_an_error_and_no_loss_once_it_lets_go(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "BUSY_TIMEOUT_S", 0.05)
    store = StoreExporter(str(path))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ExportError, match="another program has held it locked"):
        store.export([whole_snapshot(3)])
    other.execute("ROLLBACK")
    other.close()
    store.export([whole_snapshot(3)])
    store.close()
    assert rows(path, "SELECT messages FROM channels") == [(3,)]


def test_a_file_that_was_removed_is_an_error_and_not_written_into_the_void(store: StoreExporter, path: Path) -> None:
    store.export([whole_snapshot(3)])
    path.unlink()
    with pytest.raises(ExportError, match="has been removed"):
        store.export([whole_snapshot(4)])


def test_a_closed_store_takes_nothing_more(store: StoreExporter) -> None:
    assert store.flush(1)
    store.close()
    store.close()
    with pytest.raises(ExportError, match="closed"):
        store.export([summary()])


WRITER = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_store_write as t
store = t.StoreExporter(sys.argv[1])
number = 0
while True:
    number += 1
    store.export([t.message(2 * number), t.message(2 * number + 1), t.whole_snapshot(number)])
    if number == 20:
        print("running", flush=True)
"""


def test_readers_see_whole_exports_while_one_writes_and_after_it_was_killed(path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    try:
        assert writer.stdout.readline() == b"running\n"
        for _ in range(200):
            # One statement sees one moment: two messages an export, and the snapshot that came with them.
            [(messages, latest)] = rows(path, "SELECT (SELECT count(*) FROM messages), (SELECT messages FROM channels)")
            assert messages == 2 * latest
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    [(messages, latest)] = rows(path, "SELECT (SELECT count(*) FROM messages), (SELECT messages FROM channels)")
    assert messages == 2 * latest >= 40
    after = StoreExporter(str(path))
    after.export([whole_snapshot(1, final=True)])
    after.close()
    assert rows(path, "SELECT id, finished FROM runs") == [(1, 0), (2, 1)]
