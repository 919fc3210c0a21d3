"""The commands on a store's schemas, as a person meets them: lists, one schema, what changed when, and clear lines else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from wsobserve.cli import app
from wsobserve.export.store import StoreExporter
from wsobserve.records import SERVER_TO_CLIENT, Accounting, ConnectionSummary, Half, Handshake, MessageKind, Snapshot

DEMO = str(Path(__file__).resolve().parents[2] / "captures" / "demo.pcapng")
HOUR_NS = 3_600_000_000_000
START_NS = 500_000 * HOUR_NS  # 2027-01-15 08:00
HOSTILE = "tick\x1b[31m"


def kind(name: str, time_ns: int, **fields: str) -> MessageKind:
    return MessageKind(
        id=f"quotes.server.{'tick' if name == 'tick' else 'odd'}-1",
        channel="/quotes",
        direction=SERVER_TO_CLIENT,
        name=name,
        messages=12,
        first_ns=time_ns,
        last_ns=time_ns + 1,
        formats={"json": 12},
        json_schema={
            "type": "object",
            "properties": {field: {"type": of, "x-wsobserve-presence": 0.25} for field, of in fields.items()},
        },
        first_connection="c1",
    )


def observe(path: Path, time_ns: int, agent: str, *kinds: MessageKind, service: str | None = None) -> None:
    half = Half(connection="c1", source="a", destination="b", direction="client_to_server")
    handshake = Handshake(
        half=half,
        time_ns=time_ns,
        packet=1,
        request_time_ns=None,
        request_packet=None,
        method=None,
        target=None,
        path_template=None,
        host=None,
        origin=None,
        user_agent=agent,
        traceparent=None,
        version=None,
        status_code=101,
    )
    connection = ConnectionSummary(
        half=half,
        time_ns=time_ns,
        packet=1,
        started_ns=time_ns,
        state="closed",
        started_mid_stream=False,
        handshake=handshake,
    )
    store = StoreExporter(str(path), service=service)
    store.export([connection, Snapshot(time_ns=time_ns, accounting=Accounting(), kinds=kinds, final=True)])
    store.close()


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = tmp_path / "obs.db"
    observe(path, START_NS, "app/1", kind("tick", START_NS, price="number"), kind(HOSTILE, START_NS, size="string"))
    later = START_NS + HOUR_NS
    observe(path, later, "app/2", kind("tick", later, price="number", depth="integer"))
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["schema", *arguments])


def rows(*arguments: str) -> list[dict[str, Any]]:
    done = run(*arguments)
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def complaint(done: Result, status: int) -> str:
    assert done.exit_code == status
    assert done.stdout == ""
    if status == 1:
        assert done.stderr.startswith("wsobserve: ")
        assert done.stderr.count("\n") == 1
    return done.stderr


def test_list_gives_each_kind_with_its_versions(store: str) -> None:
    hostile, tick = sorted(rows("list", "--store", store), key=lambda row: str(row["versions"]))
    assert (tick["id"], tick["name"], tick["versions"], tick["messages"]) == ("quotes.server.tick-1", "tick", 2, 24)
    assert (tick["first_seen"], tick["changed"]) == ("2027-01-15T08:00:00.000000000Z", "2027-01-15T09:00:00.000000000Z")
    assert (hostile["name"], hostile["versions"]) == (HOSTILE, 1)


def test_lines_for_people_hold_no_control_characters(store: str) -> None:
    for command in ("list", "history"):
        text = run(command, "--store", store, "--format", "table").stdout
        assert "\\x1b[31m" in text
        assert "\x1b" not in text
    assert "2027-01-15 09:00:00" in text


def test_history_tells_what_changed_when_and_by_whom(store: str) -> None:
    *firsts, change = rows("history", "--store", store)
    assert [(row["version"], row["basis"], row["client"], row["connection"]) for row in firsts] == [
        (1, "first", "app/1", "c1")
    ] * 2
    assert (change["version"], change["basis"], change["client"], change["run"]) == (2, "wider", "app/2", 2)
    assert "depth" in json.dumps(change["changes"])
    lines = run("history", "--store", store, "--format", "table", "tick").stdout.splitlines()
    assert any("version 2: more was seen" in line for line in lines)
    assert any("client app/2" in line for line in lines)
    assert any("depth" in line and "field added" in line for line in lines)


@pytest.mark.parametrize(("about", "count"), [("/quotes", 3), ("tick", 2), ("quotes.server.tick-1", 2)])
def test_history_is_that_of_a_channel_a_kind_or_a_name(store: str, about: str, count: int) -> None:
    assert len(rows("history", "--store", store, about)) == count


def test_show_gives_the_latest_version_another_one_or_a_draft(store: str) -> None:
    assert "depth" in run("show", "--store", store, "tick").stdout
    assert "depth" not in run("show", "--store", store, "--version", "1", "tick").stdout
    assert "depth" not in run("show", "--store", store, "--at", "2027-01-15T08:30").stdout
    draft = run("show", "--store", store, "--at", "run2").stdout
    assert "in 25.0%" in draft
    assert "size" not in draft


def test_show_still_takes_captures() -> None:
    assert "messages  [" in run("show", DEMO).stdout


def test_several_services_are_told_apart(store: str) -> None:
    observe(Path(store), START_NS, "app/1", kind("tick", START_NS, other="null"), service="shop")
    assert [row["service"] for row in rows("list", "--store", store, "--service", "shop")] == ["shop"]
    assert len(rows("list", "--store", store, "--service", "")) == 2
    assert "several services" in complaint(run("show", "--store", store), 1)
    assert "other" in run("show", "--store", store, "--service", "shop").stdout


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["show", "--store", "STORE", "none"], "there is no kind 'none'"),
        (["show", "--store", "STORE", "--version", "7", "tick"], "there is no version 7 of kind 'tick'"),
        (["show", "--store", "STORE", "--at", "run9"], "there is no run 9"),
        (["history", "--store", "STORE", "none\x1b"], "no schema is published of a channel or kind 'none\\x1b'"),
        (["list", "--store", "missing.db"], "there is no such file"),
        (["history", "--store", "missing.db"], "there is no such file"),
        (["show", "--store", "missing.db"], "there is no such file"),
    ],
)
def test_what_is_not_there_is_one_line(store: str, arguments: list[str], fragment: str) -> None:
    done = run(*[store if part == "STORE" else part for part in arguments])
    assert fragment in complaint(done, 1)


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["show"], "Name capture files, or a store"),
        (["show", DEMO, "--version", "1"], "go with --store"),
        (["show", DEMO, "--at", "v1"], "go with --store"),
        (["show", "--store", "x.db", "--version", "0"], "0 is not in the range"),
        (["show", "--store", "x.db", "--version", "1", "--at", "v1"], "exclude each other"),
        (["show", "--store", "x.db", "--at", "yesterday"], "give v3 (version 3 of each kind), run2"),
        (["list"], "Missing option '--store'"),
        (["history", "tick"], "Missing option '--store'"),
    ],
)
def test_wrong_usage_is_said(arguments: list[str], fragment: str) -> None:
    assert fragment in complaint(run(*arguments), 2)


def test_a_store_without_schemas_says_so(tmp_path: Path) -> None:
    StoreExporter(str(tmp_path / "obs.db")).close()
    for command in ("list", "history"):
        done = run(command, "--store", str(tmp_path / "obs.db"))
        assert (done.exit_code, done.stdout) == (0, "")
        assert "no schema is published" in done.stderr


def test_csv_has_a_column_for_each_field(store: str) -> None:
    lines = run("history", "--store", store, "--format", "csv").stdout.splitlines()
    assert lines[0].startswith("kind,service,channel,id,name")
    assert len(lines) == 4


def test_the_group_lists_its_commands() -> None:
    text = click.unstyle(CliRunner().invoke(app, ["schema", "--help"]).stdout)
    for command in ("list", "show", "history", "export"):
        assert command in text
