"""`wsobserve schema drift` on captures in which something changes, and on some in which nothing does."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from tests.schema.drifting import RECIPES, bodies
from tests.sent_traffic import TEXT, Talk, Traffic
from wsobserve.cli import app

CAPTURES = Path(__file__).resolve().parents[2] / "captures"


def capture(path: Path, stream: list[Any]) -> str:
    """A pcap file with these messages from a server, a packet each or more (pcap: magic, version, snap length, Ethernet)."""
    traffic = Traffic()
    talk = Talk(traffic, 20_000, "plain", Random(1))
    talk.open()
    for body in stream:
        talk.send(False, talk.message(False, TEXT, json.dumps(body).encode()))
    talk.finish()
    written = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for number, packet in enumerate(traffic.packets):
        seconds, rest = divmod(number * 500, 1_000_000)
        written.append(struct.pack("<IIII", 1_700_000_000 + seconds, rest, len(packet.data), len(packet.data)) + packet.data)
    path.write_bytes(b"".join(written))
    return str(path)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> str:
    stream = bodies(RECIPES["ticker"](), 2_000, "captured")
    where = next(number for number in range(1_900, 2_000) if stream[number]["type"] == "trade")
    stream[where] = stream[where] | {"venue": "north"}
    return capture(tmp_path_factory.mktemp("drift") / "changed.pcap", stream)


def run(*arguments: str) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(app, ["schema", "drift", *arguments])
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_the_one_change_is_the_one_row(changed: str) -> None:
    status, lines, errors = run(changed, "--format", "ndjson")
    assert status == 0
    [row] = map(json.loads, lines)
    assert (row["kind"], row["change"], row["path"], row["name"]) == ("drift", "new_field", "/venue", "trade")
    assert row["direction"] == "server_to_client"
    assert row["packet"] > 1_900
    assert row["p_value"] is None
    assert "north" not in lines[0]
    assert "drift: 1 new_field" in errors


def test_people_get_a_line(changed: str) -> None:
    _, [line], _ = run(changed, "--format", "table")
    assert "new_field" in line
    assert "/venue" in line


def test_of_another_channel_nothing_is_told(changed: str) -> None:
    status, lines, errors = run(changed, "--channel", "/elsewhere")
    assert (status, lines) == (0, [])
    assert "drift: none" in errors


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.pcap*")), ids=lambda path: path.name)
def test_in_our_captures_nothing_changes(path: Path) -> None:
    assert run(str(path))[:2] == (0, [])


def test_a_file_that_cannot_be_read_is_one_line_and_exit_status_1(wsobserve_command: list[str], tmp_path: Path) -> None:
    gone = subprocess.run([*wsobserve_command, "schema", "drift", str(tmp_path / "gone")], capture_output=True, text=True)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "gone" in gone.stderr
