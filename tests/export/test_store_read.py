"""The read side of the store: what was written comes back as rows for tables and charts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from wsobserve.export.error import ExportError
from wsobserve.export.store import StoreExporter, StoreReader
from wsobserve.export.store.read import OTHER_CHANNELS
from wsobserve.records import (
    CLIENT_TO_SERVER,
    SERVER_TO_CLIENT,
    Accounting,
    ChannelTotal,
    ChannelVolume,
    ConnectionSummary,
    Direction,
    Half,
    MessageKind,
    SchemaDrift,
    SeriesTotal,
    Sizes,
    Snapshot,
)

SECOND_NS = 1_000_000_000
START_NS = 1_790_000_000 * SECOND_NS


def total(channel: str, direction: Direction | None, messages: int) -> ChannelTotal:
    return ChannelTotal(
        channel=channel,
        direction=direction,
        messages=messages,
        undecoded=0,
        rate=None,
        frame_bytes=messages,
        payload_bytes=messages,
        size_p50=None,
        size_p95=None,
        size_p99=None,
        sizes=Sizes(),
        names={"tick": messages},
        formats={},
        first_ns=START_NS,
        last_ns=START_NS,
    )


def volume(channel: str, direction: Direction | None, second: int, messages: int, step_s: int = 1) -> ChannelVolume:
    return ChannelVolume(
        channel=channel,
        direction=direction,
        time_ns=START_NS + second * SECOND_NS,
        step_ns=step_s * SECOND_NS,
        messages=messages,
        frame_bytes=10 * messages,
        payload_bytes=20 * messages,
    )


def kind(channel: str, name: str) -> MessageKind:
    return MessageKind(
        id=f"{channel}-{name}",
        channel=channel,
        direction=None,
        name=name,
        messages=4,
        first_ns=START_NS,
        last_ns=START_NS,
        formats={"json": 4},
        json_schema={"properties": {"a": {"type": "string"}}, "required": ["a"]},
    )


def connection(number: int) -> ConnectionSummary:
    half = Half(connection=f"c{number}", source="a", destination="b", direction=CLIENT_TO_SERVER)
    return ConnectionSummary(
        half=half,
        time_ns=START_NS + number + 2 * SECOND_NS,
        packet=number,
        started_ns=START_NS + number,
        state="closed",
        started_mid_stream=True,
        handshake=None,
    )


SNAPSHOT = Snapshot(
    time_ns=START_NS,
    accounting=Accounting(messages=12, packets_skipped={"udp": 2}),
    series=(
        SeriesTotal(
            server="s", route="/a", subprotocol=None, channel="/a", direction=CLIENT_TO_SERVER, name="tick", messages=7
        ),
        SeriesTotal(server="s", route="/b", subprotocol=None, channel="/b", direction=None, name=None, messages=5),
    ),
    channels=(total("/a", CLIENT_TO_SERVER, 4), total("/a", SERVER_TO_CLIENT, 3), total("/b", None, 5)),
    volumes=(
        volume("/a", CLIENT_TO_SERVER, 0, 1),
        volume("/a", CLIENT_TO_SERVER, 3, 3),
        volume("/a", SERVER_TO_CLIENT, 1, 3),
        volume("/b", None, 2, 5),
    ),
    kinds=(kind("/a", "tick"), kind("/b", "tock")),
)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[StoreReader]:
    store = StoreExporter(str(tmp_path / "obs.db"), sources=["a.pcap"])
    store.export([SNAPSHOT, *(connection(number) for number in range(5))])
    yield StoreReader(str(tmp_path / "obs.db"))
    store.close()


def test_runs_and_their_accounting_come_back(reader: StoreReader) -> None:
    [run] = reader.runs()
    assert (run["id"], run["sources"], run["finished"]) == (1, ["a.pcap"], False)
    assert "accounting" not in run
    accounting = reader.accounting(1)
    assert accounting is not None
    assert (accounting["messages"], accounting["packets_skipped"]) == (12, {"udp": 2})
    assert reader.counts(1) == {"channels": 2, "kinds": 2, "connections": 5}


def test_channels_are_listed_by_direction_with_their_peak(reader: StoreReader) -> None:
    listed = [(row["channel"], row["direction"], row["messages"], row["peak_rate"], row["names"]) for row in reader.channels(1)]
    assert listed == [
        ("/b", None, 5, 5.0, {"tick": 5}),
        ("/a", "client_to_server", 4, 3.0, {"tick": 4}),
        ("/a", "server_to_client", 3, 3.0, {"tick": 3}),
    ]


def test_the_busiest_channel_is_that_of_both_directions(reader: StoreReader) -> None:
    assert reader.busiest_channels(1) == ["/a", "/b"]
    assert reader.busiest_channels(1, 1) == ["/a"]


def test_series_and_kinds_are_those_of_the_channel_asked_for(reader: StoreReader) -> None:
    assert [row["channel"] for row in reader.series(1)] == ["/a", "/b"]
    assert [row["name"] for row in reader.series(1, "/a")] == ["tick"]
    assert [row["name"] for row in reader.kinds(1, "/b")] == ["tock"]
    assert reader.kinds(1)[0]["json_schema"]["required"] == ["a"]
    assert [row["path"] for row in reader.fields(1, "/a-tick")] == ["a"]


def test_volumes_have_a_line_for_each_direction_and_zeros_between(reader: StoreReader) -> None:
    rows = reader.volumes(1, "/a")
    by_line: dict[str, list[float]] = {}
    for row in rows:
        by_line.setdefault(row["direction"], []).append(row["messages_per_s"])
    assert by_line == {"client_to_server": [1, 0, 0, 3, 0], "server_to_client": [0, 3, 0, 0, 0]}
    assert (rows[0]["frame_bytes_per_s"], rows[0]["payload_bytes_per_s"], rows[0]["time_ns"]) == (10, 20, START_NS)


def test_volumes_of_all_channels_add_up_and_can_begin_later(reader: StoreReader) -> None:
    assert sum(row["messages"] for row in reader.volumes(1)) == 12
    assert sum(row["messages"] for row in reader.volumes(1, since_ns=START_NS + 2 * SECOND_NS)) == 8


def test_channels_beyond_those_asked_for_are_one_line(reader: StoreReader) -> None:
    lines = {row["channel"]: 0 for row in reader.volumes_by_channel(1, ["/a"])}
    assert list(lines) == ["/a", OTHER_CHANNELS]
    assert sum(row["messages"] for row in reader.volumes_by_channel(1, ["/a"])) == 12


def test_a_long_run_is_joined_to_few_points_and_loses_no_message(tmp_path: Path) -> None:
    store = StoreExporter(str(tmp_path / "long.db"))
    volumes = tuple(volume("/a", CLIENT_TO_SERVER, second, 1) for second in range(20_000))
    hour = tuple(volume("/b", None, second, 9, 600) for second in (0, 600, 1_200))
    store.export([Snapshot(time_ns=START_NS, accounting=Accounting(), volumes=volumes + hour)])
    reader = StoreReader(str(tmp_path / "long.db"))
    rows = reader.volumes(1, "/a")
    assert len(rows) <= 4_000
    assert sum(row["messages"] for row in rows) == 20_000
    assert {row["step_ns"] for row in rows} == {10 * SECOND_NS}
    assert {row["messages_per_s"] for row in rows[1:-2]} == {1.0}
    assert {row["step_ns"] for row in reader.volumes(1)} == {600 * SECOND_NS}
    assert len(reader.volumes(1, points=10)) <= 20
    store.close()


def test_the_latest_connections_come_first_and_only_as_many_as_asked_for(reader: StoreReader) -> None:
    rows = reader.connections(1, 2)
    assert [row["connection"] for row in rows] == ["c4", "c3"]
    assert rows[0]["duration_s"] == 2.0
    assert rows[0]["started_mid_stream"] is True


def test_a_run_that_is_not_there_is_empty(reader: StoreReader) -> None:
    assert reader.accounting(99) is None
    assert reader.counts(99) == {"channels": 0, "kinds": 0, "connections": 0}
    assert reader.fields(99, "x") == []
    for rows in (
        reader.channels(99),
        reader.series(99),
        reader.volumes(99),
        reader.volumes_by_channel(99, []),
        reader.kinds(99),
    ):
        assert rows == []
    assert reader.drift(99) == []
    for rows in (reader.connections(99), reader.messages(99), reader.anomalies(99), reader.losses(99)):
        assert rows == []


def test_counts_beyond_what_a_database_adds_up_can_still_be_read(tmp_path: Path) -> None:
    store = StoreExporter(str(tmp_path / "huge.db"))
    volumes = (volume("/a", CLIENT_TO_SERVER, 0, 2**63), volume("/b", CLIENT_TO_SERVER, 0, 2**63))
    store.export([Snapshot(time_ns=START_NS, accounting=Accounting(), volumes=volumes)])
    assert StoreReader(str(tmp_path / "huge.db")).volumes(1)[0]["messages"] == 2**64
    store.close()


@pytest.fixture
def published(tmp_path: Path) -> StoreReader:
    """Two runs of one service and one of another: the second run of the first shows a field more in one of two kinds."""
    path = tmp_path / "published.db"
    more = {"properties": {"a": {"type": "string"}, "b": {"type": "null"}}, "required": ["a"]}
    later = structs.replace(kind("/a", "tick"), json_schema=more, first_ns=START_NS + 100, last_ns=START_NS + 200)
    drift = SchemaDrift(
        time_ns=START_NS + 100, packet=3, half=None, channel="/a", kind="/a-tick", name="tick", change="new_field", path="/b"
    )
    for service, kinds in (
        ("shop", (kind("/a", "tick"), kind("/b", "tock"))),
        ("shop", (later,)),
        (None, (kind("/a", "tick"),)),
    ):
        store = StoreExporter(str(path), service=service)
        store.export([structs.replace(SNAPSHOT, kinds=kinds, final=True, drift=(drift,) if later in kinds else ())])
        store.close()
    return StoreReader(str(path))


def test_kinds_with_their_versions_are_listed_by_service(published: StoreReader) -> None:
    listed = [(row["service"], row["channel"], row["name"], row["number"], row["messages"]) for row in published.schema_kinds()]
    assert listed == [(None, "/a", "tick", 1, 4), ("shop", "/a", "tick", 2, 8), ("shop", "/b", "tock", 1, 4)]
    tick = published.schema_kinds()[1]
    assert (tick["first_seen_ns"], tick["changed_ns"], tick["last_ns"]) == (START_NS, START_NS + 100, START_NS + 200)


def test_versions_follow_each_other(published: StoreReader) -> None:
    first, second = published.versions("/a", "/a-tick", "shop")
    assert (first["number"], first["severity"], first["superseded_ns"]) == (1, None, START_NS + 100)
    assert (second["number"], second["superseded_ns"]) == (2, None)
    assert second["severity"] is not None
    assert published.version("/a", "/a-tick", 2, "shop") == second
    assert published.version("/a", "/a-tick", 3, "shop") is None
    assert [row["number"] for row in published.versions("/a", "/a-tick")] == [1], "of the service without a name"


def test_a_version_seen_in_an_older_capture_ends_none_before_it_began(published: StoreReader, tmp_path: Path) -> None:
    wider = structs.replace(kind("/b", "tock"), json_schema={"properties": {"z": {}}}, first_ns=START_NS - 500)
    store = StoreExporter(str(tmp_path / "published.db"), service="shop")
    store.export([structs.replace(SNAPSHOT, kinds=(wider,), final=True)])
    store.close()
    assert [row["superseded_ns"] for row in published.versions("/b", "/b-tock", "shop")] == [None, None]
    assert [row["number"] for row in published.history("tock")] == [2, 1]


def test_the_history_is_in_the_order_of_what_was_seen(published: StoreReader) -> None:
    assert [(row["name"], row["number"]) for row in published.history(service="shop")] == [
        ("tick", 1),
        ("tock", 1),
        ("tick", 2),
    ]
    assert "json_schema" not in published.history()[0]
    assert [row["name"] for row in published.history("/b")] == ["tock"]
    assert [row["number"] for row in published.history("/a-tick", "shop")] == [1, 2]
    assert published.history("none") == []
    assert len(published.published()) == 4
    assert all("json_schema" in row for row in published.published("shop"))


def test_two_versions_are_compared_either_way(published: StoreReader) -> None:
    [change] = published.changes("/a", "/a-tick", 1, 2, "shop")
    assert change["path"] == "b"
    assert [row["path"] for row in published.changes("/a", "/a-tick", 2, 1, "shop")] == ["b"]
    assert published.changes("/a", "/a-tick", 1, 9, "shop") == []


def test_drift_comes_back_by_run_and_channel(published: StoreReader) -> None:
    [row] = published.drift(2)
    assert (row["change"], row["path"], row["certain"], row["connection"]) == ("new_field", "/b", True, None)
    assert published.drift(1) == published.drift(2, "/b") == []
    assert published.drift_counts(2) == {"new_field": 1}
    assert published.drift_counts(1) == {}


def test_a_store_that_vanishes_is_an_error_of_one_line(reader: StoreReader, tmp_path: Path) -> None:
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(ExportError, match="there is no such file"):
        reader.runs()
