"""Captures of other projects, where they are at hand: the bytes of each direction up to its first hole."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from pathlib import Path

import pytest

from wsobserve.capture.files import read_captures
from wsobserve.records import Accounting, Connection, PacketBatch, StreamBytes, StreamGap, StreamRecord
from wsobserve.transport.stage import Transport

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
TRUTHS = [one for one in sorted((CORPUS / "truth").glob("*.jsonl")) if ".snoop" not in one.name]  # no capture file of ours


def test_the_captures_are_at_hand() -> None:
    if not TRUTHS:
        pytest.skip("no captures of other projects beside the checkout")


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda path: path.stem)
def test_the_bytes_of_each_direction_are_those_of_its_truth(truth: Path) -> None:
    rows = [json.loads(line) for line in truth.read_text().splitlines()]
    transport = Transport()
    records: list[StreamRecord] = []
    for one in read_captures([str(CORPUS / "captures" / truth.stem)]):
        if isinstance(one, PacketBatch):
            records += transport.receive(one)
    records += transport.finish()
    found = first_bytes(records)
    place: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        if row["kind"] != "tcp_direction":
            continue
        half = row["src"], row["dst"]
        data = found[half][place[half]]
        place[half] += 1
        if "caveat" not in row:
            assert (len(data), hashlib.sha256(data).hexdigest()) == (row["bytes_contiguous"], row["sha256"]), half
    accounting = Accounting()
    transport.account(accounting)
    skipped, dropped = sum(accounting.packets_skipped.values()), sum(accounting.packets_dropped.values())
    assert accounting.packets_seen == accounting.packets_decoded + skipped + dropped


def first_bytes(records: list[StreamRecord]) -> dict[tuple[str, str], list[bytes]]:
    """Per source and destination, for each of their connections: the bytes up to the first gap."""
    halves: dict[tuple[str, int], tuple[str, str]] = {}
    data: dict[tuple[str, int], bytes] = {}
    holed: set[tuple[str, int]] = set()
    for one in records:
        if isinstance(one, Connection):
            for index, half in enumerate(one.halves):
                halves[one.id, index] = half.source, half.destination
                data[one.id, index] = b""
        elif isinstance(one, StreamGap):
            holed.add((one.connection, one.half))
        elif isinstance(one, StreamBytes) and (one.connection, one.half) not in holed:
            data[one.connection, one.half] += one.data
    found: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for key, names in halves.items():
        found[names].append(data[key])
    return found
