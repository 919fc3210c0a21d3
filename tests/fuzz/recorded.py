"""What the seeds are made of: the beginnings of connections that we recorded, as scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.script import CLIENT, SERVER, written
from tests.segments import Segment, segments_of

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
TICK = b'{"type":"tick","price":1.5,"symbols":["A","B"]}'
CHAT = "Grüße aus Köln \U0001f600".encode()
Seeds = Iterator[tuple[str, bytes]]  # names and inputs


def recorded(name: str, most: int) -> list[Segment]:
    """The first segments with payload of a capture's first connection that upgrades."""
    all_of_them = [each for each in segments_of(CAPTURES / name) if each.payload]
    start = next(i for i, each in enumerate(all_of_them) if b"pgrade: websocket" in each.payload)
    client = all_of_them[start].sender
    half = len(client) - 4
    server = client[half // 2 : half] + client[: half // 2] + client[-2:] + client[-4:-2]
    return [each for each in all_of_them[start:] if each.sender in (client, server)][:most]


def script_of(found: list[Segment]) -> bytes:
    """Who says what, as recorded."""
    client = found[0].sender
    said: list[bytes | int | tuple[int, int]] = []
    for each in found:
        said += [CLIENT if each.sender == client else SERVER, each.payload]
    return written(*said)
