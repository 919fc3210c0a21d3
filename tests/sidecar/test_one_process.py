"""A stream is watched in one process, until it ends."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

CAPTURE = Path(__file__).resolve().parents[2] / "captures" / "websockets_chat.pcap"


def test_a_stream_is_watched_until_it_ends(wsobserve_command: list[str], tmp_path: Path) -> None:
    command = [*wsobserve_command, "attach", "--source", "stdin", "--json", "--store", str(tmp_path / "x.db")]
    with CAPTURE.open("rb") as stream:
        done = subprocess.run(command, stdin=stream, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "watching standard input" in done.stderr
    offline = subprocess.run([*wsobserve_command, "count", "--json", str(CAPTURE)], capture_output=True, text=True, check=True)
    live, counted = json.loads(done.stdout), json.loads(offline.stdout)
    assert live["messages"] == counted["messages"] > 0
    assert live["packets_seen"] == counted["packets_seen"]


def test_a_stream_that_is_no_capture_is_one_line(wsobserve_command: list[str]) -> None:
    command = [*wsobserve_command, "attach", "--source", "stdin"]
    done = subprocess.run(command, input=b"nothing of a capture", capture_output=True, timeout=60)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
