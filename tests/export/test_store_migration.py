"""A store written by an older version goes on under this one: everything in it stays, and what is new has its place."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from wsobserve.export.store import StoreExporter, StoreReader, tables
from wsobserve.export.store.migration import OLDEST, migrate
from wsobserve.records import CLIENT_TO_SERVER, Accounting, MessageKind, SchemaDrift, Snapshot

OLD = Path(__file__).with_name("store_version_1.sql")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "obs.db"
    old = sqlite3.connect(path)
    old.executescript(OLD.read_text())
    old.close()
    return path


def everything(path: Path) -> dict[str, list[dict[str, Any]]]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in names}
    finally:
        connection.close()


def made_beside_tables(path: Path) -> set[str]:
    """Indexes and triggers."""
    connection = sqlite3.connect(path)
    try:
        return {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE type != 'table' AND sql IS NOT NULL")}
    finally:
        connection.close()


def test_every_row_of_an_older_store_stays(path: Path) -> None:
    before = everything(path)
    assert before.pop("wsobserve_store") == [{"version": OLDEST}]
    assert len(before["runs"]) == len(before["kinds"]) == len(before["channels"]) == 1
    StoreExporter(str(path)).close()
    after = everything(path)
    assert after.pop("wsobserve_store") == [{"version": tables.SCHEMA_VERSION}]
    for name, found in before.items():
        for row, row_now in zip(found, after[name], strict=True):
            assert row.items() <= row_now.items()
    assert (after["schema_versions"], after["schema_drift"]) == ([], [])


def test_an_older_store_has_the_columns_of_a_new_one(path: Path, tmp_path: Path) -> None:
    StoreExporter(str(path)).close()
    StoreExporter(str(tmp_path / "new.db")).close()
    columns = []
    for store in (path, tmp_path / "new.db"):
        inspector = inspect(create_engine(f"sqlite:///{store}"))
        names = set(inspector.get_table_names()) - {"sqlite_sequence"}
        columns.append({name: {(c["name"], c["nullable"]) for c in inspector.get_columns(name)} for name in names})
    assert columns[0] == columns[1]
    assert made_beside_tables(path) == made_beside_tables(tmp_path / "new.db")


def test_runs_go_on_in_it_and_publish(path: Path) -> None:
    kind = MessageKind(
        id="k",
        channel="/a",
        direction=CLIENT_TO_SERVER,
        name=None,
        messages=1,
        first_ns=1,
        last_ns=1,
        formats={},
        json_schema={"type": "string"},
    )
    drift = SchemaDrift(time_ns=1, packet=1, half=None, channel="/a", kind="k", name=None, change="new_kind")
    store = StoreExporter(str(path), service="shop")
    store.export([Snapshot(time_ns=1, accounting=Accounting(), kinds=(kind,), drift=(drift,), final=True)])
    store.close()
    reader = StoreReader(str(path))
    assert [run["id"] for run in reader.runs()] == [2, 1]
    assert [row["kind"] for row in reader.schema_kinds()] == ["k"]
    assert len(reader.drift(2)) == 1
    [old] = reader.kinds(1)
    assert (old["directions"], old["confidence"], old["schema_version"]) == (None, None, None)
    other = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="never changes"):
        other.execute("DELETE FROM schema_versions")
    other.close()


def test_it_is_done_once(path: Path) -> None:
    StoreExporter(str(path)).close()
    before = everything(path)
    StoreExporter(str(path)).close()
    assert everything(path) == before


def test_a_program_of_the_older_version_that_still_writes_goes_on(path: Path) -> None:
    old = sqlite3.connect(path)
    StoreExporter(str(path)).close()
    columns = "id, service, sources, version, created_ns, finished, messages_without_kind, messages_in_overflow"
    columns += ", messages_left_out, anomalies_left_out, losses_left_out"
    old.execute(f"INSERT INTO runs ({columns}) VALUES (9, NULL, '[]', '0', 1, 0, 0, 0, 0, 0, 0)")
    old.commit()
    old.close()
    assert StoreReader(str(path)).runs()[0]["drift_left_out"] == 0


def test_what_fails_half_way_leaves_the_store_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(path)
    monkeypatch.setattr("wsobserve.export.store.migration._ADDED", {})
    with pytest.raises(KeyError):
        StoreExporter(str(path))
    assert everything(path) == before


def test_a_store_that_says_no_version_is_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("DELETE FROM wsobserve_store")
    other.commit()
    other.close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrate(connection)
    engine.dispose()
    assert "schema_versions" not in everything(path)
