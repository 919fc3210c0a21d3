"""Message kinds out of a store are the records that went in: as published at some moment, or as a run left them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wsobserve.export.error import ExportError
from wsobserve.export.store import StoreExporter, StoreReader
from wsobserve.export.store.stored_kinds import Moment, parse_moment, stored_kinds
from wsobserve.records import SERVER_TO_CLIENT, Accounting, MessageKind, Snapshot

SECOND_NS = 1_000_000_000
NARROW = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
WIDE = {**NARROW, "properties": {"a": {"type": ["null", "string"]}}}


def kind(schema: dict[str, Any], time_ns: int, name: str = "tick") -> MessageKind:
    return MessageKind(
        id=f"a.server.{name}-1",
        channel="/a",
        direction=SERVER_TO_CLIENT,
        name=name,
        messages=7,
        first_ns=time_ns,
        last_ns=time_ns + 5,
        formats={"json": 7},
        json_schema=schema,
        directions={"server_to_client": 7},
        discriminator=(("/type", "tick"), ("/op", 0)),
        first_connection="c1",
        confidence=0.75,
    )


def observe(path: Path, *kinds: MessageKind, service: str | None = None) -> None:
    store = StoreExporter(str(path), service=service)
    store.export([Snapshot(time_ns=1, accounting=Accounting(), kinds=kinds, final=True)])
    store.close()


@pytest.fixture
def reader(tmp_path: Path) -> StoreReader:
    path = tmp_path / "obs.db"
    observe(path, kind(NARROW, 10 * SECOND_NS))
    observe(path, kind({**WIDE, "x-wsobserve-count": 7}, 20 * SECOND_NS), kind(NARROW, 21 * SECOND_NS, "tock"))
    return StoreReader(str(path))


def schemas(kinds: tuple[MessageKind, ...]) -> dict[str | None, dict[str, object]]:
    return {kind.name: kind.json_schema for kind in kinds}


def test_the_latest_version_of_each_kind_comes_without_being_asked(reader: StoreReader) -> None:
    assert schemas(stored_kinds(reader)) == {"tick": WIDE, "tock": NARROW}


def test_a_run_gives_the_records_that_it_left(reader: StoreReader) -> None:
    assert stored_kinds(reader, Moment("run", 1)) == (kind(NARROW, 10 * SECOND_NS),)
    assert stored_kinds(reader, parse_moment("run2"))[0].json_schema["x-wsobserve-count"] == 7
    with pytest.raises(ExportError, match="there is no run 9"):
        stored_kinds(reader, Moment("run", 9))


def test_a_version_gives_that_of_each_kind_or_the_last_one_before(reader: StoreReader) -> None:
    assert schemas(stored_kinds(reader, parse_moment("v1"))) == {"tick": NARROW, "tock": NARROW}
    assert schemas(stored_kinds(reader, parse_moment("v2"))) == {"tick": WIDE, "tock": NARROW}
    first = stored_kinds(reader, parse_moment("v1"))[0]
    assert first == kind(NARROW, 10 * SECOND_NS)


def test_a_time_gives_what_had_been_seen_by_then(reader: StoreReader) -> None:
    assert stored_kinds(reader, parse_moment("1970-01-01T00:00:09")) == ()
    assert schemas(stored_kinds(reader, parse_moment("1970-01-01T00:00:10"))) == {"tick": NARROW}
    assert schemas(stored_kinds(reader, parse_moment("1970-01-01T01:00:20+01:00"))) == {"tick": WIDE}


def test_several_services_have_to_be_told_apart(reader: StoreReader, tmp_path: Path) -> None:
    observe(tmp_path / "obs.db", kind({"type": "null"}, SECOND_NS), service="shop")
    with pytest.raises(ExportError, match=r"several services, name one of them: \(no name\), shop"):
        stored_kinds(reader)
    assert schemas(stored_kinds(reader, service="shop")) == {"tick": {"type": "null"}}
    assert schemas(stored_kinds(reader, service="")) == {"tick": WIDE, "tock": NARROW}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("v12", Moment("version", 12)),
        ("run3", Moment("run", 3)),
        ("run-3", Moment("run", 3)),
        ("1970-01-02", Moment("time_ns", 86_400 * SECOND_NS)),
        ("1970-01-01T00:00:01.000001Z", Moment("time_ns", SECOND_NS + 1_000)),
    ],
)
def test_a_moment_is_a_version_a_run_or_a_time(text: str, moment: Moment) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize("text", ["", "3", "v", "vx", "run", "yesterday", "run1234567890123456789", "9999-99-99"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="give v3"):
        parse_moment(text)
