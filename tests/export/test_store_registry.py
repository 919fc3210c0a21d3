"""The registry in a store: what runs publish, that nobody can change it, and who is said to have shown a change first."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import event

from wsobserve.export.error import ExportError
from wsobserve.export.store import StoreExporter, StoreReader
from wsobserve.export.store.publishing import LOOK_NS, SETTLED_LOOKS
from wsobserve.records import (
    CLIENT_TO_SERVER,
    Accounting,
    ConnectionSummary,
    Half,
    Handshake,
    MessageKind,
    SchemaDrift,
    Snapshot,
)

START_NS = 1_790_000_000_000_000_000
Schema = dict[str, Any]


def record(required: str, **fields: str) -> Schema:
    return {
        "type": "object",
        "properties": {name: {"type": of} for name, of in fields.items()},
        "required": required.split(),
    }


NARROW, WIDE = record("a", a="string"), record("a", a="string", b="integer")


def kind(schema: Schema, messages: int = 10, confidence: float | None = None, first_ns: int = START_NS) -> MessageKind:
    return MessageKind(
        id="a.client.tick-1",
        channel="/a",
        direction=CLIENT_TO_SERVER,
        name="tick",
        messages=messages,
        first_ns=first_ns,
        last_ns=first_ns + messages,
        formats={"json": messages},
        json_schema=schema,
        directions={"client_to_server": messages},
        discriminator=(("/type", "tick"),),
        first_connection="c1",
        confidence=confidence,
    )


def half(name: str) -> Half:
    return Half(connection=name, source="a", destination="b", client="10.0.0.2:5", server="b", direction=CLIENT_TO_SERVER)


def connection(name: str, user_agent: str | None) -> ConnectionSummary:
    handshake = Handshake(
        half=half(name),
        time_ns=START_NS,
        packet=1,
        request_time_ns=START_NS,
        request_packet=1,
        method="GET",
        target="/a",
        path_template="/a",
        host=None,
        origin=None,
        user_agent=user_agent,
        traceparent=None,
        version="13",
        status_code=101,
    )
    return ConnectionSummary(
        half=half(name),
        time_ns=START_NS,
        packet=1,
        started_ns=START_NS,
        state="closed",
        started_mid_stream=False,
        handshake=handshake,
    )


def snapshot(*kinds: MessageKind, final: bool = True, time_ns: int = START_NS, drift: tuple[SchemaDrift, ...] = ()) -> Snapshot:
    return Snapshot(time_ns=time_ns, accounting=Accounting(), kinds=kinds, final=final, drift=drift)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "obs.db"


def observe(path: Path, *kinds: MessageKind, service: str | None = None, agents: dict[str, str] | None = None) -> None:
    """One run that ends."""
    store = StoreExporter(str(path), service=service)
    store.export([snapshot(*kinds), *(connection(name, agent) for name, agent in (agents or {"c1": "app/1"}).items())])
    store.close()


def versions(path: Path, service: str | None = None) -> list[dict[str, Any]]:
    return StoreReader(str(path)).versions("/a", "a.client.tick-1", service)


def execute(path: Path, statement: str) -> None:
    other = sqlite3.connect(path)
    try:
        other.execute(statement)
        other.commit()
    finally:
        other.close()


def test_a_run_that_ends_publishes_what_it_learned_and_who_showed_it(path: Path) -> None:
    observe(path, kind({**NARROW, "x-wsobserve-count": 10}), agents={"c1": "app/1", "c2": "app/2"})
    [version] = versions(path)
    assert (version["number"], version["basis"], version["messages"], version["run"]) == (1, "first", 10, 1)
    assert (version["first_seen_ns"], version["connection"], version["client"]) == (START_NS, "c1", "app/1")
    assert version["json_schema"] == NARROW
    assert version["changes"] == []
    assert version["discriminator"] == [["/type", "tick"]]
    [draft] = StoreReader(str(path)).kinds(1)
    assert draft["json_schema"]["x-wsobserve-count"] == 10
    assert (draft["schema_version"], draft["first_connection"], draft["directions"]) == (1, "c1", {"client_to_server": 10})


def test_the_same_traffic_again_publishes_nothing(path: Path) -> None:
    for _ in range(3):
        observe(path, kind(NARROW), service="shop")
    store = StoreExporter(str(path), service="shop")
    for _ in range(3):
        store.export([snapshot(kind(NARROW))])
    store.close()
    assert len(versions(path, "shop")) == 1


def test_each_service_has_versions_of_its_own(path: Path) -> None:
    observe(path, kind(NARROW), service="shop")
    observe(path, kind(WIDE))
    observe(path, kind(WIDE), service="")
    assert [row["json_schema"] for row in versions(path, "shop")] == [NARROW]
    assert [row["json_schema"] for row in versions(path)] == [WIDE]
    assert len(StoreReader(str(path)).schema_kinds()) == 2


def test_a_wider_draft_is_the_next_version_with_what_changed(path: Path) -> None:
    observe(path, kind(NARROW))
    observe(path, kind(WIDE, first_ns=START_NS + 500), agents={"c7": "app/2", "c8": "app/2"})
    first, second = versions(path)
    assert (second["number"], second["basis"], second["json_schema"]) == (2, "wider", WIDE)
    assert (second["messages"], second["messages_before"]) == (10, 10)
    # Somewhere in the second run: on which connection is not known, but all of them have the same client.
    assert (second["first_seen_ns"], second["connection"], second["client"]) == (START_NS + 500, None, "app/2")
    assert first["superseded_ns"] == second["first_seen_ns"]
    [change] = second["changes"]
    assert "b" in change["path"]
    assert change["certainty"] == "observed"


def test_less_in_a_small_sample_publishes_nothing_and_counts_as_evidence_of_the_latest(path: Path) -> None:
    observe(path, kind(WIDE, 100))
    for _ in range(5):
        observe(path, kind(NARROW, 60, 1.0))
    assert len(versions(path)) == 1
    observe(path, kind(NARROW, 399, 1.0))  # 100 and 5 times 60 stand against it
    assert len(versions(path)) == 1
    observe(path, kind(NARROW, 5_000, 1.0))
    assert [row["basis"] for row in versions(path)] == ["first", "replaced"]
    assert versions(path)[1]["messages_before"] == 0


def test_what_a_union_took_over_is_evidence_for_it(path: Path) -> None:
    observe(path, kind(WIDE, 100))
    observe(path, kind(record("a", a="string", c="integer"), 50))
    assert [(row["basis"], row["messages_before"]) for row in versions(path)] == [("first", 0), ("united", 100)]
    observe(path, kind(NARROW, 149, 1.0))
    assert len(versions(path)) == 2
    observe(path, kind(NARROW, 299, 1.0))
    assert [row["basis"] for row in versions(path)] == ["first", "united", "replaced"]


def test_a_version_outlives_its_run_and_still_is_evidence(path: Path) -> None:
    observe(path, kind(WIDE, 100))
    execute(path, "DELETE FROM kinds")
    execute(path, "DELETE FROM runs")
    observe(path, kind(WIDE, 1), kind(NARROW, 99, 1.0))
    assert len(versions(path)) == 1


def test_two_kinds_in_one_run_have_versions_each(path: Path) -> None:
    other = structs.replace(kind(WIDE), id="a.client.tock-2", name="tock")
    observe(path, kind(NARROW), other)
    listed = StoreReader(str(path)).schema_kinds()
    assert [(row["name"], row["number"], row["messages"]) for row in listed] == [("tick", 1, 10), ("tock", 1, 10)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE schema_versions SET json_schema = '{}'",
        "UPDATE schema_versions SET number = 7",
        "DELETE FROM schema_versions",
        "DELETE FROM schema_versions WHERE number = 1",
        "INSERT OR REPLACE INTO schema_versions SELECT * FROM schema_versions",
        "REPLACE INTO schema_versions SELECT * FROM schema_versions WHERE number = 1",
        "UPDATE OR REPLACE schema_versions SET number = 1",
    ],
)
def test_a_published_version_cannot_be_changed_or_taken_away(path: Path, statement: str) -> None:
    observe(path, kind(NARROW))
    observe(path, kind(WIDE))
    before = versions(path)
    with pytest.raises(sqlite3.IntegrityError, match="a published schema version never changes"):
        execute(path, statement)
    assert versions(path) == before


def test_versions_are_numbered_without_gaps(path: Path) -> None:
    observe(path, kind(NARROW))
    columns = ", ".join(name for name in versions(path)[0] if name not in ("number", "superseded_ns", "severity"))
    with pytest.raises(sqlite3.IntegrityError, match="the next one has the next number"):
        execute(path, f"INSERT INTO schema_versions (number, {columns}) SELECT 3, {columns} FROM schema_versions")


def test_no_code_of_the_store_changes_a_published_version(checkout: Path) -> None:
    for source in (checkout / "wsobserve").rglob("*.py"):
        text = source.read_text()
        assert "update(tables.schema_versions)" not in text, source
        assert "delete(tables.schema_versions)" not in text, source


def test_the_latest_version_is_found_by_the_index_however_many_there_are(path: Path) -> None:
    asked: list[tuple[str, Any]] = []
    store = StoreExporter(str(path), service="shop")
    assert store._engine is not None

    @event.listens_for(store._engine, "before_cursor_execute")
    def note(connection: object, cursor: object, statement: str, parameters: Any, context: object, many: bool) -> None:
        if statement.startswith("SELECT") and ("FROM schema_versions" in statement or "FROM kinds" in statement):
            asked.append((statement, parameters))

    store.export([snapshot(kind(NARROW))])
    store.export([snapshot(kind(WIDE))])
    store.close()
    assert len(asked) >= 3
    other = sqlite3.connect(path)
    for statement, parameters in asked:
        assert "SCAN" not in str(other.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()), statement
    other.close()


def live(store: StoreExporter, looks: range, schema: Schema, drift: tuple[SchemaDrift, ...] = ()) -> None:
    for number in looks:
        store.export([snapshot(kind(schema, number + 1, 1.0), final=False, time_ns=START_NS + number * LOOK_NS, drift=drift)])
        drift = ()


@pytest.fixture
def store(path: Path) -> Iterator[StoreExporter]:
    store = StoreExporter(str(path))
    store.export([connection("c1", "app/1"), connection("c2", "app/2")])
    yield store
    store.close()


def test_a_run_that_lasts_publishes_what_has_settled(store: StoreExporter, path: Path) -> None:
    live(store, range(SETTLED_LOOKS - 1), NARROW)
    assert versions(path) == []
    live(store, range(SETTLED_LOOKS - 1, 100), NARROW)
    assert [row["number"] for row in versions(path)] == [1]
    store.export([snapshot(kind(NARROW, 101, 1.0))])
    assert [row["number"] for row in versions(path)] == [1]


def test_a_change_in_a_run_was_first_seen_when_its_drift_was(store: StoreExporter, path: Path) -> None:
    live(store, range(20), NARROW)
    seen_ns = START_NS + 1_000
    found = SchemaDrift(
        time_ns=seen_ns,
        packet=77,
        half=half("c2"),
        channel="/a",
        kind="a.client.tick-1",
        name="tick",
        change="new_field",
        path="/b",
    )
    live(store, range(20, 60), WIDE, (found,))
    second = versions(path)[1]
    assert (second["first_seen_ns"], second["connection"], second["client"]) == (seen_ns, "c2", "app/2")
    [drift] = StoreReader(str(path)).drift(1)
    assert (drift["change"], drift["packet"], drift["connection"], drift["certain"]) == ("new_field", 77, "c2", True)


def test_without_drift_a_change_in_a_run_came_after_what_was_published(store: StoreExporter, path: Path) -> None:
    live(store, range(20), NARROW)
    store.export([snapshot(kind(WIDE, 90))])
    first, second = versions(path)
    assert (second["first_seen_ns"], second["connection"], second["client"]) == (first["last_ns"], None, None)


def test_an_export_that_fails_publishes_nothing_and_the_next_one_does(
    store: StoreExporter, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(store, range(SETTLED_LOOKS - 1), NARROW)
    monkeypatch.setattr("wsobserve.export.store.rows._LARGEST", 2**80)
    broken = snapshot(kind(NARROW, 2**64, 1.0), final=False, time_ns=START_NS + 99 * LOOK_NS)
    with pytest.raises(ExportError, match="does not fit"):
        store.export([broken])
    monkeypatch.undo()
    assert versions(path) == []
    live(store, range(SETTLED_LOOKS - 1, SETTLED_LOOKS), NARROW)
    assert len(versions(path)) == 1


def test_what_the_wire_brings_cannot_make_publishing_fail(path: Path) -> None:
    odd = {"type": "object", "properties": {"\ud800\0'": {"const": "\ud800"}}, "required": ["\ud800\0'"]}
    for _ in range(2):
        observe(path, structs.replace(kind(odd), channel="/\ud83d\0"), service="sh\ud800op")
    [row] = StoreReader(str(path)).schema_kinds()
    assert row["number"] == 1


WRITER = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_store_registry as t
from pathlib import Path
fields = {{}}
for number in range(10_000):
    fields[f"f{{number % 50}}{{number // 50}}"] = "string"
    t.observe(Path(sys.argv[1]), t.kind(t.record("", **fields)), t.kind_of("other", t.record("", **fields)))
    if number == 3:
        print("running", flush=True)
"""


def kind_of(identifier: str, schema: Schema) -> MessageKind:
    return structs.replace(kind(schema), id=identifier)


def test_readers_see_whole_publications_while_one_writes_and_after_it_was_killed(path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    try:
        assert writer.stdout.readline() == b"running\n"
        reader = StoreReader(str(path))
        for _ in range(30):
            # One statement sees one moment: both kinds of a run have their version, or none has.
            history = reader.history()
            numbers = {key: [row["number"] for row in history if row["kind"] == key] for key in ("a.client.tick-1", "other")}
            assert sorted(numbers["other"]) == sorted(numbers["a.client.tick-1"]) == list(range(1, len(history) // 2 + 1))
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    before = len(versions(path))
    observe(path, kind({"type": "null"}))
    assert [row["number"] for row in versions(path)] == list(range(1, before + 2))
