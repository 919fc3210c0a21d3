"""Our own recordings of real software: what wsobserve says of each capture against what the programs themselves logged.

The expected records (captures/README.md) come from the programs' logs alone. tshark is a second opinion on how many
messages there are; a fresh recording shows that the scripts still make such captures.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
SUFFIX = ".expected.jsonl"
NAMES = sorted(path.name.removesuffix(SUFFIX) for path in CAPTURES.glob(f"*{SUFFIX}"))
DIRECTIONS = ("client_to_server", "server_to_client")
DATA_FRAMES = {"1", "2"}  # opcodes that begin a message
MEBIBYTE = 1024 * 1024

Line = dict[str, Any]
Half = tuple[str, str]  # client, direction


# --- what is there ----------------------------------------------------------------------------------------------------


@cache
def expected(folder: Path, name: str) -> tuple[Line, ...]:
    lines = (folder / f"{name}{SUFFIX}").read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


def of_kind(records: tuple[Line, ...], kind: str) -> list[Line]:
    return [record for record in records if record["kind"] == kind]


def files_of(folder: Path, name: str) -> list[Path]:
    return [folder / file for file in expected(folder, name)[0]["files"]]


@pytest.mark.build_independent
def test_there_are_at_least_ten_recordings_and_all_of_them_are_small() -> None:
    assert len(NAMES) >= 10
    assert sum(file.stat().st_size for name in NAMES for file in files_of(CAPTURES, name)) < 3 * MEBIBYTE


@pytest.mark.build_independent
@pytest.mark.parametrize("name", NAMES)
def test_a_recording_has_its_script_its_files_and_what_is_expected_of_them(name: str) -> None:
    first, *records = expected(CAPTURES, name)
    assert first["kind"] == "recording"
    assert first["name"] == name
    assert first["software"]
    assert list((CAPTURES / "scripts").glob(f"{name}.*"))
    assert f'"{name}"' in (CAPTURES / "record.py").read_text(encoding="utf-8")
    assert all(file.stat().st_size for file in files_of(CAPTURES, name))
    assert {record["kind"] for record in records} >= {"handshake", "message", "close"}


@pytest.mark.build_independent
@pytest.mark.parametrize("name", NAMES)
def test_expected_records_have_the_documented_fields(name: str) -> None:
    for record in expected(CAPTURES, name)[1:]:
        assert re.fullmatch(r"(\[[0-9a-f:]+\]|[0-9.]+):\d+", record["client"])
        assert re.fullmatch(r"(\[[0-9a-f:]+\]|[0-9.]+):\d+", record["server"])
        match record["kind"]:
            case "handshake":
                assert record["path"].startswith("/")
                assert record["status_code"] is None or 100 <= record["status_code"] < 600
                assert {"subprotocol", "extensions"} < record.keys()
            case "message" | "control":
                assert record["direction"] in DIRECTIONS
                assert record["opcode"] in (("text", "binary") if record["kind"] == "message" else ("ping", "pong"))
                assert re.fullmatch(r"[0-9a-f]{64}", record["sha256"])
                assert sum(record.get("fragments", [record["length"]])) == record["length"]
            case "close":
                assert record["closed_by"] in ("client", "server", None)
                assert {"status_code", "client_status_code", "server_status_code", "reason"} < record.keys()
            case other:
                pytest.fail(f"{other} is not documented")


@pytest.mark.build_independent
def test_the_lock_file_of_the_node_programs_names_no_registry() -> None:
    lock = (CAPTURES / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in lock
    assert "registry" not in lock


@pytest.mark.build_independent
@pytest.mark.parametrize("name", NAMES)
def test_a_capture_does_not_say_on_which_machine_it_was_made(name: str) -> None:
    for file in files_of(CAPTURES, name):
        contents = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        assert not re.search(rb"Linux \d+\.\d+|/root/|/home/", contents)


# --- the second opinion -----------------------------------------------------------------------------------------------


def messages_after_tshark(files: list[Path], ports: set[str], folder: Path) -> Counter[Half]:
    """How many messages tshark sees from each port to each other: frames that begin one."""
    whole = files[0]
    if len(files) > 1:
        whole = folder / "whole.pcapng"
        subprocess.run(["mergecap", "-w", str(whole), *map(str, files)], check=True, capture_output=True)
    decode_as = [part for port in sorted(ports) for part in ("-d", f"tcp.port=={port},http")]
    fields = ["-T", "fields", "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "websocket.opcode"]
    done = subprocess.run(
        ["tshark", "-r", str(whole), *decode_as, "-Y", "websocket", *fields], check=True, capture_output=True, text=True
    )
    seen: Counter[Half] = Counter()
    for line in done.stdout.splitlines():
        source, destination, opcodes = line.split("\t")
        seen[source, destination] += sum(opcode in DATA_FRAMES for opcode in opcodes.split(","))
    return seen


@pytest.mark.build_independent
@pytest.mark.parametrize("name", NAMES)
def test_tshark_sees_as_many_messages_as_the_programs_logged(name: str, tmp_path: Path) -> None:
    if shutil.which("tshark") is None or shutil.which("mergecap") is None:
        pytest.skip("tshark and mergecap are not installed")
    records = expected(CAPTURES, name)
    # Without its opening handshake a connection is nothing to tshark.
    known = {handshake["client"] for handshake in of_kind(records, "handshake") if handshake.get("contained", True)}
    logged: Counter[Half] = Counter()
    for message in of_kind(records, "message"):
        if message["client"] in known:
            client, server = (message[end].rpartition(":")[2] for end in ("client", "server"))
            logged[(client, server) if message["direction"] == "client_to_server" else (server, client)] += 1
    ports = {record["server"].rpartition(":")[2] for record in records[1:]}
    seen = messages_after_tshark(files_of(CAPTURES, name), ports, tmp_path)
    assert +seen == +logged


# --- what we say ------------------------------------------------------------------------------------------------------


@cache
def told(command: tuple[str, ...], files: tuple[Path, ...], listing: str, *options: str) -> tuple[Line, ...]:
    """The records that wsobserve prints of some capture files."""
    done = subprocess.run([*command, listing, *map(str, files), *options], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return tuple(json.loads(line) for line in done.stdout.splitlines())


def digest(record: Line) -> str:
    return hashlib.sha256(base64.b64decode(record["payload"])).hexdigest()


def by_half(records: list[Line]) -> dict[Half, list[Line]]:
    halves: dict[Half, list[Line]] = defaultdict(list)
    for record in records:
        halves[record["client"], record["direction"]].append(record)
    return dict(halves)


def check_messages(command: list[str], folder: Path, name: str) -> None:
    """Each direction of each connection: the same messages in the same order, and no others."""
    files = tuple(files_of(folder, name))
    logged = by_half(of_kind(expected(folder, name), "message"))
    seen = by_half(of_kind(told(tuple(command), files, "messages", "--payload", "base64"), "message"))
    assert {half: len(messages) for half, messages in seen.items()} == {
        half: len(messages) for half, messages in logged.items()
    }
    for half, messages in logged.items():
        for position, (want, got) in enumerate(zip(messages, seen[half], strict=True)):
            where = f"{half[0]} {half[1]}, message {position}"
            assert got["opcode"] == want["opcode"], where
            assert got["server"] == want["server"], where
            if not want.get("inflatable", True) and not got["complete"]:
                continue  # compressed against what was said before the capture: to be told, not to be guessed
            assert got["complete"], where
            assert (got["length"], digest(got)) == (want["length"], want["sha256"]), where
            if "fragments" in want:
                assert got["fragments"] == len(want["fragments"]), where


@pytest.mark.parametrize("name", NAMES)
def test_messages_are_those_that_the_programs_sent(name: str, wsobserve_command: list[str]) -> None:
    check_messages(wsobserve_command, CAPTURES, name)


@pytest.mark.parametrize("name", NAMES)
def test_control_frames_are_those_that_the_programs_asked_for(name: str, wsobserve_command: list[str]) -> None:
    frames = told(tuple(wsobserve_command), tuple(files_of(CAPTURES, name)), "frames", "--payload", "base64")
    sent = by_half([frame for frame in of_kind(frames, "frame") if frame["opcode"] == "ping"])
    logged = by_half(of_kind(expected(CAPTURES, name), "control"))
    assert {half: [(frame["length"], digest(frame)) for frame in pings] for half, pings in sent.items()} == {
        half: [(ping["length"], ping["sha256"]) for ping in pings] for half, pings in logged.items()
    }


def extensions_of(header: str | None) -> list[Line]:
    """The value of Sec-WebSocket-Extensions as the public records have it."""
    listed = []
    for extension in (header or "").split(","):
        extension_name, *parameters = (word.strip() for word in extension.split(";"))
        if extension_name:
            pairs = (parameter.partition("=") for parameter in parameters)
            listed.append({"name": extension_name, "parameters": {key: value or True for key, _, value in pairs}})
    return listed


def check_connections(command: list[str], folder: Path, name: str) -> None:
    """Each handshake and each end, as far as both sides of it are in the capture."""
    records = expected(folder, name)
    rows = of_kind(told(tuple(command), tuple(files_of(folder, name)), "connections"), "connection")
    seen = {row["client"]: row for row in rows if row["client"] is not None}
    contained = {line["client"]: line for line in of_kind(records, "handshake") if line.get("contained", True)}
    for client, want in contained.items():
        got, handshake = seen[client], seen[client]["handshake"]
        assert got["server"] == want["server"], client
        assert not got["started_mid_stream"], client
        assert handshake["status_code"] == want["status_code"], client
        assert handshake["subprotocol"] == want["subprotocol"], client
        assert handshake["extensions"] == extensions_of(want["extensions"]), client
        refused = "unanswered" if want["status_code"] is None else "refused"
        assert got["state"] == ("closed" if want["status_code"] == 101 else refused), client
    talking = {message["client"] for message in of_kind(records, "message")}
    for client in talking - contained.keys():
        assert seen[client]["started_mid_stream"], client
        assert seen[client]["handshake"] is None, client
    for want in of_kind(records, "close"):
        if want["client"] in talking:
            close = seen[want["client"]]["close"]
            on_the_wire = None if want["status_code"] in (1005, 1006) else want["status_code"]  # RFC 6455, 7.4.1: never sent
            assert close["status_code"] == on_the_wire, want["client"]
            assert (close["first_sent_by"] is None) == (want["status_code"] == 1006), want["client"]
            if want["closed_by"] is not None:
                assert close["first_sent_by"] == want["closed_by"], want["client"]
            if "tcp" in want:
                assert close["tcp"] == want["tcp"], want["client"]
    assert set(seen) <= {line["client"] for line in records[1:]}


@pytest.mark.parametrize("name", NAMES)
def test_connections_began_and_ended_as_the_programs_saw_it(name: str, wsobserve_command: list[str]) -> None:
    check_connections(wsobserve_command, CAPTURES, name)


# --- a fresh recording ------------------------------------------------------------------------------------------------


def recording_is_impossible() -> str | None:
    """Why nothing can be recorded here; None when it can."""
    if os.name != "posix" or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "recording needs root"
    for tool in ("unshare", "ip", "tcpdump", "editcap"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    if subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True).returncode:
        return "network namespaces are not allowed here"
    return None


@pytest.mark.needs_kernel("network namespaces, for root")
def test_a_fresh_recording_is_decoded_like_the_bundled_one(wsobserve_command: list[str], tmp_path: Path) -> None:
    pytest.importorskip("websockets", reason="websockets is not installed (captures/requirements.txt)")
    reason = recording_is_impossible()
    if reason is not None:
        pytest.skip(reason)
    name = "websockets_chat"
    record = [sys.executable, str(CAPTURES / "record.py"), name, "--output", str(tmp_path)]
    # The scripts import what lies beside them, and nothing of the build under test.
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONSAFEPATH", "PYTHONPATH")}
    done = subprocess.run(record, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert len(of_kind(expected(tmp_path, name), "handshake")) == len(of_kind(expected(CAPTURES, name), "handshake"))
    check_messages(wsobserve_command, tmp_path, name)
    check_connections(wsobserve_command, tmp_path, name)
