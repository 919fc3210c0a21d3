"""Captures that are made to exhaust whoever decodes them. Each must stay within the memory budget, and be told about.

In: a path and a scale. Out: the capture file, and its truth, in which a message counts when it is whole.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.benchmarks.traffic import CLIENT, CONTINUATION, SEGMENT, SERVER, SYN, TEXT, CaptureFile, Connection, Truth

GIB = 1 << 30


def half_open(path: Path, scale: float) -> Truth:
    """A million SYN, each from another address, none of them answered."""
    with CaptureFile(path, step_us=30) as file:
        for number in range(int(1_000_000 * scale)):
            # 40,000 numbers share an address: these are scattered over as many addresses as there are connections.
            Connection(file, number * 40_000 + number % 40_000).segment(CLIENT, b"", SYN)
    return file.truth


def hole(path: Path, scale: float) -> Truth:
    """40 connections, each with a segment that never comes, is never acknowledged, and has 4 MB behind it: 160 MB."""
    chance = Random(1)
    with CaptureFile(path, step_us=30) as file:
        connections = [Connection(file, number) for number in range(40)]
        for connection in connections:
            connection.open()
            connection.skip(SERVER, SEGMENT)
        for _ in range(int(2_800 * scale)):
            noise = chance.randbytes(SEGMENT)
            for connection in connections:
                connection.segment(SERVER, noise)
    return file.truth


def fragments(path: Path, scale: float) -> Truth:
    """A message whose last fragment never comes, on each of 10 connections: 150 MB of fragments of 700 bytes."""
    with CaptureFile(path, step_us=30) as file:
        connections = [Connection(file, number) for number in range(10)]
        for connection in connections:
            connection.open()
            connection.send(SERVER, connection.frame(TEXT, b"a" * 700, final=False))
        for _ in range(int(10_000 * scale)):
            for connection in connections:
                parts = [connection.frame(CONTINUATION, b"b" * 700, final=False) for _ in range(2)]
                connection.segment(SERVER, b"".join(parts))
                connection.acknowledge(CLIENT)
    return file.truth


def datagrams(path: Path, scale: float) -> Truth:
    """200,000 first fragments of IP datagrams whose other fragments never come: 300 MB."""
    with CaptureFile(path, step_us=30) as file:
        for number in range(int(200_000 * scale)):
            address = struct.pack(">I", 0x0A000000 + number // 65_536)
            more_fragments = struct.pack(">BBHHHBBH", 0x45, 0, 1500, number & 0xFFFF, 0x2000, 64, 6, 0)
            file.write(b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\x00" + more_fragments + address + address + bytes(1480))
    return file.truth


def declared(path: Path, scale: float) -> Truth:
    """A frame that declares 4 GiB on each of 20 connections, of which 8 MB come: 160 MB."""
    with CaptureFile(path, step_us=30) as file:
        connections = [Connection(file, number) for number in range(20)]
        for connection in connections:
            connection.open()
            connection.segment(SERVER, b"\x82\x7f" + struct.pack(">Q", 4 * GIB))
        for _ in range(int(5_600 * scale)):
            for connection in connections:
                connection.segment(SERVER, b"\x5a" * SEGMENT)
    return file.truth


def bomb(path: Path, scale: float) -> Truth:
    """A compressed message of 10 MB that inflates to 10 GB."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    # A full flush ends on a byte and refers to nothing before it, so the same bytes may follow again and again.
    piece = deflater.compress(b"0" * (1 << 24)) + deflater.flush(zlib.Z_FULL_FLUSH)
    pieces = max(4, int(640 * scale))
    with CaptureFile(path) as file:
        connection = Connection(file, 0, deflate=True)
        connection.open()
        connection.send(SERVER, connection.frame(TEXT, piece * pieces + b"\0", rsv1=True), acknowledge_every=2)
        connection.truth.messages += 1
        connection.truth.payload_length += pieces << 24
        connection.close(b"\x01\x02\x03\x04")
    return file.truth


MADE: dict[str, Callable[[Path, float], Truth]] = {
    "half_open": half_open,
    "hole": hole,
    "fragments": fragments,
    "datagrams": datagrams,
    "declared": declared,
    "bomb": bomb,
}
