"""The command line as a stranger meets it: results on standard output, one clear line and the right status otherwise."""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
DEMO = str(CAPTURES / "demo.pcapng")
CHAT = str(CAPTURES / "websockets_chat.pcap")

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def run(wsobserve_command: list[str], tmp_path: Path) -> Run:
    def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
        options.setdefault("capture_output", True)
        return subprocess.run([*wsobserve_command, *arguments], cwd=tmp_path, timeout=120, check=False, **options)  # type: ignore[call-overload,no-any-return]

    return run


def rows(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_one_line(done: subprocess.CompletedProcess[bytes], status: int, *fragments: str) -> None:
    """One clear line on standard error, nothing that looks like a crash."""
    text = done.stderr.decode()
    assert done.returncode == status, text
    assert "Traceback" not in text
    for fragment in fragments:
        assert fragment in text
    if status == 1:
        assert len(text.strip().splitlines()) == 1, text


# --- what goes right ---


def test_help_and_version_answer(run: Run) -> None:
    assert b"attach" in run("--help").stdout
    assert run("--version").stdout.startswith(b"wsobserve 0.")


def test_every_command_has_help(run: Run) -> None:
    for command in (
        "frames",
        "messages",
        "connections",
        "channels",
        "schema",
        "analyze",
        "attach",
        "status",
        "dashboard",
        "demo",
        "doctor",
    ):
        done = run(command, "--help")
        assert done.returncode == 0
        assert b"Usage" in done.stdout


def without_kinds(found: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{key: value for key, value in row.items() if key != "schema"} for row in found]


def test_messages_are_ndjson_when_nobody_watches(run: Run) -> None:
    found = rows(run("messages", CHAT))
    assert {row["kind"] for row in found} == {"message"}
    assert all("payload" not in row for row in found), "payloads only when asked for"


def test_payloads_are_shown_when_asked_for(run: Run) -> None:
    found = rows(run("messages", CHAT, "--payload", "text"))
    assert any(str(row["payload"]).startswith("{") for row in found)


def test_frames_connections_and_channels_agree_on_the_number_of_messages(run: Run) -> None:
    messages = rows(run("messages", DEMO))
    connections = rows(run("connections", DEMO))
    channels = rows(run("channels", DEMO))
    frames = [row for row in rows(run("frames", DEMO)) if row["opcode"] in ("text", "binary")]
    count = sum(row["kind"] == "message" for row in messages)
    assert sum(int(row["messages"]) for row in channels) == count  # type: ignore[call-overload]
    halves = [row[side]["messages"] for row in connections for side in ("client_to_server", "server_to_client")]  # type: ignore[index]
    assert sum(halves) == count
    assert len(frames) == count, "no message of the demo is fragmented"


def test_csv_can_be_read_back(run: Run) -> None:
    done = run("messages", CHAT, "--format", "csv")
    read = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert len(read) == len(rows(run("messages", CHAT)))
    assert read[0]["direction"] in ("client_to_server", "server_to_client")


def test_tables_are_lines_for_people(run: Run) -> None:
    done = run("connections", DEMO, "--format", "table")
    assert len(done.stdout.splitlines()) == len(rows(run("connections", DEMO)))
    assert run("channels", DEMO, "--format", "table").stdout.startswith(b"channel")


def test_standard_input_gives_the_same_as_the_file(run: Run) -> None:
    with open(DEMO, "rb") as file:
        done = run("messages", "-", stdin=file)
    # What can be read once only tells no kinds.
    assert without_kinds(rows(done)) == without_kinds(rows(run("messages", DEMO)))
    assert {row.get("schema") for row in rows(done)} == {None}


def test_rotated_files_are_one_capture_in_any_order(run: Run) -> None:
    files = sorted(str(path) for path in CAPTURES.glob("rotated_*.pcap*"))
    assert len(files) > 1
    forward = [row for row in rows(run("messages", *files)) if row["kind"] == "message"]
    backward = [row for row in rows(run("messages", *reversed(files))) if row["kind"] == "message"]
    assert forward == backward
    assert len({row["connection"] for row in forward}) < sum(
        len({row["connection"] for row in rows(run("messages", file))}) for file in files
    ), "connections run on from file to file"


def test_analyze_sums_up_and_says_what_was_lost(run: Run) -> None:
    text = run("analyze", DEMO).stdout.decode()
    assert "Messages" in text
    assert "Nothing was lost" in text or "Lost, cut or not decoded:" in text


def test_analyze_gives_its_accounting_as_json(run: Run) -> None:
    accounting = json.loads(run("analyze", DEMO, "--json").stdout)
    assert accounting["messages"] == accounting["messages_decoded"] + sum(accounting["messages_undecoded"].values())
    assert accounting["packets_seen"] > 0


def test_schemas_are_shown_without_values_and_exported_by_channel(run: Run, tmp_path: Path) -> None:
    assert b"messages  [" in run("schema", "show", DEMO).stdout
    printed = json.loads(run("schema", "export", DEMO).stdout)
    done = run("schema", "export", DEMO, "--output", "schemas")
    written = [json.loads(Path(tmp_path, line).read_text()) for line in done.stdout.decode().splitlines()]
    assert len(written) == len(printed) > 0
    assert {document["title"] for document in written} == set(printed)


def test_doctor_says_which_build_runs(run: Run) -> None:
    text = run("doctor").stdout.decode()
    assert "build: " in text
    assert "live capture: " in text


def test_output_that_nobody_reads_to_its_end_is_no_failure(wsobserve_command: list[str]) -> None:
    process = subprocess.Popen([*wsobserve_command, "frames", DEMO], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert errors == b""


# --- what goes wrong: the input ---


def test_a_missing_file(run: Run) -> None:
    check_one_line(run("messages", "nowhere.pcap"), 1, "nowhere.pcap", "no such file")


def test_a_directory(run: Run, tmp_path: Path) -> None:
    check_one_line(run("messages", str(tmp_path)), 1, "directory")


@pytest.mark.parametrize(
    ("name", "content", "fragment"),
    [
        ("empty.pcap", b"", "empty"),
        ("notes.txt", b"Dear diary, today I captured nothing.\n" * 9, "text"),
        ("solaris.snoop", b"snoop\0\0\0\0\0\0\2\0\0\0\4" + bytes(64), "snoop"),
        ("random.bin", bytes((index * 197 + 13) % 256 for index in range(999)), "not a capture"),
    ],
)
@pytest.mark.parametrize("command", ["messages", "analyze"])
def test_a_file_that_is_no_capture(run: Run, tmp_path: Path, command: str, name: str, content: bytes, fragment: str) -> None:
    (tmp_path / name).write_bytes(content)
    done = run(command, name)
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1
    assert name in lines[0]
    assert fragment in lines[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read a file")
def test_an_unreadable_file(wsobserve_command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "secret.pcap"
    path.write_bytes(Path(CHAT).read_bytes())
    path.chmod(0)
    for parent in [tmp_path, *tmp_path.parents[:3]]:
        parent.chmod(parent.stat().st_mode | 0o055)
    # The user nobody may not read this installation, so everything is imported by a first run.
    code = f"""
import contextlib, io, os, sys
import wsobserve.cli
with contextlib.redirect_stdout(io.StringIO()):
    wsobserve.cli.app(["messages", {CHAT!r}], standalone_mode=False)
os.setgid(65534)
os.setuid(65534)
wsobserve.cli.app(["messages", {str(path)!r}])
"""
    done = subprocess.run([wsobserve_command[0], "-P", "-c", code], capture_output=True, timeout=60, check=False)
    check_one_line(done, 1, "secret.pcap", "ermission denied")


@pytest.mark.parametrize("capture", [CHAT, DEMO])
def test_a_cut_file_gives_everything_before_the_cut(run: Run, tmp_path: Path, capture: str) -> None:
    whole = [row for row in rows(run("messages", capture)) if row["kind"] == "message"]
    content = Path(capture).read_bytes()
    (tmp_path / "cut").write_bytes(content[: len(content) * 3 // 4])
    found = rows(run("messages", "cut"))
    messages = [row for row in found if row["kind"] == "message"]
    assert 0 < len(messages) < len(whole)
    assert without_kinds(messages) == without_kinds(whole[: len(messages)])
    assert [row["reason"] for row in found if row["kind"] == "loss"] == ["file_cut"]
    assert "file_cut" in run("analyze", "cut").stdout.decode()


def test_one_bad_file_among_good_ones_takes_nothing_away(run: Run) -> None:
    done = run("messages", CHAT, "nowhere.pcap")
    assert done.returncode == 1
    assert done.stdout == run("messages", CHAT).stdout
    assert "nowhere.pcap" in done.stderr.decode()


# --- what goes wrong: the usage and the outputs ---


@pytest.mark.parametrize(
    "arguments",
    [["messages"], ["messages", "--nonsense", CHAT], ["messages", CHAT, "--payload", "rot13"], ["nonsense"], ["attach"]],
)
def test_wrong_usage_is_status_2(run: Run, arguments: list[str]) -> None:
    check_one_line(run(*arguments), 2, "Usage")


@pytest.mark.parametrize("url", ["nonsense://x/y", "/nowhere/at/all/x.db", "sqlite:////nowhere/at/all/x.db"])
def test_a_bad_store_is_one_line(run: Run, url: str) -> None:
    check_one_line(run("analyze", CHAT, "--store", url), 1, "store")


def test_a_bad_collector_address_is_one_line(run: Run) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra [otlp] is not installed")
    check_one_line(run("analyze", CHAT, "--otlp", "nonsense"), 1, "nonsense")


def test_an_interface_that_is_not_there_is_one_line(run: Run) -> None:
    check_one_line(run("attach", "--interface", "nowhere0"), 1, "nowhere0")


def test_a_port_in_use_is_one_line(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("streamlit", reason="the extra [dashboard] is not installed")
    assert run("analyze", CHAT, "--store", "seen.db").returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        check_one_line(run("dashboard", "--store", "seen.db", "--port", str(port)), 1, str(port))


def test_a_store_that_is_not_there_is_one_line(run: Run) -> None:
    pytest.importorskip("streamlit", reason="the extra [dashboard] is not installed")
    check_one_line(run("dashboard", "--store", "nowhere.db"), 1, "nowhere.db")
